//! Campaigns as clients write and see them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{CampaignRecord, CampaignTerms, RuleTerms};
use utoipa::ToSchema;
use uuid::Uuid;

use super::dates;
use crate::error::ApiError;
use crate::exchange::{Change, LocalDate, Object, Text, words};
use crate::rules::{InlineRule, RuleType};

words! {
    /// Where a campaign is in its life.
    pub(crate) enum CampaignStatus {
        /// Is being put together.
        Draft = "Draft",
        /// Begins as soon as its day has come.
        Active = "Active",
        /// Is running.
        InProcess = "In Process",
        /// Stands still.
        Paused = "Paused",
        /// Is over.
        Completed = "Completed",
        /// Is over and put away.
        Archived = "Archived",
    }
}

words! {
    /// What a campaign does.
    pub(crate) enum CampaignType {
        /// Calls.
        Call = "call",
        /// Sends a message.
        Text = "text",
    }
}

/// An agent that reaches the contacts of pools.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "name": "Spring offer",
    "description": null,
    "status": "Active",
    "campaign_type": "call",
    "start_date": "2026-04-01",
    "end_date": "2026-04-30",
    "agent_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
    "rule_uuid": null,
    "template_uuid": null,
    "contacts_count": 120,
    "tasks_count": 0,
    "tasks_completed": 0,
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:00Z",
}))]
pub(super) struct Campaign {
    /// Identifies the campaign.
    uuid: Uuid,
    /// What it is called.
    name: String,
    /// What it is for.
    #[schema(required)]
    description: Option<String>,
    /// Where it is.
    #[schema(value_type = CampaignStatus)]
    status: String,
    /// What it does.
    #[schema(value_type = CampaignType)]
    campaign_type: String,
    /// Its first day, in UTC.
    #[schema(required)]
    start_date: Option<LocalDate>,
    /// Its last day, in UTC.
    #[schema(required)]
    end_date: Option<LocalDate>,
    /// Who calls.
    #[schema(required)]
    agent_uuid: Option<Uuid>,
    /// The rule that it goes by.
    #[schema(required)]
    rule_uuid: Option<Uuid>,
    /// What a text campaign sends.
    #[schema(required)]
    template_uuid: Option<Uuid>,
    /// Contacts in its pools.
    contacts_count: u64,
    /// Its tasks.
    tasks_count: u64,
    /// Those of them that are completed.
    tasks_completed: u64,
    /// When it was made.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

/// A campaign to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct NewCampaign {
    /// What it is called.
    name: Text<1, 255>,
    /// What it is for.
    description: Option<Text<0, 2000>>,
    /// `Draft`, if left out.
    status: Option<NewCampaignStatus>,
    /// `call`, if left out.
    campaign_type: Option<CampaignType>,
    /// Its first day, in UTC; at once, if left out.
    start_date: Option<LocalDate>,
    /// Its last day, in UTC; without end, if left out.
    end_date: Option<LocalDate>,
    /// Who calls; needed before it can run.
    agent_uuid: Option<Uuid>,
    /// The rule that it goes by.
    rule_uuid: Option<Uuid>,
    /// What a text campaign sends.
    template_uuid: Option<Uuid>,
}

words! {
    /// What a new campaign can be.
    pub(super) enum NewCampaignStatus {
        /// Is being put together.
        Draft = "Draft",
        /// Begins as soon as its day has come.
        Active = "Active",
    }
}

words! {
    /// What a campaign can be made by hand.
    pub(super) enum SettableCampaignStatus {
        /// Begins as soon as its day has come.
        Active = "Active",
        /// Is being put together.
        Draft = "Draft",
        /// Is over.
        Completed = "Completed",
        /// Is over and put away.
        Archived = "Archived",
    }
}

/// What changes about a campaign; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct CampaignChange {
    /// What it is called.
    name: Option<Text<1, 255>>,
    /// What it is for.
    #[serde(default)]
    description: Change<Text<0, 2000>>,
    /// `Active` starts it, `Draft` takes it back, `Completed` and `Archived` stop it.
    status: Option<SettableCampaignStatus>,
    /// What it does.
    campaign_type: Option<CampaignType>,
    /// Its first day, in UTC.
    #[serde(default)]
    start_date: Change<LocalDate>,
    /// Its last day, in UTC.
    #[serde(default)]
    end_date: Change<LocalDate>,
    /// Who calls.
    #[serde(default)]
    pub(super) agent_uuid: Change<Uuid>,
    /// The rule that it goes by.
    #[serde(default)]
    pub(super) rule_uuid: Change<Uuid>,
    /// A rule that there is, by its `uuid`, or one that is made for the campaign; not together with
    /// `rule_uuid`.
    #[schema(value_type = Option<InlineRule>)]
    pub(super) rules: Option<Object<InlineRule>>,
    /// What a text campaign sends.
    #[serde(default)]
    pub(super) template_uuid: Change<Uuid>,
}

