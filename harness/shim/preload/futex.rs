//! Waiting for a word of memory to change: by `syscall(SYS_futex, …)`, as Rust's standard library does, and for the
//! condition variables and semaphores of `cond.rs` and `lock.rs`.

use core::ffi::{c_int, c_long};
use core::sync::atomic::AtomicU32;

use crate::clock::{self, monotonic};
use crate::layout::{NEVER, kind};
use crate::shared::{LONGEST, SLICE, Wait, now, shared};
use crate::sys::{
    self, EAGAIN, EINTR, EINVAL, ENOSYS, ETIMEDOUT, MONOTONIC, REALTIME, Timespec, call, nr,
};

const WAIT: usize = 0;
const WAKE: usize = 1;
const WAIT_BITSET: usize = 9;
pub(crate) const PRIVATE: u32 = 128;
const CLOCK_REALTIME: usize = 256;
const ANY: usize = 0xffff_ffff;

/// Sleeps while the shared word has this value, at most so long; zero, or minus the error's number.
pub(crate) fn sleep(word: &AtomicU32, seen: u32, nanos: i64) -> c_int {
    let pause = Timespec::of(nanos);
    let word = word.as_ptr() as usize;
    // SAFETY: the word and the pause live for the call.
    unsafe { call(nr::FUTEX, [word, WAIT, seen as usize, &raw const pause as usize, 0, 0]) as c_int }
}

/// Wakes so many that wait for a word.
pub(crate) fn wake(word: &AtomicU32, number: u32, flags: u32) {
    let word = word.as_ptr() as usize;
    // SAFETY: waking touches no memory.
    unsafe { call(nr::FUTEX, [word, WAKE | flags as usize, number as usize, 0, 0, 0]) };
}

/// One of the words that `futex_waitv(2)` waits for.
#[repr(C)]
struct Watched {
    value: u64,
    address: u64,
    flags: u32,
    reserved: u32,
}

/// Waits, within `wait`, for a word to change or be woken, or for brownout to wake the slot, or until the kernel's
/// time is up. Zero if the word was woken; else minus the error's number, `-ETIMEDOUT` for "look at the clock".
pub(crate) fn either(wait: &Wait, word: *const u32, seen: u32, flags: u32) -> c_int {
    let kick = wait.kick();
    let left = wait.left();
    if left <= 0 {
        return -ETIMEDOUT;
    }
    if left == NEVER {
        // SAFETY: the caller's word, which the kernel checks.
        return unsafe {
            call(nr::FUTEX, [word as usize, WAIT | flags as usize, seen as usize, 0, 0, 0]) as c_int
        };
    }
    if let Some((slot, value)) = kick {
        // The later one of two that were woken is told, so the program's own stands last: no wake-up is lost.
        const SIZE_U32: u32 = 2;
        let watched = [
            Watched { value: u64::from(value), address: slot.as_ptr() as u64, flags: SIZE_U32, reserved: 0 },
            Watched { value: u64::from(seen), address: word as u64, flags: SIZE_U32 | flags, reserved: 0 },
        ];
        let end = Timespec::of(sys::machine(MONOTONIC) + left.min(LONGEST));
        let arguments = [watched.as_ptr() as usize, 2, 0, &raw const end as usize, MONOTONIC as usize, 0];
        // SAFETY: all of it lives for the call; the kernel checks the caller's word.
        let woken = unsafe { call(nr::FUTEX_WAITV, arguments) as c_int };
        match woken {
            1 => return 0,
            0 => return -ETIMEDOUT,
            error if error == -ENOSYS || error == -EPERM_OF_A_FILTER => wait.sliced(),
            // Either word has another value: the program's own is what it asks about.
            error if error == -EAGAIN => {
                // SAFETY: the kernel has just read there.
                let now = unsafe { AtomicU32::from_ptr(word.cast_mut()).load(core::sync::atomic::Ordering::SeqCst) };
                return if now == seen { -ETIMEDOUT } else { -EAGAIN };
            }
            error => {
                if error == -ETIMEDOUT {
                    wait.idle();
                }
                return error;
            }
        }
    }
    let slice = Timespec::of(left.min(SLICE));
    let arguments = [word as usize, WAIT | flags as usize, seen as usize, &raw const slice as usize, 0, 0];
    // SAFETY: as above.
    unsafe { call(nr::FUTEX, arguments) as c_int }
}

/// A sandbox that does not know a call answers so.
const EPERM_OF_A_FILTER: c_int = sys::EPERM;

/// `FUTEX_WAIT` and `FUTEX_WAIT_BITSET` with a time: minus the error's number, or zero.
unsafe fn wait(word: *const u32, op: usize, seen: u32, time: *const Timespec, mask: usize) -> isize {
    let straight =
        // SAFETY: the caller's arguments, which the kernel checks.
        || unsafe { call(nr::FUTEX, [word as usize, op, seen as usize, time as usize, 0, mask]) };
    let Some(shared) = shared().filter(|_| !time.is_null()) else { return straight() };
    // SAFETY: the caller's pointer.
    let Some(nanos) = (unsafe { *time }).nanos() else { return -EINVAL as isize };
    let deadline = if op & 127 == WAIT {
        now(shared).saturating_add(nanos)
    } else {
        monotonic(if op & CLOCK_REALTIME == 0 { MONOTONIC } else { REALTIME }, nanos)
    };
    let wait = Wait::begin(shared, deadline, if mask == ANY { kind::FUTEX } else { kind::SLICED });
    loop {
        let result = if mask == ANY {
            either(&wait, word, seen, op as u32 & PRIVATE)
        } else {
            let left = wait.left();
            if left <= 0 {
                return -ETIMEDOUT as isize;
            }
            let end = Timespec::of(sys::machine(MONOTONIC) + left.min(SLICE));
            let op = op & !CLOCK_REALTIME;
            // SAFETY: as above.
            unsafe {
                call(nr::FUTEX, [word as usize, op, seen as usize, &raw const end as usize, 0, mask]) as c_int
            }
        };
        if result != -ETIMEDOUT {
            return result as isize;
        }
        if wait.left() <= 0 {
            return result as isize;
        }
    }
}

/// `syscall(2)`. What has nothing to do with time goes straight on. Declared with all the arguments that a call may
/// have: on both machines they lie in registers, whether or not they were given.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn syscall(
    number: c_long,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
    f: usize,
) -> c_long {
    let number = number as usize;
    // SAFETY: the caller's arguments, as for the functions that they are handed to.
    unsafe {
        match number {
            nr::FUTEX if matches!(b & 127, WAIT | WAIT_BITSET) => {
                let mask = if b & 127 == WAIT { ANY } else { f & ANY };
                sys::long(wait(a as *const u32, b, c as u32, d as *const Timespec, mask))
            }
            nr::CLOCK_GETTIME => c_long::from(clock::clock_gettime(a as c_int, b as *mut Timespec)),
            nr::NANOSLEEP => c_long::from(crate::sleep::nanosleep(a as *const Timespec, b as *mut Timespec)),
            nr::CLOCK_NANOSLEEP => {
                let error = crate::sleep::clock_nanosleep(a as c_int, b as c_int, c as *const _, d as *mut _);
                sys::long(-(error as isize))
            }
            _ => sys::long(call(number, [a, b, c, d, e, f])),
        }
    }
}

/// Whether a result says that a signal came.
pub(crate) fn interrupted(result: c_int) -> bool {
    result == -EINTR
}
