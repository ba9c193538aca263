//! How much a sound is articulated: words have a voice, and energy above its lowest resonance. A
//! hum lacks the second, breath and noise the first, and a cough begins with a burst.

use std::collections::VecDeque;
use std::f32::consts::{FRAC_1_SQRT_2, TAU};
use std::time::Duration;

use audio::SampleRate;

/// A hum lies below, the second formant of a vowel above.
const BORDER_HZ: f32 = 700.0;

/// What an open vowel has above the border at least, of its whole energy: -17 dB.
const OPEN: f32 = 0.02;

/// What a closed vowel has: -24 dB. Hums and nasal consonants have less than -30 dB.
const CLOSED: f32 = 0.004;

/// What a vowel with a rough voice, or through noise, has: -14 dB.
const ROUGH: f32 = 0.04;

/// What a whisper has, or a burst of breath: -8 dB.
const BREATH: f32 = 0.16;

/// How periodic a voice is, and what is no voice at all.
const VOICED: f32 = 0.8;
const UNVOICED: f32 = 0.5;

/// Below this mean square nothing is said about a sound.
const LEAST_POWER: f32 = 400.0;

/// What is softer than the loudest of late by this, -20 dB, is what sounds between syllables.
const FAINT: f32 = 0.01;

/// What remains of the loudest with each window.
const FADING: f32 = 0.8;

/// What is softer than what follows by this, -18 dB, is not yet its beginning.
const BEGINNING: f32 = 0.016;

/// Windows that may belong to the beginning of a sound.
const BEFORE: usize = 2;

/// A burst at most 10 dB softer than the voice after it, and 6 dB louder than the breath between,
/// is that of a cough. A consonant swells, and is softer than its vowel.
const SOFTER: f32 = 0.1;
const FALLEN: f32 = 0.25;

/// How much a whisper counts: so little that two coughs do not add up.
const WHISPERED: f32 = 0.04;

/// Windows for which a burst is remembered, and those for which the voice of a cough lasts.
const REMEMBERED: u32 = 12;
const COUGHED: u32 = 5;

/// The rate at which pitch is looked for, what is looked at, and its lags: 400 to 70 Hz.
const PITCH_RATE: u32 = 4_000;
const LOOKED_AT: usize = 192;
const LAGS: std::ops::RangeInclusive<usize> = 10..=57;

/// What a window sounds like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Judgement {
    /// How much of it counts as words, 0 to 1.
    pub(super) articulated: f32,
    /// How long the sound has lasted at its end, as far as that is looked back.
    pub(super) unbroken: Duration,
}

/// Listens to one line: two second-order high-passes (Butterworth) in a row, two sums, and how
/// much the sound repeats itself.
#[derive(Debug)]
pub(super) struct Articulation {
    rate: SampleRate,
    feed: [f32; 3],
    back: [f32; 2],
    memory: [[f32; 2]; 2],
    /// The last of the line at [`PITCH_RATE`].
    slow: VecDeque<f32>,
    /// The power of the windows before.
    before: VecDeque<f32>,
    loudest: f32,
    burst: Option<Burst>,
}

/// A sudden noise, and what came after it.
#[derive(Clone, Copy, Debug)]
struct Burst {
    power: f32,
    /// Whether it was followed by something softer.
    fell: bool,
    age: u32,
    voiced: u32,
}

impl Articulation {
    pub(super) fn new(rate: SampleRate) -> Self {
        let angle = TAU * BORDER_HZ / rate.hertz() as f32;
        let (sine, cosine) = angle.sin_cos();
        let alpha = sine * FRAC_1_SQRT_2;
        let scale = 1.0 / (1.0 + alpha);
        let edge = (1.0 + cosine) / 2.0 * scale;
        Self {
            rate,
            feed: [edge, -2.0 * edge, edge],
            back: [-2.0 * cosine * scale, (1.0 - alpha) * scale],
            memory: [[0.0; 2]; 2],
            slow: VecDeque::from([0.0; LOOKED_AT]),
            before: VecDeque::with_capacity(BEFORE + 1),
            loudest: 0.0,
            burst: None,
        }
    }

