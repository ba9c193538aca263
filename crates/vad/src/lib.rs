//! Hears whether somebody speaks: Silero VAD, one inference for many streams.
//!
//! A stream is audio of one speaker at 8 or 16 kHz, cut into windows of 32 ms.
//! [`Silero`] holds the model; each stream holds its own [`StreamState`]. One
//! [`Silero::run`] takes one window of each of any number of streams and gives
//! the probability of speech in each, with one call into ONNX Runtime for all.
//!
//! It never decides anything from the probabilities, keeps no time and knows
//! nothing of calls. Start reading at [`Silero`].

mod detector;
mod silero;

pub use detector::{Detector, Statistics};
pub use silero::{InferenceError, Silero, StreamState};
