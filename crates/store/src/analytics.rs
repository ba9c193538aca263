//! Figures over calls, sessions and what was said in them, counted by the database.

use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use crate::columns::{optional_uuid, signed, unsigned, uuid};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::messages::MessageRecord;

/// Calls are counted by quarters of an hour: the offsets of all time zones are made of them.
pub const QUARTER_MICROS: i64 = 900_000_000;

/// What figures are made of; absent parts match everything.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// What began at this moment or later.
    pub from: Timestamp,
    /// And before this one.
    pub before: Timestamp,
    /// Only what this agent did.
    pub agent: Option<Uuid>,
    /// Only what was done for this campaign.
    pub campaign: Option<Uuid>,
    /// Only what was said this way: `call` or `whatsapp`. Figures over calls do not look at it.
    pub channel: Option<&'static str>,
}

/// Figures over calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallFigures {
    /// All of them.
    pub calls: u64,
    /// Those that came in.
    pub inbound: u64,
    /// Those that were placed.
    pub outbound: u64,
    /// Those that were answered.
    pub answered: u64,
    /// Those that are over and were not answered: busy, refused, given up, or nobody there.
    pub missed: u64,
    /// Those that are over and never worked: no way to the far end, or something broke.
    pub failed: u64,
    /// Milliseconds from answer to end of all of them together.
    pub duration_ms: u64,
    /// The same of the longest one.
    pub longest_ms: u64,
}

/// What calls cost together that cost something in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostFigure {
    /// The quarter of an hour that they began in, counted from 1970 on.
    pub quarter: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Millionths of the currency's unit.
    pub micros: u64,
}

/// Figures over sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionFigures {
    /// All of them.
    pub sessions: u64,
    /// Those that are over.
    pub closed: u64,
    /// How many conversations they belong to.
    pub conversations: u64,
    /// With how many contacts.
    pub contacts: u64,
    /// Milliseconds from beginning to end of all that are over together.
    pub duration_ms: u64,
    /// The same of the longest one.
    pub longest_ms: u64,
    /// Turns of the agents.
    pub agent_messages: u64,
    /// Turns of the contacts.
    pub contact_messages: u64,
    /// Sessions that were evaluated.
    pub evaluated: u64,
    /// Of these, with a positive sentiment.
    pub positive: u64,
    /// Of these, with a neutral sentiment.
    pub neutral: u64,
    /// Of these, with a negative sentiment.
    pub negative: u64,
    /// Of these, in which a person was to take over.
    pub escalated: u64,
    /// Of these, of which it is known whether they reached their aim.
    pub judged: u64,
    /// Of these, that did.
    pub successful: u64,
    /// Half of the answers were not waited for any longer, in milliseconds.
    pub wait_p50_ms: Option<u64>,
    /// 95 of 100 answers were not.
    pub wait_p95_ms: Option<u64>,
}

/// A turn with whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedMessage {
    /// The turn.
    pub record: MessageRecord,
    /// Who spoke for us.
    pub agent: Uuid,
    /// The other party.
    pub contact: Option<Uuid>,
    /// How it was said: `call` or `whatsapp`.
    pub channel: String,
}

/// The place of a turn among all turns in the order of their times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessagePlace {
    /// When it began.
    pub created_at: Timestamp,
    /// Its conversation.
    pub conversation: Uuid,
    /// Its place in it.
    pub position: u64,
}

