//! The OpenAPI document, put together from the operations themselves.
//!
//! Each operation says of itself what is its own (`#[utoipa::path]`); what follows from its shape
//! is added here to all of them: [`common_errors`] and [`examples`]. [`references`] tidies up. The page that shows
//! the document is in [`docs_page`].

mod common_errors;
pub(crate) mod docs_page;
mod examples;
mod references;

use std::sync::{Arc, LazyLock};

use axum::Extension;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::scope;
use crate::state::ApiState;

/// What the groups of operations are about, in the order in which they are shown.
const TAGS: &[(&str, &str)] = &[
    (
        "calls",
        "Placing, following, hearing and ending telephone calls.",
    ),
    (
        "agents",
        "Who takes and places calls: what they are, know and say.",
    ),
    (
        "contacts",
        "The people at the other end, their tags and fields, and their privacy.",
    ),
    (
        "conversations",
        "What was said to whom: conversations, their sessions and messages.",
    ),
    (
        "evaluations",
        "What conversations came to, and how that is judged.",
    ),
    (
        "analytics",
        "Figures over calls and sessions, and messages to be taken elsewhere.",
    ),
    ("schedules", "When appointments can be made."),
    (
        "appointments",
        "Appointments, requests for them, and how agents make them.",
    ),
    (
        "tasks",
        "What is to be done at a time, by an agent or a person.",
    ),
    (
        "campaigns",
        "Reaching many contacts: campaigns, rules, pools, listings and whom not to call.",
    ),
    (
        "channels",
        "Telephone numbers, SIP connections, and the agents that have them.",
    ),
    (
        "transcriptions",
        "Audio files that are written down in the background.",
    ),
    ("webhooks", "Who is told of what happens."),
    (
        "whatsapp",
        "WhatsApp: accounts, templates and messages made of them.",
    ),
    ("keys", "The tokens that open this API."),
    (
        "oauth",
        "Programs of others that act for the workspace: OAuth 2.0 with PKCE.",
    ),
    (
        "workspace",
        "What a workspace says of itself, such as how long it keeps recordings.",
    ),
    (
        "node",
        "The node itself: its health, its figures and this document.",
    ),
];

const DESCRIPTION: &str = "\
Places and answers telephone calls by AI agents.

Every answer is JSON: `{success, message, data}`, or for an error `{success, message, error{code, \
details, field}}`, where `field` names what can not be used. Ids are UUIDs, times are RFC 3339 in \
UTC. Fields and query parameters that an operation does not have are refused by name.

A token is sent as `Authorization: Bearer TOKEN`. It belongs to one workspace, and what belongs to \
others is not there for it. Each operation names the scope that it asks for.";

/// The served document, which is put together for whoever asks first. Clones are the same bytes.
#[derive(Clone, Debug)]
pub(crate) struct Document(Arc<LazyLock<Bytes, Finish>>);

type Finish = Box<dyn FnOnce() -> Bytes + Send>;

impl Document {
    /// The document of operations that were gathered from their families.
    pub(crate) fn of(gathered: OpenApi) -> Self {
        let finish: Finish = Box::new(move || finish(&gathered).to_string().into());
        Self(Arc::new(LazyLock::new(finish)))
    }

    fn bytes(&self) -> Bytes {
        Bytes::clone(&self.0)
    }
}

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(show))
}

/// The document of this API
///
/// OpenAPI 3.1, as JSON. No token is needed.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "show_openapi", tag = "node",
    responses((status = 200, description = "The document.", body = Object,
        example = json!({ "openapi": "3.1.0", "info": {}, "paths": {} }))),
)]
async fn show(Extension(document): Extension<Document>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document.bytes())
}

/// The whole document of operations that were gathered from their families.
pub(crate) fn finish(gathered: &OpenApi) -> Value {
    let mut document = serde_json::to_value(gathered).unwrap_or_default();
    document["info"] = json!({
        "title": "Mihu Engine",
        "version": env!("CARGO_PKG_VERSION"),
        "description": DESCRIPTION,
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
    });
    document["servers"] = json!([{ "url": "/", "description": "This node." }]);
    document["tags"] = tags();
    document["components"]["securitySchemes"] = json!({ "token": {
        "type": "http",
        "scheme": "bearer",
        "description": format!("An API key or an OAuth access token. Scopes:\n\n{}", scopes()),
    } });
    common_errors::add(&mut document);
    references::tidy(&mut document);
    examples::add(&mut document);
    document
}

fn tags() -> Value {
    let tags = TAGS.iter();
    tags.map(|(name, description)| json!({ "name": name, "description": description }))
        .collect()
}

fn scopes() -> String {
    let lines: Vec<String> = scope::all()
        .map(|(scope, description)| format!("- `{scope}`: {description}"))
        .collect();
    lines.join("\n")
}
