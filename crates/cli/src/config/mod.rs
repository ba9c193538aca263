//! The node's settings: one TOML file, each setting overridable by a `MIHU_…` variable.

mod http;
mod load;
mod mistake;
mod parts;
mod secrets;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use api::OauthSettings;
use audio::codec::OpusSettings;
use engine::Patience;
use ipnet::IpNet;
use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::{Deserialize, Serialize};
use sip::{Codec, CodecList, Srtp};

use self::http::Http;
pub(crate) use self::load::LoadConfigError;
pub(crate) use self::secrets::Hidden;

/// Every setting of a node. An empty string means "not set".
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Recordings, the node's addresses and, unless `[store]` names another, its database are kept
    /// here.
    pub(crate) data_dir: PathBuf,
    /// Agents defined in files, one `*.yaml` each. A missing folder holds no agents.
    pub(crate) agents_dir: PathBuf,
    pub(crate) store: Store,
    pub(crate) http: Http,
    pub(crate) calls: Calls,
    pub(crate) media: Media,
    pub(crate) models: Models,
    pub(crate) speech: Speech,
    pub(crate) llm: Llm,
    pub(crate) oauth: Oauth,
    pub(crate) webhooks: Webhooks,
    pub(crate) intents: Intents,
    pub(crate) dialling: Dialling,
    pub(crate) evaluation: Evaluation,
    pub(crate) log: Log,
    pub(crate) otlp: Otlp,
    pub(crate) prices: Prices,
    pub(crate) sip: Sip,
    pub(crate) transcriptions: Transcriptions,
    pub(crate) whatsapp: Whatsapp,
}

/// `[store]`: the database.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Store {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. Default: a SQLite file in the data folder.
    pub(crate) database_url: Hidden,
    /// Connections to a Postgres server that the node keeps at most.
    pub(crate) connections: NonZeroU32,
    /// How often the node looks which agents other nodes on the same database changed.
    #[serde(with = "duration")]
    pub(crate) agents_refresh: Duration,
}

/// `[calls]`: admission and shutdown.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Calls {
    pub(crate) max: usize,
    #[serde(with = "duration")]
    pub(crate) retry_after: Duration,
    #[serde(with = "duration")]
    pub(crate) drain_timeout: Duration,
    /// How long a call is held on to without being renewed. When a node dies for good, others end its
    /// calls after this.
    #[serde(with = "duration")]
    pub(crate) lease: Duration,
    /// A call that the far end holds for longer is ended.
    #[serde(with = "duration")]
    pub(crate) longest_hold: Duration,
    /// A goodbye that makes no progress for longer is given up.
    #[serde(with = "duration")]
    pub(crate) longest_goodbye: Duration,
    /// A tool that has not answered for this long is given up: the agent goes on without it.
    #[serde(with = "duration")]
    pub(crate) longest_tool: Duration,
    /// A voicemail that answers a call of an agent is told from a person by what is begun to be said
    /// so soon after the answer.
    #[serde(with = "duration")]
    pub(crate) voicemail_detection: Duration,
    /// A voicemail's greeting without a beep is over after this long without speech.
    #[serde(with = "duration")]
    pub(crate) voicemail_silence: Duration,
    /// The message for a voicemail is begun so long after it is known to be one, whatever is heard.
    #[serde(with = "duration")]
    pub(crate) longest_voicemail_greeting: Duration,
    /// An incoming call is answered after this at the latest, though it is not found out yet what is
    /// known of the caller.
    #[serde(with = "duration")]
    pub(crate) longest_lookup: Duration,
    /// Wait before BYE after the agent's last sample: the far end still holds it in its buffers.
    #[serde(with = "duration")]
    pub(crate) last_words: Duration,
    /// How long calls may take to say goodbye, and then to hang up, when the node ends.
    #[serde(with = "duration")]
    pub(crate) last_goodbye: Duration,
    /// The wait before a record of a call that could not be written is tried again; each further
    /// failure doubles it.
    #[serde(with = "duration")]
    pub(crate) first_record_retry: Duration,
    /// The longest wait between two attempts to write a record.
    #[serde(with = "duration")]
    pub(crate) longest_record_retry: Duration,
    /// 32 random bytes in Base64 that new recordings are sealed with; empty leaves them plain.
    pub(crate) recordings_key: Hidden,
    /// Keys that older recordings are sealed with.
    pub(crate) former_recordings_keys: Vec<Hidden>,
    /// Keep each call in a bundle that `mihu replay --bundle` runs again, in `bundles` in the data
    /// folder. A call whose agent does not record is never kept.
    pub(crate) keep_bundles: bool,
    /// Bundles that are kept; beyond it the oldest go.
    pub(crate) most_bundles: usize,
    /// A bundle that is older goes.
    #[serde(with = "duration")]
    pub(crate) keep_bundles_for: Duration,
}

