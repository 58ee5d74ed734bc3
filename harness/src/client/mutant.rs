//! Mutants: wrong on purpose, each in one way, so that every rule has a client that breaks it.

use std::time::Duration;

use brownout_mocks::random::Stream;
use brownout_mocks::service::{self, Class};

use super::habits::Habits;
use super::policy::{Failed, RetryPolicy};

/// How a call-level mutant goes wrong. Otherwise it is full jitter from 1 s, cap 20 s, 3 attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Retries at once, five attempts: the loop that everybody writes first.
    NoPause,
    /// Retries up to fifty times.
    Endless,
    /// Retries whatever the error.
    Everything,
    /// Gives up at the first throttling error.
    NoThrottleRetry,
    /// Gives up at the first transient error.
    NoTransientRetry,
    /// Doubles its pause exactly, without jitter.
    NoJitter,
    /// Pauses one to two minutes.
    TooLong,
    /// Pauses exactly one second each time.
    SamePause,
    /// Pauses uniformly within one second each time, without growth.
    SameBound,
    /// Retries what it does not know without end.
    UnknownForever,
    /// Fills a new idempotency token into each attempt of a call.
    NewToken,
    /// Claims to honour `Retry-After` and does not.
    IgnoresRetryAfter,
    /// Never returns after an error.
    Hangs,
}

/// Whether a code is one that clients have a class for, or the answer has none.
fn known(code: Option<&str>) -> bool {
    let Some(code) = code else { return true };
    service::THROTTLING_CODES.contains(&code)
        || service::TRANSIENT_CODES.contains(&code)
        || service::SERVICES.iter().any(|s| service::row(*s, code).is_some())
}

/// A policy with one fault.
#[derive(Debug, Clone, Copy)]
pub struct MutantPolicy(pub Fault);

impl RetryPolicy for MutantPolicy {
    fn next_pause(&mut self, failed: Failed<'_>, random: &mut Stream) -> Option<Duration> {
        let class = failed.failure.class;
        let retryable = matches!(class, Class::Throttling | Class::Transient);
        let attempts = match self.0 {
            Fault::NoPause | Fault::SamePause | Fault::SameBound => 5,
            Fault::Endless => 50,
            Fault::UnknownForever if !known(failed.failure.code.as_deref()) => 50,
            _ => 3,
        };
        if failed.attempt >= attempts {
            return None;
        }
        let unknown = self.0 == Fault::UnknownForever && !known(failed.failure.code.as_deref());
        if !retryable && self.0 != Fault::Everything && self.0 != Fault::Hangs && !unknown {
            return None;
        }
        let step = Duration::from_secs(1 << failed.attempt.saturating_sub(1).min(4)).min(Duration::from_secs(20));
        let unit = random.unit();
        Some(match self.0 {
            Fault::NoPause => Duration::ZERO,
            Fault::NoThrottleRetry if class == Class::Throttling => return None,
            Fault::NoTransientRetry if class == Class::Transient => return None,
            Fault::NoJitter => step,
            Fault::TooLong => Duration::from_mins(1) + Duration::from_mins(1).mul_f64(unit),
            Fault::SamePause => Duration::from_secs(1),
            Fault::SameBound => Duration::from_secs(1).mul_f64(unit),
            // Thirty years: no client of this play will see it end.
            Fault::Hangs => Duration::from_secs(946_080_000),
            _ => step.mul_f64(unit),
        })
    }

    fn habits(&self) -> Habits {
        Habits { renews_token: self.0 == Fault::NewToken, ..Habits::default() }
    }

    fn attempts_max(&self, _: &str) -> Option<u32> {
        None
    }
}
