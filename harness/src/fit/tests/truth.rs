//! Policies that are known, and the journals that they make.

use std::time::Duration;

use brownout_mocks::journal::Trial;
use brownout_mocks::random::{Seed, Stream};
use brownout_mocks::service::Class;

use crate::fit::Fit;
use crate::guidance::{self, Jitter, Ladder};
use crate::judge::Judge;
use crate::rule::tests::story::{BUSY, Story, THROTTLE, Told, document};

/// What a client does.
#[derive(Debug, Clone)]
pub(super) struct Truth {
    pub(super) throttling: Ladder,
    pub(super) transient: Ladder,
    /// Attempts a call.
    pub(super) attempts: u32,
    /// Capacity, and what a retry costs after a throttling and after a transient error.
    pub(super) quota: Option<(i64, i64, i64)>,
}

pub(super) const KINDS: [Jitter; 5] =
    [Jitter::None, Jitter::Full, Jitter::Equal, Jitter::Decorrelated, Jitter::Additive];

impl Truth {
    pub(super) fn of(ladder: Ladder, attempts: u32) -> Self {
        Self { throttling: ladder, transient: ladder, attempts, quota: None }
    }

    pub(super) fn by_profile(name: &str, service: &str) -> Self {
        let profile = guidance::find(name).unwrap();
        let backoff = profile.backoff(service);
        Self {
            throttling: backoff.throttling.value,
            transient: backoff.transient.value,
            attempts: profile.attempts_max(service).value,
            quota: profile.quota.as_ref().map(|q| (q.capacity.into(), q.throttling.into(), q.transient.into())),
        }
    }
}

/// What the service does with a call: so many failures of a class before it succeeds, or all.
pub(super) type Call = (u32, Class);

/// Fails every attempt.
pub(super) const ALL: u32 = u32::MAX;

/// What a client by `truth` makes of these calls.
pub(super) fn play(truth: &Truth, service: &str, trial: u64, calls: &[Call], random: &mut Stream) -> Trial {
    let mut story = Story::new(trial);
    story.service = service.into();
    let (capacity, throttling, transient) = truth.quota.unwrap_or((i64::MAX / 2, 0, 0));
    let mut tokens = capacity;
    for (failures, class) in calls {
        story.call();
        let (mut wait, mut before, mut won, mut paid) = (Duration::ZERO, None, false, None);
        for attempt in 1..=truth.attempts {
            // Virtual timers round up to whole milliseconds.
            let us = wait.as_micros().div_ceil(1_000) as u64 * 1_000;
            if attempt > *failures {
                story.attempt(us, Told::Fine);
                tokens = (tokens + paid.unwrap_or(1)).min(capacity);
                won = true;
                break;
            }
            let throttled = *class == Class::Throttling;
            story.attempt(us, if throttled { THROTTLE } else { BUSY });
            let cost = if throttled { throttling } else { transient };
            if attempt == truth.attempts || tokens < cost {
                break;
            }
            tokens -= cost;
            paid = Some(cost);
            let ladder = if throttled { truth.throttling } else { truth.transient };
            wait = ladder.draw(attempt - 1, random.unit(), before);
            before = Some(wait);
        }
        story.finish(won);
        story.now += 1_000_000;
    }
    story.end()
}

/// `count` calls that fail to the end, by turns of each class.
pub(super) fn storms(count: usize, classes: &[Class]) -> Vec<Call> {
    (0..count).map(|n| (ALL, classes[n % classes.len()])).collect()
}

pub(super) fn random(name: &str, seed: u64) -> Stream {
    Seed { run: seed, trial: 0 }.named(name, 0)
}

/// What is inferred from trials.
pub(super) fn fitted(trials: &[Trial]) -> Fit {
    let mut judge = Judge::new(&document(), guidance::find("documented").unwrap(), &trials[0].header);
    for trial in trials {
        judge.push(trial);
    }
    Fit::of(judge.evidence())
}
