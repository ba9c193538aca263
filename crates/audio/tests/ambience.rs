//! Beds that have no seam, and what a mixer makes of them.

use std::ptr;
use std::time::Duration;

use audio::ambience::{Bed, Ducking, Mixer};
use audio::dtmf::Detector;
use audio::level::{peak, rms};
use audio::{Ambience, Decibels, SampleRate};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const NARROW: SampleRate = SampleRate::HZ_8000;
const WIDE: SampleRate = SampleRate::HZ_16000;

fn beds() -> impl Iterator<Item = &'static Bed> {
    let rates = [NARROW, WIDE].into_iter();
    rates.flat_map(|rate| Ambience::ALL.into_iter().filter_map(move |a| a.bed(rate)))
}

fn office() -> &'static Bed {
    Ambience::Office.bed(NARROW).expect("the rate is supported")
}

/// What the mixer adds to silence.
fn mixed(mixer: &mut Mixer, duration: Duration, agent_speaks: bool) -> Vec<i16> {
    let mut samples = vec![0; NARROW.samples_in(duration)];
    for frame in samples.chunks_mut(160) {
        mixer.mix(frame, agent_speaks);
    }
    samples
}

#[test]
fn every_place_has_a_bed_of_16_s_at_its_level() {
    assert_eq!(beds().count(), 2 * Ambience::ALL.len());
    for bed in beds() {
        let length = bed.rate().duration_of(bed.samples().len());
        assert_eq!(length, Duration::from_secs(16));
        let level = rms(bed.samples()).value();
        assert!((level + 28.0).abs() < 0.1, "{bed:?}");
        assert!(peak(bed.samples()) < i16::MAX / 2, "{bed:?}");
    }
}

#[test]
fn a_bed_is_computed_once_and_shared() {
    let (first, second) = (Ambience::Cafe.bed(WIDE), Ambience::Cafe.bed(WIDE));
    assert!(ptr::eq(first.expect("a bed"), second.expect("a bed")));
    assert!(Ambience::Cafe.bed(SampleRate::HZ_48000).is_none());
}

#[test]
fn a_bed_goes_on_at_its_beginning_without_a_jump() {
    for bed in beds() {
        let samples = bed.samples();
        let at = |n: usize| i32::from(samples[n % samples.len()]);
        let jump = |n: usize| (at(n + 1) - 2 * at(n) + at(n + samples.len() - 1)).abs();
        let mut jumps: Vec<i32> = (0..samples.len()).map(jump).collect();
        let seam = jump(samples.len() - 1).max(jump(samples.len()));
        jumps.sort_unstable();
        // Louder than one jump in a hundred would be heard as a click.
        let ordinary = jumps[samples.len() * 99 / 100];
        assert!(seam <= ordinary, "{seam} of {ordinary}: {bed:?}");
    }
}

#[test]
fn no_place_sounds_like_a_telephone_key() {
    for bed in beds() {
        let mut detector = Detector::new(bed.rate()).expect("the rate is supported");
        for _ in 0..2 {
            detector.feed(bed.samples(), |press| panic!("{press:?} in {bed:?}"));
        }
    }
}

#[test]
fn the_bed_is_added_at_its_volume() {
    let mut mixer = Mixer::new(office(), 0.3, Ducking::default(), 1);
    let samples = mixed(&mut mixer, Duration::from_secs(16), false);
    let expected = rms(office().samples()).value() + Decibels::from_amplitude(0.3).value();
    assert!((rms(&samples).value() - expected).abs() < 0.1);
}

#[test]
fn a_volume_of_nothing_leaves_a_frame_as_it_is() {
    for volume in [0.0, -1.0, f32::NAN] {
        let mut mixer = Mixer::new(office(), volume, Ducking::default(), 1);
        let mut frame = [123; 160];
        mixer.mix(&mut frame, false);
        mixer.mix(&mut frame, true);
        assert_eq!(frame, [123; 160], "{volume}");
    }
}

#[test]
fn a_volume_above_one_counts_as_one() {
    let mixed_at = |volume| {
        let mut mixer = Mixer::new(office(), volume, Ducking::default(), 1);
        mixed(&mut mixer, Duration::from_secs(1), false)
    };
    assert_eq!(mixed_at(1.0), mixed_at(7.0));
    assert_eq!(mixed_at(1.0), mixed_at(f32::INFINITY));
}

/// By how many decibels the bed is turned down in each of 20 ms.
fn turned_down(frames: &[bool]) -> Vec<f32> {
    let mut plain = Mixer::new(office(), 1.0, Ducking::default(), 1);
    let mut ducking = plain.clone();
    let level = |mixer: &mut Mixer, agent_speaks: bool| {
        let mut frame = [0; 160];
        mixer.mix(&mut frame, agent_speaks);
        rms(&frame).value()
    };
    frames
        .iter()
        .map(|&agent_speaks| level(&mut plain, false) - level(&mut ducking, agent_speaks))
        .collect()
}

#[test]
fn the_bed_makes_room_for_the_agent_within_the_attack_and_comes_back_within_the_release() {
    let mut frames = vec![true; 10];
    frames.extend([false; 50]);
    let down = turned_down(&frames);
    assert!(down[0] > 0.2 && down[0] < 2.0, "{down:?}");
    assert!(down[..4].is_sorted(), "{down:?}");
    assert!(
        down[4..10].iter().all(|down| (down - 8.0).abs() < 0.2),
        "{down:?}"
    );
    assert!(down[30] > 1.0 && down[30] < 6.0, "{down:?}");
    assert!(down[50..].iter().all(|down| down.abs() < 0.05), "{down:?}");
}

#[test]
fn legs_with_different_seeds_do_not_sound_in_step() {
    let starts: Vec<Vec<i16>> = (0..20)
        .map(|seed| {
            let mut mixer = Mixer::new(office(), 1.0, Ducking::default(), seed);
            mixed(&mut mixer, Duration::from_millis(20), false)
        })
        .collect();
    for (n, start) in starts.iter().enumerate() {
        assert!(!starts[..n].contains(start));
    }
}

#[test]
fn sums_beyond_16_bits_are_clipped() {
    let mut mixer = Mixer::new(office(), 1.0, Ducking::default(), 1);
    let mut frame = [i16::MAX; 8_000];
    mixer.mix(&mut frame, false);
    assert!(frame.iter().all(|&sample| sample > i16::MAX / 2));
    assert!(frame.contains(&i16::MAX));
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(8_016),
        ..ProptestConfig::with_cases(50)
    })]

    #[test]
    fn frames_of_any_length_give_what_one_gives(
        seed: u64,
        lens in prop::collection::vec(0usize..9_000, 1..40),
    ) {
        let mut mixer = Mixer::new(office(), 0.5, Ducking::default(), seed);
        let mut whole = vec![0; lens.iter().sum()];
        mixer.clone().mix(&mut whole, true);
        let mut pieces = vec![0; whole.len()];
        let mut rest = &mut pieces[..];
        for len in lens {
            let (frame, others) = rest.split_at_mut(len);
            mixer.mix(frame, true);
            rest = others;
        }
        prop_assert_eq!(pieces, whole);
    }
}
