//! Intents that are wanted in calls: what their webhooks are asked, what becomes of the reply, and
//! what is left of it in the conversation.

use std::sync::Arc;
use std::time::Duration;

use agent::AgentDefinition;
use api::{IntentSettings, IntentTools, records};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use engine::{
    CallEvent, CallEventKind, CallId, ToolDirectory as _, ToolOutcome, ToolReply, ToolRunner,
};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use llm::ToolCall;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{Node, endpoint};

type Asked = (HeaderMap, Value);

/// A server that answers every webhook with the same words after a while, and keeps what it was
/// asked.
struct Server {
    url: String,
    asked: mpsc::Receiver<Asked>,
}

#[derive(Clone)]
struct Answering {
    status: StatusCode,
    words: Arc<str>,
    after: Duration,
    asked: mpsc::Sender<Asked>,
}

impl Server {
    async fn answering(status: u16, words: &str) -> Self {
        Self::slow(status, words, Duration::ZERO).await
    }

    async fn slow(status: u16, words: &str, after: Duration) -> Self {
        let (asked, received) = mpsc::channel(8);
        let state = Answering {
            status: StatusCode::from_u16(status).unwrap(),
            words: words.into(),
            after,
            asked,
        };
        let router = Router::new().route("/book", post(answer)).with_state(state);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            url: format!("http://{address}/book"),
            asked: received,
        }
    }
}

async fn answer(
    State(state): State<Answering>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let body = serde_json::from_slice(&body).unwrap();
    state.asked.send((headers, body)).await.unwrap();
    tokio::time::sleep(state.after).await;
    (state.status, state.words.to_string())
}

fn settings() -> IntentSettings {
    IntentSettings {
        allow_private: true,
        allow_http: true,
        ..IntentSettings::default()
    }
}

/// The tools of a call of an agent with one intent, which this server does.
fn runner(node: &Node, call: CallId, intent: Value, settings: IntentSettings) -> Tools {
    let agent = AgentDefinition::from_json(json!({ "name": "Maya", "intents": [intent] }));
    let agent = agent.unwrap().identified(node.file_agent);
    let tools = IntentTools::new(node.store.clone(), settings).unwrap();
    Tools(tools.runner_for(&agent, call))
}

struct Tools(Arc<dyn ToolRunner>);

impl Tools {
    async fn call(&self, name: &str, arguments: Value) -> ToolReply {
        let call = ToolCall {
            name: name.to_owned(),
            arguments: arguments.to_string(),
            confidence: None,
        };
        self.0.run(call).await
    }
}

fn booking(url: &str) -> Value {
    json!({
        "name": "Book a table",
        "webhook": { "url": url, "auth_token": "swordfish" },
        "parameters": [
            { "key": "guests", "type": "integer", "required": true },
            { "key": "area", "default": "inside" },
        ],
    })
}

