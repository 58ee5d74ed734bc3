//! A pause was longer than the cap of every allowed policy.
//!
//! Compares each pause with the largest cap, plus slack, plus what a hint of the service asked for.
//!
//! ## Why it matters
//! Without a cap the pause doubles into hours, and the client is down long after the service is back.
//! ## What to do
//! Keep every pause within the longest one that the profile knows.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior (20 s); S1 (32 s); guidance 1.3 and 10 (C2)
//! ## Error probability
//! None: an upper bound may fail on one sample. What adaptive mode's rate limiter may add is added. Only calls that
//! the client marks count.

use crate::evidence::Evidence;

use super::{Finding, Findings, Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct BackoffOverCap;

impl Rule for BackoffOverCap {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen) = (Findings::default(), 0);
        for gap in evidence.gaps().filter(|g| g.invocation.marked) {
            let Some(cap) = evidence.numbers(&gap.invocation.service, gap.class).map(|n| n.cap) else { continue };
            let Some(bound) = evidence.gap_max(&gap) else { continue };
            seen += 1;
            // Where the bound of this retry is below the cap, it is `backoff_over_bound` that speaks first.
            let cap = evidence.most((cap * 1e6) as u64, gap.ran_us).max(bound);
            if gap.us > cap {
                findings.add(|| Finding {
                    message: format!(
                        "attempt {} came {} after {}; the longest cap of any allowed backoff is {}",
                        gap.invocation.attempts[gap.index].number,
                        told::time(gap.us),
                        told::answer(gap.before),
                        told::time(cap)
                    ),
                    expected: format!("at most {}", told::time(cap)),
                    observed: told::time(gap.us),
                    source: evidence.profile.backoff(&gap.invocation.service).cited(gap.class).source.clone(),
                    ..Finding::about(gap.trial, gap.client.index, gap.invocation, gap.index - 1)
                });
            }
        }
        Ruling::of(findings, seen, "pauses within the cap", "no retry of a marked call was seen")
    }
}
