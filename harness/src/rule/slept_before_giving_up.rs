//! The client paused after its last attempt, and then gave up all the same.
//!
//! Compares the time from the last answer of a failed call to the moment when the caller heard of it with the clock's
//! error.
//!
//! ## Why it matters
//! The loop that sleeps first and counts afterwards makes each failed call longer by its longest pause, for nothing.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior: no delay when attempts or quota are spent; guidance 1.2 and 1.7
//! ## Error probability
//! None: an upper bound may fail on one sample. Only calls of ours, whose caller the journal shows, and that have made
//! all of their attempts: a client with attempts left may have been waiting when its deadline struck. Long-polling
//! operations are left out: there the guide asks for one pause before the error is handed on.

use super::called::{NOTHING, calls};
use super::{Finding, Findings, Rule, Ruling, told};
use crate::evidence::Evidence;
use crate::guidance::is_long_poll;

#[derive(Debug)]
pub(super) struct SleptBeforeGivingUp;

impl Rule for SleptBeforeGivingUp {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen) = (Findings::default(), 0);
        for called in calls(evidence).filter(|c| !is_long_poll(&c.last.operation)) {
            let (Some((at, last)), Some(late)) = (called.end(), called.heard_after()) else { continue };
            let most = match last.declared_max {
                Some(most) => most,
                None if evidence.profile.exact => evidence.profile.attempts_max(&called.last.service).value,
                None => continue,
            };
            // With attempts left it may have been waiting for the next one when its deadline struck.
            if !last.backs_off() || at as u64 + 1 < u64::from(most) {
                continue;
            }
            seen += 1;
            if late > evidence.slack.above(0) {
                findings.add(|| Finding {
                    message: format!(
                        "{} gave up after {}, but its caller heard of {} only after another {}",
                        called.last.operation,
                        told::count(at as u64 + 1, "attempt"),
                        told::answer(last),
                        told::time(late)
                    ),
                    expected: "the last error goes to the caller at once".into(),
                    observed: told::time(late),
                    source: "AWS SDKs and Tools Reference Guide, retry behavior; S1, retry snippets; guidance 1.2".into(),
                    ..Finding::about(called.trial, called.client.index, called.last, at)
                });
            }
        }
        Ruling::of(findings, seen, "last errors handed on at once", NOTHING)
    }
}
