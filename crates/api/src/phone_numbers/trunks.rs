//! `/phone-numbers/trunks`: a number, where its calls leave and its agent, as one.

use axum::extract::State;
use serde::Deserialize;
use store::{Binding, NewPhoneNumber, NewTrunk, Secret, Sharing, SipGateway, TrunkChange};
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::{ChannelSnapshot, Number};
use super::{gateway, not_bound, not_saved, owned, unknown_number};
use crate::agents::unknown_agent;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Created, Envelope, Items, Json, Object, Paging, Query, Text, Whole, created, ok, words,
};
use crate::number::country_of;
use crate::state::ApiState;

words! {
    /// What a trunk carries.
    pub(super) enum TrunkChannel {
        /// Calls.
        Call = "call",
    }
}

words! {
    /// Which calls a trunk is for.
    pub(super) enum TrunkDirection {
        /// Those to the number.
        Inbound = "inbound",
        /// Those that leave by it.
        Outbound = "outbound",
        /// All of them.
        Both = "both",
    }
}

words! {
    /// How a number is written as a caller id.
    pub(super) enum AniFormat {
        /// With its leading `+`.
        E164 = "e164",
        /// Without it.
        Digits = "digits",
    }
}

/// A trunk to be registered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewTrunk)]
pub(super) struct NewTrunkBody {
    /// The number; spaces and `- ( ) . /` may stand in it.
    phone_number: Text<1, 32>,
    /// The agent that gets it.
    #[schema(value_type = Uuid)]
    agent_uuid: String,
    /// What it carries: calls. WhatsApp has accounts of its own.
    channel: TrunkChannel,
    /// What it is called; `call_trunk_` and the number's digits if it is left out.
    name: Option<Text<1, 255>>,
    /// Which calls it is for; `both` if it is left out.
    direction: Option<TrunkDirection>,
    /// Where its calls leave; the trunks of the node carry them if it is left out.
    #[schema(value_type = Option<Sip>)]
    sip: Option<Object<Sip>>,
    /// How its calls leave.
    #[schema(value_type = Option<Settings>)]
    additional_settings: Option<Object<Settings>>,
}

/// A trunk that changes; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = TrunkChange)]
pub(super) struct TrunkChangeBody {
    /// The number, in any spelling.
    phone_number: Text<1, 32>,
    /// What it carries: calls.
    channel: TrunkChannel,
    /// What it is called.
    name: Option<Text<1, 255>>,
    /// Which calls it is for.
    direction: Option<TrunkDirection>,
    /// Where its calls leave. An empty text clears a field; without `gateway` nothing is left of
    /// the others, and the trunks of the node carry the calls.
    #[schema(value_type = Option<Sip>)]
    sip: Option<Object<Sip>>,
    /// How its calls leave; these take the place of those that there are.
    #[schema(value_type = Option<Settings>)]
    additional_settings: Option<Object<Settings>>,
}

/// A trunk that gets another agent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = TrunkAssignment)]
pub(super) struct Assignment {
    /// The number, in any spelling.
    phone_number: Text<1, 32>,
    /// What it carries: calls.
    channel: TrunkChannel,
    /// The agent that gets it.
    #[schema(value_type = Uuid)]
    agent_uuid: String,
}

/// Where calls leave.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = TrunkSip)]
struct Sip {
    /// A host name or an IP address, with `:PORT` behind it or without.
    gateway: Option<Text<0, 255>>,
    /// The port of the gateway, where that names none; 5060 if it is left out.
    port: Option<Whole<1, 65_535>>,
    /// User of digest authentication.
    username: Option<Text<0, 255>>,
    /// Its password. It is never shown.
    password: Option<Text<0, 255>>,
    /// Where calls leave when the gateway can not be reached or fails.
    secondary_gateway: Option<Text<0, 255>>,
}

/// How calls leave.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewTrunkSettings)]
struct Settings {
    /// How the number is written as a caller id; `e164` if it is left out.
    ani_format: Option<AniFormat>,
}

