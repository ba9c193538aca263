//! The order of deliveries, endpoints that are paused, the log, and webhooks of a workspace.

use jiff::Timestamp;
use store::{
    Announcement, ClaimedDelivery, DeliveryFilter, DeliveryState, EndpointHealth, NewCall,
    NewWebhook, Outcome, SendDeliveryError, Store, WebhookChange,
};
use uuid::Uuid;

use crate::support::{
    Database, EVENT, LIMITS, agent, at, completed, made, open, outbound, report, unwatched, webhook,
};

#[tokio::test]
async fn messages_about_one_conversation_go_out_one_after_the_other() {
    let office = Office::open().await;
    let hook = office.hook(EVENT).await;
    let call = office.call().await;
    for body in ["1", "2", "3"] {
        office.tell(&call, body).await;
    }
    let first = office.claim_one(70).await;
    assert_eq!(first.payload, "1");
    assert!(office.claim(71).await.is_empty());
    let retry = Outcome::Retry {
        at: at(80),
        error: "no".to_owned(),
    };
    office.settle(&first, retry, 71).await;
    assert!(office.claim(79).await.is_empty());
    let first = office.claim_one(80).await;
    assert_eq!(first.payload, "1");
    let error = "no".to_owned();
    office.settle(&first, Outcome::GivenUp { error }, 81).await;
    let second = office.claim_one(81).await;
    assert_eq!(second.payload, "2");
    office.settle(&second, Outcome::Delivered, 82).await;
    office.tell(&call, "4").await;
    for body in ["3", "4"] {
        let next = office.claim_one(83).await;
        assert_eq!((next.payload.as_str(), next.webhook), (body, hook));
        office.settle(&next, Outcome::Delivered, 83).await;
    }
    assert_eq!(office.store.owed_deliveries().await.unwrap(), 0);
}

#[tokio::test]
async fn another_conversation_and_another_webhook_do_not_wait() {
    let office = Office::open().await;
    let hooks = [office.hook(EVENT).await, office.hook(EVENT).await];
    let (one, other) = (office.call().await, office.call().await);
    for call in [&one, &one, &other] {
        office.tell(call, "x").await;
    }
    let claimed = office.claim(70).await;
    for hook in hooks {
        let of = claimed.iter().filter(|claim| claim.webhook == hook);
        assert_eq!(of.count(), 2);
    }
}

#[tokio::test]
async fn what_waited_for_an_old_message_is_due_when_that_is_given_up() {
    let office = Office::open().await;
    office.hook(EVENT).await;
    let call = office.call().await;
    office.tell_at(&call, "old", at(10)).await;
    office.tell_at(&call, "new", at(20)).await;
    let given_up = office.store.give_up_deliveries(at(15), at(70)).await;
    assert_eq!(given_up.unwrap(), 1);
    assert_eq!(office.claim_one(70).await.payload, "new");
}

#[tokio::test]
async fn an_outcome_that_comes_too_late_changes_nothing() {
    let office = Office::open().await;
    let hook = office.hook(EVENT).await;
    let call = office.call().await;
    office.tell(&call, "x").await;
    let late = office.claim_one(70).await;
    let again = office.claim_one(101).await;
    office.settle(&again, Outcome::Delivered, 102).await;
    let error = "no answer in time".to_owned();
    office.settle(&late, Outcome::GivenUp { error }, 103).await;
    let kept = office.store.delivery(hook, late.id).await.unwrap().unwrap();
    assert_eq!((kept.state(), kept.attempts), (DeliveryState::Delivered, 1));
}

#[tokio::test]
async fn a_paused_webhook_waits_and_is_then_tried_with_one_message() {
    let office = Office::open().await;
    let hook = office.hook(EVENT).await;
    for _ in 0..3 {
        office.tell(&office.call().await, "x").await;
    }
    let claimed = office.claim(70).await;
    assert_eq!(claimed.len(), 3);
    let retry = || Outcome::Retry {
        at: at(72),
        error: "no".to_owned(),
    };
    let paused = EndpointHealth {
        failures: 5,
        paused_until: Some(at(100)),
    };
    for one in &claimed {
        let attempt = made(retry());
        let settled = office
            .store
            .settle_delivery(one, &attempt, |_| paused, at(71));
        settled.await.unwrap();
    }
    assert_eq!(office.stored(hook).await.health, paused);
    assert!(office.claim(99).await.is_empty());
    let test = office.claim_one(100).await;
    assert!(office.claim(101).await.is_empty());
    let well = |_| EndpointHealth::default();
    let attempt = made(Outcome::Delivered);
    let settled = office.store.settle_delivery(&test, &attempt, well, at(101));
    settled.await.unwrap();
    assert_eq!(office.claim(101).await.len(), 2);
}

