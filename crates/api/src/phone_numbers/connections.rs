//! `/channels/sip-trunk/connections`: the carriers that calls leave through. What opens them is
//! never shown.

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{
    NewPhoneNumber, NewSipConnection, Secret, SipConnection, SipConnectionChange, SipGateway,
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{gateway, not_saved, unknown_connection};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Change, Created, Envelope, Items, Json, Nothing, Paging, Path, Query, Text, created, done, id,
    ok,
};
use crate::number::country_of;
use crate::state::ApiState;

/// A carrier that calls leave through.
#[derive(Serialize, ToSchema)]
#[schema(as = SipConnection, example = json!({
    "uuid": "0198c5a2-7420-7e04-9e12-5f7b9c1d3e06",
    "name": "Carrier",
    "phone_number_uuid": "0198c5a2-7420-7e04-9e12-5f7b9c1d3e05",
    "phone_number": "+1 (415) 555-0100",
    "gateway": "sip.carrier.example",
    "secondary_gateway": "sip2.carrier.example:5080",
    "status": "unverified",
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:00Z",
}))]
pub(super) struct Connection {
    /// Identifies the connection.
    uuid: Uuid,
    /// What it is called.
    name: String,
    /// Its number among the workspace's.
    phone_number_uuid: Uuid,
    /// Its number, as it was given.
    phone_number: String,
    /// Where calls leave.
    gateway: String,
    /// Where they leave when that can not be reached.
    #[schema(required)]
    secondary_gateway: Option<String>,
    /// What the last call came to that left through it: `active`, a gateway has answered it;
    /// `failing`, none was reached or it took neither user nor password; `unverified`, there was
    /// none since it was made or its gateways changed.
    status: String,
    /// When it was added.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

/// A carrier to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewSipConnection)]
pub(super) struct NewConnection {
    /// What it is called.
    name: Text<1, 255>,
    /// The number that the carrier has given: who calls, and what is called. It is kept as it is
    /// given; spaces and `- ( ) . /` may stand in it.
    phone_number: Text<1, 32>,
    /// A host name or an IP address, with `:PORT` behind it or without.
    gateway: Text<1, 255>,
    /// User of digest authentication.
    username: Text<1, 255>,
    /// Its password. It is never shown.
    password: Text<1, 255>,
    /// Where calls leave when the gateway can not be reached or fails.
    secondary_gateway: Option<Text<1, 255>>,
}

/// A carrier that changes; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = SipConnectionChange)]
pub(super) struct ConnectionChange {
    /// Another name.
    name: Option<Text<1, 255>>,
    /// Another host name or IP address, with `:PORT` behind it or without.
    gateway: Option<Text<1, 255>>,
    /// Another user.
    username: Option<Text<1, 255>>,
    /// Another password.
    password: Option<Text<1, 255>>,
    /// Another second gateway; null for none.
    #[serde(default)]
    secondary_gateway: Change<Text<1, 255>>,
}

/// All SIP connections
///
/// In pages, the newest first.
#[utoipa::path(
    get, path = "/channels/sip-trunk/connections", operation_id = "list_sip_connections",
    tag = "channels", security(("token" = ["channels:read"])),
    params(Paging),
    responses((status = 200, description = "A page of connections.",
        body = Envelope<Items<Connection>>)),
)]
pub(super) async fn list(
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Items<Connection>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let page = caller
        .store
        .sip_connections(paging.page, paging.per_page)
        .await;
    let page = page.map_err(|error| ApiError::internal("list connections", &error))?;
    let views = page.items.into_iter().map(view).collect();
    let page = Items::new(paging, page.total, views);
    Ok(ok("Connections retrieved successfully", page))
}

/// Adds a SIP connection
///
/// Its number becomes one of the workspace's, if it is not yet. Of several connections of a number,
/// calls leave through the newest. Bind it to an agent for that agent's calls to leave through it,
/// and those to its number to reach the agent.
#[utoipa::path(
    post, path = "/channels/sip-trunk/connections", operation_id = "add_sip_connection",
    tag = "channels", security(("token" = ["channels:write"])),
    request_body(content = NewConnection, example = json!({
        "name": "Carrier",
        "phone_number": "+1 (415) 555-0100",
        "gateway": "sip.carrier.example",
        "username": "account",
        "password": "a long password",
        "secondary_gateway": "sip2.carrier.example:5080",
    })),
    responses(
        (status = 201, description = "The connection.", body = Envelope<Connection>),
        (status = 409, description = "`PHONE_NUMBER_TAKEN`: The number can not be used here.",
            body = ErrorBody),
    ),
)]
pub(super) async fn add(
    State(state): State<ApiState>,
    caller: Caller,
    Json(body): Json<NewConnection>,
) -> Result<Created<Connection>, ApiError> {
    let number = state.numbers.read("phone_number", &body.phone_number.0)?;
    let secondary = body.secondary_gateway;
    let new = NewSipConnection {
        number: NewPhoneNumber {
            country_code: country_of(&number),
            number,
            name: body.name.0.clone(),
            direction: "both",
            ani_format: None,
        },
        name: body.name.0,
        phone_number: body.phone_number.0,
        gateway: SipGateway {
            gateway: gateway::gateway("gateway", body.gateway.0)?,
            port: None,
            secondary_gateway: secondary
                .map(|text| gateway::gateway("secondary_gateway", text.0))
                .transpose()?,
            username: Some(gateway::username("username", body.username.0)?),
            password: Some(Secret::new(body.password.0)),
        },
    };
    let added = caller.store.add_sip_connection(&new, clock::now()).await;
    let added = added.map_err(not_saved)?;
    Ok(created("Connection added successfully", view(added)))
}

