use std::net::SocketAddr;
use std::path::Path;

use engine::{CallEvent, CallEventKind};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::Failure;

/// A client of the node's HTTP API, as any other.
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// An agent, as far as the demo needs to know.
pub(super) struct Agent {
    pub(super) uuid: String,
    pub(super) name: String,
}

/// A call that was placed.
pub(super) struct Placed {
    pub(super) call: String,
    pub(super) conversation: String,
    pub(super) record_url: String,
    pub(super) transcript_url: String,
}

impl Client {
    pub(super) fn new(address: &SocketAddr, token: String) -> Result<Self, Failure> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self {
            http,
            base: format!("http://{address}/api/v1"),
            token,
        })
    }

    pub(super) async fn agent(&self, slug: &str) -> Result<Agent, Failure> {
        let listed = self.get("/agents?per_page=100").await?;
        let items = listed.pointer("/data/items").and_then(Value::as_array);
        let found = items
            .into_iter()
            .flatten()
            .find(|agent| text(agent, "/slug") == slug);
        let agent = found.ok_or_else(|| format!("the node has no agent `{slug}`"))?;
        Ok(Agent {
            uuid: text(agent, "/agent_uuid"),
            name: text(agent, "/name"),
        })
    }

    /// Registers the demo's receiver and returns the signing secret.
    pub(super) async fn add_webhook(&self, agent: &Agent, url: &str) -> Result<String, Failure> {
        let body = json!({ "url": url, "events": ["conversation_end_report"] });
        let added = self
            .post(&format!("/agents/{}/webhooks", agent.uuid), &body)
            .await?;
        let secret = text(&added, "/data/secret_key");
        if secret.is_empty() {
            return Err(format!("no webhook secret in the answer: {added}").into());
        }
        Ok(secret)
    }

    pub(super) async fn place_call(&self, agent: &Agent, number: &str) -> Result<Placed, Failure> {
        let body = json!({ "agentId": agent.uuid, "participant": { "number": number } });
        let placed = self.post("/call", &body).await?;
        let call = text(&placed, "/data/id");
        Ok(Placed {
            conversation: text(&placed, "/data/conversation_uuid"),
            record_url: text(&placed, "/data/record_url"),
            transcript_url: format!("{}/calls/{call}/transcript", self.base),
            call,
        })
    }

    /// Sends the call's events to `tell` until the call has ended.
    pub(super) async fn follow(
        &self,
        call: &str,
        tell: mpsc::Sender<CallEvent>,
    ) -> Result<(), Failure> {
        let url = format!("{}/calls/{call}/events", self.base);
        let response = self.http.get(url).bearer_auth(&self.token).send().await?;
        let mut stream = response.error_for_status()?.bytes_stream();
        let mut pending = Vec::new();
        while let Some(bytes) = stream.next().await {
            pending.extend_from_slice(&bytes?);
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                let Some(data) = line.strip_prefix(b"data:") else {
                    continue;
                };
                let event: CallEvent = serde_json::from_slice(data)?;
                let last = matches!(event.kind, CallEventKind::Ended(_));
                // overflow: awaited
                tell.send(event).await?;
                if last {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    pub(super) async fn download(&self, url: &str, file: &Path) -> Result<(), Failure> {
        let response = self.http.get(url).bearer_auth(&self.token).send().await?;
        let body = response.error_for_status()?.bytes().await?;
        std::fs::write(file, body)
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        Ok(())
    }

    async fn get(&self, path: &str) -> Result<Value, Failure> {
        let request = self.http.get(format!("{}{path}", self.base));
        self.answer(request).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.http.post(format!("{}{path}", self.base)).json(body);
        self.answer(request).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Value, Failure> {
        let response = request.bearer_auth(&self.token).send().await?;
        let status = response.status();
        let body: Value = response.json().await?;
        if !status.is_success() {
            return Err(format!("the API answered {status}: {body}").into());
        }
        Ok(body)
    }
}

fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
