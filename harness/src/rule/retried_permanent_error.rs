//! A request that can never succeed was sent again unchanged.
//!
//! Looks at what the client does after an error that says "this request is wrong": validation, a limit, a resource
//! that does not exist. What another signature may mend is for `auth_error_hammered`.
//!
//! ## Why it matters
//! The same request fails the same way; the retry costs the service work and the caller time.
//! ## What to do
//! Retry only throttling and transient errors, and hand all others to the caller.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior; S1, error codes; guidance 1.2 and 6.3
//! ## Error probability
//! None: published clients decide by code and status, not by chance. Accepted all the same: codes that
//! some published client repeats or some guide says to (C18, S3's `BadDigest`), any 429, codes that are
//! in no list ("unknown errors", S1), a repeat of a conflict after a second or more (C14), a changed body (C21),
//! and where the client marks no calls, as many repeats as the control's like requests allow to be calls of
//! their own.

use crate::evidence::{Attempt, Evidence};

use super::permanent::{self, Repeat};
use super::{Finding, Findings, Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct RetriedPermanentError;

/// Whether a repeat may be a mended request: delayed, or changed.
fn mended(before: &Attempt, after: &Attempt) -> bool {
    let code = before.code.as_deref().unwrap_or_default();
    let gap = after.gap_us.unwrap_or_default();
    let changed = before.body_hash != after.body_hash;
    let conflict = before.status == Some(409) && !code.starts_with("BucketAlready") && gap >= 1_000_000;
    changed || conflict
}

impl Rule for RetriedPermanentError {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (repeats, ended) = permanent::repeats(evidence, |_, before| !permanent::about_signature(before));
        let mut findings = Findings::default();
        for Repeat { trial, client, invocation, at, before, after } in repeats {
            if mended(before, after) {
                continue;
            }
            findings.add(|| Finding {
                message: format!(
                    "{} answered {}, which no retry can mend, and attempt {} sent it again{}",
                    invocation.operation,
                    told::answer(before),
                    after.number,
                    after.gap_us.map(|g| format!(" after {}", told::time(g))).unwrap_or_default()
                ),
                expected: "the error goes to the caller at once".into(),
                observed: told::count(invocation.attempts.len() as u64, "attempt"),
                source: "AWS SDKs and Tools Reference Guide, retry behavior; S1; guidance 6.3".into(),
                ..Finding::about(trial, client.index, invocation, at)
            });
        }
        Ruling::of(findings, ended, "permanent errors taken as final", "no permanent error was answered")
    }
}
