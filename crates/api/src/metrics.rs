//! `GET /metrics`: what the node counts, for Prometheus.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use prometheus_client::encoding::text::encode;

use crate::auth;
use crate::error::ApiError;
use crate::state::ApiState;

/// The text format of OpenMetrics 1.0.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Every metric of the node, in the text format of OpenMetrics. Wants a bearer token like the
/// rest of the API, unless the settings open it.
pub(crate) async fn show(
    State(state): State<ApiState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if !state.config.open_metrics {
        auth::check(&state, &headers).await?;
    }
    let mut text = String::new();
    encode(&mut text, &state.metrics)
        .map_err(|error| ApiError::internal("write the metrics down", &error))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}
