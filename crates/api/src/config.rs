//! What the API is told at its start.

use std::path::PathBuf;
use std::time::Duration;

use agent::Abilities;
use ipnet::IpNet;
use recordings::Keys;
use url::Url;

use crate::peer::ProxyHeader;
use crate::prices::PriceList;

/// Settings of the HTTP API.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Where clients reach the API; links in answers and webhooks begin with it.
    pub public_url: Url,
    /// The largest request body, in bytes.
    pub max_body: usize,
    /// How long a client may take to send a request body.
    pub body_timeout: Duration,
    /// How long a client may take to send a request's head; also how long an idle connection is
    /// kept.
    pub header_timeout: Duration,
    /// How long a client that still sends after its last answer is listened to, so that it reads
    /// the answer instead of seeing the connection break.
    pub linger: Duration,
    /// How long such a client may send nothing.
    pub linger_idle: Duration,
    /// How long a client may read nothing of what is written to it.
    pub write_timeout: Duration,
    /// Connections that are served at once; more wait in the system's queue.
    pub max_connections: usize,
    /// Of these, how many one address may have that is no trusted proxy; 0 is any number.
    pub max_connections_per_address: usize,
    /// Proxies that are believed whom they ask for.
    pub trusted_proxies: Vec<IpNet>,
    /// Where they say it.
    pub proxy_header: ProxyHeader,
    /// How long open requests may still take once the server is told to stop.
    pub close_grace: Duration,
    /// Country of numbers without a country code, as an ISO 3166 two-letter code such as `US`;
    /// without it such numbers are refused.
    pub default_country: Option<String>,
    /// The folder where the engine writes recordings, one file a call; for the recordings of
    /// calls that a crash cut short.
    pub recordings: PathBuf,
    /// The keys that recordings may be sealed with.
    pub keys: Keys,
    /// The folder where the engine keeps calls as bundles, one `{call}.mihu` each, if it keeps any.
    pub bundles: Option<PathBuf>,
    /// Whether `/metrics` is shown without a bearer token.
    pub open_metrics: bool,
    /// The wait before a record of a call that could not be written is tried again; each further
    /// failure doubles it.
    pub first_record_retry: Duration,
    /// The longest wait between two attempts to write a record.
    pub longest_record_retry: Duration,
    /// How requests with an `Idempotency-Key` are remembered.
    pub idempotency: IdempotencySettings,
    /// How much is asked for at most.
    pub limits: LimitSettings,
    /// How long what OAuth clients get is good for.
    pub oauth: OauthSettings,
    /// Settings of webhooks.
    pub webhooks: WebhookSettings,
    /// What outbound calls cost.
    pub prices: PriceList,
    /// Settings of the dialling queue.
    pub dialling: DiallingSettings,
    /// Settings of what happens after calls.
    pub evaluation: EvaluationSettings,
    /// Settings of transcriptions.
    pub transcriptions: TranscriptionSettings,
    /// How WhatsApp is reached.
    pub whatsapp: WhatsappSettings,
    /// What agents may ask for.
    pub abilities: Abilities,
    /// How often the node looks what others changed of agents.
    pub agents_refresh: Duration,
}

impl ApiConfig {
    /// The default settings for an API that clients reach at `public_url`.
    pub fn new(public_url: Url, recordings: PathBuf) -> Self {
        let audio = recordings.with_file_name("transcriptions");
        Self {
            public_url,
            max_body: 64 * 1024,
            body_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            linger: Duration::from_secs(5),
            linger_idle: Duration::from_millis(500),
            write_timeout: Duration::from_secs(30),
            max_connections: 1024,
            max_connections_per_address: 256,
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeader::default(),
            close_grace: Duration::from_secs(5),
            default_country: None,
            recordings,
            keys: Keys::default(),
            bundles: None,
            open_metrics: false,
            first_record_retry: Duration::from_millis(200),
            longest_record_retry: Duration::from_secs(10),
            idempotency: IdempotencySettings::default(),
            limits: LimitSettings::default(),
            oauth: OauthSettings::default(),
            webhooks: WebhookSettings::default(),
            prices: PriceList::default(),
            dialling: DiallingSettings::default(),
            evaluation: EvaluationSettings::default(),
            transcriptions: TranscriptionSettings::new(audio),
            whatsapp: WhatsappSettings::default(),
            abilities: Abilities::default(),
            agents_refresh: Duration::from_secs(2),
        }
    }
}

