//! Hears whether somebody speaks: the network Silero VAD, for many streams at once.
//!
//! A stream is audio of one speaker at 8 or 16 kHz, cut into windows of 32 ms. A [`Detector`]
//! holds the network; each stream holds its own [`StreamState`]. One [`Detector::run`] takes one
//! window of each of any number of streams and gives the probability of speech in each. The lines of
//! calls are of both rates: a [`LineDetector`] hears them side by side.
//!
//! Two things compute the network from the same file of weights: [`Kernel`], the project's own
//! code, which the calls use, and [`Silero`], ONNX Runtime, which the kernel is measured against
//! and which takes over when a file is not the network that the kernel knows. In front of either,
//! a gate passes over the windows of lines that sound as they did while nobody spoke.
//!
//! The kernel is what pays: measured beside each other (`cargo bench -p benches --bench vad`,
//! medians at 8 kHz, one run on a quiet machine), a window takes ONNX Runtime 6.2, 5.4 and 5.0 times
//! as long for batches of 1, 8 and 32 where there is AVX2 (65.6 and 10.6 µs, 288 and 53 µs, 1.04 and
//! 0.21 ms), 7.4, 6.5 and 6.0 times with AVX-512, and 3.5, 2.0 and 1.9 times on other processors.
//! Their probabilities differ by at most 1e-4, which `tests/kernel.rs` asserts on the fixtures.
//!
//! It never decides anything from the probabilities, keeps no time and knows nothing of calls.
//! Start reading at [`Detector`].

mod batch;
mod detector;
mod gate;
mod geometry;
mod kernel;
mod levels;
mod line;
mod missed;
mod silero;
mod stream;

pub use batch::InferenceError;
pub use detector::{Backend, Detector, LoadDetectorError, Settings, Statistics};
pub use kernel::{GraphError, Instructions, Kernel, LoadKernelError};
pub use line::LineDetector;
pub use silero::Silero;
pub use stream::StreamState;