#[tokio::test]
async fn a_new_address_and_activating_end_a_pause() {
    let office = Office::open().await;
    let hook = office.hook(EVENT).await;
    let url = || Some("https://two.example".to_owned());
    for (change, ends) in [
        (
            WebhookChange {
                url: url(),
                ..WebhookChange::default()
            },
            true,
        ),
        (
            WebhookChange {
                url: url(),
                ..WebhookChange::default()
            },
            false,
        ),
        (
            WebhookChange {
                is_active: Some(true),
                ..WebhookChange::default()
            },
            true,
        ),
        (
            WebhookChange {
                events: Some(vec![EVENT.to_owned()]),
                ..WebhookChange::default()
            },
            false,
        ),
    ] {
        office.pause(hook).await;
        let changed = office
            .store
            .update_webhook(office.agent, hook, &change, at(80))
            .await;
        let health = changed.unwrap().unwrap().health;
        assert_eq!(health == EndpointHealth::default(), ends, "{change:?}");
    }
}

#[tokio::test]
async fn the_log_has_each_message_and_each_attempt() {
    let office = Office::open().await;
    let hook = office.hook(EVENT).await;
    let calls = [
        office.call().await,
        office.call().await,
        office.call().await,
    ];
    for call in &calls {
        office.tell(call, "x").await;
    }
    let claimed = office.claim(70).await;
    let error = || "no".to_owned();
    office.settle(&claimed[0], Outcome::Delivered, 71).await;
    office
        .settle(&claimed[1], Outcome::GivenUp { error: error() }, 71)
        .await;
    let retry = Outcome::Retry {
        at: at(80),
        error: error(),
    };
    office.settle(&claimed[2], retry, 71).await;
    let again = office.claim_one(80).await;
    office.settle(&again, Outcome::Delivered, 81).await;
    office.tell(&calls[0], "y").await;

    for (state, count) in [
        (None, 4),
        (Some(DeliveryState::Delivered), 2),
        (Some(DeliveryState::GivenUp), 1),
        (Some(DeliveryState::Pending), 1),
    ] {
        let filter = DeliveryFilter {
            state,
            conversation: None,
        };
        let page = office.store.deliveries(hook, filter, 1, 15).await.unwrap();
        assert_eq!(page.total, count, "{state:?}");
        assert!(
            page.items
                .iter()
                .all(|it| state.is_none_or(|state| it.state() == state))
        );
    }
    let filter = DeliveryFilter {
        state: None,
        conversation: Some(calls[0].conversation),
    };
    let page = office.store.deliveries(hook, filter, 2, 1).await.unwrap();
    assert_eq!((page.total, page.items[0].id), (2, claimed[0].id));

    let attempts = office.store.delivery_attempts(again.id, 10).await.unwrap();
    let told: Vec<_> = attempts
        .iter()
        .map(|one| (one.number, one.status_code, one.error.as_deref()))
        .collect();
    assert_eq!(told, [(1, None, Some("no")), (2, Some(200), None)]);
    assert_eq!(attempts[0].started_at, at(70));
    assert_eq!(attempts[0].duration.as_millis(), 250);
    let last = office.store.delivery_attempts(again.id, 1).await.unwrap();
    assert_eq!(last[0].number, 2);

    assert_eq!(office.store.forget_deliveries(at(1_000)).await.unwrap(), 3);
    let gone = office.store.delivery_attempts(again.id, 10).await.unwrap();
    assert!(gone.is_empty());
}

#[tokio::test]
async fn a_transcript_that_is_forgotten_is_in_no_settled_message_either() {
    let office = Office::open().await;
    let hook = office.hook(EVENT).await;
    let call = office.call().await;
    let ended = office
        .store
        .end_call(&completed(&call), &[report()], at(65))
        .await;
    assert_eq!(ended.unwrap(), Some(1));
    let settled = office.claim_one(70).await;
    office.settle(&settled, Outcome::Delivered, 71).await;
    office.tell(&call, "owed").await;
    assert_eq!(office.store.forget_transcripts(at(66), 9).await.unwrap(), 1);
    let filter = DeliveryFilter::default();
    let page = office.store.deliveries(hook, filter, 1, 15).await.unwrap();
    assert_eq!((page.total, page.items[0].payload.as_str()), (1, "owed"));
}

