//! What runs in a media thread's tick, or beside it for every frame, allocates nothing
//! once it is there.

#![allow(
    unsafe_code,
    reason = "a global allocator that counts can only be written so"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use audio::ambience::{Ducking, Mixer};
use audio::dtmf::{Detector, Digit, DigitTone};
use audio::{Ambience, Decibels, Downsampler, NoiseSuppressor, SampleRate, Tone, Upsampler, beep};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc`, which is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Two seconds of a key, frame by frame.
fn assert_allocates_nothing(rate: SampleRate, mut process: impl FnMut(&mut [i16])) {
    let digit = Digit::from_event(5).expect("a key");
    let tone = DigitTone::new(digit, rate, Decibels::new(-20.0), 2.0);
    let mut samples: Vec<i16> = tone.take(2 * rate.hertz() as usize).collect();
    let before = ALLOCATIONS.get();
    assert!(before > 0, "the allocator counts");
    for frame in samples.chunks_exact_mut(rate.hertz() as usize / 50) {
        process(frame);
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
}

#[test]
fn changing_the_rate_allocates_nothing() {
    let (mut upsampler, mut downsampler) = (Upsampler::new(), Downsampler::new());
    let mut output = [0; 640];
    assert_allocates_nothing(SampleRate::HZ_8000, |frame| {
        upsampler.process(frame, &mut output);
    });
    assert_allocates_nothing(SampleRate::HZ_16000, |frame| {
        downsampler.process(frame, &mut output);
    });
}

#[test]
fn hearing_keys_allocates_nothing() {
    for rate in [SampleRate::HZ_8000, SampleRate::HZ_16000] {
        let mut detector = Detector::new(rate).expect("the rate is supported");
        let mut presses = 0;
        assert_allocates_nothing(rate, |frame| detector.feed(frame, |_| presses += 1));
        assert_eq!(presses, 1);
        assert!(size_of_val(&detector) <= 512);
    }
}

#[test]
fn hearing_beeps_allocates_nothing() {
    for rate in [SampleRate::HZ_8000, SampleRate::HZ_16000] {
        let mut detector = beep::Detector::new(rate).expect("the rate is supported");
        assert_allocates_nothing(rate, |frame| detector.feed(frame, |_| {}));
        let mut beeps = 0;
        let tone = Tone::new(rate, 1_000.0, Decibels::new(-20.0));
        let mut samples: Vec<i16> = tone.take(rate.hertz() as usize).collect();
        samples.resize(2 * rate.hertz() as usize, 0);
        let before = ALLOCATIONS.get();
        detector.feed(&samples, |_| beeps += 1);
        assert_eq!(ALLOCATIONS.get() - before, 0);
        assert_eq!(beeps, 1);
        assert!(size_of_val(&detector) <= 3_072);
    }
}

#[test]
fn mixing_ambience_allocates_nothing() {
    let bed = Ambience::Office.bed(SampleRate::HZ_8000).expect("a bed");
    let mut mixer = Mixer::new(bed, 0.3, Ducking::default(), 1);
    assert_allocates_nothing(SampleRate::HZ_8000, |frame| mixer.mix(frame, true));
}

#[test]
fn suppressing_noise_allocates_nothing() {
    for rate in [SampleRate::HZ_8000, SampleRate::HZ_16000] {
        let mut suppressor = NoiseSuppressor::new(rate).expect("the rate is supported");
        assert_allocates_nothing(rate, |frame| suppressor.process(frame));
    }
}
