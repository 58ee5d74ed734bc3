//! A client in adaptive mode: a profile's retries behind the rate limiter.

use std::time::Duration;

use brownout_mocks::random::Stream;
use brownout_mocks::service::Class;

use super::answer::Failure;
use super::limiter::Limiter;
use super::policy::{Failed, RetryPolicy};
use super::reference::ProfilePolicy;
use crate::guidance::Profile;

/// A policy by a profile whose attempts a rate limiter holds back.
#[derive(Debug)]
pub struct AdaptivePolicy {
    inner: ProfilePolicy,
    limiter: Limiter,
    /// What a retry costs the limiter: 1 in most SDKs, 5 in the SDK for Rust before 2026.
    retry_tokens: f64,
}

impl AdaptivePolicy {
    /// A policy by this profile. A retry takes so many of the limiter's tokens, a first attempt one.
    pub fn new(profile: &Profile, retry_tokens: f64) -> Self {
        Self { inner: ProfilePolicy::new(profile), limiter: Limiter::new(), retry_tokens }
    }
}

impl RetryPolicy for AdaptivePolicy {
    fn next_pause(&mut self, failed: Failed<'_>, random: &mut Stream) -> Option<Duration> {
        self.inner.next_pause(failed, random)
    }

    fn succeeded(&mut self, retried_after: Option<&Failure>) {
        self.inner.succeeded(retried_after);
    }

    fn before_attempt(&mut self, attempt: u32, now: Duration) -> Duration {
        self.limiter.acquire(now, if attempt > 1 { self.retry_tokens } else { 1.0 })
    }

    fn attempted(&mut self, now: Duration, failure: Option<&Failure>) {
        self.limiter.update(now, failure.is_some_and(|f| f.class == Class::Throttling));
    }

    fn before_giving_up(&self, failure: &Failure) -> Duration {
        self.inner.before_giving_up(failure)
    }

    fn user_agent(&self) -> Option<&'static str> {
        self.inner.user_agent()
    }

    fn attempts_max(&self, service: &str) -> Option<u32> {
        self.inner.attempts_max(service)
    }
}
