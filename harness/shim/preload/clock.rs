//! What time it is.

use core::ffi::{c_int, c_long, c_void};
use core::sync::atomic::Ordering::SeqCst;

use crate::shared::shared;
use crate::sys::{self, MONOTONIC, REALTIME, SECOND, Timespec, Timeval, call, nr};

/// Whether brownout moves this clock: all that follow the world, none that count the work of a processor.
pub(crate) fn moved(clock: c_int) -> bool {
    // Real, monotonic, raw, both coarse ones, the one that counts sleep, both alarms, and atomic time.
    matches!(clock, 0 | 1 | 4..=9 | 11)
}

/// A clock as the program sees it.
pub(crate) fn seen(clock: c_int) -> i64 {
    let offset = if moved(clock) { shared().map_or(0, |s| s.offset.load(SeqCst)) } else { 0 };
    sys::machine(clock) + offset
}

/// A time of some clock on the shifted monotonic one.
pub(crate) fn monotonic(clock: c_int, time: i64) -> i64 {
    match clock {
        MONOTONIC => time,
        _ => time.saturating_sub(sys::machine(clock).saturating_sub(sys::machine(MONOTONIC))),
    }
}

/// `clock_gettime(2)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int {
    // SAFETY: the caller's pointer, which the kernel checks.
    let raw = unsafe { call(nr::CLOCK_GETTIME, [clock as usize, time as usize, 0, 0, 0, 0]) };
    if raw != 0 {
        return sys::result(raw) as c_int;
    }
    if moved(clock)
        && let Some(shared) = shared()
    {
        // SAFETY: the kernel has just written there.
        unsafe {
            let nanos = (*time).nsec + shared.offset.load(SeqCst);
            *time = Timespec { sec: (*time).sec + nanos.div_euclid(SECOND), nsec: nanos.rem_euclid(SECOND) };
        }
    }
    0
}

/// `gettimeofday(2)`. Nobody asks for the zone.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn gettimeofday(time: *mut Timeval, zone: *mut c_void) -> c_int {
    // SAFETY: the caller's pointers.
    unsafe {
        if let Some(time) = time.as_mut() {
            *time = Timeval::of(seen(REALTIME));
        }
        if !zone.is_null() {
            zone.cast::<[c_int; 2]>().write([0, 0]);
        }
    }
    0
}

/// `time(2)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn time(out: *mut c_long) -> c_long {
    let now = seen(REALTIME).div_euclid(SECOND) as c_long;
    // SAFETY: the caller's pointer.
    unsafe {
        if let Some(out) = out.as_mut() {
            *out = now;
        }
    }
    now
}

/// `timespec_get(3)`: zero for a base that there is not.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn timespec_get(time: *mut Timespec, base: c_int) -> c_int {
    if base != 1 {
        return 0;
    }
    // SAFETY: the caller's pointer.
    unsafe { *time = Timespec::of(seen(REALTIME)) };
    base
}
