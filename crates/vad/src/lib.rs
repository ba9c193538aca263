//! Hears whether somebody speaks: the network Silero VAD, for many streams at once.
//!
//! A stream is audio of one speaker at 8 or 16 kHz, cut into windows of 32 ms. A [`Detector`]
//! holds the network; each stream holds its own [`StreamState`]. One [`Detector::run`] takes one
//! window of each of any number of streams and gives the probability of speech in each.
//!
//! Two things compute the network from the same file of weights: [`Kernel`], the project's own
//! code, which the calls use, and [`Silero`], ONNX Runtime, which the kernel is measured against
//! and which takes over when a file is not the network that the kernel knows. In front of either,
//! a gate passes over the windows of lines that sound as they did while nobody spoke.
//!
//! The kernel is what pays: measured beside each other (`cargo bench -p benches --bench vad`,
//! medians at 8 kHz with AVX2, one run on a busy machine), a window takes it an eighth of ONNX
//! Runtime's time for one stream (144 and 1 176 µs) and less than a fifth for batches of 8 (0.90
//! and 4.80 ms) and of 32 (2.83 and 15.4 ms); without AVX2 it is 3.7, 2.8 and 1.6 times as fast.
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
mod missed;
mod silero;
mod stream;

pub use batch::InferenceError;
pub use detector::{Backend, Detector, LoadDetectorError, Settings, Statistics};
pub use kernel::{GraphError, Instructions, Kernel, LoadKernelError};
pub use silero::Silero;
pub use stream::StreamState;
