//! `POST /call`, when all is well.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use crate::support::{NUMBER, Node, until};
use api::{ApiConfig, ApiState};
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn a_call_is_answered_with_every_name_it_has() {
    let node = Node::start().await;
    let answer = node.post("/call", node.call_body()).await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert_eq!(body["success"], true);
    assert_eq!(body["message"], "Call created successfully");
    let data = &body["data"];
    let id: Uuid = data["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(data["callId"], format!("call_{}", id.simple()));
    assert_eq!(data["agentId"], node.file_agent.to_string());
    assert_eq!(data["status"], "initiated");
    assert_eq!(data["provider"], "sip");
    assert_eq!(data["participant"], json!({ "number": NUMBER }));
    let links = format!("http://node.example/api/v1/calls/{id}");
    assert_eq!(data["listen_url"], format!("{links}/listen"));
    assert_eq!(data["record_url"], format!("{links}/recording"));
    let created: jiff::Timestamp = data["createdAt"].as_str().unwrap().parse().unwrap();
    assert!(jiff::Timestamp::now().duration_since(created).as_secs() < 60);
    for name in ["conversation_uuid", "contact_uuid"] {
        data[name].as_str().unwrap().parse::<Uuid>().unwrap();
    }
    assert_eq!(data.as_object().unwrap().len(), 11);
}

#[tokio::test]
async fn the_engine_gets_all_that_was_asked_for() {
    let node = Node::start().await;
    let body = json!({
        "agentId": node.file_agent,
        "participant": { "number": "+1 (415) 555-0123", "about": "Waits for a parcel." },
        "prompt": { "content": "Be brief.", "overwrite": true },
        "message": { "start": "Hello there." },
    });
    let data = node.post("/call", body).await.data();
    assert_eq!(data["participant"]["number"], NUMBER);
    assert_eq!(data["participant"]["about"], "Waits for a parcel.");
    let placed = node.calls.placed.lock().unwrap();
    let order = &placed[0];
    assert_eq!(order.call.0.to_string(), data["id"]);
    assert_eq!(order.conversation.to_string(), data["conversation_uuid"]);
    assert_eq!(order.agent.agent_uuid, node.file_agent);
    assert_eq!(order.number, NUMBER);
    assert_eq!(order.about.as_deref(), Some("Waits for a parcel."));
    let prompt = order.prompt.as_ref().unwrap();
    assert_eq!(
        (prompt.content.as_str(), prompt.overwrite),
        ("Be brief.", true)
    );
    assert_eq!(order.first_message.as_deref(), Some("Hello there."));
}

#[tokio::test]
async fn what_is_left_out_or_empty_is_nothing() {
    let node = Node::start().await;
    let body = json!({
        "agentId": node.file_agent.simple().to_string().to_uppercase(),
        "participant": { "number": NUMBER, "about": null },
        "prompt": { "content": " " },
        "message": { "start": "" },
    });
    node.post("/call", body).await.data();
    let placed = node.calls.placed.lock().unwrap();
    assert!(placed[0].about.is_none());
    assert!(placed[0].prompt.is_none());
    assert!(placed[0].first_message.is_none());
}

#[tokio::test]
async fn a_prompt_without_overwrite_is_added() {
    let node = Node::start().await;
    let mut body = node.call_body();
    body["prompt"] = json!({ "content": "Be brief." });
    node.post("/call", body).await.data();
    assert!(
        !node.calls.placed.lock().unwrap()[0]
            .prompt
            .as_ref()
            .unwrap()
            .overwrite
    );
}

#[tokio::test]
async fn calls_to_one_number_are_calls_to_one_contact() {
    let node = Node::start().await;
    let (first, second) = (node.place_call().await, node.place_call().await);
    assert_eq!(first["contact_uuid"], second["contact_uuid"]);
    assert_ne!(first["conversation_uuid"], second["conversation_uuid"]);
    assert_ne!(first["id"], second["id"]);
}

#[tokio::test]
async fn of_a_refused_call_nothing_is_left() {
    let node = Node::start().await;
    *node.calls.refusal.lock().unwrap() = Some(engine::PlaceCallError::Draining {
        retry_after: Duration::from_secs(5),
    });
    assert_eq!(node.post("/call", node.call_body()).await.status, 503);
    assert_eq!(node.get("/calls").await.data()["total"], 0);
    assert!(
        node.store
            .unfinished_calls(jiff::Timestamp::now())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_national_number_is_called_in_the_configured_country() {
    let node = Node::start_with(|config| config.default_country = Some("US".to_owned())).await;
    let mut body = node.call_body();
    body["participant"]["number"] = "(415) 555-0123".into();
    assert_eq!(
        node.post("/call", body).await.data()["participant"]["number"],
        NUMBER
    );
}

#[tokio::test]
async fn a_client_that_gives_up_at_any_moment_does_not_leave_half_a_call() {
    let node = Node::start().await;
    for polls in 0..40 {
        let mut request = Box::pin(node.post("/call", node.call_body()));
        let mut left = polls;
        // Dropped at its next step, as when the connection breaks.
        poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            request.as_mut().poll(context).map(drop)
        })
        .await;
    }
    let written = until(|| async {
        let written = node
            .store
            .unfinished_calls(jiff::Timestamp::now())
            .await
            .unwrap()
            .len();
        (written == node.calls.placed.lock().unwrap().len()).then_some(written)
    });
    assert!(written.await > 0);
}

#[tokio::test]
async fn a_country_that_does_not_exist_stops_the_start() {
    let node = Node::start().await;
    let mut config = ApiConfig::new(
        "http://node.example".parse().unwrap(),
        node.folder.path().join("recordings"),
    );
    config.default_country = Some("Atlantis".to_owned());
    let state = ApiState::new(node.store, node.calls, node.directory, config);
    let error = state.err().unwrap().to_string();
    assert!(error.contains("default_country"), "{error}");
}
