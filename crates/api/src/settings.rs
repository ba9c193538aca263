//! `/workspace/settings`: what a workspace says of itself.

use serde::{Deserialize, Serialize};
use store::Retention;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::exchange::{Envelope, Json, Whole, ok};
use crate::state::ApiState;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(show, update))
}

/// The settings of a workspace.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "retention_days_recordings": 30, "retention_days_transcripts": 0 }))]
struct WorkspaceSettings {
    /// How many days recordings are kept after their call; 0 is for ever.
    #[schema(minimum = 0, maximum = 36500)]
    retention_days_recordings: u32,
    /// How many days transcripts, summaries and evaluations are kept after their conversation; 0 is for ever.
    #[schema(minimum = 0, maximum = 36500)]
    retention_days_transcripts: u32,
}

/// Settings that change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct WorkspaceSettingsChange {
    /// How many days recordings are kept after their call; 0 is for ever.
    retention_days_recordings: Option<Whole<0, 36_500>>,
    /// How many days transcripts, summaries and evaluations are kept after their conversation; 0 is for ever.
    retention_days_transcripts: Option<Whole<0, 36_500>>,
}

/// The settings of the workspace
#[utoipa::path(
    get, path = "/workspace/settings", operation_id = "show_workspace_settings",
    tag = "workspace", security(("token" = ["workspace:read"])),
    responses((status = 200, description = "The settings.", body = Envelope<WorkspaceSettings>)),
)]
async fn show(caller: Caller) -> Result<Envelope<WorkspaceSettings>, ApiError> {
    let retention = caller.store.retention().await;
    let retention = retention.map_err(|error| ApiError::internal("read settings", &error))?;
    Ok(ok("Settings retrieved successfully", view(retention)))
}

/// Changes the settings of the workspace
///
/// What is left out stays. What is older than a new setting is deleted within the hour, and can
/// not be brought back.
#[utoipa::path(
    put, path = "/workspace/settings", operation_id = "update_workspace_settings",
    tag = "workspace", security(("token" = ["workspace:write"])),
    request_body(content = WorkspaceSettingsChange, example = json!({
        "retention_days_recordings": 30,
    })),
    responses(
        (status = 200, description = "The settings as they are now.",
            body = Envelope<WorkspaceSettings>),
    ),
)]
async fn update(
    caller: Caller,
    Json(body): Json<WorkspaceSettingsChange>,
) -> Result<Envelope<WorkspaceSettings>, ApiError> {
    let days = |days: Option<Whole<0, 36_500>>| days.map(|days| days.0 as u32);
    let recordings = days(body.retention_days_recordings);
    let transcripts = days(body.retention_days_transcripts);
    let changed = caller.store.set_retention(recordings, transcripts).await;
    let changed = changed.map_err(|error| ApiError::internal("change settings", &error))?;
    Ok(ok("Settings updated successfully", view(changed)))
}

fn view(retention: Retention) -> WorkspaceSettings {
    WorkspaceSettings {
        retention_days_recordings: retention.recording_days,
        retention_days_transcripts: retention.transcript_days,
    }
}
