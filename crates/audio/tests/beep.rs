//! Tones that must be heard as a beep, and everything that must not be taken for one.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::time::Duration;

use audio::beep::{Beep, Detector};
use audio::dtmf::{Digit, DigitTone};
use audio::file::read_mono;
use audio::{Companding, Decibels, FRAME, NoiseSuppressor, SampleRate, Tone};

const NARROW: SampleRate = SampleRate::HZ_8000;
const WIDE: SampleRate = SampleRate::HZ_16000;
const RATES: [SampleRate; 2] = [NARROW, WIDE];

/// A reproducible source of noise.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About normally distributed, with a variance of 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn heard(rate: SampleRate, samples: &[i16]) -> Vec<Beep> {
    let mut detector = Detector::new(rate).expect("the rate is supported");
    let mut beeps = Vec::new();
    // Pieces of a prime length meet every alignment.
    for piece in samples.chunks(149) {
        detector.feed(piece, |beep| beeps.push(beep));
    }
    beeps
}

/// A tone after `lead` of silence and before a fifth of a second of it.
fn beep(rate: SampleRate, hertz: f32, level: f32, lead: Duration, length: Duration) -> Vec<i16> {
    let mut samples = vec![0; rate.samples_in(lead)];
    let tone = Tone::new(rate, hertz, Decibels::new(level));
    samples.extend(tone.take(rate.samples_in(length)));
    samples.resize(samples.len() + rate.samples_in(millis(200)), 0);
    samples
}

fn noisy(mut samples: Vec<i16>, level: f32, seed: u64) -> Vec<i16> {
    let deviation = f64::from(Decibels::new(level).amplitude()) * 32_768.0;
    let mut random = Random(seed);
    for sample in &mut samples {
        *sample = (f64::from(*sample) + deviation * random.normal()).round() as i16;
    }
    samples
}

fn chord(rate: SampleRate, tones: &[f64], seconds: f64) -> Vec<i16> {
    let count = (seconds * f64::from(rate.hertz())) as usize;
    (0..count)
        .map(|place| {
            let time = place as f64 / f64::from(rate.hertz());
            let sum: f64 = tones.iter().map(|hertz| (TAU * hertz * time).sin()).sum();
            (4_000.0 * sum) as i16
        })
        .collect()
}

fn near(one: Duration, other: Duration) -> bool {
    one.abs_diff(other) <= millis(20)
}

#[test]
fn every_tone_of_120_ms_is_heard_once_and_dated() {
    for rate in RATES {
        for hertz in (360..2_090).step_by(37) {
            for (turn, level) in [(0, -3.0), (7, -20.0), (13, -38.0)] {
                let lead = millis(300 + turn);
                let samples = beep(rate, hertz as f32, level, lead, millis(120));
                let beeps = heard(rate, &samples);
                let [beep] = beeps[..] else {
                    panic!("{hertz} Hz at {level}: {beeps:?}");
                };
                let off = (beep.hertz - hertz as f32).abs();
                assert!(off <= 5.0, "{hertz} Hz: {beep:?}");
                assert!(near(beep.began, lead), "{hertz} Hz: {beep:?}");
                assert!(near(beep.ended, lead + millis(120)), "{hertz} Hz: {beep:?}");
            }
        }
    }
}

#[test]
fn a_beep_is_heard_in_noise_and_through_both_laws() {
    for (seed, hertz) in [
        (1, 440.0),
        (2, 850.0),
        (3, 1_000.0),
        (4, 1_400.0),
        (5, 2_000.0),
    ] {
        let clean = beep(NARROW, hertz, -17.0, millis(400), millis(400));
        // The tone has an RMS level of −20 dBFS.
        let samples = noisy(clean, -34.0, seed);
        for law in [Companding::MuLaw, Companding::ALaw] {
            let mut codes = vec![0; samples.len()];
            let mut decoded = samples.clone();
            law.encode(&samples, &mut codes);
            law.decode(&codes, &mut decoded);
            let beeps = heard(NARROW, &decoded);
            assert_eq!(beeps.len(), 1, "{hertz} Hz: {beeps:?}");
            assert!(near(beeps[0].ended, millis(800)), "{beeps:?}");
        }
    }
}

