//! What happened, in order: the only thing a judge may look at.
//!
//! A journal is JSON Lines, version 1. Each played trial begins with a [`Header`], then events follow,
//! each with `at_us`, microseconds since time zero. A virtual journal holds no wall time, port, pid,
//! path or hash-map order. Signatures, session tokens and bodies are never written: a body is kept as
//! its length and a hash.

mod event;
mod file;

pub use event::{Answered, By, Event, EventKind, Header, How, Outcome, PartlyFailed, Received, Segment, Seq};
pub use file::{ReadError, Trial, read, write_events, write_trial};

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Warp;

/// The most events that one trial may record, unless told otherwise; past it the trial ends.
pub const EVENTS_MAX: usize = 1_000_000;

/// Collects the events of one trial. Cheap to clone; all clones append to the same list.
#[derive(Debug, Clone)]
pub struct Recorder {
    shared: Arc<Mutex<Vec<Event>>>,
    /// The clock whose moves are written down, and how much of them is.
    moves: Option<(Warp, Arc<AtomicU64>)>,
    full: Arc<tokio::sync::Notify>,
    limit: usize,
    /// What happened too often to be written.
    unwritten: Arc<AtomicUsize>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self::with_limit(EVENTS_MAX)
    }
}

impl Recorder {
    /// An empty recorder.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty recorder for at most so many events.
    pub fn with_limit(limit: usize) -> Self {
        Self { shared: Arc::default(), moves: None, full: Arc::default(), limit, unwritten: Arc::default() }
    }

    /// Writes down the moves of this clock, each before the event that it led to.
    #[must_use]
    pub fn with_moves(self, warp: Warp) -> Self {
        Self { moves: Some((warp, Arc::default())), ..self }
    }

    /// Appends an event. Past the limit, [`EVENTS_MAX`] by default, events are dropped; [`Recorder::is_full`] tells.
    pub fn push(&self, at: Duration, kind: EventKind) {
        let mut events = self.lock();
        if events.len() < self.limit {
            if let Some((warp, written)) = &self.moves {
                let moved = micros(warp.offset());
                let by_us = moved.saturating_sub(written.swap(moved, Ordering::Relaxed));
                if by_us > 0 {
                    events.push(Event { at_us: micros(at), kind: EventKind::ClockMoved { by_us } });
                }
            }
            events.push(Event { at_us: micros(at), kind });
        } else {
            self.full.notify_one();
        }
    }

    /// Counts what is not written down, against a limit of the same size: a client that does nothing else for
    /// ever has to be stopped, too, and where time is virtual it may do so without any passing.
    pub fn count(&self) {
        if self.unwritten.fetch_add(1, Ordering::Relaxed) >= self.limit {
            self.full.notify_one();
        }
    }

    /// Waits until an event had to be dropped.
    pub async fn filled(&self) {
        self.full.notified().await;
    }

    /// When the last event was, since time zero.
    pub fn last_at(&self) -> Option<Duration> {
        self.lock().last().map(|e| Duration::from_micros(e.at_us))
    }

    /// Whether the limit was reached.
    pub fn is_full(&self) -> bool {
        self.lock().len() >= self.limit
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes all events out.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.lock())
    }

    /// Looks at the events from index `from` on.
    pub fn view<T>(&self, from: usize, look: impl FnOnce(&[Event]) -> T) -> T {
        let events = self.lock();
        look(events.get(from..).unwrap_or_default())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Event>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whole microseconds of a duration.
pub fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
