//! What happens after a call: with a language model, without one, and when one fails.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use engine::{CallReport, CallStatus};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::conversations::{end, end_as};
use crate::support::judge::{Judge, verdict};
use crate::support::{Node, endpoint, until};

const SUMMARY: &str = "The caller asked for a parcel, which comes tomorrow.";

/// A node whose sessions are evaluated by a judge.
struct Judged {
    node: Node,
    shutdown: CancellationToken,
    running: JoinHandle<()>,
}

impl Judged {
    async fn by(judge: &Arc<Judge>, report_wait: Duration) -> Self {
        let node = Node::start_with(|config| {
            config.evaluation.poll_interval = Duration::from_millis(20);
            config.evaluation.report_wait = report_wait;
        })
        .await
        .judged_by(Arc::<Judge>::clone(judge));
        let shutdown = CancellationToken::new();
        let running = api::evaluations::run(node.state.clone(), shutdown.clone());
        Self {
            node,
            shutdown,
            running: tokio::spawn(running),
        }
    }

    /// Has a call held in which three things are said.
    async fn call(&self) -> Value {
        let placed = self.node.place_call().await;
        end(&self.node, &placed).await;
        placed
    }

    /// The evaluation of a call once there is one.
    async fn evaluation(&self, placed: &Value) -> Value {
        until(async || evaluation_of(&self.node, placed).await).await
    }

    async fn stop(self) -> Node {
        self.shutdown.cancel();
        self.running.await.unwrap();
        self.node
    }
}

async fn evaluation_of(node: &Node, placed: &Value) -> Option<Value> {
    let path = format!(
        "/evaluations?session_uuid={}",
        placed["id"].as_str().unwrap()
    );
    let page = node.get(&path).await.data();
    page["data"].get(0).cloned()
}

/// What the agent's webhooks are owed, by event and in the order of owing.
async fn owed(node: &Node) -> Vec<(String, Value)> {
    let read = |payload: &str| -> Value { serde_json::from_str(payload).unwrap() };
    let owed = endpoint::owed(node, node.file_agent).await.into_iter();
    owed.map(|one| (one.event, read(&one.payload))).collect()
}

async fn subscribe(node: &Node, events: &[&str]) {
    let webhook = store::NewWebhook {
        id: Uuid::now_v7(),
        agent: Some(node.file_agent),
        url: "https://example.com".to_owned(),
        events: events.iter().map(|&event| event.to_owned()).collect(),
        secret: store::SigningSecret::Given(store::Secret::new("whsec_c2VjcmV0")),
        is_active: true,
    };
    node.store
        .add_webhook(&webhook, 5, Timestamp::now())
        .await
        .unwrap();
}

const ALL: &[&str] = &[
    "conversation_end_report",
    "text_evaluation",
    "voice_evaluation",
];

#[tokio::test]
async fn without_a_model_a_call_is_evaluated_offline_as_it_ends() {
    let node = Node::start().await;
    subscribe(&node, ALL).await;
    let placed = node.place_call().await;
    node.post("/contacts/fields", json!({ "key": "plan" }))
        .await
        .data();
    let contact = format!("/contacts/{}", placed["contact_uuid"].as_str().unwrap());
    node.patch(&contact, json!({ "plan": "pro" })).await.data();
    end(&node, &placed).await;
    let evaluation = evaluation_of(&node, &placed).await.unwrap();
    assert_eq!(evaluation["source"], "offline");
    assert_eq!(evaluation["source_reason"], Value::Null);
    assert_eq!(evaluation["session_uuid"], placed["id"]);
    assert_eq!(evaluation["sentiment"]["value"], "neutral");
    assert_eq!(evaluation["intent"]["value"], "delivery");
    assert_eq!(evaluation["success"]["value"], Value::Null);
    assert!(
        evaluation["success"]["reason"]
            .as_str()
            .unwrap()
            .contains("language model")
    );
    assert_eq!(
        evaluation["voice"]["talk_ratio"],
        json!({ "agent_ms": 1600, "caller_ms": 800, "agent_share": 0.667 })
    );
    assert_eq!(evaluation["voice"]["packet_loss"], Value::Null);
    let path = format!("/evaluations/{}", evaluation["uuid"].as_str().unwrap());
    assert_eq!(node.get(&path).await.data(), evaluation);

    let owed = owed(&node).await;
    let events: Vec<&str> = owed.iter().map(|(event, _)| event.as_str()).collect();
    assert_eq!(events, ALL);
    let (text, voice) = (&owed[1].1, &owed[2].1);
    assert_eq!(text["event"], "evaluation.text");
    assert_eq!(text["data"]["session_evaluation_uuid"], evaluation["uuid"]);
    assert_eq!(
        text["data"]["sentiment_analysis"]["sentiment"]["value"],
        "neutral"
    );
    let asked = json!({ "speaker": "caller", "text": "Where is my parcel?" });
    assert_eq!(text["data"]["conversation"][1], asked);
    assert_eq!(
        text["data"]["contact_info"]["phone_number"],
        crate::support::NUMBER
    );
    assert_eq!(text["data"]["fields"], json!({ "plan": "pro" }));
    for nothing in ["pipeline", "pipeline_change", "appointment"] {
        assert_eq!(text["data"].get(nothing), Some(&Value::Null), "{nothing}");
    }
    assert_eq!(text["data"]["timestamp"], text["timestamp"]);
    assert_eq!(text["data"]["voice_analysis"], json!({}));
    assert_eq!(voice["event"], "evaluation.voice");
    assert_eq!(voice["data"]["voice_analysis"], evaluation["voice"]);
    let session = session_of(&node, &placed).await;
    assert!(session["evaluated_at"].is_string());
}