/// `[media]`: RTP.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Media {
    pub(crate) bind: IpAddr,
    pub(crate) port_min: u16,
    pub(crate) port_max: u16,
    /// Real-time threads; 0 is one per core.
    pub(crate) threads: usize,
    #[serde(with = "duration")]
    pub(crate) no_rtp_timeout: Duration,
    /// The longest that received audio waits for what is missing before it.
    #[serde(with = "duration")]
    pub(crate) longest_wait: Duration,
    /// Share of their time that media threads may be busy, 0 to 1, beyond which new calls are
    /// refused.
    pub(crate) max_busy: f64,
    /// How late 99 of 100 ticks may be beyond which new calls are refused.
    #[serde(with = "duration")]
    pub(crate) max_lateness: Duration,
    /// How much computation the Opus encoder puts into quality, 0 to 10.
    pub(crate) opus_complexity: u8,
    /// Bits per second of Opus, 6000 to 510000, where the far end does not ask for less.
    pub(crate) opus_bitrate: u32,
    /// Ask the system for a higher priority of the media threads.
    pub(crate) raise_priority: bool,
}

/// `[models]`: where the model files and ONNX Runtime are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Models {
    /// Folder with Silero and Moonshine. Default: `models` beside the binary's checkout or the
    /// working folder.
    pub(crate) dir: PathBuf,
    /// The ONNX Runtime library. Default: in `runtime`, found like `models`.
    pub(crate) onnxruntime: PathBuf,
}

/// `[speech]`: the embedded recogniser and voice.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Speech {
    /// Recogniser threads; 0 is one per core. Each holds a model of about 60 MB.
    pub(crate) recogniser_threads: usize,
    /// Utterances that may wait for a recogniser thread.
    pub(crate) recogniser_queue: usize,
    /// Threads that judge by the sound of a turn whether it is over; 0 is one per core. Each
    /// holds a model of about 30 MB.
    pub(crate) judge_threads: usize,
    /// Turns that may wait for such a thread; what waits longer is decided without.
    pub(crate) judge_queue: usize,
    /// Voice threads; 0 is one per core.
    pub(crate) voice_threads: usize,
    /// Sentences that may wait for a voice thread.
    pub(crate) voice_queue: usize,
}

/// `[llm]`: the language model. Without a URL the offline responder answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Llm {
    /// Base URL of an OpenAI-compatible server.
    pub(crate) url: String,
    pub(crate) key: Hidden,
    pub(crate) model: String,
    pub(crate) temperature: f32,
    pub(crate) max_tokens: u32,
    #[serde(with = "duration")]
    pub(crate) connect_timeout: Duration,
    #[serde(with = "duration")]
    pub(crate) first_token_timeout: Duration,
    #[serde(with = "duration")]
    pub(crate) idle_timeout: Duration,
    /// Offer the model a tool to end the call. Off for servers that refuse tools.
    pub(crate) end_call_tool: bool,
    /// Let an agent's `custom_llm_url` point into private address ranges.
    pub(crate) allow_private: bool,
}

