//! Conditions of a list, of which each may be left out: only those that are there become SQL, so
//! that an index serves them. Values are always bound; only words of this crate's own source
//! become part of a statement.

use std::fmt::Write as _;

use jiff::Timestamp;
use sqlx::Arguments as _;
use sqlx::any::AnyArguments;
use uuid::Uuid;

use crate::columns::micros;
use crate::workspaces::WorkspaceId;

/// What follows `WHERE`, with its values.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    conditions: String,
    values: Vec<Value>,
    is_whole: bool,
}

/// A value as it is bound.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
}

impl Filter {
    /// All rows of a workspace, whose id is in `column`.
    pub(crate) fn of(workspace: &WorkspaceId, column: &'static str) -> Self {
        let mut filter = Self {
            conditions: String::new(),
            values: Vec::new(),
            is_whole: false,
        };
        filter.add(column, "=", workspace.as_str());
        filter.is_whole = true;
        filter
    }

    /// Only rows with this value.
    #[must_use]
    pub(crate) fn equal(self, column: &'static str, value: Option<impl Into<Value>>) -> Self {
        self.compare(column, "=", value)
    }

    /// Only rows of this moment or later.
    #[must_use]
    pub(crate) fn from(self, column: &'static str, moment: Option<Timestamp>) -> Self {
        self.compare(column, ">=", moment)
    }

    /// Only rows before this moment.
    #[must_use]
    pub(crate) fn before(self, column: &'static str, moment: Option<Timestamp>) -> Self {
        self.compare(column, "<", moment)
    }

    /// Only rows that come after these values in the order of these columns, which are separated by
    /// commas.
    #[must_use]
    pub(crate) fn beyond<const N: usize>(
        mut self,
        columns: &'static str,
        values: [Value; N],
    ) -> Self {
        let places = values.map(|value| self.place(value));
        self.and(&format!("({columns}) > ({})", places.join(", ")));
        self
    }

    /// Only rows that have nothing in this column, or only those that have something.
    #[must_use]
    pub(crate) fn empty(mut self, column: &'static str, is_empty: Option<bool>) -> Self {
        match is_empty {
            Some(true) => self.and(&format!("{column} IS NULL")),
            Some(false) => self.and(&format!("{column} IS NOT NULL")),
            None => {}
        }
        self
    }

    /// Only rows of which `column` is among what `subquery`, which lacks its last `= value`, finds.
    #[must_use]
    pub(crate) fn within(
        mut self,
        column: &'static str,
        subquery: &'static str,
        value: Option<impl Into<Value>>,
    ) -> Self {
        if let Some(value) = value {
            let place = self.place(value);
            self.and(&format!("{column} IN ({subquery} = {place})"));
        }
        self
    }

