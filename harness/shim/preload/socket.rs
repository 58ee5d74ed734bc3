//! Sockets with a time limit of their own (`SO_RCVTIMEO`, `SO_SNDTIMEO`), which the kernel would keep by the machine's
//! clock; and connections to somebody who is not brownout.
//!
//! Until the first limit is set, and for every socket without one, the C library's own functions do the work.

use core::ffi::{c_int, c_uint, c_void};
use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};

use crate::cond::next;
use crate::layout::Shared;
use crate::poll::{PollFd, until};
use crate::shared::{now, shared};
use crate::sys::{self, EAGAIN, Timeval, call, nr};

const SOCKET: c_int = 1;
const RCVTIMEO: c_int = 20;
const SNDTIMEO: c_int = 21;

/// Whether a socket of this process ever got a limit.
static LIMITED: AtomicBool = AtomicBool::new(false);

/// `setsockopt(2)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn setsockopt(
    fd: c_int,
    level: c_int,
    name: c_int,
    value: *const c_void,
    bytes: c_uint,
) -> c_int {
    if level == SOCKET && matches!(name, RCVTIMEO | SNDTIMEO) {
        LIMITED.store(true, Relaxed);
    }
    let arguments = [fd as usize, level as usize, name as usize, value as usize, bytes as usize, 0];
    // SAFETY: the caller's arguments, which the kernel checks.
    sys::result(unsafe { call(nr::SETSOCKOPT, arguments) }) as c_int
}

/// The limit of a descriptor that is a socket with one.
fn limit(fd: c_int, name: c_int) -> Option<i64> {
    let mut time = Timeval::default();
    let mut bytes = size_of::<Timeval>() as c_uint;
    let arguments =
        [fd as usize, SOCKET as usize, name as usize, &raw mut time as usize, &raw mut bytes as usize, 0];
    // SAFETY: pointers to values of ours.
    let got = unsafe { call(nr::GETSOCKOPT, arguments) };
    time.nanos().filter(|nanos| got == 0 && *nanos > 0)
}

/// Waits, where there is a limit, until the call that follows will not have to; false if the limit came first.
fn ready(fd: c_int, name: c_int) -> Result<(), c_int> {
    if !LIMITED.load(Relaxed) {
        return Ok(());
    }
    let (Some(shared), Some(nanos)) = (shared(), limit(fd, name)) else { return Ok(()) };
    let mut watched = PollFd::new(fd, name == RCVTIMEO);
    // SAFETY: a pointer to one of ours.
    match unsafe { until(shared, &raw mut watched, 1, now(shared).saturating_add(nanos), 0) } {
        0 => Err(EAGAIN),
        some if some < 0 => Err(-some as c_int),
        _ => Ok(()),
    }
}

/// Functions that receive or send: the limit first, then the C library's own.
macro_rules! limited {
    ($($name:ident, $text:literal, $limit:ident, ($($argument:ident: $type:ty),*);)*) => {$(
        /// As the C library's of this name.
        #[unsafe(no_mangle)]
        pub(crate) unsafe extern "C" fn $name(fd: c_int, $($argument: $type),*) -> isize {
            if let Err(error) = ready(fd, $limit) {
                return sys::fail(error);
            }
            // SAFETY: the caller's arguments.
            unsafe {
                let own = next!($text, fn(c_int, $($type),*));
                let own = core::mem::transmute::<
                    unsafe extern "C" fn(c_int, $($type),*) -> c_int,
                    unsafe extern "C" fn(c_int, $($type),*) -> isize,
                >(own);
                own(fd, $($argument),*)
            }
        }
    )*};
}

