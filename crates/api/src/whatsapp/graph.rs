//! Meta's Graph API, as far as messages and templates of WhatsApp need it.
//!
//! The operator says where it is; the token is that of the account that is used.

mod answer;

use std::time::Duration;

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use outbound::Client;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use store::{Secret, TemplateTerms};
use url::Url;

use self::answer::{Listed, error_of};

/// What is asked of a template.
const FIELDS: &str = "id,name,language,status,category,parameter_format,components";
/// Templates to a page.
const PER_PAGE: &str = "100";
/// Pages that are read at most: an account has 6,000 templates at most.
const MOST_PAGES: usize = 100;
/// Bytes that an answer has at most.
const LARGEST: usize = 8 * 1024 * 1024;

/// Where the Graph API is and how it is asked. Clones share connections.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    client: Client,
    /// Ends with the version.
    base: Url,
}

/// Why the Graph API did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GraphError {
    /// It says why.
    Refused {
        /// Meta's code.
        code: i64,
        /// Meta's words.
        message: String,
        /// When Meta wants to be asked again, if it says so.
        retry_after: Option<Duration>,
    },
    /// It was not reached, or did not do it.
    Failed(String),
    /// It was asked to do something, and nobody can say whether it did.
    Unknown(String),
}

/// A template that Meta has taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Submitted {
    /// Meta's id of it.
    pub(super) id: String,
    /// What becomes of it, such as `PENDING`.
    pub(super) status: String,
    /// Its category, which Meta may choose otherwise.
    pub(super) category: Option<String>,
}

impl Graph {
    /// `base` is `https://graph.facebook.com` unless a proxy stands before it, `version` such as
    /// `v23.0`.
    pub(crate) fn new(client: Client, base: &Url, version: &str) -> Self {
        let mut base = base.clone();
        if let Ok(mut path) = base.path_segments_mut() {
            path.pop_if_empty().push(version);
        }
        Self { client, base }
    }

    /// Sends a message from a number. Meta's id of it.
    pub(super) async fn send(
        &self,
        token: &Secret,
        phone_number_id: &str,
        message: &Value,
    ) -> Result<String, GraphError> {
        let url = self.url(&[phone_number_id, "messages"]);
        let answer = self.post(token, url, message).await?;
        let id = answer.pointer("/messages/0/id").and_then(Value::as_str);
        let id = id.ok_or_else(|| GraphError::Unknown("the answer names no message".to_owned()))?;
        Ok(id.to_owned())
    }

    /// All templates of a business account.
    pub(super) async fn templates(
        &self,
        token: &Secret,
        waba_id: &str,
    ) -> Result<Vec<TemplateTerms>, GraphError> {
        let mut templates = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut url = self.url(&[waba_id, "message_templates"]);
            url.query_pairs_mut()
                .append_pair("fields", FIELDS)
                .append_pair("limit", PER_PAGE);
            if let Some(after) = &after {
                url.query_pairs_mut().append_pair("after", after);
            }
            let page = self.get(token, url).await?;
            let page: Listed = serde_json::from_value(page).map_err(|error| unreadable(&error))?;
            let next = page.next();
            templates.extend(page.templates());
            match next {
                Some(next) => after = Some(next),
                None => return Ok(templates),
            }
        }
        Err(GraphError::Failed(
            "the list of templates does not end".to_owned(),
        ))
    }

    /// One template, by Meta's id.
    pub(super) async fn template(
        &self,
        token: &Secret,
        template_id: &str,
    ) -> Result<TemplateTerms, GraphError> {
        let mut url = self.url(&[template_id]);
        url.query_pairs_mut().append_pair("fields", FIELDS);
        let found = self.get(token, url).await?;
        answer::template(found).map_err(|error| unreadable(&error))
    }

    /// Creates a template and hands it in for approval.
    pub(super) async fn submit(
        &self,
        token: &Secret,
        waba_id: &str,
        template: &Value,
    ) -> Result<Submitted, GraphError> {
        let url = self.url(&[waba_id, "message_templates"]);
        let answer = self.post(token, url, template).await?;
        let text = |field: &str| answer[field].as_str().map(str::to_owned);
        Ok(Submitted {
            id: text("id")
                .ok_or_else(|| GraphError::Unknown("the answer names no template".to_owned()))?,
            status: text("status").unwrap_or_else(|| "PENDING".to_owned()),
            category: text("category"),
        })
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        url
    }

    async fn get(&self, token: &Secret, url: Url) -> Result<Value, GraphError> {
        let request = self.client.get(url);
        let asked = ask(token, request.map_err(|refused| failed(&refused))?).await;
        // Asking changes nothing there, whatever became of it.
        asked.map_err(|error| match error {
            GraphError::Unknown(reason) => GraphError::Failed(reason),
            other @ (GraphError::Refused { .. } | GraphError::Failed(_)) => other,
        })
    }

    async fn post(&self, token: &Secret, url: Url, body: &Value) -> Result<Value, GraphError> {
        let request = self.client.post(url).map_err(|refused| failed(&refused))?;
        let request = request
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string());
        ask(token, request).await
    }
}

async fn ask(token: &Secret, request: RequestBuilder) -> Result<Value, GraphError> {
    let sent = request.bearer_auth(token.expose()).send().await;
    let response = sent.map_err(|error| {
        if let Some(refused) = outbound::refusal(&error) {
            return failed(&refused);
        }
        let is_unsent = error.is_connect() || error.is_builder();
        let reason = if error.is_timeout() {
            "no answer in time".to_owned()
        } else {
            outbound::reason(error)
        };
        if is_unsent {
            GraphError::Failed(reason)
        } else {
            GraphError::Unknown(reason)
        }
    })?;
    let status = response.status();
    let wait = response.headers().get(RETRY_AFTER);
    let wait = wait.and_then(|wait| wait.to_str().ok()?.parse().ok());
    let bytes = gather(response).await?;
    let answer: Option<Value> = serde_json::from_slice(&bytes).ok();
    if let Some(error) = answer.as_ref().and_then(error_of) {
        return Err(GraphError::Refused {
            code: error.code,
            message: error.words(),
            retry_after: wait.map(Duration::from_secs),
        });
    }
    match answer {
        Some(answer) if status.is_success() => Ok(answer),
        // What stands between may say so of something that was done behind it.
        _ if status.is_success() || status.is_server_error() => {
            Err(GraphError::Unknown(format!("it answered {status}")))
        }
        Some(_) | None => Err(GraphError::Failed(format!("it answered {status}"))),
    }
}

async fn gather(mut response: Response) -> Result<Vec<u8>, GraphError> {
    let mut gathered = Vec::new();
    loop {
        let piece = response.chunk().await;
        let piece = piece.map_err(|error| GraphError::Unknown(outbound::reason(error)))?;
        let Some(piece) = piece else {
            return Ok(gathered);
        };
        gathered.extend_from_slice(&piece);
        if gathered.len() > LARGEST {
            return Err(GraphError::Unknown("its answer is too large".to_owned()));
        }
    }
}

fn failed(reason: &outbound::UrlRefused) -> GraphError {
    GraphError::Failed(reason.to_string())
}

fn unreadable(error: &serde_json::Error) -> GraphError {
    GraphError::Failed(format!(
        "its answer can not be read: line {} column {}",
        error.line(),
        error.column()
    ))
}