/// What is counted of calls. A sum that may be large is cast: Postgres makes it a decimal.
const OF_CALLS: &str = "count(*) AS calls,
    CAST(coalesce(sum(CASE WHEN calls.direction = 'inbound' THEN 1 ELSE 0 END), 0) AS BIGINT)
        AS inbound,
    CAST(coalesce(sum(CASE WHEN calls.answered_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT)
        AS answered,
    CAST(coalesce(sum(CASE WHEN calls.answered_at IS NULL AND calls.ended_at IS NOT NULL
        THEN 1 ELSE 0 END), 0) AS BIGINT) AS unanswered,
    CAST(coalesce(sum(CASE WHEN calls.answered_at IS NULL AND calls.ended_at IS NOT NULL
        AND calls.status IN ('failed', 'timed-out', 'unreachable') THEN 1 ELSE 0 END), 0)
        AS BIGINT) AS failed,
    CAST(coalesce(sum(calls.duration_ms), 0) AS BIGINT) AS duration_ms,
    CAST(coalesce(max(calls.duration_ms), 0) AS BIGINT) AS longest_ms";

/// What is counted of sessions.
const OF_SESSIONS: &str = "count(*) AS sessions,
    count(sessions.ended_at) AS closed,
    count(DISTINCT sessions.conversation_id) AS conversations,
    count(DISTINCT conversations.contact_id) AS contacts,
    CAST(coalesce(sum((sessions.ended_at - sessions.started_at) / 1000), 0) AS BIGINT)
        AS duration_ms,
    CAST(coalesce(max((sessions.ended_at - sessions.started_at) / 1000), 0) AS BIGINT)
        AS longest_ms,
    count(evaluations.id) AS evaluated,
    CAST(coalesce(sum(CASE WHEN evaluations.sentiment = 'positive' THEN 1 ELSE 0 END), 0)
        AS BIGINT) AS positive,
    CAST(coalesce(sum(CASE WHEN evaluations.sentiment = 'neutral' THEN 1 ELSE 0 END), 0)
        AS BIGINT) AS neutral,
    CAST(coalesce(sum(CASE WHEN evaluations.sentiment = 'negative' THEN 1 ELSE 0 END), 0)
        AS BIGINT) AS negative,
    CAST(coalesce(sum(evaluations.human_escalation), 0) AS BIGINT) AS escalated,
    count(evaluations.success) AS judged,
    CAST(coalesce(sum(evaluations.success), 0) AS BIGINT) AS successful";

/// Calls that were made for a campaign, whose id follows. A call's session has the call's id.
const CALLS_OF_CAMPAIGN: &str = "SELECT call_id FROM task_attempts WHERE campaign_id";

/// The same of sessions: those of its calls, and those in which its messages were sent.
const SESSIONS_OF_CAMPAIGN: &str = "SELECT coalesce(task_attempts.call_id,
        whatsapp_messages.session_id)
    FROM task_attempts
    LEFT JOIN whatsapp_messages ON whatsapp_messages.attempt_id = task_attempts.id
    WHERE task_attempts.campaign_id";

impl Store {
    /// Figures over the calls that began in a window.
    pub async fn call_figures(&self, window: &Window) -> Result<CallFigures, StoreError> {
        let filter = self.calls_in(window);
        let statement = format!("SELECT {OF_CALLS} FROM calls WHERE {}", filter.conditions());
        let figures = sqlx::query_as_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_one(&self.readers)
            .await?;
        Ok(figures)
    }

    /// The same by quarters of an hour, which are counted from 1970 on: those in which any call
    /// began, in order.
    pub async fn call_figures_by_quarter(
        &self,
        window: &Window,
    ) -> Result<Vec<(i64, CallFigures)>, StoreError> {
        let filter = self.calls_in(window);
        let statement = format!(
            "SELECT calls.created_at / {QUARTER_MICROS} AS quarter, {OF_CALLS} FROM calls
             WHERE {} GROUP BY quarter ORDER BY quarter",
            filter.conditions()
        );
        let rows = sqlx::query_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_all(&self.readers)
            .await?;
        let quarters = rows
            .iter()
            .map(|row| Ok((row.try_get("quarter")?, CallFigures::from_row(row)?)));
        Ok(quarters.collect::<Result<_, sqlx::Error>>()?)
    }

    /// What the calls of a window cost, by quarters of an hour and currencies: those in which any
    /// call with a price began, in order.
    pub async fn call_costs(&self, window: &Window) -> Result<Vec<CostFigure>, StoreError> {
        let filter = self
            .calls_in(window)
            .empty("calls.cost_micros", Some(false));
        let statement = format!(
            "SELECT calls.created_at / {QUARTER_MICROS} AS quarter, calls.cost_currency,
                 CAST(sum(calls.cost_micros) AS BIGINT) AS cost FROM calls
             WHERE {} GROUP BY quarter, calls.cost_currency
             ORDER BY quarter, calls.cost_currency",
            filter.conditions()
        );
        let rows = sqlx::query_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_all(&self.readers)
            .await?;
        let costs = rows.iter().map(|row| {
            Ok(CostFigure {
                quarter: row.try_get("quarter")?,
                currency: row.try_get("cost_currency")?,
                micros: unsigned(row, "cost")?,
            })
        });
        Ok(costs.collect::<Result<_, sqlx::Error>>()?)
    }

    /// How many calls of a window have which status word, by the words.
    pub async fn call_outcomes(&self, window: &Window) -> Result<Vec<(String, u64)>, StoreError> {
        let filter = self.calls_in(window);
        let statement = format!(
            "SELECT calls.status, count(*) AS calls FROM calls WHERE {}
             GROUP BY calls.status ORDER BY calls.status",
            filter.conditions()
        );
        let rows = sqlx::query_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_all(&self.readers)
            .await?;
        let outcomes = rows
            .iter()
            .map(|row| Ok((row.try_get("status")?, unsigned(row, "calls")?)));
        Ok(outcomes.collect::<Result<_, sqlx::Error>>()?)
    }

    /// Figures over the sessions that began in a window.
    pub async fn session_figures(&self, window: &Window) -> Result<SessionFigures, StoreError> {
        let figures = self.session_figures_by(window, &[window.from]).await?;
        Ok(figures.first().copied().unwrap_or_default())
    }

    /// The same by parts of the window, which begin at these moments, in order.
    pub async fn session_figures_by(
        &self,
        window: &Window,
        beginnings: &[Timestamp],
    ) -> Result<Vec<SessionFigures>, StoreError> {
        let mut all = vec![SessionFigures::default(); beginnings.len()];
        if all.is_empty() {
            return Ok(all);
        }
        let mut filter = self.sessions_in(window);
        let parts = parts(&mut filter, window, beginnings);
        let of_part = "sessions.started_at >= parts.begins AND sessions.started_at < parts.ends";
        let statement = format!(
            "{parts} SELECT parts.part, {OF_SESSIONS} FROM parts CROSS JOIN sessions
             JOIN conversations ON conversations.id = sessions.conversation_id
             LEFT JOIN evaluations ON evaluations.session_id = sessions.id
             WHERE {of_part} AND {} GROUP BY parts.part",
            filter.conditions()
        );
        let rows = sqlx::query_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_all(&self.readers)
            .await?;
        for row in rows {
            if let Some(figures) = part_of(&row, &mut all)? {
                *figures = SessionFigures::from_row(&row)?;
            }
        }
        let statement = format!(
            "{parts} SELECT parts.part, messages.speaker, count(*) AS messages
             FROM parts CROSS JOIN sessions
             JOIN conversations ON conversations.id = sessions.conversation_id
             JOIN messages ON messages.conversation_id = sessions.conversation_id
                 AND messages.session_id = sessions.id
             WHERE {of_part} AND {} GROUP BY parts.part, messages.speaker",
            filter.conditions()
        );
        let rows = sqlx::query_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_all(&self.readers)
            .await?;
        for row in rows {
            let count = unsigned(&row, "messages")?;
            if let Some(figures) = part_of(&row, &mut all)? {
                match row.try_get("speaker")? {
                    "agent" => figures.agent_messages = count,
                    _ => figures.contact_messages = count,
                }
            }
        }
        self.add_waits(window, beginnings, &mut all).await?;
        Ok(all)
    }

    /// How long answers were waited for, by the nearest rank: half of them, and 95 of 100.
    async fn add_waits(
        &self,
        window: &Window,
        beginnings: &[Timestamp],
        all: &mut [SessionFigures],
    ) -> Result<(), StoreError> {
        if window.channel.is_some_and(|channel| channel != "call") {
            return Ok(());
        }
        let mut filter = Filter::of(&self.workspace, "workspace_id")
            .within(
                "session_id",
                "SELECT sessions.id FROM sessions
                 JOIN conversations ON conversations.id = sessions.conversation_id
                 WHERE conversations.agent_id",
                window.agent,
            )
            .within("session_id", CALLS_OF_CAMPAIGN, window.campaign);
        let parts = parts(&mut filter, window, beginnings);
        let statement = format!(
            "{parts} SELECT part, rank, waits, wait_ms FROM (
                 SELECT parts.part, wait_ms,
                     row_number() OVER (PARTITION BY parts.part ORDER BY wait_ms) AS rank,
                     count(*) OVER (PARTITION BY parts.part) AS waits
                 FROM parts CROSS JOIN answer_waits
                 WHERE started_at >= parts.begins AND started_at < parts.ends AND {}
             ) AS ranked
             WHERE rank = (waits * 50 + 99) / 100 OR rank = (waits * 95 + 99) / 100",
            filter.conditions()
        );
        let rows = sqlx::query_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_all(&self.readers)
            .await?;
        for row in rows {
            let (rank, waits) = (unsigned(&row, "rank")?, unsigned(&row, "waits")?);
            let wait = Some(unsigned(&row, "wait_ms")?);
            if let Some(figures) = part_of(&row, all)? {
                if rank == (waits * 50).div_ceil(100) {
                    figures.wait_p50_ms = wait;
                }
                if rank == (waits * 95).div_ceil(100) {
                    figures.wait_p95_ms = wait;
                }
            }
        }
        Ok(())
    }

    /// The turns that began in a window, in the order of their times: at most so many that follow
    /// the place `after`.
    pub async fn export_messages(
        &self,
        window: &Window,
        after: Option<MessagePlace>,
        most: u32,
    ) -> Result<Vec<ExportedMessage>, StoreError> {
        let mut filter = Filter::of(&self.workspace, "messages.workspace_id")
            .from("messages.created_at", Some(window.from))
            .before("messages.created_at", Some(window.before))
            .equal("conversations.agent_id", window.agent)
            .equal("conversations.channel", window.channel)
            .within("messages.session_id", SESSIONS_OF_CAMPAIGN, window.campaign);
        if let Some(after) = after {
            filter = filter.beyond(
                "messages.created_at, messages.conversation_id, messages.position",
                [
                    after.created_at.into(),
                    after.conversation.into(),
                    signed(after.position).into(),
                ],
            );
        }
        let limit = filter.place(i64::from(most));
        let statement = format!(
            "SELECT messages.*, conversations.agent_id, conversations.contact_id,
                 conversations.channel
             FROM messages JOIN conversations ON conversations.id = messages.conversation_id
             WHERE {}
             ORDER BY messages.created_at, messages.conversation_id, messages.position
             LIMIT {limit}",
            filter.conditions()
        );
        let messages = sqlx::query_as_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_all(&self.readers)
            .await?;
        Ok(messages)
    }

    fn calls_in(&self, window: &Window) -> Filter {
        Filter::of(&self.workspace, "calls.workspace_id")
            .from("calls.created_at", Some(window.from))
            .before("calls.created_at", Some(window.before))
            .equal("calls.agent_id", window.agent)
            .within("calls.id", CALLS_OF_CAMPAIGN, window.campaign)
    }

    fn sessions_in(&self, window: &Window) -> Filter {
        Filter::of(&self.workspace, "sessions.workspace_id")
            .from("sessions.started_at", Some(window.from))
            .before("sessions.started_at", Some(window.before))
            .equal("conversations.agent_id", window.agent)
            .equal("conversations.channel", window.channel)
            .within("sessions.id", SESSIONS_OF_CAMPAIGN, window.campaign)
    }
}

