//! The delivery of what the outbox owes, in parallel and again until it is taken.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::CONTENT_TYPE;
use jiff::{SignedDuration, Timestamp};
use store::{ClaimLimits, ClaimedDelivery, MadeAttempt, Outcome, StoreError};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::{backoff, breaker, secret};
use crate::clock;
use crate::config::WebhookSettings;
use crate::state::ApiState;

/// How much longer than a delivery may take its claim holds, so that no other claims it before
/// its outcome is written.
const CLAIM_MARGIN: Duration = Duration::from_secs(10);

/// How often the outbox is looked through for old messages.
const CLEAN_INTERVAL: SignedDuration = SignedDuration::from_mins(10);

/// How often an outcome is tried to be written, and the wait that grows with each failure.
const SETTLE_TRIES: u32 = 5;
const SETTLE_PAUSE: Duration = Duration::from_millis(200);

/// Delivers what is owed until `shutdown` is cancelled, then lets deliveries under way finish.
///
/// Nothing is lost when the process dies: a message stays owed until its outcome is written, and
/// a claim runs out by itself.
pub async fn run(state: ApiState, shutdown: CancellationToken) {
    let settings = Arc::new(state.config.webhooks.clone());
    let mut under_way = JoinSet::new();
    let mut poll = tokio::time::interval(settings.poll_interval);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut cleaned = Timestamp::UNIX_EPOCH;
    loop {
        let now = clock::now();
        if now.duration_since(cleaned) > CLEAN_INTERVAL {
            cleaned = now;
            give_up(&state, &settings, now).await;
            forget(&state, &settings, now).await;
        }
        for delivery in claim(&state, &settings, under_way.len(), now).await {
            under_way.spawn(deliver(state.clone(), delivery));
        }
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(ended) = under_way.join_next() => report_panic(ended),
            () = state.outbox.notified() => {}
            _ = poll.tick() => {}
        }
    }
    let finishing = async {
        while let Some(ended) = under_way.join_next().await {
            report_panic(ended);
        }
    };
    if tokio::time::timeout(settings.total_timeout + CLAIM_MARGIN, finishing)
        .await
        .is_err()
    {
        tracing::warn!("deliveries that do not end are left to the next start");
    }
}

async fn give_up(state: &ApiState, settings: &WebhookSettings, now: Timestamp) {
    let window = SignedDuration::try_from(settings.retry_window).unwrap_or(SignedDuration::MAX);
    let Ok(owed_before) = now.checked_sub(window) else {
        return;
    };
    match state.store.give_up_deliveries(owed_before, now).await {
        Ok(0) => {}
        Ok(messages) => tracing::warn!(messages, "webhook messages were given up"),
        Err(error) => tracing::error!(%error, "the outbox can not be cleaned"),
    }
}

async fn forget(state: &ApiState, settings: &WebhookSettings, now: Timestamp) {
    let keep = SignedDuration::try_from(settings.keep).unwrap_or(SignedDuration::MAX);
    let Ok(settled_before) = now.checked_sub(keep) else {
        return;
    };
    match state.store.forget_deliveries(settled_before).await {
        Ok(0) => {}
        Ok(messages) => tracing::info!(messages, "old webhook messages were forgotten"),
        Err(error) => tracing::error!(%error, "the outbox can not be cleaned"),
    }
}

async fn claim(
    state: &ApiState,
    settings: &WebhookSettings,
    under_way: usize,
    now: Timestamp,
) -> Vec<ClaimedDelivery> {
    let under_way = u32::try_from(under_way).unwrap_or(u32::MAX);
    let limits = ClaimLimits {
        messages: settings.parallel.saturating_sub(under_way),
        per_webhook: settings.parallel_per_webhook,
        hold: settings.total_timeout + CLAIM_MARGIN,
    };
    if limits.messages == 0 {
        return Vec::new();
    }
    state
        .store
        .claim_deliveries(limits, now)
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "the outbox can not be read");
            Vec::new()
        })
}

