//! The parts of a definition that say what an agent knows and does.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::identity::{read_optional_uuid, read_uuid};

/// A rule that the agent follows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct Guideline {
    /// Identifies the guideline; nil until assigned.
    #[serde(deserialize_with = "read_uuid", skip_serializing_if = "Uuid::is_nil")]
    pub uuid: Uuid,
    /// The rule. Required.
    #[schema(min_length = 1, max_length = 5000, pattern = r"\S")]
    pub content: String,
    /// Lower comes first; equal ones keep their places. Default 0.
    pub order: i64,
}

/// A fact that the agent knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct Note {
    /// Identifies the note; nil until assigned.
    #[serde(deserialize_with = "read_uuid", skip_serializing_if = "Uuid::is_nil")]
    pub uuid: Uuid,
    /// The fact. Required.
    #[schema(min_length = 1, max_length = 5000, pattern = r"\S")]
    pub content: String,
    /// Lower comes first; equal ones keep their places. Default 0.
    pub order: i64,
}

/// Something that the agent does step by step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct Procedure {
    /// Identifies the procedure; nil until assigned.
    #[serde(deserialize_with = "read_uuid", skip_serializing_if = "Uuid::is_nil")]
    pub uuid: Uuid,
    /// What it is called. Required.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    pub name: String,
    /// What it is for.
    #[schema(max_length = 5000)]
    pub description: String,
    /// Its steps, by `order`; at most 100.
    #[schema(max_items = 100)]
    pub steps: Vec<ProcedureStep>,
}

/// One step of a [`Procedure`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct ProcedureStep {
    /// Lower comes first; equal ones keep their places. Default 0.
    pub order: i64,
    /// What is done. Required.
    #[schema(min_length = 1, max_length = 5000, pattern = r"\S")]
    pub description: String,
    /// The intent of the agent that does it.
    #[serde(deserialize_with = "read_optional_uuid")]
    pub intent_uuid: Option<Uuid>,
}

/// An example of what a caller says and how the agent answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct Training {
    /// Identifies the row; nil until assigned.
    #[serde(deserialize_with = "read_uuid", skip_serializing_if = "Uuid::is_nil")]
    pub uuid: Uuid,
    /// What the caller says; a plain fact when there is no `response`.
    /// Required.
    #[schema(min_length = 1, max_length = 5000, pattern = r"\S")]
    pub content: String,
    /// What the caller wants, in a word or two.
    #[schema(max_length = 200)]
    pub intent: Option<String>,
    /// What the agent answers.
    #[schema(max_length = 5000)]
    pub response: Option<String>,
}

/// Items that have a place among their like.
pub(crate) trait Ordered {
    /// The place: lower comes first.
    fn order(&self) -> i64;
}

impl Ordered for Guideline {
    fn order(&self) -> i64 {
        self.order
    }
}

impl Ordered for Note {
    fn order(&self) -> i64 {
        self.order
    }
}

impl Ordered for ProcedureStep {
    fn order(&self) -> i64 {
        self.order
    }
}

/// The items in their order; equal ones keep their places.
pub(crate) fn in_order<T: Ordered>(items: &[T]) -> Vec<&T> {
    let mut ordered: Vec<&T> = items.iter().collect();
    ordered.sort_by_key(|item| item.order());
    ordered
}
