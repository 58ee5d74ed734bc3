//! Waits for descriptors, or for time.

use core::ffi::{c_int, c_ulong, c_void};
use core::mem::MaybeUninit;

use crate::clock::seen;
use crate::layout::{NEVER, Shared, kind};
use crate::shared::{LONGEST, SLICE, Wait, now, pipe, shared};
use crate::sys::{self, EINVAL, MONOTONIC, Timespec, Timeval, call, nr};

/// A descriptor to be watched.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct PollFd {
    fd: c_int,
    events: i16,
    revents: i16,
}

impl PollFd {
    /// One that waits until there is something to read, or else room to write.
    pub(crate) fn new(fd: c_int, read: bool) -> Self {
        Self { fd, events: if read { IN } else { OUT }, revents: 0 }
    }
}

const IN: i16 = 0x001;
const PRI: i16 = 0x002;
const OUT: i16 = 0x004;
const ERR: i16 = 0x008;
const HUP: i16 = 0x010;
const NVAL: i16 = 0x020;

/// A set of signals, as the kernel takes it: where it lies.
type Mask = usize;
const MASK_BYTES: usize = 8;

/// `ppoll(2)` in real time.
unsafe fn ppoll_now(fds: *mut PollFd, n: usize, pause: Option<i64>, mask: Mask) -> isize {
    let time = pause.map(Timespec::of);
    let time = time.as_ref().map_or(0, |t| &raw const *t as usize);
    // SAFETY: the caller's arguments, which the kernel checks.
    unsafe { call(nr::PPOLL, [fds as usize, n, time, mask, MASK_BYTES, 0]) }
}

/// Waits with a pipe among the descriptors; there is room for `N` in all.
unsafe fn with_pipe<const N: usize>(wait: &Wait, pipe: c_int, fds: *mut PollFd, n: usize, mask: Mask) -> isize {
    let mut all = MaybeUninit::<[PollFd; N]>::uninit();
    let all: *mut PollFd = all.as_mut_ptr().cast();
    // SAFETY: `n` is less than `N`, and the caller's array has `n` places.
    unsafe {
        core::ptr::copy_nonoverlapping(fds, all, n);
        let mine = all.add(n);
        mine.write(PollFd { fd: pipe, events: IN, revents: 0 });
        loop {
            let left = wait.left();
            let some = ppoll_now(all, n + 1, Some(left.clamp(0, LONGEST)), mask);
            if some < 0 {
                return some;
            }
            let woken = (*mine).revents != 0;
            let found = some - isize::from(woken);
            if found > 0 || left <= 0 {
                for index in 0..n {
                    (*fds.add(index)).revents = (*all.add(index)).revents;
                }
                return found;
            }
            if some == 0 {
                wait.idle();
            }
            if woken {
                let mut sink = [0u8; 64];
                call(nr::READ, [pipe as usize, sink.as_mut_ptr() as usize, sink.len(), 0, 0, 0]);
            }
        }
    }
}

/// Waits for descriptors until the deadline, for ever if that is [`NEVER`].
pub(crate) unsafe fn until(shared: &'static Shared, fds: *mut PollFd, n: usize, deadline: i64, mask: Mask) -> isize {
    // SAFETY: the caller's array, all along.
    unsafe {
        if deadline == NEVER {
            let _wait = Wait::begin(shared, NEVER, kind::UNTIMED);
            return ppoll_now(fds, n, None, mask);
        }
        // Most that are asked have something to say.
        if mask == 0 {
            let some = ppoll_now(fds, n, Some(0), 0);
            if some != 0 {
                return some;
            }
        }
        let wait = Wait::begin(shared, deadline, kind::PIPE);
        let pipe = if n <= 1024 { wait.index().and_then(pipe) } else { None };
        let Some(pipe) = pipe else {
            wait.sliced();
            loop {
                let left = wait.left();
                let some = ppoll_now(fds, n, Some(left.clamp(0, SLICE)), mask);
                if some != 0 || left <= 0 {
                    return some;
                }
            }
        };
        let fd = pipe as c_int;
        let some = match n {
            0..=15 => with_pipe::<16>(&wait, fd, fds, n, mask),
            16..=127 => with_pipe::<128>(&wait, fd, fds, n, mask),
            _ => with_pipe::<1025>(&wait, fd, fds, n, mask),
        };
        call(nr::CLOSE, [pipe, 0, 0, 0, 0, 0]);
        some
    }
}

/// A pause of the caller's as a deadline.
fn deadline(shared: &Shared, pause: Option<i64>) -> i64 {
    pause.map_or(NEVER, |pause| now(shared).saturating_add(pause))
}