/// One SIP connection
#[utoipa::path(
    get, path = "/channels/sip-trunk/connections/{connection_uuid}",
    operation_id = "show_sip_connection", tag = "channels",
    security(("token" = ["channels:read"])),
    params(("connection_uuid" = Uuid, Path, description = "The connection.")),
    responses(
        (status = 200, description = "The connection.", body = Envelope<Connection>),
        (status = 404, description = "`SIP_CONNECTION_NOT_FOUND`: There is no such connection.",
            body = ErrorBody),
    ),
)]
pub(super) async fn show(
    caller: Caller,
    Path(connection): Path<String>,
) -> Result<Envelope<Connection>, ApiError> {
    let found = find(&caller, &connection).await?;
    Ok(ok("Connection retrieved successfully", view(found)))
}

/// Changes a SIP connection
///
/// What is left out stays. The next call goes by what it is then.
#[utoipa::path(
    patch, path = "/channels/sip-trunk/connections/{connection_uuid}",
    operation_id = "change_sip_connection", tag = "channels",
    security(("token" = ["channels:write"])),
    params(("connection_uuid" = Uuid, Path, description = "The connection.")),
    request_body(content = ConnectionChange, example = json!({ "gateway": "sip3.carrier.example" })),
    responses(
        (status = 200, description = "The connection as it is now.", body = Envelope<Connection>),
        (status = 404, description = "`SIP_CONNECTION_NOT_FOUND`: There is no such connection.",
            body = ErrorBody),
    ),
)]
pub(super) async fn change(
    caller: Caller,
    Path(connection): Path<String>,
    Json(body): Json<ConnectionChange>,
) -> Result<Envelope<Connection>, ApiError> {
    let found = find(&caller, &connection).await?;
    let mut way = found.gateway.clone();
    if let Some(text) = body.gateway {
        way.gateway = gateway::gateway("gateway", text.0)?;
        // A port that a trunk has given belongs to the gateway that it was given with.
        way.port = None;
    }
    if let Some(text) = body.username {
        way.username = Some(gateway::username("username", text.0)?);
    }
    if let Some(text) = body.password {
        way.password = Some(Secret::new(text.0));
    }
    way.secondary_gateway = match body.secondary_gateway {
        Change::Keep => way.secondary_gateway,
        Change::Clear => None,
        Change::Set(text) => Some(gateway::gateway("secondary_gateway", text.0)?),
    };
    if way.username.is_some() != way.password.is_some() {
        let expected = "both `username` and `password`: the connection has had neither so far";
        return Err(ApiError::invalid("username", expected));
    }
    let change = SipConnectionChange {
        name: body.name.map(|name| name.0),
        gateway: (way != found.gateway).then_some(way),
    };
    let changed = caller
        .store
        .change_sip_connection(found.id, &change, clock::now())
        .await;
    let changed = changed.map_err(|error| ApiError::internal("change a connection", &error))?;
    let changed = changed.ok_or_else(unknown_connection)?;
    Ok(ok("Connection updated successfully", view(changed)))
}

/// Removes a SIP connection
///
/// With its password, and the bindings that were made to it. Its number stays, and uses another
/// connection or the trunks of the node where an agent still has it. Calls under way go on.
#[utoipa::path(
    delete, path = "/channels/sip-trunk/connections/{connection_uuid}",
    operation_id = "remove_sip_connection", tag = "channels",
    security(("token" = ["channels:write"])),
    params(("connection_uuid" = Uuid, Path, description = "The connection.")),
    responses(
        (status = 200, description = "It is gone.", body = Envelope<Nothing>),
        (status = 404, description = "`SIP_CONNECTION_NOT_FOUND`: There is no such connection.",
            body = ErrorBody),
    ),
)]
pub(super) async fn remove(
    caller: Caller,
    Path(connection): Path<String>,
) -> Result<Envelope<Nothing>, ApiError> {
    let connection = id(&connection, unknown_connection)?;
    let removed = caller.store.remove_sip_connection(connection).await;
    if removed.map_err(|error| ApiError::internal("remove a connection", &error))? {
        Ok(done("Connection removed successfully"))
    } else {
        Err(unknown_connection())
    }
}

async fn find(caller: &Caller, connection: &str) -> Result<SipConnection, ApiError> {
    let connection = id(connection, unknown_connection)?;
    let found = caller.store.sip_connection(connection).await;
    let found = found.map_err(|error| ApiError::internal("find a connection", &error))?;
    found.ok_or_else(unknown_connection)
}

fn view(connection: SipConnection) -> Connection {
    let SipGateway {
        gateway,
        port,
        secondary_gateway,
        ..
    } = connection.gateway;
    Connection {
        uuid: connection.id,
        name: connection.name,
        phone_number_uuid: connection.number,
        phone_number: connection.phone_number,
        gateway: match port {
            Some(port) => format!("{gateway}:{port}"),
            None => gateway,
        },
        secondary_gateway,
        status: connection.state,
        created_at: connection.created_at,
        updated_at: connection.updated_at,
    }
}