/// The parts of a window as a table of a statement, numbered from 0.
fn parts(filter: &mut Filter, window: &Window, beginnings: &[Timestamp]) -> String {
    let ends = beginnings.iter().skip(1).chain([&window.before]);
    let rows = (0_i64..).zip(beginnings.iter().zip(ends));
    let rows = rows.map(|(part, (begins, ends))| {
        let values = [
            filter.place(part),
            filter.place(*begins),
            filter.place(*ends),
        ];
        let values = values.map(|place| format!("CAST({place} AS BIGINT)"));
        format!("({})", values.join(", "))
    });
    let rows: Vec<String> = rows.collect();
    format!(
        "WITH parts (part, begins, ends) AS (VALUES {})",
        rows.join(", ")
    )
}

/// The figures of the part that a row is about.
fn part_of<'a>(
    row: &AnyRow,
    all: &'a mut [SessionFigures],
) -> Result<Option<&'a mut SessionFigures>, sqlx::Error> {
    let part = unsigned(row, "part")?;
    Ok(usize::try_from(part)
        .ok()
        .and_then(|part| all.get_mut(part)))
}

impl CallFigures {
    /// The figures of both together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            inbound: self.inbound + other.inbound,
            outbound: self.outbound + other.outbound,
            answered: self.answered + other.answered,
            missed: self.missed + other.missed,
            failed: self.failed + other.failed,
            duration_ms: self.duration_ms + other.duration_ms,
            longest_ms: self.longest_ms.max(other.longest_ms),
        }
    }
}

