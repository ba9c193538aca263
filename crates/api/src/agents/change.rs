//! What becomes of an agent when a client sends fields of it.

use std::sync::Arc;

use agent::{AgentDefinition, InvalidField, Webhook};
use jiff::Timestamp;
use serde_json::Value;
use store::{AgentRecord, NewAgent};
use uuid::Uuid;

use super::schema::SHOWN;
use super::{unknown_agent, view};
use crate::caller::Caller;
use crate::directory::{KnownAgent, to_store};
use crate::error::ApiError;
use crate::exchange::{pass_over, refuse_arrays_for_objects};
use crate::schedules::booking::{self, Booking};
use crate::state::ApiState;
use crate::webhooks::definitions::{self, NewSecret};
use crate::webhooks::{READ_ONLY_OF_WEBHOOKS, forget_breaker};

type Changed = (Arc<KnownAgent>, Vec<NewSecret>);

/// Makes an agent of what was sent, under an id that nobody chose.
pub(super) async fn create(
    state: &ApiState,
    caller: &Caller,
    id: Uuid,
    mut body: Value,
    now: Timestamp,
) -> Result<Changed, ApiError> {
    refuse_intents(&body)?;
    let booking = take_booking(caller, &mut body).await?;
    let mut definition = AgentDefinition::from_json(body.clone())?;
    refuse_arrays_for_objects(&body, &definition.public_view())?;
    if !definition.agent_uuid.is_nil() {
        return Err(ApiError::invalid(
            "agent_uuid",
            "nothing: the node chooses it",
        ));
    }
    check_slug(state, caller, &definition, id)?;
    check_abilities(state, &AgentDefinition::default(), &definition)?;
    forget_ids(&mut definition.webhooks);
    let definition = definition.identified(id);
    let (webhooks, secrets) = definitions::of_client(state, &definition)?;
    let stored = stored_form(&definition, Some(webhooks))?;
    let record = caller.store.insert_agent(&stored, now).await;
    let record = record.map_err(|error| ApiError::internal("store an agent", &error))?;
    let agent = remember(state, &record)?;
    Ok((booked(state, caller, agent, booking, now).await?, secrets))
}

/// Merges what was sent into the agent. Webhooks are replaced when they are included.
pub(super) async fn update(
    state: &ApiState,
    caller: &Caller,
    agent: &KnownAgent,
    mut body: Value,
    now: Timestamp,
) -> Result<Changed, ApiError> {
    let id = agent.definition.agent_uuid;
    pass_over_what_is_shown(&mut body, &view::agent(caller, agent, &[]).await?.0)?;
    refuse_intents(&body)?;
    let booking = take_booking(caller, &mut body).await?;
    let with_webhooks = body.get("webhooks").is_some();
    let mut before = AgentDefinition::clone(&agent.definition);
    if with_webhooks {
        let webhooks = caller.store.webhooks(id).await;
        let webhooks = webhooks.map_err(|error| ApiError::internal("list webhooks", &error))?;
        before.webhooks = webhooks.iter().filter_map(definitions::of_record).collect();
    }
    let known: Vec<Uuid> = before
        .webhooks
        .iter()
        .map(|webhook| webhook.webhook_uuid)
        .collect();
    let mut definition = before.patched(body.clone())?;
    refuse_arrays_for_objects(&body, &definition.public_view())?;
    check_slug(state, caller, &definition, id)?;
    check_abilities(state, &before, &definition)?;
    for webhook in &mut definition.webhooks {
        if !known.contains(&webhook.webhook_uuid) {
            webhook.webhook_uuid = Uuid::now_v7();
        }
    }
    let (webhooks, secrets) = definitions::of_client(state, &definition)?;
    let stored = stored_form(&definition, with_webhooks.then_some(webhooks))?;
    let record = caller.store.update_agent(&stored, now).await;
    let record = record.map_err(|error| ApiError::internal("store an agent", &error))?;
    let record = record.ok_or_else(unknown_agent)?;
    let agent = remember(state, &record)?;
    Ok((booked(state, caller, agent, booking, now).await?, secrets))
}

/// Stores an agent whose webhooks stay as they are.
pub(super) async fn store(
    state: &ApiState,
    caller: &Caller,
    definition: &AgentDefinition,
    now: Timestamp,
) -> Result<Arc<KnownAgent>, ApiError> {
    let stored = stored_form(definition, None)?;
    let record = caller.store.update_agent(&stored, now).await;
    let record = record.map_err(|error| ApiError::internal("store an agent", &error))?;
    remember(state, &record.ok_or_else(unknown_agent)?)
}

