//! A call that met a passing error was given up although it had attempts and quota left.
//!
//! Looks at calls that ended on a transient error: under `documented`, at the first failed call of each
//! client and trial, and at later ones amid requests that no open breaker would have let through, and only
//! if it made a single attempt; under an exact profile, at every call that
//! made fewer attempts than the profile says while the retry quota cannot be spent.
//!
//! ## Why it matters
//! One server out of many is gone for a moment; the next attempt meets another one.
//! ## What to do
//! Retry errors of the service and of the connection, after a pause.
//! ## Source
//! S1, server errors; AWS SDKs and Tools Reference Guide, retry behavior; guidance 1.2 and 10 (C6)
//! ## Error probability
//! None: retrying is a decision, not a draw. Later calls blame only where three of them agree, while the
//! retry quota cannot be spent and no published breaker (5 s open at least) can have been open. Only statuses 500, 502, 503 and 504 count, and broken
//! connections of clients with retry headers; a plain POST, which may have taken effect, does not, nor do
//! answers that are no HTTP and reset streams, which the SDK for Rust hands to its caller.
//! Guidance is divided on whether a 500 deserves a retry, so the rule is a should.

use brownout_mocks::service::Class;

use crate::evidence::Evidence;

use super::{Rule, Ruling, not_retried};

#[derive(Debug)]
pub(super) struct TransientNotRetried;

impl Rule for TransientNotRetried {
    fn check(&self, evidence: &Evidence) -> Ruling {
        not_retried::judge(
            evidence,
            Class::Transient,
            "no call met a transient error that every guidance retries while quota and breaker were surely in order",
        )
    }
}
