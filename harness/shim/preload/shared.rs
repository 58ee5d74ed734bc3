//! The file that brownout shares with this process, and a thread's slot in it.

use core::ffi::{c_char, c_int, c_void};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicUsize};

use crate::layout::{MAGIC, NEVER, Process, SLOTS, Shared, Slot, VERSION, kind};
use crate::sys::{self, MONOTONIC, Timespec, call, nr};

/// The variable that names brownout's folder.
const VARIABLE: &[u8] = b"BROWNOUT_WARP=";

static SHARED: AtomicPtr<Shared> = AtomicPtr::new(core::ptr::null_mut());
static READY: AtomicU8 = AtomicU8::new(0);

/// The longest folder that is taken, and room for a name in it.
const PATH: usize = 512;
static mut FOLDER: [u8; PATH] = [0; PATH];
static FOLDER_LEN: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" {
    static environ: *const *const c_char;
    fn __register_atfork(
        prepare: Option<extern "C" fn()>,
        parent: Option<extern "C" fn()>,
        child: Option<extern "C" fn()>,
        dso: *mut c_void,
    ) -> c_int;
}

/// What is shared, or nothing where this process is not warped. A program may ask for the time before the library's
/// own start, so everybody who comes first opens the file.
#[inline]
pub(crate) fn shared() -> Option<&'static Shared> {
    if READY.load(Acquire) != 2 {
        open();
    }
    // SAFETY: null, or a mapping that is never taken away.
    unsafe { SHARED.load(Acquire).as_ref() }
}

#[cold]
fn open() {
    if READY.compare_exchange(0, 1, SeqCst, SeqCst).is_err() {
        while READY.load(Acquire) == 1 {
            nap(50_000);
        }
        return;
    }
    if let Some(map) = map() {
        SHARED.store(map, Release);
        register();
    }
    READY.store(2, Release);
}

fn map() -> Option<*mut Shared> {
    let mut path = [0; PATH];
    {
        let folder = variable()?;
        if folder.len() + 32 > PATH {
            return None;
        }
        // SAFETY: written once, here, before anybody reads it.
        unsafe {
            core::ptr::copy_nonoverlapping(folder.as_ptr(), (&raw mut FOLDER).cast::<u8>(), folder.len());
        }
        FOLDER_LEN.store(folder.len(), Release);
    }
    let fd = open_named(b"/clock", None, &mut path, 0o2 | 0o2_000_000)?;
    let size = size_of::<Shared>();
    // SAFETY: plain calls on a descriptor of ours; a new mapping touches no memory of the program.
    let mapped = unsafe {
        let length = call(nr::LSEEK, [fd, 0, 2, 0, 0, 0]);
        let mapped = if length as usize == size { call(nr::MMAP, [0, size, 3, 1, fd, 0]) } else { -1 };
        call(nr::CLOSE, [fd, 0, 0, 0, 0, 0]);
        mapped
    };
    if (-4095..0).contains(&mapped) {
        return None;
    }
    let shared = mapped as *mut Shared;
    // SAFETY: as long as the file, which is as long as this.
    let ours = unsafe { (*shared).magic.load(Acquire) == MAGIC && (*shared).version.load(Acquire) == VERSION };
    ours.then_some(shared)
}

/// The value of [`VARIABLE`] in the environment.
fn variable() -> Option<&'static [u8]> {
    // SAFETY: the C library's list of strings, ended by null.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            let text = core::ffi::CStr::from_ptr(*entry).to_bytes();
            if let Some(value) = text.strip_prefix(VARIABLE) {
                return Some(value);
            }
            entry = entry.add(1);
        }
    }
    None
}

/// Opens a file in brownout's folder.
fn open_named(name: &[u8], number: Option<usize>, path: &mut [u8; PATH], flags: usize) -> Option<usize> {
    let mut length = FOLDER_LEN.load(Acquire);
    // SAFETY: never written after its length was.
    unsafe { core::ptr::copy_nonoverlapping((&raw const FOLDER).cast::<u8>(), path.as_mut_ptr(), length) };
    for byte in name {
        path[length] = *byte;
        length += 1;
    }
    if let Some(number) = number {
        let mut digits = 10_000;
        while digits > 0 {
            path[length] = b'0' + (number / digits % 10) as u8;
            length += 1;
            digits /= 10;
        }
    }
    path[length] = 0;
    const HERE: usize = -100isize as usize;
    // SAFETY: the path ends with a zero.
    let fd = unsafe { call(nr::OPENAT, [HERE, path.as_ptr() as usize, flags, 0, 0, 0]) };
    usize::try_from(fd).ok()
}

/// The named pipe by which a polling thread is woken, opened for reading. It is opened for writing, too, so that it
/// does not end when brownout closes its end.
pub(crate) fn pipe(slot: usize) -> Option<usize> {
    const FLAGS: usize = 0o2 | 0o4_000 | 0o2_000_000;
    let mut path = [0; PATH];
    open_named(b"/w", Some(slot), &mut path, FLAGS).or_else(|| {
        const FIFO: usize = 0o010_600;
        // SAFETY: the path of the call before, which ends with a zero.
        unsafe { call(nr::MKNODAT, [-100isize as usize, path.as_ptr() as usize, FIFO, 0, 0, 0]) };
        open_named(b"/w", Some(slot), &mut path, FLAGS)
    })
}

pub(crate) extern "C" fn at_load() {
    const DEATH_SIGNAL: usize = 1;
    let Some(shared) = shared() else { return };
    // SAFETY: the handler only registers the new process; the others take no pointer.
    unsafe {
        __register_atfork(None, None, Some(register), core::ptr::null_mut());
        // The command itself ends with the brownout that started it, however that ends.
        if call(nr::GETPPID, [0; 6]) as u32 == shared.owner.load(Acquire) {
            call(nr::PRCTL, [DEATH_SIGNAL, KILL, 0, 0, 0, 0]);
        }
    }
}

