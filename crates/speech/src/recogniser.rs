//! Speech to text, whoever does it.

use std::time::Duration;

use async_trait::async_trait;
use audio::SampleRate;
use thiserror::Error;

/// Something that one party said, from its first to its last word.
#[derive(Clone, Debug)]
pub struct Utterance {
    /// Mono samples.
    pub samples: Vec<i16>,
    /// Their rate.
    pub rate: SampleRate,
}

/// What a recogniser understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognition {
    /// The words, with capitals and punctuation as far as the recogniser has
    /// them; empty if it understood none.
    pub text: String,
    /// Whether the recogniser takes what was said for a whole turn; `None` from one that does not
    /// tell.
    pub is_over: Option<bool>,
    /// How long the utterance waited before work on it began.
    pub queued: Duration,
    /// How long the work took, waiting not included.
    pub took: Duration,
}

/// Why an utterance was not recognised.
#[derive(Debug, Error)]
pub enum RecogniseError {
    /// Too much work is waiting; the utterance was not taken. The caller may
    /// try again or go on without.
    #[error("the recogniser is busy: {waiting} utterances are waiting, none more are taken")]
    Busy {
        /// Utterances that wait, the full length of the queue.
        waiting: usize,
    },
    /// The recogniser was shut down or lost the utterance; another attempt may
    /// succeed if it was not shut down.
    #[error("the recogniser stopped before the utterance was recognised")]
    Stopped,
    /// This utterance cannot be recognised; the same one would fail again.
    #[error("the utterance cannot be recognised: {reason}")]
    Failed {
        /// What went wrong.
        reason: String,
    },
}

/// Turns speech into text.
#[async_trait]
pub trait Recogniser: Send + Sync {
    /// Recognises one utterance. Dropping the future cancels the work: it
    /// leaves the queue if it still waits there, and is given up soon if it has
    /// begun.
    ///
    /// The caller has made sure that the utterance is speech; for anything else
    /// a recogniser may answer with invented words.
    async fn recognise(&self, utterance: Utterance) -> Result<Recognition, RecogniseError>;
}
