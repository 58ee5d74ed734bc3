//! Retries follow the error at once.
//!
//! Counts pauses that are none (up to 2 ms in virtual time, 5 ms on a real clock).
//!
//! ## Why it matters
//! A retry without a pause meets the same overload it was told about, and doubles it.
//! ## Source
//! Builders' Library, "Timeouts, retries, and backoff with jitter"; guidance 1.3 and 3.2
//! ## Error probability
//! 10⁻⁸ per scenario and client, at any number of trials: a bet against P(pause ≤ δ) ≤ δ / bound, with
//! the smallest bound of the allowed ladders at that retry (10 ms for Kotlin's first pause under
//! `documented`), a millisecond added for timers that round down; half of the error for each class.
//! `DynamoDB`'s first retry of a transient error is left out: its guide allows it at once.

use crate::evidence::Evidence;

use super::groups::Groups;
use super::{Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct NoBackoff;

/// Timers of some clients drop the fraction of a millisecond.
const ROUNDED_DOWN_US: u64 = 1_000;

impl Rule for NoBackoff {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let mut groups = Groups::new();
        let nothing = evidence.slack.nothing();
        for gap in evidence.gaps().filter(|g| g.before.answered && !g.before.hinted()) {
            let Some(numbers) = evidence.numbers(&gap.invocation.service, gap.class) else { continue };
            let bound = numbers.least[gap.retry.min(crate::guidance::RETRIES - 1)];
            let hit = gap.us <= nothing;
            let group = groups.of(gap.class);
            if bound > 0.0 {
                group.seen += 1;
                group.duel.see(hit, (nothing + ROUNDED_DOWN_US) as f64 / 1e6 / bound, 0.1);
            }
            if hit {
                group.example = Some(gap);
            }
        }
        groups.rule(evidence, "no retry with a pause to measure was seen", |group, finding, gap| {
            let backoff = evidence.profile.backoff(&gap.invocation.service);
            let cited = if group.class == brownout_mocks::service::Class::Transient {
                &backoff.transient
            } else {
                &backoff.throttling
            };
            let bound = cited.value.bound(u32::try_from(gap.retry).unwrap_or(u32::MAX)).as_secs_f64();
            finding.message = format!(
                "attempt {} came {} after {}; {} of {} retries came at once",
                gap.invocation.attempts[gap.index].number,
                told::time(gap.us),
                told::answer(gap.before),
                group.duel.hits(),
                group.duel.samples()
            );
            finding.expected = format!("a random pause of up to {} before this retry", told::seconds(bound));
            finding.observed = told::time(gap.us);
            finding.source.clone_from(&cited.source);
        })
    }
}
