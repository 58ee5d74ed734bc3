//! Token bucket and period counter on the run's clock.

use std::time::Duration;

/// A token bucket with a fractional refill; it starts full.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenBucket {
    size: f64,
    refill_per_second: f64,
    tokens: f64,
    at: Duration,
}

impl TokenBucket {
    /// A full bucket.
    pub fn new(size: f64, refill_per_second: f64, now: Duration) -> Self {
        Self { size, refill_per_second, tokens: size, at: now }
    }

    /// Whether `cost` tokens are there now.
    pub fn has(&mut self, cost: f64, now: Duration) -> bool {
        let elapsed = now.saturating_sub(self.at).as_secs_f64();
        self.tokens = (self.tokens + elapsed * self.refill_per_second).min(self.size);
        self.at = now;
        // A refill of 0.1/s ten times is a token, whatever binary fractions say.
        self.tokens + 1e-9 >= cost
    }

    /// Takes `cost` tokens if they are there.
    pub fn take(&mut self, cost: f64, now: Duration) -> bool {
        let enough = self.has(cost, now);
        if enough {
            self.tokens -= cost;
        }
        enough
    }
}

/// A counter that starts anew with each period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counter {
    period: u64,
    used: u64,
}

impl Counter {
    /// Counts one more unless `limit` is used up in the period that `now` lies in.
    pub fn take(&mut self, limit: u64, period: Duration, now: Duration) -> bool {
        let index = u64::try_from(now.as_micros() / period.as_micros().max(1)).unwrap_or(u64::MAX);
        if index != self.period {
            *self = Self { period: index, used: 0 };
        }
        if self.used < limit {
            self.used += 1;
            true
        } else {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_admits_its_size_then_its_refill() {
        let mut bucket = TokenBucket::new(2.0, 0.5, Duration::ZERO);
        assert!(bucket.take(1.0, Duration::ZERO) && bucket.take(1.0, Duration::ZERO));
        assert!(!bucket.take(1.0, Duration::from_secs(1)));
        assert!(bucket.take(1.0, Duration::from_secs(2)));
        assert!(!bucket.take(1.0, Duration::from_secs(2)));
    }

    #[test]
    fn a_counter_starts_anew_with_its_period() {
        let (day, mut counter) = (Duration::from_secs(86_400), Counter::default());
        assert!(counter.take(1, day, Duration::ZERO));
        assert!(!counter.take(1, day, Duration::from_secs(86_399)));
        assert!(counter.take(1, day, Duration::from_secs(86_400)));
    }
}