    /// Only rows with one of these values; none if there are none.
    #[must_use]
    pub(crate) fn any_of<V: Into<Value>>(
        mut self,
        column: &'static str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            self.and("1 = 0");
        }
        self.among(column, "IN", values)
    }

    /// Only rows with none of these values.
    #[must_use]
    pub(crate) fn none_of<V: Into<Value>>(
        self,
        column: &'static str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.among(column, "NOT IN", values)
    }

    /// Only rows with these words, as they are, in one of the columns. Capital letters count as
    /// small ones, but only those from A to Z: databases differ about others.
    #[must_use]
    pub(crate) fn containing(mut self, columns: &[&'static str], words: Option<&str>) -> Self {
        let Some(words) = words else { return self };
        let mut pattern = String::from("%");
        for letter in words.chars() {
            if matches!(letter, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(letter.to_ascii_lowercase());
        }
        pattern.push('%');
        let place = self.place(pattern);
        let any: Vec<String> = columns
            .iter()
            .map(|column| format!("lower({column}) LIKE {place} ESCAPE '\\'"))
            .collect();
        self.and(&format!("({})", any.join(" OR ")));
        self
    }

    /// Whether it lets every row of the workspace through.
    pub(crate) const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// What follows `WHERE`.
    pub(crate) fn conditions(&self) -> &str {
        &self.conditions
    }

    /// Binds one more value and gives its place in the statement.
    pub(crate) fn place(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// The values in the order of their places.
    pub(crate) fn arguments(&self) -> Result<AnyArguments, sqlx::Error> {
        let mut arguments = AnyArguments::default();
        for value in &self.values {
            match value {
                Value::Text(text) => arguments.add(text.as_str()),
                Value::Integer(number) => arguments.add(*number),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        Ok(arguments)
    }

    fn among<V: Into<Value>>(
        mut self,
        column: &'static str,
        operator: &'static str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let places: Vec<String> = values.into_iter().map(|value| self.place(value)).collect();
        if !places.is_empty() {
            self.and(&format!("{column} {operator} ({})", places.join(", ")));
        }
        self
    }

    fn compare(
        mut self,
        column: &'static str,
        operator: &'static str,
        value: Option<impl Into<Value>>,
    ) -> Self {
        if let Some(value) = value {
            self.add(column, operator, value);
        }
        self
    }

    fn add(&mut self, column: &'static str, operator: &'static str, value: impl Into<Value>) {
        let place = self.place(value);
        self.and(&format!("{column} {operator} {place}"));
    }

    fn and(&mut self, condition: &str) {
        let joint = if self.conditions.is_empty() {
            ""
        } else {
            " AND "
        };
        // Writing to a string never fails.
        let _ = write!(self.conditions, "{joint}{condition}");
        self.is_whole = false;
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Uuid> for Value {
    fn from(id: Uuid) -> Self {
        Self::Text(id.to_string())
    }
}

impl From<Timestamp> for Value {
    fn from(moment: Timestamp) -> Self {
        Self::Integer(micros(moment))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter() -> Filter {
        Filter::of(&WorkspaceId::default(), "workspace_id")
    }

    #[test]
    fn a_condition_that_is_left_out_leaves_no_trace() {
        let plain = filter()
            .equal("status", None::<&str>)
            .before("created_at", None)
            .containing(&["name"], None)
            .empty("ended_at", None)
            .within("id", "SELECT id FROM others WHERE name", None::<&str>)
            .none_of("id", [] as [&str; 0]);
        assert_eq!(plain.conditions(), "workspace_id = $1");
        assert!(plain.is_whole());
    }

    #[test]
    fn one_of_no_values_is_no_row() {
        let none = filter().any_of("id", [] as [&str; 0]);
        assert_eq!(none.conditions(), "workspace_id = $1 AND 1 = 0");
        let some = filter().any_of("id", ["a"]);
        assert_eq!(some.conditions(), "workspace_id = $1 AND id IN ($2)");
    }

    #[test]
    fn values_are_bound_in_the_order_of_their_places() {
        let mut filter = filter()
            .equal("status", Some("busy"))
            .from("created_at", Some(Timestamp::UNIX_EPOCH))
            .none_of("id", ["a", "b"]);
        assert_eq!(
            filter.conditions(),
            "workspace_id = $1 AND status = $2 AND created_at >= $3 AND id NOT IN ($4, $5)"
        );
        assert_eq!(filter.place(7), "$6");
        let [.., last] = filter.values.as_slice() else {
            unreachable!("six values")
        };
        assert_eq!((last, filter.values.len()), (&Value::Integer(7), 6));
        assert!(!filter.is_whole());
    }

    #[test]
    fn foreign_text_becomes_a_value_and_never_sql() {
        let words = "100%_\\' OR 1=1 --";
        let filter = filter().containing(&["name", "number"], Some(words));
        assert_eq!(
            filter.conditions(),
            "workspace_id = $1 AND (lower(name) LIKE $2 ESCAPE '\\' OR lower(number) LIKE $2 \
             ESCAPE '\\')"
        );
        let pattern = "%100\\%\\_\\\\' or 1=1 --%";
        assert_eq!(filter.values[1], Value::from(pattern));
    }
}
