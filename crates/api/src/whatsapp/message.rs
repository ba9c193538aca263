//! `POST /whatsapp/template`, and the messages of tasks.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Store, TaskRecord};
use utoipa::ToSchema;
use uuid::Uuid;

use super::header::Header;
use super::placeholders::Known;
use super::refusal::Refusal;
use super::sending::{self, Order, Sent};
use super::template_settings::Params;
use crate::agents::unknown_agent;
use crate::caller::Caller;
use crate::dialling::{TaskData, Undone};
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Envelope, Json, Object, ok};
use crate::idempotency::Making;
use crate::state::ApiState;
use crate::webhooks::check_url;

/// A message to be made of a template.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
#[schema(as = NewWhatsappMessage)]
pub(super) struct Body {
    /// The UUID of the agent that sends it.
    #[schema(format = Uuid)]
    agent_id: String,
    /// The UUID of the template.
    #[schema(format = Uuid)]
    template_id: String,
    /// E.164 number; spaces and `- ( ) . /` may stand in it.
    #[schema(max_length = 64)]
    phone_number: String,
    /// Text for each place of the body: `field1` for the first one and so on, or by the names of a
    /// template whose places have names. A button whose URL has a place takes its end as `button1`,
    /// `button2` and so on, by its place among all buttons.
    #[schema(value_type = Option<Object>)]
    parameters: Option<Map<String, Value>>,
    /// What stands above the message, where the template has a header with a picture, film, file
    /// or place.
    #[schema(value_type = Option<Header>)]
    header: Option<Object<Header>>,
}

/// A message that WhatsApp took.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SentWhatsappMessage, example = json!({
    "messageId": "wamid.HBgLMTY1MDU1NTEyMzQVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA",
    "templateName": "order_confirmation",
    "recipientPhone": "+14155550123",
    "conversationId": "0198c5a2-6f0f-7b02-8a11-5d1f0a9b3c77",
}))]
pub(super) struct Message {
    /// Meta's id of the message.
    message_id: String,
    /// The template's name.
    template_name: String,
    /// E.164 number that it goes to.
    recipient_phone: String,
    /// What the agent and this number write each other belongs to it.
    conversation_id: Uuid,
}

/// Sends a WhatsApp template
///
/// From the account of the template's business account. The answer comes when WhatsApp has taken
/// the message. A request that may have been done although its answer was lost
/// (`WHATSAPP_OUTCOME_UNKNOWN`) is not tried again by the node, and answered so again under its
/// `Idempotency-Key`.
#[utoipa::path(
    post, path = "/whatsapp/template", operation_id = "send_whatsapp_template", tag = "whatsapp",
    security(("token" = ["whatsapp:write"])),
    request_body(content = Body, example = json!({
        "agentId": "0198c5a2-5c00-7000-8000-0242ac120002",
        "templateId": "0198c5a2-7400-7a02-9c10-3d5f7a9b1c02",
        "phoneNumber": "+1 (415) 555-0123",
        "parameters": { "field1": "Ann", "field2": "40235" },
        "header": { "type": "image", "url": "https://example.com/parcel.png" },
    })),
    responses(
        (status = 200, description = "WhatsApp took it.", body = Envelope<Message>),
        (status = 404, description = "`AGENT_NOT_FOUND` or `TEMPLATE_NOT_FOUND`: There is no such \
            thing.", body = ErrorBody),
        (status = 409, description = "`WHATSAPP_ACCOUNT_MISSING`: The workspace has no account for \
            the template; `TEMPLATE_NOT_APPROVED`, `WHATSAPP_TEMPLATE_MISSING`, \
            `WHATSAPP_TEMPLATE_PAUSED`: it can not be sent now; `WHATSAPP_TOKEN_REFUSED`: the \
            account's token is not accepted; `WHATSAPP_WINDOW_CLOSED`: the contact has not written \
            for 24 hours.", body = ErrorBody),
        (status = 422, description = "`WHATSAPP_UNDELIVERABLE`: WhatsApp can not deliver to this \
            number; `WHATSAPP_INVALID_PARAMETER`: it does not take these parameters; \
            `VALIDATION_FAILED`: a field can not be used.", body = ErrorBody),
        (status = 429, description = "`WHATSAPP_RATE_LIMITED`: WhatsApp takes no more messages for \
            now; `RATE_LIMITED`, `QUOTA_EXCEEDED`: too many requests to the node.",
            body = ErrorBody),
        (status = 502, description = "`WHATSAPP_FAILED`: WhatsApp could not be asked, or failed; \
            `WHATSAPP_OUTCOME_UNKNOWN`: its answer was lost, so that it may have done it.",
            body = ErrorBody),
    ),
)]
pub(super) async fn send(
    State(state): State<ApiState>,
    caller: Caller,
    making: Making,
    Json(body): Json<Body>,
) -> Result<Envelope<Message>, ApiError> {
    let agent = body.agent_id.parse();
    let agent: Uuid = agent.map_err(|_| ApiError::invalid("agentId", "the UUID of an agent"))?;
    let template = body.template_id.parse();
    let template: Uuid =
        template.map_err(|_| ApiError::invalid("templateId", "the UUID of a template"))?;
    let recipient = state.numbers.read("phoneNumber", &body.phone_number)?;
    let header = body.header.map(|Object(header)| header);
    if let Some(url) = header.as_ref().and_then(|header| header.url.as_deref()) {
        check_url(&state.config.webhooks, url, "header.url")?;
    }
    let known = state.directory.get(&caller.workspace, agent);
    known.ok_or_else(unknown_agent)?;
    let order = Order {
        agent,
        recipient: recipient.clone(),
        parameters: body.parameters.unwrap_or_default(),
        header,
        attempt: None,
        making,
    };
    // A client that hangs up on us must not leave a message that is sent but not settled.
    let (asked, store) = (state.clone(), caller.store);
    let sending = state.tasks.spawn(async move {
        let template = sending::template(&store, template).await?;
        let name = template.terms.name.clone();
        let sent = sending::send(&asked, &store, template, &order).await?;
        Ok::<_, Refusal>((name, sent))
    });
    let sent = sending
        .await
        .map_err(|error| ApiError::internal("send a message", &error))?;
    let pause = state.config.whatsapp.retry_after;
    let (template_name, sent) = sent.map_err(|refusal| refusal.into_error(pause, "parameters"))?;
    let message = Message {
        message_id: sent.message_id,
        template_name,
        recipient_phone: recipient,
        conversation_id: sent.conversation,
    };
    Ok(ok("Template sent successfully", message))
}

