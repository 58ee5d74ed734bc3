//! A circuit breaker refused calls of one kind because others had failed.
//!
//! Looks at refused calls of an operation that had not failed itself since its last success.
//!
//! ## Why it matters
//! What is behind one endpoint is down; a breaker for everything turns the loss of a part into the loss of all.
//! ## What to do
//! Give each operation or path that can fail by itself a breaker of its own.
//! ## Source
//! AWS Prescriptive Guidance, circuit breaker pattern; guidance 8.4 (B9)
//! ## Error probability
//! None: it is a count. Only calls of ours, whose refusal the journal shows, and only where another operation had failed
//! often enough to open the breaker.

use std::collections::BTreeMap;

use super::breaker::deeds;
use super::{Finding, Findings, Rule, Ruling};
use crate::evidence::Evidence;

#[derive(Debug)]
pub(super) struct BreakerScopeTooWide;

impl Rule for BreakerScopeTooWide {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let Some(breaker) = &evidence.profile.breaker else {
            return Ruling::NotApplicable("the profile declares no circuit breaker".into());
        };
        let (mut findings, mut seen) = (Findings::default(), 0);
        for trial in evidence.trials.iter().filter(|t| t.unseen.is_empty()) {
            for client in &trial.clients {
                let mut failed: BTreeMap<(String, String), u32> = BTreeMap::new();
                for deed in deeds(client) {
                    let key = (deed.service.clone(), deed.operation.clone());
                    let others = failed.iter().any(|(k, n)| *k != key && *n >= breaker.threshold);
                    let own = failed.entry(key).or_default();
                    match (deed.well, deed.invocation) {
                        (Some(true), _) => {
                            seen += u64::from(others);
                            *own = 0;
                        }
                        (Some(false), _) => *own += 1,
                        (None, None) if *own == 0 && others => findings.add(|| Finding {
                            message: format!("{} was refused because another operation had failed", deed.operation),
                            expected: "a breaker for each operation: this one had not failed".into(),
                            observed: "a refused call".into(),
                            source: "AWS Prescriptive Guidance, circuit breaker pattern; guidance 8.4 (B9)".into(),
                            ..Finding::bare(trial, client.index)
                        }),
                        _ => {}
                    }
                }
            }
        }
        Ruling::of(findings, seen, "calls let through while others failed", "no operation failed beside a healthy one")
    }
}