/// The pause of a call that counts in milliseconds: below zero is for ever.
fn millis(pause: c_int) -> Option<i64> {
    (pause >= 0).then_some(i64::from(pause) * 1_000_000)
}

unsafe fn poll_for(fds: *mut PollFd, n: c_ulong, pause: Option<i64>, mask: Mask) -> isize {
    // SAFETY: the caller's array.
    unsafe {
        match shared().filter(|_| pause != Some(0)) {
            Some(shared) => until(shared, fds, n as usize, deadline(shared, pause), mask),
            None => ppoll_now(fds, n as usize, pause, mask),
        }
    }
}

/// `poll(2)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn poll(fds: *mut PollFd, n: c_ulong, pause: c_int) -> c_int {
    // SAFETY: the caller's array.
    sys::result(unsafe { poll_for(fds, n, millis(pause), 0) }) as c_int
}

/// `poll(2)` as programs call it that were compiled with checks.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __poll_chk(fds: *mut PollFd, n: c_ulong, pause: c_int, bytes: usize) -> c_int {
    if bytes / size_of::<PollFd>() < n as usize {
        sys::abort();
    }
    // SAFETY: the caller's array.
    unsafe { poll(fds, n, pause) }
}

/// `ppoll(2)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn ppoll(
    fds: *mut PollFd,
    n: c_ulong,
    pause: *const Timespec,
    mask: *const c_void,
) -> c_int {
    // SAFETY: the caller's pointers.
    unsafe {
        let pause = match pause.as_ref().map(|p| p.nanos()) {
            Some(None) => return sys::fail(EINVAL) as c_int,
            Some(some) => some,
            None => None,
        };
        sys::result(poll_for(fds, n, pause, mask as usize)) as c_int
    }
}

/// `ppoll(2)` as programs call it that were compiled with checks.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __ppoll_chk(
    fds: *mut PollFd,
    n: c_ulong,
    pause: *const Timespec,
    mask: *const c_void,
    bytes: usize,
) -> c_int {
    if bytes / size_of::<PollFd>() < n as usize {
        sys::abort();
    }
    // SAFETY: the caller's array.
    unsafe { ppoll(fds, n, pause, mask) }
}

/// The descriptors of one set that `select` knows.
const SET: usize = 1024;

unsafe fn member(set: *const u64, fd: usize) -> bool {
    // SAFETY: the caller's set has a bit for each descriptor below its number.
    !set.is_null() && unsafe { *set.add(fd / 64) } >> (fd % 64) & 1 == 1
}

unsafe fn select_for(n: c_int, sets: [*mut u64; 3], pause: Option<i64>, mask: Mask) -> isize {
    let Ok(n) = usize::try_from(n) else { return -EINVAL as isize };
    let shared = shared().filter(|_| pause != Some(0) && n <= SET);
    // SAFETY: the caller's sets, each with `n` bits.
    unsafe {
        let Some(shared) = shared else {
            let time = pause.map(Timespec::of);
            let time = time.as_ref().map_or(0, |t| &raw const *t as usize);
            let mask = [mask, MASK_BYTES];
            let [read, write, other] = sets.map(|s| s as usize);
            return call(nr::PSELECT6, [n, read, write, other, time, mask.as_ptr() as usize]);
        };
        let mut fds = [PollFd { fd: 0, events: 0, revents: 0 }; SET];
        let mut used = 0;
        for fd in 0..n {
            let wanted = [IN, OUT, PRI];
            let events = (0..3).filter(|i| member(sets[*i], fd)).fold(0, |events, i| events | wanted[i]);
            if events != 0 {
                fds[used] = PollFd { fd: fd as c_int, events, revents: 0 };
                used += 1;
            }
        }
        let some = until(shared, fds.as_mut_ptr(), used, deadline(shared, pause), mask);
        if some < 0 {
            return some;
        }
        const EBADF: isize = 9;
        if fds[..used].iter().any(|f| f.revents & NVAL != 0) {
            return -EBADF;
        }
        let mut bits = 0;
        // What makes a descriptor a member of which set, as select(2) has it.
        let told = [IN | HUP | ERR, OUT | ERR, PRI];
        for (set, told) in sets.iter().zip(told) {
            if set.is_null() {
                continue;
            }
            for word in 0..n.div_ceil(64) {
                let kept = if n - word * 64 >= 64 { 0 } else { u64::MAX << (n % 64) };
                *set.add(word) &= kept;
            }
            for fd in &fds[..used] {
                let wanted = if told & PRI != 0 { PRI } else { told & (IN | OUT) };
                if fd.events & wanted != 0 && fd.revents & told != 0 {
                    *set.add(fd.fd as usize / 64) |= 1 << (fd.fd as usize % 64);
                    bits += 1;
                }
            }
        }
        bits
    }
}