/// All trunks
///
/// The numbers that were brought, in pages, the newest first.
#[utoipa::path(
    get, path = "/phone-numbers/trunks", operation_id = "list_trunks", tag = "channels",
    security(("token" = ["channels:read"])),
    params(Paging),
    responses((status = 200, description = "A page of numbers.", body = Envelope<Items<Number>>)),
)]
pub(super) async fn list(
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Items<Number>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let page = owned::page(&caller, paging).await;
    let page = page.map_err(|error| ApiError::internal("list trunks", &error))?;
    Ok(ok("Trunks retrieved successfully", page))
}

/// Registers a trunk
///
/// The number, where its calls leave and its agent come into being together.
#[utoipa::path(
    post, path = "/phone-numbers/trunks", operation_id = "register_trunk", tag = "channels",
    security(("token" = ["channels:write"])),
    request_body(content = NewTrunkBody, example = json!({
        "phone_number": "+14155550100",
        "agent_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
        "channel": "call",
        "direction": "both",
        "sip": { "gateway": "sip.carrier.example", "port": 5060, "username": "account",
            "password": "a long password" },
        "additional_settings": { "ani_format": "digits" },
    })),
    responses(
        (status = 201, description = "What becomes of the number.",
            body = Envelope<ChannelSnapshot>),
        (status = 404, description = "`AGENT_NOT_FOUND`: There is no such agent.",
            body = ErrorBody),
        (status = 409, description = "`PHONE_NUMBER_EXISTS`: The workspace has this number \
            already; `PHONE_NUMBER_TAKEN`: it can not be used here.", body = ErrorBody),
    ),
)]
pub(super) async fn register(
    State(state): State<ApiState>,
    caller: Caller,
    Json(body): Json<NewTrunkBody>,
) -> Result<Created<ChannelSnapshot>, ApiError> {
    let number = state.numbers.read("phone_number", &body.phone_number.0)?;
    let agent = agent(&state, &caller, &body.agent_uuid)?;
    let digits = number.trim_start_matches('+');
    let name = body.name.map(|name| name.0);
    let name = name.unwrap_or_else(|| format!("{}_trunk_{digits}", body.channel.as_str()));
    let direction = body.direction.unwrap_or(TrunkDirection::Both);
    let new = NewTrunk {
        number: NewPhoneNumber {
            country_code: country_of(&number),
            number,
            name,
            direction: direction.as_str(),
            ani_format: ani_format(body.additional_settings),
        },
        phone_number: body.phone_number.0,
        gateway: match body.sip {
            Some(Object(sip)) => merged(None, sip)?,
            None => None,
        },
        agent,
    };
    let added = caller.store.add_trunk(&new, clock::now()).await;
    let added = added.map_err(not_saved)?;
    let snapshot = super::view::snapshot(&caller, &added).await;
    let snapshot = snapshot.map_err(|error| ApiError::internal("show the channels", &error))?;
    Ok(created("Trunk registered successfully", snapshot))
}

/// Changes a trunk
///
/// It is found by its number. What is left out stays.
#[utoipa::path(
    patch, path = "/phone-numbers/trunks", operation_id = "change_trunk", tag = "channels",
    security(("token" = ["channels:write"])),
    request_body(content = TrunkChangeBody, example = json!({
        "phone_number": "+14155550100",
        "channel": "call",
        "direction": "outbound",
        "sip": { "secondary_gateway": "sip2.carrier.example" },
    })),
    responses(
        (status = 200, description = "What becomes of the number.",
            body = Envelope<ChannelSnapshot>),
        (status = 404, description = "`PHONE_NUMBER_NOT_FOUND`: There is no such number.",
            body = ErrorBody),
    ),
)]
pub(super) async fn change(
    State(state): State<ApiState>,
    caller: Caller,
    Json(body): Json<TrunkChangeBody>,
) -> Result<Envelope<ChannelSnapshot>, ApiError> {
    let TrunkChannel::Call = body.channel;
    let number = state.numbers.read("phone_number", &body.phone_number.0)?;
    let number = owned::find_called(&caller, &number).await?;
    let gateway = match body.sip {
        None => None,
        Some(Object(sip)) => {
            let before = caller.store.connection_of_number(number.id).await;
            let before = before.map_err(|error| ApiError::internal("find a connection", &error))?;
            Some(merged(before.map(|before| before.gateway), sip)?)
        }
    };
    let change = TrunkChange {
        name: body.name.map(|name| name.0),
        direction: body.direction.map(TrunkDirection::as_str),
        ani_format: body
            .additional_settings
            .map(|settings| ani_format(Some(settings))),
        gateway,
    };
    let changed = caller
        .store
        .change_trunk(&number, &change, clock::now())
        .await;
    let changed = changed.map_err(|error| ApiError::internal("change a trunk", &error))?;
    let changed = changed.ok_or_else(unknown_number)?;
    owned::snapshot(&caller, &changed, "Trunk updated successfully").await
}

