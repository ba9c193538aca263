//! How much a key may ask for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{Clock, LimitSettings, Now, upkeep};
use jiff::{SignedDuration, Timestamp};
use store::{Plan, Store};
use tokio_util::sync::CancellationToken;

use crate::support::Node;

/// A clock that the test moves.
#[derive(Clone)]
struct Hand(Arc<Mutex<Duration>>);

impl Hand {
    /// 2 s before a month ends.
    fn new() -> Self {
        Self(Arc::default())
    }

    fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }

    fn clock(&self) -> Clock {
        let hand = self.clone();
        Clock::new(move || {
            let running = *hand.0.lock().unwrap();
            let start: Timestamp = "2098-01-31T23:59:58Z".parse().unwrap();
            let passed = SignedDuration::try_from(running).unwrap();
            Now {
                wall: start + passed,
                running,
            }
        })
    }
}

async fn node(limits: LimitSettings) -> (Node, Hand) {
    let hand = Hand::new();
    let node = Node::start_with(|config| config.limits = limits).await;
    (node.told_by(hand.clock()), hand)
}

const fn rate(requests_per_second: u32, burst: u32) -> LimitSettings {
    LimitSettings {
        requests_per_second,
        burst,
        ..LimitSettings::NONE
    }
}

const fn quota(monthly_quota: u64) -> LimitSettings {
    LimitSettings {
        monthly_quota,
        ..LimitSettings::NONE
    }
}

#[tokio::test]
async fn who_asks_too_fast_is_told_when_to_come_back() {
    let (node, hand) = node(rate(2, 3)).await;
    for left in ["2", "1", "0"] {
        let answer = node.get("/calls").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-limit"), "3");
        assert_eq!(answer.header("ratelimit-remaining"), left);
    }
    let refused = node.get("/calls").await;
    refused.is_error(429, "RATE_LIMITED");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    assert_eq!(refused.header("ratelimit-reset"), "2");
    hand.advance(Duration::from_millis(500));
    assert_eq!(node.get("/calls").await.status, 200);
    node.get("/calls").await.is_error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn each_key_has_its_own_rate() {
    let (node, _) = node(rate(1, 1)).await;
    let colleague = node.seen_with(&node.store, &["*"]).await;
    assert_eq!(node.get("/calls").await.status, 200);
    node.get("/calls").await.is_error(429, "RATE_LIMITED");
    assert_eq!(colleague.get("/calls").await.status, 200);
}

#[tokio::test]
async fn errors_count_and_tell_how_much_is_left() {
    let (node, _) = node(rate(1, 2)).await;
    let answer = node.get("/no/such/path").await;
    answer.is_error(404, "NOT_FOUND");
    assert_eq!(answer.header("ratelimit-remaining"), "1");
    let reader = node.seen_with(&node.store, &["agents:read"]).await;
    let answer = reader.get("/calls").await;
    answer.is_error(403, "INSUFFICIENT_SCOPE");
    assert_eq!(answer.header("ratelimit-remaining"), "1");
}

#[tokio::test]
async fn a_month_has_so_many_requests() {
    let (node, hand) = node(quota(3)).await;
    for left in ["2", "1", "0"] {
        let answer = node.get("/calls").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-limit"), "3");
        assert_eq!(answer.header("ratelimit-remaining"), left);
        assert_eq!(answer.header("ratelimit-reset"), "2");
    }
    let refused = node.get("/calls").await;
    refused.is_error(429, "QUOTA_EXCEEDED");
    assert_eq!(refused.header("retry-after"), "2");
    hand.advance(Duration::from_millis(2_500));
    let answer = node.get("/calls").await;
    assert_eq!(answer.header("ratelimit-remaining"), "2");
}

#[tokio::test]
async fn what_was_used_survives_a_restart() {
    let (node, _) = node(quota(3)).await;
    node.get("/calls").await.data();
    let stopped = CancellationToken::new();
    stopped.cancel();
    upkeep::run(node.state.clone(), stopped).await;
    let node = node.started_again();
    let answer = node.get("/calls").await;
    assert_eq!(answer.header("ratelimit-remaining"), "1");
}

#[tokio::test]
async fn what_is_written_down_in_between_counts_once() {
    let (node, hand) = node(quota(10)).await;
    let stop = CancellationToken::new();
    let upkeep = tokio::spawn(upkeep::run(node.state.clone(), stop.clone()));
    for left in (0..10).rev() {
        let answer = node.get("/calls").await;
        assert_eq!(answer.header("ratelimit-remaining"), left.to_string());
        hand.advance(Duration::from_millis(1));
        if left == 5 {
            stop.cancel();
        }
    }
    upkeep.await.unwrap();
    node.get("/calls").await.is_error(429, "QUOTA_EXCEEDED");
}

#[tokio::test]
async fn a_workspace_without_quota_has_none() {
    let (node, _) = node(quota(1)).await;
    for (plan, status) in [(Plan::Unlimited, 200), (Plan::Free, 429)] {
        let made = node.store.create_workspace("Other", plan, Timestamp::now());
        let store: Store = node.store.in_workspace(&made.await.unwrap().id);
        let visitor = node.seen_with(&store, &["*"]).await;
        assert_eq!(visitor.get("/calls").await.status, 200);
        let answer = visitor.get("/calls").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("ratelimit-limit").is_empty(), status == 200);
    }
}

#[tokio::test]
async fn the_limit_that_is_reached_first_is_told() {
    for (burst, monthly_quota, told) in [(2, 100, "2"), (100, 3, "3")] {
        let limits = LimitSettings {
            monthly_quota,
            ..rate(1, burst)
        };
        let (node, _) = node(limits).await;
        assert_eq!(node.get("/calls").await.header("ratelimit-limit"), told);
    }
}
