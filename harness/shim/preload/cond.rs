//! Condition variables.
//!
//! The C library's own wait inside it for an absolute time of the machine's clock, where nobody can wake them without
//! waking somebody else. So all functions that touch one are ours, on the same 48 bytes: a word that every signal
//! changes, the number of those who wait, and how it was made. A waiter that sees the word changed goes on; that some go
//! on for nothing is what the standard allows.

use core::ffi::{c_int, c_void};
use core::sync::atomic::Ordering::SeqCst;
use core::sync::atomic::AtomicU32;

use crate::clock::monotonic;
use crate::futex::{self, PRIVATE};
use crate::layout::{NEVER, Shared, kind};
use crate::shared::{Wait, nap, shared};
use crate::sys::{EINVAL, ETIMEDOUT, MONOTONIC, REALTIME, Timespec};

/// What a `pthread_cond_t` holds while the shim is at work. All zero is one that was never made, only declared.
#[repr(C)]
pub(crate) struct Cond {
    signals: AtomicU32,
    waiters: AtomicU32,
    made: AtomicU32,
    rest: [u32; 9],
}

const MADE_MONOTONIC: u32 = 1;
const MADE_SHARED: u32 = 2;

impl Cond {
    fn flags(&self) -> u32 {
        if self.made.load(SeqCst) & MADE_SHARED == 0 { PRIVATE } else { 0 }
    }

    fn clock(&self) -> c_int {
        if self.made.load(SeqCst) & MADE_MONOTONIC == 0 { REALTIME } else { MONOTONIC }
    }
}

unsafe extern "C" {
    fn pthread_mutex_lock(mutex: *mut c_void) -> c_int;
    fn pthread_mutex_unlock(mutex: *mut c_void) -> c_int;
}

/// The C library's function of a name, for programs that are not warped.
macro_rules! next {
    ($name:literal, fn($($argument:ty),*)) => {{
        static NEXT: core::sync::atomic::AtomicPtr<c_void> =
            core::sync::atomic::AtomicPtr::new(core::ptr::null_mut());
        let mut next = NEXT.load(core::sync::atomic::Ordering::SeqCst);
        if next.is_null() {
            next = crate::sys::next($name);
            NEXT.store(next, core::sync::atomic::Ordering::SeqCst);
        }
        if next.is_null() {
            crate::sys::abort();
        }
        // SAFETY: the function of that name has this signature; callers vouch for the call anyway.
        core::mem::transmute::<*mut c_void, unsafe extern "C" fn($($argument),*) -> c_int>(next)
    }};
}
pub(crate) use next;

/// `pthread_cond_init(3)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pthread_cond_init(cond: *mut Cond, how: *const c_int) -> c_int {
    if shared().is_none() {
        // SAFETY: the caller's arguments.
        return unsafe { next!(c"pthread_cond_init", fn(*mut Cond, *const c_int))(cond, how) };
    }
    // SAFETY: the caller's pointers. The attributes are one word: whether it is shared between processes, then the clock.
    unsafe {
        let how = how.as_ref().copied().unwrap_or(0);
        let clock = if how >> 1 & 1 == MONOTONIC { MADE_MONOTONIC } else { 0 };
        let between = if how & 1 == 1 { MADE_SHARED } else { 0 };
        let made = AtomicU32::new(clock | between);
        cond.write(Cond { signals: AtomicU32::new(0), waiters: AtomicU32::new(0), made, rest: [0; 9] });
    }
    0
}

/// `pthread_cond_destroy(3)`: waits until the last waiter has let go.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pthread_cond_destroy(cond: *mut Cond) -> c_int {
    if shared().is_none() {
        // SAFETY: the caller's arguments.
        return unsafe { next!(c"pthread_cond_destroy", fn(*mut Cond))(cond) };
    }
    // SAFETY: the caller's condition variable.
    while unsafe { (*cond).waiters.load(SeqCst) } > 0 {
        nap(100_000);
    }
    0
}

unsafe fn signal(cond: &Cond, number: u32) -> c_int {
    cond.signals.fetch_add(1, SeqCst);
    if cond.waiters.load(SeqCst) > 0 {
        futex::wake(&cond.signals, number, cond.flags());
    }
    0
}

/// `pthread_cond_signal(3)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pthread_cond_signal(cond: *mut Cond) -> c_int {
    // SAFETY: the caller's condition variable.
    unsafe {
        if shared().is_none() { next!(c"pthread_cond_signal", fn(*mut Cond))(cond) } else { signal(&*cond, 1) }
    }
}

/// `pthread_cond_broadcast(3)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pthread_cond_broadcast(cond: *mut Cond) -> c_int {
    const ALL: u32 = i32::MAX as u32;
    // SAFETY: the caller's condition variable.
    unsafe {
        if shared().is_none() { next!(c"pthread_cond_broadcast", fn(*mut Cond))(cond) } else { signal(&*cond, ALL) }
    }
}

unsafe fn wait(shared: &'static Shared, cond: &Cond, mutex: *mut c_void, deadline: i64) -> c_int {
    cond.waiters.fetch_add(1, SeqCst);
    let seen = cond.signals.load(SeqCst);
    // SAFETY: the caller's mutex, which it holds.
    let unlocked = unsafe { pthread_mutex_unlock(mutex) };
    if unlocked != 0 {
        cond.waiters.fetch_sub(1, SeqCst);
        return unlocked;
    }
    let kind = if deadline == NEVER { kind::UNTIMED } else { kind::FUTEX };
    let wait = Wait::begin(shared, deadline, kind);
    let result = loop {
        if cond.signals.load(SeqCst) != seen {
            break 0;
        }
        if wait.left() <= 0 {
            break ETIMEDOUT;
        }
        // Whatever ended it, the word tells.
        let _ = futex::either(&wait, cond.signals.as_ptr(), seen, cond.flags());
    };
    drop(wait);
    // The last that is done with the condition variable: who destroys it waits for this.
    cond.waiters.fetch_sub(1, SeqCst);
    // SAFETY: the caller's mutex.
    match unsafe { pthread_mutex_lock(mutex) } {
        0 => result,
        error => error,
    }
}

/// `pthread_cond_wait(3)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pthread_cond_wait(cond: *mut Cond, mutex: *mut c_void) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        match shared() {
            Some(shared) => wait(shared, &*cond, mutex, NEVER),
            None => next!(c"pthread_cond_wait", fn(*mut Cond, *mut c_void))(cond, mutex),
        }
    }
}

/// `pthread_cond_timedwait(3)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pthread_cond_timedwait(
    cond: *mut Cond,
    mutex: *mut c_void,
    end: *const Timespec,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        let Some(shared) = shared() else {
            let next = next!(c"pthread_cond_timedwait", fn(*mut Cond, *mut c_void, *const Timespec));
            return next(cond, mutex, end);
        };
        let Some(nanos) = (*end).nanos() else { return EINVAL };
        wait(shared, &*cond, mutex, monotonic((*cond).clock(), nanos))
    }
}

/// `pthread_cond_clockwait(3)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pthread_cond_clockwait(
    cond: *mut Cond,
    mutex: *mut c_void,
    clock: c_int,
    end: *const Timespec,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        let Some(shared) = shared() else {
            let next = next!(c"pthread_cond_clockwait", fn(*mut Cond, *mut c_void, c_int, *const Timespec));
            return next(cond, mutex, clock, end);
        };
        let Some(nanos) = (*end).nanos().filter(|_| matches!(clock, REALTIME | MONOTONIC)) else { return EINVAL };
        wait(shared, &*cond, mutex, monotonic(clock, nanos))
    }
}
