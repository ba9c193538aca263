//! What a token may do: scopes such as `calls:write`.

use std::fmt;
use std::sync::Arc;

/// What tokens can be given for, and what that is. Each has the scopes `NAME:read` and
/// `NAME:write`, and `NAME:*` for both; `*` is everything.
pub const RESOURCES: &[(&str, &str)] = &[
    (
        "agents",
        "agents: what they are, know and say, and whom they report to",
    ),
    ("analytics", "figures over calls and conversations"),
    ("appointments", "appointments and requests for them"),
    (
        "calls",
        "calls: placing, following, hearing and ending them",
    ),
    (
        "campaigns",
        "campaigns with their rules, pools and listings",
    ),
    ("channels", "telephone numbers and SIP trunk connections"),
    ("contacts", "contacts with their fields and tags"),
    (
        "conversations",
        "conversations, their sessions and messages",
    ),
    (
        "evaluations",
        "evaluations of conversations and their settings",
    ),
    ("keys", "API keys"),
    ("metrics", "figures of the node for Prometheus"),
    ("oauth", "OAuth clients and what they were granted"),
    ("schedules", "schedules and their availability"),
    ("tasks", "tasks and their queue"),
    ("transcriptions", "transcriptions of audio files"),
    ("webhooks", "webhooks of the workspace and deliveries"),
    ("whatsapp", "WhatsApp templates and messages"),
    (
        "workspace",
        "settings of the workspace, such as how long recordings are kept",
    ),
];

/// All that there is.
const EVERYTHING: &str = "*";

/// The scopes of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes(Arc<[String]>);

/// A scope that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a scope such as `calls:read`, `calls:write`, `calls:*` or `*`; resources are {}",
    names()
)]
pub struct UnknownScope;

impl Scopes {
    /// Scopes that are stored; unknown ones permit nothing.
    pub fn new(scopes: impl IntoIterator<Item = String>) -> Self {
        Self(scopes.into_iter().collect())
    }

    /// Scopes that somebody asks for; none stand for everything.
    pub fn parse<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownScope> {
        let mut known: Vec<String> = Vec::new();
        for scope in scopes {
            if !is_known(scope) {
                return Err(UnknownScope);
            }
            if !known.iter().any(|one| one == scope) {
                known.push(scope.to_owned());
            }
        }
        if known.is_empty() {
            known.push(EVERYTHING.to_owned());
        }
        Ok(Self::new(known))
    }

    /// Whether these scopes include `needed`.
    pub fn allow(&self, needed: &str) -> bool {
        let whole = needed.split_once(':').map_or(needed, |(name, _)| name);
        self.0.iter().any(|scope| {
            scope == EVERYTHING || scope == needed || scope.strip_suffix(":*") == Some(whole)
        })
    }

    /// Whether these scopes include all of the `others`.
    pub fn include(&self, others: &Self) -> bool {
        others.0.iter().all(|scope| self.allow(scope))
    }

    /// What both these scopes and the `others` permit.
    pub fn common(&self, others: &Self) -> Self {
        let mut common: Vec<String> = Vec::new();
        for (one, other) in [(self, others), (others, self)] {
            for scope in one.0.iter().filter(|scope| other.allow(scope)) {
                if !common.contains(scope) {
                    common.push(scope.clone());
                }
            }
        }
        Self::new(common)
    }

    /// The scopes, as they were given.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// Whether an operation can ask for this scope: one of a resource, to read or to write.
pub(crate) fn is_operation_scope(scope: &str) -> bool {
    let parts = scope.split_once(':');
    parts.is_some_and(|(name, verb)| is_resource(name) && matches!(verb, "read" | "write"))
}

/// Every scope that an operation can ask for, with what it permits.
pub(crate) fn all() -> impl Iterator<Item = (String, String)> {
    RESOURCES.iter().flat_map(|(name, _)| {
        ["read", "write"].map(|verb| {
            let scope = format!("{name}:{verb}");
            let what = describe(&scope);
            (scope, what)
        })
    })
}

/// What a scope permits, in words for people.
pub(crate) fn describe(scope: &str) -> String {
    if scope == EVERYTHING {
        return "Everything that your API key permits.".to_owned();
    }
    let (name, verb) = scope.split_once(':').unwrap_or((scope, ""));
    let resource = RESOURCES.iter().find(|(known, _)| *known == name);
    let what = resource.map_or(name, |(_, what)| what);
    match verb {
        "read" => format!("Reads {what}."),
        "write" => format!("Makes, changes and deletes {what}."),
        _ => format!("Reads, makes, changes and deletes {what}."),
    }
}

fn is_known(scope: &str) -> bool {
    let whole = scope.strip_suffix(":*").is_some_and(is_resource);
    scope == EVERYTHING || whole || is_operation_scope(scope)
}

fn is_resource(name: &str) -> bool {
    RESOURCES.iter().any(|(known, _)| *known == name)
}

fn names() -> String {
    let names: Vec<&str> = RESOURCES.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str) -> Scopes {
        Scopes::parse(text.split_whitespace()).unwrap()
    }

    #[test]
    fn a_scope_opens_what_it_names_and_nothing_else() {
        for (held, needed, opens) in [
            ("calls:read", "calls:read", true),
            ("calls:read", "calls:write", false),
            ("calls:write", "calls:read", false),
            ("calls:*", "calls:write", true),
            ("calls:*", "contacts:read", false),
            ("tasks:read contacts:*", "contacts:write", true),
            ("*", "contacts:write", true),
            ("", "contacts:write", true),
        ] {
            assert_eq!(scopes(held).allow(needed), opens, "{held} for {needed}");
        }
    }

    #[test]
    fn nobody_gives_more_than_they_hold() {
        assert!(scopes("calls:*").include(&scopes("calls:read calls:write calls:*")));
        assert!(!scopes("calls:read").include(&scopes("calls:*")));
        assert!(!scopes("calls:read calls:write").include(&scopes("*")));
    }

    #[test]
    fn what_two_permit_together_is_no_more_than_either_does() {
        for (one, other, common) in [
            ("calls:read", "*", "calls:read"),
            ("*", "calls:read", "calls:read"),
            ("calls:*", "calls:read agents:read", "calls:read"),
            ("calls:read agents:read", "calls:*", "calls:read"),
            ("calls:read", "calls:write", ""),
            (
                "calls:* agents:read",
                "agents:* calls:read",
                "agents:read calls:read",
            ),
        ] {
            let both = scopes(one).common(&scopes(other));
            assert_eq!(both.to_string(), common, "{one} and {other}");
        }
    }

    #[test]
    fn scopes_that_do_not_exist_are_refused() {
        for unknown in [
            "",
            "calls",
            "calls:",
            "calls:delete",
            "moons:read",
            "**",
            "*:read",
        ] {
            assert_eq!(Scopes::parse([unknown]), Err(UnknownScope), "{unknown}");
        }
    }

    #[test]
    fn stored_scopes_that_nothing_knows_open_nothing() {
        assert!(!Scopes::new(["moons:*".to_owned()]).allow("calls:read"));
        assert!(!Scopes::new([]).allow("calls:read"));
    }
}
