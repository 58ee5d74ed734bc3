//! The published profiles that the evidence cannot tell apart, and what tells the others.
//!
//! A profile is left out only on proof, so that the true one stays in: a pause outside of its intervals, retries or
//! refusals that its attempts and its quota forbid, a breaker that it has not; or pauses that are too improbable for it,
//! with error 10⁻⁶. How often a client tries is a setting that its user may change, so that profiles against which
//! nothing but that speaks are named apart.

use brownout_mocks::service::Class;
use schemars::JsonSchema;
use serde::Serialize;

use super::history::{History, Then, What};
use super::jitter::by_retry;
use super::likelihood::{self, Group};
use super::{Fit, backoff, distance};
use crate::evidence::Evidence;
use crate::guidance::{Honours, Profile, profiles};

/// A published profile.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// How far what was seen lies from it: the sum of the logarithms of the ratios of all numbers that have a value, and
    /// 1 for another kind of jitter.
    pub distance: f64,
}

/// A published profile that cannot have made what was seen.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Excluded {
    /// Its name.
    pub name: String,
    /// How far what was seen lies from it.
    pub distance: f64,
    /// What tells it.
    pub why: String,
}

/// The published profiles, in order of their distance.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Profiles {
    /// Those that the evidence cannot tell apart, the nearest first. The true one, if it is published, is among them.
    pub possible: Vec<Candidate>,
    /// Those that would be among them if somebody had set another number of attempts.
    pub but_for_attempts: Vec<Candidate>,
    /// The others, with what tells them.
    pub excluded: Vec<Excluded>,
}

