//! Both databases have the same tables, and one of an earlier version becomes like a new one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use postgres_fixture::TestDatabase;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};
use store::{
    ClaimLimits, ContactFilter, ConversationFilter, EVERY_SCOPE, Plan, PostgresSettings, Secret,
    Store,
};

/// Table, column, type, and whether it may be NULL.
type Column = (String, String, String, bool);

#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mihu.sqlite");
    Store::open(&file).await.unwrap().close().await;
    let database = TestDatabase::create();
    connect(&database).await.close().await;
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    let (sqlite, postgres) = (
        sqlite_columns(&file).await,
        postgres_columns(&mut connection).await,
    );
    let tables: BTreeSet<_> = sqlite.iter().map(|column| &column.0).collect();
    assert!(tables.len() >= 10, "{tables:?}");
    let only_one: Vec<_> = sqlite.symmetric_difference(&postgres).collect();
    assert!(only_one.is_empty(), "{only_one:#?}");
}

#[tokio::test]
async fn both_databases_have_the_same_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mihu.sqlite");
    Store::open(&file).await.unwrap().close().await;
    let database = TestDatabase::create();
    connect(&database).await.close().await;
    let mut sqlite = open_file(&file).await;
    let named = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL";
    let in_sqlite: BTreeSet<String> = names(sqlx::query_scalar(named).fetch_all(&mut sqlite).await);
    let mut postgres = PgConnection::connect(&database.url()).await.unwrap();
    let named = "SELECT indexname::text FROM pg_indexes
                 WHERE schemaname = 'public' AND tablename <> '_sqlx_migrations'
                 AND indexname NOT LIKE '%_pkey' AND indexname NOT LIKE '%_key'";
    let in_postgres: BTreeSet<String> =
        names(sqlx::query_scalar(named).fetch_all(&mut postgres).await);
    assert!(!in_sqlite.is_empty());
    assert_eq!(in_sqlite, in_postgres);
}

#[test]
fn migrations_from_the_fourth_on_exist_for_both_databases() {
    let later = |database: &str| -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(database);
        let files = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.as_str() > "0004")
            .collect();
        names.sort_unstable();
        names
    };
    assert_eq!(later("sqlite"), later("postgres"));
}

#[tokio::test]
async fn a_file_from_before_workspaces_keeps_its_rows_and_learns_their_number() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mihu.sqlite");
    let mut old = file_of_version(&file, 2).await;
    for statement in [
        "INSERT INTO api_keys (id, workspace_id, name, prefix, hash, created_at)
         VALUES ('019a0000-0000-7000-8000-000000000001', 'default', 'kept', 'mihu_1', zeroblob(32), 0)",
        "INSERT INTO contacts (id, workspace_id, number, created_at, updated_at)
         VALUES ('019a0000-0000-7000-8000-000000000000', 'default', '+14155550123', 0, 0)",
    ] {
        sqlx::query(statement).execute(&mut old).await.unwrap();
    }
    old.close().await.unwrap();

    let store = Store::open(&file).await.unwrap();
    let keys = store.api_keys().await.unwrap();
    assert_eq!((keys.len(), keys[0].name.as_str()), (1, "kept"));
    assert_eq!(keys[0].scopes, [EVERY_SCOPE]);
    assert_eq!(store.workspaces().await.unwrap()[0].plan, Plan::Free);
    let contacts = store
        .contacts(&ContactFilter::default(), 1, 15)
        .await
        .unwrap();
    assert_eq!((contacts.total, contacts.items.len()), (1, 1));
}

#[tokio::test]
async fn contacts_from_before_they_had_names_keep_their_calls_and_their_count() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mihu.sqlite");
    let mut old = file_of_version(&file, 19).await;
    let contact = "019a0000-0000-7000-8000-000000000000";
    for statement in [
        format!(
            "INSERT INTO contacts (id, workspace_id, number, created_at, updated_at)
             VALUES ('{contact}', 'default', '+14155550123', 0, 0)"
        ),
        format!(
            "INSERT INTO agents VALUES ('{contact}', 'default', 'api', 'A', '{{}}', 0, 0, NULL)"
        ),
        format!(
            "INSERT INTO conversations (id, workspace_id, agent_id, contact_id, channel, started_at)
             VALUES ('{contact}', 'default', '{contact}', '{contact}', 'call', 0)"
        ),
        format!(
            "INSERT INTO calls (id, workspace_id, conversation_id, agent_id, contact_id, direction,
                 number, provider, status, created_at, updated_at)
             VALUES ('{contact}', 'default', '{contact}', '{contact}', '{contact}', 'inbound',
                 '+14155550123', 'sip', 'ringing', 0, 0)"
        ),
    ] {
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut old)
            .await
            .unwrap();
    }
    old.close().await.unwrap();

    let store = Store::open(&file).await.unwrap();
    let id = contact.parse().unwrap();
    assert_eq!(store.call(id).await.unwrap().unwrap().contact, Some(id));
    let all = ContactFilter::default();
    assert_eq!(store.contacts(&all, 1, 15).await.unwrap().total, 1);
    assert!(store.delete_contact(id).await.unwrap().is_some());
    assert_eq!(store.contacts(&all, 1, 15).await.unwrap().total, 0);
}

