//! Rules: when and how often a campaign may call someone.

use jiff::Timestamp;
use jiff::civil::Time;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use crate::columns::{flag, micros, time, unreadable, unsigned, uuid};
use crate::database::{Store, StoreError};
use crate::filter::Filter;
use crate::pages::{List, Page};
use crate::workspaces::WorkspaceId;

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleTerms {
    /// What it is called.
    pub name: String,
    /// `call` or `text`.
    pub kind: String,
    /// Most attempts on a day.
    pub max_calls_per_day: u32,
    /// Most attempts in all.
    pub max_total_calls: u32,
    /// Minutes from one attempt to the next.
    pub retry_interval_minutes: u32,
    /// First moment of the day, on the contact's clock.
    pub start_time: Time,
    /// First moment after the day, on the contact's clock.
    pub end_time: Time,
    /// Whether the do-not-call list is looked at.
    pub dnc_check: bool,
    /// Whether who comes onto that list leaves the campaign at once.
    pub remove_on_opt_out: bool,
    /// What happens to a contact that is not reached.
    pub escalation: Option<RuleEscalation>,
}

/// When a contact that is not reached becomes someone else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleEscalation {
    /// Failed attempts until then.
    pub after: u32,
    /// What is done.
    pub kind: String,
    /// For whom.
    pub target: Option<String>,
}

/// A stored rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleRecord {
    /// The rule's id.
    pub id: Uuid,
    /// What it says.
    pub terms: RuleTerms,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What became of a rule that was to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteRule {
    /// It is gone.
    Deleted,
    /// A campaign goes by it.
    InUse,
    /// There is none.
    Unknown,
}

impl Store {
    /// Makes a rule.
    pub async fn create_rule(
        &self,
        terms: &RuleTerms,
        now: Timestamp,
    ) -> Result<RuleRecord, StoreError> {
        let mut write = self.write().await?;
        let rule = insert(&mut write, &self.workspace, terms, now).await?;
        write.commit().await?;
        Ok(rule)
    }

    /// Page `page` (from 1) of the rules of this kind with these words in their names, newest
    /// first.
    pub async fn rules(
        &self,
        kind: Option<&str>,
        containing: Option<&str>,
        page: u32,
        per_page: u32,
    ) -> Result<Page<RuleRecord>, StoreError> {
        let list = List {
            select: "SELECT * FROM rules",
            table: "rules",
            filter: Filter::of(&self.workspace, "workspace_id")
                .equal("coalesce(deleted_at, 0)", Some(0))
                .equal("type", kind)
                .containing(&["name"], containing),
            order: "created_at DESC, id DESC",
            is_counted: false,
        };
        self.page(list, page, per_page).await
    }

    /// The rule with this id.
    pub async fn rule(&self, id: Uuid) -> Result<Option<RuleRecord>, StoreError> {
        let rule = sqlx::query_as(SELECT)
            .bind(id.to_string())
            .bind(self.workspace.as_str())
            .fetch_optional(&self.readers)
            .await?;
        Ok(rule)
    }

    /// Changes a rule; `None` when there is none.
    pub async fn change_rule(
        &self,
        id: Uuid,
        change: impl FnOnce(&mut RuleTerms) + Send,
        now: Timestamp,
    ) -> Result<Option<RuleRecord>, StoreError> {
        let mut write = self.write().await?;
        let Some(mut rule) = find(&mut write, &self.workspace, id).await? else {
            return Ok(None);
        };
        change(&mut rule.terms);
        let terms = &rule.terms;
        sqlx::query(
            "UPDATE rules SET name = $1, type = $2, max_calls_per_day = $3, max_total_calls = $4,
                 retry_interval_minutes = $5, start_time = $6, end_time = $7, dnc_check = $8,
                 remove_on_opt_out = $9, escalation_after = $10, escalation_type = $11,
                 escalation_target = $12, updated_at = $13
             WHERE id = $14 AND workspace_id = $15",
        )
        .bind(&terms.name)
        .bind(&terms.kind)
        .bind(i64::from(terms.max_calls_per_day))
        .bind(i64::from(terms.max_total_calls))
        .bind(i64::from(terms.retry_interval_minutes))
        .bind(clock(terms.start_time))
        .bind(clock(terms.end_time))
        .bind(i64::from(terms.dnc_check))
        .bind(i64::from(terms.remove_on_opt_out))
        .bind(terms.escalation.as_ref().map(|it| i64::from(it.after)))
        .bind(terms.escalation.as_ref().map(|it| it.kind.as_str()))
        .bind(
            terms
                .escalation
                .as_ref()
                .and_then(|it| it.target.as_deref()),
        )
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        // What waits for the old rule is looked at again.
        sqlx::query(
            "UPDATE tasks SET due_at = CASE WHEN scheduled_at > $1 THEN scheduled_at ELSE $1 END,
                 revision = revision + 1
             WHERE workspace_id = $2 AND deleted_at IS NULL AND status IN ('pending', 'scheduled')
             AND attempts_made = 0
             AND campaign_id IN (SELECT id FROM campaigns WHERE rule_id = $3)",
        )
        .bind(micros(now))
        .bind(self.workspace.as_str())
        .bind(id.to_string())
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        rule.updated_at = now;
        Ok(Some(rule))
    }

