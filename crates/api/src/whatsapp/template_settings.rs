//! `/whatsapp/template-settings`: how tasks and campaigns fill templates.

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{TemplateRecord, TemplateSettings};
use utoipa::ToSchema;
use uuid::Uuid;

use super::filling;
use super::header::Header;
use super::placeholders::{Known, unknown_name};
use super::unknown_template;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, ErrorBody};
use crate::exchange::{
    Created, Envelope, Json, Object, Paginator, Paging, Query, created, ok, words,
};
use crate::state::ApiState;
use crate::webhooks::check_url;

words! {
    /// Whether tasks use the settings of a template.
    pub(super) enum SettingsStatus {
        /// They do.
        Active = "active",
        /// They do not: each task needs parameters of its own.
        Inactive = "inactive",
    }
}

/// What stands in the places of a template. `{{contact.name}}`, `{{custom.plan}}` and the like
/// stand for what is known of whom the message goes to.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default, expecting = "an object")]
#[schema(as = TemplateParams)]
pub(super) struct Params {
    /// Text for each place of the body, by `field1` and so on or by the places' names.
    #[schema(value_type = Object)]
    pub(super) body: Map<String, Value>,
    /// What stands above the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) header: Option<Header>,
}

impl Params {
    /// These for the body, and no header.
    pub(super) fn of_body(body: Map<String, Value>) -> Self {
        Self { body, header: None }
    }

    /// As they are stored; what can not be read any more counts as left out.
    pub(super) fn read(stored: Value) -> Self {
        serde_json::from_value(stored).unwrap_or_default()
    }

    /// With what is known in place of what they name; an error names the place and what is not
    /// known.
    pub(super) fn filled(self, known: Known<'_>) -> Result<Self, (String, String)> {
        let mut body = Map::new();
        for (place, value) in self.body {
            let value = match value.as_str() {
                Some(text) => match known.fill(text) {
                    Ok(filled) => filled.into(),
                    Err(name) => return Err((place, name)),
                },
                None => value,
            };
            body.insert(place, value);
        }
        let mut header = self.header;
        if let Some(header) = &mut header {
            for text in [&mut header.url, &mut header.text].into_iter().flatten() {
                let filled = known.fill(text);
                *text = filled.map_err(|name| ("header".to_owned(), name))?;
            }
        }
        Ok(Self { body, header })
    }

    fn texts(&self) -> impl Iterator<Item = (String, &str)> {
        let body = self.body.iter();
        let body = body
            .filter_map(|(place, value)| Some((format!("params.body.{place}"), value.as_str()?)));
        let header = self.header.as_ref();
        let url = header.and_then(|header| header.url.as_deref());
        let text = header.and_then(|header| header.text.as_deref());
        let url = url.map(|url| ("params.header.url".to_owned(), url));
        let text = text.map(|text| ("params.header.text".to_owned(), text));
        body.chain(url).chain(text)
    }
}

/// How a template is filled.
#[derive(Serialize, ToSchema)]
#[schema(as = TemplateSettings, example = json!({
    "uuid": "0198c5a2-7410-7c03-8d11-4e6a8b0c2d03",
    "params": { "body": { "field1": "{{contact.name}}", "field2": "{{custom.order}}" } },
    "content": "Hello {{1}}, your order {{2}} is on its way.",
    "status": "active",
    "template": {
        "uuid": "0198c5a2-7400-7a02-9c10-3d5f7a9b1c02", "name": "order_confirmation",
        "language": "en_US", "category": "UTILITY", "status": "APPROVED",
        "waba_id": "102290129340398",
    },
    "created_at": "2026-03-29T10:00:00Z",
    "updated_at": "2026-03-29T10:00:00Z",
}))]
pub(super) struct Settings {
    /// Identifies the settings.
    uuid: Uuid,
    /// What stands in the places.
    params: Params,
    /// The text of the template's body.
    content: String,
    /// Whether tasks use them.
    status: SettingsStatus,
    /// The template.
    template: TemplateInShort,
    /// When they were first given.
    created_at: Timestamp,
    /// When they last changed.
    updated_at: Timestamp,
}

/// A template, in short.
#[derive(Serialize, ToSchema)]
struct TemplateInShort {
    /// Identifies the template.
    uuid: Uuid,
    /// Its name.
    name: String,
    /// Its language.
    language: String,
    /// What it is for.
    category: String,
    /// What Meta says of it.
    status: String,
    /// Meta's id of the business account that it belongs to.
    waba_id: String,
}

/// How a template is to be filled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewTemplateSettings)]
pub(super) struct Body {
    /// The template.
    template_uuid: Uuid,
    /// What stands in its places.
    #[schema(value_type = Option<Params>)]
    params: Option<Object<Params>>,
    /// Whether tasks use them; `active`.
    status: Option<SettingsStatus>,
}