/// Takes out how the agent is to book, which is kept beside its definition.
async fn take_booking(caller: &Caller, body: &mut Value) -> Result<Option<Booking>, ApiError> {
    let fields = body.as_object_mut();
    match fields.and_then(|fields| fields.remove("appointments")) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(Booking::default())),
        Some(sent) => {
            let booking = booking::read(caller, sent).await;
            Ok(Some(booking.map_err(|error| error.within("appointments"))?))
        }
    }
}

/// The agent, which books from now on as is said, if something is.
async fn booked(
    state: &ApiState,
    caller: &Caller,
    agent: Arc<KnownAgent>,
    booking: Option<Booking>,
    now: Timestamp,
) -> Result<Arc<KnownAgent>, ApiError> {
    let Some(booking) = booking else {
        return Ok(agent);
    };
    let (_, agent) = booking::put(state, caller, &agent, &booking, now).await?;
    Ok(agent)
}

/// Intents are made and changed one by one.
fn refuse_intents(body: &Value) -> Result<(), ApiError> {
    if body.get("intents").is_some() {
        let expected = "nothing: an agent's intents are set below /agents/{agent_uuid}/intents";
        return Err(ApiError::invalid("intents", expected));
    }
    Ok(())
}

/// Refuses what of a change the node can not do. What is left as it was is not asked about.
pub(super) fn check_abilities(
    state: &ApiState,
    before: &AgentDefinition,
    after: &AgentDefinition,
) -> Result<(), InvalidField> {
    if !after.tools.is_empty() && after.tools != before.tools {
        return Err(InvalidField {
            field: "tools".to_owned(),
            expected: "an empty array: nothing uses the tools of a definition in calls; what \
                       callers may want are intents, which POST /agents/{agent_uuid}/intents makes"
                .to_owned(),
        });
    }
    let (was, is) = (before.public_view(), after.public_view());
    let problems = state.config.abilities.problems(after).into_iter();
    let mut new = problems.filter(|one| at(&was, &one.field) != at(&is, &one.field));
    new.next().map_or(Ok(()), Err)
}

/// What stands at the path of a field.
fn at<'a>(view: &'a Value, field: &str) -> Option<&'a Value> {
    field.split('.').try_fold(view, |view, name| view.get(name))
}

/// Passes over what an answer shows of the agent beside its definition.
fn pass_over_what_is_shown(body: &mut Value, shown: &Value) -> Result<(), ApiError> {
    pass_over(body, shown, SHOWN, "")?;
    let Some(sent) = body.get_mut("webhooks").and_then(Value::as_array_mut) else {
        return Ok(());
    };
    let shown = shown.get("webhooks").and_then(Value::as_array);
    for (index, webhook) in sent.iter_mut().enumerate() {
        let id = webhook.get("webhook_uuid").filter(|id| !id.is_null());
        let known = shown.into_iter().flatten();
        let mut known = known.filter(|one| id.is_some() && one.get("webhook_uuid") == id);
        if let Some(known) = known.next().cloned() {
            let prefix = format!("webhooks[{index}].");
            forget_breaker(webhook);
            pass_over(webhook, &known, READ_ONLY_OF_WEBHOOKS, &prefix)?;
        }
    }
    Ok(())
}

fn check_slug(
    state: &ApiState,
    caller: &Caller,
    definition: &AgentDefinition,
    id: Uuid,
) -> Result<(), ApiError> {
    let taken = state
        .directory
        .has_slug(&caller.workspace, &definition.slug, id);
    if taken {
        let error = ApiError::invalid("slug", "one that no other agent has");
        return Err(error);
    }
    Ok(())
}

/// Ids of webhooks are the node's to give, so that none can be taken over by its id.
fn forget_ids(webhooks: &mut [Webhook]) {
    for webhook in webhooks {
        webhook.webhook_uuid = Uuid::now_v7();
    }
}

fn stored_form(
    definition: &AgentDefinition,
    webhooks: Option<Vec<store::NewWebhook>>,
) -> Result<NewAgent, ApiError> {
    to_store(definition, webhooks).map_err(|error| ApiError::internal("store an agent", &error))
}

fn remember(state: &ApiState, record: &AgentRecord) -> Result<Arc<KnownAgent>, ApiError> {
    let agent = KnownAgent::read(record);
    let agent = agent.map_err(|error| ApiError::internal("read back an agent", &error))?;
    Ok(state.directory.put(agent))
}
