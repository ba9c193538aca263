//! `/whatsapp/templates`.

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{TemplateRecord, TemplateTerms};
use utoipa::ToSchema;
use uuid::Uuid;

use super::filling::{component, places};
use super::refusal::Refusal;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Created, Envelope, Json, Paginator, Paging, Query, Text, created, ok, words,
};
use crate::state::ApiState;

/// Components of a template at most: one of each kind.
const MOST_COMPONENTS: usize = 10;

words! {
    /// What a template is for.
    pub(super) enum Category {
        /// Offers and news.
        Marketing = "MARKETING",
        /// What somebody asked for, such as the state of an order.
        Utility = "UTILITY",
        /// Codes.
        Authentication = "AUTHENTICATION",
    }
}

/// A template of the WhatsApp Business Platform.
#[derive(Serialize, ToSchema)]
#[schema(as = WhatsappTemplate, example = json!({
    "uuid": "0198c5a2-7400-7a02-9c10-3d5f7a9b1c02",
    "name": "order_confirmation",
    "language": "en_US",
    "category": "UTILITY",
    "status": "APPROVED",
    "content": "Hello {{1}}, your order {{2}} is on its way.",
    "components": [{ "type": "BODY", "text": "Hello {{1}}, your order {{2}} is on its way." }],
    "template_id": "594425479261596",
    "waba_id": "102290129340398",
    "phone_number": "+14155550100",
    "type": "whatsapp",
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:00Z",
}))]
pub(super) struct Template {
    /// Identifies the template.
    uuid: Uuid,
    /// Its name.
    name: String,
    /// Its language.
    language: String,
    /// What it is for: `MARKETING`, `UTILITY` or `AUTHENTICATION`.
    category: String,
    /// What Meta says of it: `APPROVED`, `PENDING`, `REJECTED`, `PAUSED` and others.
    status: String,
    /// The text of its body.
    content: String,
    /// Header, body, footer and buttons, as Meta has them.
    #[schema(value_type = Vec<Object>)]
    components: Value,
    /// Meta's id of it.
    template_id: String,
    /// Meta's id of the business account that it belongs to.
    waba_id: String,
    /// E.164 number that it is sent from, as far as it is known.
    #[schema(required)]
    phone_number: Option<String>,
    /// Always `whatsapp`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// When the node first heard of it.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

/// A template to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewWhatsappTemplate)]
pub(super) struct Body {
    /// Small letters, digits and `_`.
    #[schema(value_type = String, min_length = 1, max_length = 512, pattern = "^[a-z0-9_]+$")]
    name: Text<1, 512>,
    /// Its language, such as `en_US`.
    language: Text<2, 15>,
    /// What it is for.
    category: Category,
    /// Meta's id of the business account that it is for; one of the workspace's accounts.
    waba_id: Text<1, 64>,
    /// Header, body, footer and buttons, as Meta takes them.
    #[schema(value_type = Vec<Object>, min_items = 1, max_items = 10)]
    components: Vec<Map<String, Value>>,
}

/// All templates
///
/// In pages, newest first. Meta is asked for them, for every account of the workspace;
/// `refresh=false` shows what it said the last time.
#[utoipa::path(
    get, path = "/whatsapp/templates", operation_id = "list_whatsapp_templates", tag = "whatsapp",
    security(("token" = ["whatsapp:read"])),
    params(
        Paging,
        ("status" = inline(Option<Text<0, 64>>), Query,
            description = "What Meta says of it, such as `APPROVED`."),
        ("refresh" = inline(Option<bool>), Query, description = "Whether Meta is asked; true."),
    ),
    responses(
        (status = 200, description = "A page of templates.",
            body = Envelope<Paginator<Template>>),
        (status = 409, description = "`WHATSAPP_TOKEN_REFUSED`: The token of an account is not \
            accepted.", body = ErrorBody),
        (status = 502, description = "`WHATSAPP_FAILED`: WhatsApp could not be asked, or failed.",
            body = ErrorBody),
    ),
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Paginator<Template>>, ApiError> {
    let internal = |error| ApiError::internal("list templates", &error);
    let paging = Paging::take(&mut query)?;
    let status: Option<Text<0, 64>> = query.read("status")?;
    let status = status.map(|status| status.0);
    let refresh: Option<bool> = query.read("refresh")?;
    if refresh != Some(false) {
        let refreshed = ask_again(&state, &caller).await;
        let pause = state.config.whatsapp.retry_after;
        refreshed.map_err(|refusal| refusal.into_error(pause, "components"))?;
    }
    let accounts = caller.store.whatsapp_accounts().await.map_err(internal)?;
    let number = |waba_id: &str| {
        let account = accounts.iter().find(|account| account.waba_id == waba_id)?;
        account.phone_number.clone()
    };
    let (page, per_page) = (paging.page, paging.per_page);
    let found = caller
        .store
        .whatsapp_templates(status.as_deref(), page, per_page)
        .await;
    let found = found.map_err(internal)?;
    let refresh = refresh.map(|refresh| refresh.to_string());
    let link = state.list_link(
        "whatsapp/templates",
        &[("status", status), ("refresh", refresh)],
    );
    let entries = found.items.into_iter();
    let entries = entries.map(|template| {
        let number = number(&template.waba_id);
        view(template, number)
    });
    let page = Paginator::new(paging, found.total, &link, entries.collect());
    Ok(ok("Templates retrieved successfully", page))
}

/// Notes what Meta says now, business account by business account.
async fn ask_again(state: &ApiState, caller: &Caller) -> Result<(), Refusal> {
    let mut asked: Vec<String> = Vec::new();
    for account in caller.store.whatsapp_accounts().await? {
        if asked.contains(&account.waba_id) {
            continue;
        }
        let listed = state
            .graph
            .templates(&account.access_token, &account.waba_id)
            .await?;
        caller
            .store
            .replace_whatsapp_templates(&account.waba_id, &listed, clock::now())
            .await?;
        asked.push(account.waba_id);
    }
    Ok(())
}

/// Creates a template
///
/// And hands it in to Meta for approval; `status` of the list says what becomes of it.
#[utoipa::path(
    post, path = "/whatsapp/templates", operation_id = "create_whatsapp_template",
    tag = "whatsapp", security(("token" = ["whatsapp:write"])),
    request_body(content = Body, example = json!({
        "name": "order_confirmation",
        "language": "en_US",
        "category": "UTILITY",
        "waba_id": "102290129340398",
        "components": [{
            "type": "BODY",
            "text": "Hello {{1}}, your order {{2}} is on its way.",
            "example": { "body_text": [["Ann", "40235"]] },
        }],
    })),
    responses(
        (status = 201, description = "Meta has it.", body = Envelope<Template>),
        (status = 409, description = "`WHATSAPP_ACCOUNT_MISSING`: The workspace has no account \
            with this `waba_id`; `WHATSAPP_TOKEN_REFUSED`: the account's token is not accepted.",
            body = ErrorBody),
        (status = 422, description = "`WHATSAPP_INVALID_PARAMETER`: WhatsApp does not take such a \
            template; `VALIDATION_FAILED`: a field can not be used.", body = ErrorBody),
        (status = 502, description = "`WHATSAPP_FAILED`: WhatsApp could not be asked, or failed; \
            `WHATSAPP_OUTCOME_UNKNOWN`: its answer was lost, so that it may have done it.",
            body = ErrorBody),
    ),
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    Json(body): Json<Body>,
) -> Result<Created<Template>, ApiError> {
    let name = body.name.0;
    let is_snake_case =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !name.bytes().all(is_snake_case) {
        return Err(ApiError::invalid("name", "small letters, digits and `_`"));
    }
    let is_count = (1..=MOST_COMPONENTS).contains(&body.components.len());
    let has_type = |one: &Map<String, Value>| one.get("type").is_some_and(Value::is_string);
    if !is_count || !body.components.iter().all(has_type) {
        let expected = "1 to 10 objects with a `type` such as `BODY`";
        return Err(ApiError::invalid("components", expected));
    }
    let components: Value = body.components.into_iter().map(Value::Object).collect();
    let terms = TemplateTerms {
        template_id: String::new(),
        name,
        language: body.language.0,
        category: body.category.as_str().to_owned(),
        status: "PENDING".to_owned(),
        parameter_format: format_of(&components).to_owned(),
        components,
    };
    let waba_id = body.waba_id.0;
    let (asked, store) = (state.clone(), caller.store);
    // What Meta has taken in is to be known here, also when the client has gone.
    let creating = state.tasks.spawn(async move {
        let account = store.whatsapp_account_of(&waba_id).await?;
        let account = account.ok_or(Refusal::NoAccount)?;
        let token = &account.access_token;
        let submitted = asked
            .graph
            .submit(token, &waba_id, &request(&terms))
            .await?;
        let terms = TemplateTerms {
            template_id: submitted.id,
            status: submitted.status,
            category: submitted.category.unwrap_or(terms.category),
            ..terms
        };
        let saved = store.save_whatsapp_template(&waba_id, &terms, clock::now());
        Ok::<_, Refusal>((saved.await?, account.phone_number))
    });
    let made = creating
        .await
        .map_err(|error| ApiError::internal("create a template", &error))?;
    let pause = state.config.whatsapp.retry_after;
    let (template, number) = made.map_err(|refusal| refusal.into_error(pause, "components"))?;
    Ok(created(
        "Template created successfully",
        view(template, number),
    ))
}

