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
    /// What its requests are counted for: the API key, or the OAuth client.
    pub(crate) account: Uuid,
    /// The workspace that the token belongs to.
    pub(crate) workspace: WorkspaceId,
    /// What the token permits.
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
