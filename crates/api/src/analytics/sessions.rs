//! `GET /analytics/sessions`.

use axum::Json;
use jiff::Timestamp;
use serde::Serialize;
use store::{SessionFigures, Store, StoreError, Window};
use utoipa::ToSchema;

use super::calls::{DurationFigures, duration};
use super::window::{AnalyticsMeta, Asked, Granularity};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::exchange::{Moment, Query, ZoneName};

/// Figures over the sessions that began in a window.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "meta": {
        "from": "2026-03-28T23:00:00Z", "to": "2026-03-29T22:00:00Z", "timezone": "+01:00",
        "channels": [], "agent_uuid": null, "campaign_uuid": null,
    },
    "granularity": "total",
    "totals": {
        "sessions": 10, "active": 1, "closed": 9, "conversations": 10, "contacts": 8,
        "messages": 62, "agent_messages": 34, "contact_messages": 28, "evaluated": 7,
        "positive": 4, "neutral": 2, "negative": 1, "escalated": 1, "successful": 5,
    },
    "rates": {
        "evaluated": 0.778, "positive": 0.571, "negative": 0.143, "escalated": 0.143,
        "successful": 0.833,
    },
    "duration_sec": { "total": 900.0, "average": 100.0, "longest": 310.0 },
    "messages_per_session": 6.2,
    "latency_ms": { "p50": 690, "p95": 1210 },
    "buckets": [],
    "previous": null,
}))]
pub(super) struct SessionAnalytics {
    /// What the figures are about.
    meta: AnalyticsMeta,
    /// What the window is divided into.
    granularity: Granularity,
    /// How many there were.
    totals: SessionTotals,
    /// Shares, from 0 to 1.
    rates: SessionRates,
    /// How long those that are over took, from beginning to end, in seconds.
    duration_sec: DurationFigures,
    /// Messages of a session on average; null without sessions.
    #[schema(required)]
    messages_per_session: Option<f64>,
    /// How long answers were waited for; null without any.
    #[schema(required)]
    latency_ms: Option<LatencyFigures>,
    /// The same by hours, days, weeks or months, in order, also those without sessions; empty with
    /// `total`. A session counts where it began.
    buckets: Vec<SessionPeriod>,
    /// The window before, as long as this one; null unless `compare_prev` asks for it.
    #[schema(required)]
    previous: Option<SessionPeriod>,
}

/// The figures of a part of a window, or of the window before.
#[derive(Serialize, ToSchema)]
struct SessionPeriod {
    /// Its first moment.
    from: Timestamp,
    /// The first moment after it.
    to: Timestamp,
    /// How many there were.
    totals: SessionTotals,
    /// Shares, from 0 to 1.
    rates: SessionRates,
    /// How long those that are over took, from beginning to end, in seconds.
    duration_sec: DurationFigures,
    /// Messages of a session on average; null without sessions.
    #[schema(required)]
    messages_per_session: Option<f64>,
    /// How long answers were waited for; null without any.
    #[schema(required)]
    latency_ms: Option<LatencyFigures>,
}

/// How many sessions there were, and what was in them.
#[derive(Serialize, ToSchema)]
struct SessionTotals {
    /// All of them.
    sessions: u64,
    /// Those that go on.
    active: u64,
    /// Those that are over.
    closed: u64,
    /// How many conversations they belong to.
    conversations: u64,
    /// With how many contacts.
    contacts: u64,
    /// Messages in them.
    messages: u64,
    /// Those of the agents.
    agent_messages: u64,
    /// Those of the contacts.
    contact_messages: u64,
    /// Sessions that were evaluated.
    evaluated: u64,
    /// Of these, with a positive sentiment.
    positive: u64,
    /// Of these, with a neutral sentiment.
    neutral: u64,
    /// Of these, with a negative sentiment.
    negative: u64,
    /// Of these, in which a person was to take over.
    escalated: u64,
    /// Of these, that reached their aim.
    successful: u64,
}

/// Shares, from 0 to 1; null of nothing.
#[derive(Serialize, ToSchema)]
struct SessionRates {
    /// Of those that are over, those that were evaluated.
    #[schema(required)]
    evaluated: Option<f64>,
    /// Of those that were evaluated, those with a positive sentiment.
    #[schema(required)]
    positive: Option<f64>,
    /// Of those that were evaluated, those with a negative sentiment.
    #[schema(required)]
    negative: Option<f64>,
    /// Of those that were evaluated, those in which a person was to take over.
    #[schema(required)]
    escalated: Option<f64>,
    /// Of those of which it is known whether they reached their aim, those that did.
    #[schema(required)]
    successful: Option<f64>,
}

/// From the contact's last sound to the agent's first, in milliseconds.
#[derive(Serialize, ToSchema)]
struct LatencyFigures {
    /// Half of the answers took no longer.
    p50: u64,
    /// 95 of 100 took no longer.
    p95: u64,
}

