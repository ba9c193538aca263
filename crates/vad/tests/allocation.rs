//! Hearing never touches the heap once it is warm.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

mod recordings;

use audio::SampleRate;
use recordings::{project, runtime, speech};
use vad::{Detector, Settings, StreamState};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[allow(unsafe_code, reason = "an allocator cannot be written otherwise")]
// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        BYTES.set(BYTES.get() + layout.size());
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

const WINDOW: usize = 256;

fn detector() -> Detector {
    let model = project("models/silero_vad_op18_ifless.onnx");
    let rate = SampleRate::HZ_8000;
    Detector::load(&runtime(), &model, rate, Settings::default()).expect("make setup")
}

/// Speech and silence by turns, two seconds each.
fn conversation() -> Vec<i16> {
    let mut samples = Vec::new();
    for (_, recording) in speech(SampleRate::HZ_8000).into_iter().take(6) {
        samples.extend(recording.into_iter().chain([0; 16_000]));
    }
    samples
}

#[test]
fn the_counter_counts() {
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(ALLOCATIONS.get(), before + 1);
}

#[test]
fn a_warm_detector_does_not_allocate() {
    let mut detector = detector();
    let mut states = [StreamState::new(), StreamState::new(), StreamState::new()];
    let samples = conversation();
    let mut probabilities = Vec::new();
    let mut listen = |samples: &[i16]| {
        for window in samples.chunks_exact(WINDOW) {
            let [first, second, third] = &mut states;
            let mut batch = [(first, window), (second, window), (third, window)];
            detector
                .run(&mut batch, &mut probabilities)
                .expect("inference");
        }
        detector.statistics().openings
    };
    let warm = listen(&samples);

    let before = ALLOCATIONS.get();
    let openings = listen(&samples);

    assert_eq!(ALLOCATIONS.get(), before);
    assert!(openings > warm, "the gate never opened");
}

#[test]
fn a_stream_takes_less_than_10_000_bytes() {
    let mut detector = detector();
    let mut probabilities = Vec::with_capacity(1);
    let samples = conversation();
    let mut warm = StreamState::new();
    let mut listen = |state: &mut StreamState| {
        for window in samples.chunks_exact(WINDOW) {
            detector
                .run(&mut [(state, window)], &mut probabilities)
                .expect("inference");
        }
    };
    listen(&mut warm);

    let before = BYTES.get();
    let mut state = StreamState::new();
    listen(&mut state);

    let heap = BYTES.get() - before;
    let bytes = size_of::<StreamState>() + heap;
    assert!(heap > 0, "the gate never closed");
    assert!(bytes < 10_000, "{bytes} bytes, {heap} of them on the heap");
}