    /// Deletes a rule that no campaign goes by.
    pub async fn delete_rule(&self, id: Uuid, now: Timestamp) -> Result<DeleteRule, StoreError> {
        let mut write = self.write().await?;
        if find(&mut write, &self.workspace, id).await?.is_none() {
            return Ok(DeleteRule::Unknown);
        }
        let deleted = sqlx::query(
            "UPDATE rules SET deleted_at = $1 WHERE id = $2 AND workspace_id = $3
             AND NOT EXISTS (
                 SELECT 1 FROM campaigns WHERE rule_id = rules.id AND deleted_at IS NULL
             )",
        )
        .bind(micros(now))
        .bind(id.to_string())
        .bind(self.workspace.as_str())
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(match deleted.rows_affected() {
            0 => DeleteRule::InUse,
            _ => DeleteRule::Deleted,
        })
    }
}

const SELECT: &str =
    "SELECT * FROM rules WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL";

pub(super) async fn find(
    connection: &mut AnyConnection,
    workspace: &WorkspaceId,
    id: Uuid,
) -> Result<Option<RuleRecord>, sqlx::Error> {
    sqlx::query_as(SELECT)
        .bind(id.to_string())
        .bind(workspace.as_str())
        .fetch_optional(connection)
        .await
}

pub(super) async fn insert(
    write: &mut AnyConnection,
    workspace: &WorkspaceId,
    terms: &RuleTerms,
    now: Timestamp,
) -> Result<RuleRecord, sqlx::Error> {
    let escalation = terms.escalation.as_ref();
    sqlx::query_as(
        "INSERT INTO rules
         (id, workspace_id, name, type, max_calls_per_day, max_total_calls,
          retry_interval_minutes, start_time, end_time, dnc_check, remove_on_opt_out,
          escalation_after, escalation_type, escalation_target, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
         RETURNING *",
    )
    .bind(Uuid::now_v7().to_string())
    .bind(workspace.as_str())
    .bind(&terms.name)
    .bind(&terms.kind)
    .bind(i64::from(terms.max_calls_per_day))
    .bind(i64::from(terms.max_total_calls))
    .bind(i64::from(terms.retry_interval_minutes))
    .bind(clock(terms.start_time))
    .bind(clock(terms.end_time))
    .bind(i64::from(terms.dnc_check))
    .bind(i64::from(terms.remove_on_opt_out))
    .bind(escalation.map(|it| i64::from(it.after)))
    .bind(escalation.map(|it| it.kind.as_str()))
    .bind(escalation.and_then(|it| it.target.as_deref()))
    .bind(micros(now))
    .fetch_one(write)
    .await
}

fn clock(time: Time) -> String {
    time.strftime("%H:%M:%S").to_string()
}

fn read_clock(row: &AnyRow, column: &str) -> Result<Time, sqlx::Error> {
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|e| unreadable(column, e))
}

pub(super) fn count(row: &AnyRow, column: &str) -> Result<u32, sqlx::Error> {
    Ok(u32::try_from(unsigned(row, column)?).unwrap_or(u32::MAX))
}

impl FromRow<'_, AnyRow> for RuleRecord {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let after: Option<i64> = row.try_get("escalation_after")?;
        let kind: Option<String> = row.try_get("escalation_type")?;
        let target: Option<String> = row.try_get("escalation_target")?;
        let escalation = after.zip(kind).map(|(after, kind)| RuleEscalation {
            after: u32::try_from(after).unwrap_or(u32::MAX),
            kind,
            target,
        });
        Ok(Self {
            id: uuid(row, "id")?,
            terms: RuleTerms {
                name: row.try_get("name")?,
                kind: row.try_get("type")?,
                max_calls_per_day: count(row, "max_calls_per_day")?,
                max_total_calls: count(row, "max_total_calls")?,
                retry_interval_minutes: count(row, "retry_interval_minutes")?,
                start_time: read_clock(row, "start_time")?,
                end_time: read_clock(row, "end_time")?,
                dnc_check: flag(row, "dnc_check")?,
                remove_on_opt_out: flag(row, "remove_on_opt_out")?,
                escalation,
            },
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}
