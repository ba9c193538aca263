//! Tells `webhook_url` of the end of a transcription, again and again until it is taken.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::json;
use store::{OwedReport, Secret};
use url::Url;

use super::runner::later;
use super::transcript;
use crate::clock;
use crate::state::ApiState;
use crate::webhooks::next_attempt;

/// How much longer than a delivery may take its claim holds.
const CLAIM_MARGIN: std::time::Duration = std::time::Duration::from_secs(10);

/// Delivers one report that is owed. Whether there was one.
pub(super) async fn deliver_next(state: &ApiState) -> bool {
    let settings = &state.config.webhooks;
    let now = clock::now();
    let until = later(now, settings.total_timeout + CLAIM_MARGIN);
    let owed = match state.store.claim_transcription_report(until, now).await {
        Ok(Some(owed)) => owed,
        Ok(None) => return false,
        Err(error) => {
            tracing::error!(%error, "reports of transcriptions can not be read");
            return false;
        }
    };
    let transcription = owed.transcription.new.id;
    let delivered = post(state, &owed).await;
    let now = clock::now();
    let (error, again) = match delivered {
        Ok(()) => {
            tracing::info!(%transcription, "the end of a transcription was reported");
            (None, None)
        }
        Err(error) => {
            let since = owed.transcription.processed_at.unwrap_or(now);
            let again = next_attempt(settings, since, owed.attempts, rand::random(), now);
            tracing::warn!(%transcription, error, ?again, "the report of a transcription failed");
            (Some(error), again)
        }
    };
    let store = &state.store;
    let settled = store.settle_transcription_report(&owed, error.as_deref(), again, now);
    if let Err(error) = settled.await {
        tracing::error!(%transcription, %error, "the outcome of a report can not be written");
    }
    true
}

async fn post(state: &ApiState, owed: &OwedReport) -> Result<(), String> {
    let url = Url::parse(&owed.url).map_err(|error| error.to_string())?;
    let store = state.store.in_workspace(&owed.workspace);
    let record = owed.transcription.clone();
    let (id, event) = (record.new.id, format!("transcription.{}", record.status));
    let at = record.processed_at;
    let data = transcript::read(&store, record).await;
    let data = data.map_err(|_| "the node could not read the transcript".to_owned())?;
    let body = json!({ "event": event, "timestamp": at, "data": data });
    let request = state
        .client
        .post(url)
        .map_err(|refused| refused.to_string())?;
    let mut request = request
        .header(CONTENT_TYPE, "application/json")
        .header("idempotency-key", id.to_string());
    if let Some(token) = owed.token.as_ref().map(Secret::expose) {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    match request.body(body.to_string()).send().await {
        Ok(response) if response.status().is_success() => Ok(()),
        Ok(response) => Err(format!("it answered {}", response.status().as_u16())),
        Err(error) if error.is_timeout() => Err("no answer in time".to_owned()),
        Err(error) => Err(match outbound::refusal(&error) {
            Some(refused) => refused.to_string(),
            None => outbound::reason(error),
        }),
    }
}
