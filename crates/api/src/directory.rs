//! The agents of the node, kept in memory so that finding one never waits.

mod following;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use agent::{Abilities, AgentDefinition};
use engine::AgentDirectory;
use jiff::Timestamp;
use serde_json::Value;
use store::{AgentBooking, AgentRecord, NewAgent, Source, Store, StoreError, WorkspaceId};
use tokio::sync::Mutex;
use uuid::Uuid;

pub(crate) use self::following::Change;
use self::following::Unreadable;
pub use self::following::follow_agents;
use crate::webhooks::definitions;

/// All agents that can take calls, from files and from the API, of all workspaces.
///
/// Agents of files belong to the workspace that every node has.
#[derive(Debug)]
pub struct Directory {
    agents: RwLock<HashMap<Uuid, Arc<KnownAgent>>>,
    /// Held from reading an agent to storing what it becomes, so that no change is lost.
    changing: Mutex<Unreadable>,
}

/// Why the agents could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadDirectoryError {
    /// The store failed.
    #[error("the agents can not be loaded: {0}")]
    Store(#[from] StoreError),
    /// An agent can not be written as JSON.
    #[error("the agent {agent} can not be stored: {reason}")]
    Definition {
        /// The agent's name.
        agent: String,
        /// What went wrong.
        reason: String,
    },
}

#[derive(Debug)]
pub(crate) struct KnownAgent {
    pub(crate) workspace: WorkspaceId,
    pub(crate) source: Source,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// When it was last said how it books, as far as that is in the definition.
    pub(crate) booked_at: Option<Timestamp>,
    /// Without its webhooks: those are the store's.
    pub(crate) definition: Arc<AgentDefinition>,
}

impl Directory {
    /// Brings the stored file agents in line with `files` and loads all agents.
    ///
    /// An agent whose stored definition this version can not read is left out and named in the
    /// log.
    pub async fn load(
        store: &Store,
        files: Vec<AgentDefinition>,
        now: Timestamp,
    ) -> Result<Arc<Self>, LoadDirectoryError> {
        let mut new = Vec::with_capacity(files.len());
        for definition in files {
            let webhooks = definitions::of_file(&definition);
            new.push(to_store(&definition, Some(webhooks))?);
        }
        let own = store.in_workspace(&WorkspaceId::default());
        own.sync_file_agents(&new, now).await?;
        let bookings = store.agent_bookings_of_all_workspaces().await?;
        let bookings: HashMap<_, _> = bookings.into_iter().collect();
        let mut agents = HashMap::new();
        let mut unreadable = Unreadable::new();
        for record in store.agents_of_all_workspaces().await? {
            match KnownAgent::read(&record) {
                Ok(agent) => {
                    let agent = match bookings.get(&record.id) {
                        Some(booking) => agent.that_books(booking),
                        None => agent,
                    };
                    agents.insert(record.id, Arc::new(agent));
                }
                Err(error) => {
                    tracing::error!(agent = %record.id, %error, "a stored agent is unreadable");
                    unreadable.insert(record.id, record.updated_at);
                }
            }
        }
        Ok(Arc::new(Self {
            agents: RwLock::new(agents),
            changing: Mutex::new(unreadable),
        }))
    }

    /// The workspace's agent with this id.
    pub(crate) fn get(&self, workspace: &WorkspaceId, id: Uuid) -> Option<Arc<KnownAgent>> {
        let agents = self.read();
        let found = agents.get(&id);
        found.filter(|agent| agent.workspace == *workspace).cloned()
    }

    /// All agents of a workspace, oldest first.
    pub(crate) fn all(&self, workspace: &WorkspaceId) -> Vec<Arc<KnownAgent>> {
        let agents = self.read();
        let own = agents
            .values()
            .filter(|agent| agent.workspace == *workspace);
        let mut agents: Vec<_> = own.cloned().collect();
        agents.sort_by_key(|agent| (agent.created_at, agent.definition.agent_uuid));
        agents
    }

    /// Names in the log what agents ask for and the node can not do.
    pub(crate) fn warn_of(&self, abilities: &Abilities) {
        for known in self.read().values() {
            for problem in abilities.problems(&known.definition) {
                let agent = known.definition.agent_uuid;
                tracing::warn!(%agent, %problem, "an agent asks for what this node can not do");
            }
        }
    }