const KILL: usize = 9;

/// Ends this process if brownout is no more: its children wait here for a time that nobody moves any longer, and would
/// go on calling an endpoint that is gone. brownout holds a lock for as long as it lives.
fn end_if_alone() {
    const SHARED_AT_ONCE: usize = 1 | 4;
    let mut path = [0; PATH];
    let Some(fd) = open_named(b"/clock", None, &mut path, 0o2_000_000) else { return };
    // SAFETY: calls on a descriptor of ours, and on this process.
    unsafe {
        if call(nr::FLOCK, [fd, SHARED_AT_ONCE, 0, 0, 0, 0]) == 0 {
            call(nr::KILL, [sys::pid() as usize, KILL, 0, 0, 0, 0]);
        }
        call(nr::CLOSE, [fd, 0, 0, 0, 0, 0]);
    }
}

/// Tells brownout that this process has the shim.
extern "C" fn register() {
    // SAFETY: null, or a mapping that is never taken away.
    let Some(shared) = (unsafe { SHARED.load(Acquire).as_ref() }) else { return };
    let pid = sys::pid();
    if let Some(known) = shared.processes.iter().find(|p| p.pid.load(Acquire) == pid) {
        known.generation.fetch_add(1, SeqCst);
        return;
    }
    for record in &shared.processes {
        if record.pid.compare_exchange(0, pid, SeqCst, SeqCst).is_ok() {
            record.alarm.store(NEVER, SeqCst);
            record.every.store(0, SeqCst);
            record.generation.fetch_add(1, SeqCst);
            return;
        }
    }
}

/// This process's record.
pub(crate) fn process(shared: &'static Shared) -> Option<&'static Process> {
    let pid = sys::pid();
    shared.processes.iter().find(|p| p.pid.load(Acquire) == pid)
}

/// A real pause, for what has no better way to wait.
pub(crate) fn nap(nanos: i64) {
    let pause = Timespec::of(nanos);
    // SAFETY: the kernel reads one `Timespec`.
    unsafe { call(nr::NANOSLEEP, [&raw const pause as usize, 0, 0, 0, 0, 0]) };
}

/// The shifted monotonic clock.
pub(crate) fn now(shared: &Shared) -> i64 {
    sys::machine(MONOTONIC) + shared.offset.load(SeqCst)
}

/// How long a wait is left to the kernel before it looks for itself whether its time has come. brownout wakes it
/// long before; this is for a brownout that is no more.
pub(crate) const LONGEST: i64 = 100_000_000;

/// How long one that nobody can wake waits before it looks again.
pub(crate) const SLICE: i64 = 1_000_000;

/// A wait of this thread, from its entry to its end.
pub(crate) struct Wait {
    pub(crate) shared: &'static Shared,
    slot: Option<(usize, &'static Slot)>,
    epoch: u32,
    deadline: i64,
}

impl Wait {
    /// Begins. Signals may interrupt a thread here and wait themselves: their slot is another one.
    pub(crate) fn begin(shared: &'static Shared, deadline: i64, kind: u32) -> Self {
        let tid = sys::tid();
        let here = 0u8;
        let frame = &raw const here as u64;
        for (index, slot) in shared.slots.iter().enumerate() {
            let owner = slot.tid.load(Acquire);
            if owner == tid && slot.frame.load(Relaxed) <= frame && slot.epoch.load(Relaxed) % 2 == 1 {
                // A handler has jumped out of this wait, whose frame is gone.
                slot.epoch.fetch_add(1, SeqCst);
            } else if owner != 0 || slot.tid.compare_exchange(0, tid, SeqCst, SeqCst).is_err() {
                continue;
            }
            shared.high.fetch_max(index as u32 + 1, SeqCst);
            slot.kind.store(kind, SeqCst);
            slot.frame.store(frame, SeqCst);
            slot.deadline.store(deadline, SeqCst);
            let epoch = slot.epoch.fetch_add(1, SeqCst).wrapping_add(1);
            return Self { shared, slot: Some((index, slot)), epoch, deadline };
        }
        shared.crowded.fetch_add(1, SeqCst);
        Self { shared, slot: None, epoch: 0, deadline }
    }

    /// What is to be watched beside whatever is waited for, and its value before anything was looked at.
    pub(crate) fn kick(&self) -> Option<(&'static core::sync::atomic::AtomicU32, u32)> {
        self.slot.map(|(_, slot)| (&slot.kick, slot.kick.load(SeqCst)))
    }

    pub(crate) fn index(&self) -> Option<usize> {
        self.slot.map(|(index, _)| index)
    }

    /// Says that nobody can wake this wait.
    pub(crate) fn sliced(&self) {
        if let Some((_, slot)) = self.slot {
            slot.kind.store(kind::SLICED, SeqCst);
        }
    }

    /// To be called when the kernel's time was up and the deadline is not there: nobody has moved the clock for long.
    pub(crate) fn idle(&self) {
        if self.left() > 0 {
            end_if_alone();
        }
    }

    /// How long it is still to wait, in nanoseconds of either clock: both run alike between two jumps.
    pub(crate) fn left(&self) -> i64 {
        if self.deadline == NEVER { NEVER } else { self.deadline.saturating_sub(now(self.shared)) }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some((_, slot)) = self.slot
            && slot.epoch.compare_exchange(self.epoch, self.epoch.wrapping_add(1), SeqCst, SeqCst).is_ok()
        {
            slot.tid.store(0, SeqCst);
        }
    }
}

/// More waits than this are never looked at.
const _: () = assert!(SLOTS < 100_000);
