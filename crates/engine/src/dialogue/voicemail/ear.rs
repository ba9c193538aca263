//! When the far end speaks and beeps.

use std::ops::RangeInclusive;
use std::time::Duration;

use audio::beep::{Beep, Detector};
use audio::{Moment, SampleRate};

/// Pauses within the first speech, which people make longer to wait for an answer.
const PAUSE: Duration = Duration::from_secs(1);

/// First speech that is so long, with a beep after it, is a greeting whatever its words are.
const LONG: Duration = Duration::from_millis(2_500);

/// How soon a beep comes after a greeting.
const BEEP_WITHIN: Duration = Duration::from_secs(4);

/// A tone that is longer is no beep: faxes and lines that are given up sound so.
const LONGEST_BEEP: Duration = Duration::from_secs(3);

/// Frequencies in hertz of the tones with which networks say that it rings or is busy.
const OF_NETWORKS: RangeInclusive<f32> = 390.0..=470.0;

/// For so long after a beep its end may be taken for a voice.
const ECHO: Duration = Duration::from_millis(250);

/// What is heard of the far end, apart from words.
#[derive(Debug)]
pub(super) struct Ear {
    rate: SampleRate,
    /// Hears beeps; there from the first window on, unless it does not know the rate.
    detector: Option<Box<Detector>>,
    /// Samples that it was fed.
    fed: usize,
    /// The first speech.
    first: Option<Speech>,
    /// The last sound of a voice.
    voice: Option<Moment>,
    /// The end of the last beep, unless somebody has spoken since.
    beep: Option<Moment>,
}

#[derive(Clone, Copy, Debug)]
struct Speech {
    began: Moment,
    until: Moment,
}

/// A beep that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beeped {
    /// Whether it comes after a greeting, by the sound of both.
    pub(super) ends_greeting: bool,
}

impl Ear {
    pub(super) fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            detector: None,
            fed: 0,
            first: None,
            voice: None,
            beep: None,
        }
    }

    /// The last sound of a voice.
    pub(super) const fn voice(&self) -> Option<Moment> {
        self.voice
    }

    /// Whether a beep was the last that was heard.
    pub(super) const fn has_beeped(&self) -> bool {
        self.beep.is_some()
    }

    /// Whether a tone sounds that may be a beep.
    pub(super) fn hears_tone(&self) -> bool {
        let detector = self.detector.as_ref();
        detector.is_some_and(|detector| detector.sounding_since().is_some())
    }

    /// Takes a window of audio whose last sample was heard at `at`, which is `speech` or not, and
    /// returns the last beep that ends in it.
    pub(super) fn hear(&mut self, at: Moment, samples: &[i16], speech: bool) -> Option<Beeped> {
        if self.fed == 0 {
            self.detector = Detector::new(self.rate).map(Box::new);
        }
        self.fed += samples.len();
        let fed = self.rate.duration_of(self.fed);
        let moment = |place: Duration| at - fed.saturating_sub(place);
        let mut beep: Option<Beep> = None;
        let sounding = self.detector.as_mut().and_then(|detector| {
            detector.feed(samples, |one| beep = Some(one));
            detector.sounding_since()
        });
        if let Some(began) = sounding.or_else(|| beep.map(|beep| beep.began)) {
            // A detector of voices may take the beginning of a tone for one.
            let began = moment(began);
            self.voice = self.voice.map(|voice| voice.min(began));
            if let Some(first) = &mut self.first {
                first.until = first.until.min(began);
            }
        } else if speech {
            self.voiced(at - self.rate.duration_of(samples.len()), at);
        }
        let beep = beep.filter(|beep| beep.ended.saturating_sub(beep.began) <= LONGEST_BEEP)?;
        self.beep = Some(moment(beep.ended));
        let of_network = OF_NETWORKS.contains(&beep.hertz);
        Some(Beeped {
            ends_greeting: !of_network && self.has_greeted(moment(beep.began)),
        })
    }

    /// Somebody spoke from `began` until `until`.
    fn voiced(&mut self, began: Moment, until: Moment) {
        if self.beep.is_some_and(|beep| until <= beep + ECHO) {
            return;
        }
        self.beep = None;
        self.voice = Some(until);
        let first = self.first.get_or_insert(Speech { began, until });
        if began <= first.until + PAUSE {
            first.until = until;
        }
    }

    /// Whether the first speech was long and over shortly before this moment.
    fn has_greeted(&self, by: Moment) -> bool {
        self.first.is_some_and(|first| {
            first.until.since(first.began) >= LONG && by.since(first.until) <= BEEP_WITHIN
        })
    }
}
