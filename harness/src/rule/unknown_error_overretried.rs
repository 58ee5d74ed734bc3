//! An error that no list knows was retried more often than the profile allows.
//!
//! Counts the attempts of calls that met an error code that neither the service's catalogue nor the SDKs' lists hold.
//!
//! ## Why it matters
//! S1 says to retry unknown errors a limited number of times: nobody knows whether another try can help.
//! ## What to do
//! Limit the attempts after an error that no list names, as after the others.
//! ## Source
//! S1, "Unknown errors"; guidance 13.2
//! ## Error probability
//! None: it is a count. The limit is the profile's; S1 names no number of its own.

use brownout_mocks::service;

use super::{Finding, Findings, Rule, Ruling, told};
use crate::evidence::{Attempt, Evidence};

#[derive(Debug)]
pub(super) struct UnknownErrorOverretried;

/// Whether no list knows this code.
fn unknown(asked: &str, attempt: &Attempt) -> bool {
    let Some(code) = attempt.code.as_deref().filter(|c| attempt.answered && !c.is_empty()) else { return false };
    let listed = service::find(asked).is_some_and(|s| service::row(s, code).is_some());
    !listed && !service::THROTTLING_CODES.contains(&code) && !service::TRANSIENT_CODES.contains(&code)
}

impl Rule for UnknownErrorOverretried {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen) = (Findings::default(), 0);
        for trial in &evidence.trials {
            for (client, invocation) in trial.invocations().filter(|(_, i)| i.marked) {
                let told = invocation.attempts.iter().filter(|a| unknown(&invocation.service, a)).count();
                let limit = evidence.profile.attempts_max(&invocation.service);
                seen += u64::from(told > 0);
                if told <= limit.value as usize {
                    continue;
                }
                findings.add(|| Finding {
                    message: format!(
                        "{} was attempted {} although its error is in no list",
                        invocation.operation,
                        told::count(told as u64, "time")
                    ),
                    expected: format!("at most {}", told::count(limit.value.into(), "attempt")),
                    observed: told::count(told as u64, "attempt"),
                    source: "S1, unknown errors; guidance 13.2".into(),
                    ..Finding::about(trial, client.index, invocation, invocation.attempts.len().saturating_sub(1))
                });
            }
        }
        Ruling::of(findings, seen, "calls with unknown errors", "no unknown error was answered")
    }
}
