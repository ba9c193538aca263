//! What happens after a whole call: by a server of chat completions, and without any.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use end_to_end::{Api, Node, NodeBuilder, Phone, Webhooks, checkout};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

const SUMMARY: &str = "The caller dialled a number that is not in service.";
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that holds the conversation, and judges it once it may.
struct Server {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    /// Transcripts that were to be judged.
    judged: Mutex<Vec<String>>,
    /// One permit for each judgement that may be given.
    judgements: Semaphore,
}

impl Server {
    async fn start(judgements: usize) -> Self {
        let shared = Arc::new(Shared {
            judged: Mutex::default(),
            judgements: Semaphore::new(judgements),
        });
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let router = Router::new()
            .route("/v1/chat/completions", post(complete))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    fn judged(&self) -> Vec<String> {
        self.shared
            .judged
            .lock()
            .expect("no test panics here")
            .clone()
    }
}

async fn complete(State(shared): State<Arc<Shared>>, Json(request): Json<Value>) -> Response {
    let message = |place: &str| {
        let content = request.pointer(place).and_then(Value::as_str);
        content.unwrap_or_default().to_owned()
    };
    let mut answer = "Please check the number.".to_owned();
    if message("/messages/0/content").contains("JSON schema") {
        let transcript = message("/messages/1/content");
        shared
            .judged
            .lock()
            .expect("no test panics here")
            .push(transcript);
        let permit = shared.judgements.acquire().await.expect("never closed");
        permit.forget();
        answer = judgement();
    }
    let chunk = json!({ "choices": [{ "index": 0, "delta": { "content": answer } }] });
    let last = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
    let body = format!("data: {chunk}\n\ndata: {last}\n\ndata: [DONE]\n\n");
    ([("content-type", "text/event-stream")], body).into_response()
}

fn judgement() -> String {
    let block =
        |value: Value| json!({ "value": value, "confidence": 90, "reason": "As it was said." });
    let judgement = json!({
        "summary": SUMMARY,
        "sentiment": block("negative".into()),
        "emotion": block("annoyance".into()),
        "sentiment_strength": block("low".into()),
        "intent": block("reaching somebody".into()),
        "intent_labels": block(json!(["wrong number"])),
        "knowledge_gap": block(false.into()),
        "human_escalation": block(false.into()),
        "contextual_sentiment": block("steady".into()),
        "satisfaction": block(Value::Null),
        "success": block(false.into()),
    });
    format!("```json\n{judgement}\n```")
}

/// Has the agent called by somebody who says that a number is not in service; the call's id.
async fn call(node: &Node, api: &Api) -> String {
    let target = format!("sip:support@{}", node.sip());
    let plays: [PathBuf; 1] = [checkout("fixtures/ast_en_ss-noservice.wav")];
    Phone::start(&["--call", &target, "--hangup-after", "1s"], &plays)
        .report()
        .await;
    let calls = api.get("/calls").await;
    let id = calls.text("/data/data/0/uuid").to_owned();
    api.call_becomes(&id, "completed").await;
    id
}

async fn evaluation(api: &Api, call: &str) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let page = api.get(&format!("/evaluations?session_uuid={call}")).await;
        if page.body["data"]["total"] == 1 {
            return page.body["data"]["data"][0].clone();
        }
        assert!(Instant::now() < deadline, "no evaluation: {page:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn with_model(server: &Server) -> NodeBuilder {
    Node::builder().set("MIHU_LLM_URL", &server.url)
}

#[tokio::test]
async fn the_summary_of_a_call_is_the_language_models_and_its_end_report_tells_it() {
    let server = Server::start(Semaphore::MAX_PERMITS).await;
    let node = with_model(&server).start();
    let api = node.api();
    let mut webhooks = Webhooks::start().await;
    let agent = api.agent("support").await;
    let body = json!({
        "url": webhooks.url(),
        "events": ["conversation_end_report", "text_evaluation", "voice_evaluation"],
    });
    let added = api.post(&format!("/agents/{agent}/webhooks"), &body).await;
    assert!(added.status < 300, "{added:?}");
    let id = call(&node, &api).await;
    let evaluation = evaluation(&api, &id).await;
    assert_eq!(evaluation["source"], "model", "{evaluation}");
    assert_eq!(evaluation["emotion"]["value"], "annoyance");
    let shown = api.get(&format!("/calls/{id}")).await;
    assert_eq!(shown.text("/data/analysis"), SUMMARY);
    assert_eq!(shown.text("/data/sentiment"), "negative");
    let judged = server.judged();
    assert_eq!(judged.len(), 1);
    assert!(judged[0].contains("not in service"), "{judged:?}");
    let mut told = Vec::new();
    for _ in 0..3 {
        let delivery = webhooks.next().await;
        told.push(delivery.body);
    }
    let of = |event: &str| {
        let found = told.iter().find(|body| body["event"] == event);
        found.unwrap_or_else(|| panic!("no {event}: {told:?}"))["data"].clone()
    };
    assert_eq!(of("conversation.end_report")["summary"], SUMMARY);
    assert_eq!(
        of("evaluation.text")["sentiment_analysis"]["success"]["value"],
        false
    );
    let voice = of("evaluation.voice")["voice_analysis"].clone();
    assert!(
        voice["packet_loss"]["packets_received"].as_u64() > Some(50),
        "{voice}"
    );
}

#[tokio::test]
async fn without_a_key_the_summary_is_made_of_the_callers_own_words() {
    let node = Node::builder().start();
    let api = node.api();
    let id = call(&node, &api).await;
    let evaluation = evaluation(&api, &id).await;
    assert_eq!(evaluation["source"], "offline", "{evaluation}");
    assert_eq!(evaluation["success"]["value"], Value::Null);
    let voice = &evaluation["voice"];
    assert!(
        voice["talk_ratio"]["caller_ms"].as_u64() > Some(1_000),
        "{voice}"
    );
    assert!(voice["response_latency"]["p50_ms"].is_u64(), "{voice}");
    assert!(
        voice["packet_loss"]["packets_received"].as_u64() > Some(50),
        "{voice}"
    );
    let level = voice["level"]["caller_dbfs"].as_f64().expect("a level");
    assert!((-60.0..0.0).contains(&level), "{voice}");
    let shown = api.get(&format!("/calls/{id}")).await;
    let summary = shown.text("/data/analysis").to_owned();
    assert!(
        summary.contains("Caller: ") && summary.contains("number"),
        "{summary}"
    );
    let window = "from=2020-01-01T00:00:00Z&to=2099-01-01T00:00:00Z";
    let figures = api.get(&format!("/analytics/sessions?{window}")).await;
    assert_eq!(figures.body["totals"]["evaluated"], 1, "{figures:?}");
    assert!(figures.body["latency_ms"]["p50"].is_u64(), "{figures:?}");
}

#[tokio::test]
async fn a_node_that_dies_while_it_evaluates_does_so_once_after_its_next_start() {
    let server = Server::start(0).await;
    let node = with_model(&server)
        .set("MIHU_EVALUATION_TIMEOUT", "5s")
        .start();
    let api = node.api();
    let id = call(&node, &api).await;
    let deadline = Instant::now() + PATIENCE;
    while server.judged().is_empty() {
        assert!(Instant::now() < deadline, "nobody asks for a judgement");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (data, _own) = node.crash();
    server
        .shared
        .judgements
        .add_permits(Semaphore::MAX_PERMITS >> 1);
    let node = with_model(&server)
        .set("MIHU_EVALUATION_TIMEOUT", "5s")
        .data(&data)
        .start();
    let api = node.api();
    let evaluation = evaluation(&api, &id).await;
    assert_eq!(evaluation["source"], "model", "{evaluation}");
    assert_eq!(api.get("/evaluations").await.body["data"]["total"], 1);
    let shown = api.get(&format!("/calls/{id}")).await;
    assert_eq!(shown.text("/data/analysis"), SUMMARY);
}
