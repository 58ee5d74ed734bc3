//! A client that declares a circuit breaker went on calling when it should have been open.
//!
//! After as many failed calls in a row as open the breaker, looks for new calls within its open time.
//!
//! ## Why it matters
//! A breaker that never opens is a promise that nobody keeps: the service gets no rest, and callers wait for failures.
//! ## What to do
//! Open the breaker at the declared number of failures, and refuse calls while it is open.
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
pub(super) struct BreakerNeverOpened;

impl Rule for BreakerNeverOpened {
    fn check(&self, evidence: &Evidence) -> Ruling {
        tripped::judge(evidence, Phase::Opening, "openings", "no breaker had to open")
    }
}
