//! `/phone-numbers`: the numbers of the workspace.

use axum::extract::State;
use phonenumber::country;
use serde::Deserialize;
use store::{NumberCapacity, PhoneNumber, StoreError};
use utoipa::ToSchema;

use super::unknown_number;
use super::view::{self, ChannelSnapshot, Number};
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Change, Envelope, Items, Json, Nothing, Object, Paging, Path, Query, Text, Whole, done, id, ok,
};
use crate::state::ApiState;

type Limit = Whole<1, 10_000>;

/// What a number may carry; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = PhoneNumberChange)]
pub(super) struct NumberChange {
    /// Its channels.
    #[schema(value_type = SettingsChange)]
    channel_settings: Object<SettingsChange>,
}

/// The channels of a number that change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = ChannelSettingsChange)]
struct SettingsChange {
    /// Calls that leave by it.
    #[schema(value_type = Option<OutgoingChange>)]
    voice: Option<Object<OutgoingChange>>,
    /// Calls to it.
    #[schema(value_type = Option<IncomingChange>)]
    inbound: Option<Object<IncomingChange>>,
}

/// Calls that leave by a number; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = OutgoingChannelChange)]
struct OutgoingChange {
    /// Whether any may.
    enabled: Option<bool>,
    /// How many at once; null for as many as the node takes.
    #[serde(default)]
    channel_limit: Change<Limit>,
    /// Two-letter codes of the countries that may be called; empty for all.
    #[schema(max_items = 250)]
    whitelisted_destinations: Option<Vec<Text<2, 2>>>,
}

/// Calls to a number; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = IncomingChannelChange)]
struct IncomingChange {
    /// Whether they are taken.
    enabled: Option<bool>,
    /// How many at once; null for as many as the node takes.
    #[serde(default)]
    channel_limit: Change<Limit>,
}

/// All telephone numbers
///
/// In pages, the newest first. They are those that were brought: this node buys none.
#[utoipa::path(
    get, path = "/phone-numbers", operation_id = "list_phone_numbers", tag = "channels",
    security(("token" = ["channels:read"])),
    params(Paging),
    responses((status = 200, description = "A page of numbers.", body = Envelope<Items<Number>>)),
)]
pub(super) async fn list(
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Items<Number>>, ApiError> {
    let paging = Paging::take(&mut query)?;
    let page = page(&caller, paging).await;
    let page = page.map_err(|error| ApiError::internal("list numbers", &error))?;
    Ok(ok("Phone numbers retrieved successfully", page))
}

/// One telephone number
#[utoipa::path(
    get, path = "/phone-numbers/{phone_number_uuid}", operation_id = "show_phone_number",
    tag = "channels", security(("token" = ["channels:read"])),
    params(("phone_number_uuid" = Uuid, Path, description = "The number.")),
    responses(
        (status = 200, description = "The number.", body = Envelope<Number>),
        (status = 404, description = "`PHONE_NUMBER_NOT_FOUND`: There is no such number.",
            body = ErrorBody),
    ),
)]
pub(super) async fn show(
    caller: Caller,
    Path(number): Path<String>,
) -> Result<Envelope<Number>, ApiError> {
    let number = find(&caller, &number).await?;
    let view = view::number(&caller, number).await;
    let view = view.map_err(|error| ApiError::internal("show a number", &error))?;
    Ok(ok("Phone number retrieved successfully", view))
}

/// Says what a number may carry
///
/// What is left out stays. It holds for calls from now on; those under way go on.
#[utoipa::path(
    patch, path = "/phone-numbers/{phone_number_uuid}", operation_id = "change_phone_number",
    tag = "channels", security(("token" = ["channels:write"])),
    params(("phone_number_uuid" = Uuid, Path, description = "The number.")),
    request_body(content = NumberChange, example = json!({ "channel_settings": {
        "voice": { "channel_limit": 10, "whitelisted_destinations": ["US", "CA"] },
        "inbound": { "channel_limit": 5 },
    } })),
    responses(
        (status = 200, description = "The number as it is now.", body = Envelope<Number>),
        (status = 404, description = "`PHONE_NUMBER_NOT_FOUND`: There is no such number.",
            body = ErrorBody),
    ),
)]
pub(super) async fn change(
    caller: Caller,
    Path(number): Path<String>,
    Json(body): Json<NumberChange>,
) -> Result<Envelope<Number>, ApiError> {
    let number = find(&caller, &number).await?;
    let capacity = changed(number.capacity, body.channel_settings.0)?;
    let changed = caller
        .store
        .set_number_capacity(number.id, &capacity, clock::now())
        .await;
    let changed = changed.map_err(|error| ApiError::internal("change a number", &error))?;
    let view = view::number(&caller, changed.ok_or_else(unknown_number)?).await;
    let view = view.map_err(|error| ApiError::internal("show a number", &error))?;
    Ok(ok("Phone number updated successfully", view))
}

/// Gives a number up
///
/// With its connections and bindings. Calls to it are no longer taken by an agent, and another
/// workspace may bring it. Calls under way go on.
#[utoipa::path(
    post, path = "/phone-numbers/{phone_number_uuid}/release",
    operation_id = "release_phone_number", tag = "channels",
    security(("token" = ["channels:write"])),
    params(("phone_number_uuid" = Uuid, Path, description = "The number.")),
    responses(
        (status = 200, description = "It is given up.", body = Envelope<Nothing>),
        (status = 404, description = "`PHONE_NUMBER_NOT_FOUND`: There is no such number.",
            body = ErrorBody),
    ),
)]
pub(super) async fn release(
    caller: Caller,
    Path(number): Path<String>,
) -> Result<Envelope<Nothing>, ApiError> {
    let number = id(&number, unknown_number)?;
    let released = caller.store.release_phone_number(number).await;
    if released.map_err(|error| ApiError::internal("release a number", &error))? {
        Ok(done("Phone number released successfully"))
    } else {
        Err(unknown_number())
    }
}

