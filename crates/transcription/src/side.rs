//! One speaker's side of a file: resampled, listened to, cut into utterances.

use std::ops::Range;
use std::time::Duration;

use audio::resample::ResampleError;
use audio::{Resampler, SampleRate};
use vad::{Detector, InferenceError, StreamState};

use crate::segmenter::Segmenter;

/// What the detector and the recogniser hear.
pub(crate) const RATE: SampleRate = SampleRate::HZ_16000;

/// An utterance, with its place in the file.
#[derive(Debug)]
pub(crate) struct Cut {
    pub(crate) start: Duration,
    pub(crate) end: Duration,
    pub(crate) samples: Vec<i16>,
}

/// One side of a file.
#[derive(Debug)]
pub(crate) struct Side {
    resampler: Resampler,
    stream: StreamState,
    segmenter: Segmenter,
    /// Samples that are passed over before the first window.
    skipped: usize,
    /// Of those, how many are still to come.
    to_skip: usize,
    /// Resampled samples that may still be needed.
    samples: Vec<i16>,
    /// The window that the first of them belongs to.
    first: u64,
    /// Of the samples, how many the detector has heard.
    listened: usize,
    probabilities: Vec<f32>,
}

impl Side {
    /// A side of a file with this rate, of which everything before `from` was heard already.
    pub(crate) fn new(rate: SampleRate, from: Duration) -> Result<Self, ResampleError> {
        let skipped = RATE.samples_in(from);
        Ok(Self {
            resampler: Resampler::new(rate, RATE)?,
            stream: StreamState::new(),
            segmenter: Segmenter::default(),
            skipped,
            to_skip: skipped,
            samples: Vec::new(),
            first: 0,
            listened: 0,
            probabilities: Vec::new(),
        })
    }

    /// Takes the next samples and gives the utterances that they end.
    pub(crate) fn take(
        &mut self,
        samples: &[i16],
        detector: &mut Detector,
    ) -> Result<Vec<Cut>, InferenceError> {
        let before = self.samples.len();
        self.resampler.process(samples, &mut self.samples);
        self.skip(before);
        self.listen(detector)
    }

    /// Ends the side and gives the utterances that were still open.
    pub(crate) fn finish(&mut self, detector: &mut Detector) -> Result<Vec<Cut>, InferenceError> {
        let before = self.samples.len();
        self.resampler.finish(&mut self.samples);
        self.skip(before);
        // The rest of a window is heard as if silence followed.
        let rest = (self.samples.len() - self.listened) % detector.window();
        if rest > 0 {
            let filled = self.samples.len() + detector.window() - rest;
            self.samples.resize(filled, 0);
        }
        let mut cuts = self.listen(detector)?;
        let last = self.segmenter.finish();
        cuts.extend(last.map(|windows| self.cut(windows, detector.window())));
        Ok(cuts)
    }

    fn skip(&mut self, before: usize) {
        let skipped = self.to_skip.min(self.samples.len() - before);
        self.samples.drain(before..before + skipped);
        self.to_skip -= skipped;
    }

    fn listen(&mut self, detector: &mut Detector) -> Result<Vec<Cut>, InferenceError> {
        let window = detector.window();
        let mut cuts = Vec::new();
        while let Some(heard) = self.samples.get(self.listened..self.listened + window) {
            detector.run(&mut [(&mut self.stream, heard)], &mut self.probabilities)?;
            self.listened += window;
            let probability = self.probabilities.first().copied().unwrap_or(0.0);
            if let Some(windows) = self.segmenter.hear(probability) {
                cuts.push(self.cut(windows, window));
            }
        }
        self.forget(window);
        Ok(cuts)
    }

    fn cut(&self, windows: Range<u64>, window: usize) -> Cut {
        let place = |at: u64| at.saturating_sub(self.first) as usize * window;
        let end = place(windows.end).min(self.samples.len());
        let samples = self.samples.get(place(windows.start)..end);
        let at = |number: u64| RATE.duration_of(self.skipped + number as usize * window);
        Cut {
            start: at(windows.start),
            end: at(windows.end),
            samples: samples.unwrap_or_default().to_vec(),
        }
    }

    /// Forgets what no utterance will have any more.
    fn forget(&mut self, window: usize) {
        let needed = self.segmenter.needed_from();
        let gone = (needed - self.first) as usize * window;
        self.samples.drain(..gone);
        self.listened -= gone;
        self.first = needed;
    }
}
