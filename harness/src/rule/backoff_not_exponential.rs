//! The pauses grow more slowly than the profile says.
//!
//! Counts the pauses before the second and later retries that lie in the lower half of the interval that the profile
//! draws them from, and sets them against those before the first.
//!
//! ## Why it matters
//! Growth is what makes room for a service that needs minutes, not moments.
//! ## What to do
//! Let the interval that pauses are drawn from grow by the profile's factor at each retry, up to its cap.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior; S1, retry with exponential backoff; guidance 1.3
//! ## Error probability
//! 10⁻⁸ per scenario and client, at any number of trials: a bet against P(lower half) ≤ 1/2, the clock's error added;
//! half of the error for each class of error. A client whose first pauses are as short breaks `backoff_too_short`
//! only. Exact profiles only; `fixed_backoff` speaks under the others, and where pauses do not grow at all.

use brownout_mocks::service::Class;

use crate::evidence::Evidence;

use super::drawn::{drawn, nothing};
use super::groups::Groups;
use super::{Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct BackoffNotExponential;

/// Who is wrong draws from two thirds of the interval at most: so seldom does a pause lie in the upper half.
const WRONG: f64 = 0.25;

/// By so much more must later pauses lean to the lower half than first ones.
const MORE: f64 = 0.1;

/// How many of how many first pauses lie in the lower half.
#[derive(Debug, Default, Clone, Copy)]
struct First {
    short: f64,
    seen: f64,
}

impl Rule for BackoffNotExponential {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let mut groups = Groups::new();
        let mut first = [First::default(); 2];
        for pause in drawn(evidence) {
            let short = pause.place <= 0.5;
            if pause.gap.retry == 0 {
                let first = &mut first[usize::from(pause.gap.class == Class::Transient)];
                first.short += f64::from(u8::from(short));
                first.seen += 1.0;
                continue;
            }
            let group = groups.of(pause.gap.class);
            group.seen += 1;
            group.duel.see(short, 0.5 + pause.soon, WRONG);
            if short {
                group.example = Some(pause.gap);
            }
        }
        for (class, first) in [Class::Throttling, Class::Transient].into_iter().zip(first) {
            let group = groups.of(class);
            let later = group.duel.hits() as f64 / group.duel.samples().max(1) as f64;
            // Short from the start on is another rule's.
            group.cleared |= first.seen > 0.0 && later < first.short / first.seen + MORE && group.duel.decision() == Some(true);
        }
        groups.rule(evidence, nothing(evidence), |group, finding, gap| {
            let cited = evidence.profile.backoff(&gap.invocation.service).cited(gap.class);
            let (hits, samples) = (group.duel.hits(), group.duel.samples());
            finding.message = format!(
                "pauses grow too slowly: {hits} of {samples} after the first lie in the lower half of their interval \
                 (here {} before retry {})",
                told::time(gap.us),
                gap.retry + 1
            );
            finding.expected = format!("bounds that grow by a factor of {} each time", cited.value.factor);
            finding.observed = format!("{hits} of {samples} in the lower half");
            finding.source.clone_from(&cited.source);
        })
    }
}
