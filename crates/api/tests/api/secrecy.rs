//! What must not be read in the log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use crate::support::oauth::{Client, VERIFIER};
use crate::support::{NUMBER, Node};
use api::records;
use engine::{CallEventKind, CallId, Speaker, TranscriptTurn};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn no_secret_and_no_spoken_word_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .init();

    let node = Node::start().await;
    let path = format!("/agents/{}/webhooks", node.file_agent);
    let hook = json!({
        "url": "https://example.com/?token=in-the-url",
        "events": ["conversation_end_report"],
        "secret_key": "the-signing-secret",
    });
    node.post(&path, hook).await.data();
    let connection = json!({
        "name": "Carrier",
        "phone_number": "+14155550100",
        "gateway": "sip.carrier.example",
        "username": "account",
        "password": "the-sip-password",
    });
    let connection = node
        .post("/channels/sip-trunk/connections", connection)
        .await;
    let path = format!("/agents/{}/channels/call/sip-trunk", node.file_agent);
    let bound = json!({ "connection_uuid": connection.data()["uuid"] });
    node.post(&path, bound).await.data();
    let placed = node.post(
        "/call",
        json!({
            "agentId": node.file_agent,
            "participant": { "number": NUMBER, "about": "about-the-callee" },
            "prompt": { "content": "the-prompt" },
        }),
    );
    let call = CallId(placed.await.data()["id"].as_str().unwrap().parse().unwrap());
    let turn = TranscriptTurn {
        speaker: Speaker::Caller,
        text: "the-spoken-words".to_owned(),
        start_ms: 0,
        end_ms: 1,
        interrupted: false,
    };
    let (events, received) = mpsc::channel(1);
    events
        .send(node.calls.happen(call, CallEventKind::Turn(turn)))
        .await
        .unwrap();
    drop(events);
    records::run(node.state.clone(), received, CancellationToken::new()).await;
    node.get("/calls?page=x").await.is_about("page");
    let client = Client::register(&node).await;
    let code = client.code().await;
    let tokens = client
        .send("token", &client.exchange(&code), &[])
        .await
        .json();
    let [access, refresh] = ["access_token", "refresh_token"].map(|name| tokens[name].clone());
    let (access, refresh) = (access.as_str().unwrap(), refresh.as_str().unwrap());
    node.holding(access).get("/calls").await.data();
    let form = client.refresh(refresh);
    client.send("token", &form, &[]).await;
    client.send("token", &form, &[]).await;
    client.revoke(access).await;

    let text = log.text();
    assert!(
        text.contains("authenticated"),
        "the log has nothing: {text}"
    );
    let words = [
        "in-the-url",
        "the-signing-secret",
        "the-sip-password",
        "about-the-callee",
        "the-prompt",
        "the-spoken-words",
        node.token.as_str(),
        client.secret.as_deref().unwrap(),
        VERIFIER,
        &code,
        access,
        refresh,
    ];
    for word in words {
        assert!(!text.contains(word), "{word} in {text}");
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