/// How requests with an `Idempotency-Key` are remembered.
#[derive(Clone, Debug)]
pub struct IdempotencySettings {
    /// How long an answer is kept.
    pub keep: Duration,
    /// How long a request may be worked on before it counts as given up, and may be done by
    /// whoever sends it again.
    pub takeover: Duration,
    /// When a client is told to ask again for the answer of a request that is worked on.
    pub retry_after: Duration,
}

impl Default for IdempotencySettings {
    fn default() -> Self {
        Self {
            keep: Duration::from_secs(24 * 60 * 60),
            takeover: Duration::from_secs(60),
            retry_after: Duration::from_secs(1),
        }
    }
}

/// How intents of agents are done. Whether their webhooks may be without TLS or in private networks
/// is for all webhooks to say.
#[derive(Clone, Debug)]
pub struct IntentSettings {
    /// The longest that the webhook of an intent may take, connecting included.
    pub timeout: Duration,
    /// The longest reply of one, in bytes.
    pub longest_reply: usize,
    /// Permits webhooks in private networks and on this machine.
    pub allow_private: bool,
    /// Permits webhooks without TLS.
    pub allow_http: bool,
}

impl Default for IntentSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(8),
            longest_reply: 64 * 1024,
            allow_private: false,
            allow_http: false,
        }
    }
}

/// How much is asked for at most. 0 is no limit.
#[derive(Clone, Debug)]
pub struct LimitSettings {
    /// Requests per second that each key may make on average.
    pub requests_per_second: u32,
    /// Requests that each key may make at once, after a pause.
    pub burst: u32,
    /// Requests that each key of a workspace on the plan `free` may make in a month of UTC.
    pub monthly_quota: u64,
    /// Requests per minute with a token that opens nothing that one address may make.
    pub failures_per_minute: u32,
    /// Requests per minute to the consent page and for OAuth tokens that one address may make.
    pub oauth_per_minute: u32,
}

impl LimitSettings {
    /// No limits at all.
    pub const NONE: Self = Self {
        requests_per_second: 0,
        burst: 0,
        monthly_quota: 0,
        failures_per_minute: 0,
        oauth_per_minute: 0,
    };
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            requests_per_second: 50,
            burst: 100,
            monthly_quota: 1_000,
            failures_per_minute: 60,
            oauth_per_minute: 120,
        }
    }
}

/// How long what OAuth clients get is good for.
#[derive(Clone, Debug)]
pub struct OauthSettings {
    /// A code, until it is exchanged for tokens.
    pub code_lifetime: Duration,
    /// A token that opens the API.
    pub access_token_lifetime: Duration,
    /// A token that is exchanged for others. Each exchange gives a new one, good for as long.
    pub refresh_token_lifetime: Duration,
}

impl Default for OauthSettings {
    fn default() -> Self {
        Self {
            code_lifetime: Duration::from_secs(60),
            access_token_lifetime: Duration::from_secs(60 * 60),
            refresh_token_lifetime: Duration::from_secs(30 * 24 * 60 * 60),
        }
    }
}

/// Settings of webhooks.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// The longest that connecting to an endpoint may take.
    pub connect_timeout: Duration,
    /// The longest that a whole delivery may take.
    pub total_timeout: Duration,
    /// How long a message is tried before it is given up.
    pub retry_window: Duration,
    /// How long messages that were delivered or given up are kept.
    pub keep: Duration,
    /// The wait after the first failure; each further one doubles it.
    pub first_retry: Duration,
    /// The longest wait between two attempts.
    pub longest_retry: Duration,
    /// How often the outbox is looked at when nobody says that something is due.
    pub poll_interval: Duration,
    /// Deliveries under way at once.
    pub parallel: u32,
    /// Deliveries under way at once to one webhook.
    pub parallel_per_webhook: u32,
    /// Failed attempts in a row after which an endpoint is paused.
    pub pause_after: u32,
    /// How long an endpoint's first pause is; each further one in a row is twice as long.
    pub first_pause: Duration,
    /// The longest pause of an endpoint.
    pub longest_pause: Duration,
    /// Webhooks that one agent may have.
    pub per_agent: usize,
    /// Webhooks that a workspace may have beside those of its agents.
    pub per_workspace: usize,
    /// Permits endpoints in private networks and on this machine.
    pub allow_private: bool,
    /// Permits endpoints without TLS.
    pub allow_http: bool,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(10),
            retry_window: Duration::from_secs(24 * 60 * 60),
            keep: Duration::from_secs(7 * 24 * 60 * 60),
            first_retry: Duration::from_secs(5),
            longest_retry: Duration::from_secs(60 * 60),
            poll_interval: Duration::from_secs(1),
            parallel: 16,
            parallel_per_webhook: 4,
            pause_after: 5,
            first_pause: Duration::from_secs(30),
            longest_pause: Duration::from_secs(30 * 60),
            per_agent: 5,
            per_workspace: 20,
            allow_private: false,
            allow_http: false,
        }
    }
}