#[tokio::test]
async fn a_model_summarises_and_judges_and_the_end_report_waits_for_it() {
    let judge = Judge::held_back(verdict(SUMMARY)).await;
    let judged = Judged::by(&judge, Duration::from_secs(60)).await;
    subscribe(&judged.node, ALL).await;
    let placed = judged.call().await;
    until(async || (!judge.asked().is_empty()).then_some(())).await;
    assert!(owed(&judged.node).await.is_empty());
    assert_eq!(evaluation_of(&judged.node, &placed).await, None);
    judge.released();
    let evaluation = judged.evaluation(&placed).await;
    assert_eq!(evaluation["source"], "model");
    assert_eq!(evaluation["emotion"]["value"], "relief");
    assert_eq!(
        evaluation["satisfaction"],
        json!({ "value": 4, "confidence": 90, "reason": "It was said." })
    );
    assert_eq!(evaluation["voice"]["talk_ratio"]["agent_ms"], 1600);
    let node = judged.stop().await;
    let owed = owed(&node).await;
    assert_eq!(owed.len(), 3);
    assert_eq!(owed[0].1["data"]["summary"], SUMMARY);
    assert_eq!(owed[0].1["data"]["sentiment"], "positive");
    assert_eq!(owed[0].1["data"]["duration_seconds"], 62);
    assert_eq!(owed[0].1["data"]["status"], "completed");
    assert_eq!(owed[1].1["data"]["source"], "model");
    let call = node
        .get(&format!("/calls/{}", placed["id"].as_str().unwrap()))
        .await
        .data();
    assert_eq!(
        (&call["analysis"], &call["sentiment"]),
        (&json!(SUMMARY), &json!("positive"))
    );
    assert_eq!(session_of(&node, &placed).await["summary"], SUMMARY);
    assert_eq!(judge.asked().len(), 1);
}

#[tokio::test]
async fn the_end_report_waits_no_longer_than_the_setting_and_the_evaluation_comes_after() {
    let judge = Judge::held_back(verdict(SUMMARY)).await;
    let judged = Judged::by(&judge, Duration::from_millis(50)).await;
    subscribe(&judged.node, ALL).await;
    let placed = judged.call().await;
    let early = until(async || {
        let owed = owed(&judged.node).await;
        (!owed.is_empty()).then_some(owed)
    })
    .await;
    assert_eq!(
        (early.len(), early[0].0.as_str()),
        (1, "conversation_end_report")
    );
    let summary = early[0].1["data"]["summary"].as_str().unwrap();
    assert!(
        summary.contains("parcel") && summary != SUMMARY,
        "{summary}"
    );
    judge.released();
    judged.evaluation(&placed).await;
    let node = judged.stop().await;
    let all = owed(&node).await;
    let reports = all
        .iter()
        .filter(|(event, _)| event == "conversation_end_report");
    assert_eq!((all.len(), reports.count()), (3, 1));
    assert_eq!(session_of(&node, &placed).await["summary"], SUMMARY);
}

