//! `GET /metrics`: what the node counts, for Prometheus.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use prometheus_client::encoding::text::encode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiError;
use crate::state::ApiState;

/// The text format of OpenMetrics 1.0.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(show))
}

/// What the node counts
///
/// Every metric, in the text format of OpenMetrics. The settings of the node can open this to
/// requests without a token.
#[utoipa::path(
    get, path = "/metrics", operation_id = "show_metrics", tag = "node",
    security(("token" = ["metrics:read"])),
    responses((status = 200, description = "The metrics.", body = String,
        content_type = "application/openmetrics-text", example = "mihu_calls 2\n# EOF\n")),
)]
async fn show(State(state): State<ApiState>) -> Result<Response, ApiError> {
    let mut text = String::new();
    encode(&mut text, &state.metrics)
        .map_err(|error| ApiError::internal("write the metrics down", &error))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}
