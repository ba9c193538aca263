//! Audio as the rest of the project sees it: units of time and rate, frames
//! of 20 ms, codecs, levels, resampling, tones, and WAV files in and out.
//!
//! Everything here is a pure transformation of samples, except [`wav`] and
//! [`mod@file`], which write and read files. Nothing here knows of packets,
//! sockets, calls or clocks, and nothing here runs on its own.
//!
//! Samples are signed 16-bit linear PCM, mono unless a name says otherwise.
//! Start reading at [`frame`], the unit in which audio travels, and
//! [`SampleRate`], the unit it is counted in.

pub mod ambience;
pub mod beep;
pub mod codec;
pub mod dtmf;
pub mod file;
pub mod frame;
pub mod g711;
pub mod halfband;
pub mod level;
mod narrow;
pub mod resample;
pub mod suppression;
pub mod tone;
mod units;
pub mod wav;

pub use ambience::Ambience;
pub use codec::Codec;
pub use frame::{FRAME, Frame};
pub use g711::Companding;
pub use halfband::{Downsampler, Upsampler};
pub use level::Decibels;
pub use resample::Resampler;
pub use suppression::NoiseSuppressor;
pub use tone::Tone;
pub use units::{Moment, RtpTimestamp, SampleRate, SequenceNumber};
pub use wav::WavWriter;
