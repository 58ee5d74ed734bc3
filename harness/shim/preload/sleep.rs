//! Waits for nothing but time.

use core::ffi::{c_int, c_uint};

use crate::clock::{monotonic, moved};
use crate::futex;
use crate::layout::kind;
use crate::shared::{LONGEST, SLICE, Wait, nap, now, shared};
use crate::sys::{self, EINTR, EINVAL, ETIMEDOUT, MONOTONIC, SECOND, Timespec, call, nr};

/// Sleeps until the deadline; the error's number if something came in between.
pub(crate) fn until(shared: &'static crate::layout::Shared, deadline: i64) -> c_int {
    let wait = Wait::begin(shared, deadline, kind::FUTEX);
    loop {
        let kick = wait.kick();
        let left = wait.left();
        if left <= 0 {
            return 0;
        }
        let Some((word, seen)) = kick else {
            nap(left.min(SLICE));
            continue;
        };
        match futex::sleep(word, seen, left.min(LONGEST)) {
            error if error == -EINTR => return EINTR,
            error if error == -ETIMEDOUT => wait.idle(),
            _ => {}
        }
    }
}

/// `clock_nanosleep(2)`: returns the error itself.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn clock_nanosleep(
    clock: c_int,
    flags: c_int,
    pause: *const Timespec,
    rest: *mut Timespec,
) -> c_int {
    const ABSOLUTE: c_int = 1;
    let Some(shared) = shared().filter(|_| moved(clock)) else {
        let arguments = [clock as usize, flags as usize, pause as usize, rest as usize, 0, 0];
        // SAFETY: the caller's pointers, which the kernel checks.
        return unsafe { -call(nr::CLOCK_NANOSLEEP, arguments) as c_int };
    };
    // SAFETY: the caller's pointer.
    let Some(nanos) = (unsafe { *pause }).nanos() else { return EINVAL };
    let absolute = flags & ABSOLUTE != 0;
    let deadline = if absolute { monotonic(clock, nanos) } else { now(shared).saturating_add(nanos) };
    let error = until(shared, deadline);
    if error != 0 && !absolute {
        // SAFETY: the caller's pointer.
        if let Some(rest) = unsafe { rest.as_mut() } {
            *rest = Timespec::of((deadline - now(shared)).max(0));
        }
    }
    error
}

/// `nanosleep(2)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn nanosleep(pause: *const Timespec, rest: *mut Timespec) -> c_int {
    // SAFETY: as the caller's.
    match unsafe { clock_nanosleep(MONOTONIC, 0, pause, rest) } {
        0 => 0,
        error => sys::fail(error) as c_int,
    }
}

/// `usleep(3)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn usleep(micros: c_uint) -> c_int {
    let pause = Timespec::of(i64::from(micros) * 1000);
    // SAFETY: a pointer to a value of ours.
    unsafe { nanosleep(&raw const pause, core::ptr::null_mut()) }
}

/// `sleep(3)`: whole seconds that are left.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn sleep(seconds: c_uint) -> c_uint {
    let pause = Timespec::of(i64::from(seconds) * SECOND);
    let mut rest = Timespec::default();
    // SAFETY: pointers to values of ours.
    match unsafe { clock_nanosleep(MONOTONIC, 0, &raw const pause, &raw mut rest) } {
        0 => 0,
        _ => rest.sec as c_uint + c_uint::from(rest.nsec > 0),
    }
}

/// `thrd_sleep(3)`: minus one if something came in between.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn thrd_sleep(pause: *const Timespec, rest: *mut Timespec) -> c_int {
    // SAFETY: as the caller's.
    match unsafe { clock_nanosleep(MONOTONIC, 0, pause, rest) } {
        0 => 0,
        EINTR => -1,
        _ => -2,
    }
}
