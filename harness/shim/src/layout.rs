//! What brownout and the clients that it warps share, byte for byte.
//!
//! Compiled into both ends: into brownout as a module, and into the preloaded library, which has no standard library.
//! Every number is atomic and has one meaning for both. A thread of a client fills a [`Slot`] for as long as it waits;
//! nobody else writes there but brownout, which counts up [`Slot::kick`] to wake it.

use core::sync::atomic::{AtomicI64, AtomicU32, AtomicU64};

/// The first word of the shared file.
pub const MAGIC: u32 = 0x6272_6f77;

/// Counted up whenever this file changes; a shim of another version keeps out.
pub const VERSION: u32 = 1;

/// Threads that may wait at a time. One more is not warped, and holds time up while it waits.
pub const SLOTS: usize = 1024;

/// Processes that may be known at a time.
pub const PROCESSES: usize = 256;

/// Ports that may be known at a time.
pub const PORTS: usize = 32;

/// Timers with a descriptor that may run at a time.
pub const TIMERS: usize = 64;

/// A deadline that never comes.
pub const NEVER: i64 = i64::MAX;

/// How a waiting thread is woken.
pub mod kind {
    /// By nobody: it waits for something that is no time.
    pub const UNTIMED: u32 = 0;
    /// It sleeps on its slot's `kick`.
    pub const FUTEX: u32 = 1;
    /// It polls the named pipe of its slot.
    pub const PIPE: u32 = 2;
    /// It looks again every millisecond.
    pub const SLICED: u32 = 3;
}

/// A thread that waits.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct Slot {
    /// Whose it is; zero while it is free.
    pub tid: AtomicU32,
    /// Odd while the thread waits; counted up when it begins and when it ends.
    pub epoch: AtomicU32,
    /// Counted up to wake the thread.
    pub kick: AtomicU32,
    /// How it is woken.
    pub kind: AtomicU32,
    /// When it would go on by itself: nanoseconds of the shifted monotonic clock.
    pub deadline: AtomicI64,
    /// Where on its stack it waits, so that a wait that was jumped out of is known for dead.
    pub frame: AtomicU64,
}

/// A process that has loaded the shim.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct Process {
    /// Its id; zero while the record is free.
    pub pid: AtomicU32,
    /// Counted up each time the shim is loaded, so that a program that took another's place is known.
    pub generation: AtomicU32,
    /// When its alarm rings, on the shifted clock; [`NEVER`] without one.
    pub alarm: AtomicI64,
    /// How often it rings after that, in nanoseconds; zero for once.
    pub every: AtomicI64,
}

/// A timer with a descriptor.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct Timer {
    /// The process that set it; zero while the record is free.
    pub pid: AtomicU32,
    /// Its descriptor there.
    pub fd: AtomicU32,
    /// Counted up each time it is set.
    pub set: AtomicU32,
    /// When it is due, on the shifted clock; [`NEVER`] while it is not armed.
    pub deadline: AtomicI64,
    /// How often it is due after that, in nanoseconds; zero for once.
    pub every: AtomicI64,
}

/// All of it.
#[repr(C)]
#[derive(Debug)]
pub struct Shared {
    /// [`MAGIC`], written last by brownout.
    pub magic: AtomicU32,
    /// [`VERSION`].
    pub version: AtomicU32,
    /// How far every clock is ahead of the machine's, in nanoseconds.
    pub offset: AtomicI64,
    /// One more than the highest slot that was ever taken.
    pub high: AtomicU32,
    /// Waits that found no free slot.
    pub crowded: AtomicU32,
    /// Deadlines that a thread noticed although nobody woke it.
    pub late: AtomicU32,
    /// Connections to somebody who is not brownout.
    pub outside: AtomicU32,
    /// brownout's process.
    pub owner: AtomicU32,
    /// Ports behind which somebody lives on this clock: the endpoint, the trap, and whoever listens with the shim.
    pub ports: [AtomicU32; PORTS],
    /// Who waits.
    pub slots: [Slot; SLOTS],
    /// Who has the shim.
    pub processes: [Process; PROCESSES],
    /// Who has set a timer.
    pub timers: [Timer; TIMERS],
}
