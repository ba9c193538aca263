//! Sessions of messages that are over because nobody has written for too long.

use jiff::Timestamp;
use store::{OverdueSession, StoreError};

use crate::state::ApiState;
use crate::webhooks::events::{self, Participant, SessionStatus};

/// Sessions that are ended at once.
const AT_ONCE: u32 = 50;

/// Ends the sessions of all workspaces whose time is up.
pub(crate) async fn end_overdue(state: &ApiState, now: Timestamp) {
    if let Err(error) = try_end_overdue(state, now).await {
        tracing::error!(%error, "sessions of messages can not be ended");
    }
}

async fn try_end_overdue(state: &ApiState, now: Timestamp) -> Result<(), StoreError> {
    for overdue in state.store.overdue_sessions(AT_ONCE, now).await? {
        let told = closed(&overdue).announcement(now);
        let owed = state
            .store
            .end_overdue_session(&overdue, &told, now)
            .await?;
        events::wake(state, owed);
    }
    Ok(())
}

fn closed(overdue: &OverdueSession) -> SessionStatus<'_> {
    let contact = overdue.contact.as_ref();
    let participant = Participant {
        number: contact
            .and_then(|it| it.number.as_deref())
            .unwrap_or_default(),
        name: contact.and_then(|it| it.name.as_deref()),
    };
    let conversation = overdue.session.conversation;
    SessionStatus::new(conversation, overdue.agent, participant, "closed")
}
