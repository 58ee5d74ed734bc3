//! The rate limiter that adaptive mode puts in front of every attempt of a client.
//!
//! A token bucket whose rate follows the service: off until the first throttle, then cut to 0.7 of what was
//! measured, and raised again along a cubic, slowly around the rate that was refused and fast beyond it
//! (guidance 1.9; the constants are those of botocore, of the SDKs for JavaScript and Rust, and of smithy-kotlin).
//! It holds no clock: whoever asks says what time it is.

use std::time::Duration;

/// What a throttle leaves of the rate that was refused.
const BETA: f64 = 0.7;
/// How fast the cubic rises, in requests a second per cubed second.
const SCALE: f64 = 0.4;
/// Weight of the latest half second in the measured rate.
const SMOOTH: f64 = 0.8;
/// The bucket never fills more slowly, in tokens a second.
const FILL_RATE_MIN: f64 = 0.5;
/// The bucket never holds less.
const CAPACITY_MIN: f64 = 1.0;
/// The bucket fills at most so many times as fast as requests were measured to leave.
const HEADROOM: f64 = 2.0;
/// Requests are counted in slices of so long.
const SLICE: Duration = Duration::from_millis(500);

/// One client's rate limiter.
#[derive(Debug, Clone, Default)]
pub struct Limiter {
    on: bool,
    measured: Measured,
    cubic: Cubic,
    bucket: Bucket,
}

impl Limiter {
    /// A limiter that lets all pass, until the first throttle.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes `tokens` for an attempt at `now`: so long it has to wait. They are taken at once, so that those
    /// who ask later wait for longer.
    pub fn acquire(&mut self, now: Duration, tokens: f64) -> Duration {
        self.measured.begin(now);
        if self.on { self.bucket.take(now, tokens) } else { Duration::ZERO }
    }

    /// An answer came at `now`, and was a throttle or not.
    pub fn update(&mut self, now: Duration, throttled: bool) {
        self.measured.begin(now);
        self.measured.count(now);
        let rate = if throttled {
            let refused = if self.on { self.measured.rate.min(self.bucket.rate) } else { self.measured.rate };
            self.on = true;
            self.cubic.throttled(now, refused)
        } else {
            self.cubic.rate(now)
        };
        self.bucket.fill_at(now, rate.min(HEADROOM * self.measured.rate));
    }

    /// Attempts a second that it lets pass; `None` while it is off.
    pub fn rate(&self) -> Option<f64> {
        self.on.then_some(self.bucket.rate)
    }
}

/// How fast answers come, smoothed.
#[derive(Debug, Clone, Copy, Default)]
struct Measured {
    rate: f64,
    count: u32,
    /// Up to which slice it is measured.
    slice: Option<u128>,
}

impl Measured {
    /// Counting begins with the whole second in which the client is first used.
    fn begin(&mut self, now: Duration) {
        self.slice.get_or_insert(Duration::from_secs(now.as_secs()).as_nanos() / SLICE.as_nanos());
    }

    fn count(&mut self, now: Duration) {
        self.count = self.count.saturating_add(1);
        let (slice, last) = (now.as_nanos() / SLICE.as_nanos(), self.slice.unwrap_or(0));
        if slice > last {
            let latest = f64::from(self.count) / ((slice - last) as f64 * SLICE.as_secs_f64());
            self.rate = latest * SMOOTH + self.rate * (1.0 - SMOOTH);
            (self.count, self.slice) = (0, Some(slice));
        }
    }
}

/// The rate that a client allows itself, by the time since it was last refused.
#[derive(Debug, Clone, Copy, Default)]
struct Cubic {
    /// The rate that was refused last.
    refused: f64,
    at: Duration,
}

impl Cubic {
    fn throttled(&mut self, now: Duration, rate: f64) -> f64 {
        (self.refused, self.at) = (rate, now);
        rate * BETA
    }

    fn rate(&self, now: Duration) -> f64 {
        // So long it takes to be back at the rate that was refused.
        let back = (self.refused * (1.0 - BETA) / SCALE).cbrt();
        let since = now.saturating_sub(self.at).as_secs_f64();
        SCALE * (since - back).powi(3) + self.refused
    }
}

/// The tokens.
#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    rate: f64,
    capacity: f64,
    /// Below nothing while some wait for theirs.
    tokens: f64,
    filled: Option<Duration>,
}

impl Bucket {
    fn fill(&mut self, now: Duration) {
        let since = self.filled.map_or(Duration::ZERO, |filled| now.saturating_sub(filled));
        self.tokens = (self.tokens + since.as_secs_f64() * self.rate).min(self.capacity);
        self.filled = self.filled.max(Some(now));
    }

    fn fill_at(&mut self, now: Duration, rate: f64) {
        self.fill(now);
        self.rate = rate.max(FILL_RATE_MIN);
        self.capacity = rate.max(CAPACITY_MIN);
        self.tokens = self.tokens.min(self.capacity);
    }

    fn take(&mut self, now: Duration, tokens: f64) -> Duration {
        self.fill(now);
        self.tokens -= tokens;
        let missing = (-self.tokens).max(0.0) / self.rate;
        Duration::try_from_secs_f64(missing).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests;
