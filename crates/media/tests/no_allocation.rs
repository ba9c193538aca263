//! Ticking a leg and handing it packets never touches the heap.

mod rig;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use media::Connection;
use media::rtp::Header;
use rig::{LOUD, Rig, TELEPHONE_EVENT, connection, datagram, far_end, stranger};

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

/// How many allocations `action` makes on this thread.
fn allocations(action: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    action();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert!(allocations(|| drop(std::hint::black_box(Box::new(1)))) > 0);
}

#[test]
fn ten_seconds_of_everything_do_not_allocate() {
    let mut rig = Rig::connected();
    let recording = rig.ends.recording.take();
    let mut sent = 0;
    for tick in 0..500u32 {
        let key = datagram(
            Header {
                payload_type: TELEPHONE_EVENT,
                ..rig.far
            },
            0,
        );
        rig.far.sequence = rig.far.sequence.next();
        let speech = datagram(rig.far, LOUD);
        rig.far.timestamp = rig.far.timestamp.advanced(160);
        rig.far.sequence = rig.far.sequence.next();
        let held = Connection {
            send: false,
            ..connection()
        };
        let now = rig.now;
        let count = allocations(|| {
            if tick % 60 == 50 {
                rig.core.connect(now, held);
            }
            if tick % 60 == 55 {
                rig.core.connect(now, connection());
            }
            // Every seventh packet is lost, every eleventh comes twice.
            if tick % 7 > 0 {
                rig.core.handle_packet(now, far_end(), &speech);
            }
            if tick % 11 == 0 {
                rig.core.handle_packet(now, far_end(), &speech);
            }
            rig.core.handle_packet(now, far_end(), &key);
            rig.core.handle_packet(now, stranger(), &speech);
            rig.core.handle_packet(now, far_end(), &speech[..9]);
            if rig.ends.playout.space() > 0 {
                rig.say(tick / 5, tick % 5 == 4, LOUD);
            }
            if tick % 40 == 0 {
                rig.ends.playout.interrupt();
            }
            sent += usize::from(rig.core.tick(now).is_some());
            // A consumer that is mostly behind.
            if tick % 100 == 0 {
                while rig.ends.feed.pop_event().is_some() {}
                while rig.ends.feed.pop_frame().is_some() {}
                recording
                    .iter()
                    .for_each(|recording| while recording.pop().is_some() {});
            }
        });
        assert_eq!(count, 0, "allocations in tick {tick}");
        rig.now = now + audio::FRAME;
    }
    assert!(sent > 400);
    let statistics = rig.core.statistics();
    assert!(
        statistics.concealed_frames > 0 && statistics.recording_dropped > 0,
        "{statistics:?}"
    );
}

#[test]
fn a_leg_fits_into_two_hundred_kilobytes() {
    let before = BYTES.get();
    let rig = Rig::connected();
    let bytes = BYTES.get() - before;
    println!("a recorded leg takes {bytes} bytes");
    assert!(bytes < 200_000, "{bytes} bytes");
    drop(rig);
}
