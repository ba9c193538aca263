//! `[oauth]`, `[dialling]`, `[evaluation]`, `[transcriptions]` and `[prices]`: the work beside calls.

use std::num::NonZeroU32;
use std::time::Duration;

use api::OauthSettings;
use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::{Deserialize, Serialize};

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

const fn one_second() -> u32 {
    1
}
