//! What the webhook of an intent is asked, and what it replies.

use agent::{Intent, IntentWebhook};
use engine::{CallId, ToolOutcome, ToolReply};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use outbound::UrlRefused;
use reqwest::Response;
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::{CallRecord, StoreError};
use url::Url;
use uuid::Uuid;

use super::Shared;
use crate::clock;

/// What is said of a webhook that failed.
const SORRY: &str = "I am sorry, that did not work just now.";

/// What is said of a webhook that took too long.
const NO_ANSWER: &str =
    "I am sorry, I got no answer in time, so I can not say whether that worked.";

/// In which call an intent is wanted.
pub(super) struct Occasion {
    pub(super) agent: Uuid,
    pub(super) call: CallId,
}

/// What is wanted.
pub(super) struct Wanted<'a> {
    pub(super) intent: &'a Intent,
    pub(super) parameters: Map<String, Value>,
}

/// Why there is no reply. Says nothing of the address, which may hold a token.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    /// The address is not permitted.
    #[error("the address is not permitted: {0}")]
    Refused(String),
    /// There was no reply in time.
    #[error("no reply in time")]
    TimedOut,
    /// The connection failed.
    #[error("the server can not be reached: {0}")]
    Unreachable(String),
    /// The server answered something else than success.
    #[error("the server answered {0}")]
    Status(u16),
    /// The reply is longer than permitted.
    #[error("the reply is longer than {0} bytes")]
    TooLong(usize),
}

impl ExchangeError {
    /// As it is told to the model, and said by the offline responder.
    pub(super) fn reply(&self) -> ToolReply {
        // Who talks to the caller need not know more than that.
        let (error, message, outcome) = match self {
            Self::TimedOut => {
                let error = "There was no answer in time; it may have been done or not.";
                (error, NO_ANSWER, ToolOutcome::TimedOut)
            }
            Self::Refused(_) | Self::Unreachable(_) | Self::Status(_) | Self::TooLong(_) => {
                let error = "It failed. Apologise, and do not say that it was done.";
                (error, SORRY, ToolOutcome::Failed)
            }
        };
        let told = json!({ "error": error, "message": message });
        ToolReply::told(told.to_string(), outcome)
    }
}

impl From<UrlRefused> for ExchangeError {
    fn from(refused: UrlRefused) -> Self {
        Self::Refused(refused.to_string())
    }
}

impl From<reqwest::Error> for ExchangeError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::TimedOut;
        }
        match outbound::refusal(&error) {
            Some(refused) => refused.into(),
            None => Self::Unreachable(outbound::reason(error)),
        }
    }
}

/// The body of a request.
#[derive(Serialize)]
struct Asked<'a> {
    event: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    intent: IntentAsked<'a>,
    parameters: &'a Map<String, Value>,
    agent_id: Uuid,
    call_id: Uuid,
    conversation_id: Option<Uuid>,
    contact_id: Option<Uuid>,
    direction: Option<&'a str>,
    participant: ParticipantAsked<'a>,
}

#[derive(Serialize)]
struct IntentAsked<'a> {
    intent_uuid: Uuid,
    key: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct ParticipantAsked<'a> {
    number: Option<&'a str>,
    name: Option<&'a str>,
}

/// Asks the webhook once. The body of its reply.
pub(super) async fn exchange(
    shared: &Shared,
    webhook: &IntentWebhook,
    occasion: &Occasion,
    wanted: Wanted<'_>,
) -> Result<String, ExchangeError> {
    let settings = &shared.settings;
    let asking = async {
        let record = match record(shared, occasion).await {
            Ok(record) => record,
            Err(error) => {
                // The webhook is told what is known without it.
                tracing::warn!(call = %occasion.call, %error, "a call can not be looked up");
                None
            }
        };
        let body = body(occasion, record.as_ref(), &wanted);
        let response = send(shared, webhook, body).await?;
        if !response.status().is_success() {
            return Err(ExchangeError::Status(response.status().as_u16()));
        }
        text(response, settings.longest_reply).await
    };
    let answered = tokio::time::timeout(settings.timeout, asking).await;
    answered.unwrap_or(Err(ExchangeError::TimedOut))
}

async fn record(shared: &Shared, occasion: &Occasion) -> Result<Option<CallRecord>, StoreError> {
    let call = occasion.call.0;
    let Some(owner) = shared.store.workspace_of_call(call).await? else {
        return Ok(None);
    };
    shared.store.in_workspace(&owner).call(call).await
}

fn body(occasion: &Occasion, record: Option<&CallRecord>, wanted: &Wanted<'_>) -> String {
    let intent = wanted.intent;
    let asked = Asked {
        event: "intent.call",
        timestamp: clock::now().to_string(),
        data: Data {
            intent: IntentAsked {
                intent_uuid: intent.intent_uuid,
                key: &intent.key,
                name: &intent.name,
            },
            parameters: &wanted.parameters,
            agent_id: occasion.agent,
            call_id: occasion.call.0,
            conversation_id: record.map(|call| call.conversation),
            contact_id: record.and_then(|call| call.contact),
            direction: record.map(|call| call.direction.as_str()),
            participant: ParticipantAsked {
                number: record.map(|call| call.number.as_str()),
                name: record.and_then(|call| call.contact_name.as_deref()),
            },
        },
    };
    json!(asked).to_string()
}

async fn send(
    shared: &Shared,
    webhook: &IntentWebhook,
    body: String,
) -> Result<Response, ExchangeError> {
    let url = Url::parse(&webhook.url);
    let url = url.map_err(|error| ExchangeError::Refused(error.to_string()))?;
    if url.scheme() != "https" && !shared.settings.allow_http {
        let reason = "it has no TLS; webhooks.allow_http permits that";
        return Err(ExchangeError::Refused(reason.to_owned()));
    }
    let id = format!("msg_{}", Uuid::now_v7().simple());
    let mut request = shared
        .client
        .post(url)?
        .header(CONTENT_TYPE, "application/json")
        .header(standardwebhooks::HEADER_WEBHOOK_ID, id)
        .header(
            standardwebhooks::HEADER_WEBHOOK_TIMESTAMP,
            clock::now().as_second(),
        )
        .body(body);
    if let Some(token) = &webhook.auth_token {
        request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
    }
    Ok(request.send().await?)
}

/// The whole body, if it is not too long.
async fn text(mut response: Response, longest: usize) -> Result<String, ExchangeError> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > longest {
            return Err(ExchangeError::TooLong(longest));
        }
        body.extend_from_slice(&piece);
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}
