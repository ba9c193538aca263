//! Callers whose words trigger an intent: a server on loopback does it, and the agent says what
//! came of it.

use std::fs;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use end_to_end::{Node, Phone, Webhooks, agent_said, call, checkout};
use serde_json::{Value, json};

/// What the caller says: "The number you have dialed is not in service. Please check the number
/// and try again."
const CALLER: &str = "fixtures/ast_en_ss-noservice.wav";

const REPLY: &str = "A technician will call you back at nine.";

/// What a server was asked, and with which authorization.
type Asked = Arc<Mutex<Vec<(Option<String>, Value)>>>;

/// Serves the webhook of an intent and chat completions, both on loopback.
#[derive(Clone, Default)]
struct Server {
    webhook: Asked,
    completions: Asked,
}

impl Server {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new()
            .route("/check", post(check))
            .route("/v1/chat/completions", post(complete))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

fn note(asked: &Asked, headers: &HeaderMap, body: Value) {
    let header = headers.get("authorization");
    let header = header.and_then(|value| value.to_str().ok());
    let mut asked = asked.lock().expect("no test panics here");
    asked.push((header.map(str::to_owned), body));
}

async fn check(
    State(server): State<Server>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Json<Value> {
    note(&server.webhook, &headers, body);
    Json(json!({ "message": REPLY }))
}

/// A model that calls the function as soon as the caller has said something, and then words what
/// that answered.
async fn complete(
    State(server): State<Server>,
    headers: HeaderMap,
    Json(request): Json<Value>,
) -> impl IntoResponse {
    let messages = request["messages"].as_array().expect("messages");
    let answered = messages.iter().any(|message| message["role"] == "tool");
    note(&server.completions, &headers, request);
    let deltas = if answered {
        vec![
            json!({ "content": "Somebody is going to " }),
            json!({ "content": "phone you." }),
        ]
    } else {
        let call = |id: Value, name: Value, arguments: &str| {
            json!({ "tool_calls": [{
                "index": 0, "id": id, "type": "function",
                "function": { "name": name, "arguments": arguments },
            }] })
        };
        vec![
            call("call_1".into(), "check_the_number".into(), ""),
            call(Value::Null, Value::Null, r#"{"attempts""#),
            call(Value::Null, Value::Null, ":2}"),
        ]
    };
    let reason = if answered { "stop" } else { "tool_calls" };
    let mut body = String::new();
    for delta in deltas {
        let chunk = json!({ "choices": [{ "index": 0, "delta": delta }] });
        body.push_str(&format!("data: {chunk}\n\n"));
    }
    let last = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] });
    body.push_str(&format!("data: {last}\n\ndata: [DONE]\n\n"));
    ([("content-type", "text/event-stream")], body)
}

/// An agent that the API makes, with an intent; the agent's path.
async fn make_agent(node: &Node, intent: &Value) -> String {
    let api = node.api();
    let agent = api
        .post("/agents", &json!({ "name": "Desk", "slug": "desk" }))
        .await;
    assert_eq!(agent.status, 201, "{agent:?}");
    let path = format!("/agents/{}", agent.text("/data/agent_uuid"));
    let made = api.post(&format!("{path}/intents"), intent).await;
    assert_eq!(made.status, 201, "{made:?}");
    path
}

#[tokio::test]
async fn the_message_of_the_webhook_is_spoken_and_the_use_is_told() {
    let server = Server::default();
    let url = server.start().await;
    let mut events = Webhooks::start().await;
    let node = Node::builder().start();
    let intent = json!({
        "name": "Check the number",
        "description": "The caller wants a number to be checked.",
        "webhook": { "url": format!("{url}/check"), "auth_token": "swordfish" },
        "parameters": [{ "key": "attempts", "type": "integer", "default": 3 }],
    });
    let path = make_agent(&node, &intent).await;
    let hook = json!({ "url": events.url(), "events": ["intent_call"] });
    let hook = node.api().post(&format!("{path}/webhooks"), &hook).await;
    assert_eq!(hook.status, 201, "{hook:?}");

    let transcript = call(&node, "desk", CALLER).await;

    assert!(agent_said(&transcript, REPLY), "{transcript}");
    let used = &transcript["tool_calls"][0];
    assert_eq!(used["tool"], "check_the_number", "{transcript}");
    assert_eq!(
        (&used["status"], &used["answer"], &used["spoken"]),
        (&json!("done"), &json!(REPLY), &json!(true))
    );
    let asked = server.webhook.lock().expect("no test panics here").clone();
    let (authorization, body) = asked.first().expect("the webhook was asked");
    assert_eq!(authorization.as_deref(), Some("Bearer swordfish"));
    assert_eq!(body["data"]["parameters"], json!({ "attempts": 3 }));
    assert_eq!(body["data"]["call_id"], transcript["call_uuid"]);
    assert_eq!(
        body["data"]["conversation_id"],
        transcript["conversation_uuid"]
    );
    let told = events.next().await.body;
    assert_eq!(told["event"], "intent.call", "{told}");
    assert_eq!(told["data"]["key"], "check_the_number");
    assert_eq!(told["data"]["call_id"], transcript["call_uuid"]);
    assert!(!node.log().contains("swordfish"));
}

