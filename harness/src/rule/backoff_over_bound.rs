//! A pause between two attempts was longer than any guidance allows.
//!
//! Compares each pause before a retry with the longest that an allowed policy can draw there, plus
//! slack, plus what a `Retry-After` hint asked for.
//!
//! ## Why it matters
//! A client that sleeps for minutes after a short fault stays down long after the service is back.
//! ## What to do
//! Keep each pause within base × factor ^ (retry − 1), and within the cap.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior; guidance 1.3, 2.1 and 10 (C2)
//! ## Error probability
//! None: an upper bound may fail on one sample. `documented` takes the longest bound of all published
//! ladders; after a throttle it adds what adaptive mode's rate limiter may add (20 s for each call in
//! progress), unless the client says that it runs another mode. Only calls that the client marks
//! count: without a mark, a later call can look like a late retry.

use crate::evidence::Evidence;

use super::{Finding, Findings, Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct BackoffOverBound;

impl Rule for BackoffOverBound {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen) = (Findings::default(), 0);
        for gap in evidence.gaps().filter(|g| g.invocation.marked) {
            let Some(bound) = evidence.gap_max(&gap) else { continue };
            seen += 1;
            if gap.us > bound {
                findings.add(|| {
                    let number = gap.invocation.attempts[gap.index].number;
                    let told = told::answer(gap.before);
                    let allowed = told::time(bound);
                    let waited = told::time(gap.us);
                    let cited = match gap.class {
                        brownout_mocks::service::Class::Transient => &evidence.profile.backoff(&gap.invocation.service).transient,
                        _ => &evidence.profile.backoff(&gap.invocation.service).throttling,
                    };
                    Finding {
                        message: format!("attempt {number} came {waited} after {told}; no allowed backoff waits longer than {allowed} here"),
                        expected: format!("at most {allowed}"),
                        observed: waited,
                        source: cited.source.clone(),
                        ..Finding::about(gap.trial, gap.client.index, gap.invocation, gap.index - 1)
                    }
                });
            }
        }
        Ruling::of(findings, seen, "pauses within their bounds", "no retry of a marked call was seen")
    }
}
