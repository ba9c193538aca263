//! Sealing, opening and refusing packets never touches the heap.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use srtp::{Keys, Profile, Protect, Unprotect};

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

#[test]
fn no_packet_costs_an_allocation() {
    for profile in Profile::ALL {
        let bytes = [7; 30];
        let keys = Keys::new(profile, &bytes[..profile.key_and_salt_length()]).unwrap();
        let mut protect = Protect::new(&keys);
        let mut unprotect = Unprotect::new(&keys);
        let before = ALLOCATIONS.get();
        assert_ne!(before, 0, "the allocator counts");
        for number in 0..1_000_u16 {
            let mut buffer = [0x80; 200];
            buffer[2..4].copy_from_slice(&number.to_be_bytes());
            let sealed = protect.protect_rtp(&mut buffer, 172).unwrap();
            let mut replayed = buffer;
            assert_eq!(unprotect.unprotect_rtp(&mut buffer[..sealed]), Ok(172));
            assert!(unprotect.unprotect_rtp(&mut replayed[..sealed]).is_err());

            let mut report = [0x80; 200];
            let sealed = protect.protect_rtcp(&mut report, 100).unwrap();
            report[50] ^= 1;
            assert!(unprotect.unprotect_rtcp(&mut report[..sealed]).is_err());
            report[50] ^= 1;
            assert_eq!(unprotect.unprotect_rtcp(&mut report[..sealed]), Ok(100));
        }
        assert_eq!(ALLOCATIONS.get(), before, "{profile:?}");
    }
}