async fn deliver(state: ApiState, delivery: ClaimedDelivery) {
    let settings = &state.config.webhooks;
    let (started_at, watch) = (clock::now(), Instant::now());
    let answer = post(&state, &delivery, started_at).await;
    let now = clock::now();
    let attempt = MadeAttempt {
        started_at,
        duration: watch.elapsed(),
        status_code: answer.as_ref().ok().copied(),
        outcome: judge(settings, &delivery, answer, rand::random(), now),
    };
    log(&delivery, &attempt.outcome);
    let is_delivered = matches!(attempt.outcome, Outcome::Delivered);
    let health = |before| breaker::after(settings, before, is_delivered, now);
    for tried in 1..=SETTLE_TRIES {
        match state
            .store
            .settle_delivery(&delivery, &attempt, health, clock::now())
            .await
        {
            Ok(()) => {
                // The next message about the same conversation may have become due.
                state.outbox.notify_one();
                return;
            }
            Err(error) => report_unsettled(&delivery, tried, &error),
        }
        tokio::time::sleep(SETTLE_PAUSE * tried).await;
    }
}

/// What a message is sent under, at every attempt.
pub(super) fn message_id(message: Uuid) -> String {
    format!("msg_{}", message.simple())
}

/// Sends the message once. The status of the answer, or why there was none.
async fn post(state: &ApiState, delivery: &ClaimedDelivery, at: Timestamp) -> Result<u16, String> {
    let url = Url::parse(&delivery.url).map_err(|error| error.to_string())?;
    let id = message_id(delivery.id);
    let signature = secret::sign(&delivery.secret, &id, at, &delivery.payload)
        .map_err(|error| error.to_string())?;
    let request = state
        .client
        .post(url)
        .map_err(|refused| refused.to_string())?;
    let request = request
        .header(CONTENT_TYPE, "application/json")
        .header(standardwebhooks::HEADER_WEBHOOK_ID, id)
        .header(standardwebhooks::HEADER_WEBHOOK_TIMESTAMP, at.as_second())
        .header(standardwebhooks::HEADER_WEBHOOK_SIGNATURE, signature)
        .body(delivery.payload.clone());
    match request.send().await {
        Ok(response) => Ok(response.status().as_u16()),
        Err(error) if error.is_timeout() => Err("no answer in time".to_owned()),
        Err(error) => Err(match outbound::refusal(&error) {
            Some(refused) => refused.to_string(),
            None => outbound::reason(error),
        }),
    }
}

fn judge(
    settings: &WebhookSettings,
    delivery: &ClaimedDelivery,
    answer: Result<u16, String>,
    chance: f64,
    now: Timestamp,
) -> Outcome {
    const GONE: u16 = 410;
    let error = match answer {
        Ok(200..=299) => return Outcome::Delivered,
        Ok(GONE) => {
            let error = "the endpoint answered 410, so it wants no more messages".to_owned();
            return Outcome::EndpointGone { error };
        }
        Ok(status @ 300..=399) => {
            format!("the endpoint answered {status}; redirects are not followed")
        }
        Ok(status) => format!("the endpoint answered {status}"),
        Err(reason) => reason,
    };
    let (owed_since, attempts) = (delivery.owed_since, delivery.attempts);
    match backoff::next_attempt(settings, owed_since, attempts, chance, now) {
        Some(at) => Outcome::Retry { at, error },
        None => Outcome::GivenUp { error },
    }
}

fn log(delivery: &ClaimedDelivery, outcome: &Outcome) {
    let (message, webhook, attempt) = (delivery.id, delivery.webhook, delivery.attempts + 1);
    match outcome {
        Outcome::Delivered => tracing::info!(%message, %webhook, attempt, "webhook delivered"),
        Outcome::Retry { at, error } => {
            tracing::warn!(%message, %webhook, attempt, %at, error, "webhook failed, will retry");
        }
        Outcome::GivenUp { error } => {
            tracing::error!(%message, %webhook, attempt, error, "webhook message given up");
        }
        Outcome::EndpointGone { error } => {
            tracing::warn!(%message, %webhook, attempt, error, "webhook disabled");
        }
    }
}

fn report_unsettled(delivery: &ClaimedDelivery, attempt: u32, error: &StoreError) {
    tracing::error!(message = %delivery.id, attempt, %error, "an outcome could not be written");
}

fn report_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a delivery broke; it is taken up again when its claim runs out");
    }
}
