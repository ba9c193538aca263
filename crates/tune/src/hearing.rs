//! A passage as it comes over a line, and what the voice detector makes of it.

use std::time::Duration;

use audio::{Companding, Downsampler, Moment, SampleRate, level};
use serde::Serialize;
use turn::Window;
use vad::{InferenceError, LineDetector, StreamState};

use crate::passage::{Passage, Pause, RATE};

/// What a passage is heard through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// 16 kHz, nothing lost.
    Wide,
    /// A telephone line: 8 kHz, G.711 μ-law.
    Pcmu,
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
    /// Hears `passage` over `line` with `detector`.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] if the detector fails.
    pub fn new(
        passage: &Passage,
        line: Line,
        detector: &mut LineDetector,
    ) -> Result<Self, InferenceError> {
        let (samples, rate) = match line {
            Line::Wide => (passage.samples.clone(), RATE),
            Line::Pcmu => (over_telephone(&passage.samples), SampleRate::HZ_8000),
        };
        let windows = windows(&samples, rate, detector)?;
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

/// What is left at 8 kHz of audio at 16 kHz, after G.711.
fn over_telephone(samples: &[i16]) -> Vec<i16> {
    let mut narrow = vec![0; samples.len().div_ceil(2)];
    let length = Downsampler::new().process(samples, &mut narrow);
    narrow.truncate(length);
    let mut codes = vec![0; length];
    Companding::MuLaw.encode(&narrow, &mut codes);
    Companding::MuLaw.decode(&codes, &mut narrow);
    narrow
}

/// Judges the audio window by window: for its voice, and for how long it is audible.
fn windows(
    samples: &[i16],
    rate: SampleRate,
    detector: &mut LineDetector,
) -> Result<Vec<Window>, InferenceError> {
    let duration = Duration::from_millis(32);
    let length = rate.samples_in(duration);
    let mut state = StreamState::new();
    let mut probabilities = Vec::new();
    let mut windows = Vec::with_capacity(samples.len() / length);
    for (index, window) in samples.chunks_exact(length).enumerate() {
        detector.run(&mut [(&mut state, window)], &mut probabilities)?;
        let begin = Moment::ZERO + rate.duration_of(index * length);
        let last = window
            .iter()
            .rposition(|sample| level::is_audible(&[*sample]));
        windows.push(Window {
            at: begin + duration,
            duration,
            probability: probabilities.first().copied().unwrap_or_default(),
            audible_until: last.map(|last| begin + rate.duration_of(last + 1)),
            // The agent is silent throughout, so that nothing asks for these.
            articulated: 1.0,
            unbroken: duration,
            articulated_before: Duration::ZERO,
        });
    }
    Ok(windows)
}