#[tokio::test]
async fn a_model_calls_the_function_and_words_what_the_webhook_replied() {
    let server = Server::default();
    let url = server.start().await;
    let node = Node::builder()
        .set("MIHU_LLM_URL", &format!("{url}/v1"))
        .start();
    let intent = json!({
        "name": "Check the number",
        "description": "The caller wants a number to be checked.",
        "intent_llm_handle_by_response": true,
        "webhook": { "url": format!("{url}/check") },
        "parameters": [{ "key": "attempts", "type": "integer", "required": true }],
    });
    make_agent(&node, &intent).await;

    let transcript = call(&node, "desk", CALLER).await;

    assert!(
        agent_said(&transcript, "Somebody is going to phone you."),
        "{transcript}"
    );
    assert!(!agent_said(&transcript, REPLY), "the model words it");
    let used = &transcript["tool_calls"][0];
    assert_eq!(used["parameters"], json!({ "attempts": 2 }));
    assert_eq!(used["spoken"], false);
    let asked = server.webhook.lock().expect("no test panics here").clone();
    let (authorization, body) = asked.first().expect("the webhook was asked");
    assert_eq!(authorization.as_deref(), None);
    assert_eq!(body["data"]["parameters"], json!({ "attempts": 2 }));

    let asked = server.completions.lock().expect("no test panics here");
    let (_, first) = asked.first().expect("the model was asked");
    let offered = first["tools"].as_array().expect("tools");
    let named = |tool: &&Value| tool["function"]["name"] == "check_the_number";
    let offered = offered.iter().find(named).expect("the intent is offered");
    assert_eq!(
        offered["function"]["parameters"],
        json!({
            "type": "object",
            "properties": { "attempts": { "type": "integer" } },
            "required": ["attempts"],
        })
    );
    let told = asked.iter().flat_map(|(_, request)| {
        let messages = request["messages"].as_array().expect("messages");
        messages.iter().filter(|message| message["role"] == "tool")
    });
    let told: Vec<&Value> = told.map(|message| &message["content"]).collect();
    let told = told.first().and_then(|content| content.as_str());
    assert!(told.is_some_and(|told| told.contains(REPLY)), "{told:?}");
}

#[tokio::test]
async fn an_intent_of_an_agent_file_is_done_too_and_a_failure_is_apologised_for() {
    let server = Server::default();
    let url = server.start().await;
    let agents = tempfile::tempdir().expect("a folder");
    for (slug, path) in [("desk", "check"), ("broken", "nowhere")] {
        let file = format!(
            "name: Desk\nintents:\n  - name: Check the number\n    webhook: {{ url: '{url}/{path}' \
             }}\n"
        );
        fs::write(agents.path().join(format!("{slug}.yaml")), file).expect("a file");
    }
    let node = Node::builder()
        .set("MIHU_AGENTS_DIR", &agents.path().display().to_string())
        .start();

    let transcript = call(&node, "desk", CALLER).await;
    assert!(agent_said(&transcript, REPLY), "{transcript}");
    assert_eq!(
        transcript["tool_calls"][0]["intent_name"],
        "Check the number"
    );

    let transcript = call(&node, "broken", CALLER).await;
    assert!(agent_said(&transcript, "I am sorry"), "{transcript}");
    assert_eq!(transcript["tool_calls"][0]["status"], "failed");
    assert!(node.log().contains("404"), "{}", node.log());
}

#[tokio::test]
async fn an_intent_passes_the_call_on_to_another_agent_which_goes_on() {
    const SAM: &str = "7d444840-9dc0-41d1-b245-5ffdce74fad2";
    let agents = tempfile::tempdir().expect("a folder");
    let desk = format!(
        "name: Desk\nintents:\n  - name: Check the number\n    agent: {{ agent_uuid: {SAM} }}\n"
    );
    let sam = format!(
        "name: Sam\nagent_uuid: {SAM}\nsettings:\n  voice:\n    interaction:\n      \
         inbound_first_message: This is Sam.\n"
    );
    for (slug, file) in [("desk", desk), ("sam", sam)] {
        fs::write(agents.path().join(format!("{slug}.yaml")), file).expect("a file");
    }
    let node = Node::builder()
        .set("MIHU_AGENTS_DIR", &agents.path().display().to_string())
        .start();
    let api = node.api();
    let target = format!("sip:desk@{}", node.sip());
    let report = Phone::start(
        &["--call", &target, "--hangup-after", "8s"],
        &[checkout(CALLER)],
    )
    .report()
    .await;
    assert_eq!(report["answered"], true, "{report}");
    let calls = api.get("/calls").await;
    let id = calls.text("/data/data/0/uuid").to_owned();
    let transcript = api.get(&format!("/calls/{id}/transcript")).await;
    let transcript = transcript.body["data"].clone();
    assert!(agent_said(&transcript, "This is Sam."), "{transcript}");
    assert_eq!(transcript["tool_calls"][0]["status"], "done");
    let call = api.get(&format!("/calls/{id}")).await;
    assert_eq!(call.text("/data/forwarding/to"), SAM, "{call:?}");
}
