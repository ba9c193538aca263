//! How much a sound is articulated: words have a voice, and energy above its lowest resonance. A
//! hum lacks the second, breath and noise the first, and a cough begins with a burst.

use std::collections::VecDeque;
use std::f32::consts::FRAC_1_SQRT_2;
use std::time::Duration;

use audio::SampleRate;

use super::biquad::Biquad;

/// A hum lies below, the second formant of a vowel above.
const BORDER_HZ: f32 = 700.0;

/// What an open vowel has above the border at least, of its whole energy: -17 dB.
const OPEN: f32 = 0.02;

/// What a closed vowel has: -24 dB. Hums and nasal consonants have less than -30 dB.
const CLOSED: f32 = 0.004;

/// How much the most closed of vowels counts.
const HARDLY_OPEN: f32 = 0.25;

/// What a vowel with a rough voice, or through noise, has: -15 dB.
const ROUGH: f32 = 0.03;

/// How much that counts.
const HOARSE: f32 = 0.25;

/// What a whisper has, or a burst of breath: -8 dB.
const BREATH: f32 = 0.16;

/// How periodic a voice is, what is no voice at all, and what a fricative is at most.
const VOICED: f32 = 0.86;
const UNVOICED: f32 = 0.5;
const FRICATIVE: f32 = 0.6;

/// What a sibilant has above the telephone's band, of its whole energy, and how much it counts. No
/// sound of breath lies so high.
const HIGH: f32 = 0.8;
const SIBILANT: f32 = 0.35;

/// Below this mean square, -64 dBov, there is nothing to hear.
const AUDIBLE: f32 = 400.0;

/// Below -45 dBov nobody speaks into the telephone, and below -41 dBov what sounds like words counts
/// this much: there may be others in the room.
const REMOTE: f32 = 30_000.0;
const NEAR: f32 = 80_000.0;
const FAR_OFF: f32 = 0.25;

/// A caller whose speech is softer than this, -30 dBov, has a soft line or voice: what is near is as
/// much softer with them.
const SOFT: f32 = 1_100_000.0;

/// How much of a caller's level is that of the latest window: it takes two seconds to learn.
const LEARNT: f32 = 1.0 / 64.0;

/// What is softer than the loudest of late by this, -14 dB, is what sounds between syllables.
const FAINT: f32 = 0.04;

/// What falls by this from one window to the next, 10 dB, was struck or is over.
const DYING: f32 = 0.1;

/// How much of a sound counts in the window in which it suddenly begins: whatever is struck rings.
const SUDDEN: f32 = 0.3;

/// What remains of the loudest with each window.
const FADING: f32 = 0.8;

/// What is softer than what follows by this, -18 dB, is not yet its beginning, unless it is a
/// fricative: those are softer than their vowel by up to 40 dB.
const BEGINNING: f32 = 0.016;
const HISSING: f32 = 0.0001;

/// Windows that may belong to the beginning of a sound.
const BEFORE: usize = 2;

/// A burst at most 10 dB softer than the voice after it, and 6 dB louder than the breath between,
/// is that of a cough. A consonant swells, and is softer than its vowel.
const SOFTER: f32 = 0.1;
const FALLEN: f32 = 0.25;

/// A second burst is louder than what went before it by this, 6 dB.
const ANEW: f32 = 4.0;

/// How much a whisper counts: so little that two coughs do not add up.
const WHISPERED: f32 = 0.04;

/// Windows for which a burst is remembered, and those for which the voice of a cough lasts.
const REMEMBERED: u32 = 12;
const COUGHED: u32 = 5;

/// The rate at which pitch is looked for, below what, what is looked at, and its lags: 400 to 70 Hz.
/// What lies higher repeats itself less the more open the vowel, and would hide the pitch.
const PITCH_RATE: u32 = 4_000;
const PITCH_HZ: f32 = 900.0;
const LOOKED_AT: usize = 192;
const LAGS: std::ops::RangeInclusive<usize> = 10..=57;

/// What a telephone line has, and the qualities of a filter of the fourth order (Butterworth).
const NARROW: SampleRate = SampleRate::HZ_8000;
const TELEPHONE_HZ: f32 = 3_400.0;
const STEEP: [f32; 2] = [0.541, 1.307];