limited! {
    read, c"read", RCVTIMEO, (to: *mut c_void, bytes: usize);
    readv, c"readv", RCVTIMEO, (to: *const c_void, parts: c_int);
    recv, c"recv", RCVTIMEO, (to: *mut c_void, bytes: usize, flags: c_int);
    recvfrom, c"recvfrom", RCVTIMEO,
        (to: *mut c_void, bytes: usize, flags: c_int, from: *mut c_void, length: *mut c_uint);
    recvmsg, c"recvmsg", RCVTIMEO, (to: *mut c_void, flags: c_int);
    write, c"write", SNDTIMEO, (from: *const c_void, bytes: usize);
    writev, c"writev", SNDTIMEO, (from: *const c_void, parts: c_int);
    send, c"send", SNDTIMEO, (from: *const c_void, bytes: usize, flags: c_int);
    sendto, c"sendto", SNDTIMEO,
        (from: *const c_void, bytes: usize, flags: c_int, to: *const c_void, length: c_uint);
    sendmsg, c"sendmsg", SNDTIMEO, (from: *const c_void, flags: c_int);
}

/// Tells brownout that somebody listens here who lives on its clock.
unsafe fn inside(fd: c_int) {
    let Some(shared) = shared() else { return };
    let mut address = [0u8; 128];
    let mut length = address.len() as c_uint;
    let arguments = [fd as usize, address.as_mut_ptr() as usize, &raw mut length as usize, 0, 0, 0];
    // SAFETY: pointers to values of ours.
    if unsafe { call(nr::GETSOCKNAME, arguments) } != 0 || !matches!(family(&address), INET | INET6) {
        return;
    }
    let port = port(&address);
    for known in &shared.ports {
        if known.load(SeqCst) == port || known.compare_exchange(0, port, SeqCst, SeqCst).is_ok() {
            return;
        }
    }
}

/// `listen(2)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn listen(fd: c_int, most: c_int) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        let result = next!(c"listen", fn(c_int, c_int))(fd, most);
        if result == 0 {
            inside(fd);
        }
        result
    }
}

const UNIX: u16 = 1;
const INET: u16 = 2;
const INET6: u16 = 10;

fn family(address: &[u8]) -> u16 {
    u16::from_ne_bytes([address[0], address[1]])
}

fn port(address: &[u8]) -> u32 {
    u32::from(u16::from_be_bytes([address[2], address[3]]))
}

/// Whether the other end of a local socket is a process with the shim.
fn neighbour(fd: c_int, shared: &Shared) -> bool {
    const PEER: c_int = 17;
    let mut who = [0u32; 3];
    let mut bytes = size_of_val(&who) as c_uint;
    let arguments =
        [fd as usize, SOCKET as usize, PEER as usize, who.as_mut_ptr() as usize, &raw mut bytes as usize, 0];
    // SAFETY: pointers to values of ours.
    let got = unsafe { call(nr::GETSOCKOPT, arguments) };
    got == 0 && shared.processes.iter().any(|p| p.pid.load(SeqCst) == who[0])
}

/// Tells brownout that this process talks to somebody else: what comes from there, nobody can foresee.
fn outside(fd: c_int, address: *const u8, length: c_uint) {
    let Some(shared) = shared().filter(|_| length >= 2 && !address.is_null()) else { return };
    // SAFETY: as long as the caller says.
    let bytes = unsafe { core::slice::from_raw_parts(address, length as usize) };
    let known = || shared.ports.iter().any(|p| p.load(SeqCst) == port(bytes));
    let ours = match family(bytes) {
        INET => bytes.len() >= 8 && bytes[4] == 127 && known(),
        // This machine itself, or an old address in new clothes.
        INET6 if bytes.len() >= 24 => {
            let mapped = bytes[8..18] == [0; 10] && bytes[18..20] == [255, 255] && bytes[20] == 127;
            let own = bytes[8..23] == [0; 15] && bytes[23] == 1;
            (mapped || own) && known()
        }
        INET6 => false,
        UNIX => neighbour(fd, shared),
        _ => true,
    };
    if !ours {
        shared.outside.fetch_add(1, SeqCst);
    }
}

/// `connect(2)`.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn connect(fd: c_int, address: *const u8, length: c_uint) -> c_int {
    // SAFETY: the caller's arguments.
    let result = unsafe { next!(c"connect", fn(c_int, *const u8, c_uint))(fd, address, length) };
    // One that was refused at once will not answer later.
    if result == 0 || in_progress() {
        outside(fd, address, length);
    }
    result
}

/// Whether the call before said that it goes on by itself.
fn in_progress() -> bool {
    const EINPROGRESS: c_int = 115;
    sys::last() == EINPROGRESS
}
