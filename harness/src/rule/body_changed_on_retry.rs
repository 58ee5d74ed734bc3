//! A retry carried another body than the attempt before it.
//!
//! Compares the hashes of the bodies of one SDK call's attempts. Dates, signatures and retry headers are no part of them.
//!
//! ## Why it matters
//! The service tells a repeat by its bytes: a body that changed is another request, and may take effect twice.
//! ## What to do
//! Build the request once, and send the same bytes in every attempt.
//! ## Source
//! Builders' Library, "Timeouts, retries, and backoff with jitter" (idempotency); guidance 3.2
//! ## Error probability
//! None: bodies are compared as they are. Left out are S3, where each signature may be part of the body (chunked
//! uploads), calls that the client does not mark, and bodies that changed after an answer that asked for it: only what
//! is repeated after a throttle or a transient error counts.

use super::{Finding, Findings, Rule, Ruling};
use crate::evidence::Evidence;

#[derive(Debug)]
pub(super) struct BodyChangedOnRetry;

impl Rule for BodyChangedOnRetry {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen) = (Findings::default(), 0);
        for trial in &evidence.trials {
            for (client, invocation) in trial.invocations().filter(|(_, i)| i.marked && &*i.service != "s3") {
                for (at, pair) in invocation.attempts.windows(2).enumerate() {
                    let [before, after] = pair else { continue };
                    if !before.backs_off() || (before.body_hash.is_none() && after.body_hash.is_none()) {
                        continue;
                    }
                    seen += 1;
                    if before.body_hash == after.body_hash {
                        continue;
                    }
                    findings.add(|| {
                        let hash = |body: &Option<std::sync::Arc<str>>| body.as_deref().unwrap_or("nothing").to_owned();
                        Finding {
                            message: format!(
                                "attempt {} of {} carried another body than attempt {}",
                                after.number, invocation.operation, before.number
                            ),
                            expected: "the same bytes again".into(),
                            observed: format!("body {} after body {}", hash(&after.body_hash), hash(&before.body_hash)),
                            source: "Builders' Library, timeouts, retries, and backoff with jitter; guidance 3.2".into(),
                            ..Finding::about(trial, client.index, invocation, at)
                        }
                    });
                }
            }
        }
        Ruling::of(findings, seen, "retries with the same body", "no retry of a request with a body was seen")
    }
}