/// What a window sounds like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Judgement {
    /// How much of it counts as words, 0 to 1.
    pub(super) articulated: f32,
    /// How long the sound has lasted at its end, as far as that is looked back.
    pub(super) unbroken: Duration,
    /// How much of that counts as words, this window left out.
    pub(super) articulated_before: Duration,
}

/// Listens to one line: two second-order high-passes (Butterworth) in a row, three sums, and how
/// much the sound repeats itself. Of a wide line it hears what a telephone line has of it, or a
/// sibilant would be as loud as a cough; that there is one is told by what the telephone lacks.
#[derive(Debug)]
pub(super) struct Articulation {
    rate: SampleRate,
    narrow: Option<[Biquad; 2]>,
    above: [Biquad; 2],
    /// What is left of the line before it is looked at at [`PITCH_RATE`].
    below: [Biquad; 2],
    /// The last of the line at [`PITCH_RATE`].
    slow: VecDeque<f32>,
    before: VecDeque<Earlier>,
    loudest: f32,
    /// The mean square of the caller's speech, once some was heard.
    usual: Option<f32>,
    burst: Option<Burst>,
}

/// What there is in a window.
#[derive(Clone, Copy, Debug)]
struct Heard {
    /// The mean square in the telephone's band.
    power: f32,
    /// The share of it above the border.
    share: f32,
    /// The mean square beyond that band.
    beyond: f32,
}

/// A window that may belong to the beginning of the next ones.
#[derive(Clone, Copy, Debug)]
struct Earlier {
    power: f32,
    fricative: bool,
    articulated: f32,
}

/// A sudden noise, and what came after it.
#[derive(Clone, Copy, Debug)]
struct Burst {
    power: f32,
    /// Whether it was followed by something softer.
    fell: bool,
    /// Whether it was followed by the voice of a cough.
    coughed: bool,
    age: u32,
    voiced: u32,
}

impl Articulation {
    pub(super) fn new(rate: SampleRate) -> Self {
        let wide = rate.hertz() > NARROW.hertz();
        Self {
            rate,
            narrow: wide
                .then(|| STEEP.map(|quality| Biquad::low_pass(TELEPHONE_HZ, quality, rate))),
            above: [Biquad::high_pass(BORDER_HZ, FRAC_1_SQRT_2, rate); 2],
            below: STEEP.map(|quality| Biquad::low_pass(PITCH_HZ, quality, rate)),
            slow: VecDeque::from([0.0; LOOKED_AT]),
            before: VecDeque::with_capacity(BEFORE + 1),
            loudest: 0.0,
            usual: None,
            burst: None,
        }
    }

    /// Learns how loud the caller is: what was heard last is speech of a turn of theirs.
    pub(super) fn learn(&mut self) {
        let Some(last) = self.before.back() else {
            return;
        };
        if last.power > AUDIBLE && last.power >= FAINT * self.loudest {
            let usual = self.usual.get_or_insert(last.power);
            *usual += LEARNT * (last.power - *usual);
        }
    }

    /// How much softer than others the caller is, 0 to 1.
    fn softness(&self) -> f32 {
        self.usual.map_or(1.0, |usual| (usual / SOFT).min(1.0))
    }

    /// Hears the next samples of the line, and says what they sound like.
    pub(super) fn hear(&mut self, samples: &[i16]) -> Judgement {
        let Heard {
            power,
            share,
            beyond,
        } = self.filter(samples);
        self.remember(samples);
        self.loudest = power.max(FADING * self.loudest);
        let periodic = if power > AUDIBLE {
            self.periodicity()
        } else {
            0.0
        };
        let begun = self.before.iter().rev();
        let begun = begun.take_while(|earlier| {
            earlier.power >= BEGINNING * power
                || (earlier.fricative && earlier.power >= HISSING * power)
        });
        let (windows, before) = begun.fold((1, 0.0), |(windows, articulated), earlier| {
            (windows + 1, articulated + earlier.articulated)
        });
        let mut articulated = self.articulated(power, share, periodic);
        if self.is_sibilant(power, beyond) {
            articulated = articulated.max(SIBILANT);
        }
        if windows == 1 {
            articulated = articulated.min(SUDDEN);
        }
        self.before.push_back(Earlier {
            power,
            fricative: power > AUDIBLE && periodic < FRICATIVE && share >= BREATH,
            articulated,
        });
        if self.before.len() > BEFORE {
            self.before.pop_front();
        }
        let duration = self.rate.duration_of(samples.len());
        Judgement {
            articulated,
            unbroken: duration * windows,
            articulated_before: duration.mul_f32(before),
        }
    }

