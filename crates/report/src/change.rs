//! What changes for a caller with another agent, as JSON holds it.

use serde::{Deserialize, Serialize};

/// What is different between a call and the same caller's call with another agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// Why the call ended that took place.
    pub old_end: String,
    /// Why this one ended.
    pub new_end: String,
    /// The caller's turns with the answers to them, in order.
    pub exchanges: Vec<Exchange>,
    /// Where what was said in this one comes from.
    pub reused: Vec<Source>,
}

/// A turn of the caller, in one of the calls or both, and what the agents said after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// When it began, in milliseconds from the start of the call.
    pub start_ms: u64,
    /// Whether other words were understood or said, or the agent was interrupted in one of them.
    pub changed: bool,
    /// In the call that took place.
    pub old: Option<Part>,
    /// In this one.
    pub new: Option<Part>,
}

/// What was said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// What was understood of the caller; empty for what the agent says first.
    pub caller: String,
    /// What was heard of the agent.
    pub agent: String,
    /// How long the caller waited for it.
    pub voiced_to_audible_ms: Option<f64>,
    /// Whether the agent was cut short.
    pub interrupted: bool,
}

/// How much of a kind came from the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What: `utterances`, `replies` or `sentences`.
    pub what: String,
    /// How many there were.
    pub all: u64,
    /// How many of them the bundle had.
    pub kept: u64,
    /// Who answered the others.
    pub others: String,
}

impl Exchange {
    pub(crate) fn new(start_ms: u64, old: Option<Part>, new: Option<Part>) -> Self {
        let same = match (&old, &new) {
            (Some(old), Some(new)) => old.says_the_same(new),
            _ => false,
        };
        Self {
            start_ms,
            changed: !same,
            old,
            new,
        }
    }
}

impl Part {
    fn says_the_same(&self, other: &Self) -> bool {
        (&self.caller, &self.agent, self.interrupted)
            == (&other.caller, &other.agent, other.interrupted)
    }
}
