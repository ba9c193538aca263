//! Says how likely it is that a speaker has finished, from the sound of the last
//! 8 seconds: Smart Turn v3.2.
//!
//! Two steps: [`Features`] turns audio into the log-mel spectrogram that Whisper
//! hears, and [`SmartTurn`] asks the model about it. The model hears melody, pace
//! and the shape of the last word, not what was said.
//!
//! It is asked at a pause. It never finds the pause, decides nothing from the
//! probability, keeps nothing between questions, and knows nothing of calls.
//!
//! Audio is 16-bit mono at 16 kHz ([`SAMPLE_RATE`] in hertz). A telephone's 8 kHz is
//! brought there by the caller, who keeps an `audio::Upsampler` running with the
//! stream; answers over PCMU differ from those in wide band by 0.08 on average.
//!
//! # What an answer is worth
//!
//! - It is meant for the first 100 to 200 ms of a pause. The longer the pause, the more
//!   does a stop in the middle of a sentence sound like an end, without being one.
//! - What is no speech, or less than half a second of it, sounds finished: silence,
//!   noise and the first syllable of a word get 0.9 and more.
//! - The model's activations are rounded to 8 bits, and that rounding is loud. Below 0.1
//!   and above 0.9 an answer stands within about a tenth; between them the same pause,
//!   heard a few milliseconds later, may differ by 0.3. A threshold of 0.4 or 0.6 is as
//!   good as 0.5.
//!
//! `examples/turn_files.rs` counts its mistakes on recorded speech.
//!
//! Start reading at [`SmartTurn::judge`].

mod features;
mod mel;
mod model;

pub use features::{FRAMES, Features};
pub use mel::BANDS;
pub use model::{JudgeError, SmartTurn};

/// Samples in a second of the audio that is judged, in hertz.
pub const SAMPLE_RATE: u32 = 16_000;

/// Samples that are listened to: the last 8 s. What lies before them is ignored.
pub const HEARD: usize = 8 * SAMPLE_RATE as usize;
