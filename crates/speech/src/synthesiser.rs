//! Text to speech, whoever does it.

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use audio::SampleRate;
use thiserror::Error;

/// Something to be said.
#[derive(Clone, Debug)]
pub struct SpeakRequest {
    /// The words, best one sentence at a time: the time to the first sound grows
    /// with the length.
    pub text: String,
    /// Speed of speech, from 0.5 to 2.0 times the voice's own; values outside
    /// are taken as the nearer end, a value that is no number as 1.0.
    pub speed: f32,
    /// Rate of the samples wanted.
    pub rate: SampleRate,
}

/// Why a text was not spoken, or not to its end.
#[derive(Debug, Error)]
pub enum SynthesiseError {
    /// Too much work is waiting; the text was not taken. The caller may try
    /// again.
    #[error("the synthesiser is busy: {waiting} texts are waiting, none more are taken")]
    Busy {
        /// Texts that wait, the full length of the queue.
        waiting: usize,
    },
    /// The synthesiser was shut down or lost the text; another attempt may
    /// succeed if it was not shut down.
    #[error("the synthesiser stopped before the text was spoken")]
    Stopped,
    /// This text cannot be spoken; the same one would fail again.
    #[error("the text cannot be spoken: {reason}")]
    Failed {
        /// What went wrong.
        reason: String,
    },
}

/// When a word of a text is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpokenWord {
    /// Where the word stands in the request's text, in bytes. Words are what white
    /// space separates.
    pub text: Range<usize>,
    /// Where it sounds in the speech, in samples at the rate asked for. The end may
    /// lie a little behind the last sample, as trailing silence is cut.
    pub audio: Range<usize>,
}

/// Turns text into speech.
pub trait Synthesiser: Send + Sync {
    /// Begins to speak at once and returns the speech as a stream, which also
    /// reports all errors.
    fn speak(&self, request: SpeakRequest) -> SpeechStream;
}

/// Speech as it is made, in mono chunks of some tens of milliseconds at the rate
/// that was asked for. Dropping it cancels the synthesis at the next chunk.
pub struct SpeechStream(Box<dyn SpeechSource>);

impl SpeechStream {
    /// A stream of what `source` makes.
    pub fn new(source: impl SpeechSource + 'static) -> Self {
        Self(Box::new(source))
    }

    /// Waits for the next chunk, which is never empty. `None` after the last
    /// one; nothing comes after an error. A text without any word to say gives
    /// `None` at once.
    ///
    /// Safe to cancel: no chunk is lost when this future is dropped.
    pub async fn next(&mut self) -> Option<Result<Vec<i16>, SynthesiseError>> {
        self.0.next().await
    }

    /// Takes the words whose times have become known, in the order of the speech,
    /// each once and no later than its first samples. A word that has no sound of
    /// its own, such as a dash, is left out; a synthesiser that knows no times
    /// gives no words at all.
    pub fn take_words(&mut self) -> Vec<SpokenWord> {
        self.0.take_words()
    }
}

impl fmt::Debug for SpeechStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpeechStream").finish_non_exhaustive()
    }
}

/// What a synthesiser puts behind a [`SpeechStream`].
#[async_trait]
pub trait SpeechSource: Send {
    /// As [`SpeechStream::next`], safe to cancel too. Dropping the source
    /// cancels the synthesis.
    async fn next(&mut self) -> Option<Result<Vec<i16>, SynthesiseError>>;

    /// As [`SpeechStream::take_words`]; none unless the source says otherwise.
    fn take_words(&mut self) -> Vec<SpokenWord> {
        Vec::new()
    }
}