    /// Hears the next samples of the line, and says what they sound like.
    pub(super) fn hear(&mut self, samples: &[i16]) -> Judgement {
        let (power, share) = self.filter(samples);
        self.remember(samples);
        self.loudest = power.max(FADING * self.loudest);
        let begun = self.before.iter().rev();
        let begun = begun.take_while(|before| **before >= BEGINNING * power);
        let windows = 1 + begun.count() as u32;
        self.before.push_back(power);
        if self.before.len() > BEFORE {
            self.before.pop_front();
        }
        let audible = power > LEAST_POWER && power >= FAINT * self.loudest;
        Judgement {
            articulated: if audible {
                self.articulated(power, share)
            } else {
                0.0
            },
            unbroken: self.rate.duration_of(samples.len()) * windows,
        }
    }

    /// The mean square of the samples, and the share of it above the border.
    fn filter(&mut self, samples: &[i16]) -> (f32, f32) {
        let (mut whole, mut above) = (0.0_f32, 0.0_f32);
        for sample in samples {
            let input = f32::from(*sample);
            let mut high = input;
            for memory in &mut self.memory {
                let passed = self.feed[0].mul_add(high, memory[0]);
                memory[0] = self.feed[1] * high - self.back[0] * passed + memory[1];
                memory[1] = self.feed[2] * high - self.back[1] * passed;
                high = passed;
            }
            whole += input * input;
            above += high * high;
        }
        (
            whole / samples.len().max(1) as f32,
            above / whole.max(f32::MIN_POSITIVE),
        )
    }

    fn remember(&mut self, samples: &[i16]) {
        let step = (self.rate.hertz() / PITCH_RATE).max(1) as usize;
        for group in samples.chunks(step) {
            self.slow.pop_front();
            let sum: f32 = group.iter().map(|sample| f32::from(*sample)).sum();
            self.slow.push_back(sum / step as f32);
        }
    }

    fn articulated(&mut self, power: f32, share: f32) -> f32 {
        let periodic = self.periodicity();
        if periodic < UNVOICED && share >= BREATH {
            let anew = |burst: Burst| power >= burst.power || burst.voiced > 0;
            if self.burst.is_none_or(anew) {
                self.burst = Some(Burst {
                    power,
                    fell: false,
                    age: 0,
                    voiced: 0,
                });
            }
        }
        if self.is_coughed(power, periodic) {
            return 0.0;
        }
        match periodic {
            VOICED.. if share >= OPEN => 1.0,
            VOICED.. if share >= CLOSED => 0.25,
            UNVOICED..VOICED if share >= ROUGH => 0.5,
            ..UNVOICED if share >= BREATH => WHISPERED,
            _ => 0.0,
        }
    }

    /// Whether this is the voice at a cough's end.
    fn is_coughed(&mut self, power: f32, periodic: f32) -> bool {
        let Some(burst) = &mut self.burst else {
            return false;
        };
        burst.age += 1;
        burst.voiced += u32::from(periodic >= UNVOICED);
        burst.fell |= power < FALLEN * burst.power;
        if burst.age > REMEMBERED || burst.voiced > COUGHED {
            self.burst = None;
            return false;
        }
        burst.fell && periodic >= UNVOICED && burst.power >= SOFTER * power
    }

