//! `GET /analytics/calls`.

use std::collections::BTreeMap;

use axum::Json;
use jiff::Timestamp;
use serde::Serialize;
use store::{CallFigures, CostFigure, QUARTER_MICROS, Store, StoreError, Window};
use utoipa::ToSchema;

use super::buckets;
use super::window::{AnalyticsMeta, Asked, Granularity};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::exchange::{Moment, Query, ZoneName};
use crate::prices;

/// Figures over the calls that began in a window.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "meta": {
        "from": "2026-03-28T23:00:00Z", "to": "2026-03-29T22:00:00Z", "timezone": "Europe/Berlin",
        "channels": [], "agent_uuid": null, "campaign_uuid": null,
    },
    "granularity": "day",
    "totals": {
        "calls": 10, "inbound": 4, "outbound": 6, "answered": 7, "missed": 2, "failed": 1,
        "ai_handled": 7, "human_handled": 0,
    },
    "duration_sec": { "total": 840.5, "average": 120.071, "longest": 301.2 },
    "buckets": [{
        "from": "2026-03-28T23:00:00Z", "to": "2026-03-29T22:00:00Z",
        "totals": {
            "calls": 10, "inbound": 4, "outbound": 6, "answered": 7, "missed": 2, "failed": 1,
            "ai_handled": 7, "human_handled": 0,
        },
        "duration_sec": { "total": 840.5, "average": 120.071, "longest": 301.2 },
        "cost": { "EUR": "0.1757" },
    }],
    "outcome": { "completed": 7, "busy": 2, "failed": 1 },
    "cost": { "EUR": "0.1757" },
    "previous": null,
}))]
pub(super) struct CallAnalytics {
    /// What the figures are about.
    meta: AnalyticsMeta,
    /// What the window is divided into.
    granularity: Granularity,
    /// How many calls there were.
    totals: CallTotals,
    /// How long those that were answered took, from answer to end, in seconds.
    duration_sec: DurationFigures,
    /// The same by hours, days, weeks or months, in order, also those without calls; empty with
    /// `total`.
    buckets: Vec<CallBucket>,
    /// How many calls have which status.
    outcome: BTreeMap<String, u64>,
    /// What they cost together, as decimal numbers by currencies (ISO 4217); null if none of them has
    /// a price.
    #[schema(required)]
    cost: Option<BTreeMap<String, String>>,
    /// The window before, as long as this one; null unless `compare_prev` asks for it.
    #[schema(required)]
    previous: Option<CallBucket>,
}

/// How many calls there were.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "calls": 10, "inbound": 4, "outbound": 6, "answered": 7, "missed": 2, "failed": 1,
    "ai_handled": 7, "human_handled": 0,
}))]
struct CallTotals {
    /// All of them; those that are under way and not answered yet are neither answered, missed nor
    /// failed.
    calls: u64,
    /// Those that came in.
    inbound: u64,
    /// Those that were placed.
    outbound: u64,
    /// Those that were answered.
    answered: u64,
    /// Those that nobody answered: `busy`, `rejected`, `no-answer` or `cancelled`.
    missed: u64,
    /// Those that never worked: `unreachable`, `timed-out` or `failed` before they were answered.
    failed: u64,
    /// Those that an agent answered or spoke in.
    ai_handled: u64,
    /// Those in which a person spoke for us; none on this node.
    human_handled: u64,
}

/// How long something took, in seconds.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "total": 840.5, "average": 120.071, "longest": 301.2 }))]
pub(super) struct DurationFigures {
    /// All together.
    total: f64,
    /// On average; null of none.
    #[schema(required)]
    average: Option<f64>,
    /// The longest.
    longest: f64,
}

/// The figures of a part of a window.
#[derive(Serialize, ToSchema)]
struct CallBucket {
    /// Its first moment.
    from: Timestamp,
    /// The first moment after it.
    to: Timestamp,
    /// How many calls there were.
    totals: CallTotals,
    /// How long those that were answered took, from answer to end, in seconds.
    duration_sec: DurationFigures,
    /// What they cost together, as decimal numbers by currencies (ISO 4217); null if none of them has
    /// a price.
    #[schema(required)]
    cost: Option<BTreeMap<String, String>>,
}

