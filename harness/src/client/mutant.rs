//! Mutants: wrong on purpose, each in one way, so that every rule has a client that breaks it.

use std::time::Duration;

use brownout_mocks::random::Stream;
use brownout_mocks::service::{self, Class};

use super::answer::Failure;
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
    /// Gives up where it cannot read the retry hint.
    TripsOverHint,
    /// Looks at the status alone: a 400 is final, a 429 a throttle.
    ByStatus,
    /// Retries 401 and 403 as if a pause could mend them.
    AuthLoop,
    /// Sends an expired token again and again.
    StaleToken,
    /// Repeats what was refused for its date, once, by the same clock.
    SameClock,
    /// Takes a spent quota for a throttle.
    QuotaAsThrottle,
    /// Retries for minutes, ten attempts in all.
    Outstays,
}

/// Whether a code is one that clients have a class for, or the answer has none.
fn known(code: Option<&str>) -> bool {
    let Some(code) = code else { return true };
    service::THROTTLING_CODES.contains(&code)
        || service::TRANSIENT_CODES.contains(&code)
        || service::SERVICES.iter().any(|s| service::row(*s, code).is_some())
}

/// Says that the token of a request is too old.
const EXPIRED: &[&str] = &["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"];

/// A policy with one fault.
#[derive(Debug, Clone, Copy)]
pub struct MutantPolicy(pub Fault);

impl MutantPolicy {
    /// Whether its fault makes it retry what is final.
    fn also_retries(self, failed: Failed<'_>) -> bool {
        let Failure { class, status, code, .. } = failed.failure;
        let refused = *class == Class::Permanent && matches!(status, Some(401 | 403));
        match self.0 {
            Fault::AuthLoop => refused,
            Fault::SameClock => refused && failed.attempt == 1,
            Fault::StaleToken => code.as_deref().is_some_and(|code| EXPIRED.contains(&code)),
            Fault::QuotaAsThrottle => *class == Class::Quota,
            _ => false,
        }
    }
}

impl RetryPolicy for MutantPolicy {
    fn next_pause(&mut self, failed: Failed<'_>, random: &mut Stream) -> Option<Duration> {
        let class = match self.0 {
            Fault::ByStatus => failed.failure.status.map_or(Class::Transient, |status| service::class_of("", status)),
            _ => failed.failure.class,
        };
        let retryable = matches!(class, Class::Throttling | Class::Transient) || self.also_retries(failed);
        let attempts = match self.0 {
            Fault::NoPause | Fault::SamePause | Fault::SameBound => 5,
            Fault::Endless => 50,
            Fault::Outstays => 10,
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
        let denied = class == Class::Permanent;
        Some(match self.0 {
            Fault::NoPause => Duration::ZERO,
            Fault::NoThrottleRetry if class == Class::Throttling => return None,
            Fault::NoTransientRetry if class == Class::Transient => return None,
            Fault::TripsOverHint if failed.failure.unreadable_hint => return None,
            // Long enough for another date in the signature.
            Fault::SameClock if denied => Duration::from_secs(2),
            Fault::Outstays => Duration::from_secs(1 << failed.attempt.saturating_sub(1)).mul_f64(0.5 + unit / 2.0),
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
