//! A resource that is not visible yet was asked for again and again without slowing down.
//!
//! Takes the pauses between requests for the same thing while it answers `NotFound`, the first pause
//! left out, in pairs: the second of a pair must tend to be longer, or last five seconds or more (a
//! waiter with a fixed delay is not hammering).
//!
//! ## Why it matters
//! Describe calls share the account's request bucket; a tight poll starves everybody else's.
//! ## Source
//! S0, eventual consistency; botocore's waiters; Smithy's waiter algorithm; guidance 4.3 and 9
//! ## Error probability
//! 10⁻⁸ per scenario and client, at any number of trials: a bet against P(second ≤ first) ≤ 0.4 given
//! the past, for pairs below five seconds. Doubling with full jitter has 1/4, growth of 1.5 per poll
//! 1/3, decorrelated jitter less than 1/3, Smithy's waiter less than 1/4, no jitter 0. Timers' ticks fit in the rest.

use std::collections::BTreeMap;

use brownout_mocks::service::Class;

use crate::evidence::{Attempt, Client, Evidence, Invocation, Trial};
use crate::stats::Duel;

use super::{Finding, Needs, Rule, Ruling, groups, told};

#[derive(Debug)]
pub(super) struct NotFoundHammered;

/// Pauses of this length are polite even if they do not grow: botocore's shortest waiter delay.
const POLITE_US: u64 = 5_000_000;
/// Below this the clock's error is too large a share of a pause to compare two of them.
const COMPARABLE: u64 = 20;

struct Poll<'a> {
    pause: u64,
    invocation: &'a Invocation,
    index: usize,
}

impl Rule for NotFoundHammered {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.owns_demand {
            return Ruling::NotApplicable("brownout's workload does the calling; SDKs never poll".into());
        }
        let (mut duel, mut polls, mut polite) = (Duel::new(1), 0u64, true);
        let mut example: Option<(&Trial, &Client, Poll<'_>)> = None;
        for trial in &evidence.trials {
            for client in &trial.clients {
                for pauses in polls_of(client) {
                    polls += pauses.len() as u64;
                    polite &= pauses.iter().all(|p| p.pause.saturating_add(evidence.slack.below_us) >= POLITE_US);
                    for pair in pauses.chunks_exact(2) {
                        let [first, second] = pair else { continue };
                        let slack = evidence.slack.over(first.pause);
                        // A pause of nothing, twice, is no growth whatever the clock's error.
                        let tight = first.pause <= evidence.slack.nothing() && second.pause <= evidence.slack.nothing();
                        if !tight && first.pause < slack.saturating_mul(COMPARABLE) {
                            continue;
                        }
                        let hit = second.pause <= first.pause.saturating_add(slack) && second.pause < POLITE_US;
                        duel.see(hit, 0.4, 0.5);
                        if hit {
                            example = Some((trial, client, Poll { pause: second.pause, ..*second }));
                        }
                    }
                }
            }
        }
        if polls == 0 {
            return Ruling::NotApplicable("nothing was polled often enough to compare pauses".into());
        }
        if polite {
            return Ruling::Pass(format!("{polls} pauses of five seconds and more"));
        }
        match (duel.decision(), example) {
            (Some(true), Some((trial, client, poll))) => {
                let number = told::count(duel.samples(), "pair");
                let finding = Finding {
                    message: format!(
                        "{} was asked again {} after NotFound, and pauses do not grow: {} of {number} did not",
                        poll.invocation.operation, told::time(poll.pause), duel.hits()
                    ),
                    expected: "a couple of seconds, then longer each time, up to five minutes".into(),
                    observed: format!("{} between polls", told::time(poll.pause)),
                    source: "S0, eventual consistency; guidance 4.3 and 9".into(),
                    ..Finding::about(trial, client.index, poll.invocation, poll.index)
                };
                Ruling::Fail(finding.into())
            }
            (Some(false), _) => Ruling::Pass(format!("{} pairs of pauses grow", duel.samples())),
            _ => Ruling::Inconclusive(Needs {
                reason: format!("{} pairs of pauses do not decide", duel.samples()),
                trials: groups::trials_for(evidence, duel.samples(), duel.needs()),
            }),
        }
    }
}

/// For each thing asked for: the pauses after a NotFound, from the second one on.
fn polls_of(client: &Client) -> Vec<Vec<Poll<'_>>> {
    let mut by_thing: BTreeMap<(&str, Option<&str>), Vec<(&Attempt, &Invocation, usize)>> = BTreeMap::new();
    for invocation in &client.invocations {
        let thing = (&*invocation.operation, invocation.target.as_deref());
        for (i, attempt) in invocation.attempts.iter().enumerate() {
            by_thing.entry(thing).or_default().push((attempt, invocation, i));
        }
    }
    by_thing.into_values().map(pauses).collect()
}

/// The pauses after a NotFound in this row of requests, from the second one on: the first belongs to the
/// rule about polling too soon.
fn pauses<'a>(mut asked: Vec<(&'a Attempt, &'a Invocation, usize)>) -> Vec<Poll<'a>> {
    asked.sort_by_key(|(a, _, _)| (a.at_us, a.seq));
    let after = asked.windows(2).filter_map(|w| match w {
        [(before, _, _), (after, invocation, index)] if before.class == Some(Class::NotVisible) => {
            Some(Poll { pause: after.at_us.checked_sub(before.end_us?)?, invocation, index: *index })
        }
        _ => None,
    });
    after.skip(1).collect()
}
