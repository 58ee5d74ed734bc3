//! A throttle that came with a 5xx status was backed off from as if the service had failed.
//!
//! Counts pauses after such answers (EC2's `RequestLimitExceeded` and S3's `SlowDown`, both 503) that are within the
//! bound for transient errors.
//!
//! ## Why it matters
//! The code says what is wrong, the status only how it was sent. Who reads the status alone comes back twenty times too
//! soon.
//! ## What to do
//! Know a throttle by its code, also where its status is a 5xx.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior: error code first, status second; guidance 1.2
//! ## Error probability
//! 10⁻⁸ per scenario and client, at any number of trials: a bet against P(pause ≤ transient bound) ≤ the bounds' ratio,
//! the clock's error added. Only under profiles whose bounds differ by a factor of two or more.

use brownout_mocks::service::Class;

use crate::evidence::Evidence;

use super::drawn::{drawn, nothing};
use super::groups::Groups;
use super::{Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct Throttling5xxAsTransient;

/// Who reads the status alone is within the transient bound nearly always.
const WRONG: f64 = 0.2;

impl Rule for Throttling5xxAsTransient {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let mut groups = Groups::new();
        for gap in drawn(evidence).map(|p| p.gap) {
            if gap.before.class != Some(Class::Throttling) || gap.before.status.is_none_or(|s| s < 500) {
                continue;
            }
            let backoff = evidence.profile.backoff(&gap.invocation.service);
            let retry = u32::try_from(gap.retry).unwrap_or(u32::MAX);
            let [slow, quick] =
                [&backoff.throttling, &backoff.transient].map(|c| c.value.bound(retry).as_secs_f64() * 1e6);
            let slack = evidence.late(gap.us, gap.ran_us) as f64;
            let right = (quick + slack) / slow;
            if right > 0.5 {
                continue;
            }
            let group = groups.of(gap.class);
            group.seen += 1;
            let hit = gap.us as f64 <= quick + slack;
            group.duel.see(hit, right, WRONG);
            if hit {
                group.example = Some(gap);
            }
        }
        groups.rule(evidence, nothing(evidence), |group, finding, gap| {
            let cited = &evidence.profile.backoff(&gap.invocation.service).throttling;
            finding.message = format!(
                "{} was backed off from as if the service had failed: {} of {} pauses are short (here {})",
                told::answer(gap.before),
                group.duel.hits(),
                group.duel.samples(),
                told::time(gap.us)
            );
            finding.expected = "the pause of a throttle: the code counts, not the status".into();
            finding.observed = told::time(gap.us);
            finding.source.clone_from(&cited.source);
        })
    }
}