/// Settings of the dialling queue.
#[derive(Clone, Debug)]
pub struct DiallingSettings {
    /// Whether this node takes up tasks.
    pub enabled: bool,
    /// Calls from the queue that this node has under way at once.
    pub parallel: u32,
    /// How long an attempt is held on to without being renewed. When a node dies, others end its
    /// attempts after this.
    pub lease: Duration,
    /// How often the queue is looked at when nobody says that something is due.
    pub poll_interval: Duration,
}

impl Default for DiallingSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            parallel: 50,
            lease: Duration::from_secs(30),
            poll_interval: Duration::from_secs(1),
        }
    }
}

/// Settings of what happens after calls.
#[derive(Clone, Debug)]
pub struct EvaluationSettings {
    /// Sessions that a language model evaluates at once.
    pub parallel: u32,
    /// How long a language model may take for one; then it is evaluated without.
    pub timeout: Duration,
    /// How long the report of a call's end waits for its evaluation.
    pub report_wait: Duration,
    /// How often it is looked for sessions when nobody says that one is due.
    pub poll_interval: Duration,
}

impl Default for EvaluationSettings {
    fn default() -> Self {
        Self {
            parallel: 4,
            timeout: Duration::from_secs(60),
            report_wait: Duration::from_secs(30),
            poll_interval: Duration::from_secs(1),
        }
    }
}

/// Settings of transcriptions.
#[derive(Clone, Debug)]
pub struct TranscriptionSettings {
    /// The folder where audio is kept until its transcription goes.
    pub folder: PathBuf,
    /// Threads of low priority that transcribe, each with models of about 70 MB once it had work.
    /// With none, what is asked for waits for another node.
    pub threads: usize,
    /// The largest file, in bytes.
    pub max_file: u64,
    /// The longest audio.
    pub longest: Duration,
    /// How long an upload may take.
    pub upload_timeout: Duration,
    /// How long fetching a file may take.
    pub download_timeout: Duration,
    /// How long a transcription is held on to without being renewed. When a node dies, others, or
    /// itself when it is back, go on after this.
    pub lease: Duration,
    /// How often it is looked for work when nobody says that there is some.
    pub poll_interval: Duration,
    /// How often a transcription is begun that does not get on, at most.
    pub attempts: u32,
    /// The wait before it is begun again.
    pub retry_after: Duration,
}

impl TranscriptionSettings {
    /// The default settings with audio in this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            threads: 1,
            max_file: 128 * 1024 * 1024,
            longest: Duration::from_secs(12 * 60 * 60),
            upload_timeout: Duration::from_secs(10 * 60),
            download_timeout: Duration::from_secs(10 * 60),
            lease: Duration::from_secs(30),
            poll_interval: Duration::from_secs(1),
            attempts: 5,
            retry_after: Duration::from_secs(30),
        }
    }
}

/// How Meta's Cloud API for WhatsApp is reached.
#[derive(Clone, Debug)]
pub struct WhatsappSettings {
    /// Where the Graph API is, without its version.
    pub graph_url: Url,
    /// The version of the Graph API, such as `v23.0`.
    pub graph_version: String,
    /// The longest that a request may take.
    pub timeout: Duration,
    /// When a client is told to come back if Meta takes no more messages and does not say for how
    /// long.
    pub retry_after: Duration,
}

impl Default for WhatsappSettings {
    fn default() -> Self {
        let graph_url = "https://graph.facebook.com".parse();
        Self {
            graph_url: graph_url.expect("the constant is a URL"),
            graph_version: "v23.0".to_owned(),
            timeout: Duration::from_secs(20),
            retry_after: Duration::from_secs(60),
        }
    }
}
