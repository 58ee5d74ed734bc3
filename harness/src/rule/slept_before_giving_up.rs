//! The client paused after its last attempt, and then gave up all the same.
//!
//! Compares the time from the last answer of a failed call to the moment when the caller heard of it with the clock's
//! error. After a long poll that its quota ended, one pause is asked for, and no longer one than before a retry.
//!
//! ## Why it matters
//! The loop that sleeps first and counts afterwards makes each failed call longer by its longest pause, for nothing.
//! ## What to do
//! Hand the last error on at once, and pause only when another attempt follows.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior: no delay when attempts or quota are spent; guidance 1.2 and 1.7
//! ## Error probability
//! None: an upper bound may fail on one sample. Only calls of ours, whose caller the journal shows, and that have made
//! all of their attempts: a client with attempts left may have been waiting when its deadline struck. Long polls with
//! attempts left are held against the longest pause that an allowed policy makes.

use super::called::{NOTHING, calls};
use super::{Finding, Findings, Rule, Ruling, told};
use crate::evidence::Evidence;
use crate::guidance::is_long_poll;

#[derive(Debug)]
pub(super) struct SleptBeforeGivingUp;

impl Rule for SleptBeforeGivingUp {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen) = (Findings::default(), 0);
        for called in calls(evidence) {
            let (Some((at, last)), Some(late)) = (called.end(), called.heard_after()) else { continue };
            let most = match last.declared_max {
                Some(most) => most,
                None if evidence.profile.exact => evidence.profile.attempts_max(&called.last.service).value,
                None => continue,
            };
            if !last.backs_off() {
                continue;
            }
            let allowed = if at as u64 + 1 >= u64::from(most) {
                evidence.slack.above(0)
            } else if is_long_poll(&called.last.operation) {
                let Some(longest) = evidence.pause_max(called.client, called.last, last) else { continue };
                longest
            } else {
                // It may have been waiting for the next attempt when its deadline struck.
                continue;
            };
            seen += 1;
            if late > allowed {
                findings.add(|| Finding {
                    message: format!(
                        "{} gave up after {}, but its caller heard of {} only after another {}",
                        called.last.operation,
                        told::count(at as u64 + 1, "attempt"),
                        told::answer(last),
                        told::time(late)
                    ),
                    expected: if allowed > evidence.slack.above(0) {
                        format!("the last error goes to the caller of a long poll after {} at most", told::time(allowed))
                    } else {
                        "the last error goes to the caller at once".into()
                    },
                    observed: told::time(late),
                    source: "AWS SDKs and Tools Reference Guide, retry behavior; S1, retry snippets; guidance 1.2".into(),
                    ..Finding::about(called.trial, called.client.index, called.last, at)
                });
            }
        }
        Ruling::of(findings, seen, "last errors handed on at once", NOTHING)
    }
}
