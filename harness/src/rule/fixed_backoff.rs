//! The pauses of a call do not grow.
//!
//! Compares the last pause of each call with its first one of the same class; where the clock is coarse, one up to a
//! quarter longer counts as the same. A client that waits the
//! same each time, with or without jitter, has a longer last pause in half of its calls at most; a ladder
//! that grows has one more often.
//!
//! ## Why it matters
//! Clients that never slow down keep an overloaded service overloaded; growth is what drains a storm.
//! ## What to do
//! Let the interval that pauses are drawn from grow with each retry.
//! ## Source
//! S0 and S1: exponential backoff; AWS SDKs and Tools Reference Guide, retry behavior; guidance 1.3 and 3.1
//! ## Error probability
//! 10⁻⁸ per scenario and client, at any number of trials: a bet against P(last ≤ first | first), the
//! largest over those allowed ladders that can have made the first pause at all (full jitter: first ÷ bound
//! of the last; decorrelated: 0.36), with the clock's error added; half of the error for each class. Hinted, broken and
//! rate-limited pauses are left out. A pass compares with one half, over all pairs.

use std::collections::BTreeMap;

use crate::evidence::{Evidence, Gap};

use super::groups::Groups;
use super::{Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct FixedBackoff;

/// Timers tick in whole milliseconds.
const TICK_US: u64 = 1_000;

impl Rule for FixedBackoff {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let mut groups = Groups::new();
        for trial in &evidence.trials {
            for (client, invocation) in trial.invocations() {
                if invocation.attempts.len() < 3 {
                    continue;
                }
                // First and last plain pause of each class, within one row of retries.
                let mut ends: BTreeMap<_, (Gap<'_>, Gap<'_>)> = BTreeMap::new();
                for gap in evidence.gaps_of(trial, client, invocation).filter(|g| g.plain) {
                    ends.entry(gap.class)
                        .and_modify(|(first, last)| {
                            if gap.retry > first.retry {
                                *last = gap;
                            }
                        })
                        .or_insert((gap, gap));
                }
                for (class, (first, last)) in ends {
                    let Some(numbers) = evidence.numbers(&invocation.service, class) else { continue };
                    if last.retry <= first.retry {
                        continue;
                    }
                    let slack = evidence.late(first.us, first.ran_us).max(evidence.late(last.us, last.ran_us));
                    let margin = (2 * slack + TICK_US) as f64 / 1e6;
                    let right = numbers.no_growth(first.retry, last.retry, first.us as f64 / 1e6, margin);
                    // Where the clock is coarse, a pause must not be called no longer that is seen twice as long.
                    let hit = last.us <= first.us.saturating_add(slack.min(first.us / 4).max(TICK_US));
                    let group = groups.of(class);
                    group.seen += 1;
                    group.duel.blame(hit, right);
                    group.duel.clear(!hit, 0.5);
                    if hit {
                        group.example = Some(last);
                    }
                }
            }
        }
        groups.rule(evidence, "no call was retried twice after errors of one class", |group, finding, gap| {
            let first = gap.invocation.attempts.iter().find_map(|a| a.gap_us).unwrap_or_default();
            finding.message = format!(
                "pauses grow too little: in {} of {} calls the last pause was no longer than the first (here {}, then {})",
                group.duel.hits(),
                group.duel.samples(),
                told::time(first),
                told::time(gap.us)
            );
            finding.expected = "each pause drawn from a longer interval than the one before".into();
            finding.observed = format!(
                "the last pause was longer in {} of {} calls",
                group.duel.samples() - group.duel.hits(),
                group.duel.samples()
            );
            finding.source =
                "S1, retry with exponential backoff; AWS SDKs and Tools Reference Guide, retry behavior; guidance 1.3"
                    .into();
        })
    }
}
