//! Who is asking: the workspace, and what its token permits.

use axum::extract::FromRequestParts;
use http::request::Parts;
use store::{Store, WorkspaceId};
use uuid::Uuid;

use crate::error::ApiError;
use crate::scope::Scopes;

/// Who is asking. What belongs to other workspaces is not there for them: handlers reach what is
/// stored through [`store`](Self::store) alone.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The API key.
    pub(crate) key: Uuid,
    /// The workspace that it belongs to.
    pub(crate) workspace: WorkspaceId,
    /// What it permits.
    pub(crate) scopes: Scopes,
    /// What is stored of that workspace.
    pub(crate) store: Store,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller
            .ok_or_else(|| ApiError::internal("tell who asks", &"the operation asks for no token"))
    }
}
