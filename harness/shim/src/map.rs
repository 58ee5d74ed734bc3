//! The shared memory, mapped.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::Ordering::SeqCst;

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use rustix::thread::futex;
use rustix::time::{ClockId, clock_gettime};

use crate::layout::{MAGIC, NEVER, Shared, Slot, VERSION};

/// The shared memory, for as long as this lives.
#[derive(Debug)]
pub struct Map(NonNull<Shared>);

// SAFETY: everything in it is atomic, and nothing else refers to the mapping.
unsafe impl Send for Map {}
// SAFETY: as above.
unsafe impl Sync for Map {}

impl Map {
    /// Makes a file the shared memory of a play: all clocks are the machine's, and nobody waits.
    pub fn create(file: &File) -> io::Result<Self> {
        let size = size_of::<Shared>();
        file.set_len(size as u64)?;
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping, of a file that is as long, at a place of the kernel's choice.
        let mapped = unsafe { mmap(std::ptr::null_mut(), size, protection, MapFlags::SHARED, file, 0)? };
        let map = Self(NonNull::new(mapped.cast()).ok_or(io::ErrorKind::OutOfMemory)?);
        for process in &map.processes {
            process.alarm.store(NEVER, SeqCst);
        }
        for timer in &map.timers {
            timer.deadline.store(NEVER, SeqCst);
        }
        map.version.store(VERSION, SeqCst);
        map.magic.store(MAGIC, SeqCst);
        Ok(map)
    }
}

impl Deref for Map {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        // SAFETY: mapped until this is dropped, zeroed by the kernel, and every field is good when zero.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: mapped by `create`, with this size; nothing borrows from it any longer.
        let _ = unsafe { munmap(self.0.as_ptr().cast(), size_of::<Shared>()) };
    }
}

/// The machine's monotonic clock in nanoseconds, on which the shared deadlines lie but for the offset.
pub fn now() -> i64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Wakes a thread that sleeps on its slot.
pub fn wake(slot: &Slot) {
    slot.kick.fetch_add(1, SeqCst);
    let _ = futex::wake(&slot.kick, futex::Flags::empty(), 1);
}
