//! The Postgres server: one pool of connections for everything.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use secret::Secret;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
use url::Url;

use super::{ACQUIRE_TIMEOUT, OpenStoreError, is_other_version};
use crate::database::{Dialect, Store};
use crate::workspaces::WorkspaceId;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/postgres");

/// A connection that was idle for longer is asked for a sign of life before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// Nobody waits for a lock, an answer or the rest of a transaction for ever.
const LIMITS: &str = "SET lock_timeout = '5s'; SET statement_timeout = '30s';
                      SET idle_in_transaction_session_timeout = '30s'";

/// What may follow the `?` of a URL.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Which Postgres database, and how much of it.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    pub url: Secret,
    /// How many connections this process keeps at most.
    pub connections: NonZeroU32,
}

pub(crate) async fn connect(settings: &PostgresSettings) -> Result<Store, OpenStoreError> {
    sqlx::any::install_default_drivers();
    let url = parse(settings.url.expose())?;
    let unusable = |error: &sqlx::Error| OpenStoreError::Url {
        reason: first_line(error),
    };
    let options = PgConnectOptions::from_url(&url).map_err(|e| unusable(&e))?;
    let any = AnyConnectOptions::from_url(&url).map_err(|e| unusable(&e))?;
    let database = describe(&options);
    migrate(&options, &database).await?;
    let pool = AnyPoolOptions::new()
        .max_connections(settings.connections.get())
        .min_connections(1)
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(LIMITS).await.map(drop) })
        })
        .before_acquire(|connection, metadata| {
            Box::pin(async move {
                if metadata.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(any)
        .await
        .map_err(|e| refused(&database, &e))?;
    Ok(Store {
        writer: pool.clone(),
        readers: pool,
        workspace: WorkspaceId::default(),
        dialect: Dialect::Postgres,
        holder: None,
        counts: Arc::default(),
    })
}

/// Reads an address. What is wrong with it repeats nothing of it: a password that is not written
/// as a URL wants it may stand anywhere in it.
fn parse(text: &str) -> Result<Url, OpenStoreError> {
    let wrong = |reason: &str| OpenStoreError::Url {
        reason: reason.to_owned(),
    };
    let url: Url = text.parse().map_err(|e| wrong(&first_line(&e)))?;
    if !["postgres", "postgresql"].contains(&url.scheme()) {
        return Err(wrong("it does not begin with postgres://"));
    }
    if url.fragment().is_some() || url.path().contains('@') {
        return Err(wrong(
            "an @, / or # of user or password must be %40, %2F or %23",
        ));
    }
    let mut parameters = url.query_pairs();
    if !parameters.all(|(name, _)| PARAMETERS.contains(&name.as_ref())) {
        let known = PARAMETERS.join(", ");
        return Err(wrong(&format!("after the ? may stand only {known}")));
    }
    Ok(url)
}

/// The database in words that may be shown.
fn describe(options: &PgConnectOptions) -> String {
    let place = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => options.get_host().to_owned(),
    };
    format!(
        "the Postgres database {} of {} on {place}:{}",
        options
            .get_database()
            .unwrap_or_else(|| options.get_username()),
        options.get_username(),
        options.get_port(),
    )
}

async fn migrate(options: &PgConnectOptions, database: &str) -> Result<(), OpenStoreError> {
    let connecting = tokio::time::timeout(ACQUIRE_TIMEOUT, options.connect());
    let mut connection = match connecting.await {
        Ok(connected) => connected.map_err(|e| refused(database, &e))?,
        Err(_) => return Err(refused(database, &sqlx::Error::PoolTimedOut)),
    };
    let outcome = MIGRATIONS.run(&mut connection).await;
    let closed = connection.close().await;
    outcome.map_err(|e| unprepared(database, &e))?;
    closed.map_err(|e| refused(database, &e))
}

fn unprepared(database: &str, error: &MigrateError) -> OpenStoreError {
    let (database, reason) = (database.to_owned(), first_line(error));
    if is_other_version(error) {
        return OpenStoreError::OtherVersion { database, reason };
    }
    OpenStoreError::Unprepared { database, reason }
}

fn refused(database: &str, error: &sqlx::Error) -> OpenStoreError {
    let database = database.to_owned();
    if let sqlx::Error::Database(error) = error {
        let reason = error.message().to_owned();
        return OpenStoreError::Refused { database, reason };
    }
    let reason = if matches!(error, sqlx::Error::PoolTimedOut) {
        format!("no connection within {} s", ACQUIRE_TIMEOUT.as_secs())
    } else {
        first_line(error)
    };
    OpenStoreError::Unreachable { database, reason }
}

fn first_line(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_is_none_is_refused_without_repeating_it() {
        for url in [
            "hunter2",
            "sqlite:///hunter2.db",
            "postgres://mihu:hunter2#x@localhost/mihu",
            "postgres://mihu:1/hunter2@localhost/mihu",
            "postgres://mihu:1?hunter2@localhost/mihu",
            "postgres://mihu@localhost/mihu?passwort=hunter2",
        ] {
            let error = parse(url).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
            assert!(error.contains("postgres://USER"), "{error}");
        }
    }

    #[test]
    fn a_database_is_shown_without_its_password() {
        let url = parse("postgres://mihu:hunter2@db.example:5433/calls").unwrap();
        let options = PgConnectOptions::from_url(&url).unwrap();
        assert_eq!(
            describe(&options),
            "the Postgres database calls of mihu on db.example:5433"
        );
    }
}
