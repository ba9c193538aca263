//! `mihu keys`: the API's bearer tokens.

use api::Scopes;
use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};
use store::ApiKey;

use crate::config::Config;
use crate::workspaces::Choice;
use crate::{Failure, print, serve};

/// What to do with the keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Makes a token and shows it, this once.
    Create {
        /// What the list calls it.
        #[arg(long)]
        name: String,
        /// How long it is valid, such as 30d or 12h. Default: until revoked.
        #[arg(long, value_parser = validity)]
        expires: Option<SignedDuration>,
        /// What it permits, such as calls:write or contacts:*; may be repeated. Default:
        /// everything.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        #[command(flatten)]
        workspace: Choice,
    },
    /// Lists the keys, without their tokens.
    List {
        #[command(flatten)]
        workspace: Choice,
    },
    /// Makes a key invalid from now on.
    Revoke {
        #[command(flatten)]
        workspace: Choice,
        /// The key's id, prefix or name, as `keys list` shows it.
        key: String,
    },
}

/// Carries out one action on the keys of the node's store.
pub(crate) async fn run(config: &Config, action: Action) -> Result<(), Failure> {
    let store = serve::store(config).await?;
    let now = Timestamp::now();
    match action {
        Action::Create {
            name,
            expires,
            scopes,
            workspace,
        } => {
            let scopes = scopes.iter().map(String::as_str);
            let scopes = Scopes::parse(scopes).map_err(|error| format!("expected {error}"))?;
            let scopes: Vec<&str> = scopes.as_slice().iter().map(String::as_str).collect();
            let store = workspace.of(&store).await?;
            let expires_at = expires
                .map(|validity| now.checked_add(validity))
                .transpose()?;
            let created = store
                .create_api_key(&name, &scopes, expires_at, now)
                .await?;
            print(created.token.expose());
        }
        Action::List { workspace } => {
            for key in workspace.of(&store).await?.api_keys().await? {
                print(&describe(&key, now));
            }
        }
        Action::Revoke { workspace, key } => {
            let store = workspace.of(&store).await?;
            let key = store.revoke_api_key(&key, now).await?;
            print(&format!("revoked {} ({})", key.id, key.name));
        }
    }
    store.close().await;
    Ok(())
}

fn describe(key: &ApiKey, now: Timestamp) -> String {
    let state = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {at:.0}"),
        (None, Some(at)) if at <= now => format!("expired {at:.0}"),
        (None, Some(at)) => format!("valid until {at:.0}"),
        (None, None) => "valid".to_owned(),
    };
    let used = key
        .last_used_at
        .map_or_else(|| "never used".into(), |at| format!("used {at:.0}"));
    let scopes = key.scopes.join(" ");
    format!(
        "{}  {}…  {}  {state}, {used}  {scopes}",
        key.id, key.prefix, key.name
    )
}

/// A duration in days, hours or shorter units: jiff leaves days to calendars, keys do not.
fn validity(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("expected a validity such as 30d or 12h, found {text}");
    let duration = match text.strip_suffix('d') {
        Some(days) => {
            let days: i64 = days.parse().map_err(|_| wrong())?;
            SignedDuration::from_hours(days.checked_mul(24).ok_or_else(wrong)?)
        }
        None => text.parse().map_err(|_| wrong())?,
    };
    if duration <= SignedDuration::ZERO {
        return Err(wrong());
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validity_is_given_in_days_or_shorter_units() {
        assert_eq!(validity("30d"), Ok(SignedDuration::from_hours(720)));
        assert_eq!(validity("12h"), Ok(SignedDuration::from_hours(12)));
        for wrong in ["", "d", "-1d", "0d", "soon", "99999999999999999999d"] {
            assert!(validity(wrong).is_err(), "{wrong}");
        }
    }
}
