//! What the half-band filters do to audio, with the resampler as the oracle.

use audio::level::rms;
use audio::resample::resample;
use audio::{Decibels, Downsampler, SampleRate, Tone, Upsampler};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const NARROW: SampleRate = SampleRate::HZ_8000;
const WIDE: SampleRate = SampleRate::HZ_16000;
const LOUD: Decibels = Decibels::new(-3.0);

fn second_of(rate: SampleRate, hertz: f32) -> Vec<i16> {
    Tone::new(rate, hertz, LOUD)
        .take(rate.hertz() as usize)
        .collect()
}

fn upsampled(samples: &[i16]) -> Vec<i16> {
    let mut output = vec![0; 2 * samples.len()];
    let written = Upsampler::new().process(samples, &mut output);
    assert_eq!(written, output.len());
    output
}

fn downsampled(samples: &[i16]) -> Vec<i16> {
    let mut output = vec![0; samples.len() / 2];
    let written = Downsampler::new().process(samples, &mut output);
    assert_eq!(written, output.len());
    output
}

/// Without the ends, where a tone starts and stops at once.
fn middle(samples: &[i16]) -> &[i16] {
    &samples[samples.len() / 10..samples.len() * 9 / 10]
}

fn level(samples: &[i16]) -> f32 {
    rms(middle(samples)).value()
}

/// The level of the difference between `samples`, which come `late`, and `expected`.
fn error(samples: &[i16], late: usize, expected: &[i16]) -> f32 {
    let difference: Vec<i16> = samples[late..]
        .iter()
        .zip(expected)
        .map(|(sample, expected)| sample.saturating_sub(*expected))
        .collect();
    level(&difference)
}

fn hertz(range: std::ops::RangeInclusive<u32>) -> impl Iterator<Item = f32> {
    range.step_by(50).map(|hertz| hertz as f32)
}

#[test]
fn the_pass_band_is_flat_to_3500_hertz_both_ways() {
    for hertz in hertz(50..=3_500) {
        let (narrow, wide) = (second_of(NARROW, hertz), second_of(WIDE, hertz));
        for gain in [
            level(&upsampled(&narrow)) - level(&narrow),
            level(&downsampled(&wide)) - level(&wide),
        ] {
            assert!(gain.abs() < 0.01, "{gain} dB at {hertz} Hz");
        }
    }
}

#[test]
fn what_8_khz_cannot_hold_is_rejected_from_4500_hertz_on() {
    for hertz in hertz(4_500..=7_950) {
        let tone = second_of(WIDE, hertz);
        let rejection = level(&tone) - level(&downsampled(&tone));
        assert!(rejection > 67.0, "{rejection} dB at {hertz} Hz");
    }
}

/// The level of the tone of `hertz`, a multiple of 50 Hz, in a second of samples.
fn level_at(samples: &[i16], hertz: f32) -> f32 {
    let turns = f64::from(hertz) / samples.len() as f64;
    let samples = middle(samples);
    let (sine, cosine) = samples
        .iter()
        .enumerate()
        .fold((0.0, 0.0), |(s, c), (n, &x)| {
            let (sin, cos) = (n as f64 * turns * std::f64::consts::TAU).sin_cos();
            (s + sin * f64::from(x), c + cos * f64::from(x))
        });
    let amplitude = f64::hypot(sine, cosine) * 2.0 / samples.len() as f64 / 32_768.0;
    Decibels::from_amplitude(amplitude as f32).value()
}

#[test]
fn no_image_of_a_tone_appears_above_it() {
    for hertz in hertz(50..=3_500) {
        let wide = upsampled(&second_of(NARROW, hertz));
        let rejection = level_at(&wide, hertz) - level_at(&wide, 8_000.0 - hertz);
        assert!(rejection > 67.0, "{rejection} dB at {hertz} Hz");
    }
}

#[test]
fn the_resampler_gives_the_same_only_earlier_by_the_delay() {
    for hertz in [100.0, 440.0, 1_000.0, 2_500.0, 3_300.0] {
        let (narrow, wide) = (second_of(NARROW, hertz), second_of(WIDE, hertz));
        let oracle = resample(&narrow, NARROW, WIDE).expect("the rates are supported");
        let up = error(&upsampled(&narrow), 31, &oracle);
        let oracle = resample(&wide, WIDE, NARROW).expect("the rates are supported");
        let down = error(&downsampled(&wide), 15, &oracle);
        assert!(up < -63.0, "{up} dB at {hertz} Hz");
        assert!(down < -63.0, "{down} dB at {hertz} Hz");
    }
}

