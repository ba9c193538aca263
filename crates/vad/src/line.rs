//! Voice detection on the lines of calls, of which some are wide and some are narrow.

use std::path::Path;

use audio::SampleRate;
use onnx::Runtime;

use crate::batch::InferenceError;
use crate::detector::{Backend, Detector, LoadDetectorError, Settings, Statistics};
use crate::geometry::Geometry;
use crate::stream::StreamState;

/// Detects speech in any number of streams, at 8 and at 16 kHz side by side. One thread uses it at
/// a time.
///
/// A wide line is heard as wide as it is: an "s" at the beginning of a word has hardly any sound
/// below 4 kHz, and what hears no higher takes it for silence.
#[derive(Debug)]
pub struct LineDetector {
    narrow: Detector,
    wide: Detector,
}

impl LineDetector {
    /// Loads the model file, whose two networks hear at 8 and at 16 kHz.
    ///
    /// # Errors
    ///
    /// [`LoadDetectorError`]; whether another [`Backend`] can do it is for the caller to try.
    pub fn load(
        runtime: &Runtime,
        model: &Path,
        settings: Settings,
    ) -> Result<Self, LoadDetectorError> {
        let load = |rate| Detector::load(runtime, model, rate, settings);
        Ok(Self {
            narrow: load(SampleRate::HZ_8000)?,
            wide: load(SampleRate::HZ_16000)?,
        })
    }

    /// Samples in one window of a stream at this rate, 32 ms; `None` at rates that it does not
    /// hear at.
    pub fn window(rate: SampleRate) -> Option<usize> {
        Geometry::at(rate).map(|geometry| geometry.window)
    }

    /// What computes the networks.
    pub const fn backend(&self) -> Backend {
        self.narrow.backend()
    }

    /// What was done with all windows so far.
    pub fn statistics(&self) -> Statistics {
        self.narrow.statistics() + self.wide.statistics()
    }

    /// Hears the next window of each stream in `batch`, whose length tells the stream's rate.
    /// What comes of it is as with [`Detector::run`].
    ///
    /// # Errors
    ///
    /// [`InferenceError`], as with [`Detector::run`].
    pub fn run(
        &mut self,
        batch: &mut [(&mut StreamState, &[i16])],
        probabilities: &mut Vec<f32>,
    ) -> Result<(), InferenceError> {
        probabilities.clear();
        self.check_lengths(batch)?;
        probabilities.resize(batch.len(), 0.0);
        let narrow = self.narrow.hear(batch, probabilities);
        let wide = self.wide.hear(batch, probabilities);
        let heard = narrow.and(wide);
        if heard.is_err() {
            probabilities.clear();
        }
        heard
    }

    /// Fails if a window has the length of neither rate.
    fn check_lengths(&self, batch: &[(&mut StreamState, &[i16])]) -> Result<(), InferenceError> {
        let lengths = [self.narrow.window(), self.wide.window()];
        let found = batch.iter().map(|(_, window)| window.len());
        match found
            .enumerate()
            .find(|(_, found)| !lengths.contains(found))
        {
            None => Ok(()),
            Some((index, found)) => Err(InferenceError::WindowLength {
                index,
                found,
                expected: lengths[usize::from(found > lengths[0])],
            }),
        }
    }
}
