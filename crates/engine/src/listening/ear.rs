//! From the frames that a leg hears to the windows that the voice detector judges.

use std::collections::VecDeque;
use std::time::Duration;

use audio::suppression::NoiseSuppressor;
use audio::{Frame, Moment, SampleRate};
use media::{HeardFrame, PlayoutKind};
use vad::StreamState;

use super::HeardAudio;

/// What the voice detector judges at a time.
const WINDOW: Duration = Duration::from_millis(32);

/// How long what was last heard counts as going on while nothing but concealment is heard.
const BENEFIT_OF_DOUBT: Duration = Duration::from_millis(200);

/// How a call is listened to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hearing {
    /// Whether noise is taken off before anything listens.
    pub suppress_noise: bool,
}

/// One call's ear, without I/O: frames go in, windows of 32 ms come out.
///
/// Its owner takes each window ([`window`](Self::window)), has the detector judge it with the
/// [`state`](Self::state) of this ear, and asks [`judge`](Self::judge) what that means, before it
/// takes the next window.
pub struct Ear {
    hearing: Hearing,
    state: StreamState,
    tract: Option<Tract>,
    doubt: Doubt,
    windows: u64,
}

impl Ear {
    /// An ear that has heard nothing yet.
    pub fn new(hearing: Hearing) -> Self {
        Self {
            hearing,
            state: StreamState::new(),
            tract: None,
            doubt: Doubt::default(),
            windows: 0,
        }
    }

    /// Takes the next frame. One of another rate than those before begins the stream anew.
    pub fn hear(&mut self, heard: &HeardFrame) {
        let rate = rate_of(&heard.frame);
        if self.tract.as_ref().is_none_or(|tract| tract.rate != rate) {
            self.tract = Some(Tract::new(rate, self.hearing));
            self.state.reset();
        }
        if let Some(tract) = &mut self.tract {
            tract.hear(heard);
        }
    }

    /// The next window, at the leg's rate, if enough was heard. Its probability is not known yet.
    pub fn window(&mut self) -> Option<HeardAudio> {
        let number = self.windows;
        let window = self.tract.as_mut()?.cut()?;
        self.windows += 1;
        Some(HeardAudio { number, ..window })
    }

    /// What the detector remembers of the windows before the one that was taken last.
    pub const fn state(&mut self) -> &mut StreamState {
        &mut self.state
    }

    /// The probability that counts for the window that was taken last, given the detector's.
    pub fn judge(&mut self, probability: f32) -> f32 {
        let concealed = self
            .tract
            .as_ref()
            .is_some_and(|tract| tract.is_mostly_concealed);
        self.doubt.judge(probability, concealed)
    }
}

impl std::fmt::Debug for Ear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ear")
            .field("hearing", &self.hearing)
            .finish_non_exhaustive()
    }
}

/// A frame has 20 ms, so its length tells its rate.
const fn rate_of(frame: &Frame) -> SampleRate {
    if frame.len() > Frame::CAPACITY / 2 {
        SampleRate::HZ_16000
    } else {
        SampleRate::HZ_8000
    }
}

/// What frames of one rate pass through.
struct Tract {
    rate: SampleRate,
    pending: VecDeque<i16>,
    until: Moment,
    /// When the last frame was delivered.
    delivered: Moment,
    suppressor: Option<NoiseSuppressor>,
    /// For each frame that is not cut into windows yet: how many samples, and whether they stand
    /// in for lost ones.
    kinds: VecDeque<(usize, bool)>,
    /// Whether at least half of the window that was cut last stands in for lost samples: it says
    /// nothing about the caller.
    is_mostly_concealed: bool,
}

impl Tract {
    fn new(rate: SampleRate, hearing: Hearing) -> Self {
        let suppressor = hearing
            .suppress_noise
            .then(|| NoiseSuppressor::new(rate))
            .and_then(Result::ok);
        Self {
            rate,
            pending: VecDeque::new(),
            until: Moment::ZERO,
            delivered: Moment::ZERO,
            suppressor,
            kinds: VecDeque::new(),
            is_mostly_concealed: false,
        }
    }

    fn hear(&mut self, heard: &HeardFrame) {
        let mut frame = heard.frame;
        self.until = heard.until;
        self.delivered = heard.delivered;
        if let Some(suppressor) = &mut self.suppressor {
            suppressor.process(frame.samples_mut());
            self.until = heard.until - suppressor.delay();
        }
        let samples = frame.samples();
        self.pending.extend(samples);
        let concealed = heard.kind == PlayoutKind::Concealed;
        self.kinds.push_back((samples.len(), concealed));
    }

    fn cut(&mut self) -> Option<HeardAudio> {
        let length = self.rate.samples_in(WINDOW);
        if self.pending.len() < length {
            return None;
        }
        let samples = self.pending.drain(..length).collect();
        self.is_mostly_concealed = 2 * self.take_concealed(length) >= length;
        Some(HeardAudio {
            number: 0,
            at: self.until - self.rate.duration_of(self.pending.len()),
            delivered: self.delivered,
            gathered: self.delivered,
            probability: 0.0,
            samples,
        })
    }

