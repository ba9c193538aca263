//! Speech to text and text to speech: two traits, and an implementation of each
//! that runs inside the process, on the CPU, without any service.
//!
//! * [`Recogniser`] turns an [`Utterance`] into text. [`Moonshine`] does it with
//!   the Moonshine tiny-en model on a pool of worker threads.
//! * [`Synthesiser`] turns text into a [`SpeechStream`] of samples. [`Flite`]
//!   does it with the statically linked flite library and its voice `rms`.
//! * [`word_errors`] compares a transcript with what was said, for tests and
//!   demonstrations.
//!
//! Nothing here listens, decides when somebody has finished or knows of calls.
//! A recogniser believes that whatever it is given is speech: Moonshine invents
//! words ("You", "Thank you.") for silence, noise and tones, so its caller must
//! ask a voice activity detector first and not decode without speech.
//!
//! Start reading at the two traits, then [`Moonshine`] and [`Flite`].

mod flite;
mod moonshine;
mod pool;
mod recogniser;
mod synthesiser;
mod transcript;

pub use flite::{Flite, FliteConfig, StartFliteError};
pub use moonshine::{Moonshine, MoonshineConfig, StartMoonshineError};
pub use recogniser::{RecogniseError, Recogniser, Recognition, Utterance};
pub use synthesiser::{SpeakRequest, SpeechSource, SpeechStream, SynthesiseError, Synthesiser};
pub use transcript::{WordErrors, word_error_rate, word_errors};
