//! What every request handler and task of the crate shares.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use engine::CallControl;
use outbound::{BuildClientError, Client, ClientOptions, Guard};
use prometheus_client::registry::Registry;
use store::Store;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::form_urlencoded::Serializer;

use crate::clock::Clock;
use crate::config::ApiConfig;
use crate::directory::Directory;
use crate::evaluations::Evaluators;
use crate::limits::Limits;
use crate::number::{NumberRules, UnknownCountry};
use crate::transcriptions::Folder;
use crate::whatsapp::Graph;

/// The API's shared state. Clones are the same state.
#[derive(Clone)]
pub struct ApiState {
    /// Not for handlers: what they may see is in the store of their [`Caller`](crate::caller::Caller).
    pub(crate) store: Store,
    pub(crate) calls: Arc<dyn CallControl>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) config: Arc<ApiConfig>,
    pub(crate) numbers: NumberRules,
    pub(crate) metrics: Arc<Registry>,
    pub(crate) client: Client,
    /// Meta's API.
    pub(crate) graph: Graph,
    pub(crate) limits: Arc<Limits>,
    pub(crate) clock: Clock,
    /// Whether what happens in calls can not be written down at the moment.
    pub(crate) records_fail: Arc<AtomicBool>,
    /// Rung when a webhook message becomes due.
    pub(crate) outbox: Arc<Notify>,
    /// Rung when a transcription may have become due.
    pub(crate) transcribing: Arc<Notify>,
    /// Where the audio of transcriptions is.
    pub(crate) audio: Folder,
    /// Fetches that audio.
    pub(crate) downloads: Client,
    /// Rung when a task may have become due.
    pub(crate) dialling: Arc<Notify>,
    /// Rung when a session is to be evaluated.
    pub(crate) evaluation: Arc<Notify>,
    /// Who evaluates sessions; without it that is done offline.
    pub(crate) evaluators: Option<Arc<dyn Evaluators>>,
    /// Work that goes on when the client that asked for it is gone.
    pub(crate) tasks: TaskTracker,
    /// Ends streams that would otherwise keep a stopping server waiting.
    pub(crate) closing: CancellationToken,
}

/// Why the API can not start.
#[derive(Debug, thiserror::Error)]
pub enum StartApiError {
    /// `default_country` is no country.
    #[error(transparent)]
    Country(#[from] UnknownCountry),
    /// Webhooks can not be sent.
    #[error(transparent)]
    Outbound(#[from] BuildClientError),
    /// Audio can not be kept.
    #[error("cannot keep audio in {}: {source}", path.display())]
    Audio {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ApiState {
    /// Puts the state together and checks what of the settings can be wrong.
    pub fn new(
        store: Store,
        calls: Arc<dyn CallControl>,
        directory: Arc<Directory>,
        config: ApiConfig,
    ) -> Result<Self, StartApiError> {
        directory.warn_of(&config.abilities);
        let numbers = NumberRules::new(config.default_country.as_deref())?;
        let client = outbound::client(ClientOptions {
            guard: Guard {
                allow_private: config.webhooks.allow_private,
            },
            connect_timeout: config.webhooks.connect_timeout,
            timeout: Some(config.webhooks.total_timeout),
            ..ClientOptions::default()
        })?;
        let transcriptions = &config.transcriptions;
        let downloads = outbound::client(ClientOptions {
            guard: Guard {
                allow_private: config.webhooks.allow_private,
            },
            connect_timeout: config.webhooks.connect_timeout,
            timeout: Some(transcriptions.download_timeout),
            ..ClientOptions::default()
        })?;
        let audio =
            Folder::open(&transcriptions.folder).map_err(|source| StartApiError::Audio {
                path: transcriptions.folder.clone(),
                source,
            })?;
        let whatsapp = &config.whatsapp;
        let graph = Graph::new(
            // The operator says where it is.
            outbound::client(ClientOptions {
                guard: Guard::WITH_PRIVATE,
                connect_timeout: whatsapp.timeout,
                timeout: Some(whatsapp.timeout),
                ..ClientOptions::default()
            })?,
            &whatsapp.graph_url,
            &whatsapp.graph_version,
        );
        Ok(Self {
            store,
            calls,
            directory,
            limits: Arc::new(Limits::new(&config.limits)),
            clock: Clock::default(),
            config: Arc::new(config),
            numbers,
            metrics: Arc::default(),
            client,
            graph,
            records_fail: Arc::default(),
            outbox: Arc::new(Notify::new()),
            transcribing: Arc::new(Notify::new()),
            audio,
            downloads,
            dialling: Arc::new(Notify::new()),
            evaluation: Arc::new(Notify::new()),
            evaluators: None,
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        })
    }

    /// Shows the metrics of `registry` at `/metrics`.
    #[must_use]
    pub fn with_metrics(self, registry: Registry) -> Self {
        Self {
            metrics: Arc::new(registry),
            ..self
        }
    }

    /// Has sessions evaluated by these language models.
    #[must_use]
    pub fn with_evaluators(self, evaluators: Arc<dyn Evaluators>) -> Self {
        Self {
            evaluators: Some(evaluators),
            ..self
        }
    }

    /// Takes the time for limits of requests from this clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// A link to a list with those of its filters that are given.
    pub(crate) fn list_link(&self, path: &str, filters: &[(&str, Option<String>)]) -> String {
        let mut parameters = Serializer::new(String::new());
        for (name, value) in filters {
            if let Some(value) = value {
                parameters.append_pair(name, value);
            }
        }
        let parameters = parameters.finish();
        if parameters.is_empty() {
            return self.link(path);
        }
        self.link(&format!("{path}?{parameters}"))
    }

    /// Who issues OAuth tokens, as its clients know it: where the API is reached.
    pub(crate) fn issuer(&self) -> String {
        let base = self.config.public_url.as_str();
        base.trim_end_matches('/').to_owned()
    }

    /// A link into the API, `path` beginning after `/api/v1/`.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}/api/v1/{path}", self.issuer())
    }
}
