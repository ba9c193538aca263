//! `POST /tasks`.

use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::{CreateTaskError, NewTask, TaskContact};
use utoipa::ToSchema;
use uuid::Uuid;

use super::person::Person;
use super::view::{self, RetryStrategy, Task};
use crate::caller::Caller;
use crate::clock;
use crate::dialling::{Kind, TaskData};
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Created, Json, Moment, Object, Text, Whole, ZoneName, created};
use crate::idempotency::Making;
use crate::state::ApiState;
use crate::webhooks::check_url;
use crate::whatsapp::require_template;

const USUAL_PRIORITY: u32 = 5;
const USUAL_ATTEMPTS: u32 = 3;
const USUAL_MINUTES: u32 = 60;

/// A clock of a client may be a little slow.
const LATEST: jiff::SignedDuration = jiff::SignedDuration::from_secs(60);

/// A task to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewTask)]
pub(super) struct Body {
    /// What it is called.
    title: Text<1, 255>,
    /// What it is about; of a call, what the agent should know.
    description: Option<Text<0, 4000>>,
    /// What is done.
    #[serde(rename = "type")]
    kind: Kind,
    /// Who does it.
    agent_uuid: Uuid,
    /// When it is done; in the future.
    scheduled_at: Moment,
    /// For whom; a stored contact.
    contact_uuid: Option<Uuid>,
    /// For whom; found by number or e-mail address, or made.
    #[schema(value_type = Option<Person>)]
    contact: Option<Object<Person>>,
    /// The campaign that it belongs to and whose rule holds. It waits while that is not running.
    campaign_uuid: Option<Uuid>,
    /// The zone for the hours of the campaign's rule, where the contact says none; left out, that
    /// of the number.
    timezone: Option<ZoneName>,
    /// Larger is sooner; 5.
    priority: Option<Whole<1, 10>>,
    /// From when on it is not done any more.
    expires_at: Option<Moment>,
    /// Most attempts; 3.
    max_attempts: Option<Whole<1, 100>>,
    /// Minutes between attempts; 60. The first wait of the strategy `exponential`.
    retry_interval_minutes: Option<Whole<1, 43200>>,
    /// The waits of the strategy `custom`, in minutes; the last one again and again.
    #[schema(min_items = 1, max_items = 20)]
    retry_intervals: Option<Vec<Whole<1, 43200>>>,
    /// How it waits between attempts; `fixed`.
    retry_strategy: Option<RetryStrategy>,
    /// What its type needs.
    #[schema(value_type = Option<TaskData>)]
    task_data: Option<Object<TaskData>>,
    /// Whatever you want to keep with it.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// Put it into the queue at once, where it waits for its time; false leaves it `scheduled`
    /// until then.
    auto_queue: Option<bool>,
}

/// Makes a task
///
/// At its time the node carries it out: `make_call` places a call, `send_message` sends a
/// template, `webhook` posts. Tasks of other types become `in_progress` for somebody to do and
/// complete.
#[utoipa::path(
    post, path = "/tasks", operation_id = "create_task", tag = "tasks",
    security(("token" = ["tasks:write"])),
    request_body(content = Body, example = json!({
        "title": "Remind of the delivery",
        "type": "make_call",
        "agent_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
        "scheduled_at": "2036-03-29T10:00:00Z",
        "contact": { "phone_number": "+1 (415) 555-0123", "name": "Ada" },
        "max_attempts": 2,
        "retry_interval_minutes": 30,
    })),
    responses(
        (status = 201, description = "The task.", body = crate::exchange::Envelope<Task>),
        (status = 404, description = "`AGENT_NOT_FOUND`, `CONTACT_NOT_FOUND`, \
            `CAMPAIGN_NOT_FOUND` or `TEMPLATE_NOT_FOUND`: There is no such thing.",
            body = ErrorBody),
    ),
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    making: Making,
    Json(body): Json<Body>,
) -> Result<Created<Task>, ApiError> {
    const MADE: &str = "Task created successfully";
    if making.may_exist {
        let made = caller.store.task(making.id).await;
        let made = made.map_err(|error| ApiError::internal("find a task", &error))?;
        if let Some(made) = made {
            return Ok(created(MADE, view::task(made)));
        }
    }
    let now = clock::now();
    let template = body
        .task_data
        .as_ref()
        .and_then(|data| data.0.template_uuid);
    let task = read(&state, making.id, body, now)?;
    if let Some(template) = template {
        require_template(&caller.store, template).await?;
    }
    let made = caller.store.create_task(&task, now).await;
    let made = made.map_err(|error| match error {
        CreateTaskError::UnknownAgent => crate::agents::unknown_agent(),
        CreateTaskError::UnknownContact => unknown_contact(),
        CreateTaskError::UnknownCampaign => crate::campaigns::unknown_campaign(),
        CreateTaskError::Store(error) => ApiError::internal("make a task", &error),
    })?;
    state.dialling.notify_one();
    Ok(created(MADE, view::task(made)))
}