/// Figures over sessions
///
/// Over the sessions that began in a window. The answer has no envelope.
#[utoipa::path(
    get, path = "/analytics/sessions", operation_id = "show_session_analytics", tag = "analytics",
    security(("token" = ["analytics:read"])),
    params(
        ("from" = inline(Moment), Query, description = "The first moment of the window, with its \
            offset from UTC.", example = "2026-03-29T00:00:00+01:00"),
        ("to" = inline(Moment), Query, description = "The first moment after it.",
            example = "2026-03-30T00:00:00+02:00"),
        ("compare_prev" = Option<bool>, Query,
            description = "Whether the window before is counted too; false if not given."),
        ("granularity" = inline(Option<Granularity>), Query,
            description = "What the window is divided into, in at most 800 parts; `total` if not given."),
        ("timezone" = inline(Option<ZoneName>), Query,
            description = "Whose hours, days, weeks and months count; the offset of `from` if not given."),
        ("channel" = Option<String>, Query, description = "Only those by these: `call`, \
            `whatsapp_call`, `sms` or `whatsapp`, or several with commas between. This node has \
            the first and the last."),
        ("agent_uuid" = Option<Uuid>, Query, description = "Only those of this agent."),
        ("campaign_uuid" = Option<Uuid>, Query, description = "Only those for this campaign."),
    ),
    responses((status = 200, description = "The figures.", body = SessionAnalytics)),
)]
pub(super) async fn show(
    caller: Caller,
    mut query: Query,
) -> Result<Json<SessionAnalytics>, ApiError> {
    let asked = Asked::take(&mut query)?;
    let granularity: Option<Granularity> = query.read("granularity")?;
    let granularity = granularity.unwrap_or(Granularity::Total);
    let beginnings = asked.divided(granularity)?;
    let compares: Option<bool> = query.read("compare_prev")?;
    let failed = |error: StoreError| ApiError::internal("count sessions", &error);
    let store = asked.has_conversations.then_some(&caller.store);
    let figures = count(store, &asked.window).await.map_err(failed)?;
    let parts = match store {
        Some(store) => store.session_figures_by(&asked.window, &beginnings).await,
        None => Ok(vec![SessionFigures::default(); beginnings.len()]),
    };
    let ends = beginnings.iter().skip(1).chain([&asked.window.before]);
    let buckets = beginnings.iter().zip(ends).zip(parts.map_err(failed)?);
    let buckets = buckets.map(|((from, to), figures)| period(*from, *to, &figures));
    let previous = if compares.unwrap_or(false) {
        let window = asked.previous();
        let figures = count(store, &window).await.map_err(failed)?;
        Some(period(window.from, window.before, &figures))
    } else {
        None
    };
    Ok(Json(SessionAnalytics {
        meta: asked.meta(),
        granularity,
        totals: totals(&figures),
        rates: rates(&figures),
        duration_sec: duration(figures.duration_ms, figures.longest_ms, figures.closed),
        messages_per_session: per_session(&figures),
        latency_ms: latency(&figures),
        buckets: buckets.collect(),
        previous,
    }))
}

fn period(from: Timestamp, to: Timestamp, figures: &SessionFigures) -> SessionPeriod {
    SessionPeriod {
        from,
        to,
        totals: totals(figures),
        rates: rates(figures),
        duration_sec: duration(figures.duration_ms, figures.longest_ms, figures.closed),
        messages_per_session: per_session(figures),
        latency_ms: latency(figures),
    }
}

async fn count(store: Option<&Store>, window: &Window) -> Result<SessionFigures, StoreError> {
    match store {
        Some(store) => store.session_figures(window).await,
        None => Ok(SessionFigures::default()),
    }
}

fn totals(figures: &SessionFigures) -> SessionTotals {
    SessionTotals {
        sessions: figures.sessions,
        active: figures.sessions.saturating_sub(figures.closed),
        closed: figures.closed,
        conversations: figures.conversations,
        contacts: figures.contacts,
        messages: figures.agent_messages + figures.contact_messages,
        agent_messages: figures.agent_messages,
        contact_messages: figures.contact_messages,
        evaluated: figures.evaluated,
        positive: figures.positive,
        neutral: figures.neutral,
        negative: figures.negative,
        escalated: figures.escalated,
        successful: figures.successful,
    }
}

fn rates(figures: &SessionFigures) -> SessionRates {
    SessionRates {
        evaluated: share(figures.evaluated, figures.closed),
        positive: share(figures.positive, figures.evaluated),
        negative: share(figures.negative, figures.evaluated),
        escalated: share(figures.escalated, figures.evaluated),
        successful: share(figures.successful, figures.judged),
    }
}

fn per_session(figures: &SessionFigures) -> Option<f64> {
    share(
        figures.agent_messages + figures.contact_messages,
        figures.sessions,
    )
}

fn latency(figures: &SessionFigures) -> Option<LatencyFigures> {
    Some(LatencyFigures {
        p50: figures.wait_p50_ms?,
        p95: figures.wait_p95_ms?,
    })
}

/// To three digits after the point; `None` of nothing.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 1_000.0).round() / 1_000.0)
}
