//! `/oauth/revoke`: a client gives a token back (RFC 7009).

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use store::OauthRevocation;
use utoipa::ToSchema;

use super::client_authentication::authenticate;
use super::error::{OauthError, OauthErrorBody, never_kept};
use super::parameters::read_form;
use crate::peer::Peer;
use crate::state::ApiState;

/// What a client sends to give a token back.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents a form, which is read by its names")]
pub(super) struct RevocationForm {
    /// An access or a refresh token.
    token: String,
    /// `access_token` or `refresh_token`; what it is can be told without.
    #[schema(nullable = false)]
    token_type_hint: Option<String>,
    /// The client, unless HTTP Basic says so.
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// Its secret, unless HTTP Basic says so or it has none.
    #[schema(nullable = false)]
    client_secret: Option<String>,
}

/// An empty object: there is nothing to say.
#[derive(Serialize, ToSchema)]
pub(super) struct TakenBack {}

/// Takes a token back
///
/// An access token alone; with a refresh token all that was granted with it. A token that opens
/// nothing is answered like one that did. Also at `/oauth/revoke`. Parameters that are unknown are
/// passed over.
#[utoipa::path(
    post, path = "/oauth/revoke", operation_id = "revoke_oauth_token", tag = "oauth",
    request_body(content = RevocationForm, content_type = "application/x-www-form-urlencoded",
        example = json!("token=mihu_refresh_m3Kd9f2C…&\
            client_id=0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34")),
    responses(
        (status = 200, description = "It opens nothing any more.", body = TakenBack),
        (status = 400, description = "`invalid_request`, or `invalid_grant` if the token is \
            another client's.", body = OauthErrorBody),
        (status = 401, description = "`invalid_client`.", body = OauthErrorBody),
        (status = 429, description = "`temporarily_unavailable`: too many requests.",
            body = OauthErrorBody),
        (status = 500, description = "`server_error`.", body = OauthErrorBody),
    ),
)]
pub(super) async fn take_back(
    State(state): State<ApiState>,
    peer: Option<Extension<Peer>>,
    request: Request,
) -> Result<Response, OauthError> {
    let now = state.clock.now();
    let peer = peer.map(|Extension(peer)| peer);
    let taken = state.limits.take_oauth(peer, now);
    taken.map_err(OauthError::too_many)?;
    let (parts, form) = read_form(request, &state).await?;
    let client = authenticate(&state, &parts.headers, &form, peer, now).await?;
    let token = form.one("token")?;
    let token = token.ok_or_else(|| OauthError::invalid_request("token is missing"))?;
    let store = state.store.in_workspace(&client.workspace);
    let revoked = store.revoke_oauth_token(client.id, token, now.wall).await;
    match revoked.map_err(|error| OauthError::internal("revoke an OAuth token", &error))? {
        OauthRevocation::Done => {}
        OauthRevocation::Foreign => {
            return Err(OauthError::invalid_grant("the token is another client's"));
        }
    }
    let mut response = Json(TakenBack {}).into_response();
    never_kept(response.headers_mut());
    Ok(response)
}
