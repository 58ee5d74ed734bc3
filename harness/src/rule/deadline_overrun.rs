//! A call lasted longer than its deadline.
//!
//! Looks at calls that failed at least once, where the scenario (`expect: {deadline: 1m}`) or the profile declares how
//! long a call may last with all of its attempts and pauses: from the caller's question to its answer, where the
//! caller is ours, else from the first to the last attempt.
//!
//! ## Why it matters
//! Whoever asked has long gone, and the retries of calls that nobody waits for are what an outage feeds on. DynamoDB's
//! guide stops after about a minute.
//! ## What to do
//! Stop retrying when the next pause would end after the deadline.
//! ## Source
//! DynamoDB Developer Guide, error handling; guidance 7
//! ## Error probability
//! None: a time is compared with a bound, and the slack that the control measured is added. Where nothing is declared
//! the rule is silent: no published client has a deadline of its own. Requests of a client that marks no calls may
//! be calls of their own, and are left out.

use crate::evidence::Evidence;

use super::{Finding, Findings, Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct DeadlineOverrun;

impl Rule for DeadlineOverrun {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let Some(deadline) = &evidence.deadline else {
            return Ruling::NotApplicable("neither scenario nor profile declares a deadline".into());
        };
        let most = u64::try_from(deadline.value.get().as_micros()).unwrap_or(u64::MAX);
        let (mut findings, mut seen) = (Findings::default(), 0);
        for trial in &evidence.trials {
            for (client, invocation) in trial.invocations().filter(|(_, i)| i.marked) {
                let (Some(first), Some(last)) = (invocation.attempts.first(), invocation.attempts.last()) else {
                    continue;
                };
                if first.class.is_none() {
                    continue;
                }
                let call = invocation.call.and_then(|number| client.calls.iter().find(|c| c.number == number));
                let started = call.map_or(first.at_us, |c| c.started_us);
                let ended = call.and_then(|c| c.finished).map_or(last.at_us, |(at, _)| at);
                let lasted = ended.saturating_sub(started);
                if lasted <= evidence.slack.above(most) {
                    seen += 1;
                    continue;
                }
                findings.add(|| Finding {
                    message: format!(
                        "{} lasted {} and {}",
                        invocation.operation,
                        told::time(lasted),
                        told::count(invocation.attempts.len() as u64, "attempt")
                    ),
                    expected: format!("an answer to the caller within {}", told::time(most)),
                    observed: told::time(lasted),
                    source: format!("{}; guidance 7", deadline.source),
                    ..Finding::about(trial, client.index, invocation, invocation.attempts.len() - 1)
                });
            }
        }
        Ruling::of(findings, seen, "failing calls ended in time", "no call failed")
    }
}
