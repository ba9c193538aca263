//! The embedded synthesiser: flite with its voice `rms`, US English.

mod native;
mod speak;
mod stream;
mod text;
mod trim;
mod words;

use std::io;

use thiserror::Error;

use self::native::Voice;
use self::speak::Job;
use self::stream::Pieces;
use crate::pool::{Pool, PoolMeter};
use crate::synthesiser::{SpeakRequest, SpeechStream, Synthesiser};

/// How much flite may do at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FliteConfig {
    /// Threads that synthesise. One makes about 70 seconds of speech a second,
    /// so few are enough; they are there so that calls do not wait for each
    /// other.
    pub workers: usize,
    /// Texts that may wait for a thread; more are refused.
    pub queue: usize,
}

impl FliteConfig {
    /// The name of the only voice that there is.
    pub const VOICE: &str = "rms";

    /// The language of that voice, as a BCP 47 tag.
    pub const LANGUAGE: &str = "en-US";
}

impl Default for FliteConfig {
    /// 2 workers, 64 texts.
    fn default() -> Self {
        Self {
            workers: 2,
            queue: 64,
        }
    }
}

/// Why flite could not be started.
#[derive(Debug, Error)]
pub enum StartFliteError {
    /// The voice that is linked into the program did not register.
    #[error("the flite voice rms does not register: this build of the program is broken")]
    Voice,
    /// The configuration asks for no worker or no place in the queue.
    #[error("the flite synthesiser needs at least one worker and one place in its queue")]
    Nothing,
    /// The system gave no thread.
    #[error("cannot start a thread for the flite synthesiser: {0}")]
    Thread(#[from] io::Error),
}

/// flite's voice `rms` on a pool of threads. Dropping it ends the threads, after
/// at most one text each; streams that are not finished then end with an error.
///
/// Leading silence is cut to about 2 ms and trailing silence to 80 ms. A text
/// of more than about 250 letters is spoken in pieces, split where a reader
/// would pause. The times of words are those of the voice's own plan, to 5 ms or so.
/// The same text gives the same audio bit by bit: the noise that excites the voice begins
/// anew with every piece.
pub struct Flite {
    pool: Pool<Job>,
}

impl Flite {
    /// Registers the voice, which takes a moment the first time, and starts the
    /// threads.
    ///
    /// # Errors
    ///
    /// [`StartFliteError`]; the node cannot speak then.
    pub fn start(config: &FliteConfig) -> Result<Self, StartFliteError> {
        if config.workers == 0 || config.queue == 0 {
            return Err(StartFliteError::Nothing);
        }
        let voice = Voice::get().ok_or(StartFliteError::Voice)?;
        let workers = (0..config.workers)
            .map(|_| |job| speak::speak(voice, job))
            .collect();
        Ok(Self {
            pool: Pool::start("flite", config.queue, workers)?,
        })
    }

    /// What the queue of pieces of sentences counts.
    pub fn meter(&self) -> PoolMeter {
        self.pool.meter()
    }
}

impl Synthesiser for Flite {
    fn speak(&self, request: SpeakRequest) -> SpeechStream {
        SpeechStream::new(Pieces::new(self.pool.queue(), &request))
    }
}
