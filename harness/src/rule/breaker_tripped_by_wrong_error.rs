//! A circuit breaker refused a call although too few calls had failed.
//!
//! Counts the failures in a row before each refused call: those that say something about the service's health, by call
//! and by attempt.
//!
//! ## Why it matters
//! A breaker that counts wrong requests, or forgets to start anew after a success, shuts out a service that is well.
//! ## Source
//! The profile's own breaker: S1's snippet, or Powertools for AWS Lambda; guidance 8.4 (B6, B7)
//! ## Error probability
//! None: it is a count, in the client's favour: failed attempts count as well as failed calls. Only calls of ours, whose
//! refusal the journal shows.

use super::breaker::deeds;
use super::{Finding, Findings, Rule, Ruling, told};
use crate::evidence::Evidence;

#[derive(Debug)]
pub(super) struct BreakerTrippedByWrongError;

impl Rule for BreakerTrippedByWrongError {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let Some(breaker) = &evidence.profile.breaker else {
            return Ruling::NotApplicable("the profile declares no circuit breaker".into());
        };
        let (mut findings, mut seen) = (Findings::default(), 0);
        for trial in evidence.trials.iter().filter(|t| t.unseen.is_empty()) {
            for client in &trial.clients {
                let (mut failed, mut open) = (0, false);
                for deed in deeds(client) {
                    match (deed.well, deed.invocation) {
                        (Some(true), _) => (failed, open) = (0, false),
                        (Some(false), Some(i)) => {
                            failed += client.invocations[i].attempts.len() as u64;
                            seen += 1;
                        }
                        // Refused: by a breaker that may be open since any threshold that was reached.
                        (None, None) => {
                            open |= failed >= u64::from(breaker.threshold);
                            if !open {
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
                        }
                        _ => {}
                    }
                }
            }
        }
        Ruling::of(findings, seen, "failures that opened no breaker too early", "no call failed")
    }
}
