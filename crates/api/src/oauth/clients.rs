//! `/oauth/clients`: the programs that may ask the workspace's people. A secret is shown once.

use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{NewOauthClient, OauthClient, OauthClientChange, RenewOauthSecretError, Secret};
use utoipa::ToSchema;
use uuid::Uuid;

use super::redirect_uri::RedirectUri;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Created, Envelope, Json, Nothing, Path, Text, created, done, id, ok, words};
use crate::scope::Scopes;

/// Redirect URIs that a client can have.
const MOST_REDIRECT_URIS: usize = 16;
/// Scopes that a client can have.
const MOST_SCOPES: usize = 64;

words! {
    /// Whether a client can keep a secret.
    pub(super) enum ClientType {
        /// It runs where its users do not: it gets a secret.
        Confidential = "confidential",
        /// It runs on the machine or in the browser of its user: it gets none.
        Public = "public",
    }
}

/// An OAuth client.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "client_uuid": "0198c5a2-6f0e-7c51-9d3a-0c6f6d1b2a34",
    "name": "Shop",
    "type": "confidential",
    "redirect_uris": ["https://shop.example/oauth/callback"],
    "scopes": ["calls:*", "contacts:read"],
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:00Z",
}))]
pub(super) struct Client {
    /// Identifies the client: its `client_id`.
    client_uuid: Uuid,
    /// What people are told that it is called.
    name: String,
    /// Whether it has a secret.
    r#type: ClientType,
    /// Where people may be sent back to.
    redirect_uris: Vec<String>,
    /// The most that it may ask for.
    scopes: Vec<String>,
    /// When it was registered.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
    /// The secret that it was just given. It is told this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    client_secret: Option<String>,
}

/// A client to be registered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewOauthClient)]
pub(super) struct NewClient {
    /// What people are told that it is called.
    name: Text<1, 255>,
    /// Whether it can keep a secret; `confidential` if left out.
    r#type: Option<ClientType>,
    /// Where people may be sent back to: `https` URIs, or `http` ones of 127.0.0.1, `[::1]` or
    /// localhost. They are compared character by character; only a loopback address without a port
    /// stands for every port.
    #[schema(min_items = 1, max_items = 16)]
    redirect_uris: Vec<String>,
    /// The most that it may ask for, such as `calls:read`, `contacts:*` or `*`.
    #[schema(min_items = 1, max_items = 64)]
    scopes: Vec<String>,
}

/// What to change in a client.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = OauthClientChange)]
pub(super) struct ClientChange {
    /// Another name.
    name: Option<Text<1, 255>>,
    /// Other redirect URIs, in place of all.
    #[schema(min_items = 1, max_items = 16)]
    redirect_uris: Option<Vec<String>>,
    /// Other scopes, in place of all. What was granted before stays granted.
    #[schema(min_items = 1, max_items = 64)]
    scopes: Option<Vec<String>>,
}

/// All OAuth clients
///
/// Oldest first.
#[utoipa::path(
    get, path = "/oauth/clients", operation_id = "list_oauth_clients", tag = "oauth",
    security(("token" = ["oauth:read"])),
    responses((status = 200, description = "The clients.", body = Envelope<Vec<Client>>)),
)]
pub(super) async fn list(caller: Caller) -> Result<Envelope<Vec<Client>>, ApiError> {
    let clients = caller.store.oauth_clients().await;
    let clients = clients.map_err(|error| ApiError::internal("list OAuth clients", &error))?;
    let clients = clients.into_iter().map(|client| view(client, None));
    Ok(ok("Clients retrieved successfully", clients.collect()))
}