#[tokio::test]
async fn what_a_model_says_amiss_is_replaced_as_a_whole_and_says_why() {
    let mut amiss = verdict(SUMMARY);
    amiss["satisfaction"]["value"] = json!(11);
    for (judge, reason) in [
        (
            Judge::saying("I would rather not.").await,
            "without a JSON object",
        ),
        (Judge::saying(&amiss).await, "`satisfaction`"),
        (
            Judge::failing(StatusCode::INTERNAL_SERVER_ERROR).await,
            "HTTP 500",
        ),
    ] {
        let judged = Judged::by(&judge, Duration::from_secs(60)).await;
        let placed = judged.call().await;
        let evaluation = judged.evaluation(&placed).await;
        assert_eq!(evaluation["source"], "offline");
        let told = evaluation["source_reason"].as_str().unwrap();
        assert!(told.contains(reason), "{told}");
        assert_eq!(evaluation["success"]["value"], Value::Null);
        let node = judged.stop().await;
        let summary = session_of(&node, &placed).await["summary"].clone();
        assert!(summary.as_str().unwrap().contains("parcel"));
    }
}

#[tokio::test]
async fn settings_decide_what_a_model_is_asked() {
    let mut answer = verdict(SUMMARY);
    answer.as_object_mut().unwrap().remove("emotion");
    answer.as_object_mut().unwrap().remove("intent");
    let judge = Judge::saying(&answer).await;
    let judged = Judged::by(&judge, Duration::from_secs(60)).await;
    let path = format!("/agents/{}/evaluate", judged.node.file_agent);
    let settings = json!({
        "sessionization": { "report_language": "de", "summary_prompt": "One haiku." },
        "text": {
            "emotion_detection": { "enabled": false },
            "success_evaluation_prompt": { "prompt": "A date was told." },
        },
        "voice": {
            "intent_action_sentiment": { "enabled": false },
            "talk_ratio": { "enabled": false },
        },
    });
    judged.node.put(&path, settings).await.data();
    let placed = judged.call().await;
    let evaluation = judged.evaluation(&placed).await;
    assert_eq!(evaluation["source"], "model");
    for block in ["emotion", "intent"] {
        assert_eq!(evaluation[block]["value"], Value::Null);
        assert!(
            evaluation[block]["reason"]
                .as_str()
                .unwrap()
                .contains("switched off")
        );
    }
    assert_eq!(evaluation["voice"]["talk_ratio"], Value::Null);
    assert!(evaluation["voice"]["silences"].is_object());
    let asked = judge.asked();
    let messages = asked[0]["messages"].as_array().unwrap();
    let system = messages[0]["content"].as_str().unwrap();
    for expected in ["`de`", "One haiku.", "A date was told."] {
        assert!(system.contains(expected), "{system}");
    }
    assert!(!system.contains("\"emotion\""), "{system}");
    assert_eq!(
        messages[1]["content"],
        "Agent: Hello.\nCaller: Where is my parcel?\nAgent: It arrives tomorrow."
    );
    assert_eq!(asked[0].get("tools"), None);
    judged.stop().await;
}

#[tokio::test]
async fn who_is_not_to_be_evaluated_is_not_sent_to_a_model() {
    let judge = Judge::saying(verdict(SUMMARY)).await;
    let judged = Judged::by(&judge, Duration::from_secs(60)).await;
    judged
        .node
        .put("/evaluate/default", json!({ "is_active": false }))
        .await
        .data();
    subscribe(&judged.node, ALL).await;
    let placed = judged.call().await;
    let node = judged.stop().await;
    assert_eq!(evaluation_of(&node, &placed).await, None);
    assert!(judge.asked().is_empty());
    let owed = owed(&node).await;
    assert_eq!(owed.len(), 1);
    assert!(
        owed[0].1["data"]["summary"]
            .as_str()
            .unwrap()
            .contains("parcel")
    );
    assert_eq!(owed[0].1["data"]["sentiment"], Value::Null);
}

