//! One request for a reply, from the first byte sent to the last one read.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use outbound::{Client, ClientOptions};
use reqwest::Response;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::config::{OpenAiConfig, OpenAiConfigError};
use super::decoder::{Decoder, Phase};
use super::endpoint::endpoint;
use super::excerpt;
use super::request::{Dialect, Wishes};
use crate::model::{ReplyError, ReplyPart, ReplyRequest, ToolCall};

/// The longest body of an error answer that is read.
const MAX_ERROR_BODY: usize = 16 * 1024;

/// What all exchanges with one server share.
#[derive(Debug)]
pub(super) struct Server {
    config: OpenAiConfig,
    client: Client,
    endpoint: Url,
    authorization: Option<HeaderValue>,
    dialect: Mutex<Dialect>,
}

/// A reply on its way.
pub(super) struct Exchange {
    server: Arc<Server>,
    request: ReplyRequest,
    stage: Stage,
}

enum Stage {
    Asking,
    Reading(Box<Reading>),
    /// Everything was said; these tools are still to be called.
    Calling(VecDeque<ToolCall>),
}

/// A successful answer that is being read.
struct Reading {
    response: Response,
    decoder: Decoder,
    /// The names of the tools that were offered.
    offered: Vec<String>,
    first_token_deadline: Instant,
    /// When the reply last went on; `None` before its first word.
    progress: Option<Instant>,
}

impl Server {
    pub(super) fn new(config: OpenAiConfig) -> Result<Self, OpenAiConfigError> {
        let endpoint = endpoint(&config.base_url).map_err(|error| OpenAiConfigError::BaseUrl {
            reason: error.to_string(),
        })?;
        config.guard.check_url(&endpoint)?;
        let authorization = config.key.as_ref().map(|key| key.expose().trim());
        let authorization = authorization.filter(|key| !key.is_empty()).map(|key| {
            let mut value = HeaderValue::from_str(&format!("Bearer {key}"))
                .map_err(|_| OpenAiConfigError::Key)?;
            value.set_sensitive(true);
            Ok::<_, OpenAiConfigError>(value)
        });
        let client = outbound::client(ClientOptions {
            guard: config.guard,
            connect_timeout: config.connect_timeout,
            timeout: None,
            ..ClientOptions::default()
        })?;
        let authorization = authorization.transpose()?;
        Ok(Self {
            config,
            client,
            endpoint,
            authorization,
            dialect: Mutex::default(),
        })
    }

    fn dialect(&self) -> Dialect {
        *self.dialect.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, dialect: Dialect) {
        *self.dialect.lock().unwrap_or_else(PoisonError::into_inner) = dialect;
    }

    fn wishes(&self) -> Wishes<'_> {
        Wishes {
            model: &self.config.model,
            temperature: self.config.temperature,
            max_tokens: self.config.max_tokens,
            end_call_tool: self.config.end_call_tool,
        }
    }

    /// Asks until the server takes the request, in whatever dialect.
    async fn ask(&self, request: &ReplyRequest) -> Result<Reading, ReplyError> {
        let first_token_deadline = Instant::now() + self.config.first_token_timeout;
        loop {
            let dialect = self.dialect();
            let response = self.post(request, dialect, first_token_deadline).await?;
            let status = response.status();
            if status.is_success() {
                return Ok(Reading {
                    response,
                    decoder: Decoder::default(),
                    offered: dialect.offered(request, self.wishes()),
                    first_token_deadline,
                    progress: None,
                });
            }
            let complaint = self.explanation(response, first_token_deadline).await;
            let Some(next) = dialect.after(status.as_u16(), &complaint) else {
                return Err(ReplyError::Status {
                    status: status.as_u16(),
                    message: complaint,
                });
            };
            tracing::warn!(
                status = status.as_u16(),
                model = self.config.model,
                dialect = ?next,
                "the language-model server refuses a part of the request; asking without it"
            );
            self.learn(next);
        }
    }

    async fn post(
        &self,
        request: &ReplyRequest,
        dialect: Dialect,
        deadline: Instant,
    ) -> Result<Response, ReplyError> {
        let mut post = self
            .client
            .post(self.endpoint.clone())?
            .header(ACCEPT, "text/event-stream")
            .json(&dialect.body(request, self.wishes()));
        if let Some(authorization) = &self.authorization {
            post = post.header(AUTHORIZATION, authorization.clone());
        }
        match timeout_at(deadline, post.send()).await {
            Err(_) => Err(ReplyError::FirstTokenTimeout(
                self.config.first_token_timeout,
            )),
            Ok(Err(error)) => Err(self.unsent(error)),
            Ok(Ok(response)) => Ok(response),
        }
    }

    fn unsent(&self, error: reqwest::Error) -> ReplyError {
        if let Some(refused) = outbound::refusal(&error) {
            return ReplyError::Refused(refused);
        }
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => ReplyError::Connect(format!(
                "no connection within {:?}",
                self.config.connect_timeout
            )),
            (true, false) => ReplyError::Connect(outbound::reason(error)),
            (false, _) => ReplyError::ConnectionLost(outbound::reason(error)),
        }
    }

    /// What an error answer says, as far as it arrives in time.
    async fn explanation(&self, mut response: Response, deadline: Instant) -> String {
        if response.status().is_redirection() {
            return "it redirects, which is not followed; set the base URL to the server itself"
                .to_owned();
        }
        let deadline = deadline.min(Instant::now() + self.config.idle_timeout);
        let mut body = Vec::new();
        while let Ok(Ok(Some(bytes))) = timeout_at(deadline, response.chunk()).await {
            body.extend_from_slice(&bytes);
            if body.len() >= MAX_ERROR_BODY {
                break;
            }
        }
        excerpt::of_body(&String::from_utf8_lossy(&body), self.config.key.as_ref())
    }

    /// Takes the key out of what a server wrote inside a reply.
    fn masked(&self, error: ReplyError) -> ReplyError {
        let mask = |text: &str| excerpt::of_text(text, self.config.key.as_ref());
        match error {
            ReplyError::Failed(text) => ReplyError::Failed(mask(&text)),
            ReplyError::Protocol(text) => ReplyError::Protocol(mask(&text)),
            ReplyError::Refused(_)
            | ReplyError::Connect(_)
            | ReplyError::Status { .. }
            | ReplyError::FirstTokenTimeout(_)
            | ReplyError::Stalled(_)
            | ReplyError::ConnectionLost(_) => error,
        }
    }
}

