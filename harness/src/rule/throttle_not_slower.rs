//! Throttles are backed off from no more slowly than other errors.
//!
//! Pairs the first pauses after throttling errors with those after transient ones, in the order in which they came,
//! and counts the pairs in which the throttle's is not the longer one.
//!
//! ## Why it matters
//! A transient error is an accident, and a quick second try is likely to do; a throttle says that there are too many.
//! ## What to do
//! Use the profile's longer base for pauses after throttling errors.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior (1 s after a throttle, 50 ms after other errors); guidance 1.3
//! ## Error probability
//! 10⁻⁸ per scenario and client, at any number of trials: a bet against P(throttle's ≤ the other) ≤ half of the bounds'
//! ratio, the clock's error added. Only under profiles whose bounds differ by a factor of two or more.

use std::collections::{BTreeMap, VecDeque};

use brownout_mocks::service::Class;

use crate::evidence::{Evidence, Gap};
use crate::stats::Duel;

use super::drawn::drawn;
use super::groups::trials_for;
use super::{Finding, Findings, Needs, Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct ThrottleNotSlower;

/// Who makes no difference has the longer pause after the throttle half of the time.
const WRONG: f64 = 0.55;

impl Rule for ThrottleNotSlower {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut duel, mut example) = (Duel::new(1), None::<(Gap<'_>, Gap<'_>)>);
        // By service and class, in order: a search through all that wait would take longer with each of them.
        let mut waiting: BTreeMap<(&str, bool), VecDeque<Gap<'_>>> = BTreeMap::new();
        for pause in drawn(evidence).filter(|p| p.gap.retry == 0) {
            let gap = pause.gap;
            let (service, transient) = (&*gap.invocation.service, gap.class == Class::Transient);
            let Some(other) = waiting.get_mut(&(service, !transient)).and_then(VecDeque::pop_front) else {
                waiting.entry((service, transient)).or_default().push_back(gap);
                continue;
            };
            let (throttle, transient) = if transient { (other, gap) } else { (gap, other) };
            let backoff = evidence.profile.backoff(&gap.invocation.service);
            let [slow, quick] = [&backoff.throttling, &backoff.transient].map(|c| c.value.bound(0).as_secs_f64() * 1e6);
            let right = (quick / 2.0 + evidence.late(throttle.us, throttle.ran_us) as f64) / slow;
            if right > 0.5 {
                continue;
            }
            let hit = throttle.us <= transient.us;
            duel.see(hit, right, WRONG);
            if hit {
                example = Some((throttle, transient));
            }
        }
        let ruling = match (duel.decision(), example) {
            (Some(true), Some((throttle, transient))) => {
                let (hits, samples) = (duel.hits(), duel.samples());
                Ruling::Fail(Findings::from(Finding {
                    message: format!(
                        "throttles are treated like other errors: in {hits} of {samples} pairs the pause after the \
                         throttle was no longer (here {} after {}, {} after {})",
                        told::time(throttle.us),
                        told::answer(throttle.before),
                        told::time(transient.us),
                        told::answer(transient.before)
                    ),
                    expected: "a longer first pause after a throttle".into(),
                    observed: format!("no longer in {hits} of {samples} pairs"),
                    source: evidence.profile.backoff(&throttle.invocation.service).throttling.source.clone(),
                    ..Finding::about(throttle.trial, throttle.client.index, throttle.invocation, throttle.index - 1)
                }))
            }
            (Some(_), _) => Ruling::Pass(format!("{} pairs of pauses", duel.samples())),
            (None, _) if duel.samples() > 0 => {
                let seen = format!("{} pairs of pauses were seen", duel.samples());
                Ruling::Inconclusive(Needs::more(&seen, trials_for(evidence, duel.samples(), duel.needs())))
            }
            _ => Ruling::NotApplicable(
                "no pauses after both kinds of error were seen, or the profile makes no difference between them".into(),
            ),
        };
        ruling.weighed([&duel])
    }
}
