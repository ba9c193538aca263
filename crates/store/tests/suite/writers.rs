//! Writers at the same time: what one of them read stays true until it is done.

use serde_json::json;
use store::{AddWebhookError, Progress};

use crate::support::{EVENT, agent, at, open, outbound, turn, webhook};

const WRITERS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_webhooks_added_at_once_only_as_many_as_allowed_are() {
    let (store, database) = open().await;
    let stores = [store.clone(), database.open_again().await];
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let adding: Vec<_> = (0..WRITERS)
        .map(|turn| {
            let store = stores[turn % 2].clone();
            let hook = webhook(new.id, "https://example.com/hook", &[EVENT]);
            tokio::spawn(async move { store.add_webhook(&hook, 5, at(1)).await })
        })
        .collect();
    let mut refused = 0;
    for one in adding {
        if let Err(error) = one.await.unwrap() {
            assert!(
                matches!(error, AddWebhookError::LimitReached { .. }),
                "{error}"
            );
            refused += 1;
        }
    }
    assert_eq!(refused, WRITERS - 5);
    assert_eq!(store.webhooks(new.id).await.unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_turns_and_latencies_noted_at_once_none_is_lost() {
    let (store, database) = open().await;
    let stores = [store.clone(), database.open_again().await];
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let call = outbound(new.id, "+14155550123");
    store.begin_call(&call).await.unwrap();
    let noting: Vec<_> = (0..WRITERS)
        .map(|number| {
            let store = stores[number % 2].clone();
            let (id, conversation) = (call.id, call.conversation);
            tokio::spawn(async move {
                let said = turn("agent", &number.to_string());
                store
                    .append_message(conversation, &said, &[], at(1))
                    .await
                    .unwrap();
                let latency = Progress::Latency(json!({ "turn": number }));
                store
                    .note_progress(id, Some(&latency), at(1))
                    .await
                    .unwrap();
            })
        })
        .collect();
    for one in noting {
        one.await.unwrap();
    }
    assert_eq!(
        store.messages(call.conversation).await.unwrap().len(),
        WRITERS
    );
    let stored = store.call(call.id).await.unwrap().unwrap();
    assert_eq!(stored.latencies.len(), WRITERS);
}

#[tokio::test]
async fn words_with_a_nul_in_them_are_kept_without_it() {
    let (store, _database) = open().await;
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    let call = outbound(new.id, "+14155550123");
    store.begin_call(&call).await.unwrap();
    let said = turn("agent", "Hel\0lo.");
    store
        .append_message(call.conversation, &said, &[], at(1))
        .await
        .unwrap();
    let kept = store.messages(call.conversation).await.unwrap();
    assert_eq!(kept[0].text, "Hel\u{fffd}lo.");
}