    /// How many of the next `length` samples stand in for lost ones.
    fn take_concealed(&mut self, length: usize) -> usize {
        let mut rest = length;
        let mut concealed = 0;
        while rest > 0
            && let Some((samples, stands_in)) = self.kinds.front_mut()
        {
            let taken = rest.min(*samples);
            concealed += if *stands_in { taken } else { 0 };
            *samples -= taken;
            rest -= taken;
            if *samples == 0 {
                self.kinds.pop_front();
            }
        }
        concealed
    }
}

/// Takes concealment for what it is: no sign that the caller has stopped.
#[derive(Debug, Default)]
struct Doubt {
    last: f32,
    lasted: Duration,
}

impl Doubt {
    fn judge(&mut self, probability: f32, concealed: bool) -> f32 {
        if !concealed || probability >= self.last || self.lasted >= BENEFIT_OF_DOUBT {
            self.last = probability;
            self.lasted = Duration::ZERO;
            return probability;
        }
        self.lasted += WINDOW;
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(millis: u64, kind: PlayoutKind, samples: &[i16]) -> HeardFrame {
        HeardFrame {
            until: Moment::from_millis(millis),
            delivered: Moment::from_millis(millis + 5),
            kind,
            frame: Frame::from_samples(samples).unwrap(),
        }
    }

    #[test]
    fn windows_are_cut_without_a_gap_and_dated_by_their_last_sample() {
        let mut tract = Tract::new(SampleRate::HZ_8000, Hearing::default());
        let mut windows = Vec::new();
        for index in 0..8_i16 {
            let samples: Vec<i16> = (0..160).map(|sample| index * 160 + sample).collect();
            tract.hear(&heard(
                1_000 + 20 * index as u64,
                PlayoutKind::Decoded,
                &samples,
            ));
            windows.extend(tract.cut());
        }
        let ends: Vec<u64> = windows.iter().map(|window| window.at.as_millis()).collect();
        assert_eq!(ends, [1_012, 1_044, 1_076, 1_108, 1_140]);
        let delivered = windows.iter().map(|window| window.delivered.as_millis());
        assert!(delivered.eq([1_025, 1_065, 1_085, 1_125, 1_145]));
        let samples: Vec<i16> = windows
            .iter()
            .flat_map(|window| window.samples.iter().copied())
            .collect();
        assert_eq!(samples, (0..1_280).collect::<Vec<i16>>());
    }

    #[test]
    fn a_wide_line_keeps_its_width_for_the_recogniser() {
        let mut tract = Tract::new(SampleRate::HZ_16000, Hearing::default());
        tract.hear(&heard(20, PlayoutKind::Decoded, &[1_000; 320]));
        assert!(tract.cut().is_none());
        tract.hear(&heard(40, PlayoutKind::Decoded, &[1_000; 320]));
        let window = tract.cut().unwrap();
        assert_eq!(window.samples.len(), 512);
        assert_eq!(window.at, Moment::from_millis(32));
    }

    #[test]
    fn a_line_that_changes_its_rate_is_heard_anew() {
        let mut ear = Ear::new(Hearing::default());
        ear.hear(&heard(20, PlayoutKind::Decoded, &[1_000; 160]));
        ear.hear(&heard(40, PlayoutKind::Decoded, &[1_000; 320]));
        assert!(ear.window().is_none());
        ear.hear(&heard(60, PlayoutKind::Decoded, &[2_000; 320]));
        let window = ear.window().unwrap();
        assert_eq!((window.number, window.samples.len()), (0, 512));
        assert_eq!(window.samples[0], 1_000);
    }

    #[test]
    fn a_window_is_mostly_concealed_if_half_of_it_is() {
        let mut tract = Tract::new(SampleRate::HZ_8000, Hearing::default());
        for (index, kind) in [
            PlayoutKind::Decoded,
            PlayoutKind::Concealed,
            PlayoutKind::Decoded,
            PlayoutKind::Decoded,
        ]
        .into_iter()
        .enumerate()
        {
            tract.hear(&heard(20 * index as u64, kind, &[0; 160]));
        }
        assert!(tract.cut().is_some());
        assert!(!tract.is_mostly_concealed);
        assert!(tract.cut().is_some());
        assert!(!tract.is_mostly_concealed);
    }

    #[test]
    fn concealment_is_no_sign_that_the_caller_stopped() {
        let mut doubt = Doubt::default();
        assert_eq!(doubt.judge(0.9, false), 0.9);
        assert_eq!(doubt.judge(0.2, true), 0.9);
        assert_eq!(doubt.judge(0.1, false), 0.1);
    }

    #[test]
    fn a_line_that_gives_nothing_but_concealment_has_stopped() {
        let mut doubt = Doubt::default();
        assert_eq!(doubt.judge(0.9, false), 0.9);
        let windows = (0..20).take_while(|_| doubt.judge(0.0, true) > 0.5).count();
        assert_eq!(windows, 7);
    }

    #[test]
    fn concealment_begins_no_turn() {
        let mut doubt = Doubt::default();
        assert_eq!(doubt.judge(0.1, false), 0.1);
        assert_eq!(doubt.judge(0.0, true), 0.1);
    }
}