#[tokio::test]
async fn a_settled_message_can_be_owed_again_under_its_id() {
    let office = Office::open().await;
    let hook = office.hook(EVENT).await;
    let call = office.call().await;
    office.tell(&call, "1").await;
    let again = office.store.redeliver(hook, Uuid::now_v7(), at(75)).await;
    assert!(matches!(again, Err(SendDeliveryError::Unknown)));
    let first = office.claim_one(70).await;
    let early = office.store.redeliver(hook, first.id, at(75)).await;
    assert!(matches!(early, Err(SendDeliveryError::Pending)));
    office.settle(&first, Outcome::Delivered, 71).await;
    office.pause(hook).await;
    let again = office
        .store
        .redeliver(hook, first.id, at(75))
        .await
        .unwrap();
    assert_eq!(again.state(), DeliveryState::Pending);
    assert_eq!(again.next_attempt_at, Some(at(75)));

    // Asking for it ended the pause. What is told now does not wait for it.
    let claimed = office.claim_one(75).await;
    assert_eq!((claimed.id, claimed.attempts), (first.id, 0));
    assert_eq!(claimed.owed_since, at(75));
    office.tell(&call, "2").await;
    assert!(office.claim(76).await.is_empty());
    office.settle_well(&claimed, 76).await;
    assert_eq!(office.claim_one(76).await.payload, "2");
    let kept = office
        .store
        .delivery(hook, first.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.attempts, 2);
}

#[tokio::test]
async fn a_message_for_one_webhook_asks_for_no_subscription() {
    let office = Office::open().await;
    let (hook, other) = (office.hook("intent_call").await, office.hook(EVENT).await);
    let test = Announcement {
        event: "webhook_test",
        payload: "test".to_owned(),
    };
    let sent = office.store.send_to_webhook(hook, &test, at(70)).await;
    let sent = sent.unwrap();
    assert_eq!((sent.webhook, sent.conversation), (hook, None));
    let claimed = office.claim_one(70).await;
    assert_eq!((claimed.id, claimed.webhook), (sent.id, hook));

    let off = WebhookChange {
        is_active: Some(false),
        ..WebhookChange::default()
    };
    let change = office
        .store
        .update_webhook(office.agent, other, &off, at(71));
    change.await.unwrap();
    let refused = office.store.send_to_webhook(other, &test, at(72)).await;
    assert!(matches!(refused, Err(SendDeliveryError::Inactive)));
    let unknown = office.store.send_to_webhook(Uuid::now_v7(), &test, at(72));
    assert!(matches!(unknown.await, Err(SendDeliveryError::Unknown)));
}

#[tokio::test]
async fn a_webhook_of_the_workspace_hears_of_every_agent_of_it_alone() {
    let office = Office::open().await;
    let hook = office.workspace_hook(&office.store).await;
    let made = office
        .store
        .create_workspace("Other", store::Plan::Free, at(0))
        .await
        .unwrap();
    let other = office.store.in_workspace(&made.id);
    office.workspace_hook(&other).await;

    let second = agent("Second");
    office.store.insert_agent(&second, at(0)).await.unwrap();
    let call = outbound(second.id, "+14155550124");
    office.store.begin_call(&call).await.unwrap();
    for call in [&call, &office.call().await] {
        office.tell(call, "x").await;
    }
    let claimed = office.claim(70).await;
    assert_eq!(claimed.len(), 2);
    assert!(claimed.iter().all(|one| one.webhook == hook));

    assert_eq!(office.store.webhooks(None).await.unwrap().len(), 1);
    assert!(
        office
            .store
            .webhooks(office.agent)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        office
            .store
            .webhook(office.agent, hook)
            .await
            .unwrap()
            .is_none()
    );
    assert!(other.webhook(None, hook).await.unwrap().is_none());
    assert!(!other.delete_webhook(None, hook).await.unwrap());
    let filter = DeliveryFilter::default();
    let seen = other.deliveries(hook, filter, 1, 15).await.unwrap();
    assert_eq!((seen.total, seen.items.len()), (0, 0));
    let id = claimed[0].id;
    assert!(other.delivery(hook, id).await.unwrap().is_none());
    let again = other.redeliver(hook, id, at(71)).await;
    assert!(matches!(again, Err(SendDeliveryError::Unknown)));
    office.settle(&claimed[0], Outcome::Delivered, 71).await;
    assert!(other.delivery_attempts(id, 10).await.unwrap().is_empty());
    assert!(office.store.delete_webhook(None, hook).await.unwrap());
}

#[tokio::test]
async fn the_limits_of_an_agent_and_of_the_workspace_are_each_their_own() {
    let office = Office::open().await;
    office.hook(EVENT).await;
    office.workspace_hook(&office.store).await;
    let mut one = webhook(office.agent, "https://one.example", &[EVENT]);
    office.store.add_webhook(&one, 1, at(1)).await.unwrap_err();
    one.agent = None;
    office.store.add_webhook(&one, 1, at(1)).await.unwrap_err();
    office.store.add_webhook(&one, 2, at(1)).await.unwrap();
}

