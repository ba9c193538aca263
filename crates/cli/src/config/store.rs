//! `[store]`: the database.

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::{Deserialize, Serialize};

use super::Hidden;

/// `[store]`: the database.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Store {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. Default: a SQLite file in the data folder.
    pub(crate) database_url: Hidden,
    /// Connections to a Postgres server that the node keeps at most.
    pub(crate) connections: NonZeroU32,
    /// How often the node looks which agents other nodes on the same database changed.
    #[serde(with = "duration")]
    pub(crate) agents_refresh: Duration,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            database_url: Hidden::default(),
            connections: NonZeroU32::new(10).unwrap_or(NonZeroU32::MIN),
            agents_refresh: Duration::from_secs(2),
        }
    }
}
