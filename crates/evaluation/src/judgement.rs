//! What a conversation is judged to be, block by block.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::analyser::Analyser;

/// One judgement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// What is judged; null when it cannot be told, or is not judged.
    pub value: Value,
    /// How sure that is, 0 to 100.
    pub confidence: u8,
    /// Why.
    pub reason: String,
}

impl Block {
    /// A judgement.
    pub fn new(value: impl Into<Value>, confidence: u8, reason: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            confidence: confidence.min(100),
            reason: reason.into(),
        }
    }

    /// No judgement, and why.
    pub fn none(reason: impl Into<String>) -> Self {
        Self::new(Value::Null, 0, reason)
    }
}

/// All ten judgements; those that were not asked for have no value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    blocks: BTreeMap<Analyser, Block>,
}

impl Judgement {
    /// Judgements by what they judge.
    #[must_use]
    pub fn new(blocks: BTreeMap<Analyser, Block>) -> Self {
        Self { blocks }
    }

    /// A judgement, if it was asked for.
    #[must_use]
    pub fn get(&self, analyser: Analyser) -> Option<&Block> {
        self.blocks.get(&analyser)
    }

    /// The value of a block as text, if it is.
    #[must_use]
    pub fn text(&self, analyser: Analyser) -> Option<&str> {
        self.get(analyser)?.value.as_str()
    }

    /// The value of a block as true or false, if it is.
    #[must_use]
    pub fn flag(&self, analyser: Analyser) -> Option<bool> {
        self.get(analyser)?.value.as_bool()
    }

    /// All ten blocks by their names.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let blocks = Analyser::ALL.into_iter().map(|analyser| {
            let block = self.get(analyser).cloned();
            let block = block.unwrap_or_else(|| Block::none("This analyser is switched off."));
            let value = serde_json::to_value(block).unwrap_or_default();
            (analyser.block().to_owned(), value)
        });
        blocks.collect()
    }
}

impl FromIterator<(Analyser, Block)> for Judgement {
    fn from_iter<I: IntoIterator<Item = (Analyser, Block)>>(blocks: I) -> Self {
        Self::new(blocks.into_iter().collect())
    }
}
