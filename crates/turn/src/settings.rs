use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How patient and how yielding the agent is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Pause after which a turn that is clearly complete is over.
    pub min_endpointing_delay: Duration,
    /// Pause after which any turn is over.
    pub max_endpointing_delay: Duration,
    /// Pause after which the turn so far is recognised and judged, ahead of the decision.
    pub decode_delay: Duration,
    /// Whether an answer may be begun before the turn is surely over.
    pub speculate: bool,
    /// Answers that are begun ahead in one turn at most.
    pub tries: u32,
    /// Completeness from which an answer is begun ahead.
    pub promising: f32,
    /// Whether the caller may stop the agent by speaking.
    pub allow_interruptions: bool,
    /// Speech of at least this length, a third of it clearly articulated, stops a speaking agent.
    pub min_interruption_duration: Duration,
    /// Recognised words that it takes to stop a speaking agent, beside the length; 0 for none.
    pub words_to_interrupt: u32,
    /// The agent yields to any speech of `min_speech_duration`, a third of it clearly
    /// articulated, that begins this soon after its own first sound, or before it: both have begun
    /// at once. No words are counted then.
    pub yielding: Duration,
    /// Speech of at least this length begins a turn; shorter bursts are noise.
    pub min_speech_duration: Duration,
    /// Voice probability from which a window counts as speech.
    pub speech_threshold: f32,
    /// Voice probability below which a window counts as a pause. Between the two thresholds
    /// the previous judgement stands.
    pub pause_threshold: f32,
    /// A turn's audio of at least this length is settled piecewise at its pauses, so that the
    /// decode left at its end is short.
    pub settle_after: Duration,
    /// Pause long enough to settle what was said before it.
    pub settle_pause: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            min_endpointing_delay: Duration::from_millis(300),
            max_endpointing_delay: Duration::from_millis(1_500),
            decode_delay: Duration::from_millis(64),
            speculate: true,
            tries: 3,
            promising: 0.3,
            allow_interruptions: true,
            min_interruption_duration: Duration::from_millis(90),
            words_to_interrupt: 0,
            yielding: Duration::from_millis(400),
            min_speech_duration: Duration::from_millis(64),
            speech_threshold: 0.5,
            pause_threshold: 0.35,
            settle_after: Duration::from_millis(2_500),
            settle_pause: Duration::from_millis(250),
        }
    }
}
