//! What noise suppression does to noise, and to the speech under it.

use std::f64::consts::TAU;
use std::path::Path;
use std::time::Duration;

use audio::file::read_mono;
use audio::level::rms;
use audio::suppression::UnsupportedRateError;
use audio::{Downsampler, FRAME, NoiseSuppressor, SampleRate, Upsampler};

const RATES: [SampleRate; 2] = [SampleRate::HZ_8000, SampleRate::HZ_16000];
/// For how long a line is only noisy before somebody speaks.
const LEAD: Duration = Duration::from_secs(3);

/// Kinds of noise that go on.
const NOISES: [&str; 3] = ["white", "pink", "hum"];

/// Noise with a mean square of one.
fn noise(kind: &str, rate: SampleRate, len: usize) -> Vec<f64> {
    let mut state = 1u64;
    let mut white = || {
        let unit = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        std::iter::repeat_with(unit).take(12).sum::<f64>() - 6.0
    };
    let mut slow = [0.0; 3];
    let samples: Vec<f64> = (0..len)
        .map(|n| match kind {
            "white" => white(),
            "pink" => {
                let white = white();
                for (state, keep) in slow.iter_mut().zip([0.998, 0.96, 0.6]) {
                    *state = *state * keep + white * (1.0f64 - keep).sqrt();
                }
                slow.iter().sum()
            }
            _ => {
                let turns = n as f64 / f64::from(rate.hertz()) * TAU;
                let mains = [100.0, 150.0, 250.0, 350.0];
                mains.map(|hertz| (hertz * turns).sin()).iter().sum::<f64>() + white()
            }
        })
        .collect();
    let mean = samples.iter().map(|sample| sample * sample).sum::<f64>() / len as f64;
    samples.iter().map(|sample| sample / mean.sqrt()).collect()
}

fn speech(name: &str, rate: SampleRate) -> Vec<i16> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    read_mono(path.join(name), rate).expect("a recording of the project")
}

fn suppressed(samples: &[i16], rate: SampleRate) -> Vec<i16> {
    let mut suppressor = NoiseSuppressor::new(rate).expect("the rate is supported");
    let mut output = samples.to_vec();
    for frame in output.chunks_exact_mut(rate.samples_in(FRAME)) {
        suppressor.process(frame);
    }
    output
}

/// The stream as it would come out if nothing were suppressed: as late, which at 8 kHz
/// is not a whole number of samples.
fn delayed(samples: &[i16], rate: SampleRate) -> Vec<i16> {
    let late = |samples: &[i16]| -> Vec<i16> {
        let silence = std::iter::repeat_n(0, 96);
        silence
            .chain(samples.iter().copied())
            .take(samples.len())
            .collect()
    };
    if rate == SampleRate::HZ_16000 {
        return late(samples);
    }
    let (mut wide, mut narrow) = (vec![0; 2 * samples.len()], vec![0; samples.len()]);
    Upsampler::new().process(samples, &mut wide);
    Downsampler::new().process(&late(&wide), &mut narrow);
    narrow
}

/// The mean over 20 ms each of how far `samples` lie above their difference from
/// `clean`, in decibels from −10 to 35, where there is speech.
fn segmental(clean: &[i16], samples: &[i16], rate: SampleRate) -> f64 {
    let frame = rate.samples_in(FRAME);
    let ratios: Vec<f64> = clean
        .chunks_exact(frame)
        .zip(samples.chunks_exact(frame))
        .filter(|(clean, _)| rms(clean).value() > -40.0)
        .map(|(clean, samples)| {
            let power = |sample: f64| sample * sample;
            let speech: f64 = clean.iter().map(|&s| power(f64::from(s))).sum();
            let error: f64 = clean
                .iter()
                .zip(samples)
                .map(|(&s, &t)| power(f64::from(s) - f64::from(t)))
                .sum();
            (10.0 * (speech / error.max(1.0)).log10()).clamp(-10.0, 35.0)
        })
        .collect();
    ratios.iter().sum::<f64>() / ratios.len() as f64
}

/// A recording under noise, `above` decibels louder than it, after a lead of noise alone.
fn noisy(clean: &[i16], kind: &str, above: f64, rate: SampleRate) -> Vec<i16> {
    let lead = rate.samples_in(LEAD);
    let level = f64::from(rms(clean).amplitude()) * 32_768.0 * 10f64.powf(-above / 20.0);
    let silence = std::iter::repeat_n(0, lead);
    silence
        .chain(clean.iter().copied())
        .zip(noise(kind, rate, lead + clean.len()))
        .map(|(sample, noise)| (f64::from(sample) + level * noise).round() as i16)
        .collect()
}

const RECORDINGS: [&str; 4] = [
    "ast_en_vm-review.wav",
    "ast_en_check-number-dial-again.wav",
    "ast_fr_vm-newuser.wav",
    "syn_en_pay-bill.wav",
];