/// `[webhooks]`: what leaves the node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Webhooks {
    #[serde(with = "duration")]
    pub(crate) timeout: Duration,
    #[serde(with = "duration")]
    pub(crate) retry_for: Duration,
    /// The wait after a message's first failure; each further one doubles it.
    #[serde(with = "duration")]
    pub(crate) first_retry: Duration,
    /// The longest wait between two attempts.
    #[serde(with = "duration")]
    pub(crate) longest_retry: Duration,
    /// Deliveries under way at once.
    pub(crate) parallel: NonZeroU32,
    /// Deliveries under way at once to one webhook.
    pub(crate) parallel_per_webhook: NonZeroU32,
    /// Messages that were delivered or given up are kept for this long.
    #[serde(with = "duration")]
    pub(crate) keep_for: Duration,
    /// Failed attempts in a row after which an endpoint is paused.
    pub(crate) pause_after: NonZeroU32,
    /// How long its first pause is; each further one in a row is twice as long.
    #[serde(with = "duration")]
    pub(crate) first_pause: Duration,
    #[serde(with = "duration")]
    pub(crate) longest_pause: Duration,
    /// Deliver to private and loopback addresses.
    pub(crate) allow_private: bool,
    /// Deliver without TLS.
    pub(crate) allow_http: bool,
}

/// `[intents]`: what agents have done in calls. `[webhooks]` says where their webhooks may be.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Intents {
    /// The longest that the webhook of an intent may take. `calls.longest_tool` should be longer.
    #[serde(with = "duration")]
    pub(crate) timeout: Duration,
    /// The longest reply of one.
    pub(crate) longest_reply_bytes: usize,
}

/// `[dialling]`: the queue of tasks and campaigns.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Dialling {
    /// Take up tasks on this node.
    pub(crate) enabled: bool,
    /// Calls from the queue that this node has under way at once.
    pub(crate) parallel: NonZeroU32,
    /// How long an attempt is held on to without being renewed. When a node dies, others end its
    /// attempts after this.
    #[serde(with = "duration")]
    pub(crate) lease: Duration,
    /// How often the queue is looked at when nobody says that something is due.
    #[serde(with = "duration")]
    pub(crate) poll_interval: Duration,
}

/// `[oauth]`: how long what OAuth clients get is good for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Oauth {
    /// A code, until it is exchanged for tokens.
    #[serde(with = "duration")]
    pub(crate) code_lifetime: Duration,
    /// A token that opens the API.
    #[serde(with = "duration")]
    pub(crate) access_token_lifetime: Duration,
    /// A token that is exchanged for others. Each exchange gives a new one, good for as long.
    #[serde(with = "duration")]
    pub(crate) refresh_token_lifetime: Duration,
}

/// `[evaluation]`: what happens after calls of agents that have a language model.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Evaluation {
    /// Calls that are evaluated at once.
    pub(crate) parallel: NonZeroU32,
    /// How long the model may take for one; then it is evaluated without.
    #[serde(with = "duration")]
    pub(crate) timeout: Duration,
    /// How long the report of a call's end waits for its evaluation.
    #[serde(with = "duration")]
    pub(crate) report_wait: Duration,
    /// Longest answer of the model, in tokens.
    pub(crate) max_tokens: u32,
}

/// `[transcriptions]`: audio files that are written down.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Transcriptions {
    /// Threads of low priority that transcribe, each with models of about 70 MB once it had work.
    /// With none, what is asked for waits for another node.
    pub(crate) threads: usize,
    /// Largest file.
    pub(crate) max_file_bytes: u64,
    /// Longest audio.
    #[serde(with = "duration")]
    pub(crate) longest: Duration,
    /// How long an upload may take.
    #[serde(with = "duration")]
    pub(crate) upload_timeout: Duration,
    /// How long fetching a file may take.
    #[serde(with = "duration")]
    pub(crate) download_timeout: Duration,
    /// How long a transcription is held on to without being renewed. When a node dies, others, or
    /// itself when it is back, go on after this.
    #[serde(with = "duration")]
    pub(crate) lease: Duration,
    /// How often a transcription is begun that does not get on, at most.
    pub(crate) attempts: NonZeroU32,
    /// The wait before it is begun again.
    #[serde(with = "duration")]
    pub(crate) retry_after: Duration,
}

