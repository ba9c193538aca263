//! `/.well-known/oauth-authorization-server`: what the node can do, for clients that ask (RFC 8414).

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::scope;
use crate::state::ApiState;

/// How a client may show who it is.
const CLIENT_AUTHENTICATION: &[&str] = &["client_secret_basic", "client_secret_post", "none"];

/// What an authorisation server says of itself.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "issuer": "https://node.example",
    "authorization_endpoint": "https://node.example/api/v1/oauth/authorize",
    "token_endpoint": "https://node.example/api/v1/oauth/token",
    "revocation_endpoint": "https://node.example/api/v1/oauth/revoke",
    "scopes_supported": ["calls:read", "calls:write"],
    "response_types_supported": ["code"],
    "response_modes_supported": ["query"],
    "grant_types_supported": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_methods_supported":
        ["client_secret_basic", "client_secret_post", "none"],
    "revocation_endpoint_auth_methods_supported":
        ["client_secret_basic", "client_secret_post", "none"],
    "code_challenge_methods_supported": ["S256"],
    "authorization_response_iss_parameter_supported": true,
}))]
pub(super) struct ServerMetadata {
    /// Who issues tokens: where the node is reached. It stands in answers as `iss`.
    issuer: String,
    /// Where people are asked.
    authorization_endpoint: String,
    /// Where tokens are issued.
    token_endpoint: String,
    /// Where they are taken back.
    revocation_endpoint: String,
    /// All scopes of single operations. `RESOURCE:*` and `*` stand for several.
    scopes_supported: Vec<String>,
    /// What people's answers are turned into.
    response_types_supported: &'static [&'static str],
    /// How that reaches the client.
    response_modes_supported: &'static [&'static str],
    /// What can be exchanged for tokens.
    grant_types_supported: &'static [&'static str],
    /// How a client shows who it is, for tokens.
    token_endpoint_auth_methods_supported: &'static [&'static str],
    /// The same, to take them back.
    revocation_endpoint_auth_methods_supported: &'static [&'static str],
    /// How the challenge of PKCE is made.
    code_challenge_methods_supported: &'static [&'static str],
    /// Whether answers say who gives them (RFC 9207).
    authorization_response_iss_parameter_supported: bool,
}

/// What OAuth clients need to know of the node
///
/// As RFC 8414 says. No token is needed.
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", operation_id = "show_oauth_metadata",
    tag = "oauth",
    responses((status = 200, description = "The metadata.", body = ServerMetadata)),
)]
pub(super) async fn show(State(state): State<ApiState>) -> Json<ServerMetadata> {
    Json(ServerMetadata {
        issuer: state.issuer(),
        authorization_endpoint: state.link("oauth/authorize"),
        token_endpoint: state.link("oauth/token"),
        revocation_endpoint: state.link("oauth/revoke"),
        scopes_supported: scope::all().map(|(scope, _)| scope).collect(),
        response_types_supported: &["code"],
        response_modes_supported: &["query"],
        grant_types_supported: &["authorization_code", "refresh_token"],
        token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
        revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
        code_challenge_methods_supported: &["S256"],
        authorization_response_iss_parameter_supported: true,
    })
}
