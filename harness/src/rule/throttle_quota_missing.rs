//! A client went on retrying throttles when its retry quota was spent.
//!
//! Keeps the account that the client should have kept: what each retry takes, and what each success gives back.
//!
//! ## Why it matters
//! Who is throttled for minutes is too many. Retries that never end keep it so for everybody on the same account.
//! ## What to do
//! Take tokens from the retry quota for retries after throttling errors, too.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior (retry quota); Builders' Library, "Timeouts, retries, and backoff
//! with jitter" (token bucket); guidance 1.4
//! ## Error probability
//! None: it is a balance, reckoned in the client's favour: each retry at the least that it can have cost, each success
//! at the most that it can give back, and calls in progress at the same time in any order. Under `documented` the most
//! generous published quota counts: 500 tokens, 5 for each retry.

use brownout_mocks::service::Class;

use super::balance::judge;
use super::{Rule, Ruling};
use crate::evidence::Evidence;

#[derive(Debug)]
pub(super) struct ThrottleQuotaMissing;

impl Rule for ThrottleQuotaMissing {
    fn check(&self, evidence: &Evidence) -> Ruling {
        judge(evidence, Class::Throttling, "throttling")
    }
}
