//! Keys that must be heard, and everything that must not be taken for one.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::time::Duration;

use audio::dtmf::{Detector, Digit, DigitTone, KeyPress};
use audio::file::read_mono;
use audio::{Companding, Decibels, FRAME, SampleRate};

const NARROW: SampleRate = SampleRate::HZ_8000;
const WIDE: SampleRate = SampleRate::HZ_16000;
/// The RMS level of 0 dBm0.
const ZERO: f32 = -6.15;

/// One key as it sounds on a line.
#[derive(Clone, Copy)]
struct Sound {
    rate: SampleRate,
    digit: Digit,
    /// Of both tones together, in dBm0.
    level: f32,
    twist: f32,
    on: Duration,
    /// The level of white noise in the telephone band, relative to the tones.
    noise: Option<f32>,
    law: Option<Companding>,
}

impl Sound {
    fn of(digit: Digit) -> Self {
        Self {
            rate: NARROW,
            digit,
            level: -15.0,
            twist: 1.0,
            on: millis(45),
            noise: None,
            law: None,
        }
    }

    /// The key pressed `times`, each time followed by a pause of `off`, after silence
    /// of `lead` samples.
    fn pressed(self, times: usize, off: Duration, lead: usize) -> Vec<i16> {
        let tone = DigitTone::new(
            self.digit,
            self.rate,
            Decibels::new(ZERO + self.level),
            self.twist,
        );
        let mut samples = vec![0; lead];
        for _ in 0..times {
            samples.extend(tone.clone().take(self.rate.samples_in(self.on)));
            samples.resize(samples.len() + self.rate.samples_in(off), 0);
        }
        samples.resize(samples.len() + self.rate.samples_in(millis(100)), 0);
        self.line(samples, lead as u64)
    }

    fn line(self, mut samples: Vec<i16>, seed: u64) -> Vec<i16> {
        if let Some(noise) = self.noise {
            // At a higher rate the same noise reaches further up.
            let wider = 10.0 * (self.rate.hertz() as f32 / 8_000.0).log10();
            let level = Decibels::new(ZERO + self.level + noise + wider);
            let deviation = f64::from(level.amplitude()) * 32_768.0;
            let mut random = Random(seed);
            for sample in &mut samples {
                let noisy = f64::from(*sample) + deviation * random.normal();
                *sample = noisy.round() as i16;
            }
        }
        if let Some(law) = self.law {
            let mut codes = vec![0; samples.len()];
            law.encode(&samples, &mut codes);
            law.decode(&codes, &mut samples);
        }
        samples
    }
}

/// Numbers that differ enough for noise.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn digit(name: char) -> Digit {
    Digit::from_char(name).expect("a key")
}

fn heard(rate: SampleRate, samples: &[i16]) -> Vec<KeyPress> {
    let mut detector = Detector::new(rate).expect("the rate is supported");
    let mut presses = Vec::new();
    for frame in samples.chunks(rate.samples_in(FRAME)) {
        detector.feed(frame, |press| presses.push(press));
    }
    presses
}

fn names(presses: &[KeyPress]) -> String {
    presses.iter().map(|press| press.digit.as_char()).collect()
}

