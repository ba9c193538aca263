//! Whose the calls are that happen: each belongs to the workspace of its agent.

use std::collections::HashMap;

use engine::CallId;
use store::{Store, StoreError, WorkspaceId};
use uuid::Uuid;

/// The workspaces of live calls, so that not each of their events asks for it anew.
#[derive(Debug, Default)]
pub(super) struct Owners {
    known: HashMap<CallId, WorkspaceId>,
}

impl Owners {
    /// The store that a call of this agent is to be written to. An agent that nobody has any more
    /// counts as the node's own.
    pub(super) async fn begin(
        &mut self,
        store: &Store,
        call: CallId,
        agent: Uuid,
    ) -> Result<Store, StoreError> {
        let owner = store.workspace_of_agent(agent).await?.unwrap_or_default();
        let own = store.in_workspace(&owner);
        self.known.insert(call, owner);
        Ok(own)
    }

    /// The store that the call is written in; nothing if it is in none.
    pub(super) async fn store_of(
        &mut self,
        store: &Store,
        call: CallId,
    ) -> Result<Option<Store>, StoreError> {
        if let Some(owner) = self.known.get(&call) {
            return Ok(Some(store.in_workspace(owner)));
        }
        let Some(owner) = store.workspace_of_call(call.0).await? else {
            return Ok(None);
        };
        let own = store.in_workspace(&owner);
        self.known.insert(call, owner);
        Ok(Some(own))
    }

    /// The call is over.
    pub(super) fn forget(&mut self, call: CallId) {
        self.known.remove(&call);
    }
}
