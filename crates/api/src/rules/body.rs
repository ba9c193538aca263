//! Rules as clients write and see them.

use jiff::Timestamp;
use jiff::civil::time;
use serde::{Deserialize, Serialize};
use store::{RuleEscalation, RuleRecord, RuleTerms};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::exchange::{Text, TimeOfDay, Whole, words};

words! {
    /// What a rule is about.
    pub(crate) enum RuleType {
        /// Calls.
        Call = "call",
        /// Messages; each contact gets one.
        Text = "text",
    }
}

words! {
    /// What happens to a contact that is not reached.
    pub(crate) enum EscalationType {
        /// Another agent makes the further attempts.
        Agent = "agent",
        /// A person gets a task of type `follow_up`.
        FollowUp = "follow_up",
    }
}

/// When and how often someone may be called.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "name": "Office hours",
    "type": "call",
    "max_calls_per_day": 3,
    "max_total_calls": 10,
    "retry_interval_minutes": 120,
    "start_time": "09:00:00",
    "end_time": "18:00:00",
    "dnc_check": true,
    "remove_on_opt_out": true,
    "escalation_after_failed_attempts": null,
    "escalation_type": null,
    "escalation_target": null,
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:00Z",
}))]
pub(crate) struct Rule {
    /// Identifies the rule.
    uuid: Uuid,
    /// What it is called.
    name: String,
    /// What it is about.
    #[serde(rename = "type")]
    #[schema(value_type = RuleType)]
    kind: String,
    /// Most attempts on a day of the contact's calendar, of all campaigns together.
    max_calls_per_day: u32,
    /// Most attempts of one campaign on a contact.
    max_total_calls: u32,
    /// Least minutes from one attempt to the next.
    retry_interval_minutes: u32,
    /// From when on, by the contact's clock.
    start_time: TimeOfDay,
    /// Until just before when, by the contact's clock. Before `start_time`, it is on the next day.
    end_time: TimeOfDay,
    /// Whether who is on the do-not-call list is left out.
    dnc_check: bool,
    /// Whether who comes onto it leaves the campaign at once.
    remove_on_opt_out: bool,
    /// Failed attempts after which a contact is escalated.
    #[schema(required)]
    escalation_after_failed_attempts: Option<u32>,
    /// What then happens.
    #[schema(required, value_type = Option<EscalationType>)]
    escalation_type: Option<String>,
    /// The agent, or for whom the follow-up is.
    #[schema(required)]
    escalation_target: Option<String>,
    /// When it was made.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

/// A rule to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct NewRule {
    /// What it is called.
    name: Text<3, 255>,
    /// `call`, if left out.
    #[serde(rename = "type")]
    kind: Option<RuleType>,
    /// 3, if left out.
    max_calls_per_day: Option<Whole<1, 1000>>,
    /// 10, if left out.
    max_total_calls: Option<Whole<1, 10000>>,
    /// 120, if left out.
    retry_interval_minutes: Option<Whole<1, 43200>>,
    /// 09:00, if left out.
    start_time: Option<TimeOfDay>,
    /// 18:00, if left out.
    end_time: Option<TimeOfDay>,
    /// True, if left out.
    dnc_check: Option<bool>,
    /// True, if left out.
    remove_on_opt_out: Option<bool>,
    /// Never, if left out.
    escalation_after_failed_attempts: Option<Whole<1, 1000>>,
    /// `follow_up`, if left out.
    escalation_type: Option<EscalationType>,
    /// The UUID of an agent, or for whom the follow-up is.
    escalation_target: Option<Text<1, 255>>,
}

/// A rule that a listing or a campaign brings, or the id of one that there is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct InlineRule {
    /// A rule that there is; nothing else is given then.
    pub(crate) uuid: Option<Uuid>,
    /// What it is called; as the listing or campaign, if left out.
    pub(crate) name: Option<Text<3, 255>>,
    /// 3, if left out.
    max_calls_per_day: Option<Whole<1, 1000>>,
    /// 10, if left out.
    max_total_calls: Option<Whole<1, 10000>>,
    /// 120, if left out.
    retry_interval_minutes: Option<Whole<1, 43200>>,
    /// 09:00, if left out.
    start_time: Option<TimeOfDay>,
    /// 18:00, if left out.
    end_time: Option<TimeOfDay>,
    /// That of the listing or campaign, if left out.
    #[serde(rename = "type")]
    kind: Option<RuleType>,
}

/// What changes about a rule; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct RuleChange {
    /// What it is called.
    name: Option<Text<3, 255>>,
    /// What it is about.
    #[serde(rename = "type")]
    kind: Option<RuleType>,
    /// Most attempts on a day.
    max_calls_per_day: Option<Whole<1, 1000>>,
    /// Most attempts of one campaign on a contact.
    max_total_calls: Option<Whole<1, 10000>>,
    /// Least minutes from one attempt to the next.
    retry_interval_minutes: Option<Whole<1, 43200>>,
    /// From when on, by the contact's clock.
    start_time: Option<TimeOfDay>,
    /// Until just before when, by the contact's clock.
    end_time: Option<TimeOfDay>,
    /// Whether who is on the do-not-call list is left out.
    dnc_check: Option<bool>,
    /// Whether who comes onto it leaves the campaign at once.
    remove_on_opt_out: Option<bool>,
    /// Failed attempts after which a contact is escalated.
    escalation_after_failed_attempts: Option<Whole<1, 1000>>,
    /// What then happens.
    escalation_type: Option<EscalationType>,
    /// The UUID of an agent, or for whom the follow-up is.
    escalation_target: Option<Text<1, 255>>,
}