#[tokio::test]
async fn messages_that_were_sent_before_they_were_conversations_belong_to_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mihu.sqlite");
    let mut old = file_of_version(&file, 129).await;
    let id = "019a0000-0000-7000-8000-000000000000";
    let refused = "019a0000-0000-7000-8000-000000000001";
    let message = |message: u8, conversation: &str, status: &str, at: u32| {
        format!(
            "INSERT INTO whatsapp_messages (id, workspace_id, conversation_id, agent_id, template_id,
                 phone_number_id, recipient, status, created_at, updated_at)
             VALUES ('{message}', 'default', '{conversation}', '{id}', '{id}', '1', '+14155550123',
                 '{status}', {at}, {at})"
        )
    };
    for statement in [
        format!(
            "INSERT INTO agents (id, workspace_id, source, name, definition, created_at, updated_at)
             VALUES ('{id}', 'default', 'api', 'A', '{{}}', 0, 0)"
        ),
        format!(
            "INSERT INTO conversations (id, workspace_id, agent_id, channel, started_at)
             VALUES ('{id}', 'default', '{id}', 'call', 0)"
        ),
        format!(
            "INSERT INTO whatsapp_templates (id, workspace_id, waba_id, template_id, name, language,
                 category, status, parameter_format, components, created_at, updated_at)
             VALUES ('{id}', 'default', '7', '1', 'one', 'en', 'UTILITY', 'APPROVED', 'NAMED', '[]',
                 0, 0)"
        ),
        message(1, "019a0000-0000-7000-8000-000000000002", "sent", 1_000_000),
        message(2, "019a0000-0000-7000-8000-000000000002", "sent", 3_000_000),
        message(3, refused, "failed", 2_000_000),
    ] {
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut old)
            .await
            .unwrap();
    }
    old.close().await.unwrap();

    let store = Store::open(&file).await.unwrap();
    let all = store
        .conversations(&ConversationFilter::default(), 1, 15)
        .await;
    let all = all.unwrap().items;
    let told: Vec<_> = all
        .iter()
        .map(|one| {
            let ended = one.ended_at.map(|at| at.as_second());
            (one.channel.as_str(), one.started_at.as_second(), ended)
        })
        .collect();
    assert_eq!(told, [("whatsapp", 1, Some(3)), ("call", 0, None)]);
}

#[tokio::test]
async fn webhooks_and_messages_from_before_workspaces_had_any_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mihu.sqlite");
    let mut old = file_of_version(&file, 49).await;
    let id = "019a0000-0000-7000-8000-000000000000";
    for statement in [
        format!("INSERT INTO agents VALUES ('{id}', 'default', 'api', 'A', '{{}}', 0, 0, NULL)"),
        format!(
            "INSERT INTO webhooks VALUES ('{id}', 'default', '{id}', 'api', 'https://one.example',
                 '[\"intent_call\"]', 'secret', 1, NULL, 0, 0)"
        ),
        format!(
            "INSERT INTO outbox VALUES ('{id}', 'default', '{id}', 'intent_call', '{{}}', 0, 0,
                 NULL, 2, NULL, NULL, 'no')"
        ),
    ] {
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut old)
            .await
            .unwrap();
    }
    old.close().await.unwrap();

    let store = Store::open(&file).await.unwrap();
    let id = id.parse().unwrap();
    let hook = store.webhook(Some(id), id).await.unwrap().unwrap();
    assert_eq!(hook.secret.expose(), "secret");
    let limits = ClaimLimits {
        messages: 1,
        per_webhook: 1,
        hold: Duration::from_secs(1),
    };
    let now = jiff::Timestamp::UNIX_EPOCH;
    let claimed = store.claim_deliveries(limits, now).await.unwrap();
    assert_eq!((claimed[0].id, claimed[0].attempts), (id, 2));
}

/// A file as a node left it that knew the migrations up to `version`.
async fn file_of_version(file: &Path, version: u32) -> SqliteConnection {
    let known = tempfile::tempdir().unwrap();
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    for migration in std::fs::read_dir(all).unwrap() {
        let migration = migration.unwrap();
        let name = migration.file_name().into_string().unwrap();
        if name[..4].parse::<u32>().unwrap() <= version {
            std::fs::copy(migration.path(), known.path().join(name)).unwrap();
        }
    }
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .foreign_keys(true);
    let mut connection = options.connect().await.unwrap();
    let migrations = sqlx::migrate::Migrator::new(known.path()).await.unwrap();
    migrations.run(&mut connection).await.unwrap();
    connection
}

async fn connect(database: &TestDatabase) -> Store {
    let settings = PostgresSettings {
        url: Secret::new(database.url()),
        connections: NonZeroU32::MIN,
    };
    Store::connect(&settings).await.unwrap()
}

async fn open_file(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    options.connect().await.unwrap()
}

fn names(found: Result<Vec<String>, sqlx::Error>) -> BTreeSet<String> {
    found.unwrap().into_iter().collect()
}

async fn sqlite_columns(path: &Path) -> BTreeSet<Column> {
    let mut connection = open_file(path).await;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table'
         AND name NOT LIKE 'sqlite%' AND name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut columns = BTreeSet::new();
    for table in tables {
        let statement =
            format!("SELECT name, type, \"notnull\" = 0 FROM pragma_table_info('{table}')");
        let found: Vec<(String, String, bool)> = sqlx::query_as(AssertSqlSafe(statement))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        for (name, kind, nullable) in found {
            columns.insert((table.clone(), name, kind, nullable));
        }
    }
    columns
}

/// With the types named as SQLite names them.
async fn postgres_columns(connection: &mut PgConnection) -> BTreeSet<Column> {
    let columns: Vec<Column> = sqlx::query_as(
        "SELECT table_name::text, column_name::text,
             CASE data_type WHEN 'text' THEN 'TEXT' WHEN 'bigint' THEN 'INTEGER'
                 WHEN 'double precision' THEN 'REAL' WHEN 'bytea' THEN 'BLOB'
                 ELSE data_type::text END,
             is_nullable = 'YES'
         FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'",
    )
    .fetch_all(connection)
    .await
    .unwrap();
    columns.into_iter().collect()
}
