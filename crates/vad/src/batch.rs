//! What the kernel and ONNX Runtime have in common: a batch of windows of several streams, through
//! the network at once.

use thiserror::Error;

use crate::stream::{Memory, StreamState};

/// Why a batch gave no probabilities.
#[derive(Debug, Error)]
pub enum InferenceError {
    /// A window has the wrong number of samples: a mistake of the caller. The streams are as
    /// before.
    #[error("window {index} of the batch holds {found} samples, expected {expected} (32 ms)")]
    WindowLength {
        /// Position in the batch, from 0.
        index: usize,
        /// Samples it holds.
        found: usize,
        /// Samples it must hold, 32 ms.
        expected: usize,
    },
    /// ONNX Runtime failed; the same batch is likely to fail again. The streams go on without this
    /// window.
    #[error("Silero inference failed: {0}")]
    Runtime(#[from] ort::Error),
    /// The model answered in a shape that it never should. The streams go on without this window.
    #[error("Silero answered with {found} values, expected {expected}")]
    Answer {
        /// Values in the answer.
        found: usize,
        /// Values expected for this batch.
        expected: usize,
    },
}

/// A network that moves a batch of streams on by one window each.
pub(crate) trait Batch {
    /// Begins a new batch.
    fn clear(&mut self);
    /// Adds a stream with its next window, whose length is right.
    fn push(&mut self, memory: &Memory, window: &[i16]);
    /// Lets the network hear the batch.
    fn infer(&mut self) -> Result<(), InferenceError>;
    /// The probability of speech in a stream of the batch that was heard.
    fn probability(&self, index: usize) -> f32;
    /// What the network remembers of a stream of the batch that was heard.
    fn remember(&self, index: usize, memory: &mut Memory);
}

/// Hears the next window of each stream and tells the probability of speech in each.
pub(crate) fn hear(
    network: &mut impl Batch,
    length: usize,
    batch: &mut [(&mut StreamState, &[i16])],
    probabilities: &mut Vec<f32>,
) -> Result<(), InferenceError> {
    probabilities.clear();
    check_lengths(batch, length)?;
    if batch.is_empty() {
        return Ok(());
    }
    network.clear();
    for (stream, window) in batch.iter() {
        network.push(&stream.memory, window);
    }
    network.infer()?;
    for (index, (stream, _)) in batch.iter_mut().enumerate() {
        network.remember(index, &mut stream.memory);
        probabilities.push(network.probability(index));
    }
    Ok(())
}

/// Fails if a window of the batch has not this length.
pub(crate) fn check_lengths(
    batch: &[(&mut StreamState, &[i16])],
    expected: usize,
) -> Result<(), InferenceError> {
    let found = batch.iter().map(|(_, window)| window.len());
    match found.enumerate().find(|&(_, found)| found != expected) {
        None => Ok(()),
        Some((index, found)) => Err(InferenceError::WindowLength {
            index,
            found,
            expected,
        }),
    }
}
