//! An open circuit breaker tried again too early, too late, or with too many calls at once.
//!
//! Compares the first call after a silence with the breaker's open time, and counts those that were under way with it.
//!
//! ## Why it matters
//! A service that has just come back is cold. One call finds that out; a crowd of them knocks it over again.
//! ## What to do
//! Send nothing before the breaker's open time is over, and then no more than the declared probes.
//! ## Source
//! The profile's own breaker: S1's snippet, or Powertools for AWS Lambda; guidance 8.2 to 8.4
//! ## Error probability
//! None: it is a comparison of times, two per cent of the open time (a tenth of a second at least) allowed. Only
//! failures count that any breaker counts: calls of one operation that failed one after the other, each at all of its
//! attempts, and with nothing else in between.

use super::breaker::Phase;
use super::{Rule, Ruling, tripped};
use crate::evidence::Evidence;

#[derive(Debug)]
pub(super) struct BreakerProbedEarly;

impl Rule for BreakerProbedEarly {
    fn check(&self, evidence: &Evidence) -> Ruling {
        tripped::judge(evidence, Phase::Probing, "probes", "no open breaker was seen to probe")
    }
}
