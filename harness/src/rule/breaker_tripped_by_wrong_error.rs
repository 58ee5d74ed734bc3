//! A circuit breaker refused a call although too few calls had failed.
//!
//! Counts the failures in a row before each refused call: those that say something about the service's health, by call
//! and by attempt.
//!
//! ## Why it matters
//! A breaker that counts wrong requests, or forgets to start anew after a success, shuts out a service that is well.
//! ## What to do
//! Count only failures of the service towards the breaker (5xx, time-outs, broken connections), never the caller's own
//! mistakes.
//! ## Source
//! The profile's own breaker: S1's snippet, or Powertools for AWS Lambda; guidance 8.4 (B6, B7)
//! ## Error probability
//! None: it is a count, in the client's favour: failed attempts count as well as failed calls. Only calls of ours, whose
//! refusal the journal shows.

use std::collections::BTreeMap;

use super::breaker::deeds;
use super::{Finding, Findings, Rule, Ruling, told};
use crate::evidence::Evidence;

#[derive(Debug)]
pub(super) struct BreakerTrippedByWrongError;

/// What a breaker may have counted.
#[derive(Debug, Default)]
struct Count {
    failed: u64,
    /// It may be open since a threshold was reached, until a success.
    open: bool,
    successes: u32,
}

impl Count {
    /// A success; it takes some of them to close what was open.
    fn well(&mut self, closes_after: u32) {
        self.successes += 1;
        if !self.open || self.successes >= closes_after {
            *self = Self::default();
        }
    }
}

impl Rule for BreakerTrippedByWrongError {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let Some(breaker) = &evidence.profile.breaker else {
            return Ruling::NotApplicable("the profile declares no circuit breaker".into());
        };
        let (mut findings, mut seen) = (Findings::default(), 0);
        for trial in evidence.trials.iter().filter(|t| t.unseen.is_empty()) {
            for client in &trial.clients {
                // A breaker may be for one operation, or for all of them: either count may have opened it.
                let mut all = Count::default();
                let mut own: BTreeMap<String, Count> = BTreeMap::new();
                for deed in deeds(client) {
                    let count = own.entry(format!("{} {}", deed.service, deed.operation)).or_default();
                    match (deed.well, deed.invocation) {
                        (Some(true), _) => [count, &mut all].into_iter().for_each(|c| c.well(breaker.closes_after)),
                        (Some(false), Some(i)) => {
                            for count in [count, &mut all] {
                                count.successes = 0;
                                count.failed += client.invocations[i].attempts.len() as u64;
                                count.open |= count.failed >= u64::from(breaker.threshold);
                            }
                            seen += 1;
                        }
                        (None, None) if !count.open && !all.open => {
                            let failed = count.failed;
                            findings.add(|| Finding {
                                message: format!(
                                    "{} was refused although only {} before it had failed in a row",
                                    deed.operation,
                                    told::count(failed, "attempt")
                                ),
                                expected: format!("closed until {} calls in a row have failed", breaker.threshold),
                                observed: told::count(failed, "failed attempt"),
                                source: breaker.source.clone(),
                                ..Finding::bare(trial, client.index)
                            });
                        }
                        _ => {}
                    }
                }
            }
        }
        Ruling::of(findings, seen, "failures that opened no breaker too early", "no call failed")
    }
}