/// How all templates are filled
///
/// In pages, newest first.
#[utoipa::path(
    get, path = "/whatsapp/template-settings", operation_id = "list_template_settings",
    tag = "whatsapp", security(("token" = ["whatsapp:read"])),
    params(Paging),
    responses((status = 200, description = "A page of settings.",
        body = Envelope<Paginator<Settings>>)),
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    mut query: Query,
) -> Result<Envelope<Paginator<Settings>>, ApiError> {
    let internal = |error| ApiError::internal("list template settings", &error);
    let paging = Paging::take(&mut query)?;
    let found = caller.store.template_settings(paging.page, paging.per_page);
    let found = found.await.map_err(internal)?;
    let mut entries = Vec::with_capacity(found.items.len());
    for settings in found.items {
        let template = caller.store.whatsapp_template(settings.template).await;
        // Of a template that Meta does not have any more, the settings mean nothing.
        if let Some(template) = template.map_err(internal)? {
            entries.push(view(settings, template));
        }
    }
    let link = state.list_link("whatsapp/template-settings", &[]);
    let page = Paginator::new(paging, found.total, &link, entries);
    Ok(ok("Template settings retrieved successfully", page))
}

/// Says how a template is filled
///
/// A template has one way: it takes the place of the one before. Tasks of type `send_message` and
/// campaigns of type `text` that name the template and no parameters send it so.
#[utoipa::path(
    post, path = "/whatsapp/template-settings", operation_id = "set_template_settings",
    tag = "whatsapp", security(("token" = ["whatsapp:write"])),
    request_body(content = Body, example = json!({
        "template_uuid": "0198c5a2-7400-7a02-9c10-3d5f7a9b1c02",
        "params": { "body": { "field1": "{{contact.name}}", "field2": "{{custom.order}}" } },
    })),
    responses(
        (status = 201, description = "The settings.", body = Envelope<Settings>),
        (status = 404, description = "`TEMPLATE_NOT_FOUND`: There is no such template.",
            body = ErrorBody),
    ),
)]
pub(super) async fn set(
    State(state): State<ApiState>,
    caller: Caller,
    Json(body): Json<Body>,
) -> Result<Created<Settings>, ApiError> {
    let internal = |error| ApiError::internal("store template settings", &error);
    let params = body.params.map(|Object(params)| params).unwrap_or_default();
    let template = caller.store.whatsapp_template(body.template_uuid).await;
    let template = template.map_err(internal)?.ok_or_else(unknown_template)?;
    check(&state, &template, &params)?;
    let is_active = body.status != Some(SettingsStatus::Inactive);
    let value = serde_json::to_value(&params).unwrap_or_default();
    let saved = caller
        .store
        .set_template_settings(template.id, &value, is_active, clock::now())
        .await;
    let saved = saved.map_err(internal)?.ok_or_else(unknown_template)?;
    Ok(created(
        "Template settings stored successfully",
        view(saved, template),
    ))
}

/// Whether a message could be made of the template with these, for somebody of whom all is known.
fn check(state: &ApiState, template: &TemplateRecord, params: &Params) -> Result<(), ApiError> {
    for (field, text) in params.texts() {
        if let Some(name) = unknown_name(text) {
            let expected = format!(
                "`{{{{contact.NAME}}}}` or `{{{{custom.KEY}}}}` in place of `{name}`; contacts \
                 have name, surname, full_name, email, phone_number, country_code, \
                 primary_language and timezone"
            );
            return Err(ApiError::invalid(field, expected));
        }
    }
    let url = params
        .header
        .as_ref()
        .and_then(|header| header.url.as_deref());
    if let Some(url) = url.filter(|url| !url.contains("{{")) {
        check_url(&state.config.webhooks, url, "params.header.url")?;
    }
    let filled = filling::message("", &template.terms, &params.body, params.header.as_ref());
    match filled {
        Ok(_) => Ok(()),
        Err(super::refusal::Refusal::Parameter { field, expected }) => {
            let field = match field.strip_prefix("parameters.") {
                Some(place) => format!("params.body.{place}"),
                None => format!("params.{field}"),
            };
            Err(ApiError::invalid(field, expected))
        }
        Err(other) => Err(other.into_error(state.config.whatsapp.retry_after, "params")),
    }
}

fn view(settings: TemplateSettings, template: TemplateRecord) -> Settings {
    Settings {
        uuid: settings.id,
        params: Params::read(settings.params),
        content: super::templates::content(&template.terms.components),
        status: if settings.is_active {
            SettingsStatus::Active
        } else {
            SettingsStatus::Inactive
        },
        template: TemplateInShort {
            uuid: template.id,
            name: template.terms.name,
            language: template.terms.language,
            category: template.terms.category,
            status: template.terms.status,
            waba_id: template.waba_id,
        },
        created_at: settings.created_at,
        updated_at: settings.updated_at,
    }
}
