//! Two errors of one status were treated alike, although only one of them can be retried.
//!
//! Looks at statuses that came both with a throttling code and with a code that is final: 400 mostly, 403 from SQS.
//! The client is to retry the one and hand on the other. It fails if it gives both up while it retries throttles of
//! other statuses, or repeats both while it hands on final errors of other statuses.
//!
//! ## Why it matters
//! Half of the services of AWS throttle with a 400. Who looks at the status alone turns every busy second into an
//! error, or hammers requests that are wrong.
//! ## What to do
//! Look at an error's code first, and at its status only where the code says nothing.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior: the error code first, the status second; S1; guidance 1.2
//! and 10 (C8)
//! ## Error probability
//! None: it is a decision, not a draw. What counts as given up is what proves it in `throttle_not_retried`, what
//! counts as repeated is what proves it in `retried_permanent_error`, and either counts only beside the other half:
//! a client that never retries a throttle, or repeats whatever comes, does not go by the status.

use std::collections::BTreeMap;

use brownout_mocks::service::Class;

use crate::evidence::{Client, Evidence, Invocation, Trial};

use super::not_retried::{Proven, asked_to_retry, retried};
use super::permanent::{self, Repeat};
use super::{Finding, Findings, Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct ClassifiedByStatus;

/// What the client did with the two kinds of error of one status.
#[derive(Default)]
struct Status<'a> {
    retried_throttles: u64,
    dropped_throttles: Vec<(bool, Shown<'a>)>,
    repeated_finals: Vec<Shown<'a>>,
    dropped_finals: u64,
}

/// A call, and the attempt that shows it.
type Shown<'a> = (&'a Trial, &'a Client, &'a Invocation, usize);

fn statuses(evidence: &Evidence) -> BTreeMap<u16, Status<'_>> {
    let mut all: BTreeMap<u16, Status<'_>> = BTreeMap::new();
    if !evidence.saw(Class::Permanent) {
        // Without a final error no two kinds can be told apart, or taken for each other.
        return all;
    }
    for asked in asked_to_retry(evidence) {
        let first = &asked.invocation.attempts[0];
        let (Some(status), Some(Class::Throttling)) = (first.status, first.class) else { continue };
        if asked.gave_up == Some(true) {
            let shown = (asked.trial, asked.client, asked.invocation, 0);
            all.entry(status).or_default().dropped_throttles.push((asked.alone, shown));
        }
    }
    for first in retried(evidence).filter(|first| first.class == Some(Class::Throttling)) {
        all.entry(first.status.unwrap_or_default()).or_default().retried_throttles += 1;
    }
    let (repeats, _) = permanent::repeats(evidence, |_, before| !permanent::about_signature(before));
    for Repeat { trial, client, invocation, at, before, after } in repeats {
        // A changed request, or a conflict later on, is another request (C14, C21).
        if let (Some(status), true) = (before.status, before.body_hash == after.body_hash && before.status != Some(409)) {
            all.entry(status).or_default().repeated_finals.push((trial, client, invocation, at));
        }
    }
    for (_, invocation) in evidence.trials.iter().flat_map(Trial::invocations) {
        // One that was repeated and then handed on was not taken for final.
        let [only] = invocation.attempts.as_slice() else { continue };
        if let (Some(status), true) = (only.status, permanent::is_final(&invocation.service, only)) {
            all.entry(status).or_default().dropped_finals += u64::from(invocation.over_us.is_some());
        }
    }
    all
}

impl Rule for ClassifiedByStatus {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let all = statuses(evidence);
        let (mut findings, mut apart) = (Findings::default(), 0);
        for (&status, here) in all.iter().filter(|(status, _)| (400..429).contains(*status)) {
            let elsewhere = |seen: fn(&Status<'_>) -> bool| all.iter().any(|(other, s)| *other != status && seen(s));
            let retries = elsewhere(|s| s.retried_throttles > 0);
            let hands_on = elsewhere(|s| s.dropped_finals > 0 && s.repeated_finals.is_empty());
            if here.retried_throttles == 0 && here.dropped_finals > 0 && retries {
                let mut proven = Proven::default();
                for (alone, shown) in &here.dropped_throttles {
                    proven.add(*alone, || finding(status, *shown, "given up, like the final errors with that status"));
                }
                findings.join(proven.findings());
            }
            if here.retried_throttles > 0 && here.dropped_finals == 0 && hands_on {
                for shown in &here.repeated_finals {
                    findings.add(|| finding(status, *shown, "sent again, like the throttles with that status"));
                }
            }
            apart += here.retried_throttles.min(here.dropped_finals);
        }
        Ruling::of(
            findings,
            apart,
            "errors of one status told apart",
            "no status came both with a throttle that every guidance retries and with an error that is final",
        )
    }
}

fn finding(status: u16, (trial, client, invocation, at): Shown<'_>, what: &str) -> Finding {
    let code = told::answer(&invocation.attempts[at]);
    Finding {
        message: format!(
            "{} answered {code}, which was {what}",
            invocation.operation
        ),
        expected: format!("throttles with status {status} retried, other errors with it handed on"),
        observed: what.to_owned(),
        source: "AWS SDKs and Tools Reference Guide, retry behavior; guidance 10 (C8)".into(),
        ..Finding::about(trial, client.index, invocation, at)
    }
}
