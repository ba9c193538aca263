//! A clock that a program sets itself, for code that reads the system's.
//!
//! The `neteq` crate reads the time wherever it needs it. This defines the C
//! library's `clock_gettime` anew for the whole program, so that on a thread that
//! has set its time, and there alone, every clock shows that time: minutes of
//! playout then take milliseconds, and come out the same each time.

#![allow(
    unsafe_code,
    reason = "a function of the C library can only be replaced and called so"
)]

use std::cell::Cell;

use audio::Moment;

thread_local! {
    static NOW: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Lets every clock on this thread show `now` from here on.
pub(crate) fn set(now: Moment) {
    NOW.set(Some(now.as_micros()));
}

/// # Safety
///
/// As for the function of the C library: `time` points to a `timespec` that may be
/// written, or is null.
// SAFETY: the signature is that of the C library, whose definition this replaces.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(
    clock: libc::clockid_t,
    time: *mut libc::timespec,
) -> libc::c_int {
    let Some(micros) = NOW.try_with(Cell::get).ok().flatten() else {
        // SAFETY: the arguments are handed on as they came.
        return unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) } as libc::c_int;
    };
    if !time.is_null() {
        // SAFETY: the caller promises that what is not null may be written.
        unsafe {
            time.write(libc::timespec {
                tv_sec: (micros / 1_000_000) as libc::time_t,
                tv_nsec: (micros % 1_000_000 * 1_000) as libc::c_long,
            });
        }
    }
    0
}
