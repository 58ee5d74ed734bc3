//! A long storm was made larger by retries: late in it, each call was still attempted several times.
//!
//! Counts attempts and calls in the last half of at least 120 calls of one client that failed one after the other.
//!
//! ## Why it matters
//! Retries mend what is rare. When everything fails, they multiply the load that keeps it failing.
//! ## What to do
//! Limit the retries of all calls together by a retry quota or a breaker.
//! ## Source
//! Builders' Library, "Timeouts, retries, and backoff with jitter" (retry amplification); guidance 1.4, 3.2 and 10 (C16)
//! ## Error probability
//! None: it is a count. Any published quota is spent after a hundred retries, and a breaker sends less still; so much of
//! the storm is left out. Only calls that the client marks count.

use super::{Finding, Findings, Rule, Ruling};
use crate::evidence::{Evidence, Invocation};

#[derive(Debug)]
pub(super) struct StormAmplified;

/// So many calls fail one after the other before it is a storm: all but twenty have a spent quota by then.
const STORM: usize = 120;
/// Attempts for each call in the last half of it, at most.
const MOST: f64 = 1.5;

impl Rule for StormAmplified {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen) = (Findings::default(), 0);
        for trial in &evidence.trials {
            for client in &trial.clients {
                let mut calls: Vec<&Invocation> = client.invocations.iter().filter(|i| i.marked).collect();
                calls.sort_by_key(|i| i.attempts.first().map(|a| a.at_us));
                for storm in calls.split(|i| !failed(i)).filter(|s| s.len() >= STORM) {
                    seen += 1;
                    let late = &storm[storm.len() / 2..];
                    let attempts: usize = late.iter().map(|i| i.attempts.len()).sum();
                    let each = attempts as f64 / late.len() as f64;
                    let Some(last) = late.last().filter(|_| each > MOST) else { continue };
                    findings.add(|| Finding {
                        message: format!(
                            "{} calls failed one after the other, and the last {} of them were still attempted {each:.1} \
                             times each",
                            storm.len(),
                            late.len()
                        ),
                        expected: format!("at most {MOST} attempts a call, once a hundred retries have failed"),
                        observed: format!("{each:.2} attempts a call"),
                        source: "Builders' Library, timeouts, retries, and backoff with jitter; guidance 1.4".into(),
                        ..Finding::about(trial, client.index, last, last.attempts.len().saturating_sub(1))
                    });
                }
            }
        }
        Ruling::of(findings, seen, "storms not made larger", "no 120 calls of one client failed one after the other")
    }
}

/// Whether a call failed in a way that retries are meant for, at each attempt.
fn failed(invocation: &Invocation) -> bool {
    invocation.attempts.iter().all(crate::evidence::Attempt::backs_off)
}
