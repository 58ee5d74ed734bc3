//! The kernel, without the C library between.

use core::ffi::{c_int, c_long, c_void};

/// Seconds and nanoseconds, as the kernel and the C library write them on 64-bit machines.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct Timespec {
    pub(crate) sec: i64,
    pub(crate) nsec: i64,
}

/// Seconds and microseconds.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct Timeval {
    pub(crate) sec: i64,
    pub(crate) usec: i64,
}

pub(crate) const SECOND: i64 = 1_000_000_000;

impl Timespec {
    pub(crate) fn of(nanos: i64) -> Self {
        Self { sec: nanos.div_euclid(SECOND), nsec: nanos.rem_euclid(SECOND) }
    }

    /// Its nanoseconds, none if it is malformed.
    pub(crate) fn nanos(self) -> Option<i64> {
        ((0..SECOND).contains(&self.nsec) && self.sec >= 0)
            .then(|| self.sec.saturating_mul(SECOND).saturating_add(self.nsec))
    }
}

impl Timeval {
    pub(crate) fn of(nanos: i64) -> Self {
        let time = Timespec::of(nanos);
        Self { sec: time.sec, usec: time.nsec / 1000 }
    }

    /// Its nanoseconds; whole seconds may hide among the microseconds.
    pub(crate) fn nanos(self) -> Option<i64> {
        (self.usec >= 0 && self.sec >= 0)
            .then(|| self.sec.saturating_mul(SECOND).saturating_add(self.usec.saturating_mul(1000)))
    }
}

pub(crate) const EPERM: c_int = 1;
pub(crate) const EINTR: c_int = 4;
pub(crate) const EAGAIN: c_int = 11;
pub(crate) const EBUSY: c_int = 16;
pub(crate) const EINVAL: c_int = 22;
pub(crate) const ENOSYS: c_int = 38;
pub(crate) const ETIMEDOUT: c_int = 110;

pub(crate) const REALTIME: c_int = 0;
pub(crate) const MONOTONIC: c_int = 1;

/// Numbers of system calls.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
pub(crate) mod nr {
    pub(crate) const READ: usize = 0; pub(crate) const LSEEK: usize = 8;
    pub(crate) const MMAP: usize = 9; pub(crate) const CLOSE: usize = 3;
    pub(crate) const GETITIMER: usize = 36; pub(crate) const SETITIMER: usize = 38; pub(crate) const GETPID: usize = 39;
    pub(crate) const SETSOCKOPT: usize = 54; pub(crate) const GETSOCKOPT: usize = 55;
    pub(crate) const GETTID: usize = 186; pub(crate) const FUTEX: usize = 202; pub(crate) const CLOCK_GETTIME: usize = 228;
    pub(crate) const CLOCK_NANOSLEEP: usize = 230; pub(crate) const EXIT_GROUP: usize = 231;
    pub(crate) const OPENAT: usize = 257; pub(crate) const MKNODAT: usize = 259; pub(crate) const PSELECT6: usize = 270;
    pub(crate) const PPOLL: usize = 271; pub(crate) const EPOLL_PWAIT: usize = 281;
    pub(crate) const TIMERFD_SETTIME: usize = 286;
    pub(crate) const RT_SIGTIMEDWAIT: usize = 128; pub(crate) const FUTEX_WAITV: usize = 449;
    pub(crate) const NANOSLEEP: usize = 35; pub(crate) const EPOLL_PWAIT2: usize = 441;
    pub(crate) const GETSOCKNAME: usize = 51; pub(crate) const KILL: usize = 62; pub(crate) const FLOCK: usize = 73;
    pub(crate) const GETPPID: usize = 110; pub(crate) const PRCTL: usize = 157;
}
#[cfg(target_arch = "aarch64")]
#[rustfmt::skip]
pub(crate) mod nr {
    pub(crate) const READ: usize = 63; pub(crate) const LSEEK: usize = 62;
    pub(crate) const MMAP: usize = 222; pub(crate) const CLOSE: usize = 57;
    pub(crate) const GETITIMER: usize = 102; pub(crate) const SETITIMER: usize = 103; pub(crate) const GETPID: usize = 172;
    pub(crate) const SETSOCKOPT: usize = 208; pub(crate) const GETSOCKOPT: usize = 209;
    pub(crate) const GETTID: usize = 178; pub(crate) const FUTEX: usize = 98; pub(crate) const CLOCK_GETTIME: usize = 113;
    pub(crate) const CLOCK_NANOSLEEP: usize = 115; pub(crate) const EXIT_GROUP: usize = 94;
    pub(crate) const OPENAT: usize = 56; pub(crate) const MKNODAT: usize = 33; pub(crate) const PSELECT6: usize = 72;
    pub(crate) const PPOLL: usize = 73; pub(crate) const EPOLL_PWAIT: usize = 22;
    pub(crate) const TIMERFD_SETTIME: usize = 86;
    pub(crate) const RT_SIGTIMEDWAIT: usize = 137; pub(crate) const FUTEX_WAITV: usize = 449;
    pub(crate) const NANOSLEEP: usize = 101; pub(crate) const EPOLL_PWAIT2: usize = 441;
    pub(crate) const GETSOCKNAME: usize = 204; pub(crate) const KILL: usize = 129; pub(crate) const FLOCK: usize = 32;
    pub(crate) const GETPPID: usize = 173; pub(crate) const PRCTL: usize = 167;
}