    fn filter(&mut self, samples: &[i16]) -> Heard {
        let (mut wide, mut whole, mut above) = (0.0_f32, 0.0_f32, 0.0_f32);
        for sample in samples {
            let input = f32::from(*sample);
            let narrow = self.narrow.iter_mut().flatten();
            let heard = narrow.fold(input, |input, filter| filter.pass(input));
            let high = self.above.iter_mut();
            let high = high.fold(heard, |input, filter| filter.pass(input));
            wide += input * input;
            whole += heard * heard;
            above += high * high;
        }
        let length = samples.len().max(1) as f32;
        Heard {
            power: whole / length,
            share: above / whole.max(f32::MIN_POSITIVE),
            beyond: (wide - whole).max(0.0) / length,
        }
    }

    fn remember(&mut self, samples: &[i16]) {
        let step = (self.rate.hertz() / PITCH_RATE).max(1) as usize;
        for group in samples.chunks(step) {
            self.slow.pop_front();
            let low = |sample: &i16| {
                let filters = self.below.iter_mut();
                filters.fold(f32::from(*sample), |input, filter| filter.pass(input))
            };
            let sum: f32 = group.iter().map(low).sum();
            self.slow.push_back(sum / step as f32);
        }
    }

    /// Whether this is a consonant such as "s", of which a telephone line has next to nothing.
    fn is_sibilant(&self, power: f32, beyond: f32) -> bool {
        let whole = power + beyond;
        whole >= self.softness() * NEAR && beyond >= HIGH * whole
    }

    fn articulated(&mut self, power: f32, share: f32, periodic: f32) -> f32 {
        let last = self.before.back().map_or(0.0, |earlier| earlier.power);
        let softness = self.softness();
        let remote = (softness * REMOTE).max(AUDIBLE);
        if power <= remote || power < FAINT * self.loudest || power < DYING * last {
            return 0.0;
        }
        if periodic < UNVOICED && share >= BREATH {
            let anew = |burst: Burst| {
                power >= burst.power || burst.voiced > 0 || (burst.fell && power >= ANEW * last)
            };
            if self.burst.is_none_or(anew) {
                self.burst = Some(Burst {
                    power,
                    fell: false,
                    coughed: false,
                    age: 0,
                    voiced: 0,
                });
            }
        }
        if self.is_coughed(power, periodic) {
            return 0.0;
        }
        let near = if power < softness * NEAR {
            FAR_OFF
        } else {
            1.0
        };
        let words = match periodic {
            VOICED.. if share >= OPEN => 1.0,
            VOICED.. if share >= CLOSED => {
                let open = (share / CLOSED).ln() / (OPEN / CLOSED).ln();
                HARDLY_OPEN + (1.0 - HARDLY_OPEN) * open * open
            }
            UNVOICED..VOICED if share >= ROUGH => HOARSE,
            ..UNVOICED if share >= BREATH => WHISPERED,
            _ => 0.0,
        };
        near * words
    }

