//! `/whatsapp/accounts`: the numbers that messages are sent from. Their tokens are never shown.

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{
    NewWhatsappAccount, SaveWhatsappAccountError, Secret, WhatsappAccount, WhatsappAccountChange,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{Created, Envelope, Json, Nothing, Path, Text, created, done, id, ok};
use crate::state::ApiState;

/// A number of a WhatsApp Business account.
#[derive(Serialize, ToSchema)]
#[schema(as = WhatsappAccount, example = json!({
    "uuid": "0198c5a2-7420-7e04-9e12-5f7b9c1d3e04",
    "name": "Shop",
    "phone_number": "+14155550100",
    "phone_number_id": "106540352242922",
    "waba_id": "102290129340398",
    "has_access_token": true,
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:00Z",
}))]
pub(super) struct Account {
    /// Identifies the account.
    uuid: Uuid,
    /// What it is called.
    name: String,
    /// E.164 number that messages come from.
    #[schema(required)]
    phone_number: Option<String>,
    /// Meta's id of that number.
    phone_number_id: String,
    /// Meta's id of the business account.
    waba_id: String,
    /// Always true; the token itself is never shown.
    has_access_token: bool,
    /// When it was added.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

/// An account to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewWhatsappAccount)]
pub(super) struct NewAccount {
    /// What it is called.
    name: Text<1, 255>,
    /// E.164 number that messages come from.
    #[schema(max_length = 64)]
    phone_number: Option<String>,
    /// Meta's id of that number: digits.
    #[schema(value_type = String, min_length = 1, max_length = 64, pattern = "^[0-9]+$")]
    phone_number_id: Text<1, 64>,
    /// Meta's id of the business account: digits.
    #[schema(value_type = String, min_length = 1, max_length = 64, pattern = "^[0-9]+$")]
    waba_id: Text<1, 64>,
    /// Opens Meta's API; a token of a system user with `whatsapp_business_messaging` and
    /// `whatsapp_business_management`.
    #[schema(value_type = String, min_length = 1, max_length = 1024, pattern = "^[!-~]+$")]
    access_token: Text<1, 1024>,
}

/// An account that changes; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = WhatsappAccountChange)]
pub(super) struct Change {
    /// Another name.
    name: Option<Text<1, 255>>,
    /// Another number.
    #[schema(max_length = 64)]
    phone_number: Option<String>,
    /// Another token.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1024, pattern = "^[!-~]+$")]
    access_token: Option<Text<1, 1024>>,
}

/// All WhatsApp accounts
#[utoipa::path(
    get, path = "/whatsapp/accounts", operation_id = "list_whatsapp_accounts", tag = "whatsapp",
    security(("token" = ["whatsapp:read"])),
    responses((status = 200, description = "The accounts, the oldest first.",
        body = Envelope<Vec<Account>>)),
)]
pub(super) async fn list(caller: Caller) -> Result<Envelope<Vec<Account>>, ApiError> {
    let accounts = caller.store.whatsapp_accounts().await;
    let accounts = accounts.map_err(|error| ApiError::internal("list accounts", &error))?;
    let accounts = accounts.into_iter().map(view).collect();
    Ok(ok("Accounts retrieved successfully", accounts))
}

/// Adds a WhatsApp account
///
/// Messages are sent from the oldest account of the business account that their template belongs
/// to.
#[utoipa::path(
    post, path = "/whatsapp/accounts", operation_id = "add_whatsapp_account", tag = "whatsapp",
    security(("token" = ["whatsapp:write"])),
    request_body(content = NewAccount, example = json!({
        "name": "Shop",
        "phone_number": "+14155550100",
        "phone_number_id": "106540352242922",
        "waba_id": "102290129340398",
        "access_token": "EAAJB...",
    })),
    responses(
        (status = 201, description = "The account.", body = Envelope<Account>),
        (status = 409, description = "`WHATSAPP_ACCOUNT_EXISTS`: The workspace has an account with \
            this `phone_number_id`.", body = ErrorBody),
    ),
)]
pub(super) async fn add(
    State(state): State<ApiState>,
    caller: Caller,
    Json(body): Json<NewAccount>,
) -> Result<Created<Account>, ApiError> {
    let new = NewWhatsappAccount {
        name: body.name.0,
        phone_number: number(&state, body.phone_number.as_deref())?,
        phone_number_id: digits("phone_number_id", body.phone_number_id.0)?,
        waba_id: digits("waba_id", body.waba_id.0)?,
        access_token: token(body.access_token.0)?,
    };
    let added = caller.store.add_whatsapp_account(&new, clock::now()).await;
    let added = added.map_err(|error| match error {
        SaveWhatsappAccountError::Taken => ApiError::new(
            StatusCode::CONFLICT,
            "WHATSAPP_ACCOUNT_EXISTS",
            "The workspace has an account with this `phone_number_id`.",
            "Change it with PATCH, or remove it first.",
        ),
        SaveWhatsappAccountError::Store(error) => ApiError::internal("add an account", &error),
    })?;
    Ok(created("Account added successfully", view(added)))
}