/// Templates have numbers or names for their places, all of one kind.
fn format_of(components: &Value) -> &'static str {
    let texts = ["HEADER", "BODY"].into_iter().filter_map(|kind| {
        let text = component(components, kind)?["text"].as_str()?;
        Some(places(text))
    });
    let is_named = texts.flatten().any(|place| place.parse::<u32>().is_err());
    if is_named { "NAMED" } else { "POSITIONAL" }
}

/// What is posted to `/{waba_id}/message_templates`.
fn request(terms: &TemplateTerms) -> Value {
    json!({
        "name": terms.name,
        "language": terms.language,
        "category": terms.category,
        "parameter_format": terms.parameter_format,
        "components": terms.components,
    })
}

/// The text of a template's body.
pub(super) fn content(components: &Value) -> String {
    let body = component(components, "BODY");
    let text = body.and_then(|body| body["text"].as_str());
    text.unwrap_or_default().to_owned()
}

fn view(template: TemplateRecord, phone_number: Option<String>) -> Template {
    let terms = template.terms;
    Template {
        uuid: template.id,
        name: terms.name,
        language: terms.language,
        category: terms.category,
        status: terms.status,
        content: content(&terms.components),
        components: terms.components,
        template_id: terms.template_id,
        waba_id: template.waba_id,
        phone_number,
        kind: "whatsapp",
        created_at: template.created_at,
        updated_at: template.updated_at,
    }
}