impl FromRow<'_, AnyRow> for CallFigures {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let (calls, inbound) = (unsigned(row, "calls")?, unsigned(row, "inbound")?);
        let failed = unsigned(row, "failed")?;
        Ok(Self {
            calls,
            inbound,
            outbound: calls.saturating_sub(inbound),
            answered: unsigned(row, "answered")?,
            missed: unsigned(row, "unanswered")?.saturating_sub(failed),
            failed,
            duration_ms: unsigned(row, "duration_ms")?,
            longest_ms: unsigned(row, "longest_ms")?,
        })
    }
}

impl FromRow<'_, AnyRow> for SessionFigures {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            sessions: unsigned(row, "sessions")?,
            closed: unsigned(row, "closed")?,
            conversations: unsigned(row, "conversations")?,
            contacts: unsigned(row, "contacts")?,
            duration_ms: unsigned(row, "duration_ms")?,
            longest_ms: unsigned(row, "longest_ms")?,
            evaluated: unsigned(row, "evaluated")?,
            positive: unsigned(row, "positive")?,
            neutral: unsigned(row, "neutral")?,
            negative: unsigned(row, "negative")?,
            escalated: unsigned(row, "escalated")?,
            judged: unsigned(row, "judged")?,
            successful: unsigned(row, "successful")?,
            ..Self::default()
        })
    }
}

impl FromRow<'_, AnyRow> for ExportedMessage {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            record: MessageRecord::from_row(row)?,
            agent: uuid(row, "agent_id")?,
            contact: optional_uuid(row, "contact_id")?,
            channel: row.try_get("channel")?,
        })
    }
}

impl ExportedMessage {
    /// Where the turns after it begin.
    pub fn place(&self) -> MessagePlace {
        MessagePlace {
            created_at: self.record.created_at,
            conversation: self.record.conversation,
            position: self.record.position,
        }
    }
}