/// Registers an OAuth client
///
/// Its secret, if it is to have one, is in this answer and never again.
#[utoipa::path(
    post, path = "/oauth/clients", operation_id = "create_oauth_client", tag = "oauth",
    security(("token" = ["oauth:write"])),
    request_body(content = NewClient, example = json!({
        "name": "Shop",
        "redirect_uris": ["https://shop.example/oauth/callback"],
        "scopes": ["calls:*", "contacts:read"],
    })),
    responses((status = 201, description = "The client with its secret.",
        body = Envelope<Client>)),
)]
pub(super) async fn create(
    caller: Caller,
    Json(body): Json<NewClient>,
) -> Result<Created<Client>, ApiError> {
    let new = NewOauthClient {
        name: body.name.0,
        redirect_uris: redirect_uris(&body.redirect_uris)?,
        scopes: scopes(&body.scopes)?,
        is_confidential: body.r#type != Some(ClientType::Public),
    };
    let made = caller.store.register_oauth_client(&new, clock::now()).await;
    let made = made.map_err(|error| ApiError::internal("register an OAuth client", &error))?;
    Ok(created(
        "Client created successfully",
        view(made.client, made.secret),
    ))
}

/// One OAuth client
#[utoipa::path(
    get, path = "/oauth/clients/{client_uuid}", operation_id = "show_oauth_client", tag = "oauth",
    security(("token" = ["oauth:read"])),
    params(("client_uuid" = Uuid, Path, description = "The client.")),
    responses(
        (status = 200, description = "The client.", body = Envelope<Client>),
        (status = 404, description = "`OAUTH_CLIENT_NOT_FOUND`: There is no such client.",
            body = ErrorBody),
    ),
)]
pub(super) async fn show(
    caller: Caller,
    Path(client): Path<String>,
) -> Result<Envelope<Client>, ApiError> {
    let client = caller
        .store
        .oauth_client(id(&client, unknown_client)?)
        .await;
    let client = client.map_err(|error| ApiError::internal("show an OAuth client", &error))?;
    let client = client.ok_or_else(unknown_client)?;
    Ok(ok("Client retrieved successfully", view(client, None)))
}

/// Changes an OAuth client
///
/// What people have granted it stays as it is.
#[utoipa::path(
    patch, path = "/oauth/clients/{client_uuid}", operation_id = "update_oauth_client",
    tag = "oauth", security(("token" = ["oauth:write"])),
    params(("client_uuid" = Uuid, Path, description = "The client.")),
    request_body(content = ClientChange, example = json!({
        "redirect_uris": ["https://shop.example/callback"],
    })),
    responses(
        (status = 200, description = "The client as it is now.", body = Envelope<Client>),
        (status = 404, description = "`OAUTH_CLIENT_NOT_FOUND`: There is no such client.",
            body = ErrorBody),
    ),
)]
pub(super) async fn update(
    caller: Caller,
    Path(client): Path<String>,
    Json(body): Json<ClientChange>,
) -> Result<Envelope<Client>, ApiError> {
    let client = id(&client, unknown_client)?;
    let change = OauthClientChange {
        name: body.name.map(|name| name.0),
        redirect_uris: body
            .redirect_uris
            .as_deref()
            .map(redirect_uris)
            .transpose()?,
        scopes: body.scopes.as_deref().map(scopes).transpose()?,
    };
    let changed = caller
        .store
        .change_oauth_client(client, &change, clock::now())
        .await;
    let changed = changed.map_err(|error| ApiError::internal("change an OAuth client", &error))?;
    let changed = changed.ok_or_else(unknown_client)?;
    Ok(ok("Client updated successfully", view(changed, None)))
}