/// One system call: its result, or minus the error's number.
///
/// # Safety
/// As the call itself.
#[inline(always)]
pub(crate) unsafe fn call(n: usize, a: [usize; 6]) -> isize {
    let result: isize;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the kernel's calling convention; it spoils rcx and r11 alone.
    unsafe {
        core::arch::asm!("syscall", inlateout("rax") n as isize => result, in("rdi") a[0], in("rsi") a[1],
            in("rdx") a[2], in("r10") a[3], in("r8") a[4], in("r9") a[5], lateout("rcx") _, lateout("r11") _,
            options(nostack));
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: the kernel's calling convention.
    unsafe {
        core::arch::asm!("svc 0", in("x8") n, inlateout("x0") a[0] as isize => result, in("x1") a[1], in("x2") a[2],
            in("x3") a[3], in("x4") a[4], in("x5") a[5], options(nostack));
    }
    result
}

/// Ends the process at once.
pub(crate) fn abort() -> ! {
    loop {
        // SAFETY: takes no pointer.
        unsafe { call(nr::EXIT_GROUP, [134, 0, 0, 0, 0, 0]) };
    }
}

unsafe extern "C" {
    fn __errno_location() -> *mut c_int;
    fn dlsym(handle: *mut c_void, name: *const core::ffi::c_char) -> *mut c_void;
    fn dlvsym(
        handle: *mut c_void,
        name: *const core::ffi::c_char,
        version: *const core::ffi::c_char,
    ) -> *mut c_void;
}

/// What the C library's function returns for the kernel's result: minus one, with `errno` set, for an error.
pub(crate) fn result(raw: isize) -> isize {
    if (-4095..0).contains(&raw) { fail(-raw as c_int) } else { raw }
}

/// Minus one, with `errno` set.
pub(crate) fn fail(error: c_int) -> isize {
    // SAFETY: the C library's own place for this thread.
    unsafe { *__errno_location() = error };
    -1
}

/// The error of the call before.
pub(crate) fn last() -> c_int {
    // SAFETY: the C library's own place for this thread.
    unsafe { *__errno_location() }
}

/// The next function of a name after ours, as programs of today are linked with it. Condition variables exist in two
/// versions, and `dlsym` alone may find the old one.
pub(crate) fn next(name: &'static core::ffi::CStr) -> *mut c_void {
    const NEXT: *mut c_void = -1isize as *mut c_void;
    let version = if cfg!(target_arch = "x86_64") { c"GLIBC_2.3.2" } else { c"GLIBC_2.17" };
    // SAFETY: both strings end; the functions only look.
    unsafe {
        if name.to_bytes().starts_with(b"pthread_cond") {
            let versioned = dlvsym(NEXT, name.as_ptr(), version.as_ptr());
            if !versioned.is_null() {
                return versioned;
            }
        }
        dlsym(NEXT, name.as_ptr())
    }
}

/// The machine's clock, in nanoseconds.
pub(crate) fn machine(clock: c_int) -> i64 {
    let mut time = Timespec::default();
    // SAFETY: the kernel writes one `Timespec`.
    unsafe { call(nr::CLOCK_GETTIME, [clock as usize, &raw mut time as usize, 0, 0, 0, 0]) };
    time.sec * SECOND + time.nsec
}

pub(crate) fn tid() -> u32 {
    // SAFETY: takes nothing.
    unsafe { call(nr::GETTID, [0; 6]) as u32 }
}

pub(crate) fn pid() -> u32 {
    // SAFETY: takes nothing.
    unsafe { call(nr::GETPID, [0; 6]) as u32 }
}

/// `long` of the C library for a raw result.
pub(crate) fn long(raw: isize) -> c_long {
    result(raw) as c_long
}
