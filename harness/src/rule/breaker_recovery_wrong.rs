//! A circuit breaker did not open again after a failed probe, or did not close after good ones.
//!
//! After a failed probe, looks for new calls within another open time; after as many good ones as close the breaker, for
//! calls that it still refuses.
//!
//! ## Why it matters
//! One way the service is never left alone, the other way it is well and nobody asks it.
//! ## What to do
//! Close the breaker after the declared number of good probes, and open it again when one fails.
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
pub(super) struct BreakerRecoveryWrong;

impl Rule for BreakerRecoveryWrong {
    fn check(&self, evidence: &Evidence) -> Ruling {
        tripped::judge(evidence, Phase::Closing, "recoveries", "no breaker was seen to probe")
    }
}
