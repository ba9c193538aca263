//! `[calls]`: admission, patience, what is kept, and the end.

use std::time::Duration;

use engine::Patience;
use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::{Deserialize, Serialize};

use super::Hidden;

/// `[calls]`: admission and shutdown.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Calls {
    pub(crate) max: usize,
    #[serde(with = "duration")]
    pub(crate) retry_after: Duration,
    #[serde(with = "duration")]
    pub(crate) drain_timeout: Duration,
    /// How long the last records of calls may take to be written when the node stops.
    #[serde(with = "duration")]
    pub(crate) records_grace: Duration,
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

impl Default for Calls {
    fn default() -> Self {
        let patience = Patience::default();
        Self {
            max: 200,
            retry_after: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(30),
            records_grace: Duration::from_secs(5),
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