#[tokio::test]
async fn a_step_of_a_call_is_told_once() {
    let office = Office::open().await;
    let hook = office.hook("conversation_status").await;
    let call = office.call().await;
    let told = |body: &str| {
        [Announcement {
            event: "conversation_status",
            payload: body.to_owned(),
        }]
    };
    let mut owed = Vec::new();
    for second in [1, 2] {
        let body = told("ringing");
        let noted = office
            .store
            .note_ringing(call.id, "ringing", &body, at(second));
        owed.push(noted.await.unwrap());
    }
    let body = told("answered");
    let noted = office
        .store
        .note_answered(call.id, "in-progress", &body, at(3));
    owed.push(noted.await.unwrap());
    let body = told("late");
    let noted = office.store.note_ringing(call.id, "ringing", &body, at(4));
    owed.push(noted.await.unwrap());
    let ended = office
        .store
        .end_call(&completed(&call), &[report()], at(66))
        .await;
    assert_eq!((owed, ended.unwrap()), (vec![1, 0, 1, 0], Some(0)));
    let filter = DeliveryFilter::default();
    let page = office.store.deliveries(hook, filter, 1, 15).await.unwrap();
    let bodies: Vec<_> = page.items.iter().map(|it| it.payload.as_str()).collect();
    assert_eq!(bodies, ["answered", "ringing"]);
}

/// A workspace with an agent.
struct Office {
    store: Store,
    agent: Uuid,
    _database: Database,
}

impl Office {
    async fn open() -> Self {
        let (store, database) = open().await;
        let new = agent("Support");
        store.insert_agent(&new, at(0)).await.unwrap();
        Self {
            store,
            agent: new.id,
            _database: database,
        }
    }

    async fn hook(&self, event: &str) -> Uuid {
        let hook = webhook(self.agent, "https://one.example", &[event]);
        self.store.add_webhook(&hook, 5, at(0)).await.unwrap().id
    }

    async fn workspace_hook(&self, store: &Store) -> Uuid {
        let hook = NewWebhook {
            agent: None,
            ..webhook(self.agent, "https://all.example", &[EVENT])
        };
        store.add_webhook(&hook, 5, at(0)).await.unwrap().id
    }

    async fn stored(&self, hook: Uuid) -> store::Webhook {
        self.store.webhook(self.agent, hook).await.unwrap().unwrap()
    }

    /// Has an endpoint paused until second 1000 by a message of its own.
    async fn pause(&self, hook: Uuid) {
        let test = Announcement {
            event: "webhook_test",
            payload: String::new(),
        };
        let sent = self.store.send_to_webhook(hook, &test, at(71)).await;
        let claimed = self.claim(71).await;
        let sent = sent.unwrap().id;
        let claimed = claimed.iter().find(|one| one.id == sent).unwrap();
        let paused = |_| EndpointHealth {
            failures: 9,
            paused_until: Some(at(1_000)),
        };
        let error = "no".to_owned();
        let attempt = made(Outcome::GivenUp { error });
        let settled = self
            .store
            .settle_delivery(claimed, &attempt, paused, at(72));
        settled.await.unwrap();
    }

    async fn call(&self) -> NewCall {
        let call = outbound(self.agent, "+14155550123");
        self.store.begin_call(&call).await.unwrap();
        call
    }

    async fn tell(&self, call: &NewCall, body: &str) {
        self.tell_at(call, body, at(66)).await;
    }

    async fn tell_at(&self, call: &NewCall, body: &str, now: Timestamp) {
        let told = [Announcement {
            event: EVENT,
            payload: body.to_owned(),
        }];
        let owed = self.store.announce(call.conversation, &told, now).await;
        assert!(owed.unwrap() > 0);
    }

    async fn claim(&self, second: i64) -> Vec<ClaimedDelivery> {
        self.store
            .claim_deliveries(LIMITS, at(second))
            .await
            .unwrap()
    }

    async fn claim_one(&self, second: i64) -> ClaimedDelivery {
        let mut claimed = self.claim(second).await;
        assert_eq!(claimed.len(), 1);
        claimed.remove(0)
    }

    async fn settle(&self, claimed: &ClaimedDelivery, outcome: Outcome, second: i64) {
        let attempt = made(outcome);
        let settled = self
            .store
            .settle_delivery(claimed, &attempt, unwatched, at(second));
        settled.await.unwrap();
    }

    async fn settle_well(&self, claimed: &ClaimedDelivery, second: i64) {
        let attempt = made(Outcome::Delivered);
        let well = |_| EndpointHealth::default();
        let settled = self
            .store
            .settle_delivery(claimed, &attempt, well, at(second));
        settled.await.unwrap();
    }
}
