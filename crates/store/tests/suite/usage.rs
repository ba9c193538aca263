//! How many requests were made.

use store::{KeyUsage, Plan, Store};
use uuid::Uuid;

use crate::support::{at, open};

fn usage(store: &Store, key: Uuid, month: &str, requests: u64) -> KeyUsage {
    KeyUsage {
        workspace: store.workspace_id().clone(),
        key,
        month: month.to_owned(),
        requests,
    }
}

#[tokio::test]
async fn what_is_counted_adds_up_by_key_and_month() {
    let (store, database) = open().await;
    let (key, other) = (Uuid::now_v7(), Uuid::now_v7());
    let first = [
        usage(&store, key, "2026-03", 3),
        usage(&store, other, "2026-03", 5),
        usage(&store, key, "2026-04", 7),
    ];
    store.add_usage(&first).await.unwrap();
    store
        .add_usage(&[usage(&store, key, "2026-03", 4)])
        .await
        .unwrap();
    store.close().await;
    let store = database.open_again().await;
    assert_eq!(store.usage(key, "2026-03").await.unwrap(), 7);
    assert_eq!(store.usage(other, "2026-03").await.unwrap(), 5);
    assert_eq!(store.usage(key, "2026-04").await.unwrap(), 7);
    assert_eq!(store.usage(key, "2026-05").await.unwrap(), 0);
}

#[tokio::test]
async fn a_workspace_sees_its_own_usage() {
    let (store, _database) = open().await;
    let made = store.create_workspace("Other", Plan::Free, at(0)).await;
    let other = store.in_workspace(&made.unwrap().id);
    let key = Uuid::now_v7();
    store
        .add_usage(&[usage(&store, key, "2026-03", 1)])
        .await
        .unwrap();
    assert_eq!(other.usage(key, "2026-03").await.unwrap(), 0);
}
