//! Keeps the agents in memory what they are in the store, where other nodes change them too.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use store::{AgentVersion, Source, Store, StoreError};
use tokio::sync::MutexGuard;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Directory, KnownAgent};
use crate::state::ApiState;

/// Agents that can not be read, each with when it last changed: they are complained of once.
pub(crate) type Unreadable = HashMap<Uuid, Timestamp>;

/// The right to change agents.
pub(crate) type Change<'a> = MutexGuard<'a, Unreadable>;

/// Looks every `agents_refresh` what other nodes on the same database, or an import, changed of
/// agents, until `shutdown` is cancelled.
pub async fn follow_agents(state: ApiState, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(state.config.agents_refresh) => {}
        }
        if let Err(error) = state.directory.renew_all(&state.store).await {
            tracing::error!(%error, "changes of agents by other nodes can not be looked for");
        }
    }
}

impl Directory {
    /// Brings all agents in line with the store.
    ///
    /// The definitions of agents of files are what the files said at the start, whatever another
    /// node read in its own; how they book is the store's to say.
    pub async fn renew_all(&self, store: &Store) -> Result<(), StoreError> {
        let mut change = self.change().await;
        let versions = store.agent_versions_of_all_workspaces().await?;
        let there: HashSet<Uuid> = versions.iter().map(|version| version.id).collect();
        self.write()
            .retain(|id, agent| agent.source == Source::File || there.contains(id));
        change.retain(|id, _| there.contains(id));
        for version in versions {
            let is_known = change.get(&version.id) == Some(&version.updated_at);
            if !is_known && self.has_changed(&version) {
                self.renew(&mut change, store, version.id).await?;
            }
        }
        Ok(())
    }

    fn has_changed(&self, version: &AgentVersion) -> bool {
        match (self.read().get(&version.id), version.source) {
            (None, source) => source == Source::Api,
            (Some(known), Source::File) => known.booked_at != version.booked_at,
            (Some(known), Source::Api) => {
                (known.updated_at, known.booked_at) != (version.updated_at, version.booked_at)
            }
        }
    }

    /// Brings one agent in line with the store.
    pub(crate) async fn renew(
        &self,
        change: &mut Change<'_>,
        store: &Store,
        id: Uuid,
    ) -> Result<(), StoreError> {
        let known = self.read().get(&id).cloned();
        let known = known.filter(|known| known.source == Source::File);
        let stored = store.agent_of_any_workspace(id).await?;
        let agent = match (known, stored) {
            (Some(known), Some(_)) => known,
            (Some(_), None) => return Ok(()),
            // Of a file that another node has.
            (None, Some(record)) if record.source == Source::File => return Ok(()),
            (None, None) => {
                self.write().remove(&id);
                return Ok(());
            }
            (None, Some(record)) => match KnownAgent::read(&record) {
                Ok(agent) => Arc::new(agent),
                Err(error) => {
                    tracing::error!(agent = %id, %error, "a stored agent is unreadable");
                    change.insert(id, record.updated_at);
                    self.write().remove(&id);
                    return Ok(());
                }
            },
        };
        change.remove(&id);
        let booking = store
            .in_workspace(&agent.workspace)
            .agent_booking(id)
            .await?;
        let agent = match booking {
            Some(booking) => Arc::new(agent.that_books(&booking)),
            None => agent,
        };
        self.write().insert(id, agent);
        Ok(())
    }
}
