//! `/whatsapp`: templates of the WhatsApp Business Platform and messages made of them, through
//! Meta's Cloud API.
//!
//! Start reading at [`sending`]: what becomes of one message, for the operation and for tasks
//! alike. [`filling`] makes of a template and parameters what Meta takes, without asking anybody;
//! [`graph`] asks Meta; [`refusal`] says what Meta's errors mean here.

mod accounts;
mod buttons;
mod filling;
mod graph;
mod header;
mod message;
mod placeholders;
mod refusal;
mod sending;
mod sessions;
mod telling;
mod template_settings;
mod templates;

use store::Store;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(crate) use self::graph::Graph;
pub(crate) use self::message::send_for_task;
pub(crate) use self::sessions::end_overdue as end_overdue_sessions;
use crate::error::ApiError;
use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(accounts::list, accounts::add))
        .routes(routes!(accounts::change, accounts::remove))
        .routes(routes!(message::send))
        .routes(routes!(templates::list, templates::create))
        .routes(routes!(template_settings::list, template_settings::set))
}

/// An error unless there is a template with this id.
pub(crate) async fn require_template(store: &Store, template: Uuid) -> Result<(), ApiError> {
    let found = store.whatsapp_template(template).await;
    let found = found.map_err(|error| ApiError::internal("find a template", &error))?;
    found.map(drop).ok_or_else(unknown_template)
}

/// The template that settings with this id fill.
pub(crate) async fn template_of_settings(store: &Store, id: Uuid) -> Result<Uuid, ApiError> {
    let found = store.template_of_settings(id).await;
    let found = found.map_err(|error| ApiError::internal("find settings of a template", &error))?;
    found.ok_or_else(|| {
        ApiError::not_found(
            "TEMPLATE_SETTINGS_NOT_FOUND",
            "There are no such settings of a template.",
            "GET /api/v1/whatsapp/template-settings lists all of them.",
        )
    })
}

fn unknown_template() -> ApiError {
    ApiError::not_found(
        "TEMPLATE_NOT_FOUND",
        "There is no such template.",
        "GET /api/v1/whatsapp/templates lists all of them, as Meta has them now.",
    )
}
