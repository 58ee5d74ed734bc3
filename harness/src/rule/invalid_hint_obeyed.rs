//! A retry hint that says no time changed what the client did.
//!
//! Looks at answers whose `x-amz-retry-after` or `Retry-After` is neither a number nor a date, or below zero. The
//! client is to go on as if the header were not there. Three things betray it: it gave the call up, it paused
//! longer than any guidance allows without a hint, or it came back at once.
//!
//! ## Why it matters
//! A proxy or a service with a mistake in one header must not end calls that a retry would mend, nor make every
//! client come back at once.
//! ## What to do
//! Ignore a retry hint that cannot be read, and do what you do without one.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior, by the SDKs' own conformance vectors; guidance 1.8
//! ## Error probability
//! 10⁻⁸ for retries that come at once, at any number of trials: the bet of `no_backoff`, on these answers alone.
//! None for the rest: giving up is a decision, by the calls that prove it in `transient_not_retried`, and pauses
//! have a bound. All of it counts only against a client that does otherwise after like errors without such a hint;
//! who never retries, never pauses or always oversleeps is told so by other rules.

use std::collections::BTreeSet;

use brownout_mocks::service::Class;

use crate::evidence::{Attempt, Evidence, Gap, Invocation, Trial};
use crate::stats::Duel;

use super::not_retried::{Proven, asked_to_retry};
use super::{Finding, Findings, Needs, Rule, Ruling, groups, told};

#[derive(Debug)]
pub(super) struct InvalidHintObeyed;

const NOTHING: &str = "no retry hint was anything but a time";

/// The text of a hint that says no time. A fraction of a number may be read by some.
fn invalid(attempt: &Attempt) -> Option<&str> {
    attempt.invalid_hint.as_deref().filter(|text| !text.trim().parse::<f64>().is_ok_and(|n| n >= 0.0))
}

/// What the client does after like errors without such a hint.
#[derive(Default)]
struct Habits {
    /// Classes of error that it retries.
    retries: BTreeSet<Class>,
    /// Pauses that were measured, how many of them none, and whether one was over its bound.
    pauses: u64,
    at_once: u64,
    oversleeps: bool,
}

fn habits(evidence: &Evidence) -> Habits {
    let mut habits = Habits::default();
    for gap in evidence.gaps().filter(|g| g.before.answered && g.before.invalid_hint.is_none()) {
        habits.retries.insert(gap.class);
        if !gap.before.hinted() {
            habits.pauses += 1;
            habits.at_once += u64::from(gap.us <= evidence.slack.nothing());
            habits.oversleeps |= overslept(evidence, &gap).is_some();
        }
    }
    habits
}

/// The bound of a pause, if it is over it.
fn overslept(evidence: &Evidence, gap: &Gap<'_>) -> Option<u64> {
    evidence.gap_max(gap).filter(|most| gap.us > *most)
}

impl Rule for InvalidHintObeyed {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.trials.iter().any(|t| t.seen.invalid_hint) {
            return Ruling::NotApplicable(NOTHING.into());
        }
        let habits = habits(evidence);
        let (mut findings, mut seen) = (Findings::default(), 0);
        let mut proven = Proven::default();
        for asked in asked_to_retry(evidence) {
            let first = &asked.invocation.attempts[0];
            let Some(text) = invalid(first) else { continue };
            let class = if first.class == Some(Class::Transient) { Class::Transient } else { Class::Throttling };
            if asked.gave_up == Some(true) && habits.retries.contains(&class) {
                proven.add(asked.alone, || {
                    let what = format!("{} was given up", asked.invocation.operation);
                    finding(asked.trial, asked.client.index, asked.invocation, 0, &what, text)
                });
            }
        }
        findings.join(proven.findings());
        let (mut duel, mut example) = (Duel::new(1), None);
        for gap in evidence.gaps().filter(|g| g.before.answered && !g.before.hinted()) {
            let Some(text) = invalid(gap.before) else { continue };
            seen += 1;
            let number = gap.invocation.attempts[gap.index].number;
            if !habits.oversleeps && overslept(evidence, &gap).is_some() {
                let what = format!("attempt {number} came {}", told::time(gap.us));
                findings.add(|| finding(gap.trial, gap.client.index, gap.invocation, gap.index - 1, &what, text));
            }
            let Some(numbers) = evidence.numbers(&gap.invocation.service, gap.class) else { continue };
            let least = numbers.least[gap.retry.min(crate::guidance::RETRIES - 1)];
            let nothing = evidence.slack.nothing();
            let hit = gap.us <= nothing;
            if least > 0.0 {
                // Timers of some clients drop the fraction of a millisecond.
                duel.see(hit, (nothing + 1_000) as f64 / 1e6 / least, 0.1);
            }
            if hit {
                example = Some((gap, text));
            }
        }
        let calm = habits.pauses > 0 && 2 * habits.at_once < habits.pauses;
        if let (Some(true), true, Some((gap, text))) = (duel.decision(), calm, &example) {
            let what = format!("{} of {} retries came at once", duel.hits(), duel.samples());
            findings.add(|| finding(gap.trial, gap.client.index, gap.invocation, gap.index - 1, &what, text));
        }
        if findings.is_empty() && seen > 0 && duel.samples() > 0 && duel.decision().is_none() {
            let pauses = format!("{} after such hints were seen", told::count(seen, "pause"));
            let trials = groups::trials_for(evidence, duel.samples(), duel.needs());
            return Ruling::Inconclusive(Needs::more(&pauses, trials));
        }
        Ruling::of(findings, seen, "hints that say no time were ignored", NOTHING)
    }
}

fn finding(trial: &Trial, client: u32, invocation: &Invocation, at: usize, what: &str, text: &str) -> Finding {
    Finding {
        message: format!(
            "{what} after {} with the hint `{text}`, which is no time",
            told::answer(&invocation.attempts[at])
        ),
        expected: "what it does after the same error without a hint".into(),
        observed: what.to_owned(),
        source: "AWS SDKs and Tools Reference Guide, retry behavior; guidance 1.8".into(),
        ..Finding::about(trial, client, invocation, at)
    }
}
