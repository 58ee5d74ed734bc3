//! A program polls without end, or with pauses that grow without bound.
//!
//! Looks at each wait: the very same request, asked again with nothing else in between, for as long as the answer
//! is "not yet". It must be given up by the profile's deadline, with one longest pause to spare; under
//! `documented`, after the longest time that a published waiter takes, six hours. Pauses that grow from poll
//! to poll must stop growing at five minutes.
//!
//! ## Why it matters
//! What has not come true within the deadline has failed, and somebody should hear of it. A pause that doubles
//! without a cap is hours long after a dozen polls: then nobody is waiting any more.
//! ## What to do
//! Give each wait a deadline, and an error when it passes.
//! ## Source
//! S0, eventual consistency: up to five minutes; botocore's waiters: a delay, so many times, at most 120 s × 180
//! (`SageMaker`, `TrainingJobCompletedOrStopped`); Smithy's waiters: the caller gives the time; guidance 9
//! ## Error probability
//! None: both are bounds that no right program passes, whatever it draws, with the clock's error given. A program that looks
//! once an hour by design is not blamed: a pause is too long only as part of a row of pauses that began short,
//! grew each time, and passed five minutes twice. Where something else was asked in between, a wait is taken for
//! two.

use crate::evidence::Evidence;
use crate::guidance::Profile;

use super::polls::Asked;
use super::{Finding, Findings, Rule, Ruling, polls, told};

#[derive(Debug)]
pub(super) struct PolledForever;

/// The longest pause between two polls that any guidance allows: five minutes (S0).
const CAP_US: u64 = 300_000_000;
/// The longest that a published waiter waits: 120 s × 180.
const PATIENCE_US: u64 = 21_600_000_000;
/// So many pauses must have grown before one that is too long.
const GROWING: usize = 3;

impl Rule for PolledForever {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.owns_demand {
            return Ruling::NotApplicable(polls::OURS.into());
        }
        let (mut findings, mut seen, mut open) = (Findings::default(), 0, 0);
        let deadline = deadline(&evidence.profile);
        for trial in &evidence.trials {
            for client in &trial.clients {
                let requests = polls::requests(client);
                for row in polls::waits(&requests) {
                    let (first, last) = (row[0], row[row.len() - 1]);
                    let waited = last.attempt.at_us.saturating_sub(first.attempt.at_us);
                    let about = || Finding {
                        source: "S0, eventual consistency; guidance 9".into(),
                        ..Finding::about(trial, client.index, last.invocation, last.index)
                    };
                    if waited > evidence.slack.above(deadline) {
                        findings.add(|| Finding {
                            message: format!(
                                "{} was asked {} over {} and always said \"not yet\", and the program did not give up",
                                last.invocation.operation, told::count(row.len() as u64, "time"), told::time(waited)
                            ),
                            expected: format!("an end after {} at the latest", told::time(deadline)),
                            observed: told::time(waited),
                            ..about()
                        });
                    } else if let Some(pause) = grew_too_long(evidence, row) {
                        findings.add(|| Finding {
                            message: format!(
                                "pauses between polls of {} grew without bound, to {}", last.invocation.operation, told::time(pause)
                            ),
                            expected: "pauses that grow up to five minutes, and no further".into(),
                            observed: told::time(pause),
                            ..about()
                        });
                    } else if !last.waits() || trial.ended_us.is_some() || client.last_us > last.attempt.at_us {
                        seen += 1;
                    } else {
                        open += 1;
                    }
                }
            }
        }
        if findings.is_empty() && seen == 0 && open > 0 {
            return Ruling::stuck("the journal ends before the wait did", polls::TO_ITS_END);
        }
        Ruling::of(findings, seen, "waits that ended in time", "nothing was polled for")
    }
}

/// How long a wait may take, in microseconds.
fn deadline(profile: &Profile) -> u64 {
    let micros = |d: std::time::Duration| u64::try_from(d.as_micros()).unwrap_or(u64::MAX);
    profile.polling.as_ref().map_or(PATIENCE_US + CAP_US, |p| micros(p.deadline.get() + p.cap.get()))
}

/// The second of two pauses of more than five minutes in a row of pauses that grew from the start.
fn grew_too_long(evidence: &Evidence, row: &[Asked<'_>]) -> Option<u64> {
    let pauses: Vec<u64> = polls::pauses(row, 1).into_iter().map(|(pause, _)| pause).collect();
    let grown = 1 + pauses.windows(2).take_while(|w| w[1] > w[0].saturating_add(evidence.slack.over(w[0]))).count();
    let mut long = pauses.iter().take(grown).enumerate().filter(|(i, p)| *i >= GROWING && **p > evidence.slack.above(CAP_US));
    long.nth(1).map(|(_, pause)| *pause)
}
