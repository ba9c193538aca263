//! Whose a row is, for what happens in the node and not in the name of a workspace.

use uuid::Uuid;

use crate::database::{Store, StoreError};
use crate::workspaces::WorkspaceId;

impl Store {
    /// The workspace of this call, whichever this store's own is.
    pub async fn workspace_of_call(&self, call: Uuid) -> Result<Option<WorkspaceId>, StoreError> {
        self.owner("SELECT workspace_id FROM calls WHERE id = $1", call)
            .await
    }

    /// The workspace of this agent, deleted or not, whichever this store's own is.
    pub async fn workspace_of_agent(&self, agent: Uuid) -> Result<Option<WorkspaceId>, StoreError> {
        self.owner("SELECT workspace_id FROM agents WHERE id = $1", agent)
            .await
    }

    async fn owner(
        &self,
        query: &'static str,
        id: Uuid,
    ) -> Result<Option<WorkspaceId>, StoreError> {
        let owner: Option<String> = sqlx::query_scalar(query)
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        Ok(owner.map(WorkspaceId::new))
    }
}
