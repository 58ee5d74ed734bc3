//! Reference clients: right on purpose, by the numbers of a profile.

use std::time::Duration;

use brownout_mocks::random::Stream;
use brownout_mocks::service::Class;

use super::answer::Failure;
use super::policy::{Failed, RetryPolicy};
use crate::guidance::{Honours, Profile};

/// A policy that does what a profile says.
#[derive(Debug)]
pub struct ProfilePolicy {
    profile: Profile,
    tokens: u32,
    /// Cost of the last retry of the call in hand; approximate over concurrent calls, as in the SDKs.
    spent: u32,
    /// The pause that a long poll makes before its error is handed on, when the quota refused a retry.
    owed: Duration,
}

impl ProfilePolicy {
    /// A policy by this profile, its quota full.
    pub fn new(profile: &Profile) -> Self {
        let tokens = profile.quota.as_ref().map_or(0, |q| q.capacity);
        Self { profile: profile.clone(), tokens, spent: 0, owed: Duration::ZERO }
    }

    /// Fills the quota.
    pub(super) fn fill(&mut self) {
        self.tokens = self.profile.quota.as_ref().map_or(0, |q| q.capacity);
    }

    fn cost(&self, class: Class) -> u32 {
        self.profile.quota.as_ref().map_or(0, |q| if class == Class::Throttling { q.throttling } else { q.transient })
    }
}

/// By how much `x-amz-retry-after` may lengthen a pause (guidance 1.5).
const HINT_EXTRA: Duration = Duration::from_secs(5);

impl RetryPolicy for ProfilePolicy {
    fn next_pause(&mut self, failed: Failed<'_>, random: &mut Stream) -> Option<Duration> {
        self.owed = Duration::ZERO;
        let class = failed.failure.class;
        if !matches!(class, Class::Throttling | Class::Transient) {
            return None;
        }
        if failed.attempt >= self.profile.attempts_max(failed.service).value {
            return None;
        }
        let ladder = self.profile.backoff(failed.service).ladder(class);
        let retry = failed.attempt - 1;
        let pause = if self.profile.fixed_from.is_some_and(|from| retry >= from) {
            ladder.cap.get()
        } else {
            ladder.draw(retry, random.unit(), failed.pause)
        };
        if self.profile.quota.is_some() {
            let cost = self.cost(class);
            let Some(left) = self.tokens.checked_sub(cost) else {
                let waits = self
                    .profile
                    .long_polls
                    .as_ref()
                    .is_some_and(|l| l.operations.iter().any(|o| o == failed.operation));
                self.owed = if waits { pause } else { Duration::ZERO };
                return None;
            };
            (self.tokens, self.spent) = (left, cost);
        }
        let honours = |h| self.profile.honours.contains(&h);
        if let Some(hint) = failed.failure.x_amz_retry_after.filter(|_| honours(Honours::XAmzRetryAfter)) {
            return Some(hint.clamp(pause, pause + HINT_EXTRA));
        }
        if let Some(hint) = failed.failure.retry_after.filter(|_| honours(Honours::RetryAfter)) {
            return Some(pause.max(hint));
        }
        Some(pause)
    }

    fn succeeded(&mut self, retried_after: Option<&Failure>) {
        if let Some(quota) = &self.profile.quota {
            let back = if retried_after.is_some() { self.spent } else { 1 };
            self.tokens = (self.tokens + back).min(quota.capacity);
        }
    }

    fn before_giving_up(&self, _failure: &Failure) -> Duration {
        self.owed
    }

    fn user_agent(&self) -> Option<&'static str> {
        self.profile.rate_limiter.as_ref().map(|_| "brownout cfg/retry-mode#adaptive")
    }

    fn attempts_max(&self, service: &str) -> Option<u32> {
        Some(self.profile.attempts_max(service).value)
    }
}
