use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Metrics;

/// How long a call may take to reach a state that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client of a node's API.
#[derive(Clone, Debug)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// A status and a JSON body.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, if given.
    pub retry_after: Option<String>,
    /// The body; null when it is no JSON.
    pub body: Value,
}

impl Answer {
    /// A string in the body, by JSON pointer.
    pub fn text(&self, pointer: &str) -> &str {
        self.body
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

impl Api {
    /// A client that shows this token.
    ///
    /// # Panics
    ///
    /// If no HTTP client can be built.
    pub fn new(address: SocketAddr, token: String) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("an HTTP client");
        Self {
            http,
            base: format!("http://{address}"),
            token,
        }
    }

    /// The token that it shows.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// GET below `/api/v1`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.http.get(self.url(path))).await
    }

    /// POST below `/api/v1`.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.http.post(self.url(path)).json(body)).await
    }

    /// PATCH below `/api/v1`.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.http.patch(self.url(path)).json(body)).await
    }

    /// PUT below `/api/v1`.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.http.put(self.url(path)).json(body)).await
    }

    /// POST of a form with one file and texts, below `/api/v1`.
    pub async fn post_file(
        &self,
        path: &str,
        file: (&str, &[u8]),
        texts: &[(&str, &str)],
    ) -> Answer {
        const BOUNDARY: &str = "d29e4f0a-boundary";
        let mut body = Vec::new();
        for (name, text) in texts {
            let head = format!("Content-Disposition: form-data; name=\"{name}\"");
            body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n{text}\r\n").bytes());
        }
        let (name, content) = file;
        let head = format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"a\"");
        body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").bytes());
        body.extend_from_slice(content);
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let request = self.http.post(self.url(path));
        let request = request.header("content-type", kind).body(body);
        self.send(request).await
    }

    /// POST below `/api/v1` to a node that may die before it answers.
    pub async fn try_post(&self, path: &str, body: &Value) -> Option<Answer> {
        self.try_send(self.http.post(self.url(path)).json(body))
            .await
            .ok()
    }

    /// The bytes of a URL that the API named.
    ///
    /// # Panics
    ///
    /// If it cannot be fetched with this token.
    pub async fn download(&self, url: &str) -> Vec<u8> {
        let response = self.http.get(url).bearer_auth(&self.token).send().await;
        let response = response
            .expect("an answer")
            .error_for_status()
            .expect("success");
        response.bytes().await.expect("a body").to_vec()
    }

    /// What the node shows at `/metrics`.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub async fn metrics(&self) -> Metrics {
        let text = self.download(&format!("{}/metrics", self.base)).await;
        Metrics(String::from_utf8(text).expect("metrics are text"))
    }

    /// The status that a request without a token gets.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    pub async fn status_without_token(&self, url: &str) -> u16 {
        let response = self.http.get(url).send().await;
        response.expect("an answer").status().as_u16()
    }

    /// The UUID of the agent with this slug.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn agent(&self, slug: &str) -> String {
        let listed = self.get("/agents?per_page=100").await;
        let items = listed
            .body
            .pointer("/data/items")
            .and_then(Value::as_array)
            .cloned();
        let items = items.expect("a list of agents");
        let agent = items
            .iter()
            .find(|agent| agent["slug"] == slug)
            .expect("the agent exists");
        agent["agent_uuid"]
            .as_str()
            .expect("an agent has a UUID")
            .to_owned()
    }

    /// Adds a webhook to an agent and returns its secret.
    ///
    /// # Panics
    ///
    /// If the API refuses.
    pub async fn add_webhook(&self, agent: &str, url: &str) -> String {
        let body = json!({ "url": url, "events": ["conversation_end_report"] });
        let added = self.post(&format!("/agents/{agent}/webhooks"), &body).await;
        assert!(added.status < 300, "{added:?}");
        added.text("/data/secret_key").to_owned()
    }

    /// Places a call with the `support` agent and returns the answer's `data`.
    ///
    /// # Panics
    ///
    /// If the API refuses.
    pub async fn place_call(&self, number: &str) -> Value {
        let agent = self.agent("support").await;
        let body = json!({ "agentId": agent, "participant": { "number": number } });
        let placed = self.post("/call", &body).await;
        assert_eq!(placed.status, 200, "{placed:?}");
        placed.body["data"].clone()
    }

    /// Waits until the call has this status.
    ///
    /// # Panics
    ///
    /// If it has not in time, or has ended otherwise.
    pub async fn call_becomes(&self, id: &str, status: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(&format!("/calls/{id}")).await;
            let call = answer.body["data"].clone();
            let now = call["status"].as_str().unwrap_or_default();
            if now == status {
                return call;
            }
            let live = ["initiated", "ringing", "in-progress"].contains(&now);
            assert!(
                live && Instant::now() < deadline,
                "waiting for {status}: {answer:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.base)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.expect("an answer")
    }

    async fn try_send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.bearer_auth(&self.token).send().await?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let body = response.json().await.unwrap_or_default();
        Ok(Answer {
            status,
            retry_after,
            body,
        })
    }
}