#[tokio::test]
async fn the_webhook_is_asked_with_the_parameters_and_the_parties_and_its_message_is_spoken() {
    let node = Node::start().await;
    let contact = json!({ "name": "Ada", "phone_number": crate::support::NUMBER });
    let contact = node.post("/contacts", contact).await.data();
    let placed = node.place_call().await;
    let call = CallId(placed["id"].as_str().unwrap().parse().unwrap());
    let mut server = Server::answering(200, r#"{"message":"It is booked.","id":7}"#).await;
    let tools = runner(&node, call, booking(&server.url), settings());

    let reply = tools
        .call("book_a_table", json!({ "guests": "4", "mood": "good" }))
        .await;

    assert_eq!(reply, ToolReply::spoken("It is booked."));
    let (headers, body) = server.asked.recv().await.unwrap();
    assert_eq!(headers["authorization"], "Bearer swordfish");
    assert_eq!(headers["content-type"], "application/json");
    let id = headers["webhook-id"].to_str().unwrap();
    assert!(id.starts_with("msg_"), "{id}");
    let sent: i64 = headers["webhook-timestamp"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((Timestamp::now().as_second() - sent).abs() < 60);
    assert_eq!(body["event"], "intent.call");
    let at: Timestamp = body["timestamp"].as_str().unwrap().parse().unwrap();
    assert!(at <= Timestamp::now());
    let data = &body["data"];
    assert_eq!(data["intent"]["key"], "book_a_table");
    assert_eq!(data["intent"]["name"], "Book a table");
    assert!(data["intent"]["intent_uuid"].is_string());
    assert_eq!(data["parameters"], json!({ "guests": 4, "area": "inside" }));
    assert_eq!(data["agent_id"], json!(node.file_agent));
    assert_eq!(data["call_id"], placed["id"]);
    assert_eq!(data["conversation_id"], placed["conversation_uuid"]);
    assert_eq!(data["contact_id"], contact["uuid"]);
    assert_eq!(data["direction"], "outbound");
    assert_eq!(
        data["participant"],
        json!({ "number": crate::support::NUMBER, "name": "Ada" })
    );
}

#[tokio::test]
async fn the_reply_is_told_to_the_model_where_that_words_it() {
    let node = Node::start().await;
    let server = Server::answering(200, r#"{"message":"It is booked."}"#).await;
    let mut intent = booking(&server.url);
    intent["intent_llm_handle_by_response"] = true.into();
    let tools = runner(&node, CallId::generate(), intent, settings());
    let reply = tools.call("book_a_table", json!({ "guests": 4 })).await;
    let told = ToolReply::told(r#"{"message":"It is booked."}"#, ToolOutcome::Done);
    assert_eq!(reply, told);
}

#[tokio::test]
async fn a_webhook_is_not_asked_before_everything_is_known_that_it_needs() {
    let node = Node::start().await;
    let mut server = Server::answering(200, "It is booked.").await;
    let tools = runner(&node, CallId::generate(), booking(&server.url), settings());
    let reply = tools
        .call("book_a_table", json!({ "area": "outside" }))
        .await;
    assert_eq!(
        (reply.is_spoken, reply.outcome),
        (false, ToolOutcome::Incomplete)
    );
    let told: Value = serde_json::from_str(&reply.text).unwrap();
    assert_eq!(told["missing"], json!(["guests"]));
    assert!(server.asked.try_recv().is_err());
}

#[tokio::test]
async fn a_webhook_that_fails_is_apologised_for() {
    let node = Node::start().await;
    let broken = Server::answering(500, "It is booked.").await;
    let moved = Server::answering(302, "It is booked.").await;
    let long = Server::answering(200, &"It is booked. ".repeat(10)).await;
    let slow = Server::slow(200, "It is booked.", Duration::from_secs(600)).await;
    let nobody = "http://127.0.0.1:1/book".to_owned();
    for (url, outcome) in [
        (&broken.url, ToolOutcome::Failed),
        (&moved.url, ToolOutcome::Failed),
        (&long.url, ToolOutcome::Failed),
        (&nobody, ToolOutcome::Failed),
        (&slow.url, ToolOutcome::TimedOut),
    ] {
        let settings = IntentSettings {
            timeout: Duration::from_millis(500),
            longest_reply: 100,
            ..settings()
        };
        let tools = runner(&node, CallId::generate(), booking(url), settings);
        let reply = tools.call("book_a_table", json!({ "guests": 4 })).await;
        assert_eq!((reply.is_spoken, reply.outcome), (false, outcome), "{url}");
        let told: Value = serde_json::from_str(&reply.text).unwrap();
        let message = told["message"].as_str().unwrap();
        assert!(message.starts_with("I am sorry"), "{message}");
    }
}

#[tokio::test]
async fn a_webhook_in_a_private_network_or_without_tls_is_never_asked() {
    let node = Node::start().await;
    let mut server = Server::answering(200, "It is booked.").await;
    for settings in [
        IntentSettings {
            allow_private: false,
            ..settings()
        },
        IntentSettings {
            allow_http: false,
            ..settings()
        },
    ] {
        let tools = runner(&node, CallId::generate(), booking(&server.url), settings);
        let reply = tools.call("book_a_table", json!({ "guests": 4 })).await;
        assert_eq!(reply.outcome, ToolOutcome::Failed);
    }
    assert!(server.asked.try_recv().is_err());
}

#[tokio::test]
async fn an_intent_without_an_action_tells_the_model_what_is_recommended() {
    let node = Node::start().await;
    let intent = json!({ "name": "Upgrade", "recommendation_actions": "Offer the blue plan." });
    let tools = runner(&node, CallId::generate(), intent, settings());
    let reply = tools.call("upgrade", json!({})).await;
    assert_eq!(
        reply,
        ToolReply::told("Offer the blue plan.", ToolOutcome::Done)
    );
    let unknown = tools.call("delete_everything", json!({})).await;
    assert_eq!(unknown.outcome, ToolOutcome::Failed);
}

#[tokio::test]
async fn an_intent_may_pass_the_call_on_to_another_agent() {
    let node = Node::start().await;
    let other = Uuid::from_u128(8);
    let intent = json!({ "name": "Sales", "agent": { "agent_uuid": other } });
    let tools = runner(&node, CallId::generate(), intent, settings());
    let reply = tools.call("sales", json!({})).await;
    assert_eq!(reply, ToolReply::passed_on(other));
}

#[tokio::test]
async fn who_asks_not_to_be_called_again_comes_onto_the_do_not_call_list() {
    let node = Node::start().await;
    let placed = node.place_call().await;
    let call = CallId(placed["id"].as_str().unwrap().parse().unwrap());
    let tools = runner(&node, call, booking("http://127.0.0.1:9/"), settings());
    let reply = tools.call(agent::OPT_OUT, json!({})).await;
    assert_eq!(reply.outcome, ToolOutcome::Done, "{reply:?}");
    assert!(!reply.is_spoken);
    let listed = node.get("/do-not-call").await.data();
    assert_eq!(listed["data"][0]["number"], crate::support::NUMBER);
    node.post("/call", node.call_body())
        .await
        .is_error(409, "CONTACT_DO_NOT_CALL");
    let reply = runner_of_nobody(&node)
        .call(agent::OPT_OUT, json!({}))
        .await;
    assert_eq!(reply.outcome, ToolOutcome::Failed);
}

/// The tools of a call that is not written down.
fn runner_of_nobody(node: &Node) -> Tools {
    runner(
        node,
        CallId::generate(),
        booking("http://127.0.0.1:9/"),
        settings(),
    )
}

#[tokio::test]
async fn each_use_of_an_intent_is_in_the_conversation_and_told_to_webhooks() {
    let node = Node::start().await;
    let agent = node.make_agent().await;
    let body = json!({ "name": "Book a table" });
    let intent = node.post(&format!("/agents/{agent}/intents"), body).await;
    let intent = intent.data();
    let hook = json!({ "url": "https://example.com", "events": ["intent_call"] });
    node.post(&format!("/agents/{agent}/webhooks"), hook)
        .await
        .data();
    let body = json!({ "agentId": agent, "participant": { "number": crate::support::NUMBER } });
    let placed = node.post("/call", body).await.data();
    let call = CallId(placed["id"].as_str().unwrap().parse().unwrap());
    let called = CallEventKind::ToolCalled {
        name: "book_a_table".to_owned(),
        arguments: r#"{"guests":4}"#.to_owned(),
        number: Some(0),
        confidence: Some(875),
    };
    let answered = CallEventKind::ToolAnswered {
        name: "book_a_table".to_owned(),
        number: 0,
        outcome: ToolOutcome::Done,
        answer: "It is booked.".to_owned(),
        spoken: true,
        took_ms: 420,
    };
    let other = CallEventKind::ToolCalled {
        name: "look_up".to_owned(),
        arguments: "nonsense".to_owned(),
        number: Some(1),
        confidence: None,
    };
    let ends = CallEventKind::ToolCalled {
        name: "end_call".to_owned(),
        arguments: "{}".to_owned(),
        number: None,
        confidence: None,
    };
    write(
        &node,
        call,
        vec![called.clone(), called, answered, other, ends],
    )
    .await;

    let expected = json!([
        {
            "number": 0,
            "tool": "book_a_table",
            "intent_uuid": intent["intent_uuid"],
            "intent_name": "Book a table",
            "parameters": { "guests": 4 },
            "status": "done",
            "answer": "It is booked.",
            "spoken": true,
            "called_at": "2023-11-14T22:13:20Z",
            "took_ms": 420,
        },
        {
            "number": 1,
            "tool": "look_up",
            "intent_uuid": null,
            "intent_name": null,
            "parameters": {},
            "status": "running",
            "answer": null,
            "spoken": false,
            "called_at": "2023-11-14T22:13:20Z",
            "took_ms": null,
        },
    ]);
    let conversation = placed["conversation_uuid"].as_str().unwrap();
    let path = format!("/conversations/{conversation}/tool-calls");
    assert_eq!(node.get(&path).await.data(), expected);
    let transcript = node.get(&format!("/calls/{call}/transcript")).await.data();
    assert_eq!(transcript["tool_calls"], expected);
    let unknown = format!("/conversations/{}/tool-calls", Uuid::now_v7());
    node.get(&unknown)
        .await
        .is_error(404, "CONVERSATION_NOT_FOUND");

    let owed = endpoint::owed(&node, agent.parse().unwrap()).await;
    assert_eq!(owed.len(), 1, "a use that is told twice is owed once");
    let told: Value = serde_json::from_str(&owed[0].payload).unwrap();
    assert_eq!(told["event"], "intent.call");
    assert_eq!(told["data"]["intent_uuid"], intent["intent_uuid"]);
    assert_eq!(told["data"]["key"], "book_a_table");
    assert_eq!(told["data"]["parameters"], json!({ "guests": 4 }));
    assert_eq!(told["data"]["call_id"], placed["id"]);
    assert_eq!(told["data"]["confidence"], 0.875);
}

/// Writes down what happened in a call, all in one second.
async fn write(node: &Node, call: CallId, kinds: Vec<CallEventKind>) {
    let (sender, events) = mpsc::channel(kinds.len());
    for kind in kinds {
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        sender.send(CallEvent { call, at, kind }).await.unwrap();
    }
    drop(sender);
    records::run(node.state.clone(), events, CancellationToken::new()).await;
}
