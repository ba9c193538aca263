//! Speech to text, text to speech, and the sound of a turn's end: traits, and an implementation of each
//! that runs inside the process, on the CPU, without any service.
//!
//! * [`Recogniser`] turns an [`Utterance`] into text. [`Moonshine`] does it with
//!   the Moonshine tiny-en model on a pool of worker threads, and [`MoonshineDecoder`] on the
//!   thread that holds it.
//! * [`Synthesiser`] turns text into a [`SpeechStream`] of samples. [`Flite`]
//!   does it with the statically linked flite library and its voice `rms`.
//! * [`TurnJudge`] says whether a turn sounds complete. [`SoundJudge`] asks the
//!   model Smart Turn on a pool of worker threads.
//! * [`stated`] says how long the three take, for calls on a virtual clock.
//! * [`word_errors`] compares a transcript with what was said, for tests and
//!   demonstrations.
//!
//! Nothing here listens, decides when somebody has finished or knows of calls.
//! A recogniser believes that whatever it is given is speech: Moonshine invents
//! words ("You", "Thank you.") for silence, noise and tones, so its caller must
//! ask a voice activity detector first and not decode without speech.
//!
//! Start reading at the traits, then [`Moonshine`] and [`Flite`].

mod flite;
mod judge;
mod moonshine;
mod pool;
mod recogniser;
pub mod stated;
mod synthesiser;
mod transcript;

pub use flite::{Flite, FliteConfig, StartFliteError};
pub use judge::{JudgeTurnError, SoundJudge, SoundJudgeConfig, StartSoundJudgeError, TurnJudge};
pub use moonshine::{Moonshine, MoonshineConfig, MoonshineDecoder, StartMoonshineError};
pub use pool::{PoolMeter, PoolStatistics};
pub use recogniser::{RecogniseError, Recogniser, Recognition, Utterance};
pub use synthesiser::{
    SpeakRequest, SpeechSource, SpeechStream, SpokenWord, SynthesiseError, Synthesiser,
};
pub use transcript::{WordErrors, word_error_rate, word_errors};
