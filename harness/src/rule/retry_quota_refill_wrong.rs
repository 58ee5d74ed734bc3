//! A client that keeps a retry quota fills it again too fast, or not at all.
//!
//! After a client has shown its quota (a failure that it left alone with its tokens spent), retries are held against what
//! successes have given back since; and failures that it leaves alone against tokens that must be there again.
//!
//! ## Why it matters
//! A quota that fills too fast is none; one that never fills leaves a client without retries long after the storm.
//! ## What to do
//! Give back what the profile gives back for a success, no more and no less.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior (retry quota); guidance 1.4
//! ## Error probability
//! None: it is a balance, reckoned in the client's favour on either side. Exact profiles with a quota only, and clients
//! that mark their calls.

use super::balance::{Quota, quota, short, spent};
use super::{Finding, Findings, Rule, Ruling, told};
use crate::evidence::Evidence;

#[derive(Debug)]
pub(super) struct RetryQuotaRefillWrong;

impl Rule for RetryQuotaRefillWrong {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let Some(quota) = quota(evidence).filter(|_| evidence.profile.exact) else {
            return Ruling::NotApplicable("the profile has no retry quota of its own".into());
        };
        let Quota { capacity, .. } = quota;
        let source = || evidence.profile.quota.as_ref().map(|q| q.source.clone()).unwrap_or_default();
        let (mut findings, mut seen) = (Findings::default(), 0);
        for trial in &evidence.trials {
            for client in trial.clients.iter().filter(|c| c.invocations.iter().any(|i| i.marked)) {
                let moments = spent(evidence, client);
                seen += moments.iter().filter(|m| m.stopped_before && !m.retried).count() as u64;
                for moment in moments.iter().filter(|m| m.stopped_before && m.retried) {
                    let invocation = &client.invocations[moment.invocation];
                    findings.add(|| Finding {
                        message: format!(
                            "{} was retried after {}, before successes had given back what a retry costs",
                            invocation.operation,
                            told::answer(&invocation.attempts[moment.at])
                        ),
                        expected: format!("one token for each success at first try, {capacity} at most"),
                        observed: format!("{} retries with {} tokens given back", moment.retries + 1, moment.refunded),
                        source: source(),
                        ..Finding::about(trial, client.index, invocation, moment.at)
                    });
                }
                for (index, at) in short(evidence, quota, client) {
                    let invocation = &client.invocations[index];
                    findings.add(|| Finding {
                        message: format!(
                            "{} was not retried after {}, although successes had given back enough for a retry",
                            invocation.operation,
                            told::answer(&invocation.attempts[at])
                        ),
                        expected: "a retry: its tokens are there again".into(),
                        observed: told::count(at as u64 + 1, "attempt"),
                        source: source(),
                        ..Finding::about(trial, client.index, invocation, at)
                    });
                }
            }
        }
        Ruling::of(findings, seen, "failures held against a quota that had filled again", "no quota was seen to fill again")
    }
}
