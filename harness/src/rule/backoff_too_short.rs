//! The pauses are too short on the whole, though none of them is wrong by itself.
//!
//! Under an exact profile, counts the pauses in the lower half of the interval that the profile draws them from.
//! Under `documented`, those in the lower half of the smallest bound of any published policy.
//!
//! ## Why it matters
//! A client that draws from half the range brings the load of two.
//! ## What to do
//! Draw pauses from the whole of the profile's interval for this kind of error, and check base and factor.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior; guidance 1.3 and 10 (C5)
//! ## Error probability
//! 10⁻⁸ per scenario and client, at any number of trials: a bet against P(lower half) ≤ 1/2, the clock's error added;
//! half of the error for each class of error. No policy without jitter is measured, nor a first retry that may come
//! at once.

use crate::evidence::Evidence;
use crate::guidance::RETRIES;

use super::drawn::drawn;
use super::groups::Groups;
use super::{Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct BackoffTooShort;

/// Who is wrong draws from two thirds of the interval at most: so seldom does a pause lie in the upper half.
const WRONG: f64 = 0.25;

impl Rule for BackoffTooShort {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let mut groups = Groups::new();
        for pause in drawn(evidence) {
            let group = groups.of(pause.gap.class);
            group.seen += 1;
            let hit = pause.place <= 0.5;
            group.duel.see(hit, 0.5 + pause.soon, WRONG);
            if hit {
                group.example = Some(pause.gap);
            }
        }
        for gap in evidence.gaps().filter(|g| !evidence.profile.exact && g.plain) {
            let Some(numbers) = evidence.numbers(&gap.invocation.service, gap.class) else { continue };
            let least = numbers.least[gap.retry.min(RETRIES - 1)];
            if least <= 0.0 {
                continue;
            }
            let group = groups.of(gap.class);
            group.seen += 1;
            let hit = gap.us as f64 <= least * 5e5;
            group.duel.see(hit, 0.5 + evidence.slack.below_us as f64 / 1e6 / least, WRONG);
            if hit {
                group.example = Some(gap);
            }
        }
        groups.rule(evidence, "no pause that is drawn at random was seen", |group, finding, gap| {
            let cited = evidence.profile.backoff(&gap.invocation.service).cited(gap.class);
            let most = evidence
                .numbers(&gap.invocation.service, gap.class)
                .map_or(0.0, |n| n.least[gap.retry.min(RETRIES - 1)]);
            finding.message = format!(
                "pauses are too short: {} of {} lie in the lower half of what is allowed (here {} of up to {})",
                group.duel.hits(),
                group.duel.samples(),
                told::time(gap.us),
                told::seconds(most)
            );
            finding.expected = "about half of the pauses in either half".into();
            finding.observed = format!("{} of {} in the lower half", group.duel.hits(), group.duel.samples());
            finding.source.clone_from(&cited.source);
        })
    }
}
