//! What the three rules about a breaker's phases share: their rulings.

use super::breaker::{Act, Breach, Phase, acts};
use super::{Finding, Findings, Ruling, told};
use crate::evidence::{Client, Evidence, Trial};
use crate::guidance::Breaker;

/// Judges what the breakers were seen to do in one phase.
pub(super) fn judge(evidence: &Evidence, phase: Phase, what: &str, nothing: &str) -> Ruling {
    let Some(breaker) = &evidence.profile.breaker else {
        return Ruling::NotApplicable("the profile declares no circuit breaker".into());
    };
    let (mut findings, mut seen) = (Findings::default(), 0);
    for trial in &evidence.trials {
        for client in &trial.clients {
            for act in acts(evidence, breaker, trial, client).into_iter().filter(|a| a.phase == phase) {
                seen += 1;
                if let Some(breach) = act.breach {
                    findings.add(|| finding(breaker, trial, client, &act, breach));
                }
            }
        }
    }
    Ruling::of(findings, seen, what, nothing)
}

fn finding(breaker: &Breaker, trial: &Trial, client: &Client, act: &Act, breach: Breach) -> Finding {
    let (open, took) = (told::seconds(breaker.open.get().as_secs_f64()), told::time(act.took_us));
    let failures = told::count(breaker.threshold.into(), "failed call");
    let (message, expected) = match breach {
        Breach::NeverOpened => (
            format!("a new call came {took} after {failures} in a row: the breaker did not open"),
            format!("no call for {open}"),
        ),
        Breach::Early => (format!("the breaker tried again {took} after it had opened"), format!("no call for {open}")),
        Breach::Late => (
            format!("the breaker still refused calls when its open time was over; it tried again after {took}"),
            format!("a try as soon as {open} are over"),
        ),
        Breach::Crowd => (
            "the half-open breaker let more calls through at once than it may".to_owned(),
            format!("at most {} at a time", told::count(breaker.probes.into(), "call")),
        ),
        Breach::Reopened => {
            (format!("a probe failed, and the next call came {took} later"), format!("no call for another {open}"))
        }
        Breach::StillShut => (
            format!("the breaker refused a call {took} after its probes had succeeded"),
            format!("closed after {}", told::count(breaker.closes_after.into(), "success")),
        ),
    };
    let bare = || Finding::bare(trial, client.index);
    let about = act.invocation.and_then(|i| client.invocations.get(i)).map_or_else(bare, |invocation| {
        Finding::about(trial, client.index, invocation, invocation.attempts.len().saturating_sub(1))
    });
    Finding { message, expected, observed: took, source: breaker.source.clone(), ..about }
}