#[test]
fn the_stated_delays_are_those_in_samples() {
    assert_eq!(WIDE.duration_of(31), Upsampler::DELAY);
    assert_eq!(NARROW.duration_of(15), Downsampler::DELAY);
}

#[test]
fn the_state_is_as_small_as_stated() {
    assert_eq!(size_of::<Upsampler>(), 62);
    assert_eq!(size_of::<Downsampler>(), 96);
}

#[test]
fn the_loudest_audio_is_clipped_not_wrapped() {
    let square: Vec<i16> = (0..8_000)
        .map(|n| if n / 20 % 2 == 0 { i16::MAX } else { i16::MIN })
        .collect();
    for output in [upsampled(&square), downsampled(&square)] {
        assert_eq!(output.iter().max(), Some(&i16::MAX));
        assert_eq!(output.iter().min(), Some(&i16::MIN));
        let steps = output.windows(2).map(|pair| pair[0].abs_diff(pair[1]));
        assert!(steps.max() < Some(60_000));
    }
}

#[test]
fn the_input_that_drives_the_sum_furthest_does_not_overflow_it() {
    let mut impulse = [0; 64];
    impulse[0] = 16_384;
    let signs: Vec<i16> = upsampled(&impulse)
        .chunks_exact(2)
        .map(|pair| if pair[0] < 0 { i16::MIN } else { i16::MAX })
        .take(32)
        .collect();
    assert_eq!(upsampled(&signs)[62], i16::MAX);
    let pairs: Vec<i16> = signs.iter().flat_map(|&sign| [i16::MAX, sign]).collect();
    assert_eq!(downsampled(&pairs)[31], i16::MAX);
}

#[test]
fn silence_gives_silence() {
    assert!(upsampled(&[0; 500]).iter().all(|&sample| sample == 0));
    assert!(downsampled(&[0; 500]).iter().all(|&sample| sample == 0));
}

#[test]
fn no_more_is_written_than_there_is_room_for() {
    let mut output = [7; 5];
    assert_eq!(Upsampler::new().process(&[100; 9], &mut output), 4);
    assert_eq!(output[4], 7);
    let mut output = [7; 2];
    let mut downsampler = Downsampler::new();
    assert_eq!(downsampler.process(&[100; 9], &mut output), 2);
    assert_eq!(downsampler.process(&[100], &mut []), 0);
    assert_eq!(downsampler.process(&[100], &mut output), 0);
    assert_eq!(downsampler.process(&[], &mut output), 0);
    assert_eq!(downsampler.process(&[100], &mut output), 1);
}

#[test]
fn the_result_of_a_stream_never_changes() {
    let mut state = 1u32;
    let noise: Vec<i16> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as i16
    })
    .take(1_000)
    .collect();
    // FNV-1a over what the noise becomes.
    let wide = upsampled(&noise);
    let sum = |samples: &[i16]| {
        samples
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
                (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            })
    };
    assert_eq!(
        (sum(&wide), sum(&downsampled(&wide))),
        (12_116_703_799_772_344_290, 1_240_470_899_287_798_665)
    );
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(8_016),
        ..ProptestConfig::with_cases(200)
    })]

    #[test]
    fn pieces_give_what_the_whole_gives(
        samples in prop::collection::vec(any::<i16>(), 0..1_500),
        pieces in prop::collection::vec(0usize..400, 1..40),
    ) {
        let (mut upsampler, mut downsampler) = (Upsampler::new(), Downsampler::new());
        let (mut up, mut down) = (Vec::new(), Vec::new());
        let mut rest = &samples[..];
        for len in pieces.into_iter().chain([usize::MAX]) {
            let (piece, others) = rest.split_at(len.min(rest.len()));
            rest = others;
            let mut output = vec![0; 2 * piece.len()];
            let written = upsampler.process(piece, &mut output);
            up.extend_from_slice(&output[..written]);
            let written = downsampler.process(piece, &mut output);
            down.extend_from_slice(&output[..written]);
        }
        prop_assert_eq!(up, upsampled(&samples));
        prop_assert_eq!(down, downsampled(&samples));
    }
}
