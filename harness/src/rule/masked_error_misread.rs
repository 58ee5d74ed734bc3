//! An error that was dressed as another was taken for what it was dressed as.
//!
//! Looks at answers whose code and status disagree, as gateways with a careless error mapping make them: a throttle
//! with a status that says "final", a spent quota with a 500. The code tells the truth. The client fails if it gives
//! such a throttle up while it retries throttles that are not dressed up, or goes on calling after such a quota.
//!
//! ## Why it matters
//! The status is the part of an error that mappings lose first. Who follows it gives up what would have passed, or
//! hammers what will not.
//! ## What to do
//! Look at an error's code before its status.
//! ## Source
//! S2, 500; AWS SDKs and Tools Reference Guide, retry behavior: the error code first, the status second; guidance 1.2
//! ## Error probability
//! None: both are decisions. What counts as given up is what proves it in `throttle_not_retried`, by the lists that
//! the profile's clients share (under `documented` no list retries a throttle whose status says "final" but those that
//! AWS itself sends so). What counts as going on is what `quota_hammered` counts, and only where the client
//! owns its demand. A final code under a 5xx asks for nothing: published clients find no list with that code, and
//! follow the status. Where the answer does not name its true code, there is nothing to misread.

use brownout_mocks::service::{Class, class_of};

use crate::evidence::{Attempt, Evidence};

use super::not_retried::{Proven, asked_to_retry, retried};
use super::quota_hammered::{Hammering, LESSONS, hammering};
use super::{Finding, Findings, Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct MaskedErrorMisread;

const NOTHING: &str = "no answer's code and status disagreed";

fn masked(attempt: &Attempt) -> bool {
    attempt.answered && attempt.faults.iter().any(|fault| &**fault == "masked")
}

/// A throttle by its code, final by its status.
fn throttle_in_disguise(attempt: &Attempt) -> bool {
    let by_status = attempt.status.map(|status| class_of("", status));
    masked(attempt) && attempt.class == Some(Class::Throttling) && by_status == Some(Class::Permanent)
}

/// A spent quota by its code, something else by its status.
fn quota_in_disguise(attempt: &Attempt) -> bool {
    masked(attempt) && attempt.class == Some(Class::Quota) && attempt.status != Some(429)
}

impl Rule for MaskedErrorMisread {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen) = (Findings::default(), 0);
        if !evidence.trials.iter().any(|t| t.seen.masked) {
            return Ruling::NotApplicable(NOTHING.into());
        }
        let mut proven = Proven::default();
        let plain = |a: &Attempt| a.class == Some(Class::Throttling) && !throttle_in_disguise(a);
        let retries = retried(evidence).any(plain);
        for asked in asked_to_retry(evidence) {
            let first = &asked.invocation.attempts[0];
            if !throttle_in_disguise(first) {
                continue;
            }
            seen += u64::from(asked.retried);
            if asked.gave_up == Some(true) {
                proven.add(asked.alone, || {
                    let (trial, invocation) = (asked.trial, asked.invocation);
                    let bare = Finding::about(trial, asked.client.index, invocation, 0);
                    finding(first, "given up", "a retry, after the pause of a throttle", bare)
                });
            }
        }
        if retries {
            findings.join(proven.findings());
        }
        if evidence.owns_demand {
            let (all, told) = hammering(evidence, quota_in_disguise);
            seen += told;
            for Hammering { trial, client, calls, last, .. } in all {
                let lesson = trial.attempts().find(|a| quota_in_disguise(a));
                findings.add(|| {
                    let what = format!("followed by {calls} new calls within a minute, after {LESSONS} such answers");
                    let bare = Finding::about(trial, client, last, 0);
                    lesson.map_or(bare.clone(), |a| finding(a, &what, "no new calls until the quota's period ends", bare))
                });
            }
        }
        Ruling::of(findings, seen, "disguised errors read by their code", NOTHING)
    }
}

fn finding(attempt: &Attempt, what: &str, expected: &str, about: Finding) -> Finding {
    Finding {
        message: format!(
            "{} was {what}: its status says one thing and its code another",
            told::answer(attempt)
        ),
        expected: expected.to_owned(),
        observed: what.to_owned(),
        source: "S2, 500; AWS SDKs and Tools Reference Guide, retry behavior; guidance 1.2".into(),
        ..about
    }
}
