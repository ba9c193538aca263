//! The detector as a node uses it: the network, and what it did.

use std::path::Path;

use audio::SampleRate;
use onnx::{LoadModelError, Runtime};

use crate::silero::{InferenceError, Silero, StreamState};

/// The voice detector of telephone lines, at 8 kHz, for any number of streams.
#[derive(Debug)]
pub struct Detector {
    silero: Silero,
    statistics: Statistics,
}

/// What a [`Detector`] did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Windows that the network judged.
    pub windows_run: u64,
    /// Windows that were judged by their energy alone.
    pub windows_gated: u64,
}

impl Detector {
    /// Loads the network from the file `model`.
    ///
    /// # Errors
    ///
    /// [`LoadModelError`] if it is not there or not this network.
    pub fn load(runtime: &Runtime, model: &Path) -> Result<Self, LoadModelError> {
        Ok(Self {
            silero: Silero::load(runtime, model, SampleRate::HZ_8000)?,
            statistics: Statistics::default(),
        })
    }

    /// Judges one window of each stream; writes one probability for each, in order.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] if a window has the wrong length or the network fails; the
    /// streams are then as they were.
    pub fn run(
        &mut self,
        batch: &mut [(&mut StreamState, &[i16])],
        probabilities: &mut Vec<f32>,
    ) -> Result<(), InferenceError> {
        self.silero.run(batch, probabilities)?;
        self.statistics.windows_run += batch.len() as u64;
        Ok(())
    }

    /// What it did so far.
    pub const fn statistics(&self) -> Statistics {
        self.statistics
    }
}
