//! The node's settings: one TOML file, each setting overridable by a `MIHU_…` variable.

mod calls;
mod http;
mod load;
mod media;
mod mistake;
mod models;
mod outward;
mod parts;
mod secrets;
mod sip;
mod store;
mod telemetry;
mod work;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub(crate) use self::calls::Calls;
use self::http::Http;
pub(crate) use self::load::LoadConfigError;
pub(crate) use self::media::Media;
pub(crate) use self::models::{Llm, Models, Speech};
pub(crate) use self::outward::{Intents, Webhooks, Whatsapp};
pub(crate) use self::secrets::Hidden;
pub(crate) use self::sip::{Sip, Transport, Trunk};
pub(crate) use self::store::Store;
pub(crate) use self::telemetry::{Log, LogFormat, Otlp};
pub(crate) use self::work::{Dialling, Evaluation, Oauth, Prices, Transcriptions};

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
