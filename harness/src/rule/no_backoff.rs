//! Retries follow the error at once.
//!
//! Counts pauses that are none (up to 2 ms in virtual time, 5 ms on a real clock), those of a loop above the
//! SDK too, where the control asked only once for what is asked again.
//!
//! ## Why it matters
//! A retry without a pause meets the same overload it was told about, and doubles it.
//! ## What to do
//! Pause before each retry, for a random time that grows with the number of the retry.
//! ## Source
//! Builders' Library, "Timeouts, retries, and backoff with jitter"; guidance 1.3 and 3.2
//! ## Error probability
//! 10⁻⁸ per scenario and client, at any number of trials: a bet against P(pause ≤ δ) ≤ δ / bound, with
//! the smallest bound of the allowed ladders at that retry (10 ms for Kotlin's first pause under
//! `documented`), a millisecond added for timers that round down; half of the error for each class.
//! `DynamoDB`'s first retry of a transient error is left out: its guide allows it at once.

use std::collections::BTreeMap;

use brownout_mocks::service::Class;

use crate::evidence::{Evidence, Gap};

use super::groups::Groups;
use super::{Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct NoBackoff;

/// Timers of some clients drop the fraction of a millisecond.
const ROUNDED_DOWN_US: u64 = 1_000;
/// Who does not back off pauses now and then all the same.
const WRONG: f64 = 0.1;

impl Rule for NoBackoff {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let mut groups = Groups::new();
        let nothing = evidence.slack.nothing();
        for gap in evidence.gaps().filter(|g| g.before.answered && !g.before.hinted()) {
            see(evidence, &mut groups, &gap, nothing);
        }
        joined(evidence, nothing, &mut groups);
        looped(evidence, nothing, &mut groups);
        groups.rule(evidence, "no retry with a pause to measure was seen", |group, finding, gap| {
            let backoff = evidence.profile.backoff(&gap.invocation.service);
            let cited = if group.class == Class::Transient {
                &backoff.transient
            } else {
                &backoff.throttling
            };
            let bound = cited.value.bound(u32::try_from(gap.retry).unwrap_or(u32::MAX)).as_secs_f64();
            let next = match gap.invocation.attempts.get(gap.index) {
                Some(attempt) => format!("attempt {}", attempt.number),
                None => format!("the next {}", gap.invocation.operation),
            };
            finding.message = format!(
                "{next} came {} after {}; {} of {} retries came at once",
                told::time(gap.us),
                told::answer(gap.before),
                group.duel.hits(),
                group.duel.samples()
            );
            finding.expected = format!("a random pause of up to {} before this retry", told::seconds(bound));
            finding.observed = told::time(gap.us);
            finding.source.clone_from(&cited.source);
        })
    }
}

/// One pause more.
fn see<'a>(evidence: &Evidence, groups: &mut Groups<'a>, gap: &Gap<'a>, nothing: u64) {
    let Some(numbers) = evidence.numbers(&gap.invocation.service, gap.class) else { return };
    let bound = numbers.least[gap.retry.min(crate::guidance::RETRIES - 1)];
    let hit = gap.us <= nothing;
    let group = groups.of(gap.class);
    if bound > 0.0 {
        group.seen += 1;
        group.duel.see(hit, (nothing + ROUNDED_DOWN_US) as f64 / 1e6 / bound, WRONG);
    }
    if hit {
        group.example = Some(*gap);
    }
}

/// Repeats of a client that marks nothing: as many as may be calls of their own are taken for such, those
/// that came at once before all others. They do not speak against it, nor for it.
fn joined<'a>(evidence: &'a Evidence, nothing: u64, groups: &mut Groups<'a>) {
    for trial in &evidence.trials {
        let mut freed = BTreeMap::new();
        for (client, invocation) in trial.invocations().filter(|(_, i)| i.joints > 0) {
            let free = freed.entry((client.index, &*invocation.operation)).or_insert(invocation.joints);
            for gap in evidence.gaps_of(trial, client, invocation).filter(|g| g.before.answered && !g.before.hinted()) {
                let hit = gap.us <= nothing;
                if hit && *free > 0 {
                    *free -= 1;
                    let group = groups.of(gap.class);
                    group.seen += 1;
                    group.duel.clear(false, WRONG);
                    continue;
                }
                see(evidence, groups, &gap, nothing);
            }
        }
    }
}

/// A loop above the SDK that repeats at once what the SDK sent once. Two things betray it: the client says
/// that its SDK makes one attempt, one request at a time (then the call was given up, or it was repeated
/// without a pause); or the control, where no repeat was due, asked for the same thing only once.
fn looped<'a>(evidence: &'a Evidence, nothing: u64, groups: &mut Groups<'a>) {
    for trial in &evidence.trials {
        for client in trial.clients.iter().filter(|c| c.calls.is_empty() && !c.doubtful) {
            let mut latest = BTreeMap::new();
            for after in client.invocations.iter().filter(|i| i.marked) {
                let body = after.attempts.first().and_then(|a| a.body_hash.as_deref());
                let Some(before) = latest.insert((&*after.operation, after.target.as_deref(), body), after) else {
                    continue;
                };
                let ([last], Some(next)) = (before.attempts.as_slice(), after.attempts.first()) else { continue };
                let one_by_one = last.declared_max == Some(1) && client.peak <= 1;
                if !((one_by_one && evidence.asked_more(client, after)) || evidence.asked_once(client, after)) {
                    continue;
                }
                let Some(us) = last.end_us.and_then(|end| next.at_us.checked_sub(end)) else { continue };
                if !last.backs_off() || !last.answered || last.hinted() {
                    continue;
                }
                let class = if last.class == Some(Class::Transient) { Class::Transient } else { Class::Throttling };
                let gap =
                    Gap { trial, client, invocation: before, index: 1, retry: 0, us, ran_us: None, class, before: last, plain: true };
                see(evidence, groups, &gap, nothing);
            }
        }
    }
}
