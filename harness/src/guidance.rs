//! The documented numbers, each with its citation: one profile per published guidance.
//!
//! A profile is one file in `harness/guidance/` plus one line in [`PROFILES`]. A named profile is exact;
//! `documented` is the envelope of all published guidance: it accepts whatever at least one accepts, and
//! fails what all of them forbid.

use std::collections::BTreeMap;
use std::time::Duration;

use brownout_mocks::service::Class;
use brownout_mocks::units::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A number and where it is documented.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cited<T> {
    /// The number.
    pub value: T,
    /// Where it is documented.
    pub source: String,
}

/// Kinds of jitter (guidance 3.1), for a bound `e = min(cap, base × factor^i)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Jitter {
    /// None: always `e`.
    None,
    /// Uniform in [0, e).
    Full,
    /// Uniform in [e/2, e).
    Equal,
    /// Uniform in [base, 3 × the pause before), at most cap.
    Decorrelated,
    /// `e` plus uniform in [0, 1 s) (S1's first snippet).
    Additive,
}

/// The pauses before retry 0, 1, 2, …
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// Bound of the first pause.
    pub base: Span,
    /// Growth per retry.
    #[serde(default = "two")]
    pub factor: f64,
    /// Bound of every pause, before jitter.
    pub cap: Span,
    /// Kind of jitter.
    pub jitter: Jitter,
}

fn two() -> f64 {
    2.0
}

impl Ladder {
    /// `min(cap, base × factor^i)`: what the jitter is applied to, for retry `i` from 0.
    pub fn step(&self, retry: u32) -> Duration {
        let seconds = self.base.get().as_secs_f64() * self.factor.powi(i32::try_from(retry).unwrap_or(i32::MAX));
        Duration::try_from_secs_f64(seconds).unwrap_or(self.cap.get()).min(self.cap.get())
    }

    /// The longest pause before retry `i` from 0.
    pub fn bound(&self, retry: u32) -> Duration {
        match self.jitter {
            Jitter::None | Jitter::Full | Jitter::Equal => self.step(retry),
            Jitter::Additive => self.step(retry) + Duration::from_secs(1),
            Jitter::Decorrelated => {
                let seconds = self.base.get().as_secs_f64() * 3f64.powi(i32::try_from(retry + 1).unwrap_or(i32::MAX));
                Duration::try_from_secs_f64(seconds).unwrap_or(self.cap.get()).min(self.cap.get())
            }
        }
    }

    /// Draws the pause before retry `i` from 0. `unit` is uniform in [0, 1); `before` is the pause before it.
    pub fn draw(&self, retry: u32, unit: f64, before: Option<Duration>) -> Duration {
        let step = self.step(retry);
        match self.jitter {
            Jitter::None => step,
            Jitter::Full => step.mul_f64(unit),
            Jitter::Equal => step / 2 + (step / 2).mul_f64(unit),
            Jitter::Additive => step + Duration::from_secs_f64(unit),
            Jitter::Decorrelated => {
                let base = self.base.get();
                let top = before.unwrap_or(base) * 3;
                (base + top.saturating_sub(base).mul_f64(unit)).min(self.cap.get())
            }
        }
    }
}

/// Backoff by class of error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backoff {
    /// After a throttling error.
    pub throttling: Cited<Ladder>,
    /// After a transient error.
    pub transient: Cited<Ladder>,
}

impl Backoff {
    /// The ladder for a class of error.
    pub fn ladder(&self, class: Class) -> &Ladder {
        if class == Class::Throttling { &self.throttling.value } else { &self.transient.value }
    }
}

/// A client-side token bucket for retries (guidance 1.4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryQuota {
    /// Tokens at the start, and at most.
    pub capacity: u32,
    /// Cost of a retry after a throttling error.
    pub throttling: u32,
    /// Cost of a retry after a transient error.
    pub transient: u32,
    /// Where it is documented.
    pub source: String,
}

/// How a program polls for something that is not visible or not ready yet (S0; guidance 9).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Polling {
    /// Pause before the first poll, and between the first two.
    pub start: Span,
    /// Growth per poll.
    pub factor: f64,
    /// Longest pause.
    pub cap: Span,
    /// When it gives up.
    pub deadline: Span,
    /// Where it is documented.
    pub source: String,
}

/// What a client may honour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Honours {
    /// HTTP's `Retry-After`, seconds or date.
    RetryAfter,
    /// `x-amz-retry-after`, milliseconds.
    XAmzRetryAfter,
}

/// What differs for one service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceNumbers {
    /// Attempts per call.
    #[serde(default)]
    pub attempts_max: Option<Cited<u32>>,
    /// Backoff.
    #[serde(default)]
    pub backoff: Option<Backoff>,
}

/// One published guidance, in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name, as in scenarios and on the command line.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Exact, or an envelope of several guidances.
    pub exact: bool,
    /// Attempts per call, the first included.
    pub attempts_max: Cited<u32>,
    /// Backoff; in an envelope, the widest bounds and no growth or jitter of its own.
    pub backoff: Backoff,
    /// Retry quota.
    #[serde(default)]
    pub quota: Option<RetryQuota>,
    /// Polling, for application-level guidance.
    #[serde(default)]
    pub polling: Option<Polling>,
    /// What it honours.
    #[serde(default)]
    pub honours: Vec<Honours>,
    /// What differs by service.
    #[serde(default)]
    pub services: BTreeMap<String, ServiceNumbers>,
}

impl Profile {
    /// Attempts per call against `service`.
    pub fn attempts_max(&self, service: &str) -> &Cited<u32> {
        self.services.get(service).and_then(|s| s.attempts_max.as_ref()).unwrap_or(&self.attempts_max)
    }

    /// Backoff against `service`.
    pub fn backoff(&self, service: &str) -> &Backoff {
        self.services.get(service).and_then(|s| s.backoff.as_ref()).unwrap_or(&self.backoff)
    }
}