#[test]
fn every_key_is_heard_at_every_level_through_both_laws_and_noise() {
    for digit in Digit::ALL {
        for rate in [NARROW, WIDE] {
            for law in [Companding::MuLaw, Companding::ALaw] {
                for level in [-30.0, -20.0, -10.0, 0.0] {
                    for lead in [0, 11, 22, 33, 44, 55] {
                        let sound = Sound {
                            rate,
                            level,
                            noise: Some(-15.0),
                            law: Some(law),
                            ..Sound::of(digit)
                        };
                        let samples = sound.pressed(3, millis(45), lead);
                        assert_eq!(
                            names(&heard(rate, &samples)),
                            digit.to_string().repeat(3),
                            "{rate} {law:?} {level} dBm0 after {lead}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_number_dialled_at_once_is_heard_digit_by_digit() {
    let number = "18005551234*#ABCD";
    let samples: Vec<i16> = number
        .chars()
        .flat_map(|name| {
            DigitTone::new(digit(name), NARROW, Decibels::new(-15.0), 2.0)
                .take(NARROW.samples_in(millis(40)))
                .chain(std::iter::repeat_n(0, NARROW.samples_in(millis(40))))
        })
        .collect();
    assert_eq!(names(&heard(NARROW, &samples)), number);
}

#[test]
fn a_key_held_for_long_is_reported_once() {
    for lead in 0..64 {
        let sound = Sound {
            on: Duration::from_secs(3),
            noise: Some(-15.0),
            ..Sound::of(digit('7'))
        };
        let samples = sound.pressed(1, millis(0), lead);
        assert_eq!(names(&heard(NARROW, &samples)), "7");
    }
}

#[test]
fn a_key_is_reported_40_ms_after_it_was_pressed_and_dated_to_its_beginning() {
    for rate in [NARROW, WIDE] {
        for lead in 100..400 {
            let sound = Sound {
                rate,
                on: millis(80),
                ..Sound::of(digit('3'))
            };
            let samples = sound.pressed(1, millis(0), lead);
            let mut detector = Detector::new(rate).expect("the rate is supported");
            let mut reported = None;
            for (place, sample) in samples.iter().enumerate() {
                detector.feed(std::slice::from_ref(sample), |press| {
                    reported = Some((press, rate.duration_of(place)));
                });
            }
            let (press, at) = reported.expect("the key is heard");
            let pressed = rate.duration_of(lead);
            let waited = at - pressed;
            assert!(waited <= millis(42), "{waited:?} after {lead} at {rate}");
            let off = press.began.abs_diff(pressed);
            assert!(off <= millis(7), "{off:?} after {lead} at {rate}");
        }
    }
}

#[test]
fn an_interruption_of_15_ms_does_not_make_two_keys_of_one() {
    for lead in 0..64 {
        let sound = Sound {
            on: millis(100),
            ..Sound::of(digit('0'))
        };
        let samples = sound.pressed(2, millis(15), lead);
        assert_eq!(names(&heard(NARROW, &samples)), "0");
    }
}

#[test]
fn a_sound_of_22_ms_is_no_key() {
    for digit in Digit::ALL {
        for lead in 0..64 {
            let sound = Sound {
                on: millis(22),
                ..Sound::of(digit)
            };
            assert_eq!(heard(NARROW, &sound.pressed(2, millis(60), lead)), []);
        }
    }
}

/// A second of two sines.
fn chord(low: f64, high: f64) -> Vec<i16> {
    let tone = |hertz: f64, n: i32| (f64::from(n) / 8_000.0 * hertz * TAU).sin();
    (0..8_000)
        .map(|n| (3_000.0 * (tone(low, n) + tone(high, n))) as i16)
        .collect()
}

fn frequencies(digit: Digit) -> (f64, f64) {
    let place = "123A456B789C*0#D"
        .find(digit.as_char())
        .expect("it is on the keypad");
    (
        [697.0, 770.0, 852.0, 941.0][place / 4],
        [1_209.0, 1_336.0, 1_477.0, 1_633.0][place % 4],
    )
}

#[test]
fn frequencies_may_be_off_by_1_5_percent_but_not_by_3_5() {
    for digit in Digit::ALL {
        let (low, high) = frequencies(digit);
        for (first, second) in [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)] {
            let within = chord(low * (1.0 + 0.015 * first), high * (1.0 + 0.015 * second));
            assert_eq!(names(&heard(NARROW, &within)), digit.to_string());
            let beyond = chord(low * (1.0 + 0.035 * first), high);
            assert_eq!(heard(NARROW, &beyond), []);
            let beyond = chord(low, high * (1.0 + 0.035 * second));
            assert_eq!(heard(NARROW, &beyond), []);
        }
    }
}

#[test]
fn the_lower_tone_may_be_8_decibels_louder_and_the_higher_one_4() {
    for (twist, expected) in [(-8.0, "5"), (4.0, "5"), (-11.0, ""), (7.0, "")] {
        let sound = Sound {
            twist,
            ..Sound::of(digit('5'))
        };
        for lead in 0..64 {
            let samples = sound.pressed(1, millis(45), lead);
            assert_eq!(names(&heard(NARROW, &samples)), expected, "{twist} dB");
        }
    }
}

#[test]
fn one_tone_alone_or_with_one_of_its_own_group_is_no_key() {
    for (low, high) in [
        (697.0, 697.0),
        (1_209.0, 1_209.0),
        (697.0, 852.0),
        (1_336.0, 1_633.0),
        (350.0, 440.0),
        (480.0, 620.0),
    ] {
        assert_eq!(heard(NARROW, &chord(low, high)), [], "{low} and {high} Hz");
    }
}

#[test]
fn tones_with_a_second_harmonic_are_no_key() {
    let key = chord(770.0, 1_336.0);
    let harmonics = chord(2.0 * 770.0, 2.0 * 1_336.0);
    let sung: Vec<i16> = key.iter().zip(harmonics).map(|(a, b)| a + b / 3).collect();
    assert_eq!(names(&heard(NARROW, &key)), "5");
    assert_eq!(heard(NARROW, &sung), []);
}

#[test]
fn tones_under_other_sound_that_is_nearly_as_loud_are_no_key() {
    let key = chord(770.0, 1_336.0);
    let other = chord(440.0, 2_000.0);
    let both: Vec<i16> = key.iter().zip(other).map(|(a, b)| a + b / 2).collect();
    assert_eq!(heard(NARROW, &both), []);
}

#[test]
fn noise_and_silence_are_no_key() {
    for seed in 0..20 {
        let sound = Sound {
            noise: Some(0.0),
            level: -10.0,
            ..Sound::of(digit('1'))
        };
        let noise = sound.line(vec![0; 80_000], seed);
        assert_eq!(heard(NARROW, &noise), []);
    }
    assert_eq!(heard(WIDE, &[0; 16_000]), []);
}

#[test]
fn a_rate_that_is_not_8_or_16_khz_is_refused() {
    assert!(Detector::new(SampleRate::HZ_48000).is_none());
}

/// Every recording below `folder`, which may be absent.
fn recordings(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wav"))
        .collect();
    paths.sort();
    paths
}

fn assert_no_key_in(folder: &str) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = recordings(&folder);
    for path in &paths {
        for rate in [NARROW, WIDE] {
            let speech = read_mono(path, rate).expect("a recording");
            // As it is, soft, and as loud as to be clipped.
            for (times, parts) in [(1, 1), (1, 4), (5, 1)] {
                let louder: Vec<i16> = speech
                    .iter()
                    .map(|&sample| (sample / parts).saturating_mul(times))
                    .collect();
                assert_eq!(heard(rate, &louder), [], "{}", path.display());
            }
        }
    }
    paths.len()
}

#[test]
fn no_voice_is_taken_for_a_key() {
    assert!(assert_no_key_in("../../fixtures") > 20);
    for folder in ["../../../shared/fixtures", "../../../shared/fixtures/turns"] {
        if assert_no_key_in(folder) == 0 {
            println!("skipped {folder}: there are no recordings");
        }
    }
}
