//! A program sent its first status poll without giving the request time to complete.
//!
//! Looks at the first read after each command, where it asks about what the command made or changed and the
//! program asks the same again later: it was a poll. The time from the command's answer to it must be as long as
//! the profile's wait before the first poll.
//!
//! ## Why it matters
//! Nothing that takes seconds is done after milliseconds. The first poll is wasted each time, for each resource.
//! ## What to do
//! Wait a couple of seconds before the first poll.
//! ## Source
//! S0, polling: give the request time to complete before you begin; guidance 9 and C19
//! ## Error probability
//! None: a program by S0's advice waits at least so long, whatever it draws, and the clock's error is given. Waiters of
//! the SDKs poll at once, and are right under their own profiles and under `documented`, where the rule does not
//! apply. One look that is not repeated is no poll, and neither is one that finds everything settled; a program
//! whose requests overlap is not judged.

use crate::evidence::Evidence;

use super::{Finding, Findings, Rule, Ruling, polls, told};

#[derive(Debug)]
pub(super) struct PolledAtOnce;

/// So many requests back the command is looked for.
const LOOK_BACK: usize = 1_000;

impl Rule for PolledAtOnce {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.owns_demand {
            return Ruling::NotApplicable(polls::OURS.into());
        }
        let (mut findings, mut seen) = (Findings::default(), 0);
        let bound = polls::soonest(evidence);
        for trial in &evidence.trials {
            for client in trial.clients.iter().filter(|c| polls::threads(c).is_some()) {
                let requests = polls::requests(client);
                for row in polls::waits(&requests).filter(|row| row[0].reads()) {
                    let first = row[0];
                    let before = requests.partition_point(|r| r.place() < first.place());
                    let earlier = requests[..before].iter().rev().take(LOOK_BACK);
                    // The last request about it: a read means that it had been looked at before.
                    let about = |id: &str| first.names(id);
                    let mut last = earlier.filter(|r| {
                        r.attempt.created.iter().chain(r.invocation.names()).any(|id| about(id))
                    });
                    let Some(asked) = last.next().filter(|r| r.changes() && r.good()) else { continue };
                    let Some(wait) = asked.end().and_then(|end| first.attempt.at_us.checked_sub(end)) else { continue };
                    seen += 1;
                    if polls::shorter(evidence, wait, bound) {
                        findings.add(|| Finding {
                            message: format!(
                                "{} asked for the status {} after {}, which cannot have been done by then",
                                first.invocation.operation, told::time(wait), asked.invocation.operation
                            ),
                            expected: format!("{} or more before the first poll", told::time(bound)),
                            observed: told::time(wait),
                            source: "S0, polling; guidance 9".into(),
                            ..Finding::about(trial, client.index, first.invocation, first.index)
                        });
                    }
                }
            }
        }
        Ruling::of(findings, seen, "first polls after a wait", "no status was polled after a command")
    }
}
