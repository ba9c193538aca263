//! `[models]`, `[speech]` and `[llm]`: what hears, speaks and answers.

use std::path::PathBuf;
use std::time::Duration;

use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::{Deserialize, Serialize};

use super::Hidden;

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
