//! Callers for whom an agent books, and callers who are known: a server of scripted chat
//! completions on loopback calls the functions.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use end_to_end::{Api, Node, agent_said, call};
use serde_json::{Value, json};

/// What the caller says, whatever that is taken for.
const CALLER: &str = "fixtures/ast_en_ss-noservice.wav";

const BOOKED: &str = "You are booked, see you then.";

const TAKEN: &str = "That time is gone, I can offer another one.";

/// Serves chat completions.
#[derive(Clone, Default)]
struct Server {
    /// The time that callers wish, as the schedule's clocks show it.
    wish: Arc<Mutex<String>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Server {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let router = Router::new()
            .route("/v1/chat/completions", post(complete))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    /// What the functions told the model, in all requests so far, each once.
    fn told(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("no test panics here");
        let messages = asked.iter().flat_map(messages);
        let tools = messages.filter(|message| message["role"] == "tool");
        let mut told: Vec<String> = Vec::new();
        for tool in tools {
            let text = tool["content"].as_str().unwrap_or_default();
            if !told.iter().any(|one| one == text) {
                told.push(text.to_owned());
            }
        }
        told
    }

    /// The agent's instructions when it was last asked; calls that are over are judged here too.
    fn instructions(&self) -> String {
        let asked = self.asked.lock().expect("no test panics here");
        let instructions = asked.iter().rev().map(|request| &messages(request)[0]);
        let mut instructions = instructions.filter_map(|message| message["content"].as_str());
        let agents = instructions.find(|text| text.starts_with("You are Desk"));
        agents.expect("the agent's model was asked").to_owned()
    }
}

fn messages(request: &Value) -> &[Value] {
    request["messages"].as_array().expect("messages")
}

/// A model that looks for a time, books the one that is wished, and says what came of it.
async fn complete(State(server): State<Server>, Json(request): Json<Value>) -> impl IntoResponse {
    let offers = request["tools"].as_array().is_some_and(|tools| {
        let mut names = tools.iter().map(|tool| &tool["function"]["name"]);
        names.any(|name| name == "book_appointment")
    });
    let tools = messages(&request).iter();
    let answers: Vec<&str> = tools
        .filter(|message| message["role"] == "tool")
        .filter_map(|message| message["content"].as_str())
        .collect();
    // The caller goes on after a pause, which is no reason to book again.
    let is_booked = answers.iter().any(|told| told.starts_with("It is booked"));
    let wish = server.wish.lock().expect("no test panics here").clone();
    let call = |name: &str, arguments: Value| {
        json!({ "tool_calls": [{
            "index": 0, "id": "call_1", "type": "function",
            "function": { "name": name, "arguments": arguments.to_string() },
        }] })
    };
    let (delta, reason) = match answers.as_slice() {
        [] if offers => (call("find_free_slots", json!({})), "tool_calls"),
        [] => (json!({ "content": "Good to hear from you." }), "stop"),
        [_] => {
            let arguments = json!({ "start_time": wish, "title": "Check-up" });
            (call("book_appointment", arguments), "tool_calls")
        }
        [_, ..] if is_booked => (json!({ "content": BOOKED }), "stop"),
        [_, ..] => (json!({ "content": TAKEN }), "stop"),
    };
    let mut asked = server.asked.lock().expect("no test panics here");
    asked.push(request);
    let first = json!({ "choices": [{ "index": 0, "delta": delta }] });
    let last = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] });
    let body = format!("data: {first}\n\ndata: {last}\n\ndata: [DONE]\n\n");
    ([("content-type", "text/event-stream")], body)
}

/// An agent that the API makes; its UUID.
async fn make_agent(api: &Api) -> String {
    let agent = json!({ "name": "Desk", "slug": "desk" });
    let agent = api.post("/agents", &agent).await;
    assert_eq!(agent.status, 201, "{agent:?}");
    agent.text("/data/agent_uuid").to_owned()
}

#[tokio::test]
async fn a_caller_gets_the_appointment_and_the_next_one_is_told_what_else_is_free() {
    let server = Server::default();
    let node = Node::builder()
        .set("MIHU_LLM_URL", &server.start().await)
        .start();
    let api = node.api();
    let agent = make_agent(&api).await;
    let hours = json!({ "name": "Hours", "slot_minutes": 60 });
    let hours = api.post("/availability-types", &hours).await;
    let schedule = json!({
        "name": "Practice", "availability_type_uuid": hours.text("/data/uuid"),
    });
    let schedule = api.post("/schedules", &schedule).await;
    let schedule = schedule.text("/data/uuid");
    let slots = api.get(&format!("/schedules/{schedule}/slots")).await;
    // Not the first one, which may have begun by the time it is wished.
    let wished = slots.text("/data/5/start_time").to_owned();
    *server.wish.lock().expect("no test panics here") = slots.text("/data/5/local_time").to_owned();
    let booking = json!({
        "enabled": true, "schedule_assignments": [{ "schedule_uuid": schedule }],
    });
    let path = format!("/agents/{agent}/appointments");
    let set = api.put(&path, &booking).await;
    assert_eq!(set.status, 200, "{set:?}");

    let transcript = call(&node, "desk", CALLER).await;

    assert!(agent_said(&transcript, BOOKED), "{transcript}");
    let booked = api.get("/appointments").await;
    assert_eq!(booked.text("/data/0/start_time"), wished, "{booked:?}");
    assert_eq!(booked.text("/data/0/title"), "Check-up");
    assert_eq!(booked.text("/data/0/schedule_uuid"), schedule);
    let calls = api.get("/calls").await;
    let contact = calls.text("/data/data/0/contact_uuid");
    assert!(!contact.is_empty(), "{calls:?}");
    assert_eq!(booked.text("/data/0/contact_uuid"), contact);
    let used = &transcript["tool_calls"];
    assert_eq!(used[0]["tool"], "find_free_slots", "{transcript}");
    assert_eq!(used[1]["tool"], "book_appointment", "{transcript}");
    assert_eq!(used[1]["status"], "done", "{transcript}");

    let transcript = call(&node, "desk", CALLER).await;

    assert!(agent_said(&transcript, TAKEN), "{transcript}");
    let booked = api.get("/appointments").await;
    let booked = booked.body["data"].as_array().expect("a list").len();
    assert_eq!(booked, 1, "the second caller gets no appointment");
    let told = server.told();
    let is_refusal = |told: &&String| told.contains("That time is taken. Free instead: ");
    assert!(told.iter().any(|one| is_refusal(&one)), "{told:?}");
}

#[tokio::test]
async fn the_model_is_told_of_a_caller_who_is_known() {
    let server = Server::default();
    let node = Node::builder()
        .set("MIHU_LLM_URL", &server.start().await)
        .start();
    let api = node.api();
    make_agent(&api).await;

    call(&node, "desk", CALLER).await;

    let told = server.instructions();
    assert!(!told.contains("About the other party"), "{told}");
    // Who has called is a contact from then on.
    let calls = api.get("/calls").await;
    let contact = format!("/contacts/{}", calls.text("/data/data/0/contact_uuid"));
    let known = json!({ "name": "Ada", "surname": "King", "primary_language": "fr" });
    let known = api.patch(&contact, &known).await;
    assert_eq!(known.status, 200, "{known:?}");

    call(&node, "desk", CALLER).await;

    let told = server.instructions();
    let expected = "About the other party: Name: Ada King.\nLanguage: fr.";
    assert!(told.contains(expected), "{told}");
}