#[test]
fn a_beep_is_heard_although_noise_is_suppressed() {
    for rate in RATES {
        let mut samples = noisy(vec![0; rate.samples_in(millis(2_000))], -60.0, 7);
        let sound = beep(rate, 1_000.0, -14.0, millis(100), millis(400));
        samples.extend(noisy(sound, -60.0, 8));
        let mut suppressor = NoiseSuppressor::new(rate).expect("the rate is supported");
        for frame in samples.chunks_exact_mut(rate.samples_in(FRAME)) {
            suppressor.process(frame);
        }
        let beeps = heard(rate, &samples);
        assert_eq!(beeps.len(), 1, "{beeps:?}");
    }
}

#[test]
fn a_beep_is_told_of_while_it_sounds_and_when_it_is_over() {
    let mut detector = Detector::new(NARROW).expect("the rate is supported");
    let mut over = None;
    let samples = beep(NARROW, 1_000.0, -12.0, millis(100), millis(500));
    for (block, samples) in samples.chunks(80).enumerate() {
        let now = millis(10 * (block as u64 + 1));
        detector.feed(samples, |beep| over = Some((now, beep)));
        match detector.sounding_since() {
            Some(since) => assert!(near(since, millis(100)), "{since:?}"),
            None => assert!(now < millis(240) || now > millis(600), "{now:?}"),
        }
    }
    let (told, beep) = over.expect("a beep");
    assert!(near(beep.ended, millis(600)), "{beep:?}");
    assert!(told <= millis(660), "told after {told:?}");
    assert_eq!(detector.sounding_since(), None);
}

#[test]
fn a_blip_below_100_ms_is_no_beep() {
    for rate in RATES {
        for length in [20, 50, 80, 95] {
            let samples = beep(rate, 1_000.0, -12.0, millis(203), millis(length));
            assert_eq!(heard(rate, &samples), [], "{length} ms");
        }
    }
}

#[test]
fn tones_outside_of_the_range_are_no_beep() {
    for rate in RATES {
        for hertz in [50.0, 180.0, 300.0, 2_200.0, 2_600.0, 3_300.0] {
            let samples = beep(rate, hertz, -12.0, millis(200), millis(600));
            assert_eq!(heard(rate, &samples), [], "{hertz} Hz");
        }
    }
}

#[test]
fn keys_are_no_beep() {
    for rate in RATES {
        for digit in Digit::ALL {
            for twist in [-4.0, 0.0, 4.0] {
                let tone = DigitTone::new(digit, rate, Decibels::new(-12.0), twist);
                let samples: Vec<i16> = tone.take(rate.samples_in(millis(700))).collect();
                assert_eq!(heard(rate, &samples), [], "{digit} at {twist}");
            }
        }
    }
}

#[test]
fn the_pairs_of_tones_of_the_network_are_no_beep() {
    for rate in RATES {
        for pair in [
            [440.0, 480.0],
            [480.0, 620.0],
            [350.0, 440.0],
            [400.0, 450.0],
        ] {
            assert_eq!(heard(rate, &chord(rate, &pair, 2.0)), [], "{pair:?}");
        }
    }
}

#[test]
fn sweeps_overtones_noise_and_silence_are_no_beep() {
    let sweep = |place: usize| {
        let time = place as f64 / 8_000.0;
        (8_000.0 * (TAU * (400.0 + 400.0 * time) * time).sin()) as i16
    };
    let siren: Vec<i16> = (0..8_000).map(sweep).collect();
    assert_eq!(heard(NARROW, &siren), []);
    let overtones = chord(NARROW, &[400.0, 800.0, 1_200.0], 1.0);
    assert_eq!(heard(NARROW, &overtones), []);
    let noise = noisy(vec![0; 16_000], -20.0, 9);
    assert_eq!(heard(NARROW, &noise), []);
    assert_eq!(heard(NARROW, &[0; 16_000]), []);
}

#[test]
fn a_rate_that_is_not_8_or_16_khz_is_refused() {
    assert!(Detector::new(SampleRate::HZ_48000).is_none());
}

fn recordings(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let is_wav = |path: &PathBuf| path.extension().is_some_and(|name| name == "wav");
    let mut paths: Vec<PathBuf> = paths.filter(is_wav).collect();
    paths.sort();
    paths
}

#[test]
fn no_voice_is_taken_for_a_beep() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let recordings = recordings(&folder);
    assert!(recordings.len() > 20);
    for path in recordings {
        for rate in RATES {
            let samples = read_mono(&path, rate).expect("a recording");
            assert_eq!(heard(rate, &samples), [], "{}", path.display());
        }
    }
}