/// `[whatsapp]`: Meta's Cloud API. The accounts of workspaces are in the database.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Whatsapp {
    /// Where the Graph API is, without its version.
    pub(crate) graph_url: String,
    /// The version of the Graph API.
    pub(crate) graph_version: String,
    /// The longest that a request to it may take.
    #[serde(with = "duration")]
    pub(crate) timeout: Duration,
    /// When a client is told to come back if Meta takes no more messages and does not say for how
    /// long.
    #[serde(with = "duration")]
    pub(crate) retry_after: Duration,
}

/// `[prices]`: what outbound calls cost, for `GET /phone-numbers/rates` and for the figures.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Prices {
    /// ISO 4217 code, such as EUR.
    pub(crate) currency: String,
    /// By the prefixes of numbers; the longest that fits counts.
    pub(crate) rates: Vec<Rate>,
}

/// `[[prices.rates]]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    /// ISO 3166 two-letter code, such as DE.
    pub(crate) country_code: String,
    pub(crate) country_name: String,
    /// The digits that numbers begin with, without `+`.
    pub(crate) destination_prefix: String,
    #[serde(default)]
    pub(crate) description: String,
    /// What a minute costs, as a decimal number in quotes, such as "0.0125".
    pub(crate) per_minute: String,
    /// Seconds that a call that was answered costs at least.
    #[serde(default)]
    pub(crate) min_duration_seconds: u32,
    /// Calls are counted in so many seconds.
    #[serde(default = "one_second")]
    pub(crate) billing_increment_seconds: u32,
}

/// `[log]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// `tracing` filter directives, such as `info` or `info,media=debug`.
    pub(crate) filter: String,
    pub(crate) format: LogFormat,
}

/// `[otlp]`: spans of calls, sent to an OpenTelemetry collector by OTLP over HTTP.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Otlp {
    /// Base URL of the collector. Without it nothing is sent.
    pub(crate) endpoint: String,
    /// What every request carries: `NAME=VALUE` pairs between commas.
    pub(crate) headers: Hidden,
    /// The longest that a request may take, and the last of them when the node stops.
    #[serde(with = "duration")]
    pub(crate) timeout: Duration,
    /// Spans that may wait for the collector; further ones are dropped.
    pub(crate) queue: NonZeroUsize,
    /// How long spans are gathered, to be sent together.
    #[serde(with = "duration")]
    pub(crate) interval: Duration,
    /// How long spans are offered again to a collector that does not take them.
    #[serde(with = "duration")]
    pub(crate) retry_for: Duration,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// `[sip]`: signalling.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Sip {
    pub(crate) listen: SocketAddr,
    /// Address that the far end reaches, when it is not the one bound.
    pub(crate) external_address: String,
    /// Who may call in.
    pub(crate) allow: Vec<IpNet>,
    #[serde(with = "duration")]
    pub(crate) ring_timeout: Duration,
    /// How long the first gateway of a connection may say nothing before the second is tried.
    #[serde(with = "duration")]
    pub(crate) gateway_timeout: Duration,
    /// Permit connections of workspaces to gateways in private networks and on this machine.
    pub(crate) allow_private_gateways: bool,
    /// How long the far end may take to carry out a transfer.
    #[serde(with = "duration")]
    pub(crate) transfer_timeout: Duration,
    /// Codecs that calls may be carried in, as they are offered: opus, g722, pcmu, pcma, l16,
    /// l16/8000. Of an offer, the first that is among them is taken.
    pub(crate) codecs: CodecList,
    /// Whether the audio of incoming calls is encrypted: off, optional or required.
    pub(crate) srtp: Srtp,
    /// Offer comfort noise, so that the far end may send next to nothing in its pauses.
    pub(crate) comfort_noise: bool,
    /// Carriers, tried by longest matching number prefix.
    pub(crate) trunks: Vec<Trunk>,
}

