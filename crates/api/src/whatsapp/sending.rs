//! What becomes of one message: read, filled, written down, sent, settled.

use serde_json::{Map, Value};
use store::{NewWhatsappMessage, Store, TakenWhatsappMessage, TemplateRecord, WhatsappAccount};
use uuid::Uuid;

use super::filling;
use super::graph::GraphError;
use super::header::Header;
use super::refusal::Refusal;
use super::telling;
use crate::clock;
use crate::evaluations::session_timeout;
use crate::idempotency::Making;
use crate::state::ApiState;
use crate::webhooks::events;

/// What Meta calls a template that can be sent.
const APPROVED: &str = "APPROVED";

/// A message to be sent.
#[derive(Debug)]
pub(super) struct Order {
    /// Who sends it.
    pub(super) agent: Uuid,
    /// E.164 number that it goes to.
    pub(super) recipient: String,
    /// What stands in the places of its body.
    pub(super) parameters: Map<String, Value>,
    /// What stands above it.
    pub(super) header: Option<Header>,
    /// The attempt of a task that it is sent for.
    pub(super) attempt: Option<Uuid>,
    /// What it is written down as.
    pub(super) making: Making,
}

/// A message that Meta took.
#[derive(Debug)]
pub(super) struct Sent {
    /// Meta's id of it.
    pub(super) message_id: String,
    /// What it belongs to.
    pub(super) conversation: Uuid,
}

/// The template with this id.
pub(super) async fn template(store: &Store, template: Uuid) -> Result<TemplateRecord, Refusal> {
    let found = store.whatsapp_template(template).await?;
    found.ok_or(Refusal::UnknownTemplate)
}

/// Sends a message. It is written down before, so that an attempt of a task sends one and no
/// second.
pub(super) async fn send(
    state: &ApiState,
    store: &Store,
    template: TemplateRecord,
    order: &Order,
) -> Result<Sent, Refusal> {
    if order.making.may_exist
        && let Some(sent) = sent_before(store, order.making.id).await?
    {
        return Ok(sent);
    }
    let account = store.whatsapp_account_of(&template.waba_id).await?;
    let account = account.ok_or(Refusal::NoAccount)?;
    let template = approved(state, store, &account, template).await?;
    let (parameters, header) = (&order.parameters, order.header.as_ref());
    let message = filling::message(&order.recipient, &template.terms, parameters, header)?;
    let text = filling::text(&template.terms, parameters, header)?;
    let session_timeout = session_timeout(store, order.agent).await?;
    let new = NewWhatsappMessage {
        id: order.making.id,
        agent: order.agent,
        template: template.id,
        recipient: order.recipient.clone(),
        phone_number_id: account.phone_number_id.clone(),
        attempt: order.attempt,
    };
    let begun = store.begin_whatsapp_message(&new, clock::now()).await?;
    let begun = begun.ok_or(Refusal::Repeated)?;
    let (token, from) = (&account.access_token, &account.phone_number_id);
    let sent = state.graph.send(token, from, &message).await;
    let sent = sent.map_err(Refusal::from);
    let now = clock::now();
    let settled = match &sent {
        Ok(message_id) => {
            let taken = TakenWhatsappMessage {
                message: new.id,
                message_id,
                text: &text,
                session_timeout,
            };
            let news = telling::news(store, order, &begun, &text, now).await;
            store.note_sent_whatsapp_message(&taken, &news, now).await
        }
        Err(refusal) => {
            let reason = refusal.to_string();
            let failed = store.fail_whatsapp_message(new.id, &reason, now).await;
            failed.map(|()| 0)
        }
    };
    match settled {
        Ok(owed) => events::wake(state, owed),
        // It was sent or refused all the same, which is what the sender has to know.
        Err(error) => {
            tracing::error!(message = %new.id, %error, "the outcome of a message could not be written");
        }
    }
    Ok(Sent {
        message_id: sent?,
        conversation: begun.conversation,
    })
}

/// What became of a message whose process died, if it had written the message down.
async fn sent_before(store: &Store, message: Uuid) -> Result<Option<Sent>, Refusal> {
    let Some(found) = store.whatsapp_message(message).await? else {
        return Ok(None);
    };
    match found.message_id {
        Some(message_id) => Ok(Some(Sent {
            message_id,
            conversation: found.conversation,
        })),
        None => Err(Refusal::Graph(GraphError::Unknown(
            found
                .error
                .unwrap_or_else(|| "the node stopped before it had the answer".to_owned()),
        ))),
    }
}

/// Asks Meta again about a template that was not approved when it was last heard of.
async fn approved(
    state: &ApiState,
    store: &Store,
    account: &WhatsappAccount,
    template: TemplateRecord,
) -> Result<TemplateRecord, Refusal> {
    if template.terms.status == APPROVED {
        return Ok(template);
    }
    let id = &template.terms.template_id;
    let terms = state.graph.template(&account.access_token, id).await?;
    let saved = store.save_whatsapp_template(&template.waba_id, &terms, clock::now());
    let template = saved.await?;
    if template.terms.status == APPROVED {
        return Ok(template);
    }
    Err(Refusal::NotApproved {
        status: template.terms.status,
    })
}
