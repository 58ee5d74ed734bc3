//! A resource that is not visible yet was asked for again and again without slowing down.
//!
//! Takes the pauses between requests for the same thing while it answers `NotFound`, the first pause
//! left out, and compares neighbours in pairs, and the last with the first: the later one must tend to be
//! longer, or last five seconds or more (a waiter with a fixed delay is not hammering). An item that a read
//! shows as it was before it was written is asked for in the same way, by a program that sends the very same
//! read again and stops at the first answer that is up to date; one that goes on reading was not waiting.
//!
//! ## Why it matters
//! Describe calls share the account's request bucket; a tight poll starves everybody else's.
//! ## What to do
//! Wait a couple of seconds after NotFound, and longer each time.
//! ## Source
//! S0, eventual consistency; S2, 404; botocore's waiters; Smithy's waiter algorithm; guidance 4.3 and 9
//! ## Error probability
//! 10⁻⁸ per scenario and client, at any number of trials: two bets, each with half of it, against
//! P(later ≤ earlier) ≤ 0.4 for neighbours, and 0.4, 0.28, 0.22, 0.22, 0.17 for the last against the first
//! of 2, 3, 4, 5, 6 and more. Doubling with full jitter has 1/4 for neighbours, growth of 1.5 per poll 1/3,
//! Smithy's waiter less than 1/4, decorrelated jitter (simulated, base 1 s) 0.22, no jitter 0; further
//! apart 0.23, 0.17, 0.15, 0.13 at most. The rest is for the clock's error, a tenth of a second at most.

use std::collections::BTreeMap;

use brownout_mocks::service::Class;

use crate::evidence::{Attempt, Client, Evidence, Invocation};

use super::slowing::{Poll, Slowing};
use super::{Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct NotFoundHammered;

impl Rule for NotFoundHammered {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.owns_demand {
            return Ruling::NotApplicable("brownout's workload does the calling; SDKs never poll".into());
        }
        let mut slowing = Slowing::new(evidence);
        for trial in &evidence.trials {
            for client in &trial.clients {
                for pauses in polls_of(client) {
                    slowing.see(trial, client, &pauses);
                }
            }
        }
        slowing.rule(|finding, poll, duel| {
            finding.message = format!(
                "{} was asked again {} after {}, and pauses do not grow: in {} of {} comparisons the later one was no longer",
                poll.invocation.operation,
                told::time(poll.pause),
                if poll.stale { "an answer that was out of date" } else { "NotFound" },
                duel.hits(),
                duel.samples()
            );
            finding.expected = "a couple of seconds, then longer each time, up to five minutes".into();
            finding.observed = format!("{} between polls", told::time(poll.pause));
            finding.source = "S0, eventual consistency; guidance 4.3 and 9".into();
        })
    }
}

/// A request: the attempt, its invocation, its index there.
type Asked<'a> = (&'a Attempt, &'a Invocation, usize);

/// For each thing asked for: the pauses after it was not visible, from the second one on.
fn polls_of(client: &Client) -> Vec<Vec<Poll<'_>>> {
    let mut by_thing: BTreeMap<(&str, Option<&str>), Vec<Asked<'_>>> = BTreeMap::new();
    // A table is one thing and its items are many: the body says which is read.
    let mut by_read: BTreeMap<(&str, &str), Vec<Asked<'_>>> = BTreeMap::new();
    let attempts = || client.invocations.iter().flat_map(|i| &i.attempts);
    let behind = attempts().any(Attempt::stale);
    if !behind && !attempts().any(|a| a.class == Some(Class::NotVisible)) {
        return Vec::new();
    }
    for invocation in &client.invocations {
        let thing = (&*invocation.operation, invocation.target.as_deref());
        for (i, attempt) in invocation.attempts.iter().enumerate() {
            let asked = (attempt, invocation, i);
            by_thing.entry(thing).or_default().push(asked);
            if let Some(body) = attempt.body_hash.as_deref().filter(|_| behind) {
                by_read.entry((&*invocation.operation, body)).or_default().push(asked);
            }
        }
    }
    let hidden = |a: &Attempt| a.class == Some(Class::NotVisible);
    let polls = by_thing.into_values().map(|asked| pauses(asked, hidden));
    polls.chain(by_read.into_values().filter(|asked| waits(asked)).map(|asked| pauses(asked, Attempt::stale))).collect()
}

/// Whether these reads of one item end with the first one that was up to date.
fn waits(asked: &[Asked<'_>]) -> bool {
    let fresh = |(a, _, _): &Asked<'_>| a.answered && a.class.is_none() && !a.stale();
    let last = asked.iter().max_by_key(|(a, _, _)| (a.at_us, a.seq));
    last.is_some_and(fresh) && asked.iter().filter(|a| fresh(a)).count() == 1
}

/// The pauses after a request in this row to which it was not visible, from the second one on: the first
/// belongs to the rule about polling too soon.
fn pauses(mut asked: Vec<Asked<'_>>, hidden: impl Fn(&Attempt) -> bool) -> Vec<Poll<'_>> {
    asked.sort_by_key(|(a, _, _)| (a.at_us, a.seq));
    let after = asked.windows(2).filter_map(|w| match w {
        [(before, _, _), (after, invocation, index)] if hidden(before) => {
            let pause = after.at_us.checked_sub(before.end_us?)?;
            Some(Poll { pause, at_us: after.at_us, invocation, index: *index, stale: before.stale() })
        }
        _ => None,
    });
    after.skip(1).collect()
}