/// Gives a trunk another agent
///
/// Agents that have had the number lose it.
#[utoipa::path(
    put, path = "/phone-numbers/trunks/assign", operation_id = "assign_trunk", tag = "channels",
    security(("token" = ["channels:write"])),
    request_body(content = Assignment, example = json!({
        "phone_number": "+14155550100",
        "channel": "call",
        "agent_uuid": "0198c5a2-5c00-7000-8000-0242ac120002",
    })),
    responses(
        (status = 200, description = "What becomes of the number.",
            body = Envelope<ChannelSnapshot>),
        (status = 404, description = "`PHONE_NUMBER_NOT_FOUND`: There is no such number; \
            `AGENT_NOT_FOUND`: there is no such agent.", body = ErrorBody),
    ),
)]
pub(super) async fn assign(
    State(state): State<ApiState>,
    caller: Caller,
    Json(body): Json<Assignment>,
) -> Result<Envelope<ChannelSnapshot>, ApiError> {
    let TrunkChannel::Call = body.channel;
    let number = state.numbers.read("phone_number", &body.phone_number.0)?;
    let number = owned::find_called(&caller, &number).await?;
    let binding = Binding {
        number: number.id,
        connection: None,
        agent: agent(&state, &caller, &body.agent_uuid)?,
    };
    let bound = caller
        .store
        .bind_number(binding, Sharing::Moved, clock::now())
        .await;
    bound.map_err(|error| not_bound(error, unknown_number))?;
    owned::snapshot(&caller, &number, "Trunk assigned successfully").await
}

fn agent(state: &ApiState, caller: &Caller, text: &str) -> Result<Uuid, ApiError> {
    let id = text.parse();
    let id: Uuid = id.map_err(|_| ApiError::invalid("agent_uuid", "the UUID of an agent"))?;
    let known = state.directory.get(&caller.workspace, id);
    known.map(|_| id).ok_or_else(unknown_agent)
}

fn ani_format(settings: Option<Object<Settings>>) -> Option<&'static str> {
    let Object(settings) = settings?;
    settings.ani_format.map(AniFormat::as_str)
}

/// What becomes of a gateway by what is said of it; nothing when it has no host.
fn merged(before: Option<SipGateway>, sip: Sip) -> Result<Option<SipGateway>, ApiError> {
    let mut way = before.unwrap_or(SipGateway {
        gateway: String::new(),
        port: None,
        secondary_gateway: None,
        username: None,
        password: None,
    });
    if let Some(Text(host)) = sip.gateway {
        way.gateway = match host.trim() {
            "" => return Ok(None),
            _ => gateway::gateway("sip.gateway", host)?,
        };
        way.port = None;
    }
    if way.gateway.is_empty() {
        return Err(ApiError::invalid(
            "sip.gateway",
            "the gateway that calls leave through",
        ));
    }
    if let Some(Whole(port)) = sip.port {
        if gateway::has_port(&way.gateway) {
            let expected = "no port: `gateway` has one";
            return Err(ApiError::invalid("sip.port", expected));
        }
        way.port = u16::try_from(port).ok();
    }
    if let Some(Text(host)) = sip.secondary_gateway {
        way.secondary_gateway = match host.trim() {
            "" => None,
            _ => Some(gateway::gateway("sip.secondary_gateway", host)?),
        };
    }
    let emptied = |text: String| (!text.is_empty()).then_some(text);
    if let Some(Text(user)) = sip.username {
        way.username = emptied(gateway::username("sip.username", user)?);
        if way.username.is_none() {
            way.password = None;
        }
    }
    if let Some(Text(password)) = sip.password {
        way.password = emptied(password).map(Secret::new);
    }
    if way.username.is_some() != way.password.is_some() {
        let expected = "given together with `password`, or neither of them";
        return Err(ApiError::invalid("sip.username", expected));
    }
    Ok(Some(way))
}
