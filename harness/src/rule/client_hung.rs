//! After a fault the client neither sent nor returned.
//!
//! The client had sent at least one request, then was silent for so long that it had to be stopped.
//!
//! ## Why it matters
//! A call without a timeout holds its caller for ever; this is how one slow dependency stops a fleet.
//! ## What to do
//! Give every request a time limit, and return an error to the caller when the attempts are spent.
//! ## Source
//! Builders' Library, "Timeouts, retries, and backoff with jitter"; guidance 3.2
//! ## Error probability
//! None: the silence allowed is longer than any pause that scenario and profile can ask for.

use crate::evidence::Evidence;

use super::{Finding, Findings, Rule, Ruling, finding, told};

#[derive(Debug)]
pub(super) struct ClientHung;

impl Rule for ClientHung {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut ended) = (Findings::default(), 0);
        for trial in &evidence.trials {
            ended += u64::from(trial.ended_us.is_some());
            for hung in &trial.hung {
                let client = trial.clients.iter().find(|c| c.index == hung.client).or_else(|| trial.clients.first());
                let last = client.and_then(|c| c.invocations.iter().max_by_key(|i| i.attempts.last().map(|a| a.at_us)));
                let Some(last) = last else { continue };
                findings.add(|| {
                    let silent = told::time(hung.silent_us);
                    Finding {
                        message: format!(
                            "after its last request ({}) the client did nothing for {silent} and was stopped",
                            last.operation
                        ),
                        expected: "an answer or an error for the caller, in the end".into(),
                        observed: format!("{silent} of silence"),
                        source: "Builders' Library, timeouts, retries, and backoff with jitter; guidance 3.2".into(),
                        step: last.attempts.last().and_then(|a| a.step.as_deref()).map(str::to_owned),
                        attempts: finding::timeline(last).collect(),
                        ..Finding::bare(trial, hung.client)
                    }
                });
            }
        }
        match (findings.is_empty(), ended) {
            (false, _) => Ruling::Fail(findings),
            (true, 0) => Ruling::stuck("no trial shows the client's end", super::polls::TO_ITS_END),
            (true, n) => Ruling::Pass(format!("{} to its end", told::count(n, "trial"))),
        }
    }
}