    /// Whether this is the voice at a cough's end.
    fn is_coughed(&mut self, power: f32, periodic: f32) -> bool {
        let Some(burst) = &mut self.burst else {
            return false;
        };
        let voiced = periodic >= UNVOICED;
        burst.age += 1;
        burst.voiced += u32::from(voiced);
        burst.fell |= power < FALLEN * burst.power;
        if burst.age > REMEMBERED || burst.voiced > COUGHED {
            self.burst = None;
            return false;
        }
        let follows = burst.fell && burst.power >= SOFTER * power;
        burst.coughed |= voiced && follows;
        voiced && burst.coughed
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
    use std::f32::consts::TAU;

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
    fn a_soft_voice_is_the_rooms_until_the_caller_is_known_to_be_soft() {
        let soft: Vec<i16> = vowel().iter().map(|sample| sample / 50).collect();
        let mut articulation = Articulation::new(RATE);
        let hear = |articulation: &mut Articulation| {
            let windows = soft.chunks(256);
            windows.fold(0.0, |_, window| articulation.hear(window).articulated)
        };
        assert_eq!(hear(&mut articulation), 0.0);
        articulation.learn();
        assert_eq!(hear(&mut articulation), 1.0);
    }

    #[test]
    fn a_loud_caller_changes_nothing() {
        let mut articulation = Articulation::new(RATE);
        articulation.hear(&vowel()[..256]);
        articulation.learn();
        assert_eq!(articulation.softness(), 1.0);
    }

    #[test]
    fn what_is_struck_rings_and_is_no_word() {
        let ring = |(place, sample): (usize, i16)| {
            let fades = (-(place as f32) / 120.0).exp();
            (f32::from(sample) * fades) as i16
        };
        let knock: Vec<i16> = vowel().into_iter().enumerate().map(ring).collect();
        let struck = heard(&[knock.clone(), knock]);
        assert!(struck.iter().all(|share| *share <= SUDDEN), "{struck:?}");
        assert!(struck.iter().sum::<f32>() < 0.9, "{struck:?}");
    }

    #[test]
    fn the_voice_after_a_softer_cough_than_the_one_before_is_no_word() {
        let breath = vec![0; 4 * 256];
        let parts = [
            noise(20_000),
            noise(5_000),
            breath,
            noise(8_000),
            noise(2_000),
        ];
        let cough = [parts.concat(), vowel()].concat();
        let twice = heard(&[cough]);
        assert!(twice.iter().all(|share| *share <= WHISPERED), "{twice:?}");
    }

    #[test]
    fn the_more_open_a_vowel_the_more_it_counts() {
        let counts = |upper: f32| {
            let vowel = voice(|hertz| if hertz < 400.0 { 1.0 } else { upper });
            heard(&[vowel])[2]
        };
        let counted = [0.005, 0.03, 0.04, 0.2].map(counts);
        assert!(counted.is_sorted(), "{counted:?}");
        assert!(
            counted[0] == 0.0 && counted[1] >= HARDLY_OPEN,
            "{counted:?}"
        );
        assert!(counted[2] > counted[1] && counted[3] == 1.0, "{counted:?}");
    }

    #[test]
    fn a_sibilant_is_part_of_words_and_no_burst_on_a_wide_line() {
        let rate = SampleRate::HZ_16000;
        // What varies slowly becomes a sound just below 8 kHz with each second sign turned.
        let slow = noise(30_000);
        let sibilant = slow.windows(8).enumerate().map(|(place, around)| {
            let sum: i32 = around.iter().map(|sample| i32::from(*sample)).sum();
            (if place % 2 == 0 { sum / 8 } else { -sum / 8 }) as i16
        });
        let sibilant: Vec<i16> = sibilant.take(512).collect();
        let softer: Vec<i16> = sibilant.iter().map(|sample| sample / 3).collect();
        let vowel = audio::resample::resample(&vowel(), RATE, rate).unwrap();
        let mut articulation = Articulation::new(rate);
        let sibilants = [sibilant, softer].map(|window| articulation.hear(&window).articulated);
        assert_eq!(sibilants, [SUDDEN, SIBILANT]);
        let windows = vowel.chunks(512).map(|window| articulation.hear(window));
        let heard: Vec<f32> = windows.map(|judged| judged.articulated).collect();
        assert_eq!(heard[1..], [1.0, 1.0]);
    }

    #[test]
    fn the_pitch_of_a_bright_vowel_is_heard() {
        let bright = voice(|hertz| {
            if (1_000.0..2_800.0).contains(&hertz) {
                1.0
            } else {
                0.3
            }
        });
        assert_eq!(heard(&[bright])[1..], [1.0, 1.0]);
    }

    #[test]
    fn a_soft_fricative_and_the_words_in_it_belong_to_the_sound() {
        let mut articulation = Articulation::new(RATE);
        articulation.hear(&noise(200)[..256]);
        articulation.hear(&noise(200)[256..512]);
        let judged = articulation.hear(&vowel()[..256]);
        assert_eq!(judged.unbroken.as_millis(), 96);
        assert!(judged.articulated_before.is_zero());
        articulation.hear(&vowel()[256..512]);
        let judged = articulation.hear(&vowel()[512..]);
        assert!(judged.articulated_before >= Duration::from_millis(32));
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