/// Gives an OAuth client a new secret
///
/// It is in this answer and never again; the one before is refused from now on. Tokens stay good.
#[utoipa::path(
    post, path = "/oauth/clients/{client_uuid}/secret", operation_id = "renew_oauth_client_secret",
    tag = "oauth", security(("token" = ["oauth:write"])),
    params(("client_uuid" = Uuid, Path, description = "The client.")),
    responses(
        (status = 200, description = "The client with its secret.", body = Envelope<Client>),
        (status = 404, description = "`OAUTH_CLIENT_NOT_FOUND`: There is no such client.",
            body = ErrorBody),
        (status = 409, description = "`OAUTH_CLIENT_PUBLIC`: A public client has no secret.",
            body = ErrorBody),
    ),
)]
pub(super) async fn renew_secret(
    caller: Caller,
    Path(client): Path<String>,
) -> Result<Envelope<Client>, ApiError> {
    let client = id(&client, unknown_client)?;
    let renewed = caller.store.renew_oauth_secret(client, clock::now()).await;
    let renewed = renewed.map_err(|error| match error {
        RenewOauthSecretError::Unknown => unknown_client(),
        RenewOauthSecretError::Public => ApiError::new(
            StatusCode::CONFLICT,
            "OAUTH_CLIENT_PUBLIC",
            "A public client has no secret.",
            "Register a confidential client for a program that can keep one.",
        ),
        RenewOauthSecretError::Store(error) => {
            ApiError::internal("renew the secret of an OAuth client", &error)
        }
    })?;
    Ok(ok(
        "Client secret renewed successfully",
        view(renewed.client, renewed.secret),
    ))
}

/// Deletes an OAuth client
///
/// All that was granted to it goes with it: its tokens open nothing from then on.
#[utoipa::path(
    delete, path = "/oauth/clients/{client_uuid}", operation_id = "delete_oauth_client",
    tag = "oauth", security(("token" = ["oauth:write"])),
    params(("client_uuid" = Uuid, Path, description = "The client.")),
    responses(
        (status = 200, description = "It is gone.", body = Envelope<Nothing>),
        (status = 404, description = "`OAUTH_CLIENT_NOT_FOUND`: There is no such client.",
            body = ErrorBody),
    ),
)]
pub(super) async fn delete(
    caller: Caller,
    Path(client): Path<String>,
) -> Result<Envelope<Nothing>, ApiError> {
    let client = id(&client, unknown_client)?;
    let deleted = caller.store.delete_oauth_client(client).await;
    if deleted.map_err(|error| ApiError::internal("delete an OAuth client", &error))? {
        Ok(done("Client deleted successfully"))
    } else {
        Err(unknown_client())
    }
}

fn redirect_uris(asked: &[String]) -> Result<Vec<String>, ApiError> {
    if !(1..=MOST_REDIRECT_URIS).contains(&asked.len()) {
        let expected = format!("1 to {MOST_REDIRECT_URIS} redirect URIs");
        return Err(ApiError::invalid("redirect_uris", expected));
    }
    for (index, uri) in asked.iter().enumerate() {
        RedirectUri::parse(uri)
            .map_err(|problem| ApiError::invalid(format!("redirect_uris[{index}]"), problem))?;
    }
    Ok(asked.to_vec())
}

fn scopes(asked: &[String]) -> Result<Vec<String>, ApiError> {
    if !(1..=MOST_SCOPES).contains(&asked.len()) {
        let expected = format!("1 to {MOST_SCOPES} scopes");
        return Err(ApiError::invalid("scopes", expected));
    }
    let scopes = Scopes::parse(asked.iter().map(String::as_str));
    let scopes = scopes.map_err(|problem| ApiError::invalid("scopes", problem))?;
    Ok(scopes.as_slice().to_vec())
}

fn unknown_client() -> ApiError {
    ApiError::not_found(
        "OAUTH_CLIENT_NOT_FOUND",
        "There is no such client.",
        "GET /api/v1/oauth/clients lists all of them.",
    )
}

fn view(client: OauthClient, secret: Option<Secret>) -> Client {
    Client {
        client_uuid: client.id,
        name: client.name,
        r#type: if client.is_confidential {
            ClientType::Confidential
        } else {
            ClientType::Public
        },
        redirect_uris: client.redirect_uris,
        scopes: client.scopes,
        created_at: client.created_at,
        updated_at: client.updated_at,
        client_secret: secret.map(|secret| secret.expose().to_owned()),
    }
}
