//! A passage as it comes over a line, and what the voice detector makes of it.

use std::time::Duration;

use audio::{Companding, Downsampler, Moment, SampleRate, level};
use serde::Serialize;
use thiserror::Error;
use turn::Window;
use vad::{Detector, InferenceError, StreamState};

use crate::passage::{Passage, Pause, RATE};

/// The rate at which voice is detected, whatever the line.
const DETECTOR_RATE: SampleRate = SampleRate::HZ_8000;

/// What a passage is heard through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// 16 kHz, nothing lost.
    Wide,
    /// A telephone line: 8 kHz, G.711 μ-law.
    Pcmu,
}

/// Why a passage could not be heard.
#[derive(Debug, Error)]
pub enum HearError {
    /// The voice detector failed.
    #[error("voice detection failed: {0}")]
    Detector(#[from] InferenceError),
    /// The voice detector is for another rate.
    #[error("the voice detector hears {found}, expected one for {DETECTOR_RATE}")]
    Rate {
        /// Its rate.
        found: SampleRate,
    },
}

/// A passage that was heard.
#[derive(Clone, Debug)]
pub struct Heard {
    /// What it is called in reports.
    pub name: String,
    /// Its pauses, in order.
    pub pauses: Vec<Pause>,
    /// What came over the line.
    pub samples: Vec<i16>,
    /// The rate of that.
    pub rate: SampleRate,
    /// What the voice detector says, window by window.
    pub windows: Vec<Window>,
}

impl Heard {
    /// Hears `passage` over `line` with `detector`, which is one for 8 kHz.
    ///
    /// # Errors
    ///
    /// [`HearError`] if the detector fails or is for another rate.
    pub fn new(passage: &Passage, line: Line, detector: &mut Detector) -> Result<Self, HearError> {
        if detector.rate() != DETECTOR_RATE {
            return Err(HearError::Rate {
                found: detector.rate(),
            });
        }
        let mut narrow = vec![0; passage.samples.len().div_ceil(2)];
        let length = Downsampler::new().process(&passage.samples, &mut narrow);
        narrow.truncate(length);
        if line == Line::Pcmu {
            let mut codes = vec![0; narrow.len()];
            Companding::MuLaw.encode(&narrow, &mut codes);
            Companding::MuLaw.decode(&codes, &mut narrow);
        }
        let (samples, rate) = match line {
            Line::Wide => (passage.samples.clone(), RATE),
            Line::Pcmu => (narrow.clone(), DETECTOR_RATE),
        };
        let windows = windows(&narrow, &samples, rate, detector)?;
        Ok(Self {
            name: passage.name.clone(),
            pauses: passage.pauses.clone(),
            samples,
            rate,
            windows,
        })
    }

    /// The audio between two moments, as far as there is any.
    pub(crate) fn between(&self, from: Moment, to: Moment) -> &[i16] {
        let place = |moment: Moment| self.rate.samples_in(moment.since(Moment::ZERO));
        let to = place(to).min(self.samples.len());
        self.samples
            .get(place(from).min(to)..to)
            .unwrap_or_default()
    }
}

/// Judges the audio window by window: the narrow one for its voice, the one of the line for how
/// long it is audible.
fn windows(
    narrow: &[i16],
    line: &[i16],
    rate: SampleRate,
    detector: &mut Detector,
) -> Result<Vec<Window>, InferenceError> {
    let window = detector.window();
    let wide = window * (rate.hertz() / DETECTOR_RATE.hertz()) as usize;
    let mut state = StreamState::new();
    let mut probabilities = Vec::new();
    let mut windows = Vec::with_capacity(narrow.len() / window);
    let cut = narrow.chunks_exact(window).zip(line.chunks_exact(wide));
    for (index, (judged, audible)) in cut.enumerate() {
        detector.run(&mut [(&mut state, judged)], &mut probabilities)?;
        let begin = Moment::ZERO + rate.duration_of(index * wide);
        let last = audible
            .iter()
            .rposition(|sample| level::is_audible(&[*sample]));
        windows.push(Window {
            at: begin + rate.duration_of(wide),
            duration: rate.duration_of(wide),
            probability: probabilities.first().copied().unwrap_or_default(),
            audible_until: last.map(|last| begin + rate.duration_of(last + 1)),
            // The agent is silent throughout, so that nothing asks for these.
            articulated: 1.0,
            unbroken: rate.duration_of(wide),
            articulated_before: Duration::ZERO,
        });
    }
    Ok(windows)
}
