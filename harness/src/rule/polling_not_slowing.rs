//! A program asks for a status again and again without slowing down.
//!
//! Takes the pauses of each wait: the very same read, asked again with nothing else in between, for as long as the
//! answer is that the resource is not visible, or still on its way to another state. Neighbours are compared in
//! pairs, and the last with the first: the later one must tend to be longer, or last five seconds or more (a
//! waiter with a fixed delay is polite enough).
//!
//! ## Why it matters
//! What is not ready after a while takes longer still. Looking as often as at the start draws from the request
//! bucket that the whole account shares, and finds out hardly sooner.
//! ## What to do
//! Let the pauses between polls grow, or keep them at five seconds and more.
//! ## Source
//! S0, polling: an increasing sleep interval; botocore's waiters; Smithy's waiters; guidance 9
//! ## Error probability
//! 10⁻⁸ per scenario and client, at any number of trials, by the two bets of `not_found_hammered`: P(later ≤ earlier)
//! ≤ 0.4 for neighbours, and 0.4 down to 0.17 for the last pause against the first of two to six and more. S0's
//! growing pauses have 0. Smithy's waiter has less than 1/3 for neighbours, and in its last pauses, which no longer
//! grow, less than five seconds in 1 of 30. Judged only where the client owns its demand; of a program that
//! may have two threads, every second request is compared, and one whose requests overlap is not judged.

use crate::evidence::Evidence;

use super::slowing::{Poll, Slowing};
use super::{Rule, Ruling, polls, told};

#[derive(Debug)]
pub(super) struct PollingNotSlowing;

impl Rule for PollingNotSlowing {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.owns_demand {
            return Ruling::NotApplicable(polls::OURS.into());
        }
        let mut slowing = Slowing::new(evidence);
        for trial in &evidence.trials {
            for client in &trial.clients {
                let requests = polls::requests(client);
                let Some(threads) = polls::threads(client) else {
                    if polls::waits(&requests).next().is_some() {
                        return Ruling::stuck(polls::AT_ONCE, polls::ONE_AT_A_TIME);
                    }
                    continue;
                };
                for row in polls::waits(&requests).filter(|row| row[0].reads()) {
                    let pauses: Vec<Poll<'_>> = polls::pauses(row, threads)
                        .into_iter()
                        .map(|(pause, asked)| Poll {
                            pause,
                            at_us: asked.attempt.at_us,
                            invocation: asked.invocation,
                            index: asked.index,
                            stale: false,
                        })
                        .collect();
                    slowing.see(trial, client, &pauses);
                }
            }
        }
        slowing.rule(|finding, poll, duel| {
            finding.message = format!(
                "{} was asked again {} after it had said \"not yet\", and pauses do not grow: in {} of {} comparisons the later one was no longer",
                poll.invocation.operation,
                told::time(poll.pause),
                duel.hits(),
                duel.samples()
            );
            finding.expected = "pauses that grow from poll to poll, or five seconds and more between two polls".into();
            finding.observed = format!("{} between polls", told::time(poll.pause));
            finding.source = "S0, polling; guidance 9".into();
        })
    }
}
