//! Mutants made from a right client: one number, or one habit, of a profile is changed.

use std::time::Duration;

use brownout_mocks::random::Stream;
use brownout_mocks::service::Class;
use brownout_mocks::units::Span;

use super::answer::Failure;
use super::habits::Habits;
use super::policy::{Failed, RetryPolicy};
use super::reference::ProfilePolicy;
use crate::guidance::{Jitter, Profile};

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Every base is half of what it should be.
    HalfBase,
    /// Pauses grow by a tenth each time.
    GrowsSlowly,
    /// Equal jitter where it should be full.
    EqualJitter,
    /// Throttles have the ladder of transient errors.
    OneLadder,
    /// Throttles that come with a 5xx have the ladder of transient errors.
    StatusFirst,
    /// The service's own numbers are not known.
    NoOwnNumbers,
    /// One attempt less than it should be.
    OneLess,
    /// There is no retry quota.
    NoQuota,
    /// Any success fills the quota.
    FillsAtOnce,
    /// The quota never fills again.
    NeverFills,
    /// Each call waits before its first request.
    Hesitates,
    /// Errors that are final reach the caller late.
    SleepsOnFinal,
    /// The last error reaches the caller after another pause.
    SleepsLast,
    /// Each retry carries another body.
    OtherBody,
    /// The last pause is longer than the cap.
    OverCap,
    /// A 200 is taken for a success whatever it holds.
    TrustsStatus,
    /// A long poll whose retry the quota refused fails at once.
    Spins,
    /// What the last retry of a failed call took comes back at the next success of any call.
    KeepsPermit,
    /// No retry hint is heeded.
    Deaf,
    /// A second layer calls again when the first has given up.
    Layered,
}

/// A policy by a changed profile.
#[derive(Debug)]
pub struct AlteredPolicy {
    inner: ProfilePolicy,
    change: Change,
    /// The failure after which a retry was paid for, and no success has come since.
    paid: Option<Failure>,
}

impl AlteredPolicy {
    /// A policy by `profile`, but for the change.
    pub fn new(profile: &Profile, change: Change) -> Self {
        let mut profile = profile.clone();
        alter(&mut profile, change);
        Self { inner: ProfilePolicy::new(&profile), change, paid: None }
    }
}

fn alter(profile: &mut Profile, change: Change) {
    let services = profile.services.values_mut();
    let mut backoffs = vec![&mut profile.backoff];
    let mut attempts = vec![&mut profile.attempts_max];
    for numbers in services {
        backoffs.extend(&mut numbers.backoff);
        attempts.extend(&mut numbers.attempts_max);
    }
    for backoff in backoffs {
        let transient = backoff.transient.value;
        for ladder in [&mut backoff.throttling.value, &mut backoff.transient.value] {
            match change {
                Change::HalfBase => ladder.base = Span(ladder.base.get() / 2),
                Change::GrowsSlowly => ladder.factor = 1.1,
                Change::EqualJitter => ladder.jitter = Jitter::Equal,
                _ => {}
            }
        }
        if change == Change::OneLadder {
            backoff.throttling.value = transient;
        }
    }
    for attempts in attempts {
        if change == Change::OneLess {
            attempts.value = attempts.value.saturating_sub(1).max(2);
        }
    }
    match change {
        Change::NoOwnNumbers => profile.services.values_mut().for_each(|numbers| numbers.backoff = None),
        Change::NoQuota => profile.quota = None,
        Change::Deaf => profile.honours.clear(),
        _ => {}
    }
}

/// Longer than the cap of the standard modes, 20 s.
const OVER_ANY_CAP: Duration = Duration::from_secs(31);

/// A pause that no clock takes for none.
const NOTICED: Duration = Duration::from_millis(700);

impl RetryPolicy for AlteredPolicy {
    fn next_pause(&mut self, failed: Failed<'_>, random: &mut Stream) -> Option<Duration> {
        let read = |class| Failure { class, ..failed.failure.clone() };
        if self.change == Change::StatusFirst
            && failed.failure.class == Class::Throttling
            && failed.failure.status.is_some_and(|s| s >= 500)
        {
            return self.inner.next_pause(Failed { failure: &read(Class::Transient), ..failed }, random);
        }
        let last = self.inner.attempts_max(failed.service).is_some_and(|most| failed.attempt + 1 == most);
        let pause = self.inner.next_pause(failed, random)?;
        self.paid = Some(failed.failure.clone());
        Some(if self.change == Change::OverCap && last { OVER_ANY_CAP } else { pause })
    }

    fn succeeded(&mut self, retried_after: Option<&Failure>) {
        match self.change {
            Change::NeverFills => {}
            Change::FillsAtOnce => self.inner.fill(),
            Change::KeepsPermit => {
                let paid = self.paid.take();
                self.inner.succeeded(retried_after.or(paid.as_ref()));
            }
            _ => self.inner.succeeded(retried_after),
        }
    }

    fn habits(&self) -> Habits {
        let is = |change| self.change == change;
        Habits {
            before_call: if is(Change::Hesitates) { NOTICED } else { Duration::ZERO },
            layers: if is(Change::Layered) { 5 } else { 1 },
            changes_body: is(Change::OtherBody),
            reads_late_errors: !is(Change::TrustsStatus),
            ..Habits::default()
        }
    }

    fn before_giving_up(&self, failure: &Failure) -> Duration {
        let retryable = matches!(failure.class, Class::Throttling | Class::Transient);
        match self.change {
            Change::SleepsOnFinal if failure.class == Class::Permanent => NOTICED,
            Change::SleepsLast if retryable => NOTICED,
            Change::Spins => Duration::ZERO,
            _ => self.inner.before_giving_up(failure),
        }
    }

    fn attempts_max(&self, service: &str) -> Option<u32> {
        self.inner.attempts_max(service)
    }
}
