//! What is sent of listings.

use serde::Deserialize;
use store::{CampaignTerms, NewListing, RuleTerms};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::agents::unknown_agent;
use crate::caller::Caller;
use crate::campaigns::{CampaignType, first_moment, moment_after};
use crate::error::ApiError;
use crate::exchange::{LocalDate, Object, Text};
use crate::pools::{PoolType, usual};
use crate::rules::{InlineRule, RuleType, unknown_rule};
use crate::state::ApiState;
use crate::tasks::Person;
use crate::whatsapp::template_of_settings;

/// A listing to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewListing)]
pub(super) struct Body {
    /// What it is called.
    name: Text<3, 255>,
    /// What it is for.
    description: Option<Text<0, 2000>>,
    /// Whom it is to reach; found by number or e-mail address, or made.
    #[schema(value_type = Vec<Person>, min_items = 1, max_items = 1000)]
    contacts: Vec<Object<Person>>,
    /// `call`, if left out.
    campaign_type: Option<CampaignType>,
    /// Its first day, in UTC; at once, if left out.
    start_date: Option<LocalDate>,
    /// Its last day, in UTC; without end, if left out.
    end_date: Option<LocalDate>,
    /// Who calls.
    agent_uuid: Option<Uuid>,
    /// The settings of the template that a text listing sends, as
    /// `GET /whatsapp/template-settings` lists them.
    contact_template_setting_id: Option<Uuid>,
    /// The rule that it goes by.
    #[schema(value_type = Option<InlineRule>)]
    rule: Option<Object<InlineRule>>,
    /// Whether it begins by itself; false leaves its campaign a draft.
    auto_start: Option<bool>,
}

/// Contacts that join a listing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct NewListingContacts {
    /// Who joins; found by number or e-mail address, or made.
    #[schema(value_type = Vec<Person>, min_items = 1, max_items = 1000)]
    pub(super) contacts: Vec<Object<Person>>,
}

pub(super) async fn read(
    state: &ApiState,
    caller: &Caller,
    id: Uuid,
    body: Body,
) -> Result<NewListing, ApiError> {
    let kind = body.campaign_type.unwrap_or(CampaignType::Call);
    let agent = body.agent_uuid;
    if let Some(agent) = agent {
        let known = state.directory.get(&caller.workspace, agent);
        known.ok_or_else(unknown_agent)?;
    }
    let is_started = body.auto_start.unwrap_or(false);
    if is_started && agent.is_none() {
        return Err(ApiError::missing("agent_uuid"));
    }
    if is_started && kind == CampaignType::Text && body.contact_template_setting_id.is_none() {
        return Err(ApiError::missing("contact_template_setting_id"));
    }
    let template = match body.contact_template_setting_id {
        Some(settings) => Some(template_of_settings(&caller.store, settings).await?),
        None => None,
    };
    let starts_at = body.start_date.map(first_moment);
    let ends_at = body.end_date.map(moment_after);
    if starts_at
        .zip(ends_at)
        .is_some_and(|(starts_at, ends_at)| ends_at <= starts_at)
    {
        return Err(ApiError::invalid(
            "end_date",
            "a day not before `start_date`",
        ));
    }
    let contacts = people(state, body.contacts)?;
    let name = body.name.0;
    let (known_rule, new_rule) = rule(caller, body.rule, &name, kind).await?;
    let pool_name = name.clone();
    Ok(NewListing {
        id,
        campaign: CampaignTerms {
            name,
            description: body.description.map(|text| text.0),
            status: if is_started { "Active" } else { "Draft" }.to_owned(),
            kind: kind.as_str().to_owned(),
            starts_at,
            ends_at,
            agent,
            rule: known_rule,
            template,
        },
        rule: new_rule,
        pool: usual(
            pool_name,
            "Contacts of a listing.".to_owned(),
            PoolType::Parallel,
        ),
        contacts,
    })
}

/// The rule that there is, or the one to be made.
async fn rule(
    caller: &Caller,
    rule: Option<Object<InlineRule>>,
    name: &str,
    kind: CampaignType,
) -> Result<(Option<Uuid>, Option<RuleTerms>), ApiError> {
    let Some(Object(rule)) = rule else {
        return Ok((None, None));
    };
    let Some(known) = rule.uuid else {
        let kind = match kind {
            CampaignType::Call => RuleType::Call,
            CampaignType::Text => RuleType::Text,
        };
        return Ok((None, Some(rule.terms(name, kind))));
    };
    let found = caller.store.has_rule(known).await;
    let found = found.map_err(|error| ApiError::internal("find a rule", &error))?;
    if found {
        Ok((Some(known), None))
    } else {
        Err(unknown_rule())
    }
}

pub(super) fn people(
    state: &ApiState,
    people: Vec<Object<Person>>,
) -> Result<Vec<store::Person>, ApiError> {
    if !(1..=1000).contains(&people.len()) {
        return Err(ApiError::invalid("contacts", "1 to 1000 contacts"));
    }
    let read = people
        .into_iter()
        .enumerate()
        .map(|(index, Object(person))| person.read(state, &format!("contacts[{index}]")));
    read.collect()
}