/// Changes a WhatsApp account
///
/// What is left out stays.
#[utoipa::path(
    patch, path = "/whatsapp/accounts/{account_uuid}", operation_id = "change_whatsapp_account",
    tag = "whatsapp", security(("token" = ["whatsapp:write"])),
    params(("account_uuid" = Uuid, Path, description = "The account.")),
    request_body(content = Change, example = json!({ "access_token": "EAAJB..." })),
    responses(
        (status = 200, description = "The account as it is now.", body = Envelope<Account>),
        (status = 404, description = "`WHATSAPP_ACCOUNT_NOT_FOUND`: There is no such account.",
            body = ErrorBody),
    ),
)]
pub(super) async fn change(
    State(state): State<ApiState>,
    caller: Caller,
    Path(account): Path<String>,
    Json(body): Json<Change>,
) -> Result<Envelope<Account>, ApiError> {
    let account = id(&account, unknown_account)?;
    let change = WhatsappAccountChange {
        name: body.name.map(|name| name.0),
        phone_number: number(&state, body.phone_number.as_deref())?,
        access_token: body.access_token.map(|text| token(text.0)).transpose()?,
    };
    let changed = caller
        .store
        .change_whatsapp_account(account, &change, clock::now())
        .await;
    let changed = changed.map_err(|error| ApiError::internal("change an account", &error))?;
    let changed = changed.ok_or_else(unknown_account)?;
    Ok(ok("Account updated successfully", view(changed)))
}

/// Removes a WhatsApp account
///
/// With its token. Templates stay, and can not be sent without an account.
#[utoipa::path(
    delete, path = "/whatsapp/accounts/{account_uuid}", operation_id = "remove_whatsapp_account",
    tag = "whatsapp", security(("token" = ["whatsapp:write"])),
    params(("account_uuid" = Uuid, Path, description = "The account.")),
    responses(
        (status = 200, description = "It is gone.", body = Envelope<Nothing>),
        (status = 404, description = "`WHATSAPP_ACCOUNT_NOT_FOUND`: There is no such account.",
            body = ErrorBody),
    ),
)]
pub(super) async fn remove(
    caller: Caller,
    Path(account): Path<String>,
) -> Result<Envelope<Nothing>, ApiError> {
    let account = id(&account, unknown_account)?;
    let removed = caller.store.remove_whatsapp_account(account).await;
    if removed.map_err(|error| ApiError::internal("remove an account", &error))? {
        Ok(done("Account removed successfully"))
    } else {
        Err(unknown_account())
    }
}

fn unknown_account() -> ApiError {
    ApiError::not_found(
        "WHATSAPP_ACCOUNT_NOT_FOUND",
        "There is no such account.",
        "GET /api/v1/whatsapp/accounts lists all of them.",
    )
}

fn number(state: &ApiState, text: Option<&str>) -> Result<Option<String>, ApiError> {
    text.map(|text| state.numbers.read("phone_number", text))
        .transpose()
}

/// Meta's ids become parts of paths.
fn digits(field: &str, text: String) -> Result<String, ApiError> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text);
    }
    Err(ApiError::invalid(field, "digits, as Meta shows them"))
}

fn token(text: String) -> Result<Secret, ApiError> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Secret::new(text));
    }
    let expected = "a token: visible ASCII characters without spaces";
    Err(ApiError::invalid("access_token", expected))
}

fn view(account: WhatsappAccount) -> Account {
    Account {
        uuid: account.id,
        name: account.name,
        phone_number: account.phone_number,
        phone_number_id: account.phone_number_id,
        waba_id: account.waba_id,
        has_access_token: true,
        created_at: account.created_at,
        updated_at: account.updated_at,
    }
}
