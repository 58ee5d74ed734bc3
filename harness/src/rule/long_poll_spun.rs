//! A long poll failed at once when the retry quota was spent, and so the caller asks again at once.
//!
//! Compares the time from the last answer of such a call to the moment when its caller heard with the pause that the
//! profile draws there.
//!
//! ## Why it matters
//! A consumer calls `ReceiveMessage` in a loop. With the quota spent each call fails as fast as the service answers, and
//! the loop becomes a storm of its own; one pause before the error is handed on keeps it calm.
//! ## What to do
//! Pause before a failed long poll returns, even when the retry quota is spent.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior: long-polling operations; guidance 1.7
//! ## Error probability
//! 10⁻⁸ per scenario and client, at any number of trials: a bet against P(pause ≤ d) ≤ (d + a tick) ÷ b, where b is the
//! bound of the pause and d a twentieth of it, or the clock's error if that is larger. Only calls of ours that stopped
//! with attempts left and the quota certainly spent.

use std::collections::BTreeSet;

use super::called::{NOTHING, calls};
use super::groups::trials_for;
use super::{Finding, Findings, Needs, Rule, Ruling, balance, told};
use crate::evidence::Evidence;
use crate::stats::Duel;

#[derive(Debug)]
pub(super) struct LongPollSpun;

/// Timers tick in whole milliseconds.
const TICK_US: f64 = 1_000.0;

impl Rule for LongPollSpun {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (Some(long_polls), Some(_)) = (&evidence.profile.long_polls, balance::quota(evidence)) else {
            return Ruling::NotApplicable("the profile asks for no pause after a long poll".into());
        };
        let (mut duel, mut example) = (Duel::new(1), None);
        let (mut client, mut stopped) = (None, BTreeSet::new());
        for called in calls(evidence).filter(|c| long_polls.operations.iter().any(|o| **o == *c.last.operation)) {
            let (Some((at, last)), Some(heard)) = (called.end(), called.heard_after()) else { continue };
            let limit = evidence.profile.attempts_max(&called.last.service).value;
            if !last.backs_off() || last.hinted() || at as u64 + 1 >= u64::from(limit) {
                continue;
            }
            let whose = (called.trial.number, called.client.index);
            if client != Some(whose) {
                client = Some(whose);
                let moments = balance::spent(evidence, called.client).iter().filter(|m| !m.retried);
                stopped = moments.map(|m| (m.invocation, m.at)).collect();
            }
            let Some(place) = called.call.invocations.last() else { continue };
            let class = last.class.unwrap_or(brownout_mocks::service::Class::Transient);
            if !stopped.contains(&(*place, at)) {
                continue;
            }
            let ladder = evidence.profile.backoff(&called.last.service).ladder(class);
            let bound = ladder.step(u32::try_from(at).unwrap_or(u32::MAX)).as_micros() as f64;
            let short = (bound / 20.0).max(evidence.slack.over(0) as f64);
            let hit = heard as f64 <= short;
            duel.see(hit, (short + TICK_US) / bound, 0.5);
            if hit {
                example = Some((called, heard));
            }
        }
        let ruling = match (duel.decision(), example) {
            (Some(true), Some((called, heard))) => {
                let at = called.last.attempts.len().saturating_sub(1);
                let mut findings = Findings::default();
                findings.add(|| Finding {
                    message: format!(
                        "{} of {} calls of {} that the retry quota stopped failed at once (here after {})",
                        duel.hits(),
                        duel.samples(),
                        called.last.operation,
                        told::time(heard)
                    ),
                    expected: "one pause, drawn as before a retry, before the error is handed on".into(),
                    observed: told::time(heard),
                    source: long_polls.source.clone(),
                    ..Finding::about(called.trial, called.client.index, called.last, at)
                });
                Ruling::Fail(findings)
            }
            (Some(_), _) => Ruling::Pass(format!("long polls that paused: {}", duel.samples() - duel.hits())),
            (None, _) if duel.samples() > 0 => {
                let seen = format!("{} long polls that the quota stopped were seen", duel.samples());
                Ruling::Inconclusive(Needs::more(&seen, trials_for(evidence, duel.samples(), duel.needs())))
            }
            (None, _) => Ruling::NotApplicable(NOTHING.into()),
        };
        ruling.weighed([&duel])
    }
}
