//! A pause was longer than the profile's own bound for this service, and within its general one.
//!
//! Compares pauses after errors of services that have numbers of their own (`DynamoDB` under `std-2026`: half of the
//! base) with those.
//!
//! ## Why it matters
//! `DynamoDB` answers within milliseconds; its guide asks for quicker retries, and more of them.
//! ## What to do
//! Use the profile's own base for this service in place of the general one.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior, `DynamoDB`; guidance 1.3
//! ## Error probability
//! None: an upper bound may fail on one sample. Only plain pauses of calls that the client marks count.

use crate::evidence::Evidence;

use super::{Finding, Findings, Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct DynamodbLadderIgnored;

impl Rule for DynamodbLadderIgnored {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen) = (Findings::default(), 0);
        for gap in evidence.gaps().filter(|g| g.plain && g.invocation.marked && evidence.profile.exact) {
            let service = &*gap.invocation.service;
            let own = evidence.profile.backoff(service).cited(gap.class);
            let retry = u32::try_from(gap.retry).unwrap_or(u32::MAX);
            let micros = |bound: std::time::Duration| u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
            let bound = micros(own.value.bound(retry));
            let general = micros(evidence.profile.backoff.cited(gap.class).value.bound(retry));
            let most = evidence.most(bound, gap.ran_us);
            // Where the clock may be off by more than lies between the two, only a stall is as long as that.
            if most >= general {
                continue;
            }
            seen += 1;
            if gap.us > most && gap.us <= evidence.most(general, gap.ran_us) {
                findings.add(|| Finding {
                    message: format!(
                        "attempt {} came {} after {}: that is the ladder of other services",
                        gap.invocation.attempts[gap.index].number,
                        told::time(gap.us),
                        told::answer(gap.before)
                    ),
                    expected: format!("at most {}", told::time(most)),
                    observed: told::time(gap.us),
                    source: own.source.clone(),
                    ..Finding::about(gap.trial, gap.client.index, gap.invocation, gap.index - 1)
                });
            }
        }
        Ruling::of(findings, seen, "pauses within the service's own bounds", "no pause with a bound of the service's own")
    }
}
