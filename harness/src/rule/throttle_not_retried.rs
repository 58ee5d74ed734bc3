//! A throttled call was given up although it had attempts and quota left.
//!
//! Looks at calls that ended on a throttling error: under `documented`, at the first failed call of each
//! client and trial, and at later ones amid requests that no open breaker would have let through, and only
//! if it made a single attempt; under an exact profile, at every call that
//! made fewer attempts than the profile says while the retry quota cannot be spent.
//!
//! ## Why it matters
//! A throttle says "slow down", not "no". A client that gives up turns a busy second into an outage.
//! ## What to do
//! Retry throttling errors, after a pause.
//! ## Source
//! S1, throttling errors; AWS SDKs and Tools Reference Guide, retry behavior; guidance 1.2
//! ## Error probability
//! None: retrying is a decision, not a draw. Later calls blame only where three of them agree, while the
//! retry quota cannot be spent and no published breaker (5 s open at least) can have been open. Only answers that every published list retries count, by
//! code and status; a 429 without a code is required of nobody (C17). A spent quota (a different answer)
//! is not a throttle. A call that ended later than its last answer may have met a deadline and is left out.

use brownout_mocks::service::Class;

use crate::evidence::Evidence;

use super::{Rule, Ruling, not_retried};

#[derive(Debug)]
pub(super) struct ThrottleNotRetried;

impl Rule for ThrottleNotRetried {
    fn check(&self, evidence: &Evidence) -> Ruling {
        not_retried::judge(
            evidence,
            Class::Throttling,
            "no call met a throttle that every guidance retries while quota and breaker were surely in order",
        )
    }
}
