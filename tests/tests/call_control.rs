//! Live calls that are spoken through, muted and passed on, against SIPp and the scripted phone.

use std::time::{Duration, Instant};

use end_to_end::{Api, Node, Phone, Sipp, checkout};
use serde_json::{Value, json};

const NUMBER: &str = "+1 (415) 555-0123";
const COLLEAGUE: &str = "+14155550199";

/// What the caller says: "The number you have dialed is not in service. Please check the number
/// and try again."
const CALLER: &str = "fixtures/ast_en_ss-noservice.wav";

/// A call that SIPp has answered: its id, and the path of its actions.
async fn answered(api: &Api) -> (String, String) {
    let placed = api.place_call(NUMBER).await;
    let id = placed["id"].as_str().expect("an id").to_owned();
    api.call_becomes(&id, "in-progress").await;
    let conversation = placed["conversation_uuid"].as_str().expect("an id");
    (id, format!("/calls/action/{conversation}"))
}

async fn act(api: &Api, action: &str, body: &Value) {
    let answer = api.post(action, body).await;
    assert_eq!(answer.status, 200, "{action}: {answer:?}");
}

/// What the agent was heard to say, turn by turn.
async fn agent_said(api: &Api, call: &str) -> Vec<String> {
    let transcript = api.get(&format!("/calls/{call}/transcript")).await;
    let turns = transcript.body["data"]["turns"].as_array().cloned();
    let turns = turns.expect("turns").into_iter();
    turns
        .filter(|turn| turn["speaker"] == "agent")
        .map(|turn| turn["text"].as_str().expect("words").to_owned())
        .collect()
}

/// Waits until something came of passing the call on.
async fn forwarding(api: &Api, call: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = api.get(&format!("/calls/{call}")).await;
        let forwarding = answer.body["data"]["forwarding"].clone();
        if !forwarding.is_null() {
            return forwarding;
        }
        assert!(Instant::now() < deadline, "{answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_call_is_passed_on_after_its_announcement_and_ends_as_forwarded() {
    let sipp = Sipp::scenario("transfer").start();
    let node = Node::builder().trunk(sipp.address()).start();
    let api = node.api();
    let (id, action) = answered(&api).await;
    let body = json!({ "number": COLLEAGUE, "message": "I am putting you through to Ann." });
    act(&api, &format!("{action}/forward"), &body).await;
    let call = api.call_becomes(&id, "forwarded").await;
    let expected = json!({ "to": COLLEAGUE, "outcome": "completed", "sip_code": null });
    assert_eq!(call["forwarding"], expected);
    assert_eq!(call["reason"], "the call was passed on");
    let said = agent_said(&api, &id).await;
    let last = said.last().expect("a turn");
    assert_eq!(last, "I am putting you through to Ann.", "{said:?}");
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_call_that_the_far_end_does_not_pass_on_goes_on() {
    let sipp = Sipp::scenario("transfer_refused").start();
    let node = Node::builder().trunk(sipp.address()).start();
    let api = node.api();
    let (id, action) = answered(&api).await;
    let body = json!({ "number": COLLEAGUE });
    act(&api, &format!("{action}/forward"), &body).await;
    let expected = json!({ "to": COLLEAGUE, "outcome": "refused", "sip_code": 603 });
    assert_eq!(forwarding(&api, &id).await, expected);
    let closing = json!({ "message": "Then good bye.", "end_call_after_spoken": true });
    act(&api, &format!("{action}/say"), &closing).await;
    api.call_becomes(&id, "completed").await;
    let said = agent_said(&api, &id).await.join(" ");
    assert!(said.contains("I could not put you through."), "{said}");
    assert!(said.ends_with("Then good bye."), "{said}");
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_muted_agent_says_nothing_until_it_is_unmuted() {
    let sipp = Sipp::scenario("answer_and_wait").start();
    let node = Node::builder().trunk(sipp.address()).start();
    let api = node.api();
    let (id, action) = answered(&api).await;
    act(&api, &format!("{action}/mute"), &json!({})).await;
    let line = json!({ "message": "This is the front desk." });
    act(&api, &format!("{action}/say"), &line).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let said = agent_said(&api, &id).await;
    assert!(!said.join(" ").contains("front desk"), "{said:?}");
    act(&api, &format!("{action}/unmute"), &json!({})).await;
    let closing = json!({ "message": "That is all.", "end_call_after_spoken": true });
    act(&api, &format!("{action}/say"), &closing).await;
    api.call_becomes(&id, "completed").await;
    let said = agent_said(&api, &id).await;
    let last: Vec<_> = said.iter().rev().take(2).map(String::as_str).collect();
    assert_eq!(last, ["That is all.", "This is the front desk."]);
    let over = api.post(&format!("{action}/mute"), &json!({})).await;
    assert_eq!(over.status, 409, "{over:?}");
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_call_that_rings_can_only_be_hung_up() {
    let sipp = Sipp::scenario("no_answer").start();
    let node = Node::builder().trunk(sipp.address()).start();
    let api = node.api();
    let placed = api.place_call(NUMBER).await;
    let id = placed["id"].as_str().expect("an id");
    api.call_becomes(id, "ringing").await;
    let action = format!("/calls/action/{id}");
    for (name, body) in [
        ("say", json!({ "message": "Hello." })),
        ("forward", json!({ "number": COLLEAGUE })),
        ("mute", json!({})),
    ] {
        let refused = api.post(&format!("{action}/{name}"), &body).await;
        assert_eq!(refused.status, 409, "{refused:?}");
        assert_eq!(refused.text("/error/code"), "CALL_NOT_ANSWERED");
    }
    act(&api, &format!("{action}/hangup"), &json!({})).await;
    api.call_becomes(id, "cancelled").await;
    sipp.succeeds().await;
}

#[tokio::test]
async fn a_word_of_the_caller_brings_them_to_another_agent() {
    let node = Node::builder().start();
    let api = node.api();
    let sam = json!({
        "name": "Sam",
        "settings": { "voice": { "interaction": { "inbound_first_message": "Sam speaking." } } },
    });
    let sam = api.post("/agents", &sam).await;
    assert_eq!(sam.status, 201, "{sam:?}");
    let desk = json!({
        "name": "Desk",
        "slug": "desk",
        "routing_rules": [{
            "department_name": "Service",
            "detection_mode": "exact",
            "trigger_keyword": "SERVICE",
            "say_before_transfer": "Here comes Sam.",
            "destination_type": "agent",
            "destination_agent_uuid": sam.text("/data/agent_uuid"),
        }],
    });
    let desk = api.post("/agents", &desk).await;
    assert_eq!(desk.status, 201, "{desk:?}");
    let target = format!("sip:desk@{}", node.sip());
    let arguments = ["--call", &target, "--hangup-after", "6s"];
    let report = Phone::start(&arguments, &[checkout(CALLER)]).report().await;
    assert_eq!(report["answered"], true, "{report}");
    let id = api.get("/calls").await.text("/data/data/0/uuid").to_owned();
    let call = api.call_becomes(&id, "completed").await;
    assert_eq!(call["forwarding"]["to"], *sam.text("/data/agent_uuid"));
    let said = agent_said(&api, &id).await;
    let place = |words: &str| said.iter().position(|turn| turn.contains(words));
    let (announced, greeted) = (place("Here comes Sam."), place("Sam speaking."));
    assert!(announced.is_some() && announced < greeted, "{said:?}");
}