#[tokio::test]
async fn a_call_that_nobody_answered_is_not_evaluated() {
    let judge = Judge::saying(verdict(SUMMARY)).await;
    let judged = Judged::by(&judge, Duration::from_secs(60)).await;
    subscribe(&judged.node, ALL).await;
    let placed = judged.node.place_call().await;
    let busy = CallReport {
        status: CallStatus::Busy,
        sip_code: Some(486),
        reason: "the far end is busy".to_owned(),
        answered_at: None,
        duration: Duration::ZERO,
        recording: None,
        transcript: Vec::new(),
        latencies: Vec::new(),
        decisions: Vec::new(),
        tries: Vec::new(),
        line: None,
    };
    end_as(&judged.node, &placed, busy).await;
    let node = judged.stop().await;
    assert_eq!(evaluation_of(&node, &placed).await, None);
    assert!(judge.asked().is_empty());
    let owed = owed(&node).await;
    assert_eq!(
        (owed.len(), &owed[0].1["data"]["sip_code"]),
        (1, &json!(486))
    );
}

#[tokio::test]
async fn an_evaluation_that_a_stop_cut_short_is_made_when_its_claim_runs_out() {
    let judge = Judge::held_back(verdict(SUMMARY)).await;
    let judged = Judged::by(&judge, Duration::from_secs(60)).await;
    let placed = judged.call().await;
    until(async || (!judge.asked().is_empty()).then_some(())).await;
    let node = judged.stop().await;
    assert_eq!(evaluation_of(&node, &placed).await, None);
    let later = Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let hold = Duration::from_secs(1);
    let claimed = node.store.claim_evaluations(10, hold, later).await.unwrap();
    assert_eq!((claimed.len(), claimed[0].attempts), (1, 1));
    assert_eq!(
        claimed[0].session.to_string(),
        placed["id"].as_str().unwrap()
    );
}

#[tokio::test]
async fn evaluations_are_listed_by_what_they_are() {
    let judge = Judge::saying(verdict(SUMMARY)).await;
    let judged = Judged::by(&judge, Duration::from_secs(60)).await;
    let placed = judged.call().await;
    let evaluation = judged.evaluation(&placed).await;
    let conversation = placed["conversation_uuid"].as_str().unwrap();
    let agent = judged.node.file_agent;
    let node = judged.stop().await;
    let total = async |query: &str| {
        node.get(&format!("/evaluations?{query}")).await.data()["total"].clone()
    };
    for query in [
        "source=model",
        "sentiment=positive",
        "human_escalation=true&success=true",
        "from=2020-01-01T00:00:00Z",
        &format!("agent_uuid={agent}&conversation_uuid={conversation}"),
        &format!(
            "contact_uuid={}",
            evaluation["contact_uuid"].as_str().unwrap()
        ),
    ] {
        assert_eq!(total(query).await, 1, "{query}");
    }
    for query in [
        "source=offline",
        "sentiment=negative",
        "human_escalation=false",
        "success=false",
        "to=2020-01-01T00:00:00Z",
        &format!("agent_uuid={}", Uuid::now_v7()),
    ] {
        assert_eq!(total(query).await, 0, "{query}");
    }
    let nobody = format!("/evaluations/{}", Uuid::now_v7());
    node.get(&nobody)
        .await
        .is_error(404, "EVALUATION_NOT_FOUND");
    node.get("/evaluations?sentiment=fine")
        .await
        .is_about("sentiment");
}

#[tokio::test]
async fn of_an_erased_contact_no_evaluation_is_left_and_none_is_made() {
    let judge = Judge::held_back(verdict(SUMMARY)).await;
    let judged = Judged::by(&judge, Duration::from_secs(60)).await;
    let placed = judged.call().await;
    until(async || (!judge.asked().is_empty()).then_some(())).await;
    let path = format!(
        "/contacts/{}/erase",
        placed["contact_uuid"].as_str().unwrap()
    );
    judged.node.post_text(&path, "").await.data();
    judge.released();
    let second = judged.call().await;
    judge.released();
    judged.evaluation(&second).await;
    let node = judged.stop().await;
    assert_eq!(evaluation_of(&node, &placed).await, None);
    assert_eq!(session_of(&node, &placed).await["summary"], Value::Null);
    let path = format!(
        "/contacts/{}/erase",
        second["contact_uuid"].as_str().unwrap()
    );
    let removed = node.post_text(&path, "").await.data()["removed"].clone();
    assert_eq!(removed["evaluations"], 1);
    assert_eq!(evaluation_of(&node, &second).await, None);
}

async fn session_of(node: &Node, placed: &Value) -> Value {
    let conversation = placed["conversation_uuid"].as_str().unwrap();
    let page = node
        .get(&format!("/conversations/{conversation}/sessions"))
        .await
        .data();
    page["data"][0].clone()
}
