//! An agent that thinks with an OpenAI-compatible server.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use end_to_end::{Node, Phone, checkout};
use serde_json::{Value, json};

/// What the server was asked, and with which key.
#[derive(Clone)]
struct Asked {
    key: Option<String>,
    request: Value,
}

#[derive(Clone, Default)]
struct Server {
    asked: Arc<Mutex<Vec<Asked>>>,
    fails: bool,
}

impl Server {
    /// Serves chat completions on loopback and returns the base URL.
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let router = Router::new()
            .route("/v1/chat/completions", post(complete))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

async fn complete(
    State(server): State<Server>,
    headers: HeaderMap,
    Json(request): Json<Value>,
) -> impl IntoResponse {
    let key = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let asked = Asked {
        key: key.map(str::to_owned),
        request,
    };
    server
        .asked
        .lock()
        .expect("no test panics here")
        .push(asked);
    if server.fails {
        return (StatusCode::INTERNAL_SERVER_ERROR, "out of order".to_owned()).into_response();
    }
    let pieces = ["The harbour ", "opens at nine. ", "Shall I book a berth?"];
    let mut body = String::new();
    for piece in pieces {
        let chunk = json!({ "choices": [{ "index": 0, "delta": { "content": piece } }] });
        body.push_str(&format!("data: {chunk}\n\n"));
    }
    let last = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
    body.push_str(&format!("data: {last}\n\ndata: [DONE]\n\n"));
    ([("content-type", "text/event-stream")], body).into_response()
}

async fn turns_of_a_call(node: &Node) -> Vec<(String, String)> {
    let api = node.api();
    let target = format!("sip:support@{}", node.sip());
    let plays = [checkout("fixtures/ast_en_ss-noservice.wav")];
    Phone::start(&["--call", &target, "--hangup-after", "1s"], &plays)
        .report()
        .await;
    let calls = api.get("/calls").await;
    let id = calls.text("/data/data/0/uuid").to_owned();
    api.call_becomes(&id, "completed").await;
    let transcript = api.get(&format!("/calls/{id}/transcript")).await;
    let turns = transcript.body["data"]["turns"]
        .as_array()
        .cloned()
        .expect("turns");
    let text = |turn: &Value, key: &str| turn[key].as_str().unwrap_or_default().to_owned();
    turns
        .iter()
        .map(|turn| (text(turn, "speaker"), text(turn, "text")))
        .collect()
}

#[tokio::test]
async fn a_server_named_in_the_settings_answers_the_caller() {
    let server = Server::default();
    let node = Node::builder()
        .set("MIHU_LLM_URL", &server.start().await)
        .set("MIHU_LLM_KEY", "sk-test")
        .set("MIHU_LLM_MODEL", "harbour-master")
        .start();
    let turns = turns_of_a_call(&node).await;
    let answer = "The harbour opens at nine. Shall I book a berth?";
    assert!(
        turns.contains(&("agent".to_owned(), answer.to_owned())),
        "{turns:?}"
    );
    let asked = server.asked.lock().expect("no test panics here").clone();
    let Asked { key, request } = asked.first().expect("the server was asked");
    assert_eq!(key.as_deref(), Some("Bearer sk-test"));
    assert_eq!(request["model"], "harbour-master");
    assert_eq!(request["stream"], true);
    let messages = request["messages"].as_array().expect("messages");
    assert_eq!(messages.first().expect("a message")["role"], "system");
    let said = messages.last().expect("a message")["content"]
        .as_str()
        .expect("text");
    assert!(said.contains("not in service"), "{said}");
    assert!(!node.log().contains("sk-test"));
}

#[tokio::test]
async fn a_server_that_fails_makes_the_agent_say_so_and_the_log_name_the_status() {
    let server = Server {
        fails: true,
        ..Server::default()
    };
    let node = Node::builder()
        .set("MIHU_LLM_URL", &server.start().await)
        .start();
    let turns = turns_of_a_call(&node).await;
    let trouble = turns
        .iter()
        .any(|(_, text)| text.contains("trouble on my side"));
    assert!(trouble, "{turns:?}");
    assert!(node.log().contains("500"), "{}", node.log());
}
