//! The service had long been well again, and calls still failed without being sent.
//!
//! Looks at calls that were asked for more than a breaker's open time and five seconds after the last failure that the
//! endpoint gave, and that the client refused without a request.
//!
//! ## Why it matters
//! What protects the service in a storm must let go afterwards. A client that stays shut turns a short brownout into a
//! long outage, for its own users alone.
//! ## What to do
//! Send calls again once the breaker's open time is over.
//! ## Source
//! Builders' Library, "Timeouts, retries, and backoff with jitter"; Prescriptive Guidance, circuit breaker pattern; guidance
//! 3.2 and 8
//! ## Error probability
//! None: no published breaker is open for longer than the time that is left out. Only calls of ours, to operations that
//! were sent before, and none while another call to the same operation is in progress: a half-open breaker may refuse
//! then.

use std::collections::BTreeMap;
use std::time::Duration;

use super::called::NOTHING;
use super::{Finding, Findings, Rule, Ruling, told};
use crate::evidence::{Call, Client, Evidence, Trial};

#[derive(Debug)]
pub(super) struct SlowRecovery;

/// The longest that a published breaker is open (guidance 8.2).
const OPEN: Duration = Duration::from_mins(1);
/// What is left to the client beyond that (guidance 11, R46).
const GRACE: Duration = Duration::from_secs(5);

impl Rule for SlowRecovery {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let open = evidence.profile.breaker.as_ref().map_or(OPEN, |b| b.open.get());
        let wait_us = u64::try_from((open + GRACE).as_micros()).unwrap_or(u64::MAX);
        let (mut findings, mut seen) = (Findings::default(), 0);
        for trial in evidence.trials.iter().filter(|t| t.unseen.is_empty() && t.hung.is_empty()) {
            let Some(failed) = last_failure(trial) else { continue };
            let well = evidence.slack.above(failed.saturating_add(wait_us));
            for client in &trial.clients {
                let mut operations: BTreeMap<(&str, &str), Before> = BTreeMap::new();
                let mut calls: Vec<&Call> = client.calls.iter().collect();
                calls.sort_by_key(|c| c.started_us);
                for call in calls {
                    let before = operations.entry((&call.service, &call.operation)).or_default();
                    let sent = !call.invocations.is_empty();
                    if call.started_us >= well {
                        seen += u64::from(sent);
                        let idle = before.last.is_some() && before.busy_until_us < call.started_us;
                        if !sent && idle && call.finished.is_some_and(|(_, succeeded)| !succeeded) {
                            findings.add(|| finding(trial, client, call, before, failed));
                        }
                    }
                    before.last = call.invocations.last().copied().or(before.last);
                    let end = call.finished.map_or(u64::MAX, |(end, _)| end);
                    before.busy_until_us = before.busy_until_us.max(end);
                }
            }
        }
        Ruling::of(findings, seen, "calls sent after the service was well again", NOTHING)
    }
}

/// When the endpoint last failed somebody.
fn last_failure(trial: &Trial) -> Option<u64> {
    let failed = trial.attempts().filter(|a| !a.answered || a.broken || a.class.is_some());
    failed.map(|a| a.end_us.unwrap_or(u64::MAX)).max().filter(|end| *end < u64::MAX)
}

/// What a client had asked of an operation before.
#[derive(Default)]
struct Before {
    /// The last invocation.
    last: Option<usize>,
    /// When the last of the earlier calls ends.
    busy_until_us: u64,
}

fn finding(trial: &Trial, client: &Client, call: &Call, before: &Before, failed_us: u64) -> Finding {
    let since = told::time(call.started_us.saturating_sub(failed_us));
    let about = match before.last.and_then(|i| client.invocations.get(i)) {
        Some(last) => Finding::about(trial, client.index, last, last.attempts.len().saturating_sub(1)),
        None => Finding::bare(trial, client.index),
    };
    Finding {
        message: format!(
            "call {} of {} failed without a request, {since} after the last failure of the service",
            call.number, call.operation
        ),
        expected: "calls are sent again once the breaker's open time is over".into(),
        observed: format!("refused {since} after the last failure"),
        source: "Prescriptive Guidance, circuit breaker pattern; Builders' Library, timeouts, retries, and backoff with \
                 jitter; guidance 3.2 and 8"
            .into(),
        ..about
    }
}
