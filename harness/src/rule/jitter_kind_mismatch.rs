//! The pauses are random, but not in the way that the profile draws them.
//!
//! Counts pauses in the upper half of the interval that the profile draws them from, and pauses below it.
//!
//! ## Why it matters
//! Full jitter spreads a crowd over the whole interval; equal jitter leaves its first half empty and the second twice
//! as full.
//! ## What to do
//! Draw pauses by the kind of jitter that the profile names.
//! ## Source
//! AWS Architecture blog, "Exponential Backoff and Jitter"; guidance 3.1 and 10 (C4)
//! ## Error probability
//! 10⁻⁸ per scenario and client, at any number of trials: a bet against P(upper half, or below the interval) ≤ 1/2,
//! the clock's error added; half of the error for each class of error. Exact profiles only.

use crate::evidence::Evidence;
use crate::guidance::Jitter;

use super::drawn::{drawn, nothing};
use super::groups::Groups;
use super::{Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct JitterKindMismatch;

/// Who is wrong leaves a third of the lower half empty at least: so seldom does a pause lie there.
const WRONG: f64 = 0.25;

impl Rule for JitterKindMismatch {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let mut groups = Groups::new();
        for pause in drawn(evidence) {
            let group = groups.of(pause.gap.class);
            group.seen += 1;
            let hit = pause.place >= 0.5 || pause.place < -pause.soon;
            group.duel.see(hit, 0.5 + pause.late, WRONG);
            if hit {
                group.example = Some(pause.gap);
            }
        }
        groups.rule(evidence, nothing(evidence), |group, finding, gap| {
            let cited = evidence.profile.backoff(&gap.invocation.service).cited(gap.class);
            let kind = match cited.value.jitter {
                Jitter::None => "none",
                Jitter::Full => "full jitter",
                Jitter::Equal => "equal jitter",
                Jitter::Decorrelated => "decorrelated jitter",
                Jitter::Additive => "additive jitter",
            };
            let (hits, samples) = (group.duel.hits(), group.duel.samples());
            finding.message = format!(
                "the pauses do not fit {kind} over the profile's intervals: {hits} of {samples} lie above the middle, or \
                 below the lower end (here {})",
                told::time(gap.us)
            );
            finding.expected = format!("{kind}: as many pauses in the lower half as in the upper");
            finding.observed = format!("{} of {samples} in the lower half", samples - hits);
            finding.source.clone_from(&cited.source);
        })
    }
}