/// `select(2)`, which writes back what is left of the time.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn select(
    n: c_int,
    read: *mut u64,
    write: *mut u64,
    other: *mut u64,
    pause: *mut Timeval,
) -> c_int {
    // SAFETY: the caller's pointers.
    unsafe {
        let nanos = match pause.as_ref().map(|p| p.nanos()) {
            Some(None) => return sys::fail(EINVAL) as c_int,
            Some(some) => some,
            None => None,
        };
        let began = seen(MONOTONIC);
        let some = select_for(n, [read, write, other], nanos, 0);
        if let (Some(pause), Some(nanos)) = (pause.as_mut(), nanos) {
            *pause = Timeval::of((nanos - (seen(MONOTONIC) - began)).max(0));
        }
        sys::result(some) as c_int
    }
}

/// `pselect(2)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pselect(
    n: c_int,
    read: *mut u64,
    write: *mut u64,
    other: *mut u64,
    pause: *const Timespec,
    mask: *const c_void,
) -> c_int {
    // SAFETY: the caller's pointers.
    unsafe {
        let nanos = match pause.as_ref().map(|p| p.nanos()) {
            Some(None) => return sys::fail(EINVAL) as c_int,
            Some(some) => some,
            None => None,
        };
        sys::result(select_for(n, [read, write, other], nanos, mask as usize)) as c_int
    }
}

unsafe fn epoll_for(epoll: c_int, events: *mut c_void, most: c_int, pause: Option<i64>, mask: Mask) -> isize {
    // SAFETY: the caller's array.
    unsafe {
        let now = |mask: Mask, pause: isize| {
            let arguments = [epoll as usize, events as usize, most as usize, pause as usize, mask, MASK_BYTES];
            call(nr::EPOLL_PWAIT, arguments)
        };
        let Some(shared) = shared().filter(|_| pause != Some(0)) else {
            let pause = pause.map_or(-1, |p| (p.saturating_add(999_999) / 1_000_000).min(i64::from(c_int::MAX)));
            return now(mask, pause as isize);
        };
        if pause.is_none() {
            let _wait = Wait::begin(shared, NEVER, kind::UNTIMED);
            return now(mask, -1);
        }
        // What has come already is not waited for; mistakes are the kernel's to tell.
        let some = now(0, 0);
        if some != 0 {
            return some;
        }
        let deadline = deadline(shared, pause);
        loop {
            let mut fd = PollFd { fd: epoll, events: IN, revents: 0 };
            let ready = until(shared, &raw mut fd, 1, deadline, mask);
            if ready <= 0 {
                return ready;
            }
            // Another thread may have been faster.
            let some = now(0, 0);
            if some != 0 || seen(MONOTONIC) >= deadline {
                return some;
            }
        }
    }
}

/// `epoll_wait(2)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn epoll_wait(epoll: c_int, events: *mut c_void, most: c_int, pause: c_int) -> c_int {
    // SAFETY: the caller's array.
    sys::result(unsafe { epoll_for(epoll, events, most, millis(pause), 0) }) as c_int
}

/// `epoll_pwait(2)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn epoll_pwait(
    epoll: c_int,
    events: *mut c_void,
    most: c_int,
    pause: c_int,
    mask: *const c_void,
) -> c_int {
    // SAFETY: the caller's array.
    sys::result(unsafe { epoll_for(epoll, events, most, millis(pause), mask as usize) }) as c_int
}

/// `epoll_pwait2(2)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn epoll_pwait2(
    epoll: c_int,
    events: *mut c_void,
    most: c_int,
    pause: *const Timespec,
    mask: *const c_void,
) -> c_int {
    // SAFETY: the caller's pointers.
    unsafe {
        if shared().is_none() {
            let arguments =
                [epoll as usize, events as usize, most as usize, pause as usize, mask as usize, MASK_BYTES];
            return sys::result(call(nr::EPOLL_PWAIT2, arguments)) as c_int;
        }
        let pause = match pause.as_ref().map(|p| p.nanos()) {
            Some(None) => return sys::fail(EINVAL) as c_int,
            Some(some) => some,
            None => None,
        };
        sys::result(epoll_for(epoll, events, most, pause, mask as usize)) as c_int
    }
}
