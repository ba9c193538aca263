//! A node that is killed while it delivers webhooks: nothing is lost, nothing comes as another
//! message, and what is told of a conversation keeps its order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use end_to_end::{Api, Node, Sipp};
use serde_json::{Value, json};
use tokio::sync::watch;

const CRASHES: usize = 2;

/// Calls that are told of when the node is killed.
const CALLS: usize = 3;

/// How long a loaded machine may take over it.
const PATIENCE: Duration = Duration::from_secs(150);

#[tokio::test]
async fn what_is_delivered_when_the_node_dies_comes_again_under_its_id_and_nothing_is_lost() {
    let sipp = Sipp::scenario("busy").calls(100).start();
    let receiver = Receiver::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let start = || {
        Node::builder()
            .trunk(sipp.address())
            .data(folder.path())
            .set("MIHU_WEBHOOKS_TIMEOUT", "3s")
            .start()
    };
    let deadline = Instant::now() + PATIENCE;

    let mut node = start();
    let api = node.api();
    let agent = api.agent("support").await;
    let of_agent = format!("/agents/{agent}/webhooks");
    let logs = [
        subscribe(&api, &of_agent, &receiver.url("agent")).await,
        subscribe(&api, "/webhooks", &receiver.url("workspace")).await,
    ];
    let mut conversations = vec![busy_call(&api).await];
    receiver.has_told(&conversations, &node, deadline).await;
    all_settled(&api, &logs, deadline).await;
    let settled = receiver.ids();

    let mut held = BTreeSet::new();
    for _ in 0..CRASHES {
        receiver.hold(true);
        let before = receiver.count();
        let api = node.api();
        for _ in 0..CALLS {
            conversations.push(busy_call(&api).await);
        }
        // Each conversation's first message is with each receiver, which does not answer.
        while receiver.count() < before + 2 * CALLS {
            assert!(Instant::now() < deadline, "nothing comes:\n{}", node.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        held.extend(receiver.ids_since(before));
        drop(node.crash());
        receiver.hold(false);
        node = start();
        receiver.has_told(&conversations, &node, deadline).await;
    }
    all_settled(&node.api(), &logs, deadline).await;

    receiver.has_each_message_under_one_id();
    receiver.has_told_in_order(&conversations);
    for id in held {
        assert!(receiver.times(&id) >= 2, "{id} came once");
    }
    for id in settled {
        assert_eq!(receiver.times(&id), 1, "{id} was delivered before");
    }
}

/// Adds a webhook and gives the path of its deliveries that are owed.
async fn subscribe(api: &Api, hooks: &str, url: &str) -> String {
    let events = ["conversation_status", "conversation_end_report"];
    let added = api
        .post(hooks, &json!({ "url": url, "events": events }))
        .await;
    assert_eq!(added.status, 201, "{added:?}");
    let id = added.text("/data/webhook_uuid");
    format!("{hooks}/{id}/deliveries?status=pending")
}

/// A call that was not taken, and its conversation.
async fn busy_call(api: &Api) -> String {
    let placed = api.place_call("+14155550123").await;
    let id = placed["id"].as_str().expect("an id");
    api.call_becomes(id, "busy").await;
    let conversation = placed["conversation_uuid"].as_str();
    conversation.expect("a conversation").to_owned()
}

async fn all_settled(api: &Api, logs: &[String], deadline: Instant) {
    for log in logs {
        loop {
            let pending = api.get(log).await;
            if pending.body["data"]["total"] == 0 {
                break;
            }
            assert!(Instant::now() < deadline, "{pending:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A web server that keeps its answers back while it is told to.
#[derive(Clone)]
struct Receiver {
    address: std::net::SocketAddr,
    hold: Arc<watch::Sender<bool>>,
    received: Arc<Mutex<Vec<Received>>>,
}

#[derive(Clone)]
struct Received {
    path: String,
    id: String,
    raw: Bytes,
    body: Value,
}

impl Received {
    fn conversation(&self) -> &str {
        self.body["data"]["conversation_id"]
            .as_str()
            .unwrap_or_default()
    }

    /// What it tells: a status, or the report.
    fn what(&self) -> &str {
        match self.body["event"].as_str() {
            Some("conversation.status") => self.body["data"]["status"].as_str().unwrap_or(""),
            event => event.unwrap_or_default(),
        }
    }
}

impl Receiver {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a port");
        let receiver = Self {
            address: listener.local_addr().expect("an address"),
            hold: Arc::new(watch::channel(false).0),
            received: Arc::default(),
        };
        let router = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    fn hold(&self, hold: bool) {
        self.hold.send_replace(hold);
    }

    fn all(&self) -> Vec<Received> {
        self.received.lock().expect("no panic").clone()
    }

    fn count(&self) -> usize {
        self.all().len()
    }

    fn ids(&self) -> BTreeSet<String> {
        self.ids_since(0)
    }

    fn ids_since(&self, before: usize) -> BTreeSet<String> {
        let since = self.all().into_iter().skip(before);
        since.map(|one| one.id).collect()
    }

    fn times(&self, id: &str) -> usize {
        self.all().iter().filter(|one| one.id == id).count()
    }

    /// Waits until both paths have the report of each conversation.
    async fn has_told(&self, conversations: &[String], node: &Node, deadline: Instant) {
        let is_reported = |path: &str, conversation: &str| {
            self.all().iter().any(|one| {
                one.path == path
                    && one.conversation() == conversation
                    && one.what() == "conversation.end_report"
            })
        };
        for conversation in conversations {
            for path in ["/agent", "/workspace"] {
                while !is_reported(path, conversation) {
                    let left = Instant::now() < deadline;
                    assert!(left, "no report of {conversation}:\n{}", node.log());
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn has_each_message_under_one_id(&self) {
        let mut ids = BTreeMap::new();
        let mut messages = BTreeMap::new();
        for one in self.all() {
            let message = (one.path.clone(), one.raw.clone());
            let id = ids.entry(message.clone()).or_insert_with(|| one.id.clone());
            assert_eq!(*id, one.id, "{:?} came under two ids", one.body);
            let known = messages
                .entry(one.id.clone())
                .or_insert_with(|| message.clone());
            assert_eq!(*known, message, "{} are two messages", one.id);
        }
    }

    /// Nothing of a conversation came before what is told of it earlier was there for the last time.
    fn has_told_in_order(&self, conversations: &[String]) {
        for conversation in conversations {
            for path in ["/agent", "/workspace"] {
                let of_it = self.all().into_iter();
                let of_it = of_it
                    .filter(|one| one.path == path && one.conversation() == conversation)
                    .collect::<Vec<_>>();
                let mut told: Vec<&str> = of_it.iter().map(Received::what).collect();
                told.dedup();
                let told: Vec<&str> = told.into_iter().filter(|what| *what != "ringing").collect();
                let expected = ["initiated", "busy", "conversation.end_report"];
                assert_eq!(told, expected, "{path} {conversation}");
            }
        }
    }
}

async fn take(
    State(receiver): State<Receiver>,
    uri: Uri,
    headers: HeaderMap,
    raw: Bytes,
) -> StatusCode {
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok());
    let received = Received {
        path: uri.path().to_owned(),
        id: id.unwrap_or_default().to_owned(),
        body: serde_json::from_slice(&raw).unwrap_or_default(),
        raw,
    };
    receiver.received.lock().expect("no panic").push(received);
    let mut hold = receiver.hold.subscribe();
    let let_go = hold.wait_for(|hold| !hold).await;
    drop(let_go);
    StatusCode::NO_CONTENT
}
