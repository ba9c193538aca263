//! The life of a call as the store sees it.

use std::time::Duration;

use serde_json::json;
use store::{CallEnd, CallFilter, NewCall, Progress, Store};
use uuid::Uuid;

use crate::support::{Database, agent, at, completed, open, outbound, report, turn};

#[tokio::test]
async fn two_calls_to_a_number_share_its_contact() {
    let (store, agent, _database) = with_agent().await;
    let first = store
        .begin_call(&outbound(agent, "+14155550123"))
        .await
        .unwrap();
    let second = store
        .begin_call(&outbound(agent, "+14155550123"))
        .await
        .unwrap();
    let other = store
        .begin_call(&outbound(agent, "+14155550124"))
        .await
        .unwrap();
    assert_eq!(first.contact, second.contact);
    assert_ne!(first.contact, other.contact);
    let contact = store
        .contact(first.contact.unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(contact.details.number.as_deref(), Some("+14155550123"));
}

#[tokio::test]
async fn a_caller_without_a_number_has_no_contact() {
    let (store, agent, _database) = with_agent().await;
    let call = NewCall {
        has_contact: false,
        ..outbound(agent, "anonymous")
    };
    assert_eq!(store.begin_call(&call).await.unwrap().contact, None);
}

#[tokio::test]
async fn of_a_discarded_call_nothing_remains() {
    let (store, agent, _database) = with_agent().await;
    let call = outbound(agent, "+14155550123");
    let begun = store.begin_call(&call).await.unwrap();
    store.discard_call(begun).await.unwrap();
    assert!(store.call(call.id).await.unwrap().is_none());
    assert!(
        store
            .call_of_conversation(call.conversation)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .contact(begun.contact.unwrap())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn discarding_a_call_leaves_a_contact_that_others_have() {
    let (store, agent, _database) = with_agent().await;
    let kept = store
        .begin_call(&outbound(agent, "+14155550123"))
        .await
        .unwrap();
    let begun = store
        .begin_call(&outbound(agent, "+14155550123"))
        .await
        .unwrap();
    store.discard_call(begun).await.unwrap();
    assert!(
        store
            .contact(kept.contact.unwrap())
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_call_of_an_unknown_agent_is_not_begun_in_part() {
    let (store, _agent, _database) = with_agent().await;
    let call = outbound(Uuid::now_v7(), "+14155550123");
    store.begin_call(&call).await.unwrap_err();
    assert_eq!(
        store
            .calls(&CallFilter::default(), 1, 15)
            .await
            .unwrap()
            .total,
        0
    );
}

#[tokio::test]
async fn each_step_of_a_call_is_noted() {
    let (store, agent, _database) = with_agent().await;
    let call = outbound(agent, "+14155550123");
    store.begin_call(&call).await.unwrap();
    store
        .note_ringing(call.id, "ringing", &[], at(2))
        .await
        .unwrap();
    assert_eq!(stored(&store, call.id).await.status, "ringing");
    store
        .note_answered(call.id, "in-progress", &[], at(5))
        .await
        .unwrap();
    store
        .note_ringing(call.id, "ringing", &[], at(6))
        .await
        .unwrap();
    store
        .append_message(call.conversation, &turn("agent", "Hello."), &[], at(6))
        .await
        .unwrap();
    store
        .append_message(call.conversation, &turn("caller", "Hi."), &[], at(6))
        .await
        .unwrap();
    store
        .note_progress(
            call.id,
            Some(&Progress::Latency(json!({ "turn": 0 }))),
            at(7),
        )
        .await
        .unwrap();
    let others = [
        Progress::Decision(json!({ "verdict": "dismissed" })),
        Progress::Try(json!({ "used": false })),
        Progress::Try(json!({ "used": true })),
    ];
    for other in &others {
        store
            .note_progress(call.id, Some(other), at(7))
            .await
            .unwrap();
    }
    store.note_progress(call.id, None, at(8)).await.unwrap();

    let record = stored(&store, call.id).await;
    assert_eq!(record.status, "in-progress");
    assert_eq!(
        (record.ringing_at, record.answered_at),
        (Some(at(2)), Some(at(5)))
    );
    assert_eq!(record.updated_at, at(8));
    assert_eq!(record.latencies, [json!({ "turn": 0 })]);
    assert_eq!(record.decisions, [json!({ "verdict": "dismissed" })]);
    assert_eq!(
        record.tries,
        [json!({ "used": false }), json!({ "used": true })]
    );
    assert_eq!(record.agent_name, "Support");
    let messages = store.messages(call.conversation).await.unwrap();
    assert_eq!(messages, [turn("agent", "Hello."), turn("caller", "Hi.")]);
}

#[tokio::test]
async fn the_end_of_a_call_is_kept_whole() {
    let (store, agent, _database) = with_agent().await;
    let call = outbound(agent, "+14155550123");
    store.begin_call(&call).await.unwrap();
    store
        .append_message(call.conversation, &turn("agent", "Hel"), &[], at(6))
        .await
        .unwrap();
    let owed = store
        .end_call(&completed(&call), &[report()], at(66))
        .await
        .unwrap();
    assert_eq!(owed, Some(0));

    let record = stored(&store, call.id).await;
    assert_eq!(record.status, "completed");
    assert_eq!(record.answered_at, Some(at(5)));
    assert_eq!(record.ended_at, Some(at(65)));
    assert_eq!(record.duration, Duration::from_secs(60));
    assert_eq!(
        record.recording.as_deref(),
        Some("/data/recordings/1.wav".as_ref())
    );
    assert_eq!(record.summary.as_deref(), Some("They said hello."));
    assert_eq!(record.sentiment.as_deref(), Some("positive"));
    assert_eq!(record.decisions, completed(&call).decisions);
    assert_eq!(record.tries, completed(&call).tries);
    let messages = store.messages(call.conversation).await.unwrap();
    assert_eq!(messages, completed(&call).transcript);
}

#[tokio::test]
async fn an_end_without_transcript_keeps_the_turns_noted_so_far() {
    let (store, agent, _database) = with_agent().await;
    let call = outbound(agent, "+14155550123");
    store.begin_call(&call).await.unwrap();
    store
        .append_message(call.conversation, &turn("agent", "Hello."), &[], at(6))
        .await
        .unwrap();
    store
        .note_progress(
            call.id,
            Some(&Progress::Latency(json!({ "turn": 0 }))),
            at(7),
        )
        .await
        .unwrap();
    let end = CallEnd {
        transcript: Vec::new(),
        latencies: Vec::new(),
        decisions: Vec::new(),
        tries: Vec::new(),
        ..completed(&call)
    };
    store.end_call(&end, &[report()], at(66)).await.unwrap();
    assert_eq!(
        store.messages(call.conversation).await.unwrap(),
        [turn("agent", "Hello.")]
    );
    assert_eq!(
        stored(&store, call.id).await.latencies,
        [json!({ "turn": 0 })]
    );
}

#[tokio::test]
async fn a_call_ends_once() {
    let (store, agent, _database) = with_agent().await;
    let call = outbound(agent, "+14155550123");
    store.begin_call(&call).await.unwrap();
    store
        .end_call(&completed(&call), &[report()], at(66))
        .await
        .unwrap();
    let again = CallEnd {
        status: "failed",
        ..completed(&call)
    };
    assert_eq!(
        store.end_call(&again, &[report()], at(67)).await.unwrap(),
        None
    );
    store
        .note_answered(call.id, "in-progress", &[], at(68))
        .await
        .unwrap();
    assert_eq!(stored(&store, call.id).await.status, "completed");
}

#[tokio::test]
async fn only_calls_without_an_end_are_unfinished() {
    let (store, agent, _database) = with_agent().await;
    let (over, live) = (
        outbound(agent, "+14155550123"),
        outbound(agent, "+14155550124"),
    );
    store.begin_call(&over).await.unwrap();
    store.begin_call(&live).await.unwrap();
    store
        .end_call(&completed(&over), &[report()], at(66))
        .await
        .unwrap();
    let unfinished = store.unfinished_calls(at(100_000)).await.unwrap();
    assert_eq!(
        unfinished.iter().map(|call| call.id).collect::<Vec<_>>(),
        [live.id]
    );
}

#[tokio::test]
async fn calls_are_paged_newest_first_and_filtered() {
    let (store, agent, _database) = with_agent().await;
    let mut ids = Vec::new();
    for second in 0..5 {
        let mut call = outbound(agent, "+14155550123");
        call.at = at(second);
        if second == 4 {
            call.direction = "inbound";
        }
        store.begin_call(&call).await.unwrap();
        ids.push(call.id);
    }
    let page = store.calls(&CallFilter::default(), 2, 2).await.unwrap();
    assert_eq!(page.total, 5);
    assert_eq!(
        page.items.iter().map(|call| call.id).collect::<Vec<_>>(),
        [ids[2], ids[1]]
    );

    let inbound = CallFilter {
        direction: Some("inbound".to_owned()),
        ..CallFilter::default()
    };
    assert_eq!(
        store.calls(&inbound, 1, 15).await.unwrap().items[0].id,
        ids[4]
    );
    let status = CallFilter {
        status: Some("busy".to_owned()),
        ..CallFilter::default()
    };
    assert_eq!(store.calls(&status, 1, 15).await.unwrap().total, 0);
    let stranger = CallFilter {
        agent: Some(Uuid::now_v7()),
        ..CallFilter::default()
    };
    assert_eq!(store.calls(&stranger, 1, 15).await.unwrap().total, 0);
}

async fn with_agent() -> (Store, Uuid, Database) {
    let (store, database) = open().await;
    let new = agent("Support");
    store.insert_agent(&new, at(0)).await.unwrap();
    (store, new.id, database)
}

async fn stored(store: &Store, id: Uuid) -> store::CallRecord {
    store.call(id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_node_takes_no_call_that_another_one_holds_on_to() {
    let (first, database) = open().await;
    let lease = Duration::from_secs(60);
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    let second = database.open_again().await.on_node(two, lease);
    let first = first.on_node(one, lease);
    let new = agent("Support");
    first.insert_agent(&new, at(0)).await.unwrap();
    let begin = async |store: &Store, seconds| {
        let call = NewCall {
            at: at(seconds),
            ..outbound(new.id, "+14155550123")
        };
        store.begin_call(&call).await.unwrap();
        call.id
    };
    let (mine, theirs) = (begin(&first, 0).await, begin(&second, 1).await);
    let nobodys = begin(&database.open_again().await, 2).await;
    let ids = async |store: &Store, seconds| {
        let calls = store.unfinished_calls(at(seconds)).await.unwrap();
        calls.into_iter().map(|call| call.id).collect::<Vec<_>>()
    };
    // The first node starts again while the second one lives.
    assert_eq!(ids(&first, 10).await, [mine, nobodys]);
    assert_eq!(ids(&second, 10).await, [theirs, nobodys]);
    assert_eq!(second.hold_calls(at(50)).await.unwrap(), 1);
    assert_eq!(ids(&first, 109).await, [mine, nobodys]);
    assert!(first.abandoned_calls(10, at(109)).await.unwrap().is_empty());
    // The second one is gone.
    assert_eq!(ids(&first, 110).await, [mine, theirs, nobodys]);
    let gone = first.abandoned_calls(10, at(110)).await.unwrap();
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].id, theirs);
    // A node never takes its own calls for those of one that is gone.
    let gone = second.abandoned_calls(10, at(10_000)).await.unwrap();
    let gone: Vec<_> = gone.iter().map(|call| call.id).collect();
    assert_eq!(gone, [mine]);

    let workspace = first
        .create_workspace("Other", store::Plan::Free, at(0))
        .await;
    let other = first.in_workspace(&workspace.unwrap().id);
    assert_eq!(other.call_lease(), Some(lease));
}
