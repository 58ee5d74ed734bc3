//! Alarms and timers that ring while a program does something else, and waits for signals.
//!
//! An alarm is only written down: brownout sends the signal when its time has come. A timer with a descriptor is armed in
//! the kernel with the real time that is left, and written down: brownout arms it anew after each jump.

use core::ffi::{c_int, c_uint, c_void};
use core::sync::atomic::Ordering::SeqCst;

use crate::clock::monotonic;
use crate::layout::{NEVER, Shared, Timer, kind};
use crate::shared::{SLICE, Wait, now, process, shared};
use crate::sys::{self, EAGAIN, EINVAL, MONOTONIC, REALTIME, SECOND, Timespec, Timeval, call, nr};

/// `struct itimerval`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct Every {
    every: Timeval,
    first: Timeval,
}

/// `struct itimerspec`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct EverySpec {
    every: Timespec,
    first: Timespec,
}

const REAL: c_int = 0;

/// `setitimer(2)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn setitimer(which: c_int, new: *const Every, old: *mut Every) -> c_int {
    let record = shared().filter(|_| which == REAL).and_then(|shared| Some((shared, process(shared)?)));
    // SAFETY: the caller's pointers.
    unsafe {
        let Some((shared, record)) = record else {
            return sys::result(call(nr::SETITIMER, [which as usize, new as usize, old as usize, 0, 0, 0])) as c_int;
        };
        if !old.is_null() {
            getitimer(which, old);
        }
        let new = new.as_ref().copied().unwrap_or_default();
        let (Some(every), Some(first)) = (new.every.nanos(), new.first.nanos()) else {
            return sys::fail(EINVAL) as c_int;
        };
        record.every.store(every, SeqCst);
        record.alarm.store(if first == 0 { NEVER } else { now(shared).saturating_add(first) }, SeqCst);
    }
    0
}

/// `getitimer(2)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn getitimer(which: c_int, out: *mut Every) -> c_int {
    let record = shared().filter(|_| which == REAL).and_then(|shared| Some((shared, process(shared)?)));
    // SAFETY: the caller's pointer.
    unsafe {
        let Some((shared, record)) = record else {
            return sys::result(call(nr::GETITIMER, [which as usize, out as usize, 0, 0, 0, 0])) as c_int;
        };
        let alarm = record.alarm.load(SeqCst);
        let left = if alarm == NEVER { 0 } else { (alarm - now(shared)).max(1000) };
        *out = Every { every: Timeval::of(record.every.load(SeqCst)), first: Timeval::of(left) };
    }
    0
}

/// `alarm(2)`: whole seconds that were left of the one before.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn alarm(seconds: c_uint) -> c_uint {
    let first = Timeval::of(i64::from(seconds) * SECOND);
    let mut old = Every::default();
    // SAFETY: pointers to values of ours.
    unsafe { setitimer(REAL, &Every { every: Timeval::default(), first }, &raw mut old) };
    old.first.sec as c_uint + c_uint::from(old.first.usec > 0)
}

/// `ualarm(3)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn ualarm(first: c_uint, every: c_uint) -> c_uint {
    let time = |micros: c_uint| Timeval::of(i64::from(micros) * 1000);
    let mut old = Every::default();
    // SAFETY: pointers to values of ours.
    unsafe { setitimer(REAL, &Every { every: time(every), first: time(first) }, &raw mut old) };
    (old.first.sec * 1_000_000 + old.first.usec) as c_uint
}

/// The record of a descriptor's timer, a new one if need be.
fn record(shared: &'static Shared, fd: u32, make: bool) -> Option<&'static Timer> {
    let pid = sys::pid();
    let known = |t: &&Timer| t.pid.load(SeqCst) == pid && t.fd.load(SeqCst) == fd;
    shared.timers.iter().find(known).or_else(|| {
        let free = |t: &&Timer| make && t.pid.compare_exchange(0, pid, SeqCst, SeqCst).is_ok();
        let record = shared.timers.iter().find(free)?;
        record.deadline.store(NEVER, SeqCst);
        record.fd.store(fd, SeqCst);
        Some(record)
    })
}

/// Years on the real clock lie above this, uptimes below.
const YEARS: i64 = 1_000_000_000 * SECOND;

/// `timerfd_settime(2)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn timerfd_settime(
    fd: c_int,
    flags: c_int,
    new: *const EverySpec,
    old: *mut EverySpec,
) -> c_int {
    const ABSOLUTE: c_int = 1;
    // SAFETY: the caller's pointers.
    unsafe {
        let set = |flags: c_int, new: *const EverySpec| {
            let arguments = [fd as usize, flags as usize, new as usize, old as usize, 0, 0];
            sys::result(call(nr::TIMERFD_SETTIME, arguments)) as c_int
        };
        let Some(shared) = shared().filter(|_| !new.is_null()) else { return set(flags, new) };
        let (Some(every), Some(first)) = ((*new).every.nanos(), (*new).first.nanos()) else {
            return set(flags, new);
        };
        let deadline = match (first, flags & ABSOLUTE != 0) {
            (0, _) => NEVER,
            (first, false) => now(shared).saturating_add(first),
            (first, true) => monotonic(if first > YEARS { REALTIME } else { MONOTONIC }, first),
        };
        let Some(record) = record(shared, fd as u32, deadline != NEVER) else { return set(flags, new) };
        let left = if deadline == NEVER { 0 } else { (deadline - now(shared)).max(1) };
        let result = set(0, &EverySpec { every: (*new).every, first: Timespec::of(left) });
        if result == 0 {
            record.every.store(every, SeqCst);
            record.set.fetch_add(1, SeqCst);
            record.deadline.store(deadline, SeqCst);
        }
        result
    }
}

/// `sigtimedwait(2)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn sigtimedwait(set: *const c_void, info: *mut c_void, pause: *const Timespec) -> c_int {
    // SAFETY: the caller's pointers.
    unsafe {
        let straight = |pause: *const Timespec| {
            call(nr::RT_SIGTIMEDWAIT, [set as usize, info as usize, pause as usize, 8, 0, 0])
        };
        let nanos = pause.as_ref().and_then(|p| p.nanos());
        let (Some(shared), Some(nanos)) = (shared(), nanos) else { return sys::result(straight(pause)) as c_int };
        let wait = Wait::begin(shared, now(shared).saturating_add(nanos), kind::SLICED);
        loop {
            let left = wait.left();
            let slice = Timespec::of(left.clamp(0, SLICE));
            let got = straight(&raw const slice);
            if got != -EAGAIN as isize || left <= 0 {
                return sys::result(got) as c_int;
            }
        }
    }
}
