//! A server of chat completions that judges calls as a test wants.

use std::sync::{Arc, Mutex};

use agent::AgentDefinition;
use api::evaluations::Evaluators;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use llm::{LanguageModel, OpenAi, OpenAiConfig};
use outbound::Guard;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// The server, and the language model behind it.
pub(crate) struct Judge {
    model: Arc<dyn LanguageModel>,
    shared: Arc<Shared>,
}

struct Shared {
    answer: String,
    status: StatusCode,
    asked: Mutex<Vec<Value>>,
    /// One permit for each answer that may be given.
    answers: Semaphore,
}

impl Judge {
    /// Answers every question with this.
    pub(crate) async fn saying(answer: impl ToString) -> Arc<Self> {
        Self::start(answer.to_string(), StatusCode::OK, Semaphore::MAX_PERMITS).await
    }

    /// Answers every question with this, but none before it is [`Self::released`].
    pub(crate) async fn held_back(answer: impl ToString) -> Arc<Self> {
        Self::start(answer.to_string(), StatusCode::OK, 0).await
    }

    /// Refuses every question with this status.
    pub(crate) async fn failing(status: StatusCode) -> Arc<Self> {
        Self::start("out of order".to_owned(), status, Semaphore::MAX_PERMITS).await
    }

    async fn start(answer: String, status: StatusCode, answers: usize) -> Arc<Self> {
        outbound::install_crypto();
        let shared = Arc::new(Shared {
            answer,
            status,
            asked: Mutex::default(),
            answers: Semaphore::new(answers),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/v1/chat/completions", post(complete))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = OpenAiConfig {
            guard: Guard::WITH_PRIVATE,
            ..OpenAiConfig::new(url, "judge")
        };
        Arc::new(Self {
            model: Arc::new(OpenAi::new(config).unwrap()),
            shared,
        })
    }

    /// Lets one answer go.
    pub(crate) fn released(&self) {
        self.shared.answers.add_permits(1);
    }

    /// What it was asked, whole requests.
    pub(crate) fn asked(&self) -> Vec<Value> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Evaluators for Judge {
    fn evaluator_of(&self, _: &AgentDefinition) -> Option<Arc<dyn LanguageModel>> {
        Some(Arc::clone(&self.model))
    }
}

async fn complete(State(shared): State<Arc<Shared>>, Json(request): Json<Value>) -> Response {
    shared.asked.lock().unwrap().push(request);
    shared.answers.acquire().await.unwrap().forget();
    if !shared.status.is_success() {
        return (shared.status, shared.answer.clone()).into_response();
    }
    let chunk = json!({ "choices": [{ "index": 0, "delta": { "content": shared.answer } }] });
    let last = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
    let body = format!("data: {chunk}\n\ndata: {last}\n\ndata: [DONE]\n\n");
    ([("content-type", "text/event-stream")], body).into_response()
}

/// A whole answer to a question about a call, as models give them.
pub(crate) fn verdict(summary: &str) -> Value {
    let block =
        |value: Value| json!({ "value": value, "confidence": 90, "reason": "It was said." });
    json!({
        "summary": summary,
        "sentiment": block("positive".into()),
        "emotion": block("relief".into()),
        "sentiment_strength": block("medium".into()),
        "intent": block("where the parcel is".into()),
        "intent_labels": block(json!(["delivery"])),
        "knowledge_gap": block(false.into()),
        "human_escalation": block(true.into()),
        "contextual_sentiment": block("improving".into()),
        "satisfaction": block(4.into()),
        "success": block(true.into()),
    })
}
