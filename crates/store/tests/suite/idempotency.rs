//! Requests that must not be done twice.

use jiff::SignedDuration;
use store::{Plan, Reservation, ReservationLimits, Reserved, Store};
use uuid::Uuid;

use crate::support::{at, open};

/// At second `now`, reservations hold for 60 s and answers for 1,000 s.
async fn reserve(store: &Store, key: &str, request: &str, now: i64) -> Reserved {
    let limits = ReservationLimits {
        abandoned_before: at(now) - SignedDuration::from_secs(60),
        forgotten_before: at(now) - SignedDuration::from_secs(1_000),
    };
    let reserved = store.reserve_request(key, request, limits, at(now)).await;
    reserved.unwrap()
}

fn to_do(reserved: Reserved) -> Reservation {
    let Reserved::Now(reservation) = reserved else {
        panic!("{reserved:?}");
    };
    reservation
}

fn now(reserved: Reserved) -> Uuid {
    to_do(reserved).id
}

#[tokio::test]
async fn a_request_that_was_done_has_its_answer() {
    let (store, _database) = open().await;
    let reservation = now(reserve(&store, "a", "one", 0).await);
    assert_eq!(reserve(&store, "a", "one", 1).await, Reserved::InUse);
    store.keep_answer(reservation, b"answer").await.unwrap();
    let done = Reserved::Done {
        reservation,
        content: b"answer".to_vec(),
    };
    assert_eq!(reserve(&store, "a", "one", 900).await, done);
    now(reserve(&store, "b", "one", 900).await);
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let (store, _database) = open().await;
    let reservation = now(reserve(&store, "a", "one", 0).await);
    assert_eq!(reserve(&store, "a", "two", 1).await, Reserved::Other);
    store.keep_answer(reservation, b"").await.unwrap();
    assert_eq!(reserve(&store, "a", "two", 2).await, Reserved::Other);
}

#[tokio::test]
async fn a_reservation_that_is_given_back_is_free_at_once() {
    let (store, _database) = open().await;
    let reservation = now(reserve(&store, "a", "one", 0).await);
    store.release_request(reservation).await.unwrap();
    now(reserve(&store, "a", "two", 1).await);
}

#[tokio::test]
async fn a_reservation_whose_process_died_is_taken_over_and_no_longer_counts() {
    let (store, _database) = open().await;
    let dead = now(reserve(&store, "a", "one", 0).await);
    assert_eq!(reserve(&store, "a", "one", 60).await, Reserved::InUse);
    let second = now(reserve(&store, "a", "one", 61).await);
    store.keep_answer(dead, b"of the dead").await.unwrap();
    store.release_request(dead).await.unwrap();
    assert_eq!(reserve(&store, "a", "one", 62).await, Reserved::InUse);
    store.keep_answer(second, b"of the living").await.unwrap();
    let done = reserve(&store, "a", "one", 63).await;
    assert!(matches!(done, Reserved::Done { content, .. } if content == b"of the living"));
}

#[tokio::test]
async fn what_a_request_makes_has_one_id_however_often_its_process_dies() {
    let (store, _database) = open().await;
    let first = to_do(reserve(&store, "a", "one", 0).await);
    assert!(!first.is_taken_over);
    for second in [61, 122] {
        let again = to_do(reserve(&store, "a", "one", second).await);
        assert_eq!((again.work, again.is_taken_over), (first.work, true));
        assert_ne!(again.id, first.id);
    }
    // What is forgotten is another request from then on.
    let anew = to_do(reserve(&store, "a", "one", 2_000).await);
    assert!(!anew.is_taken_over);
    assert_ne!(anew.work, first.work);
}

#[tokio::test]
async fn what_is_old_is_forgotten() {
    let (store, _database) = open().await;
    let old = now(reserve(&store, "a", "one", 0).await);
    store.keep_answer(old, b"old").await.unwrap();
    now(reserve(&store, "b", "one", 500).await);
    assert_eq!(store.forget_requests(at(500)).await.unwrap(), 1);
    assert_eq!(store.forget_requests(at(500)).await.unwrap(), 0);
    now(reserve(&store, "a", "two", 501).await);
    // Also when nobody has cleaned up yet.
    now(reserve(&store, "b", "two", 1_501).await);
}

#[tokio::test]
async fn each_workspace_has_its_own_keys() {
    let (store, _database) = open().await;
    let made = store.create_workspace("Other", Plan::Free, at(0)).await;
    let other = store.in_workspace(&made.unwrap().id);
    let reservation = now(reserve(&store, "a", "one", 0).await);
    now(reserve(&other, "a", "two", 0).await);
    other.keep_answer(reservation, b"theirs").await.unwrap();
    other.release_request(reservation).await.unwrap();
    assert_eq!(reserve(&store, "a", "one", 1).await, Reserved::InUse);
}

#[tokio::test]
async fn of_many_at_once_one_does_it() {
    let (store, _database) = open().await;
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let store = store.clone();
        tries.spawn(async move { reserve(&store, "a", "one", 0).await });
    }
    let tries = tries.join_all().await;
    let first = tries.iter().filter(|one| matches!(one, Reserved::Now(_)));
    assert_eq!(first.count(), 1);
}