/// `[[sip.trunks]]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trunk {
    pub(crate) name: String,
    /// `host` or `host:port`.
    pub(crate) gateway: String,
    #[serde(default)]
    pub(crate) transport: Transport,
    #[serde(default)]
    pub(crate) username: String,
    #[serde(default)]
    pub(crate) password: Hidden,
    /// Caller id: the user part of From.
    #[serde(default)]
    pub(crate) from: String,
    /// Number prefixes with `+` that this trunk reaches; an empty one reaches all.
    #[serde(default = "every_number")]
    pub(crate) prefixes: Vec<String>,
    /// Dial without the leading `+`.
    #[serde(default)]
    pub(crate) strip_plus: bool,
    /// Codecs of calls through this trunk, where they are not those of `[sip]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) codecs: Option<CodecList>,
    /// Whether the audio of calls through this trunk is encrypted: off, optional or required.
    #[serde(default)]
    pub(crate) srtp: Srtp,
}

/// A trunk's transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Transport {
    #[default]
    Udp,
    Tcp,
}

const fn one_second() -> u32 {
    1
}

fn every_number() -> Vec<String> {
    vec![String::new()]
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "data".into(),
            agents_dir: "agents".into(),
            store: Store::default(),
            http: Http::default(),
            calls: Calls::default(),
            media: Media::default(),
            models: Models::default(),
            speech: Speech::default(),
            llm: Llm::default(),
            oauth: Oauth::default(),
            webhooks: Webhooks::default(),
            intents: Intents::default(),
            dialling: Dialling::default(),
            evaluation: Evaluation::default(),
            log: Log::default(),
            otlp: Otlp::default(),
            prices: Prices::default(),
            sip: Sip::default(),
            transcriptions: Transcriptions::default(),
            whatsapp: Whatsapp::default(),
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self {
            database_url: Hidden::default(),
            connections: NonZeroU32::new(10).unwrap_or(NonZeroU32::MIN),
            agents_refresh: Duration::from_secs(2),
        }
    }
}

impl Default for Calls {
    fn default() -> Self {
        let patience = Patience::default();
        Self {
            max: 200,
            retry_after: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(30),
            lease: Duration::from_secs(60),
            longest_hold: patience.longest_hold,
            longest_goodbye: patience.longest_goodbye,
            longest_tool: patience.longest_tool,
            voicemail_detection: patience.voicemail_detection,
            voicemail_silence: patience.voicemail_silence,
            longest_voicemail_greeting: patience.longest_voicemail_greeting,
            longest_lookup: Duration::from_millis(500),
            last_words: patience.last_words,
            last_goodbye: patience.last_goodbye,
            first_record_retry: Duration::from_millis(200),
            longest_record_retry: Duration::from_secs(10),
            recordings_key: Hidden::default(),
            former_recordings_keys: Vec::new(),
            keep_bundles: false,
            most_bundles: 500,
            keep_bundles_for: Duration::from_secs(7 * 24 * 60 * 60),
        }
    }
}

impl Default for Media {
    fn default() -> Self {
        Self {
            bind: Ipv4Addr::LOCALHOST.into(),
            port_min: 20_000,
            port_max: 29_999,
            threads: 0,
            no_rtp_timeout: Duration::from_secs(30),
            longest_wait: Duration::from_millis(200),
            max_busy: 0.8,
            max_lateness: Duration::from_millis(10),
            opus_complexity: OpusSettings::default().complexity,
            opus_bitrate: OpusSettings::default().bitrate,
            raise_priority: true,
        }
    }
}

impl Default for Speech {
    fn default() -> Self {
        Self {
            recogniser_threads: 0,
            recogniser_queue: 256,
            judge_threads: 0,
            judge_queue: 256,
            voice_threads: 0,
            voice_queue: 256,
        }
    }
}