fn read(state: &ApiState, id: Uuid, body: Body, now: Timestamp) -> Result<NewTask, ApiError> {
    let scheduled_at = body.scheduled_at.0;
    if scheduled_at
        .saturating_add(LATEST)
        .is_ok_and(|latest| latest < now)
    {
        return Err(ApiError::invalid("scheduled_at", "a time in the future"));
    }
    let expires_at = body.expires_at.map(|at| at.0);
    if expires_at.is_some_and(|at| at <= scheduled_at) {
        return Err(ApiError::invalid(
            "expires_at",
            "a time after `scheduled_at`",
        ));
    }
    let contact = contact(state, body.contact_uuid, body.contact)?;
    let data = body.task_data.map(|Object(data)| data).unwrap_or_default();
    check_data(state, body.kind, &data, &contact)?;
    let strategy = body.retry_strategy.unwrap_or(RetryStrategy::Fixed);
    let status = if body.auto_queue == Some(true) {
        "queued"
    } else {
        "scheduled"
    };
    Ok(NewTask {
        id,
        title: body.title.0,
        description: body.description.map(|text| text.0),
        kind: body.kind.as_str().to_owned(),
        status: status.to_owned(),
        priority: body
            .priority
            .map_or(USUAL_PRIORITY, |priority| priority.0 as u32),
        agent: body.agent_uuid,
        contact,
        campaign: body.campaign_uuid,
        scheduled_at,
        expires_at,
        timezone: body.timezone.map(|zone| zone.0),
        max_attempts: body
            .max_attempts
            .map_or(USUAL_ATTEMPTS, |most| most.0 as u32),
        retry_strategy: strategy.as_str().to_owned(),
        retry_minutes: waits(strategy, body.retry_interval_minutes, body.retry_intervals)?,
        task_data: serde_json::to_value(&data).unwrap_or_default(),
        metadata: body.metadata.unwrap_or_default().into(),
        auto_queue: body.auto_queue.unwrap_or(false),
    })
}

fn contact(
    state: &ApiState,
    known: Option<Uuid>,
    person: Option<Object<Person>>,
) -> Result<TaskContact, ApiError> {
    match (known, person) {
        (Some(_), Some(_)) => {
            let expected = "to be left out where `contact_uuid` is given";
            Err(ApiError::invalid("contact", expected))
        }
        (Some(id), None) => Ok(TaskContact::Known(id)),
        (None, Some(Object(person))) => Ok(TaskContact::Person(person.read(state, "contact")?)),
        (None, None) => Ok(TaskContact::Nobody),
    }
}

fn check_data(
    state: &ApiState,
    kind: Kind,
    data: &TaskData,
    contact: &TaskContact,
) -> Result<(), ApiError> {
    for (field, text, most) in [
        ("task_data.about", &data.about, 4_000),
        ("task_data.first_message", &data.first_message, 1_000),
    ] {
        if text
            .as_ref()
            .is_some_and(|text| text.chars().count() > most)
        {
            return Err(ApiError::invalid(
                field,
                format!("at most {most} characters"),
            ));
        }
    }
    let prompt = data.prompt.as_ref();
    if prompt.is_some_and(|prompt| prompt.content.chars().count() > 20_000) {
        return Err(ApiError::invalid(
            "task_data.prompt.content",
            "at most 20000 characters",
        ));
    }
    if let Some(url) = &data.url {
        check_url(&state.config.webhooks, url, "task_data.url")?;
    }
    data.check_fields(kind)?;
    let is_for_nobody = *contact == TaskContact::Nobody;
    if is_for_nobody && matches!(kind, Kind::MakeCall | Kind::SendMessage) {
        let expected = "a contact to reach, or `contact` with a number";
        return Err(ApiError::invalid("contact_uuid", expected));
    }
    if kind == Kind::Webhook && data.url.is_none() {
        return Err(ApiError::missing("task_data.url"));
    }
    if kind == Kind::SendMessage && data.template_uuid.is_none() {
        return Err(ApiError::missing("task_data.template_uuid"));
    }
    Ok(())
}

fn waits(
    strategy: RetryStrategy,
    minutes: Option<Whole<1, 43200>>,
    list: Option<Vec<Whole<1, 43200>>>,
) -> Result<Vec<u32>, ApiError> {
    match (strategy, list) {
        (RetryStrategy::Custom, Some(list)) if (1..=20).contains(&list.len()) => {
            Ok(list.into_iter().map(|minutes| minutes.0 as u32).collect())
        }
        (RetryStrategy::Custom, None) => Err(ApiError::missing("retry_intervals")),
        (RetryStrategy::Custom, Some(_)) => Err(ApiError::invalid(
            "retry_intervals",
            "1 to 20 waits in minutes",
        )),
        (RetryStrategy::Fixed | RetryStrategy::Exponential, Some(_)) => {
            let expected = "to be left out where `retry_strategy` is not `custom`";
            Err(ApiError::invalid("retry_intervals", expected))
        }
        (RetryStrategy::Fixed | RetryStrategy::Exponential, None) => Ok(vec![
            minutes.map_or(USUAL_MINUTES, |minutes| minutes.0 as u32),
        ]),
    }
}

fn unknown_contact() -> ApiError {
    ApiError::not_found(
        "CONTACT_NOT_FOUND",
        "There is no such contact.",
        "Give `contact` with a number instead to have one made.",
    )
}
