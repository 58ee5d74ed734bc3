//! The pauses are the same each time: there is no jitter in them.
//!
//! Compares each pause with the first one before the same retry after the same class of error.
//!
//! ## Why it matters
//! Clients that failed together come back together, again and again, unless chance parts them.
//! ## What to do
//! Draw each pause at random from its interval.
//! ## Source
//! AWS Architecture blog, "Exponential Backoff and Jitter"; guidance 3.1 and 10 (C4, C22)
//! ## Error probability
//! 10⁻⁸ per scenario and client, at any number of trials: a bet against P(within ±ε of the first) ≤ 2ε/w,
//! where w is half of the first pause (with full or equal jitter of any bound, the pause is uniform over
//! at least that) or, if smaller, the narrowest interval of an allowed additive or decorrelated ladder.
//! Half of the error for each class. Left out: hinted, broken and rate-limited pauses, retries before
//! which some allowed policy waits a fixed time (Go's twenty seconds), and pauses that a published
//! ladder without jitter would make (botocore legacy against `DynamoDB`). Two pauses that differ by more
//! than the clock's error clear the client.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::evidence::{Adaptive, Evidence};
use crate::guidance::RETRIES;

use super::groups::Groups;
use super::{Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct UnjitteredBackoff;

/// Timers tick in whole milliseconds, so ±ε holds one tick more than 2ε.
const TICK_US: u64 = 1_000;

impl Rule for UnjitteredBackoff {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let adaptive = |c: &crate::evidence::Client| c.adaptive == Adaptive::Yes;
        if evidence.trials.iter().flat_map(|t| &t.clients).any(adaptive) {
            return Ruling::NotApplicable("waits of adaptive mode's rate limiter are no backoff".into());
        }
        let mut groups = Groups::new();
        let mut first: BTreeMap<(&str, _, usize), (u64, u64)> = BTreeMap::new();
        for gap in evidence.gaps().filter(|g| g.plain) {
            let service = &*gap.invocation.service;
            let Some(numbers) = evidence.numbers(service, gap.class) else { continue };
            if numbers.never_jitters() {
                continue;
            }
            let late = evidence.late(gap.us, gap.ran_us);
            if numbers.unjittered(gap.retry, gap.us as f64 / 1e6, late as f64 / 1e6) {
                continue;
            }
            let group = groups.of(gap.class);
            group.seen += 1;
            group.example = Some(gap);
            // The first pause before each retry is what the others are held against, and no sample.
            let (reference, slack) = match first.entry((service, gap.class, gap.retry)) {
                Entry::Vacant(place) => {
                    place.insert((gap.us, late));
                    continue;
                }
                Entry::Occupied(place) => {
                    let (reference, off) = *place.get();
                    (reference, off.max(late))
                }
            };
            let apart = gap.us.abs_diff(reference);
            if apart > slack.saturating_mul(2) {
                group.cleared = true;
            }
            // What the published ladders without jitter took out is taken out of the interval as well.
            let taken = if numbers.sometimes_unjittered() { 3 * slack } else { 0 };
            let width = numbers.width[gap.retry.min(RETRIES - 1)].min(reference as f64 / 2e6) - taken as f64 / 1e6;
            let right = (2 * slack + TICK_US) as f64 / 1e6 / width;
            if right > 0.0 {
                group.duel.see(apart <= slack, right, 0.5);
            }
        }
        groups.rule(evidence, "no pause that should be random was seen", |group, finding, gap| {
            finding.message = format!(
                "pauses repeat: {} of {} were the same as the first one before the same retry (here {})",
                group.duel.hits(),
                group.duel.samples(),
                told::time(gap.us)
            );
            finding.expected = "a pause drawn at random each time".into();
            finding.observed = format!("{} before retry {}, again and again", told::time(gap.us), gap.retry + 1);
            finding.source = "AWS Architecture blog, exponential backoff and jitter; guidance 3.1".into();
        })
    }
}