impl Default for Llm {
    fn default() -> Self {
        Self {
            url: String::new(),
            key: Hidden::default(),
            model: "gpt-4o-mini".to_owned(),
            temperature: 0.4,
            max_tokens: 300,
            connect_timeout: Duration::from_secs(3),
            first_token_timeout: Duration::from_secs(8),
            idle_timeout: Duration::from_secs(8),
            end_call_tool: true,
            allow_private: false,
        }
    }
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            retry_for: Duration::from_secs(24 * 60 * 60),
            first_retry: Duration::from_secs(5),
            longest_retry: Duration::from_secs(60 * 60),
            parallel: NonZeroU32::new(16).unwrap_or(NonZeroU32::MIN),
            parallel_per_webhook: NonZeroU32::new(4).unwrap_or(NonZeroU32::MIN),
            keep_for: Duration::from_secs(7 * 24 * 60 * 60),
            pause_after: NonZeroU32::new(5).unwrap_or(NonZeroU32::MIN),
            first_pause: Duration::from_secs(30),
            longest_pause: Duration::from_secs(30 * 60),
            allow_private: false,
            allow_http: false,
        }
    }
}

impl Default for Intents {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(8),
            longest_reply_bytes: 64 * 1024,
        }
    }
}

impl Default for Dialling {
    fn default() -> Self {
        Self {
            enabled: true,
            parallel: NonZeroU32::new(50).unwrap_or(NonZeroU32::MIN),
            lease: Duration::from_secs(30),
            poll_interval: Duration::from_secs(1),
        }
    }
}

impl Default for Oauth {
    fn default() -> Self {
        let settings = OauthSettings::default();
        Self {
            code_lifetime: settings.code_lifetime,
            access_token_lifetime: settings.access_token_lifetime,
            refresh_token_lifetime: settings.refresh_token_lifetime,
        }
    }
}

impl Default for Evaluation {
    fn default() -> Self {
        Self {
            parallel: NonZeroU32::new(4).unwrap_or(NonZeroU32::MIN),
            timeout: Duration::from_secs(60),
            report_wait: Duration::from_secs(30),
            max_tokens: 2_000,
        }
    }
}

impl Default for Transcriptions {
    fn default() -> Self {
        Self {
            threads: 1,
            max_file_bytes: 128 * 1024 * 1024,
            longest: Duration::from_secs(12 * 60 * 60),
            upload_timeout: Duration::from_secs(10 * 60),
            download_timeout: Duration::from_secs(10 * 60),
            lease: Duration::from_secs(30),
            attempts: NonZeroU32::new(5).unwrap_or(NonZeroU32::MIN),
            retry_after: Duration::from_secs(30),
        }
    }
}

impl Default for Whatsapp {
    fn default() -> Self {
        Self {
            graph_url: "https://graph.facebook.com".to_owned(),
            graph_version: "v23.0".to_owned(),
            timeout: Duration::from_secs(20),
            retry_after: Duration::from_secs(60),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

impl Default for Otlp {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            headers: Hidden::default(),
            timeout: Duration::from_secs(5),
            queue: NonZeroUsize::new(4_096).unwrap_or(NonZeroUsize::MIN),
            interval: Duration::from_secs(1),
            retry_for: Duration::from_secs(30),
        }
    }
}

impl Default for Sip {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 5060)),
            external_address: String::new(),
            allow: vec![
                IpNet::V4(ipnet::Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)),
                IpNet::V6(ipnet::Ipv6Net::new_assert(
                    std::net::Ipv6Addr::LOCALHOST,
                    128,
                )),
            ],
            ring_timeout: Duration::from_secs(60),
            gateway_timeout: Duration::from_secs(6),
            allow_private_gateways: false,
            transfer_timeout: Duration::from_secs(60),
            codecs: CodecList::new([Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus])
                .unwrap_or_default(),
            srtp: Srtp::Optional,
            comfort_noise: false,
            trunks: Vec::new(),
        }
    }
}
