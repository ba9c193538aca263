//! The Postgres server: reached, found again, refused.

use std::num::NonZeroU32;
use std::task::Poll;
use std::time::Duration;

use postgres_fixture::TestDatabase;
use sqlx::Connection as _;
use store::{OpenStoreError, Store};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{agent, at, outbound, settings, turn};

#[tokio::test]
async fn several_processes_may_prepare_the_same_database_at_once() {
    let database = TestDatabase::create();
    let settings = settings(database.url());
    let (a, b, c) = tokio::join!(
        Store::connect(&settings),
        Store::connect(&settings),
        Store::connect(&settings),
    );
    for store in [a, b, c] {
        store.unwrap().check().await.unwrap();
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_without_any_password() {
    let database = TestDatabase::create();
    let url = database.url();
    let right = password(&url);
    let wrong = url.replace(&right, "hunter2");
    let error = Store::connect(&settings(wrong)).await.unwrap_err();
    assert!(matches!(error, OpenStoreError::Refused { .. }), "{error:?}");
    let told = format!("{error} {error:?}");
    assert!(
        told.contains("127.0.0.1") && told.contains("password"),
        "{told}"
    );
    assert!(
        !told.contains("hunter2") && !told.contains(&right),
        "{told}"
    );
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_named() {
    let database = TestDatabase::create();
    let url = database.url();
    let (server, _) = url.rsplit_once('/').unwrap();
    let error = Store::connect(&settings(format!("{server}/nowhere")))
        .await
        .unwrap_err();
    assert!(matches!(error, OpenStoreError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[tokio::test]
async fn a_port_where_nothing_listens_is_named_with_the_remedy() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let url = format!("postgres://mihu:hunter2@127.0.0.1:{port}/mihu");
    let error = Store::connect(&settings(url)).await.unwrap_err();
    assert!(
        matches!(error, OpenStoreError::Unreachable { .. }),
        "{error:?}"
    );
    let told = error.to_string();
    assert!(
        told.contains(&port.to_string()) && told.contains("Postgres runs"),
        "{told}"
    );
    assert!(!told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let database = TestDatabase::create();
    let settings = settings(database.url());
    Store::connect(&settings).await.unwrap().close().await;
    let mut raw = sqlx::PgConnection::connect(&database.url()).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'later', true, '', 0)",
    )
    .execute(&mut raw)
    .await
    .unwrap();
    let error = Store::connect(&settings).await.unwrap_err();
    assert!(
        matches!(error, OpenStoreError::OtherVersion { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("9999"), "{error}");
}

#[tokio::test]
async fn connections_that_the_server_cut_are_replaced() {
    let database = TestDatabase::create();
    let store = Store::connect(&settings(database.url())).await.unwrap();
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let mut raw = sqlx::PgConnection::connect(&database.url()).await.unwrap();
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .execute(&mut raw)
    .await
    .unwrap();
    // Idle for longer than a connection is trusted without a sign of life.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(store.agents().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_transaction_that_could_not_begin_stops_no_later_one() {
    let database = TestDatabase::create();
    let mut few = settings(database.url());
    few.connections = NonZeroU32::MIN;
    let store = Store::connect(&few).await.unwrap();
    let mut raw = sqlx::PgConnection::connect(&database.url()).await.unwrap();
    // Another node that hangs within a transaction of the same workspace.
    let mut hanging = raw.begin().await.unwrap();
    let lock: i64 = sqlx::query_scalar(
        "SELECT ('x' || left(encode(sha256('default'), 'hex'), 16))::bit(64)::bigint",
    )
    .fetch_one(&mut *hanging)
    .await
    .unwrap();
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(lock)
        .execute(&mut *hanging)
        .await
        .unwrap();
    let new = agent("Support");
    let error = store.insert_agent(&new, at(0)).await.unwrap_err();
    assert!(!error.is_final(), "{error}");
    hanging.rollback().await.unwrap();
    store.insert_agent(&new, at(0)).await.unwrap();
}

#[tokio::test]
async fn after_a_writer_that_lost_interest_the_next_one_is_committed() {
    let database = TestDatabase::create();
    let other = Store::connect(&settings(database.url())).await.unwrap();
    let mut few = settings(over_a_slow_line(&database.url()).await);
    few.connections = NonZeroU32::MIN;
    let store = Store::connect(&few).await.unwrap();
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let call = outbound(new.id, "+14155550123");
    store.begin_call(&call).await.unwrap();
    let said = turn("agent", "Hello.");
    for steps in 1..20 {
        let noting = store.append_message(call.conversation, &said, &[], at(0));
        give_up_after(steps, noting).await;
        store
            .note_ringing(call.id, "ringing", &[], at(steps))
            .await
            .unwrap();
        let seen = other.call(call.id).await.unwrap().unwrap();
        assert_eq!(seen.updated_at, at(steps), "{steps}");
    }
    assert!(!other.messages(call.conversation).await.unwrap().is_empty());
}

/// The same database, whose answers take a while, so that each is waited for.
async fn over_a_slow_line(url: &str) -> String {
    let (start, end) = url.rsplit_once('@').unwrap();
    let (server, name) = end.split_once('/').unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = listener.local_addr().unwrap();
    let server = server.to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (mut questions, mut to_client) = client.into_split();
            let connected = TcpStream::connect(&server).await.unwrap();
            let (mut answers, mut to_server) = connected.into_split();
            tokio::spawn(async move { tokio::io::copy(&mut questions, &mut to_server).await });
            tokio::spawn(async move {
                let mut answer = [0; 8_192];
                while let Ok(length @ 1..) = answers.read(&mut answer).await {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    to_client.write_all(&answer[..length]).await.unwrap();
                }
            });
        }
    });
    format!("{start}@{here}/{name}")
}

/// Drops a future when it was polled this often, as a request is dropped whose client is gone.
async fn give_up_after(steps: i64, future: impl Future) {
    let mut future = std::pin::pin!(future);
    let mut left = steps;
    std::future::poll_fn(|context| {
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Pending if left > 0 => Poll::Pending,
            Poll::Pending | Poll::Ready(_) => Poll::Ready(()),
        }
    })
    .await;
}

fn password(url: &str) -> String {
    let (_, rest) = url.split_once("://").unwrap();
    let (user, _) = rest.split_once('@').unwrap();
    let (_, password) = user.split_once(':').unwrap();
    password.to_owned()
}
