//! The documented numbers, each with its citation: one profile per published guidance.
//!
//! A profile is one file in `harness/guidance/` plus one line in [`PROFILES`]. A named profile is exact;
//! `documented` is the envelope of all published guidance: it accepts whatever at least one accepts, and
//! fails what all of them forbid. The policies that it spans are data of its file (`published`), so that
//! a rule computes its test from them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use brownout_mocks::service::Class;
use brownout_mocks::units::{Rate, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod auto;
mod choose;
mod custom;
mod ladder;
mod numbers;
mod own;

pub use choose::{ChoiceError, choose, honours as choose_honours};
pub use custom::{
    CustomBackoff, CustomBreaker, CustomLadder, CustomPolling, CustomProfile, CustomQuota, CustomService, Nothing,
    OrNone, ProfileChoice,
};
pub use ladder::{Jitter, Ladder};
pub use numbers::{Numbers, RETRIES};
pub use own::{OwnProfile, schema as own_schema};

/// The profiles and their files, in alphabetical order.
pub const PROFILES: &[(&str, &str)] = &[
    ("adaptive", include_str!("../guidance/adaptive.yaml")),
    ("arch-blog-decorrelated", include_str!("../guidance/arch-blog-decorrelated.yaml")),
    ("botocore-legacy", include_str!("../guidance/botocore-legacy.yaml")),
    ("botocore-waiter", include_str!("../guidance/botocore-waiter.yaml")),
    ("breaker-powertools", include_str!("../guidance/breaker-powertools.yaml")),
    ("breaker-seed", include_str!("../guidance/breaker-seed.yaml")),
    ("documented", include_str!("../guidance/documented.yaml")),
    ("ec2-poll", include_str!("../guidance/ec2-poll.yaml")),
    ("go-pre2026", include_str!("../guidance/go-pre2026.yaml")),
    ("http-retry-after", include_str!("../guidance/http-retry-after.yaml")),
    ("java-legacy", include_str!("../guidance/java-legacy.yaml")),
    ("java-std-2.0", include_str!("../guidance/java-std-2.0.yaml")),
    ("js-pre2026", include_str!("../guidance/js-pre2026.yaml")),
    ("kotlin-pre2026", include_str!("../guidance/kotlin-pre2026.yaml")),
    ("seed-a", include_str!("../guidance/seed-a.yaml")),
    ("seed-b", include_str!("../guidance/seed-b.yaml")),
    ("smithy-waiter", include_str!("../guidance/smithy-waiter.yaml")),
    ("std-2.0-1s", include_str!("../guidance/std-2.0-1s.yaml")),
    ("std-2026", include_str!("../guidance/std-2026.yaml")),
];

/// The profile that judges unless another is named.
pub const DEFAULT: &str = "documented";

/// All profiles, parsed once. A test keeps every embedded file readable.
pub fn profiles() -> &'static [Profile] {
    static PARSED: LazyLock<Vec<Profile>> =
        LazyLock::new(|| PROFILES.iter().filter_map(|(_, text)| Profile::from_yaml(text).ok()).collect());
    &PARSED
}

/// The profile of this name.
pub fn find(name: &str) -> Option<&'static Profile> {
    profiles().iter().find(|p| p.name == name)
}

/// A number and where it is documented.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cited<T> {
    /// The number.
    pub value: T,
    /// Where it is documented.
    pub source: String,
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
    /// The ladder for a class of error, and where it is documented.
    pub fn cited(&self, class: Class) -> &Cited<Ladder> {
        if class == Class::Throttling { &self.throttling } else { &self.transient }
    }

    /// The ladder for a class of error.
    pub fn ladder(&self, class: Class) -> &Ladder {
        &self.cited(class).value
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

/// A client-side limit of the rate of all attempts, off until the first throttle (guidance 1.9).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimiter {
    /// What a throttle leaves of the rate that was refused.
    pub beta: f64,
    /// The rate is at most so many times the measured one.
    pub headroom: f64,
    /// The rate is never lower.
    pub least: Rate,
    /// Where it is documented.
    pub source: String,
}

/// Operations that wait for something to come, and are called in a loop: one pause before their error is handed on when
/// the quota refuses a retry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LongPolls {
    /// The operations.
    pub operations: Vec<String>,
    /// Where it is documented.
    pub source: String,
}

/// Whether some published guidance asks for a pause after this operation when the quota is spent.
pub fn is_long_poll(operation: &str) -> bool {
    let lists = profiles().iter().filter_map(|p| p.long_polls.as_ref());
    lists.flat_map(|l| &l.operations).any(|o| o == operation)
}

/// How the pauses of a program that polls follow each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pacing {
    /// A wait before the first poll, then pauses that grow, each up to a quarter longer by chance (S0).
    #[default]
    Growing,
    /// The first poll at once, then pauses drawn between `start` and a bound that grows, and a last poll when the
    /// time is up (Smithy's waiters).
    Drawn,
    /// The first poll at once, then always the same pause (botocore's waiters).
    Fixed,
}

