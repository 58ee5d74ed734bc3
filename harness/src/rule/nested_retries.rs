//! Two layers retry: what one of them gave up, the other began again, more often than any guidance allows in all.
//!
//! Adds up what was sent for one call of ours, or by a command for one request that it made once without faults, until a
//! success.
//!
//! ## Why it matters
//! Retries of retries multiply: five layers of three attempts are 243 requests for one.
//! ## What to do
//! Let one layer retry, and turn retries off in the other.
//! ## Source
//! Builders' Library, "Timeouts, retries, and backoff with jitter": retry at a single point in the stack; guidance 3.2
//! ## Error probability
//! None: it is a count. Polls are left out (what is repeated after a success, or after a `NotFound` of something that
//! will be visible), and the number of attempts that the profile allows one call is allowed to all layers together.
//! Of a command, only where it asked for the operation more often in all than the control, by more than a fifth: a program
//! that asks for what chance tells it may ask for one thing twice without any retry, but not more often in all.

use std::collections::BTreeMap;

use super::{Finding, Findings, Rule, Ruling, told};
use crate::evidence::{Client, Evidence, Invocation};

#[derive(Debug)]
pub(super) struct NestedRetries;

impl Rule for NestedRetries {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen) = (Findings::default(), 0);
        for trial in &evidence.trials {
            for client in &trial.clients {
                for layers in layered(evidence, client) {
                    let Some(last) = layers.last() else { continue };
                    seen += 1;
                    let attempts: usize = layers.iter().map(|i| i.attempts.len()).sum();
                    let allowed = evidence.profile.attempts_max(&last.service);
                    if layers.len() < 2 || attempts <= allowed.value as usize {
                        continue;
                    }
                    findings.add(|| Finding {
                        message: format!(
                            "one {} was sent {} by {} calls of the SDK, one after the other: two layers retry",
                            last.operation,
                            told::count(attempts as u64, "time"),
                            layers.len()
                        ),
                        expected: format!("one layer of retries, {} attempts at most", allowed.value),
                        observed: told::count(attempts as u64, "attempt"),
                        source: "Builders' Library, timeouts, retries, and backoff with jitter; guidance 3.2".into(),
                        ..Finding::about(trial, client.index, last, last.attempts.len().saturating_sub(1))
                    });
                }
            }
        }
        Ruling::of(findings, seen, "failed requests retried in one layer", "no failed request was told from others")
    }
}

/// The failed SDK calls that were made for the same thing, one after the other, the last of which may have succeeded.
fn layered<'a>(evidence: &Evidence, client: &'a Client) -> Vec<Vec<&'a Invocation>> {
    let mut same: BTreeMap<(Option<u64>, [&str; 4]), Vec<&Invocation>> = BTreeMap::new();
    // What is asked once, and does not fail, is no row: most calls are like that.
    let alone = |i: &Invocation| i.call.and_then(|n| client.call(n)).is_some_and(|c| c.invocations.len() == 1);
    let fine = |i: &Invocation| !i.attempts.iter().any(crate::evidence::Attempt::backs_off);
    for invocation in client.invocations.iter().filter(|i| i.joints == 0 && !(fine(i) && alone(i))) {
        let body = invocation.attempts.first().and_then(|a| a.body_hash.as_deref()).unwrap_or_default();
        let target = invocation.target.as_deref().unwrap_or_default();
        let key = [&invocation.service, &invocation.operation, target, body];
        if invocation.call.is_some() || evidence.asked_once(client, invocation) {
            same.entry((invocation.call, key)).or_default().push(invocation);
        }
    }
    let mut rows = Vec::new();
    for mut sent in same.into_values() {
        sent.sort_by_key(|i| i.attempts.first().map(|a| a.at_us));
        let mut row: Vec<&Invocation> = Vec::new();
        for invocation in sent {
            let failed = invocation.attempts.last().is_some_and(crate::evidence::Attempt::backs_off);
            row.push(invocation);
            if !failed {
                row.truncate(row.len() - usize::from(!invocation.succeeded()));
                rows.push(std::mem::take(&mut row));
            }
        }
        rows.push(row);
    }
    rows.retain(|row| row.first().is_some_and(|i| i.attempts.iter().any(crate::evidence::Attempt::backs_off)));
    rows
}
