//! The outbox: owed, claimed, settled, given up.

use store::{ClaimLimits, ClaimedDelivery, NewWebhook, Outcome, Store, WebhookChange};
use uuid::Uuid;

use crate::support::{
    Database, EVENT, LIMITS, agent, at, completed, made, open, outbound, report, unwatched, webhook,
};

#[tokio::test]
async fn every_active_webhook_that_wants_the_report_is_owed_one() {
    let (store, agent, _database) = with_agent().await;
    let wanted = add(&store, webhook(agent, "https://one.example", &[EVENT])).await;
    add(
        &store,
        webhook(agent, "https://two.example", &["intent_call"]),
    )
    .await;
    let inactive = webhook(agent, "https://three.example", &[EVENT]);
    add(
        &store,
        NewWebhook {
            is_active: false,
            ..inactive
        },
    )
    .await;
    assert_eq!(end_a_call(&store, agent).await, 1);

    let claimed = store.claim_deliveries(LIMITS, at(70)).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].webhook, wanted);
    assert_eq!(claimed[0].url, "https://one.example");
    assert_eq!(claimed[0].payload, report().payload);
}

#[tokio::test]
async fn a_claimed_message_is_not_claimed_again_until_the_claim_runs_out() {
    let (store, agent, _database) = with_agent().await;
    add(&store, webhook(agent, "https://one.example", &[EVENT])).await;
    end_a_call(&store, agent).await;
    let first = store.claim_deliveries(LIMITS, at(70)).await.unwrap();
    assert!(
        store
            .claim_deliveries(LIMITS, at(99))
            .await
            .unwrap()
            .is_empty()
    );
    let second = store.claim_deliveries(LIMITS, at(100)).await.unwrap();
    assert_eq!(first[0].id, second[0].id);
}