impl NewCampaign {
    pub(super) fn terms(self) -> Result<CampaignTerms, ApiError> {
        let terms = CampaignTerms {
            name: self.name.0,
            description: self.description.map(|text| text.0),
            status: self
                .status
                .map_or("Draft", NewCampaignStatus::as_str)
                .to_owned(),
            kind: self
                .campaign_type
                .unwrap_or(CampaignType::Call)
                .as_str()
                .to_owned(),
            starts_at: self.start_date.map(dates::first_moment),
            ends_at: self.end_date.map(dates::moment_after),
            agent: self.agent_uuid,
            rule: self.rule_uuid,
            template: self.template_uuid,
        };
        dates::check(terms.starts_at, terms.ends_at)?;
        if terms.status == "Active" {
            check_ready(&terms)?;
        }
        Ok(terms)
    }
}

impl CampaignChange {
    /// The rule that it names, in either way.
    pub(super) fn named_rule(&self) -> Result<Option<Uuid>, ApiError> {
        match (&self.rule_uuid, &self.rules) {
            (Change::Keep | Change::Clear, None) => Ok(None),
            (Change::Set(rule), None) => Ok(Some(*rule)),
            (Change::Keep, Some(Object(rule))) => Ok(rule.uuid),
            (Change::Set(_) | Change::Clear, Some(_)) => {
                let expected = "to be left out where `rule_uuid` is given";
                Err(ApiError::invalid("rules", expected))
            }
        }
    }

    /// Changes the terms, and gives back the rule that is to be made for them.
    pub(super) fn apply(self, terms: &mut CampaignTerms) -> Result<Option<RuleTerms>, ApiError> {
        if let Some(name) = self.name {
            terms.name = name.0;
        }
        let description = self.description.map(|text| text.0);
        terms.description = description.apply(terms.description.take());
        if let Some(kind) = self.campaign_type {
            kind.as_str().clone_into(&mut terms.kind);
        }
        terms.starts_at = self
            .start_date
            .map(dates::first_moment)
            .apply(terms.starts_at);
        terms.ends_at = self.end_date.map(dates::moment_after).apply(terms.ends_at);
        terms.agent = self.agent_uuid.apply(terms.agent);
        terms.rule = self.rule_uuid.apply(terms.rule);
        terms.template = self.template_uuid.apply(terms.template);
        dates::check(terms.starts_at, terms.ends_at)?;
        let is_running = terms.status == "In Process";
        match self.status {
            None => {}
            // A campaign that is running already stays so.
            Some(SettableCampaignStatus::Active) if is_running => {}
            Some(status) => status.as_str().clone_into(&mut terms.status),
        }
        if matches!(terms.status.as_str(), "Active" | "In Process") {
            check_ready(terms)?;
        }
        let Some(Object(rule)) = self.rules else {
            return Ok(None);
        };
        if rule.uuid.is_some() {
            terms.rule = rule.uuid;
            return Ok(None);
        }
        let kind = if terms.kind == CampaignType::Text.as_str() {
            RuleType::Text
        } else {
            RuleType::Call
        };
        Ok(Some(rule.terms(&terms.name, kind)))
    }
}

/// Whether a campaign has what it needs to run.
pub(super) fn check_ready(terms: &CampaignTerms) -> Result<(), ApiError> {
    if terms.agent.is_none() {
        return Err(ApiError::missing("agent_uuid"));
    }
    if terms.kind == CampaignType::Text.as_str() && terms.template.is_none() {
        return Err(ApiError::missing("template_uuid"));
    }
    Ok(())
}

impl From<CampaignRecord> for Campaign {
    fn from(campaign: CampaignRecord) -> Self {
        let terms = campaign.terms;
        Self {
            uuid: campaign.id,
            name: terms.name,
            description: terms.description,
            status: terms.status,
            campaign_type: terms.kind,
            start_date: terms.starts_at.map(dates::shown_day),
            end_date: terms.ends_at.map(dates::last_day),
            agent_uuid: terms.agent,
            rule_uuid: terms.rule,
            template_uuid: terms.template,
            contacts_count: campaign.contacts,
            tasks_count: campaign.tasks,
            tasks_completed: campaign.completed,
            created_at: campaign.created_at,
            updated_at: campaign.updated_at,
        }
    }
}
