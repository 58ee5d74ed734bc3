//! Semaphores, and locks that are waited for no longer than so long.

use core::ffi::{c_int, c_void};
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::SeqCst;

use crate::clock::monotonic;
use crate::cond::next;
use crate::futex::{self, PRIVATE};
use crate::layout::{NEVER, Shared, kind};
use crate::shared::{SLICE, Wait, nap, shared};
use crate::sys::{self, EBUSY, EINTR, EINVAL, ETIMEDOUT, MONOTONIC, REALTIME, Timespec};

/// A `sem_t` as the C library has laid it out since 2.21, whose `sem_post` is left as it is: the value in the lower
/// half of the first word, the number of those who wait in the upper.
#[repr(C)]
pub(crate) struct Sem {
    state: AtomicU64,
    between_processes: c_int,
}

const WAITER: u64 = 1 << 32;

unsafe fn sem(shared: &'static Shared, sem: &Sem, deadline: i64) -> c_int {
    let mut state = sem.state.load(SeqCst);
    let mut waits = false;
    let take = |state: &mut u64, mine: u64| {
        while *state as u32 > 0 {
            match sem.state.compare_exchange(*state, *state - 1 - mine, SeqCst, SeqCst) {
                Ok(_) => return true,
                Err(now) => *state = now,
            }
        }
        false
    };
    if take(&mut state, 0) {
        return 0;
    }
    let kind = if deadline == NEVER { kind::UNTIMED } else { kind::FUTEX };
    let flags = if sem.between_processes == 0 { PRIVATE } else { 0 };
    let wait = Wait::begin(shared, deadline, kind);
    loop {
        if !waits {
            waits = true;
            state = sem.state.fetch_add(WAITER, SeqCst).wrapping_add(WAITER);
        }
        if take(&mut state, WAITER) {
            return 0;
        }
        // The lower half comes first in memory on both machines.
        let result = futex::either(&wait, sem.state.as_ptr().cast(), 0, flags);
        state = sem.state.load(SeqCst);
        let error = if futex::interrupted(result) {
            EINTR
        } else if wait.left() <= 0 && state as u32 == 0 {
            ETIMEDOUT
        } else {
            continue;
        };
        sem.state.fetch_sub(WAITER, SeqCst);
        return sys::fail(error) as c_int;
    }
}

/// `sem_wait(3)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn sem_wait(s: *mut Sem) -> c_int {
    // SAFETY: the caller's semaphore.
    unsafe {
        match shared() {
            Some(shared) => sem(shared, &*s, NEVER),
            None => next!(c"sem_wait", fn(*mut Sem))(s),
        }
    }
}

/// `sem_timedwait(3)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn sem_timedwait(s: *mut Sem, end: *const Timespec) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if shared().is_none() {
            return next!(c"sem_timedwait", fn(*mut Sem, *const Timespec))(s, end);
        }
        sem_clockwait(s, REALTIME, end)
    }
}

/// `sem_clockwait(3)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn sem_clockwait(s: *mut Sem, clock: c_int, end: *const Timespec) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        let Some(shared) = shared() else {
            return next!(c"sem_clockwait", fn(*mut Sem, c_int, *const Timespec))(s, clock, end);
        };
        let Some(nanos) = (*end).nanos().filter(|_| matches!(clock, REALTIME | MONOTONIC)) else {
            return sys::fail(EINVAL) as c_int;
        };
        sem(shared, &*s, monotonic(clock, nanos))
    }
}

unsafe extern "C" {
    fn pthread_mutex_trylock(lock: *mut c_void) -> c_int;
    fn pthread_rwlock_tryrdlock(lock: *mut c_void) -> c_int;
    fn pthread_rwlock_trywrlock(lock: *mut c_void) -> c_int;
}

/// Tries until the deadline. Nobody can wake a thread that waits for a lock without giving it the lock, so it looks
/// again every millisecond; programs hardly ever wait so.
unsafe fn locked(
    lock: *mut c_void,
    clock: c_int,
    end: *const Timespec,
    attempt: unsafe extern "C" fn(*mut c_void) -> c_int,
) -> c_int {
    // SAFETY: the caller's lock and time.
    unsafe {
        let first = attempt(lock);
        let Some(shared) = shared().filter(|_| first == EBUSY) else { return first };
        let Some(nanos) = (*end).nanos().filter(|_| matches!(clock, REALTIME | MONOTONIC)) else { return EINVAL };
        let wait = Wait::begin(shared, monotonic(clock, nanos), kind::SLICED);
        loop {
            let left = wait.left();
            if left <= 0 {
                return ETIMEDOUT;
            }
            nap(left.min(SLICE));
            match attempt(lock) {
                EBUSY => {}
                other => return other,
            }
        }
    }
}

/// The functions that wait for a lock no longer than until a time, on the real clock and on one that is named.
macro_rules! timed {
    ($($timed:ident, $timed_name:literal, $clocked:ident, $clocked_name:literal, $try:ident;)*) => {$(
        /// As the C library's of this name.
        #[unsafe(no_mangle)]
        pub(crate) unsafe extern "C" fn $timed(lock: *mut c_void, end: *const Timespec) -> c_int {
            // SAFETY: the caller's arguments.
            unsafe {
                if shared().is_none() {
                    return next!($timed_name, fn(*mut c_void, *const Timespec))(lock, end);
                }
                locked(lock, REALTIME, end, $try)
            }
        }

        /// As the C library's of this name.
        #[unsafe(no_mangle)]
        pub(crate) unsafe extern "C" fn $clocked(lock: *mut c_void, clock: c_int, end: *const Timespec) -> c_int {
            // SAFETY: the caller's arguments.
            unsafe {
                if shared().is_none() {
                    return next!($clocked_name, fn(*mut c_void, c_int, *const Timespec))(lock, clock, end);
                }
                locked(lock, clock, end, $try)
            }
        }
    )*};
}

timed! {
    pthread_mutex_timedlock, c"pthread_mutex_timedlock",
        pthread_mutex_clocklock, c"pthread_mutex_clocklock", pthread_mutex_trylock;
    pthread_rwlock_timedrdlock, c"pthread_rwlock_timedrdlock",
        pthread_rwlock_clockrdlock, c"pthread_rwlock_clockrdlock", pthread_rwlock_tryrdlock;
    pthread_rwlock_timedwrlock, c"pthread_rwlock_timedwrlock",
        pthread_rwlock_clockwrlock, c"pthread_rwlock_clockwrlock", pthread_rwlock_trywrlock;
}
