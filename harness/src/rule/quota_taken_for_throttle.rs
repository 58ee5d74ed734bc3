//! A spent quota was waited out like a throttle.
//!
//! API Gateway says both with a 429. Looks at calls that were told that the quota is spent: the client is to end them,
//! or to ask again after longer than it would ever pause after a throttle. It fails if it sends such a call
//! again within the pause of a throttle, and does the same after a real one.
//!
//! ## Why it matters
//! A throttle passes in seconds, a quota at the end of its day, week or month. Who takes one for the other keeps its
//! caller waiting for nothing, several times a call.
//! ## What to do
//! Tell the two kinds of 429 apart by their code, and end the call when a quota is spent.
//! ## Source
//! S2, 429 Limit Exceeded and Too Many Requests; guidance 5.1 and 10 (C9, C10)
//! ## Error probability
//! None: it is a decision, by the code that both answers carry. Stock SDKs have the quota's code on their list of
//! throttles and may repeat it as often as the profile says (C9, C10), so that requests with an SDK's retry headers
//! are left out. Where the client marks no calls, repeats that may be calls of their own are left out, too.

use brownout_mocks::service::Class;

use crate::evidence::{Attempt, Evidence};

use super::{Finding, Findings, Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct QuotaTakenForThrottle;

/// What SDKs do by their own lists is let pass.
fn looked_at(attempt: &Attempt, class: Class) -> bool {
    attempt.answered && attempt.class == Some(class) && attempt.status == Some(429) && attempt.declared_max.is_none()
}

impl Rule for QuotaTakenForThrottle {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut alike, mut repeated, mut ended) = (false, Findings::default(), 0);
        for trial in &evidence.trials {
            for (client, invocation) in trial.invocations().filter(|(_, i)| i.joints == 0) {
                for (at, before) in invocation.attempts.iter().enumerate() {
                    let after = invocation.attempts.get(at + 1);
                    alike |= after.is_some() && looked_at(before, Class::Throttling);
                    if !looked_at(before, Class::Quota) {
                        continue;
                    }
                    let Some(gap) = after.and_then(|a| a.gap_us) else {
                        ended += u64::from(after.is_none() && invocation.over_us.is_some());
                        continue;
                    };
                    if evidence.pause_max(client, invocation, before).is_none_or(|most| gap > most) {
                        ended += 1;
                        continue;
                    }
                    repeated.add(|| Finding {
                        message: format!(
                            "{} was told that its quota is spent, and asked again after {} as if it had been throttled",
                            invocation.operation,
                            told::time(gap)
                        ),
                        expected: "the call ends, and the next one comes when the quota's period is over".into(),
                        observed: told::count(invocation.attempts.len() as u64, "attempt"),
                        source: "S2, 429 Limit Exceeded; guidance 5.1 and 10 (C9)".into(),
                        ..Finding::about(trial, client.index, invocation, at)
                    });
                }
            }
        }
        match (alike, repeated.is_empty()) {
            (true, false) => Ruling::Fail(repeated),
            (false, false) => Ruling::NotApplicable("no throttle shows what the client does after one".into()),
            (_, true) => Ruling::of(repeated, ended, "calls ended at a spent quota", "no call met a spent quota's 429"),
        }
    }
}
