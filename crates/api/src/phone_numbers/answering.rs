//! Who answers a number that is called, and who calls it.

use std::sync::Arc;

use engine::{Answerer, CallId, NumberDirectory};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use store::{Store, StoreError};
use uuid::Uuid;

use crate::calls::about_contact;
use crate::clock;
use crate::contacts::contact_of_caller;
use crate::directory::Directory;
use crate::number::{NumberRules, UnknownCountry};
use crate::records::ANONYMOUS;

/// The numbers of all workspaces, as calls that come in ask for them.
#[derive(Clone, Debug)]
pub struct Numbers {
    store: Store,
    directory: Arc<Directory>,
    rules: NumberRules,
}

impl Numbers {
    /// Numbers in `store`, answered by the agents of `directory`. Numbers without a country code
    /// are read as ones of `default_country`.
    ///
    /// # Errors
    ///
    /// [`UnknownCountry`] when that is none.
    pub fn new(
        store: Store,
        directory: Arc<Directory>,
        default_country: Option<&str>,
    ) -> Result<Self, UnknownCountry> {
        Ok(Self {
            store,
            directory,
            rules: NumberRules::new(default_country)?,
        })
    }

    async fn find(&self, call: CallId, called: &[&str]) -> Result<Answerer, StoreError> {
        let spellings: Vec<String> = called
            .iter()
            .flat_map(|called| self.rules.spellings(called))
            .collect();
        let Some(found) = self.store.answered_number(&spellings).await? else {
            return Ok(Answerer::Unknown);
        };
        let number = &found.number;
        let is_open = number.capacity.inbound_enabled && number.direction != "outbound";
        let agent = found.agent.filter(|_| is_open);
        let agent = agent.and_then(|agent| self.directory.get(&found.workspace, agent));
        let Some(agent) = agent else {
            return Ok(Answerer::Nobody);
        };
        // A call that is refused takes no place.
        if agent.definition.is_paused() {
            return Ok(Answerer::Agent(Arc::clone(&agent.definition)));
        }
        let store = self.store.in_workspace(&found.workspace);
        let limit = number.capacity.inbound_limit;
        let has_place = store
            .take_number_place(call.0, number.id, None, "inbound", limit, clock::now())
            .await?;
        if has_place {
            Ok(Answerer::Agent(Arc::clone(&agent.definition)))
        } else {
            Ok(Answerer::Busy)
        }
    }

    /// What the workspace of an agent knows of whoever calls from a number.
    async fn known(&self, agent: Uuid, number: &str) -> Result<Option<String>, StoreError> {
        let Some(workspace) = self.store.workspace_of_agent(agent).await? else {
            return Ok(None);
        };
        let store = self.store.in_workspace(&workspace);
        let contact = contact_of_caller(&store, &self.rules, number).await?;
        about_contact(&store, contact.as_ref(), None).await
    }
}

impl NumberDirectory for Numbers {
    fn answerer<'a>(&'a self, call: CallId, called: &'a [&'a str]) -> BoxFuture<'a, Answerer> {
        async move {
            self.find(call, called).await.unwrap_or_else(|error| {
                tracing::error!(%call, %error, "who answers a number can not be told");
                Answerer::Failed
            })
        }
        .boxed()
    }

    fn caller<'a>(&'a self, agent: Uuid, number: &'a str) -> BoxFuture<'a, Option<String>> {
        async move {
            if number.is_empty() || number.eq_ignore_ascii_case(ANONYMOUS) {
                return None;
            }
            self.known(agent, number).await.unwrap_or_else(|error| {
                tracing::error!(%agent, %error, "who calls can not be told");
                None
            })
        }
        .boxed()
    }
}
