//! The run's clock: tokio's clock plus an epoch, and a time zero set by the first connection.
//!
//! This is the only module that may read real time. In virtual time tokio's clock is paused and jumps
//! to the next timer whenever nothing can run; in wall time it is the monotonic clock of the machine; in
//! warp time it is that and an [offset](Warp) that somebody else counts up whenever everybody sleeps.
//! Everything else asks here, so that one program works on all three.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

mod warp;

pub use warp::{Hold, OpenLine, Pair, Warp};

/// Which clock a run uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Time {
    /// Tokio's paused clock: waiting costs nothing.
    Virtual,
    /// The machine's clock, which skips whenever the client and the endpoint only wait.
    Warp,
    /// The machine's clock.
    Wall,
}

impl Time {
    /// Its name, as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Virtual => "virtual",
            Self::Warp => "warp",
            Self::Wall => "wall",
        }
    }
}

/// Where virtual time starts unless the scenario says otherwise: 2026-01-01T00:00:00Z, in Unix seconds.
pub const VIRTUAL_EPOCH: u64 = 1_767_225_600;

/// The clock of one run. Cheap to clone; all clones share time zero.
#[derive(Debug, Clone)]
pub struct Clock {
    time: Time,
    start: Instant,
    epoch: SystemTime,
    /// Since the start.
    zero: Arc<OnceLock<Duration>>,
    /// In warp time, how far it is ahead.
    warp: Option<Warp>,
}

impl Clock {
    /// A clock for virtual time that starts at `epoch`. Must be made inside a paused runtime.
    pub fn simulated(epoch: SystemTime) -> Self {
        Self { time: Time::Virtual, start: Instant::now(), epoch, zero: Arc::default(), warp: None }
    }

    /// The machine's clock.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's date")]
    pub fn wall() -> Self {
        let epoch = SystemTime::now();
        Self { time: Time::Wall, start: Instant::now(), epoch, zero: Arc::default(), warp: None }
    }

    /// The machine's clock, ahead by an offset.
    pub fn warped(warp: Warp) -> Self {
        Self { time: Time::Warp, warp: Some(warp), ..Self::wall() }
    }

    /// The default start of virtual time.
    pub fn virtual_epoch() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(VIRTUAL_EPOCH)
    }

    /// Virtual or wall.
    pub fn time(&self) -> Time {
        self.time
    }

    /// Sets time zero to now, once: the start of the first accepted connection.
    pub fn set_zero(&self) {
        let _ = self.zero.set(self.since_start());
    }

    /// Time since time zero; zero before it is set.
    pub fn now(&self) -> Duration {
        self.zero.get().map_or(Duration::ZERO, |zero| self.since_start().saturating_sub(*zero))
    }

    /// When time zero was set, since this clock was made.
    pub fn zero(&self) -> Option<Duration> {
        self.zero.get().copied()
    }

    /// Time since this clock was made.
    pub fn since_start(&self) -> Duration {
        let elapsed = self.start.elapsed();
        self.warp.as_ref().map_or(elapsed, |warp| elapsed + warp.offset())
    }

    /// The date on this clock, for `Date` headers, signatures and request ids.
    pub fn date(&self) -> SystemTime {
        self.epoch + self.since_start()
    }

    /// The date at which this clock started.
    pub fn epoch(&self) -> SystemTime {
        self.epoch
    }

    /// The date at which this clock started, as RFC 3339.
    pub fn epoch_text(&self) -> String {
        humantime::format_rfc3339(writable(self.epoch)).to_string()
    }

    /// Waits on this clock.
    pub async fn sleep(&self, duration: Duration) {
        let Some(warp) = &self.warp else { return tokio::time::sleep(duration).await };
        let due = self.since_start().saturating_add(duration);
        let mut moves = warp.moves();
        let _timer = warp.timer(due);
        loop {
            let left = due.saturating_sub(self.since_start());
            if left.is_zero() {
                return;
            }
            // Whoever moves the clock lives as long as the warp, of which this holds a part.
            let _ = tokio::time::timeout(left, moves.changed()).await;
        }
    }

    /// In warp time, keeps the clock from being moved for as long as what is returned lives: to be held while
    /// somebody is waited for who does not live on this clock.
    pub fn hold(&self) -> Option<Hold> {
        self.warp.as_ref().map(Warp::hold)
    }

    /// In warp time, tells of a connection whose queues have to be empty before the clock is moved.
    pub fn line(&self, ours: std::net::SocketAddr, theirs: std::net::SocketAddr) -> Option<OpenLine> {
        self.warp.as_ref().map(|warp| warp.line((ours, theirs)))
    }
}

/// The last second that four digits of a year can write: the end of 9999, since 1970.
const LAST_SECOND: u64 = 253_402_300_799;

/// The nearest date that four digits of a year can write; a clock may be set far off.
pub fn writable(date: SystemTime) -> SystemTime {
    date.clamp(SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_secs(LAST_SECOND))
}

/// A date as RFC 3339 writes it, in whole seconds of UTC: `2026-01-01T00:00:00Z`.
pub fn rfc3339(date: SystemTime) -> String {
    humantime::format_rfc3339_seconds(writable(date)).to_string()
}

/// A date as `x-amz-date` writes it: `20260101T000000Z`.
pub fn amz_date(date: SystemTime) -> String {
    rfc3339(date).replace(['-', ':'], "")
}

/// Reads a date as `x-amz-date` writes it.
pub fn read_amz_date(text: &str) -> Option<SystemTime> {
    if text.len() != "20260101T000000Z".len() || !text.is_ascii() {
        return None;
    }
    let (day, time) = (text.get(..8)?, text.get(8..)?);
    let day = format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..]);
    humantime::parse_rfc3339(&format!("{day}{}:{}:{}", &time[..3], &time[3..5], &time[5..])).ok()
}

/// A stopwatch on the machine's clock, for what a run costs us. Never part of a journal or a verdict.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts it.
    #[expect(clippy::disallowed_methods, reason = "measures our own cost, never a client")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Real time since it was started.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
