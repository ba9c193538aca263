use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long a node's calls wait before they give something up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    /// The far end may hold a call for this long; then the call ends.
    pub longest_hold: Duration,
    /// A goodbye that makes no progress for this long is given up.
    pub longest_goodbye: Duration,
    /// A tool that has not answered for this long is given up: the agent goes on without it.
    pub longest_tool: Duration,
    /// A machine that takes messages is told from a person by what is begun to be said so soon after
    /// the answer.
    #[serde(default = "voicemail_detection")]
    pub voicemail_detection: Duration,
    /// A voicemail's greeting without a beep is over after this long without speech.
    #[serde(default = "voicemail_silence")]
    pub voicemail_silence: Duration,
    /// The message for a voicemail is begun so long after it is known to be one, whatever is heard.
    #[serde(default = "longest_voicemail_greeting")]
    pub longest_voicemail_greeting: Duration,
    /// Wait before BYE after the agent's last sample: the far end still holds it in its buffers.
    pub last_words: Duration,
    /// How long calls may take to say goodbye, and then to hang up, when the node ends.
    pub last_goodbye: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            longest_hold: Duration::from_secs(600),
            longest_goodbye: Duration::from_secs(20),
            longest_tool: Duration::from_secs(10),
            voicemail_detection: voicemail_detection(),
            voicemail_silence: voicemail_silence(),
            longest_voicemail_greeting: longest_voicemail_greeting(),
            last_words: Duration::from_millis(250),
            last_goodbye: Duration::from_secs(6),
        }
    }
}

const fn voicemail_detection() -> Duration {
    Duration::from_secs(30)
}

const fn voicemail_silence() -> Duration {
    Duration::from_secs(2)
}

const fn longest_voicemail_greeting() -> Duration {
    Duration::from_secs(30)
}