/// How a program polls for something that is not visible or not ready yet (S0; guidance 9).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Polling {
    /// How the pauses follow each other. Default: growing.
    #[serde(default)]
    pub pacing: Pacing,
    /// The shortest pause: between the first two polls, and, where pauses are `growing`, before the first.
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

/// A circuit breaker that the client declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Breaker {
    /// Failures without a success in between that open it.
    pub threshold: u32,
    /// How long it stays open.
    pub open: Span,
    /// Concurrent probes while half-open.
    pub probes: u32,
    /// Successes of probes that close it.
    #[serde(default = "one")]
    pub closes_after: u32,
    /// Where it is documented.
    #[serde(default)]
    pub source: String,
}

fn one() -> u32 {
    1
}

/// One published retry policy that an envelope spans.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Its name.
    pub name: String,
    /// Where it is documented.
    pub source: String,
    /// The services it is for; empty for all.
    #[serde(default)]
    pub services: Vec<String>,
    /// Attempts per call that it makes by default.
    pub attempts_max: u32,
    /// After a throttling error.
    pub throttling: Ladder,
    /// After a transient error.
    pub transient: Ladder,
    /// From this retry on, counted from 0, the pause is the whole cap, without jitter.
    #[serde(default)]
    pub fixed_from: Option<u32>,
    /// The first retry after a transient error may come at once.
    #[serde(default)]
    pub at_once: bool,
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
    /// Backoff; in an envelope, that of its reference client: the bounds come from `published`.
    pub backoff: Backoff,
    /// Retry quota.
    #[serde(default)]
    pub quota: Option<RetryQuota>,
    /// Long polls, whose errors wait when the quota is spent.
    #[serde(default)]
    pub long_polls: Option<LongPolls>,
    /// Rate limiter, in adaptive mode.
    #[serde(default)]
    pub rate_limiter: Option<RateLimiter>,
    /// Polling, for application-level guidance.
    #[serde(default)]
    pub polling: Option<Polling>,
    /// How long a call may last, with all of its attempts and pauses.
    #[serde(default)]
    pub deadline: Option<Cited<Span>>,
    /// What it honours.
    #[serde(default)]
    pub honours: Vec<Honours>,
    /// What differs by service.
    #[serde(default)]
    pub services: BTreeMap<String, ServiceNumbers>,
    /// A circuit breaker, where the client declares one.
    #[serde(default)]
    pub breaker: Option<Breaker>,
    /// The profile it was made from by changing numbers; its severities hold.
    #[serde(default)]
    pub based_on: Option<String>,
    /// In an envelope, the profile whose numbers its reference client plays.
    #[serde(default)]
    pub reference: Option<String>,
    /// The longest wait that a client-side rate limiter adds, per call in progress.
    #[serde(default)]
    pub limiter_wait: Option<Cited<Span>>,
    /// From this retry on, counted from 0, the pause is the whole cap, without jitter.
    #[serde(default)]
    pub fixed_from: Option<u32>,
    /// In an envelope, the published policies that it spans.
    #[serde(default)]
    pub published: Vec<Published>,
}

impl Profile {
    /// Reads a profile's file.
    pub fn from_yaml(text: &str) -> Result<Self, serde_yaml::Error> {
        serde_yaml::from_str(text)
    }

    /// The profile whose numbers the reference client of this one plays: itself, unless it is an envelope.
    pub fn reference(&self) -> &Profile {
        self.reference.as_deref().and_then(find).unwrap_or(self)
    }

    /// The name by which severities are looked up: that of the profile it was made from.
    pub fn family(&self) -> &str {
        self.based_on.as_deref().unwrap_or(&self.name)
    }

    /// The policies allowed against `service`: the published ones of an envelope, else the profile's own.
    pub fn allowed(&self, service: &str) -> Vec<Published> {
        if !self.published.is_empty() {
            let fits = |p: &&Published| p.services.is_empty() || p.services.iter().any(|s| s == service);
            return self.published.iter().filter(fits).cloned().collect();
        }
        let backoff = self.backoff(service);
        vec![Published {
            name: self.name.clone(),
            source: backoff.throttling.source.clone(),
            services: Vec::new(),
            attempts_max: self.attempts_max(service).value,
            throttling: backoff.throttling.value,
            transient: backoff.transient.value,
            fixed_from: self.fixed_from,
            at_once: false,
        }]
    }

    /// Attempts per call against `service`.
    pub fn attempts_max(&self, service: &str) -> &Cited<u32> {
        self.services.get(service).and_then(|s| s.attempts_max.as_ref()).unwrap_or(&self.attempts_max)
    }

    /// Backoff against `service`.
    pub fn backoff(&self, service: &str) -> &Backoff {
        self.services.get(service).and_then(|s| s.backoff.as_ref()).unwrap_or(&self.backoff)
    }
}

#[cfg(test)]
mod tests;