/// Sends what a task of type `send_message` says, once for each attempt. `Ok` is said of a message
/// that WhatsApp took, and of no other.
pub(crate) async fn send_for_task(
    state: &ApiState,
    store: &Store,
    task: &TaskRecord,
    attempt: Uuid,
) -> Result<(), Undone> {
    let sent = try_for_task(state, store, task, attempt).await;
    match sent {
        Ok(sent) => {
            tracing::info!(task = %task.id, message = sent.message_id, "a message was sent");
            Ok(())
        }
        Err(refusal) => {
            if let Refusal::Store(error) = &refusal {
                tracing::error!(task = %task.id, %error, "a message could not be written down");
            }
            let reason = refusal.to_string();
            Err(if refusal.is_unknown() {
                Undone::Perhaps(reason)
            } else {
                Undone::Surely(reason)
            })
        }
    }
}

async fn try_for_task(
    state: &ApiState,
    store: &Store,
    task: &TaskRecord,
    attempt: Uuid,
) -> Result<Sent, Refusal> {
    let needed = |field: &str, expected: &str| Refusal::Parameter {
        field: field.to_owned(),
        expected: expected.to_owned(),
    };
    let data = TaskData::read(&task.task_data);
    let id = data.template_uuid;
    let id = id.ok_or_else(|| needed("task_data.template_uuid", "the UUID of a template"))?;
    let recipient = task.number.clone();
    let recipient = recipient.ok_or_else(|| needed("contact", "a contact with a number"))?;
    let template = sending::template(store, id).await?;
    let params = match data.parameters {
        Some(parameters) => Params::of_body(parameters),
        None => {
            let settings = store.settings_of_template(id).await?;
            let settings = settings.filter(|settings| settings.is_active);
            settings.map_or_else(Params::default, |settings| Params::read(settings.params))
        }
    };
    let contact = match task.contact {
        Some(contact) => store.contact(contact).await?,
        None => None,
    };
    let fields = store.contact_fields().await?;
    let known = Known {
        contact: contact.as_ref(),
        fields: &fields,
    };
    let params = params.filled(known).map_err(|(place, name)| {
        let expected = format!("a contact of whom `{name}` is known");
        needed(&format!("parameters.{place}"), &expected)
    })?;
    let order = Order {
        agent: task.agent,
        recipient,
        parameters: params.body,
        header: params.header,
        attempt: Some(attempt),
        making: Making {
            id: Uuid::now_v7(),
            may_exist: false,
        },
    };
    sending::send(state, store, template, &order).await
}
