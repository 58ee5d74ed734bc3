//! A call was retried, but not as often as the profile says.
//!
//! Looks at calls that ended on an error that calls for another try, after two attempts or more.
//!
//! ## Why it matters
//! Each attempt that is left out turns a fault that the profile would have survived into an error for somebody.
//! ## What to do
//! Go on retrying until the profile's attempts or the retry quota are spent.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior; guidance 2.1
//! ## Error probability
//! None: it is a count. Only calls that are certainly over, while neither the client's quota can have been spent nor a
//! breaker opened. Exact profiles only: published policies make between three and ten attempts.

use super::not_retried::early;
use super::{Rule, Ruling};
use crate::evidence::Evidence;

#[derive(Debug)]
pub(super) struct GaveUpEarly;

impl Rule for GaveUpEarly {
    fn check(&self, evidence: &Evidence) -> Ruling {
        early(evidence)
    }
}
