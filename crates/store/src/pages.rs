//! Long lists, a page at a time.

use std::time::Instant;

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, FromRow};

use crate::columns::signed;
use crate::database::{Store, StoreError};
use crate::filter::Filter;

/// Of a counted table so many rows are skipped in an index, which has what they are ordered by,
/// before any whole row is read.
const FAR: u64 = 1_000;

/// One page of a longer list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The entries of the page.
    pub items: Vec<T>,
    /// How many entries all pages have together.
    pub total: u64,
}

/// A list that is read by pages.
pub(crate) struct List {
    /// `SELECT … FROM …`, up to the conditions.
    pub(crate) select: &'static str,
    /// The table whose rows are the entries.
    pub(crate) table: &'static str,
    /// Which of them, in the table's columns.
    pub(crate) filter: Filter,
    /// What follows `ORDER BY`; ends with a column that no two rows share.
    pub(crate) order: &'static str,
    /// Whether `row_counts` counts the table, so that all of it needs no counting. Its rows have an
    /// `id`, and nothing is selected but them.
    pub(crate) is_counted: bool,
}

impl Store {
    /// Page `page` (from 1) of a list, `per_page` to a page.
    pub(crate) async fn page<T>(
        &self,
        list: List,
        page: u32,
        per_page: u32,
    ) -> Result<Page<T>, StoreError>
    where
        T: for<'r> FromRow<'r, AnyRow> + Send + Unpin,
    {
        let total = if list.is_counted && list.filter.is_whole() {
            self.row_count(list.table).await?
        } else {
            self.count(list.table, &list.filter).await?
        };
        let List {
            select,
            table,
            order,
            mut filter,
            is_counted,
        } = list;
        let skipped = u64::from(page.saturating_sub(1)) * u64::from(per_page);
        let limit = filter.place(i64::from(per_page));
        let offset = filter.place(signed(skipped));
        let conditions = filter.conditions();
        let statement = if is_counted && skipped >= FAR {
            format!(
                "{select} WHERE id IN (SELECT id FROM {table} WHERE {conditions}
                     ORDER BY {order} LIMIT {limit} OFFSET {offset}) ORDER BY {order}"
            )
        } else {
            format!("{select} WHERE {conditions} ORDER BY {order} LIMIT {limit} OFFSET {offset}")
        };
        let items = sqlx::query_as_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_all(&self.readers)
            .await?;
        Ok(Page { items, total })
    }

    /// How many rows of a table there are, by counting them, or by what was counted lately.
    async fn count(&self, table: &'static str, filter: &Filter) -> Result<u64, StoreError> {
        let list = format!("{table} {filter:?}");
        if let Some(rows) = self.counts.lately(&list, Instant::now()) {
            return Ok(rows);
        }
        let statement = format!("SELECT count(*) FROM {table} WHERE {}", filter.conditions());
        let total: i64 = sqlx::query_scalar_with(AssertSqlSafe(statement), filter.arguments()?)
            .fetch_one(&self.readers)
            .await?;
        let total = u64::try_from(total).unwrap_or(0);
        self.counts.keep(list, total, Instant::now());
        Ok(total)
    }

    /// How many rows the workspace has in a table of which triggers keep count in `row_counts`.
    async fn row_count(&self, table: &'static str) -> Result<u64, StoreError> {
        let total: Option<i64> = sqlx::query_scalar(
            "SELECT count FROM row_counts WHERE workspace_id = $1 AND kind = $2",
        )
        .bind(self.workspace.as_str())
        .bind(table)
        .fetch_optional(&self.readers)
        .await?;
        Ok(u64::try_from(total.unwrap_or(0)).unwrap_or(0))
    }
}
