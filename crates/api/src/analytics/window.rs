//! Which window of time figures are about, and what of it.

use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use store::Window;
use utoipa::ToSchema;
use uuid::Uuid;

use super::buckets::{self, Step};
use crate::error::ApiError;
use crate::exchange::{FromText as _, Moment, Query, ZoneName, one_of, words};

/// What channels are called.
const CHANNELS: &[&str] = &["call", "whatsapp_call", "sms", "whatsapp"];

words! {
    /// What a window is divided into.
    pub(super) enum Granularity {
        /// Nothing.
        Total = "total",
        /// Hours of the clock.
        Hour = "hour",
        /// Days of the calendar.
        Day = "day",
        /// Weeks of the calendar, from Monday to Sunday.
        Week = "week",
        /// Months of the calendar.
        Month = "month",
    }
}

/// What was asked about.
pub(super) struct Asked {
    pub(super) window: Window,
    /// Whether calls by telephone are among it.
    pub(super) has_calls: bool,
    /// Whether any channel is among it that this node has.
    pub(super) has_conversations: bool,
    pub(super) channels: Vec<String>,
    /// The zone whose days and hours count.
    pub(super) zone: TimeZone,
    pub(super) zone_name: String,
}

/// What figures are about.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AnalyticsMeta {
    /// The first moment of the window.
    from: Timestamp,
    /// The first moment after it.
    to: Timestamp,
    /// The time zone whose days and hours count: a name, or an offset such as `+02:00`.
    timezone: String,
    /// The channels; all if empty.
    channels: Vec<String>,
    /// The agent, if only one was asked about.
    #[schema(required)]
    agent_uuid: Option<Uuid>,
    /// The campaign, if only one was asked about.
    #[schema(required)]
    campaign_uuid: Option<Uuid>,
}

impl Asked {
    pub(super) fn take(query: &mut Query) -> Result<Self, ApiError> {
        let (from, offset) = moment(query, "from")?;
        let (before, _) = moment(query, "to")?;
        // Nothing is older.
        if from < Timestamp::UNIX_EPOCH {
            return Err(ApiError::invalid("from", "a time since 1970"));
        }
        if before <= from {
            return Err(ApiError::invalid("to", "a time after `from`"));
        }
        let zone: Option<ZoneName> = query.read("timezone")?;
        let (zone, zone_name) = match zone {
            None => (offset.to_time_zone(), offset_name(offset)),
            Some(ZoneName(name)) => {
                let zone = TimeZoneDatabase::bundled().get(&name);
                let zone = zone.map_err(|_| ApiError::invalid("timezone", ZoneName::expected()))?;
                (zone, name)
            }
        };
        let channels = channels(query)?;
        let has = |name: &str| channels.is_empty() || channels.iter().any(|it| it == name);
        let (has_calls, has_messages) = (has("call"), has("whatsapp"));
        Ok(Self {
            window: Window {
                from,
                before,
                agent: query.read("agent_uuid")?,
                campaign: query.read("campaign_uuid")?,
                channel: match (has_calls, has_messages) {
                    (true, false) => Some("call"),
                    (false, true) => Some("whatsapp"),
                    _ => None,
                },
            },
            has_calls,
            has_conversations: has_calls || has_messages,
            channels,
            zone,
            zone_name,
        })
    }

    pub(super) fn meta(&self) -> AnalyticsMeta {
        AnalyticsMeta {
            from: self.window.from,
            to: self.window.before,
            timezone: self.zone_name.clone(),
            channels: self.channels.clone(),
            agent_uuid: self.window.agent,
            campaign_uuid: self.window.campaign,
        }
    }

    /// Where the parts of the window begin; none if it is not divided.
    pub(super) fn divided(&self, granularity: Granularity) -> Result<Vec<Timestamp>, ApiError> {
        let step = match granularity {
            Granularity::Total => return Ok(Vec::new()),
            Granularity::Hour => Step::Hour,
            Granularity::Day => Step::Day,
            Granularity::Week => Step::Week,
            Granularity::Month => Step::Month,
        };
        let window = &self.window;
        let beginnings = buckets::beginnings(window.from, window.before, &self.zone, step);
        beginnings.ok_or_else(|| {
            let expected = format!(
                "one that divides the window into at most {} parts, in a time zone whose offset is \
                 made of quarters of an hour",
                buckets::MOST
            );
            ApiError::invalid("granularity", expected)
        })
    }

    /// The window before this one, as long as it.
    pub(super) fn previous(&self) -> Window {
        let length = self.window.before.duration_since(self.window.from);
        Window {
            from: earlier(self.window.from, length),
            before: self.window.from,
            ..self.window
        }
    }
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    let earlier = at.checked_sub(by).unwrap_or(Timestamp::MIN);
    earlier.max(Timestamp::UNIX_EPOCH)
}

/// A moment with its offset from UTC. A `+` that was not escaped has become a blank.
fn moment(query: &mut Query, name: &str) -> Result<(Timestamp, Offset), ApiError> {
    let text = query.take(name).ok_or_else(|| ApiError::missing(name))?;
    let text = text.replace(' ', "+");
    let at = Moment::from_text(&text);
    let offset = Pieces::parse(&text)
        .ok()
        .and_then(|it| it.to_numeric_offset());
    match (at, offset) {
        (Some(at), offset) => Ok((at.0, offset.unwrap_or(Offset::UTC))),
        (None, _) => Err(ApiError::invalid(
            name,
            "a time with its offset, such as `2026-03-29T00:00:00+01:00` or `2026-03-29T00:00:00Z`",
        )),
    }
}

fn offset_name(offset: Offset) -> String {
    if offset == Offset::UTC {
        return "UTC".to_owned();
    }
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn channels(query: &mut Query) -> Result<Vec<String>, ApiError> {
    let Some(list) = query.take("channel") else {
        return Ok(Vec::new());
    };
    let channels: Vec<String> = list.split(',').map(|it| it.trim().to_owned()).collect();
    if channels.iter().all(|it| CHANNELS.contains(&it.as_str())) {
        return Ok(channels);
    }
    let expected = format!("{}, or several with commas between", one_of(CHANNELS));
    Err(ApiError::invalid("channel", expected))
}