/// Figures over calls
///
/// Over the calls that began in a window. The answer has no envelope.
#[utoipa::path(
    get, path = "/analytics/calls", operation_id = "show_call_analytics", tag = "analytics",
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
            `whatsapp_call`, `sms` or `whatsapp`, or several with commas between. Calls by \
            telephone are all that there is."),
        ("agent_uuid" = Option<Uuid>, Query, description = "Only those of this agent."),
        ("campaign_uuid" = Option<Uuid>, Query, description = "Only those for this campaign."),
    ),
    responses((status = 200, description = "The figures.", body = CallAnalytics)),
)]
pub(super) async fn show(
    caller: Caller,
    mut query: Query,
) -> Result<Json<CallAnalytics>, ApiError> {
    let asked = Asked::take(&mut query)?;
    let granularity: Option<Granularity> = query.read("granularity")?;
    let granularity = granularity.unwrap_or(Granularity::Total);
    let compares: Option<bool> = query.read("compare_prev")?;
    let window = &asked.window;
    let beginnings = asked.divided(granularity)?;
    let failed = |error: StoreError| ApiError::internal("count calls", &error);
    let store = asked.has_calls.then_some(&caller.store);
    let figures = count(store, window).await.map_err(failed)?;
    let mut outcome = BTreeMap::new();
    if let Some(store) = store {
        outcome.extend(store.call_outcomes(window).await.map_err(failed)?);
    }
    let costs = Costs::of(store, window).await.map_err(failed)?;
    let buckets = divided(store, window, &beginnings, &costs)
        .await
        .map_err(failed)?;
    let previous = if compares.unwrap_or(false) {
        let window = asked.previous();
        let figures = count(store, &window).await.map_err(failed)?;
        let costs = Costs::of(store, &window).await.map_err(failed)?;
        Some(bucket(window.from, window.before, figures, costs.whole()))
    } else {
        None
    };
    Ok(Json(CallAnalytics {
        meta: asked.meta(),
        granularity,
        totals: totals(figures),
        duration_sec: duration(figures.duration_ms, figures.longest_ms, figures.answered),
        buckets,
        outcome,
        cost: costs.whole(),
        previous,
    }))
}

async fn count(store: Option<&Store>, window: &Window) -> Result<CallFigures, StoreError> {
    match store {
        Some(store) => store.call_figures(window).await,
        None => Ok(CallFigures::default()),
    }
}

async fn divided(
    store: Option<&Store>,
    window: &Window,
    beginnings: &[Timestamp],
    costs: &Costs,
) -> Result<Vec<CallBucket>, StoreError> {
    let mut figures = vec![CallFigures::default(); beginnings.len()];
    if let (Some(store), false) = (store, beginnings.is_empty()) {
        for (quarter, counted) in store.call_figures_by_quarter(window).await? {
            let begins = Timestamp::from_microsecond(quarter.saturating_mul(QUARTER_MICROS));
            let begins = begins.unwrap_or(window.from);
            let place = buckets::place(beginnings, begins);
            if let Some(bucket) = figures.get_mut(place) {
                *bucket = bucket.with(counted);
            }
        }
    }
    let ends = beginnings.iter().skip(1).chain([&window.before]);
    let costs = costs.by_parts(beginnings);
    let buckets = beginnings.iter().zip(ends).zip(figures).zip(costs);
    Ok(buckets
        .map(|(((from, to), figures), costs)| bucket(*from, *to, figures, amounts(costs)))
        .collect())
}

fn bucket(
    from: Timestamp,
    to: Timestamp,
    figures: CallFigures,
    cost: Option<BTreeMap<String, String>>,
) -> CallBucket {
    CallBucket {
        from,
        to,
        totals: totals(figures),
        duration_sec: duration(figures.duration_ms, figures.longest_ms, figures.answered),
        cost,
    }
}

/// What the calls of a window cost.
struct Costs(Vec<CostFigure>);

impl Costs {
    async fn of(store: Option<&Store>, window: &Window) -> Result<Self, StoreError> {
        match store {
            Some(store) => Ok(Self(store.call_costs(window).await?)),
            None => Ok(Self(Vec::new())),
        }
    }

    fn whole(&self) -> Option<BTreeMap<String, String>> {
        amounts(self.0.iter().collect())
    }

    /// By the parts that their calls began in.
    fn by_parts(&self, beginnings: &[Timestamp]) -> Vec<Vec<&CostFigure>> {
        let mut parts = vec![Vec::new(); beginnings.len()];
        for cost in &self.0 {
            let began = Timestamp::from_microsecond(cost.quarter.saturating_mul(QUARTER_MICROS));
            let place = buckets::place(beginnings, began.unwrap_or_default());
            if let Some(part) = parts.get_mut(place) {
                part.push(cost);
            }
        }
        parts
    }
}

/// Costs together, by currencies; none if there are none.
fn amounts(costs: Vec<&CostFigure>) -> Option<BTreeMap<String, String>> {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for cost in costs {
        let sum = sums.entry(&cost.currency).or_default();
        *sum = sum.saturating_add(cost.micros);
    }
    let amounts = sums.into_iter();
    let amounts: BTreeMap<_, _> = amounts
        .map(|(currency, sum)| (currency.to_owned(), prices::amount(sum)))
        .collect();
    (!amounts.is_empty()).then_some(amounts)
}

fn totals(figures: CallFigures) -> CallTotals {
    CallTotals {
        calls: figures.calls,
        inbound: figures.inbound,
        outbound: figures.outbound,
        answered: figures.answered,
        missed: figures.missed,
        failed: figures.failed,
        ai_handled: figures.answered,
        human_handled: 0,
    }
}

/// How long so many things took together and at most, to the millisecond.
pub(super) fn duration(total_ms: u64, longest_ms: u64, count: u64) -> DurationFigures {
    let seconds = |ms: u64| ms as f64 / 1_000.0;
    DurationFigures {
        total: seconds(total_ms),
        average: (count > 0).then(|| seconds((total_ms as f64 / count as f64).round() as u64)),
        longest: seconds(longest_ms),
    }
}
