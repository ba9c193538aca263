//! `GET /analytics/messages`.

use axum::Json;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Serialize;
use store::{ExportedMessage, MessagePlace};
use utoipa::ToSchema;
use uuid::Uuid;

use super::window::{AnalyticsMeta, Asked};
use crate::caller::Caller;
use crate::conversations::channel_label;
use crate::error::ApiError;
use crate::exchange::{Cursor, Moment, Query, Whole, ZoneName};

/// Messages to a page, unless it is said.
const USUAL: u32 = 500;

/// The messages of a window, a page at a time.
#[derive(Serialize, ToSchema)]
pub(super) struct MessageExport {
    /// What was asked about.
    meta: AnalyticsMeta,
    /// The messages of this page, in the order of their times.
    messages: Vec<MessageOfExport>,
    /// How to go on.
    pagination: Cursor,
}

/// One party's turn.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "message_uuid": "5b6e2c1a-0d5e-5c1f-9a57-0f6a1e0c7d21",
    "conversation_uuid": "0198c5a2-6f0f-7b02-8a11-5d1f0a9b3c77",
    "session_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "contact_uuid": "0198c5a2-6f0f-7b02-8a11-64c0c2f4e1d8",
    "agent_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
    "channel": "call",
    "channel_label": "Call",
    "direction": "inbound",
    "sender": "Contact",
    "message_type": "speech",
    "content": "When do you open?",
    "content_disclosure": "full",
    "created_at": "2026-03-29T10:00:08.12Z",
}))]
struct MessageOfExport {
    /// Identifies the message.
    message_uuid: Uuid,
    /// Its conversation.
    conversation_uuid: Uuid,
    /// The session that it was said in.
    #[schema(required)]
    session_uuid: Option<Uuid>,
    /// The other party, if the number stands for somebody.
    #[schema(required)]
    contact_uuid: Option<Uuid>,
    /// The agent.
    agent_uuid: Uuid,
    /// How it was said: `call` or `whatsapp`.
    channel: String,
    /// The same for people: `Call` or `WhatsApp`.
    #[schema(value_type = String)]
    channel_label: &'static str,
    /// `inbound` from the contact, `outbound` to it.
    #[schema(value_type = String)]
    direction: &'static str,
    /// `AI` or `Contact`.
    #[schema(value_type = String)]
    sender: &'static str,
    /// `speech`, or `template` for a WhatsApp template that was sent.
    message_type: String,
    /// The words.
    content: String,
    /// How much of the words is shown: always `full`.
    #[schema(value_type = String)]
    content_disclosure: &'static str,
    /// When it began to be said, or was sent.
    created_at: Timestamp,
}

/// Messages, to be taken elsewhere
///
/// The messages that began in a window, in the order of their times; `pagination.next_cursor` leads
/// from page to page. The answer has no envelope.
#[utoipa::path(
    get, path = "/analytics/messages", operation_id = "export_messages", tag = "analytics",
    security(("token" = ["analytics:read"])),
    params(
        ("from" = inline(Moment), Query, description = "The first moment of the window, with its \
            offset from UTC.", example = "2026-03-29T00:00:00+01:00"),
        ("to" = inline(Moment), Query, description = "The first moment after it.",
            example = "2026-03-30T00:00:00+02:00"),
        ("timezone" = inline(Option<ZoneName>), Query, description = "Is repeated in `meta`."),
        ("channel" = Option<String>, Query, description = "Only those by these: `call`, \
            `whatsapp_call`, `sms` or `whatsapp`, or several with commas between. This node has \
            the first and the last."),
        ("agent_uuid" = Option<Uuid>, Query, description = "Only those of this agent's conversations."),
        ("campaign_uuid" = Option<Uuid>, Query,
            description = "Only those of conversations for this campaign."),
        ("limit" = inline(Option<Whole<1, 1000>>), Query,
            description = "Messages to a page; 500 if not given."),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before."),
    ),
    responses((status = 200, description = "A page of messages.", body = MessageExport)),
)]
pub(super) async fn list(
    caller: Caller,
    mut query: Query,
) -> Result<Json<MessageExport>, ApiError> {
    let asked = Asked::take(&mut query)?;
    let limit: Option<Whole<1, 1_000>> = query.read("limit")?;
    let limit = limit.map_or(USUAL, |limit| u32::try_from(limit.0).unwrap_or(USUAL));
    let after = query
        .take("cursor")
        .map(|cursor| place(&cursor))
        .transpose()?;
    let mut found = Vec::new();
    if asked.has_conversations {
        let exported = caller
            .store
            .export_messages(&asked.window, after, limit + 1)
            .await;
        found = exported.map_err(|error| ApiError::internal("export messages", &error))?;
    }
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| has_more);
    let next_cursor = last.map(|message| cursor(message.place()));
    Ok(Json(MessageExport {
        meta: asked.meta(),
        messages: found.into_iter().map(view).collect(),
        pagination: Cursor::new(next_cursor, limit),
    }))
}

/// The place of a page's last message, as one word.
fn cursor(place: MessagePlace) -> String {
    let MessagePlace {
        created_at,
        conversation,
        position,
    } = place;
    let place = format!("{} {conversation} {position}", created_at.as_microsecond());
    URL_SAFE_NO_PAD.encode(place)
}

fn place(cursor: &str) -> Result<MessagePlace, ApiError> {
    let read = || {
        let place = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let mut parts = place.split(' ');
        let created_at = Timestamp::from_microsecond(parts.next()?.parse().ok()?).ok()?;
        let conversation = parts.next()?.parse().ok()?;
        let position = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(MessagePlace {
            created_at,
            conversation,
            position,
        })
    };
    read().ok_or_else(|| ApiError::invalid("cursor", "the `next_cursor` of the page before"))
}

fn view(message: ExportedMessage) -> MessageOfExport {
    let is_contact = message.record.message.speaker == "caller";
    MessageOfExport {
        message_uuid: message.record.id(),
        conversation_uuid: message.record.conversation,
        session_uuid: message.record.session,
        contact_uuid: message.contact,
        agent_uuid: message.agent,
        channel_label: channel_label(&message.channel),
        channel: message.channel,
        direction: if is_contact { "inbound" } else { "outbound" },
        sender: if is_contact { "Contact" } else { "AI" },
        message_type: message.record.kind,
        content: message.record.message.text,
        content_disclosure: "full",
        created_at: message.record.created_at,
    }
}
