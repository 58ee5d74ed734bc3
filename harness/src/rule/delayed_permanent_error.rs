//! An error that no retry can mend reached the caller late.
//!
//! Compares the time from such an answer to the moment when the caller heard of it with the clock's error.
//!
//! ## Why it matters
//! A pause before "access denied" helps nobody: the caller waits, and the answer stays the same.
//! ## What to do
//! Hand an error that no retry can mend to the caller at once.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior: non-retryable errors are returned at once; guidance 1.2
//! ## Error probability
//! None: an upper bound may fail on one sample. Only calls of ours, whose caller the journal shows.

use brownout_mocks::service::Class;

use super::called::{NOTHING, calls};
use super::{Finding, Findings, Rule, Ruling, told};
use crate::evidence::Evidence;

#[derive(Debug)]
pub(super) struct DelayedPermanentError;

impl Rule for DelayedPermanentError {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen) = (Findings::default(), 0);
        for called in calls(evidence).filter(|c| c.trial.seen.class(Class::Permanent)) {
            let (Some((at, last)), Some(late)) = (called.end(), called.heard_after()) else { continue };
            if last.class != Some(Class::Permanent) {
                continue;
            }
            seen += 1;
            if late > evidence.slack.above(0) {
                findings.add(|| Finding {
                    message: format!(
                        "the caller of {} heard of {} only after {}",
                        called.last.operation,
                        told::answer(last),
                        told::time(late)
                    ),
                    expected: "the error goes to the caller at once".into(),
                    observed: told::time(late),
                    source: "AWS SDKs and Tools Reference Guide, retry behavior; guidance 1.2".into(),
                    ..Finding::about(called.trial, called.client.index, called.last, at)
                });
            }
        }
        Ruling::of(findings, seen, "permanent errors handed on at once", NOTHING)
    }
}
