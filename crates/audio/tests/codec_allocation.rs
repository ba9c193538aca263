//! A media thread encodes and decodes from inside its tick, where nothing may
//! allocate. (libopus keeps what it needs on the stack; its own allocator is not
//! counted here.)

#![allow(
    unsafe_code,
    reason = "a global allocator that counts can only be written so"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use audio::FRAME;
use audio::codec::{Codec, Decoder, Encoder, OpusSettings, comfort_noise};

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

#[test]
fn nothing_is_allocated_once_a_codec_is_open() {
    for codec in Codec::ALL {
        let mut encoder =
            Encoder::new(codec, OpusSettings::default()).expect("the settings are in range");
        let mut decoder = Decoder::new(codec).expect("there is memory");
        let samples = codec.rate().samples_in(FRAME);
        let frame: Vec<i16> = (0..samples).map(|n| (n as i16).wrapping_mul(911)).collect();
        let (mut payload, mut out) = ([0; 1_500], [0; 1_920]);

        let before = ALLOCATIONS.get();
        assert!(before > 0, "the allocator counts");
        for round in 0..50 {
            let bytes = encoder.encode(&frame, &mut payload).expect("it is a frame");
            let payload = &payload[..bytes];
            assert_eq!(decoder.samples(payload), Some(samples));
            if round % 5 == 0 {
                decoder.recover(payload, &mut out[..samples]);
                decoder.conceal(&mut out[..samples]);
            }
            assert_eq!(decoder.decode(payload, &mut out), Ok(samples));
            assert!(decoder.decode(payload, &mut []).is_err());
            assert!(decoder.decode(&[], &mut out).is_err());
            let description = comfort_noise::describe(&out[..samples]);
            decoder.noise(Some(&description), &mut out);
            encoder.expect_loss(round);
        }
        decoder.reset();
        assert_eq!(ALLOCATIONS.get() - before, 0, "{codec:?}");
    }
}
