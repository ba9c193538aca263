//! What webhooks are told of a message.

use jiff::Timestamp;
use store::{BegunWhatsappMessage, SessionNews, Store};

use super::sending::Order;
use crate::webhooks::events::{MessageUpdate, Participant, SessionStatus};

/// Of a message that was just sent, and of the sessions that it ends and begins.
pub(super) async fn news(
    store: &Store,
    order: &Order,
    begun: &BegunWhatsappMessage,
    text: &str,
    now: Timestamp,
) -> SessionNews {
    // A name is worth no failure of a message that went out.
    let contact = store.contact(begun.contact).await.ok().flatten();
    let name = contact.and_then(|contact| contact.details.name);
    let participant = Participant {
        number: &order.recipient,
        name: name.as_deref(),
    };
    let (conversation, agent) = (begun.conversation, order.agent);
    let status = |status| SessionStatus::new(conversation, agent, participant, status);
    SessionNews {
        over: status("closed").announcement(now),
        begun: status("active").announcement(now),
        written: MessageUpdate::new(conversation, agent, text).announcement(now),
    }
}
