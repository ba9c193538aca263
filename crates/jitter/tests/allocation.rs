//! A media thread pulls from inside its tick, where nothing may allocate.

#![allow(
    unsafe_code,
    reason = "a global allocator that counts can only be written so"
)]

mod line;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use audio::Frame;
use jitter::{Decoder, PlayoutBuffer, ReorderingBuffer, Settings};
use line::{RATE, Sender, Sent, millis};

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

/// A decoder of 20 ms of nothing much.
struct Flat;

impl Decoder for Flat {
    fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, jitter::DecodeError> {
        let samples = 160;
        out[..samples].fill(payload.len() as i16);
        Ok(samples)
    }
}

/// Packets with losses, duplicates, disorder, a burst, a pause and a new source.
fn eventful_stream() -> Vec<(u64, Sent)> {
    let mut sender = Sender::new();
    let mut arrivals = Vec::new();
    for n in 0..1_000u64 {
        match n {
            300 => sender.pause(8_000),
            600 => sender.ssrc += 1,
            _ => {}
        }
        let sent = sender.send();
        let at = if (400..470).contains(&n) {
            470 * 20
        } else {
            n * 20 + n % 7 * 9
        };
        let copies = usize::from(n % 11 != 0) + usize::from(n % 13 == 0);
        arrivals.extend(std::iter::repeat_n((at, sent), copies));
    }
    arrivals.sort_by_key(|(at, _)| *at);
    arrivals
}

#[test]
fn neither_insertion_nor_pull_allocates() {
    let arrivals = eventful_stream();
    let mut buffer = ReorderingBuffer::new(Settings::new(RATE));
    let mut frame = Frame::silence(RATE);
    let mut waiting = arrivals.iter().peekable();

    let before = ALLOCATIONS.get();
    for now in (0..21_000).step_by(20) {
        while let Some((at, sent)) = waiting.next_if(|(at, _)| *at <= now) {
            buffer.insert(millis(*at), &sent.packet());
        }
        buffer.pull(millis(now), &mut Flat, &mut frame);
    }
    let during = ALLOCATIONS.get() - before;

    assert_eq!(during, 0);
    let statistics = buffer.statistics();
    assert!(
        statistics.lost > 0 && statistics.duplicates > 0,
        "{statistics:?}"
    );
    assert!(
        statistics.overflowed > 0 && statistics.restarts == 1,
        "{statistics:?}"
    );
    assert!(statistics.skipped_frames > 0, "{statistics:?}");
    assert!(before > 0, "the allocator counts");
}
