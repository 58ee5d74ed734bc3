//! A profile that changes some numbers of another: what a scenario's `expect.profile` and a profile's own file say.

use std::collections::BTreeMap;

use brownout_mocks::units::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Backoff, Breaker, Cited, Honours, Jitter, Ladder, Polling, Profile, RetryQuota, ServiceNumbers};

/// A profile by name, or a base with changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ProfileChoice {
    /// By name.
    Name(String),
    /// A base with changes.
    Custom(Box<CustomProfile>),
}

/// A profile that changes some numbers of another.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomProfile {
    /// The profile to start from.
    pub base: String,
    /// Attempts per call, the first included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub attempts_max: Option<u32>,
    /// Backoff between attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<CustomBackoff>,
    /// Retry quota, or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<OrNone<CustomQuota>>,
    /// Circuit breaker, or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaker: Option<OrNone<CustomBreaker>>,
    /// How a program polls for what is not ready yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polling: Option<CustomPolling>,
    /// What the client honours beyond the base: `retry_after`, `x_amz_retry_after`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub honours: Vec<String>,
    /// What differs by service.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, CustomService>,
}

/// Something, or nothing where the base has something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OrNone<T> {
    /// Nothing.
    None(Nothing),
    /// This.
    Some(T),
}

/// The word for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Nothing {
    /// Nothing.
    None,
}

/// Backoff of a changed profile.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomBackoff {
    /// Bound of the first pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Span>,
    /// Growth per retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub factor: Option<f64>,
    /// Bound of every pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Span>,
    /// Kind of jitter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Jitter>,
    /// What differs after a throttling error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttling: Option<CustomLadder>,
    /// What differs after a transient error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transient: Option<CustomLadder>,
}

/// Backoff after one class of error.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomLadder {
    /// Bound of the first pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Span>,
    /// Growth per retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub factor: Option<f64>,
    /// Bound of every pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Span>,
    /// Kind of jitter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Jitter>,
}

/// Retry quota of a changed profile: a token bucket for retries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomQuota {
    /// Tokens at the start, and at most.
    #[schemars(range(max = 1_000_000))]
    pub capacity: u32,
    /// Cost of a retry after a throttling error.
    #[schemars(range(max = 1_000_000))]
    pub throttling: u32,
    /// Cost of a retry after a transient error.
    #[schemars(range(max = 1_000_000))]
    pub transient: u32,
}

/// Breaker of a changed profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomBreaker {
    /// Failures without a success in between that open it.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub threshold: u32,
    /// How long it stays open.
    pub open: Span,
    /// Concurrent probes while half-open. Default: 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub probes: u32,
    /// Successes of probes that close it. Default: 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub closes_after: u32,
}

/// Polling of a changed profile.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomPolling {
    /// Pause before the first poll, and between the first two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Span>,
    /// Growth per poll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub factor: Option<f64>,
    /// Longest pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Span>,
    /// When it gives up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Span>,
}

/// What differs for one service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomService {
    /// Attempts per call, the first included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub attempts_max: Option<u32>,
    /// Backoff between attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<CustomBackoff>,
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_one(n: &u32) -> bool {
    *n == 1
}

impl<T> OrNone<T> {
    fn some(&self) -> Option<&T> {
        match self {
            Self::None(_) => None,
            Self::Some(given) => Some(given),
        }
    }
}

impl CustomBackoff {
    fn apply(&self, to: &Backoff, source: &str) -> Backoff {
        let both = CustomLadder { base: self.base, factor: self.factor, cap: self.cap, jitter: self.jitter };
        let change = |of: &Cited<Ladder>, own: Option<&CustomLadder>| {
            let value = both.apply(&of.value);
            let value = own.map_or(value, |own| own.apply(&value));
            let source = if value == of.value { of.source.clone() } else { source.to_owned() };
            Cited { value, source }
        };
        Backoff {
            throttling: change(&to.throttling, self.throttling.as_ref()),
            transient: change(&to.transient, self.transient.as_ref()),
        }
    }
}

impl CustomLadder {
    fn apply(&self, to: &Ladder) -> Ladder {
        Ladder {
            base: self.base.unwrap_or(to.base),
            factor: self.factor.unwrap_or(to.factor),
            cap: self.cap.unwrap_or(to.cap),
            jitter: self.jitter.unwrap_or(to.jitter),
        }
    }
}

impl CustomProfile {
    /// `base` with these changes. What a general number says holds for every service that has none of its own here.
    pub(super) fn apply(&self, base: &Profile, name: String, source: &str) -> Profile {
        let mut profile = base.clone();
        profile.name = name;
        profile.based_on = Some(base.family().to_owned());
        if let Some(attempts) = self.attempts_max {
            profile.attempts_max = Cited { value: attempts, source: source.into() };
            profile.services.values_mut().for_each(|numbers| numbers.attempts_max = None);
        }
        if let Some(backoff) = &self.backoff {
            profile.backoff = backoff.apply(&base.backoff, source);
            profile.services.values_mut().for_each(|numbers| numbers.backoff = None);
        }
        for (service, own) in &self.services {
            let before = profile.backoff(service).clone();
            let numbers = profile
                .services
                .entry(service.clone())
                .or_insert_with(|| ServiceNumbers { attempts_max: None, backoff: None });
            if let Some(attempts) = own.attempts_max {
                numbers.attempts_max = Some(Cited { value: attempts, source: source.into() });
            }
            if let Some(backoff) = &own.backoff {
                numbers.backoff = Some(backoff.apply(&before, source));
            }
        }
        if self.backoff.is_some() || self.services.values().any(|own| own.backoff.is_some()) {
            // Ladders of one's own are exact, whatever the base: an envelope around them would judge nothing.
            profile.fixed_from = None;
            profile.published.clear();
            profile.reference = None;
            profile.limiter_wait = None;
            profile.exact = true;
        }
        if let Some(quota) = &self.quota {
            profile.quota = quota.some().map(|quota| RetryQuota {
                capacity: quota.capacity,
                throttling: quota.throttling,
                transient: quota.transient,
                source: source.into(),
            });
        }
        if let Some(breaker) = &self.breaker {
            profile.breaker = breaker.some().map(|breaker| Breaker {
                threshold: breaker.threshold,
                open: breaker.open,
                probes: breaker.probes,
                closes_after: breaker.closes_after,
                source: source.into(),
            });
        }
        if let Some(own) = &self.polling {
            let base = super::find("ec2-poll").and_then(|p| p.polling.clone());
            profile.polling = profile.polling.or(base).map(|polling| Polling {
                start: own.start.unwrap_or(polling.start),
                factor: own.factor.unwrap_or(polling.factor),
                cap: own.cap.unwrap_or(polling.cap),
                deadline: own.deadline.unwrap_or(polling.deadline),
                source: source.into(),
                ..polling
            });
        }
        let honoured: Vec<Honours> = self.honours.iter().filter_map(|h| super::choose_honours(h)).collect();
        for honoured in honoured {
            if !profile.honours.contains(&honoured) {
                profile.honours.push(honoured);
            }
        }
        profile
    }
}
