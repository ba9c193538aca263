//! A media thread calls the buffer from inside its tick, where nothing may allocate.

mod line;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use audio::{Frame, SampleRate, SequenceNumber};
use jitter::{AdaptiveBuffer, Format, PlayoutBuffer, Settings};
use line::{FORMAT, Numbers, RATE, Sender, Sent, listen, millis, play};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[allow(unsafe_code, reason = "an allocator cannot be written otherwise")]
// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// How many allocations `action` makes on this thread.
fn allocations(action: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    action();
    ALLOCATIONS.get() - before
}

/// Packets with losses, duplicates, disorder, a burst, a pause and a new source, and
/// when they come, in milliseconds.
fn eventful_stream() -> Vec<(u64, Sent)> {
    let mut sender = Sender::new();
    let mut arrivals = Vec::new();
    for n in 0..1_000u64 {
        match n {
            300 => {
                arrivals.push((n * 20, sender.send_noise(3)));
                sender.pause(8_000);
            }
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

/// Plays `arrivals` from the buffer, pulled until it has nothing more or, for a
/// person, once.
fn run(buffer: &mut AdaptiveBuffer, arrivals: &[(u64, Sent)], once: bool) {
    let mut frame = Frame::silence(RATE);
    let mut decoder = Numbers::without_memory();
    let mut waiting = arrivals.iter().peekable();
    for now in (0..21_000).step_by(20) {
        while let Some((at, sent)) = waiting.next_if(|(at, _)| *at <= now) {
            buffer.insert(millis(*at), &sent.packet());
        }
        while buffer.pull(millis(now), &mut decoder, &mut frame).is_some() && !once {}
    }
    buffer.pass_over(8, SequenceNumber(3));
}

fn allocations_of(settings: Settings, once: bool) -> usize {
    let arrivals = eventful_stream();
    let mut buffer = AdaptiveBuffer::new(settings);
    let wide = Format {
        clock: RATE,
        rate: SampleRate::HZ_16000,
    };
    let during = allocations(|| {
        run(&mut buffer, &arrivals, once);
        buffer.reset(wide);
        run(&mut buffer, &arrivals, once);
        buffer.reset(FORMAT);
        run(&mut buffer, &arrivals, once);
    });
    let statistics = buffer.statistics();
    assert!(
        statistics.lost > 0 && statistics.duplicates > 0 && statistics.overflowed > 0,
        "{statistics:?}"
    );
    assert!(
        statistics.restarts >= 3 && statistics.concealed_samples > 0,
        "{statistics:?}"
    );
    during
}

#[test]
fn the_counter_counts() {
    assert!(allocations(|| drop(std::hint::black_box(Box::new(1)))) > 0);
}

#[test]
fn towards_a_person_nothing_allocates_not_even_a_reset() {
    assert_eq!(allocations_of(play(), true), 0);
}

#[test]
fn towards_a_machine_nothing_allocates_not_even_a_reset() {
    assert_eq!(allocations_of(listen(), false), 0);
}
