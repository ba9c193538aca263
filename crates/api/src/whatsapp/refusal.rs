//! Why no message was sent or no template made, for clients and for the attempts of tasks.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use store::StoreError;

use super::graph::GraphError;
use crate::error::ApiError;

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There is no such template.
    UnknownTemplate,
    /// The workspace has no account for the template's business account.
    NoAccount,
    /// Meta has not approved the template.
    NotApproved {
        /// What Meta says of it.
        status: String,
    },
    /// A place of the template is not filled as it should be.
    Parameter {
        /// The field.
        field: String,
        /// What was expected.
        expected: String,
    },
    /// Meta did not do it.
    Graph(GraphError),
    /// Its attempt has sent a message already.
    Repeated,
    /// The database failed.
    Store(StoreError),
}

/// What an error of Meta means here.
struct Meaning {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    /// The field that it is about, if any: this one, or the one that holds what Meta was given.
    field: Option<Option<&'static str>>,
}

const fn meaning(
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    field: Option<Option<&'static str>>,
) -> Meaning {
    Meaning {
        status,
        code,
        message,
        field,
    }
}

const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// Meta's error codes: <https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes>.
const fn meaning_of(code: i64) -> Meaning {
    match code {
        0 | 10 | 190 | 200..=299 => meaning(
            StatusCode::CONFLICT,
            "WHATSAPP_TOKEN_REFUSED",
            "WhatsApp does not accept the account's access token, or not for this.",
            None,
        ),
        131_026 => meaning(
            UNPROCESSABLE,
            "WHATSAPP_UNDELIVERABLE",
            "WhatsApp can not deliver messages to this number.",
            Some(Some("phoneNumber")),
        ),
        131_047 => meaning(
            StatusCode::CONFLICT,
            "WHATSAPP_WINDOW_CLOSED",
            "The contact has not written within 24 hours, so only a template may be sent.",
            None,
        ),
        100 | 131_008 | 131_009 | 132_000 | 132_005 | 132_007 | 132_012 => meaning(
            UNPROCESSABLE,
            "WHATSAPP_INVALID_PARAMETER",
            "WhatsApp does not take this.",
            Some(None),
        ),
        132_001 => meaning(
            StatusCode::CONFLICT,
            "WHATSAPP_TEMPLATE_MISSING",
            "WhatsApp has no such approved template in this language.",
            None,
        ),
        132_015 | 132_016 => meaning(
            StatusCode::CONFLICT,
            "WHATSAPP_TEMPLATE_PAUSED",
            "WhatsApp has paused or disabled the template.",
            None,
        ),
        4 | 80_007 | 130_429 | 131_048 | 131_056 => meaning(
            StatusCode::TOO_MANY_REQUESTS,
            "WHATSAPP_RATE_LIMITED",
            "WhatsApp takes no more messages from this account, or to this number, for now.",
            None,
        ),
        _ => FAILED,
    }
}

const FAILED: Meaning = meaning(
    StatusCode::BAD_GATEWAY,
    "WHATSAPP_FAILED",
    "WhatsApp did not do this.",
    None,
);

/// What nobody can say of a request whose answer was lost.
const UNKNOWN: Meaning = meaning(
    StatusCode::BAD_GATEWAY,
    "WHATSAPP_OUTCOME_UNKNOWN",
    "WhatsApp may have done this, or not.",
    None,
);

impl Refusal {
    /// Whether it may have been done all the same.
    pub(super) const fn is_unknown(&self) -> bool {
        matches!(self, Self::Graph(GraphError::Unknown(_)))
    }

    /// As a client sees it. `pause` is when it may come back if Meta does not say so, `about` the
    /// field of its request that holds what Meta was given.
    pub(super) fn into_error(self, pause: Duration, about: &str) -> ApiError {
        match self {
            Self::UnknownTemplate => super::unknown_template(),
            Self::NoAccount => ApiError::new(
                StatusCode::CONFLICT,
                "WHATSAPP_ACCOUNT_MISSING",
                "The workspace has no account for this business account.",
                "Add it with POST /api/v1/whatsapp/accounts.",
            ),
            Self::NotApproved { status } => ApiError::new(
                StatusCode::CONFLICT,
                "TEMPLATE_NOT_APPROVED",
                "WhatsApp has not approved the template.",
                format!("Its status is `{status}`; only `APPROVED` ones can be sent."),
            ),
            Self::Parameter { field, expected } => ApiError::invalid(field, expected),
            Self::Graph(GraphError::Failed(reason)) => ApiError::new(
                FAILED.status,
                FAILED.code,
                FAILED.message,
                format!("The request to WhatsApp failed: {reason}."),
            ),
            Self::Graph(GraphError::Unknown(reason)) => ApiError::new(
                UNKNOWN.status,
                UNKNOWN.code,
                UNKNOWN.message,
                format!(
                    "The request was sent, and then: {reason}. Find out whether it was done before \
                     you ask for it once more, with another Idempotency-Key."
                ),
            )
            .settled(),
            Self::Graph(GraphError::Refused {
                code,
                message,
                retry_after,
            }) => {
                let meaning = meaning_of(code);
                let details = format!("WhatsApp's error {code}: {message}");
                let field = meaning.field.map(|field| field.unwrap_or(about));
                let error = match field {
                    Some(field) => {
                        ApiError::unprocessable(meaning.code, field, meaning.message, &details)
                    }
                    None => ApiError::new(meaning.status, meaning.code, meaning.message, details),
                };
                if meaning.status == StatusCode::TOO_MANY_REQUESTS {
                    error.retry_after(retry_after.unwrap_or(pause))
                } else {
                    error
                }
            }
            Self::Repeated => {
                ApiError::internal("send a message", &"its attempt has sent one already")
            }
            Self::Store(error) => ApiError::internal("send a message", &error),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTemplate => formatter.write_str("TEMPLATE_NOT_FOUND: no such template"),
            Self::NoAccount => formatter.write_str(
                "WHATSAPP_ACCOUNT_MISSING: the workspace has no account for the template",
            ),
            Self::NotApproved { status } => {
                write!(formatter, "TEMPLATE_NOT_APPROVED: its status is {status}")
            }
            Self::Parameter { field, expected } => {
                write!(
                    formatter,
                    "VALIDATION_FAILED: `{field}`: expected {expected}"
                )
            }
            Self::Graph(GraphError::Failed(reason)) => {
                write!(formatter, "{}: {reason}", FAILED.code)
            }
            Self::Graph(GraphError::Unknown(reason)) => {
                write!(formatter, "{}: {reason}", UNKNOWN.code)
            }
            Self::Graph(GraphError::Refused { code, message, .. }) => {
                let meaning = meaning_of(*code);
                write!(
                    formatter,
                    "{}: WhatsApp's error {code}: {message}",
                    meaning.code
                )
            }
            Self::Repeated => formatter.write_str("the attempt has sent a message already"),
            Self::Store(_) => formatter.write_str("the node could not write the message down"),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<GraphError> for Refusal {
    fn from(error: GraphError) -> Self {
        Self::Graph(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_is_about_a_field_is_unprocessable() {
        for code in 0..140_000 {
            let meaning = meaning_of(code);
            assert_eq!(
                meaning.field.is_some(),
                meaning.status == UNPROCESSABLE,
                "{code}"
            );
        }
    }
}