#[test]
fn noise_that_goes_on_is_reduced_and_speech_under_it_comes_out_clearer() {
    for rate in RATES {
        let lead = rate.samples_in(LEAD);
        for kind in NOISES {
            let (mut reduced, mut before, mut after) = (0.0, 0.0, 0.0);
            for name in RECORDINGS {
                let clean = speech(name, rate);
                let input = noisy(&clean, kind, 10.0, rate);
                let output = suppressed(&input, rate);
                let expected = delayed(&clean, rate);
                let pause = lead / 2..lead - 1_000;
                let level = |samples: &[i16]| f64::from(rms(&samples[pause.clone()]).value());
                reduced += level(&input) - level(&output);
                before += segmental(&clean, &input[lead..], rate);
                after += segmental(&expected, &output[lead..], rate);
            }
            let count = RECORDINGS.len() as f64;
            let (reduced, gained) = (reduced / count, (after - before) / count);
            println!("{rate}, {kind}: noise −{reduced:.1} dB, segmental SNR +{gained:.1} dB");
            assert!(reduced > 9.0, "{reduced} dB of {kind} at {rate}");
            assert!(gained > 1.5, "{gained} dB under {kind} at {rate}");
        }
    }
}

#[test]
fn speech_without_noise_stays_what_it_was_from_the_first_sample_on() {
    for rate in RATES {
        for name in RECORDINGS {
            let clean = speech(name, rate);
            let (output, expected) = (suppressed(&clean, rate), delayed(&clean, rate));
            let gain = rms(&output).value() - rms(&expected).value();
            assert!(gain.abs() < 0.4, "{gain} dB: {name} at {rate}");
            let ratio = segmental(&expected, &output, rate);
            println!("{name} at {rate}: {gain:.2} dB, segmental SNR {ratio:.1} dB");
            assert!(ratio > 15.0, "{ratio} dB: {name} at {rate}");
        }
    }
}

#[test]
fn speech_comes_out_as_late_as_stated() {
    let [narrow, wide] = RATES.map(|rate| NoiseSuppressor::new(rate).expect("supported"));
    assert_eq!(wide.delay(), SampleRate::HZ_16000.duration_of(96));
    assert_eq!(
        narrow.delay(),
        SampleRate::HZ_16000.duration_of(31 + 96 + 30)
    );
    for rate in RATES {
        let clean = speech("ast_en_hello.wav", rate);
        let (output, expected) = (suppressed(&clean, rate), delayed(&clean, rate));
        let likeness = |shift: &usize| -> i64 {
            let pairs = expected.iter().skip(20).zip(&output[*shift..]);
            pairs.map(|(&a, &b)| i64::from(a) * i64::from(b)).sum()
        };
        assert_eq!((0..40).max_by_key(likeness), Some(20), "at {rate}");
    }
}

#[test]
fn frames_of_any_whole_number_of_10_ms_give_the_same() {
    for rate in RATES {
        let samples = noisy(&speech("ast_en_hello.wav", rate), "white", 10.0, rate);
        let block = rate.samples_in(Duration::from_millis(10));
        let whole = samples.len() / (6 * block) * 6 * block;
        let by = |blocks: usize| {
            let mut suppressor = NoiseSuppressor::new(rate).expect("the rate is supported");
            let mut output = samples[..whole].to_vec();
            for frame in output.chunks_exact_mut(blocks * block) {
                suppressor.process(frame);
            }
            output
        };
        assert_eq!(by(1), by(2));
        assert_eq!(by(1), by(3));
    }
}

#[test]
fn silence_stays_silent_and_the_loudest_input_is_clipped() {
    for rate in RATES {
        let output = suppressed(&[0; 16_000], rate);
        assert!(output.iter().all(|&sample| sample == 0));
        let square: Vec<i16> = (0..16_000)
            .map(|n| if n / 20 % 2 == 0 { i16::MAX } else { i16::MIN })
            .collect();
        let (output, expected) = (suppressed(&square, rate), delayed(&square, rate));
        let agree = |(a, b): &(&i16, &i16)| (**a < 0) == (**b < 0);
        let agreeing = expected[4_000..].iter().zip(&output[4_000..]);
        let total = agreeing.len();
        assert!(agreeing.filter(agree).count() > total * 9 / 10);
    }
}

#[test]
fn what_is_left_over_from_10_ms_stays_as_it_is() {
    let mut suppressor = NoiseSuppressor::new(SampleRate::HZ_8000).expect("it is supported");
    let mut samples = [1_000; 85];
    suppressor.process(&mut samples);
    assert_eq!(samples[80..], [1_000; 5]);
}

#[test]
fn another_rate_is_refused_with_those_that_there_are() {
    let rate = SampleRate::HZ_48000;
    let error = NoiseSuppressor::new(rate).expect_err("it is not supported");
    assert_eq!(error, UnsupportedRateError { rate });
    assert_eq!(
        error.to_string(),
        "cannot suppress noise at 48000 Hz; use 8000 or 16000 Hz"
    );
}
