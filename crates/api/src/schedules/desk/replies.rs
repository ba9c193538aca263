//! What the model is told: in plain words, which a responder that does not understand says as they
//! are.

use engine::{ToolOutcome, ToolReply};
use serde_json::json;
use store::StoreError;

use crate::error::ApiError;

/// Something that ends what was begun, with what is told of it.
#[derive(Debug)]
pub(super) struct Halt(pub(super) ToolReply);

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "an agent can not book");
        Self(sorry())
    }
}

impl From<ApiError> for Halt {
    fn from(error: ApiError) -> Self {
        tracing::warn!(?error, "an agent can not book");
        Self(sorry())
    }
}

impl From<serde_json::Error> for Halt {
    fn from(error: serde_json::Error) -> Self {
        tracing::error!(%error, "how an agent books can not be read");
        Self(sorry())
    }
}

/// It is done.
pub(super) fn done(text: impl Into<String>) -> ToolReply {
    ToolReply::told(text, ToolOutcome::Done)
}

/// It is not done: something else has to be wished first.
pub(super) fn refused(text: impl Into<String>) -> ToolReply {
    ToolReply::told(text, ToolOutcome::Incomplete)
}

/// It is not done, whatever is wished.
pub(super) fn denied(text: impl Into<String>) -> ToolReply {
    ToolReply::told(text, ToolOutcome::Failed)
}

/// It is not done: something has to be known first. `error` is for one who reads it, `message` is
/// said by one who does not.
pub(super) fn needed(error: &str, missing: &[String], message: &str) -> ToolReply {
    let mut told = json!({ "error": error, "message": message });
    if !missing.is_empty() {
        told["missing"] = json!(missing);
    }
    ToolReply::told(told.to_string(), ToolOutcome::Incomplete)
}

/// Something of ours broke.
pub(super) fn sorry() -> ToolReply {
    let told = json!({
        "error": "It failed. Apologise, and do not say that it was done.",
        "message": "I am sorry, that did not work just now.",
    });
    ToolReply::told(told.to_string(), ToolOutcome::Failed)
}
