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
//! Audio is 16-bit mono at 16 kHz ([`SAMPLE_RATE`] in hertz). A telephone's 8 kHz
//! is brought there by the caller, who keeps `audio::Upsampler` running with the
//! stream.
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