/// What a rule says of which nothing else is said.
fn usual(name: String, kind: RuleType) -> RuleTerms {
    RuleTerms {
        name,
        kind: kind.as_str().to_owned(),
        max_calls_per_day: 3,
        max_total_calls: 10,
        retry_interval_minutes: 120,
        start_time: time(9, 0, 0, 0),
        end_time: time(18, 0, 0, 0),
        dnc_check: true,
        remove_on_opt_out: true,
        escalation: None,
    }
}

impl NewRule {
    pub(super) fn terms(self) -> Result<RuleTerms, ApiError> {
        let mut terms = usual(self.name.0, self.kind.unwrap_or(RuleType::Call));
        let change = RuleChange {
            name: None,
            kind: None,
            max_calls_per_day: self.max_calls_per_day,
            max_total_calls: self.max_total_calls,
            retry_interval_minutes: self.retry_interval_minutes,
            start_time: self.start_time,
            end_time: self.end_time,
            dnc_check: self.dnc_check,
            remove_on_opt_out: self.remove_on_opt_out,
            escalation_after_failed_attempts: self.escalation_after_failed_attempts,
            escalation_type: self.escalation_type,
            escalation_target: self.escalation_target,
        };
        change.check()?;
        let is_escalated = change.escalation_type.is_some() || change.escalation_target.is_some();
        if change.escalation_after_failed_attempts.is_none() && is_escalated {
            return Err(ApiError::missing("escalation_after_failed_attempts"));
        }
        change.apply(&mut terms);
        Ok(terms)
    }
}

impl InlineRule {
    /// The rule that is to be made, for a listing of this name.
    pub(crate) fn terms(self, listing: &str, kind: RuleType) -> RuleTerms {
        let name = self.name.map_or_else(|| listing.to_owned(), |name| name.0);
        let mut terms = usual(name, self.kind.unwrap_or(kind));
        let change = RuleChange {
            name: None,
            kind: None,
            max_calls_per_day: self.max_calls_per_day,
            max_total_calls: self.max_total_calls,
            retry_interval_minutes: self.retry_interval_minutes,
            start_time: self.start_time,
            end_time: self.end_time,
            dnc_check: None,
            remove_on_opt_out: None,
            escalation_after_failed_attempts: None,
            escalation_type: None,
            escalation_target: None,
        };
        change.apply(&mut terms);
        terms
    }
}

impl RuleChange {
    /// Whether an escalation names its agent.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        if self.escalation_type != Some(EscalationType::Agent) {
            return Ok(());
        }
        let target = self.escalation_target.as_ref();
        let agent = target.and_then(|target| target.0.parse::<Uuid>().ok());
        match agent {
            Some(_) => Ok(()),
            None => Err(ApiError::invalid(
                "escalation_target",
                "the UUID of an agent",
            )),
        }
    }

    pub(super) fn apply(self, terms: &mut RuleTerms) {
        let number = |whole: i64| u32::try_from(whole).unwrap_or(u32::MAX);
        if let Some(name) = self.name {
            terms.name = name.0;
        }
        if let Some(kind) = self.kind {
            kind.as_str().clone_into(&mut terms.kind);
        }
        if let Some(most) = self.max_calls_per_day {
            terms.max_calls_per_day = number(most.0);
        }
        if let Some(most) = self.max_total_calls {
            terms.max_total_calls = number(most.0);
        }
        if let Some(minutes) = self.retry_interval_minutes {
            terms.retry_interval_minutes = number(minutes.0);
        }
        terms.start_time = self.start_time.map_or(terms.start_time, |time| time.0);
        terms.end_time = self.end_time.map_or(terms.end_time, |time| time.0);
        terms.dnc_check = self.dnc_check.unwrap_or(terms.dnc_check);
        terms.remove_on_opt_out = self.remove_on_opt_out.unwrap_or(terms.remove_on_opt_out);
        let before = terms.escalation.take();
        let after = self
            .escalation_after_failed_attempts
            .map(|after| number(after.0));
        let after = after.or_else(|| before.as_ref().map(|it| it.after));
        terms.escalation = after.map(|after| {
            let known = before.as_ref().map(|it| it.kind.clone());
            let usual = || EscalationType::FollowUp.as_str().to_owned();
            RuleEscalation {
                after,
                kind: match self.escalation_type {
                    Some(kind) => kind.as_str().to_owned(),
                    None => known.unwrap_or_else(usual),
                },
                target: match self.escalation_target {
                    Some(target) => Some(target.0),
                    None => before.and_then(|it| it.target),
                },
            }
        });
    }
}

impl From<RuleRecord> for Rule {
    fn from(rule: RuleRecord) -> Self {
        let RuleRecord {
            id,
            terms,
            created_at,
            updated_at,
        } = rule;
        let (after, escalation_type, target) = match terms.escalation {
            Some(RuleEscalation {
                after,
                kind,
                target,
            }) => (Some(after), Some(kind), target),
            None => (None, None, None),
        };
        Self {
            uuid: id,
            name: terms.name,
            kind: terms.kind,
            max_calls_per_day: terms.max_calls_per_day,
            max_total_calls: terms.max_total_calls,
            retry_interval_minutes: terms.retry_interval_minutes,
            start_time: TimeOfDay(terms.start_time),
            end_time: TimeOfDay(terms.end_time),
            dnc_check: terms.dnc_check,
            remove_on_opt_out: terms.remove_on_opt_out,
            escalation_after_failed_attempts: after,
            escalation_type,
            escalation_target: target,
            created_at,
            updated_at,
        }
    }
}
