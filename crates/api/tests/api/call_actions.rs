//! What live calls are told to do.

use engine::{
    ActionError, CallAction, CallEventKind, CallId, Destination, ForwardOutcome, Forwarded,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::Node;
use api::records;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const ACTIONS: [&str; 4] = ["say", "forward", "mute", "unmute"];

fn action(placed: &Value, name: &str, action: &str) -> String {
    format!("/calls/action/{}/{action}", placed[name].as_str().unwrap())
}

fn id(placed: &Value) -> CallId {
    CallId(Uuid::parse_str(placed["id"].as_str().unwrap()).unwrap())
}

fn body(action: &str) -> Value {
    match action {
        "say" => json!({ "message": "Hello again." }),
        "forward" => json!({ "number": "+1 (415) 555-0199" }),
        _ => json!({}),
    }
}

#[tokio::test]
async fn a_live_call_is_told_what_the_client_wants() {
    let node = Node::start().await;
    let placed = node.place_call().await;
    for (name, wanted) in [("conversation_uuid", "say"), ("id", "forward")] {
        let path = action(&placed, name, wanted);
        let answer = node.post(&path, body(wanted)).await;
        assert_eq!(answer.status, 200);
    }
    let closing = json!({ "message": "That is all.", "end_call_after_spoken": true });
    let say = action(&placed, "conversation_uuid", "say");
    let answer = node.post(&say, closing).await;
    assert_eq!(answer.json()["message"], "Say dispatched");
    let announced = json!({ "number": "+14155550199", "message": "Here is Ann." });
    let forward = action(&placed, "conversation_uuid", "forward");
    let answer = node.post(&forward, announced).await;
    assert_eq!(answer.json()["message"], "Forward dispatched");
    let mute = action(&placed, "conversation_uuid", "mute");
    assert_eq!(
        node.post_text(&mute, "").await.json()["message"],
        "Mute dispatched"
    );
    let unmute = action(&placed, "conversation_uuid", "unmute");
    let unmuted = node.post_text(&unmute, "").await;
    assert_eq!(unmuted.json()["message"], "Unmute dispatched");
    let number = || Destination::Number("+14155550199".to_owned());
    let say = |message: &str, end_call| CallAction::Say {
        message: message.to_owned(),
        end_call,
    };
    let forward = |message: Option<&str>| CallAction::Forward {
        to: number(),
        message: message.map(str::to_owned),
    };
    let expected = [
        say("Hello again.", false),
        forward(None),
        say("That is all.", true),
        forward(Some("Here is Ann.")),
        CallAction::Mute,
        CallAction::Unmute,
    ];
    let acted = node.calls.acted.lock().unwrap().clone();
    assert!(acted.iter().all(|(call, _)| *call == id(&placed)));
    let acted: Vec<_> = acted.into_iter().map(|(_, action)| action).collect();
    assert_eq!(acted, expected);
}

#[tokio::test]
async fn an_action_that_says_nothing_or_nobody_is_refused() {
    let node = Node::start().await;
    let placed = node.place_call().await;
    let say = action(&placed, "conversation_uuid", "say");
    for message in ["", "  ", &"x".repeat(2_001)] {
        let refused = node.post(&say, json!({ "message": message })).await;
        refused.is_about("message");
    }
    node.post(&say, json!({})).await.is_about("message");
    let forward = action(&placed, "conversation_uuid", "forward");
    for number in ["", "nobody", "+99912345678901234567"] {
        let refused = node.post(&forward, json!({ "number": number })).await;
        refused.is_about("number");
    }
    let long = json!({ "number": "+14155550199", "message": "x".repeat(2_001) });
    node.post(&forward, long).await.is_about("message");
    assert!(node.calls.acted.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_call_that_is_not_up_takes_no_action() {
    let node = Node::start().await;
    let placed = node.place_call().await;
    for (refusal, code) in [
        (ActionError::NotAnswered, "CALL_NOT_ANSWERED"),
        (ActionError::Busy, "CALL_BUSY"),
    ] {
        *node.calls.action_refusal.lock().unwrap() = Some(refusal);
        for wanted in ACTIONS {
            let path = action(&placed, "conversation_uuid", wanted);
            node.post(&path, body(wanted)).await.is_error(409, code);
        }
    }
    node.calls.forget(id(&placed));
    for wanted in ACTIONS {
        let path = action(&placed, "conversation_uuid", wanted);
        let refused = node.post(&path, body(wanted)).await;
        refused.is_error(409, "CALL_NOT_LIVE");
    }
    for wanted in ACTIONS {
        let path = format!("/calls/action/{}/{wanted}", Uuid::now_v7());
        let refused = node.post(&path, body(wanted)).await;
        refused.is_error(404, "CALL_NOT_FOUND");
    }
}

#[tokio::test]
async fn what_came_of_passing_a_call_on_is_kept_with_it() {
    let node = Node::start().await;
    let placed = node.place_call().await;
    let (call, path) = (
        id(&placed),
        format!("/calls/{}", placed["id"].as_str().unwrap()),
    );
    assert_eq!(node.get(&path).await.data()["forwarding"], Value::Null);
    let forwarded = |to, outcome, sip_code| {
        CallEventKind::Forwarded(Forwarded {
            to,
            outcome,
            sip_code,
        })
    };
    let number = Destination::Number("+14155550199".to_owned());
    let agent = Destination::Agent(node.file_agent);
    let tries = [
        forwarded(number.clone(), ForwardOutcome::Failed, Some(486)),
        forwarded(agent, ForwardOutcome::Completed, None),
        forwarded(number, ForwardOutcome::Accepted, None),
    ];
    let kept = [
        json!({ "to": "+14155550199", "outcome": "failed", "sip_code": 486 }),
        json!({ "to": node.file_agent, "outcome": "completed", "sip_code": null }),
        json!({ "to": "+14155550199", "outcome": "accepted", "sip_code": null }),
    ];
    for (kind, kept) in tries.into_iter().zip(kept) {
        let (events, received) = mpsc::channel(4);
        events.send(node.calls.happen(call, kind)).await.unwrap();
        drop(events);
        records::run(node.state.clone(), received, CancellationToken::new()).await;
        assert_eq!(node.get(&path).await.data()["forwarding"], kept);
    }
}