impl Exchange {
    pub(super) fn new(server: Arc<Server>, request: ReplyRequest) -> Self {
        Self {
            server,
            request,
            stage: Stage::Asking,
        }
    }

    /// The next part of the reply and the exchange after it; `None` at the end.
    pub(super) async fn next_part(mut self) -> Result<Option<(ReplyPart, Self)>, ReplyError> {
        loop {
            match &mut self.stage {
                Stage::Asking => {
                    let reading = self.server.ask(&self.request).await?;
                    self.stage = Stage::Reading(Box::new(reading));
                }
                Stage::Reading(reading) => {
                    let text = reading.next_text(&self.server.config).await;
                    if let Some(text) = text.map_err(|error| self.server.masked(error))? {
                        return Ok(Some((ReplyPart::Text(text), self)));
                    }
                    let spoken = reading.progress.is_some();
                    let silence = reading.decoder.explain_silence();
                    let calls = reading.decoder.take_calls(&reading.offered);
                    let calls = in_order(calls.map_err(|error| self.server.masked(error))?);
                    if !spoken && calls.is_empty() {
                        return Err(self.server.masked(ReplyError::Protocol(silence)));
                    }
                    let ends_call = calls.back().is_some_and(ToolCall::ends_call);
                    self.stage = Stage::Calling(calls);
                    let goodbye = self.request.goodbye.trim();
                    if ends_call && !spoken && !goodbye.is_empty() {
                        return Ok(Some((ReplyPart::Text(goodbye.to_owned()), self)));
                    }
                }
                Stage::Calling(calls) => {
                    let call = calls.pop_front();
                    return Ok(call.map(|call| (ReplyPart::Call(call), self)));
                }
            }
        }
    }
}

/// The calls as the reply makes them: the end of the call comes last, and once.
fn in_order(calls: Vec<ToolCall>) -> VecDeque<ToolCall> {
    let (ends, others): (Vec<_>, Vec<_>) = calls.into_iter().partition(ToolCall::ends_call);
    others.into_iter().chain(ends.into_iter().next()).collect()
}

impl Reading {
    /// The words that come next; `None` once the reply is complete.
    async fn next_text(&mut self, config: &OpenAiConfig) -> Result<Option<String>, ReplyError> {
        let mut complete_since = None;
        loop {
            if let Some(text) = self.decoder.take_text() {
                self.progress = Some(Instant::now());
                return Ok(Some(text));
            }
            let deadline = match self.decoder.phase() {
                Phase::Open => self.deadline(config.idle_timeout),
                // The body's own end follows the last event; a connection that
                // was read up to there serves the next request too.
                Phase::Finished | Phase::Done => {
                    *complete_since.get_or_insert_with(Instant::now) + config.finish_grace
                }
            };
            let chunk = timeout_at(deadline, self.response.chunk()).await;
            let complete = self.decoder.phase() != Phase::Open;
            match chunk {
                Ok(Ok(Some(bytes))) => match self.decoder.push(&bytes) {
                    Ok(true) => self.progress = self.progress.map(|_| Instant::now()),
                    Ok(false) => {}
                    Err(_) if complete => return Ok(None),
                    Err(error) => return Err(error),
                },
                Ok(Ok(None)) => {
                    if self.decoder.phase() == Phase::Done {
                        return Ok(None);
                    }
                    self.decoder.finish()?;
                }
                Ok(Err(_)) | Err(_) if complete => return Ok(None),
                Ok(Err(error)) => return Err(ReplyError::ConnectionLost(outbound::reason(error))),
                Err(_) if self.progress.is_none() => {
                    return Err(ReplyError::FirstTokenTimeout(config.first_token_timeout));
                }
                Err(_) => return Err(ReplyError::Stalled(config.idle_timeout)),
            }
        }
    }

    fn deadline(&self, idle_timeout: Duration) -> Instant {
        self.progress.map_or(self.first_token_deadline, |progress| {
            progress + idle_timeout
        })
    }
}