/// The channels of a number
#[utoipa::path(
    get, path = "/phone-numbers/{phone_number_uuid}/channels",
    operation_id = "show_number_channels", tag = "channels",
    security(("token" = ["channels:read"])),
    params(("phone_number_uuid" = Uuid, Path, description = "The number.")),
    responses(
        (status = 200, description = "What becomes of it.", body = Envelope<ChannelSnapshot>),
        (status = 404, description = "`PHONE_NUMBER_NOT_FOUND`: There is no such number.",
            body = ErrorBody),
    ),
)]
pub(super) async fn channels(
    caller: Caller,
    Path(number): Path<String>,
) -> Result<Envelope<ChannelSnapshot>, ApiError> {
    let number = find(&caller, &number).await?;
    snapshot(&caller, &number, "Channels retrieved successfully").await
}

/// The channels of a number that is written out
#[utoipa::path(
    get, path = "/phone-numbers/channels", operation_id = "show_channels_of_number",
    tag = "channels", security(("token" = ["channels:read"])),
    params(("number" = String, Query, description = "The number, in any spelling.",
        example = "+14155550100")),
    responses(
        (status = 200, description = "What becomes of it.", body = Envelope<ChannelSnapshot>),
        (status = 404, description = "`PHONE_NUMBER_NOT_FOUND`: There is no such number.",
            body = ErrorBody),
    ),
)]
pub(super) async fn channels_by_number(
    State(state): State<ApiState>,
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<ChannelSnapshot>, ApiError> {
    let text: Option<Text<1, 64>> = query.read("number")?;
    let text = text.ok_or_else(|| ApiError::invalid("number", "the number that is meant"))?;
    let number = state.numbers.read("number", &text.0)?;
    let number = find_called(&caller, &number).await?;
    snapshot(&caller, &number, "Channels retrieved successfully").await
}

/// The workspace's number that is written like this in E.164 form.
pub(super) async fn find_called(caller: &Caller, number: &str) -> Result<PhoneNumber, ApiError> {
    let found = caller.store.phone_number_called(number).await;
    let found = found.map_err(|error| ApiError::internal("find a number", &error))?;
    found.ok_or_else(unknown_number)
}

pub(super) async fn snapshot(
    caller: &Caller,
    number: &PhoneNumber,
    message: &'static str,
) -> Result<Envelope<ChannelSnapshot>, ApiError> {
    let view = view::snapshot(caller, number).await;
    let view = view.map_err(|error| ApiError::internal("show the channels", &error))?;
    Ok(ok(message, view))
}

pub(super) async fn page(caller: &Caller, paging: Paging) -> Result<Items<Number>, StoreError> {
    let page = caller
        .store
        .phone_numbers(paging.page, paging.per_page)
        .await?;
    let mut views = Vec::with_capacity(page.items.len());
    for number in page.items {
        views.push(view::number(caller, number).await?);
    }
    Ok(Items::new(paging, page.total, views))
}

async fn find(caller: &Caller, number: &str) -> Result<PhoneNumber, ApiError> {
    let number = id(number, unknown_number)?;
    let found = caller.store.phone_number(number).await;
    let found = found.map_err(|error| ApiError::internal("find a number", &error))?;
    found.ok_or_else(unknown_number)
}

fn changed(before: NumberCapacity, change: SettingsChange) -> Result<NumberCapacity, ApiError> {
    let mut capacity = before;
    if let Some(Object(voice)) = change.voice {
        capacity.voice_enabled = voice.enabled.unwrap_or(capacity.voice_enabled);
        capacity.voice_limit = voice.channel_limit.map(limit).apply(capacity.voice_limit);
        if let Some(countries) = voice.whitelisted_destinations {
            capacity.destinations = destinations(&countries)?;
        }
    }
    if let Some(Object(inbound)) = change.inbound {
        capacity.inbound_enabled = inbound.enabled.unwrap_or(capacity.inbound_enabled);
        capacity.inbound_limit = inbound
            .channel_limit
            .map(limit)
            .apply(capacity.inbound_limit);
    }
    Ok(capacity)
}

fn limit(limit: Limit) -> u32 {
    u32::try_from(limit.0).unwrap_or(u32::MAX)
}

fn destinations(countries: &[Text<2, 2>]) -> Result<Vec<String>, ApiError> {
    const FIELD: &str = "channel_settings.voice.whitelisted_destinations";
    if countries.len() > 250 {
        return Err(ApiError::invalid(FIELD, "at most 250 countries"));
    }
    let mut codes = Vec::with_capacity(countries.len());
    for (index, Text(code)) in countries.iter().enumerate() {
        let code = code.to_ascii_uppercase();
        if code.parse::<country::Id>().is_err() {
            let expected = "the ISO 3166 two-letter code of a country, such as `US`";
            return Err(ApiError::invalid(format!("{FIELD}[{index}]"), expected));
        }
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    Ok(codes)
}
