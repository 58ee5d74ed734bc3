//! What the endpoint shows to whoever moves the clock in warp time: when its next timer is due, whether it is at work
//! for somebody outside, and which connections it has.
//!
//! Nothing here reads a clock. Times are since the clock was made.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// A TCP connection: our end, and the client's.
pub type Pair = (SocketAddr, SocketAddr);

/// A clock that can be moved ahead. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Warp(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    offset: watch::Sender<Duration>,
    timers: Mutex<BTreeSet<(Duration, u64)>>,
    next: AtomicU64,
    holds: AtomicUsize,
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    open: BTreeSet<(u64, Pair)>,
    ended: Vec<Pair>,
}

impl Default for Warp {
    fn default() -> Self {
        Self::new()
    }
}

impl Warp {
    /// A clock that is the machine's so far.
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            offset: watch::Sender::new(Duration::ZERO),
            timers: Mutex::default(),
            next: AtomicU64::new(0),
            holds: AtomicUsize::new(0),
            lines: Mutex::default(),
        }))
    }

    /// How far it is ahead.
    pub fn offset(&self) -> Duration {
        *self.0.offset.borrow()
    }

    /// Moves it ahead, and wakes all who wait for that.
    pub fn advance(&self, by: Duration) {
        self.0.offset.send_modify(|offset| *offset += by);
    }

    /// Hears of every move from now on.
    pub(super) fn moves(&self) -> watch::Receiver<Duration> {
        self.0.offset.subscribe()
    }

    /// When the next of the endpoint's timers is due.
    pub fn due(&self) -> Option<Duration> {
        lock(&self.0.timers).first().map(|(due, _)| *due)
    }

    /// A timer that is due then, for as long as what is returned lives.
    pub(super) fn timer(&self, due: Duration) -> Timer {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.0.timers).insert((due, id));
        Timer { warp: self.clone(), key: (due, id) }
    }

    /// Whether the endpoint waits for somebody who does not live on this clock.
    pub fn held(&self) -> bool {
        self.0.holds.load(Ordering::SeqCst) > 0
    }

    /// It waits for such a one for as long as what is returned lives.
    pub(super) fn hold(&self) -> Hold {
        self.0.holds.fetch_add(1, Ordering::SeqCst);
        Hold(self.clone())
    }

    /// A connection that is open for as long as what is returned lives.
    pub(super) fn line(&self, pair: Pair) -> OpenLine {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.0.lines).open.insert((id, pair));
        OpenLine { warp: self.clone(), key: (id, pair) }
    }

    /// The connections that are open, and those that have ended since they were last forgotten.
    pub fn lines(&self) -> Vec<Pair> {
        let lines = lock(&self.0.lines);
        lines.open.iter().map(|(_, pair)| *pair).chain(lines.ended.iter().copied()).collect()
    }

    /// Forgets connections that have ended.
    pub fn forget(&self, gone: &[Pair]) {
        lock(&self.0.lines).ended.retain(|pair| !gone.contains(pair));
    }
}

/// A timer that has not fired.
#[derive(Debug)]
pub(super) struct Timer {
    warp: Warp,
    key: (Duration, u64),
}

impl Drop for Timer {
    fn drop(&mut self) {
        lock(&self.warp.0.timers).remove(&self.key);
    }
}

/// Keeps the clock from being moved.
#[derive(Debug)]
pub struct Hold(Warp);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.0.holds.fetch_sub(1, Ordering::SeqCst);
    }
}

/// An open connection whose queues count.
#[derive(Debug)]
pub struct OpenLine {
    warp: Warp,
    key: (u64, Pair),
}

impl Drop for OpenLine {
    fn drop(&mut self) {
        let mut lines = lock(&self.warp.0.lines);
        lines.open.remove(&self.key);
        lines.ended.push(self.key.1);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