#[tokio::test]
async fn a_delivered_message_is_owed_no_more() {
    let (store, agent, _database) = with_agent().await;
    add(&store, webhook(agent, "https://one.example", &[EVENT])).await;
    end_a_call(&store, agent).await;
    let claimed = claim_one(&store, 70).await;
    store
        .settle_delivery(&claimed, &made(Outcome::Delivered), unwatched, at(71))
        .await
        .unwrap();
    assert_eq!(store.owed_deliveries().await.unwrap(), 0);
    assert!(
        store
            .claim_deliveries(LIMITS, at(1000))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_failed_message_is_due_again_at_its_time_and_counts_its_attempts() {
    let (store, agent, _database) = with_agent().await;
    add(&store, webhook(agent, "https://one.example", &[EVENT])).await;
    end_a_call(&store, agent).await;
    let claimed = claim_one(&store, 70).await;
    assert_eq!(claimed.attempts, 0);
    let retry = Outcome::Retry {
        at: at(80),
        error: "status 500".to_owned(),
    };
    store
        .settle_delivery(&claimed, &made(retry), unwatched, at(71))
        .await
        .unwrap();
    assert!(
        store
            .claim_deliveries(LIMITS, at(79))
            .await
            .unwrap()
            .is_empty()
    );
    let again = claim_one(&store, 80).await;
    assert_eq!((again.id, again.attempts), (claimed.id, 1));
}

#[tokio::test]
async fn a_gone_endpoint_gets_nothing_until_it_is_activated_again() {
    let (store, agent, _database) = with_agent().await;
    let hook = add(&store, webhook(agent, "https://one.example", &[EVENT])).await;
    end_a_call(&store, agent).await;
    end_a_call(&store, agent).await;
    let claimed = store
        .claim_deliveries(
            ClaimLimits {
                messages: 1,
                ..LIMITS
            },
            at(70),
        )
        .await;
    let gone = Outcome::EndpointGone {
        error: "status 410".to_owned(),
    };
    store
        .settle_delivery(&claimed.unwrap()[0], &made(gone), unwatched, at(71))
        .await
        .unwrap();
    assert!(
        store
            .claim_deliveries(LIMITS, at(72))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(end_a_call(&store, agent).await, 0);
    let disabled = store.webhook(agent, hook).await.unwrap().unwrap();
    assert_eq!(disabled.disabled_reason.as_deref(), Some("status 410"));

    let change = WebhookChange {
        is_active: Some(true),
        ..WebhookChange::default()
    };
    let active = store
        .update_webhook(agent, hook, &change, at(73))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(active.disabled_reason, None);
    assert_eq!(
        store.claim_deliveries(LIMITS, at(74)).await.unwrap().len(),
        1
    );
}

#[tokio::test]
async fn one_webhook_takes_no_more_than_its_share() {
    let (store, agent, _database) = with_agent().await;
    let slow = add(&store, webhook(agent, "https://slow.example", &[EVENT])).await;
    for _ in 0..4 {
        end_a_call(&store, agent).await;
    }
    let other = add(&store, webhook(agent, "https://other.example", &[EVENT])).await;
    end_a_call(&store, agent).await;
    let limits = ClaimLimits {
        per_webhook: 2,
        ..LIMITS
    };
    let claimed = store.claim_deliveries(limits, at(70)).await.unwrap();
    let of = |hook: Uuid| claimed.iter().filter(|one| one.webhook == hook).count();
    assert_eq!((of(slow), of(other)), (2, 1));
    assert!(
        store
            .claim_deliveries(limits, at(71))
            .await
            .unwrap()
            .is_empty()
    );
    store
        .settle_delivery(&claimed[0], &made(Outcome::Delivered), unwatched, at(72))
        .await
        .unwrap();
    assert_eq!(
        store.claim_deliveries(limits, at(73)).await.unwrap().len(),
        1
    );
}

#[tokio::test]
async fn an_old_message_is_given_up() {
    let (store, agent, _database) = with_agent().await;
    add(&store, webhook(agent, "https://one.example", &[EVENT])).await;
    end_a_call(&store, agent).await;
    assert_eq!(store.give_up_deliveries(at(66), at(70)).await.unwrap(), 0);
    assert_eq!(store.give_up_deliveries(at(67), at(70)).await.unwrap(), 1);
    assert_eq!(store.owed_deliveries().await.unwrap(), 0);
}

#[tokio::test]
async fn settled_messages_are_forgotten_when_they_are_old_and_owed_ones_never() {
    let (store, agent, _database) = with_agent().await;
    add(&store, webhook(agent, "https://one.example", &[EVENT])).await;
    for second in [70, 80] {
        end_a_call(&store, agent).await;
        let claimed = claim_one(&store, second).await;
        store
            .settle_delivery(&claimed, &made(Outcome::Delivered), unwatched, at(second))
            .await
            .unwrap();
    }
    end_a_call(&store, agent).await;
    let given_up = claim_one(&store, 85).await;
    let error = "no answer".to_owned();
    store
        .settle_delivery(
            &given_up,
            &made(Outcome::GivenUp { error }),
            unwatched,
            at(85),
        )
        .await
        .unwrap();
    end_a_call(&store, agent).await;
    assert_eq!(store.forget_deliveries(at(70)).await.unwrap(), 0);
    assert_eq!(store.forget_deliveries(at(71)).await.unwrap(), 1);
    assert_eq!(store.forget_deliveries(at(1_000)).await.unwrap(), 2);
    assert_eq!(store.owed_deliveries().await.unwrap(), 1);
}

#[tokio::test]
async fn removing_a_webhook_removes_what_is_owed_to_it() {
    let (store, agent, _database) = with_agent().await;
    let hook = add(&store, webhook(agent, "https://one.example", &[EVENT])).await;
    end_a_call(&store, agent).await;
    store.delete_webhook(agent, hook).await.unwrap();
    assert_eq!(store.owed_deliveries().await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_owed_survives_reopening() {
    let (store, agent, database) = with_agent().await;
    add(&store, webhook(agent, "https://one.example", &[EVENT])).await;
    end_a_call(&store, agent).await;
    store.close().await;
    let store = database.open_again().await;
    assert_eq!(claim_one(&store, 70).await.url, "https://one.example");
}

async fn with_agent() -> (Store, Uuid, Database) {
    let (store, database) = open().await;
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    (store, new.id, database)
}

async fn add(store: &Store, hook: NewWebhook) -> Uuid {
    store.add_webhook(&hook, 5, at(0)).await.unwrap().id
}

/// Ends a call at second 66 and says how many messages that owes.
async fn end_a_call(store: &Store, agent: Uuid) -> u64 {
    let call = outbound(agent, "+14155550123");
    store.begin_call(&call).await.unwrap();
    store
        .end_call(&completed(&call), &[report()], at(66))
        .await
        .unwrap()
        .unwrap()
}

async fn claim_one(store: &Store, second: i64) -> ClaimedDelivery {
    let mut claimed = store.claim_deliveries(LIMITS, at(second)).await.unwrap();
    assert_eq!(claimed.len(), 1);
    claimed.remove(0)
}