    /// How much the sound repeats itself at the best pitch, 0 to 1.
    fn periodicity(&mut self) -> f32 {
        let heard = self.slow.make_contiguous();
        let mean = heard.iter().sum::<f32>() / heard.len() as f32;
        let likeness = |lag: usize| {
            let (mut both, mut late, mut early) = (0.0_f32, 1.0_f32, 1.0_f32);
            for (one, other) in heard.iter().skip(lag).zip(heard.iter()) {
                let (one, other) = (one - mean, other - mean);
                both += one * other;
                late += one * one;
                early += other * other;
            }
            both / (late * early).sqrt()
        };
        LAGS.map(likeness).fold(0.0, f32::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_8000;

    /// 96 ms of harmonics of 110 Hz, each as strong as `gain` makes it at its frequency.
    fn voice(gain: impl Fn(f32) -> f32) -> Vec<i16> {
        (0..768)
            .map(|place| {
                let time = place as f32 / RATE.hertz() as f32;
                let harmonics = (1..30).map(|index| {
                    let hertz = 110.0 * index as f32;
                    gain(hertz) * (TAU * hertz * time).sin()
                });
                (2_000.0 * harmonics.sum::<f32>()) as i16
            })
            .collect()
    }

    fn hum() -> Vec<i16> {
        voice(|hertz| if hertz < 400.0 { 1.0 } else { 0.005 })
    }

    fn vowel() -> Vec<i16> {
        voice(|hertz| if hertz < 800.0 { 1.0 } else { 0.25 })
    }

    fn noise(peak: i32) -> Vec<i16> {
        let mut state = 1_u32;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) as i32 % (2 * peak) - peak) as i16
        };
        std::iter::repeat_with(next).take(768).collect()
    }

    /// How much of each window counts as words.
    fn heard(parts: &[Vec<i16>]) -> Vec<f32> {
        let mut articulation = Articulation::new(RATE);
        let samples = parts.concat();
        let windows = samples.chunks(256);
        windows
            .map(|window| articulation.hear(window).articulated)
            .collect()
    }

    #[test]
    fn a_hum_is_not_articulated() {
        assert!(heard(&[hum(), hum()]).iter().all(|share| *share == 0.0));
    }

    #[test]
    fn a_vowel_is_as_soon_as_its_pitch_is_heard() {
        assert_eq!(heard(&[vowel()])[1..], [1.0, 1.0]);
    }

    #[test]
    fn a_word_that_begins_with_a_nasal_is_with_its_vowel() {
        assert_eq!(heard(&[hum(), vowel()])[4..], [1.0, 1.0]);
    }

    #[test]
    fn breath_hardly_is() {
        assert!(
            heard(&[noise(2_000)])
                .iter()
                .all(|share| *share <= WHISPERED)
        );
    }

    #[test]
    fn the_voice_after_a_burst_is_part_of_a_cough() {
        let cough = heard(&[noise(20_000), noise(5_000), vowel()]);
        assert!(cough.iter().all(|share| *share <= WHISPERED), "{cough:?}");
        let goes_on = heard(&[noise(20_000), noise(5_000), vowel(), vowel(), vowel()]);
        assert_eq!(goes_on[13..], [1.0, 1.0]);
    }

    #[test]
    fn so_is_the_voice_after_a_second_burst() {
        let cough = || [noise(20_000), noise(5_000), vowel()].concat();
        let twice = heard(&[cough(), cough()]);
        assert!(twice.iter().all(|share| *share <= WHISPERED), "{twice:?}");
    }

    #[test]
    fn the_voice_after_a_soft_consonant_is_a_word() {
        assert_eq!(heard(&[noise(2_000), vowel()])[4..], [1.0, 1.0]);
        assert_eq!(heard(&[noise(8_000), vowel()])[4..], [1.0, 1.0]);
    }

    #[test]
    fn next_to_nothing_is_not() {
        assert!(heard(&[noise(10)]).iter().all(|share| *share == 0.0));
    }

    #[test]
    fn a_sound_has_lasted_since_it_came_near_its_loudness() {
        let mut articulation = Articulation::new(RATE);
        let mut unbroken = |samples: &[i16]| articulation.hear(samples).unbroken.as_millis();
        assert_eq!(unbroken(&noise(10)[..256]), 32);
        assert_eq!(unbroken(&noise(2_000)[..256]), 32);
        assert_eq!(unbroken(&vowel()[..256]), 64);
        assert_eq!(unbroken(&vowel()[256..512]), 96);
    }
}
