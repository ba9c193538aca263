//! Uses of tools as clients see them.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use store::ToolCallRecord;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::exchange::words;

words! {
    /// What came of the use of a tool.
    pub(crate) enum ToolCallStatus {
        /// It has not answered, or the call ended before it did.
        Running = "running",
        /// It did what was wanted.
        Done = "done",
        /// It was not used: something had to be known first.
        Incomplete = "incomplete",
        /// It could not do it.
        Failed = "failed",
        /// It did not answer in time, and may have done it or not.
        TimedOut = "timed_out",
    }
}

/// Something that the agent had done: the use of an intent, or of another tool.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "number": 0,
    "tool": "book_a_table",
    "intent_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "intent_name": "Book a table",
    "parameters": { "guests": 4 },
    "status": "done",
    "answer": "Your table is booked.",
    "spoken": true,
    "called_at": "2026-03-29T10:00:08.12Z",
    "took_ms": 420,
}))]
pub(crate) struct ToolCall {
    /// Which use of a tool in its call it is, from 0.
    number: u64,
    /// The tool's name: the key of the intent.
    tool: String,
    /// The intent behind it, if it is one.
    #[schema(required)]
    intent_uuid: Option<Uuid>,
    /// What the intent was called then.
    #[schema(required)]
    intent_name: Option<String>,
    /// What it was given.
    #[schema(value_type = Object)]
    parameters: Map<String, Value>,
    /// What came of it.
    status: ToolCallStatus,
    /// What it answered, cut to 2,000 characters.
    #[schema(required)]
    answer: Option<String>,
    /// Whether the answer was spoken as it is, instead of being put into words by the model.
    spoken: bool,
    /// When it was called.
    called_at: Timestamp,
    /// How long it took to answer, in milliseconds.
    #[schema(required)]
    took_ms: Option<u64>,
}

impl From<ToolCallRecord> for ToolCall {
    fn from(record: ToolCallRecord) -> Self {
        let status = match record.status.as_deref() {
            Some("done") => ToolCallStatus::Done,
            Some("incomplete") => ToolCallStatus::Incomplete,
            Some("timed_out") => ToolCallStatus::TimedOut,
            Some(_) => ToolCallStatus::Failed,
            None => ToolCallStatus::Running,
        };
        Self {
            number: record.number,
            tool: record.tool,
            intent_uuid: record.intent,
            intent_name: record.intent_name,
            parameters: serde_json::from_str(&record.arguments).unwrap_or_default(),
            status,
            answer: record.answer,
            spoken: record.spoken,
            called_at: record.called_at,
            took_ms: record.took_ms,
        }
    }
}