impl Profiles {
    /// The nearest of all.
    pub fn nearest(&self) -> Option<(&str, f64)> {
        let named = self.possible.iter().chain(&self.but_for_attempts).map(|c| (c.name.as_str(), c.distance));
        let all = named.chain(self.excluded.iter().map(|e| (e.name.as_str(), e.distance)));
        all.min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// Sorts the published profiles by what was seen.
pub(super) fn fit(evidence: &Evidence, histories: &[History<'_>], fit: &Fit) -> Profiles {
    let pauses = backoff::pauses(evidence, &fit.limiter);
    let groups: Vec<Group<'_>> = pauses
        .iter()
        .map(|((service, class), pauses)| Group { service, class: *class, pauses, seen: by_retry(pauses) })
        .collect();
    // A schedule of polls is no retry policy: only a program with a demand of its own can have one.
    let exact: Vec<&Profile> =
        profiles().iter().filter(|p| p.exact && (p.polling.is_none() || evidence.owns_demand)).collect();
    let mut sorted = Profiles::default();
    for profile in &exact {
        let (name, distance) = (profile.name.clone(), distance::to(fit, profile));
        let why = likelihood::refuted(profile, &groups, &exact)
            .or_else(|| hints(evidence, fit, profile))
            .or_else(|| breaker(fit, profile))
            .or_else(|| polling(fit, profile))
            .or_else(|| limiter(fit, profile));
        let tries = || histories.iter().find_map(|h| tries(h, profile, &|s| profile.attempts_max(s).value));
        // With as many attempts as were seen, do its numbers fit?
        let seen = |service: &str| {
            let of = fit.attempts.iter().find(|a| a.service == service).map(|a| &a.max);
            of.and_then(|max| max.value.or(max.at_least)).map_or(u32::MAX, |max| max as u32)
        };
        match why.map_or_else(|| tries().map(|why| (why, true)), |why| Some((why, false))) {
            None => sorted.possible.push(Candidate { name, distance }),
            Some((_, true)) if histories.iter().all(|h| self::tries(h, profile, &seen).is_none()) => {
                sorted.but_for_attempts.push(Candidate { name, distance });
            }
            Some((why, _)) => sorted.excluded.push(Excluded { name, distance, why }),
        }
    }
    sorted.possible.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    sorted.but_for_attempts.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    sorted.excluded.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    sorted
}

/// Adaptive mode says so in the `User-Agent`.
fn limiter(fit: &Fit, profile: &Profile) -> Option<String> {
    let other = profile.rate_limiter.is_some() && fit.limiter.declared == Some(false);
    other.then(|| "the client does not say that it is in adaptive mode".to_owned())
}

/// The most that a success can give back where a timeout has a price of its own.
const DEAREST: i64 = 14;

/// Follows a client with the profile's attempts and quota; says where these forbid what it did. Where the order of calls
/// or a price is not known, tokens are reckoned both ways.
fn tries(history: &History<'_>, profile: &Profile, attempts_max: &dyn Fn(&str) -> u32) -> Option<String> {
    let quota =
        profile.quota.as_ref().map(|q| (i64::from(q.capacity), i64::from(q.throttling), i64::from(q.transient)));
    let (capacity, throttling, transient) = quota.unwrap_or((0, 0, 0));
    let alone = history.client.peak <= 1;
    let tolerance = i64::from(history.client.peak.saturating_sub(1)) * DEAREST;
    let (mut least, mut most) = (0i64, 0i64);
    for event in &history.events {
        match event.what {
            What::Success(after) => {
                let (low, high) = match after {
                    None => (1, 1),
                    Some(a) if alone && !a.either_way() => price(a, throttling, transient),
                    Some(_) => (throttling.min(transient).min(1), throttling.max(transient).max(DEAREST)),
                };
                (least, most) = ((least - high).max(0), (most - low).max(0));
            }
            What::Failure { attempt, then, .. } => {
                let (low, high) = price(attempt, throttling, transient);
                let max = attempts_max(event.service);
                match then {
                    Then::Retried if attempt.row >= max => {
                        return Some(format!("it makes {max} attempts; {} were seen", attempt.row + 1));
                    }
                    Then::Retried if quota.is_some() => {
                        if least + low > capacity + tolerance {
                            return Some(format!("its retry quota of {capacity} tokens would have been spent"));
                        }
                        (least, most) = (least + low, (most + high).min(capacity));
                    }
                    Then::GaveUp if attempt.row < max && (quota.is_none() || most + high + tolerance <= capacity) => {
                        return Some(format!("it makes {max} attempts; a call was given up after {}", attempt.row));
                    }
                    _ => {}
                }
            }
        }
    }
    None
}

/// What a retry after this failure costs, at least and at most.
fn price(failed: &crate::evidence::Attempt, throttling: i64, transient: i64) -> (i64, i64) {
    let (least, most) = (throttling.min(transient), throttling.max(transient));
    match failed.class {
        _ if failed.either_way() => (least, most.max(DEAREST)),
        // Where a 5xx has a price of its own (the SDK for Rust), what is told by its code alone costs less.
        Some(Class::Transient) if failed.status.is_some_and(|s| s < 500) => (least, most),
        Some(Class::Transient) => (transient, transient),
        _ => (throttling, throttling),
    }
}

/// How much longer than its own pause a client may wait because it was told to.
const HINT_EXTRA_US: u64 = 5_000_000;

/// A hint that the profile would have heeded, or would not.
fn hints(evidence: &Evidence, fit: &Fit, profile: &Profile) -> Option<String> {
    let honours = |h| profile.honours.contains(&h);
    evidence.gaps().filter(|g| g.before.hinted() && g.before.answered && !g.before.broken).find_map(|gap| {
        let told = |name: &str, ms: Option<u64>| {
            let least = ms?.saturating_mul(1_000).min(HINT_EXTRA_US);
            let undercut = gap.us.saturating_add(evidence.slack.below_us) < least;
            undercut.then(|| format!("it heeds `{name}`, which a retry undercut"))
        };
        let heeded = |h, name, ms| if honours(h) { told(name, ms) } else { None };
        if let Some(why) = heeded(Honours::RetryAfter, "Retry-After", gap.before.retry_after_ms)
            .or_else(|| heeded(Honours::XAmzRetryAfter, "x-amz-retry-after", gap.before.x_amz_retry_after_ms))
        {
            return Some(why);
        }
        if honours(Honours::RetryAfter) || gap.before.x_amz_retry_after_ms.is_some() || fit.limiter.limits(gap.client) {
            return None;
        }
        let ladder = profile.backoff(&gap.invocation.service).ladder(gap.class);
        let bound = ladder.bound(u32::try_from(gap.retry).unwrap_or(u32::MAX)).max(match ladder.jitter {
            crate::guidance::Jitter::Decorrelated => ladder.cap.get(),
            _ => std::time::Duration::ZERO,
        });
        let bound = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
        (gap.us > evidence.slack.above(bound)).then(|| "it ignores `Retry-After`, which a pause heeded".to_owned())
    })
}

fn breaker(fit: &Fit, profile: &Profile) -> Option<String> {
    let seen = fit.breaker.as_ref()?;
    let Some(own) = &profile.breaker else {
        return seen.seen.then(|| "it has no circuit breaker, and one was seen open".to_owned());
    };
    let open = own.open.get().as_secs_f64();
    let numbers = [
        ("opens after other than", &seen.threshold, f64::from(own.threshold)),
        ("stays open other than", &seen.open, open),
        ("probes with other than", &seen.probes, f64::from(own.probes)),
        ("closes after other than", &seen.closes_after, f64::from(own.closes_after)),
    ];
    let wrong = numbers.into_iter().find(|(_, number, own)| !number.allows(*own));
    wrong.map(|(what, _, own)| format!("the breaker that was seen {what} {own}"))
}

fn polling(fit: &Fit, profile: &Profile) -> Option<String> {
    let (seen, own) = (fit.polling.as_ref()?, profile.polling.as_ref()?);
    let start = own.start.get().as_secs_f64();
    let shortest = seen.start.high.or(seen.start.at_most)?;
    (shortest < start).then(|| format!("it waits at least {} between polls", super::words::time(start)))
}
