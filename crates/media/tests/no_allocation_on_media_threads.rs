//! Media threads with busy legs never touch the heap.

#[path = "../src/own_address.rs"]
mod own_address;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use audio::{Frame, SampleRate};
use media::{
    Clock, Codec, Connection, LegOptions, Media, MediaConfig, PlayoutFrame, Policy, SegmentId,
};
use own_address::own_address;

struct Counting;

static WATCHING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static IS_TEST: Cell<bool> = const { Cell::new(false) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[allow(unsafe_code, reason = "an allocator cannot be written otherwise")]
// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if WATCHING.load(Ordering::Relaxed) && !IS_TEST.get() {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

// The only test of its process: another one's thread would be counted too.
#[test]
fn a_second_of_twenty_legs_does_not_allocate() {
    IS_TEST.set(true);
    let config = MediaConfig {
        bind: own_address(),
        threads: 2,
        raise_priority: false,
        max_lateness: Duration::from_secs(60),
        ..MediaConfig::default()
    };
    let media = Media::start(config, Clock::new(), std::thread::current()).unwrap();
    let options = LegOptions {
        widest: SampleRate::HZ_8000,
        record: true,
        policy: Policy::Play,
        inband_digits: false,
        background: None,
    };
    let legs: Vec<_> = (0..20).map(|_| media.open(options).unwrap()).collect();
    let connect = |send| {
        for pair in legs.chunks(2) {
            let [one, other] = pair else { continue };
            for (leg, peer) in [(&one.0, &other.0), (&other.0, &one.0)] {
                leg.connect(Connection {
                    send,
                    ..Connection::new(peer.local_address(), Codec::Pcmu, 0)
                })
                .unwrap();
            }
        }
    };
    // The first connection may take memory for the playout buffer, between ticks.
    connect(true);
    std::thread::sleep(Duration::from_millis(100));
    WATCHING.store(true, Ordering::Relaxed);
    for round in 0..50 {
        connect(round % 10 != 5);
        for (leg, feed, recording) in &legs {
            let playout = leg.playout();
            let frame = PlayoutFrame {
                generation: playout.generation(),
                segment: SegmentId(round),
                last: true,
                frame: Frame::from_samples(&[5_000; 160]).unwrap(),
            };
            let _ = playout.push(frame);
            if round % 9 == 8 {
                playout.interrupt();
            }
            while feed.pop_frame().is_some() || feed.pop_event().is_some() {}
            while recording
                .as_ref()
                .is_some_and(|recording| recording.pop().is_some())
            {}
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    WATCHING.store(false, Ordering::Relaxed);
    let statistics = media.statistics();
    assert!(statistics.legs.packets_received > 100, "{statistics:?}");
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed), 0);
}
