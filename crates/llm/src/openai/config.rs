//! Which server is asked, and how long it may take.

use std::time::Duration;

use outbound::{BuildClientError, Guard, UrlRefused};

use secret::Secret;

/// Which server an [`OpenAi`](crate::OpenAi) asks, and how.
#[derive(Clone, Debug)]
pub struct OpenAiConfig {
    /// The server's address: `http://host:8000`, `https://host/v1` or the full
    /// path of its chat completions, with or without a slash at the end.
    pub base_url: String,
    /// The key, sent as a bearer token; none or an empty one for servers that
    /// want no key. It goes to whatever server `base_url` names.
    pub key: Option<Secret>,
    /// The model's name at that server.
    pub model: String,
    /// The longest that connecting may take, from name resolution to TLS.
    pub connect_timeout: Duration,
    /// The longest that the first word of a reply may take, from the request on.
    pub first_token_timeout: Duration,
    /// The longest that a reply may stand still once it has begun.
    pub idle_timeout: Duration,
    /// How long to wait, once the reply is complete, for the end of the stream,
    /// which leaves the connection usable for the next one.
    pub finish_grace: Duration,
    /// How freely the model chooses its words, 0 to 2; the server's own
    /// default if `None`.
    pub temperature: Option<f32>,
    /// The longest reply in tokens; the server's own default if `None`.
    pub max_tokens: Option<u32>,
    /// Whether the model is offered the tool to end the call.
    pub end_call_tool: bool,
    /// Which addresses the server may have.
    pub guard: Guard,
}

/// A setting is of no use.
#[derive(Debug, thiserror::Error)]
pub enum OpenAiConfigError {
    /// The base URL is no URL of a server.
    #[error(
        "the base URL of a language-model server should look like http://host:8000/v1 or \
         https://host/v1, but {reason}"
    )]
    BaseUrl {
        /// What is wrong with it.
        reason: String,
    },
    /// The guard does not permit the base URL.
    #[error(transparent)]
    Refused(#[from] UrlRefused),
    /// The key has characters that cannot be sent in an HTTP header.
    #[error("the key of the language-model server should be of printable ASCII characters only")]
    Key,
    /// The HTTP client could not be set up.
    #[error(transparent)]
    Client(#[from] BuildClientError),
}

impl OpenAiConfig {
    /// The defaults: no key, 3 s to connect, 10 s to the first word, 5 s
    /// standing still, 100 ms grace, the server's own temperature and length,
    /// the tool to end the call offered, public addresses only.
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            key: None,
            model: model.into(),
            connect_timeout: Duration::from_secs(3),
            first_token_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(5),
            finish_grace: Duration::from_millis(100),
            temperature: None,
            max_tokens: None,
            end_call_tool: true,
            guard: Guard::PUBLIC_ONLY,
        }
    }
}
