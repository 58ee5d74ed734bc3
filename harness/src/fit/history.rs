//! What each client went through, in order: failures that were retried or left alone, and successes.

use std::collections::BTreeSet;

use brownout_mocks::service::Class;

use crate::evidence::{Attempt, Client, Evidence, Invocation, Trial};

/// One client's failures and successes, in order of time.
#[derive(Debug)]
pub(super) struct History<'a> {
    pub(super) client: &'a Client,
    pub(super) events: Vec<Event<'a>>,
}

/// Something that happened to a client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'a> {
    pub(super) when: u64,
    pub(super) service: &'a str,
    pub(super) what: What<'a>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum What<'a> {
    /// A call succeeded; with the failure before its last retry, if it had one.
    Success(Option<&'a Attempt>),
    /// An attempt failed in a way that some clients retry.
    Failure {
        attempt: &'a Attempt,
        /// Throttling or transient.
        class: Class,
        then: Then,
    },
}

/// What the client did about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Retried,
    /// It certainly ended the call there, on an error that it retries elsewhere.
    GaveUp,
    /// Something else may have ended the call, or it may never retry that error.
    Unclear,
}

/// An answer, as a classifier sees it.
type Answer<'a> = (&'a str, Option<&'a str>, Option<u16>);

fn answer<'a>(invocation: &'a Invocation, attempt: &'a Attempt) -> Answer<'a> {
    (&invocation.service, attempt.code.as_deref(), attempt.status)
}

/// The histories of all clients that mark what belongs to one call, trial by trial.
pub(super) fn histories(evidence: &Evidence) -> Vec<History<'_>> {
    let mut retried: BTreeSet<Answer<'_>> = BTreeSet::new();
    for (_, invocation) in evidence.trials.iter().flat_map(Trial::invocations).filter(|(_, i)| i.marked) {
        for pair in invocation.attempts.windows(2).filter(|pair| pair[1].row > 1) {
            retried.insert(answer(invocation, &pair[0]));
        }
    }
    let clients = evidence.trials.iter().flat_map(|trial| trial.clients.iter().map(move |client| (trial, client)));
    // What was tried on connections that nobody saw is in no count.
    let sighted = clients.filter(|(trial, _)| trial.unseen.is_empty());
    sighted
        .map(|(_, client)| {
            let mut events = Vec::new();
            for (index, invocation) in client.invocations.iter().enumerate().filter(|(_, i)| i.marked) {
                of(evidence, client, (index, invocation), &retried, &mut events);
            }
            // Of calls one after the other the order is known; of others, what comes back at the same moment comes first.
            let many = client.peak > 1;
            events.sort_by_key(|e| {
                (e.when, many && matches!(e.what, What::Failure { then, .. } if then != Then::Retried))
            });
            History { client, events }
        })
        .collect()
}

fn of<'a>(
    evidence: &Evidence,
    client: &'a Client,
    (index, invocation): (usize, &'a Invocation),
    retried: &BTreeSet<Answer<'a>>,
    events: &mut Vec<Event<'a>>,
) {
    for (at, attempt) in invocation.attempts.iter().enumerate() {
        let when = attempt.end_us.unwrap_or(attempt.at_us);
        let mut push = |what| events.push(Event { when, service: &invocation.service, what });
        if attempt.answered && attempt.class.is_none() {
            let before = at.checked_sub(1).and_then(|b| invocation.attempts.get(b));
            push(What::Success(before.filter(|b| b.backs_off() && attempt.row > 1)));
        } else if attempt.backs_off() {
            let then = match invocation.attempts.get(at + 1) {
                Some(next) if next.row > 1 => Then::Retried,
                None if attempt.answered
                    && !attempt.broken
                    && attempt.class != Some(Class::Quota)
                    && retried.contains(&answer(invocation, attempt))
                    && gave_up(evidence, client, index, invocation) =>
                {
                    Then::GaveUp
                }
                _ => Then::Unclear,
            };
            let class = if attempt.class == Some(Class::Transient) { Class::Transient } else { Class::Throttling };
            push(What::Failure { attempt, class, then });
        }
    }
}

/// Whether the client ended it with its last attempt. A call that ended while the client was waiting may have met its
/// deadline.
fn gave_up(evidence: &Evidence, client: &Client, index: usize, invocation: &Invocation) -> bool {
    let (Some(over), Some(last)) = (invocation.over_us, invocation.attempts.last()) else { return false };
    let call = invocation.call.and_then(|n| client.calls.binary_search_by_key(&n, |c| c.number).ok());
    let Some(call) = call.and_then(|at| client.calls.get(at)) else { return !invocation.asked_again };
    if call.invocations.last() != Some(&index) {
        // A loop above it went on with the next.
        return true;
    }
    last.end_us.is_some_and(|end| over.saturating_sub(end) <= evidence.slack.usual(5_000))
}
