//! The first request of a call was held back.
//!
//! Compares the time from the caller's wish to the first request on the wire with the clock's error.
//!
//! ## Why it matters
//! Backoff is for retries. A client that delays first attempts makes every caller pay for the faults of others, and
//! hides how much is wanted.
//! ## What to do
//! Send the first attempt at once; only retries wait.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior: standard mode never delays the first request; guidance 1.1
//! ## Error probability
//! None: an upper bound may fail on one sample. In virtual time nothing else takes time; on a machine's clock the
//! control says how long a first request takes without faults. Clients that may run adaptive mode are left out, and
//! trials in which a connection failed unseen.

use super::called::{NOTHING, calls};
use super::{Finding, Findings, Rule, Ruling, told};
use crate::evidence::{Adaptive, Evidence};

#[derive(Debug)]
pub(super) struct FirstAttemptDelayed;

impl Rule for FirstAttemptDelayed {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen) = (Findings::default(), 0);
        for called in calls(evidence).filter(|c| c.client.adaptive == Adaptive::No || !evidence.may_limit(c.client)) {
            let Some(first) = called.first.attempts.first() else { continue };
            let waited = first.at_us.saturating_sub(called.call.started_us);
            seen += 1;
            if waited > evidence.slack.above(0) {
                findings.add(|| Finding {
                    message: format!(
                        "the first request of {} left {} after it was asked for",
                        called.first.operation,
                        told::time(waited)
                    ),
                    expected: "at once: only retries wait".into(),
                    observed: told::time(waited),
                    source: "AWS SDKs and Tools Reference Guide, retry behavior; guidance 1.1".into(),
                    ..Finding::about(called.trial, called.client.index, called.first, 0)
                });
            }
        }
        Ruling::of(findings, seen, "first requests sent at once", NOTHING)
    }
}