    /// Whether another agent of the workspace has this slug already.
    pub(crate) fn has_slug(&self, workspace: &WorkspaceId, slug: &str, except: Uuid) -> bool {
        let agents = self.read();
        let mut others = agents
            .values()
            .filter(|agent| agent.workspace == *workspace && agent.definition.agent_uuid != except);
        !slug.is_empty() && others.any(|agent| agent.definition.slug == slug)
    }

    /// Waits for the right to change agents.
    pub(crate) async fn change(&self) -> Change<'_> {
        self.changing.lock().await
    }

    pub(crate) fn put(&self, agent: KnownAgent) -> Arc<KnownAgent> {
        let agent = Arc::new(agent);
        self.write()
            .insert(agent.definition.agent_uuid, Arc::clone(&agent));
        agent
    }

    pub(crate) fn remove(&self, id: Uuid) {
        self.write().remove(&id);
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<Uuid, Arc<KnownAgent>>> {
        self.agents.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<Uuid, Arc<KnownAgent>>> {
        self.agents.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AgentDirectory for Directory {
    /// An agent by its UUID, or one of the workspace that every node has by its slug.
    ///
    /// UUIDs come first: the node chooses them, so that no slug can take another agent's calls.
    fn find(&self, user: &str) -> Option<Arc<AgentDefinition>> {
        let agents = self.read();
        let by_id = user.parse().ok().and_then(|id: Uuid| agents.get(&id));
        let found = by_id.or_else(|| {
            let own = WorkspaceId::default();
            let has_slug =
                |agent: &&Arc<KnownAgent>| agent.workspace == own && agent.definition.slug == user;
            agents.values().find(has_slug).filter(|_| !user.is_empty())
        })?;
        Some(Arc::clone(&found.definition))
    }

    /// Another agent of the same workspace, unless it is paused.
    fn colleague(&self, agent: Uuid, wanted: Uuid) -> Option<Arc<AgentDefinition>> {
        let agents = self.read();
        let (agent, wanted) = (agents.get(&agent)?, agents.get(&wanted)?);
        let is_there = agent.workspace == wanted.workspace && !wanted.definition.is_paused();
        is_there.then(|| Arc::clone(&wanted.definition))
    }
}

impl KnownAgent {
    pub(crate) fn read(record: &AgentRecord) -> Result<Self, serde_json::Error> {
        let mut definition: AgentDefinition = serde_json::from_value(record.definition.clone())?;
        definition.agent_uuid = record.id;
        Ok(Self {
            workspace: record.workspace.clone(),
            source: record.source,
            created_at: record.created_at,
            updated_at: record.updated_at,
            booked_at: None,
            definition: Arc::new(definition),
        })
    }

    /// The agent with what is said of its booking over the API, which counts for an agent of a file
    /// too.
    pub(crate) fn that_books(&self, booking: &AgentBooking) -> Self {
        let says = |field: &str| booking.settings.get(field).and_then(Value::as_bool);
        let mut definition = AgentDefinition::clone(&self.definition);
        definition.appointment_scheduling_enabled = says("enabled").unwrap_or_default();
        definition.appointment_scheduling_randomly = says("random_assignment").unwrap_or_default();
        Self {
            workspace: self.workspace.clone(),
            source: self.source,
            created_at: self.created_at,
            updated_at: self.updated_at,
            booked_at: Some(booking.updated_at),
            definition: Arc::new(definition),
        }
    }
}

/// The agent as it is stored: its webhooks are rows of their own.
pub(crate) fn to_store(
    definition: &AgentDefinition,
    webhooks: Option<Vec<store::NewWebhook>>,
) -> Result<NewAgent, LoadDirectoryError> {
    let stored = AgentDefinition {
        webhooks: Vec::new(),
        ..definition.clone()
    };
    let json: Value =
        serde_json::to_value(stored).map_err(|error| LoadDirectoryError::Definition {
            agent: definition.name.clone(),
            reason: error.to_string(),
        })?;
    Ok(NewAgent {
        id: definition.agent_uuid,
        name: definition.name.clone(),
        definition: json,
        webhooks,
    })
}
