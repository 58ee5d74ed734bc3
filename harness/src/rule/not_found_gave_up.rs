//! A program took the first `NotFound` for its own new resource as final.
//!
//! Looks at `NotFound` answers inside the window in which a created id is not visible yet: the program
//! must ask again at least once, for each of them.
//!
//! ## Why it matters
//! EC2 is eventually consistent. A program that gives up leaves an instance behind that nobody owns.
//! ## What to do
//! Poll with growing pauses until what you have just made is visible.
//! ## Source
//! S0, eventual consistency; guidance 4.3 and 10 (C7)
//! ## Error probability
//! None: asking again is a decision, not a draw. Judged only where the client owns its demand, the
//! endpoint knows that the id exists, and the client went on or ended by itself afterwards.

use std::collections::BTreeSet;

use brownout_mocks::service::Class;

use crate::evidence::{Client, Evidence, Invocation};

use super::{Finding, Findings, Rule, Ruling};

#[derive(Debug)]
pub(super) struct NotFoundGaveUp;

/// The longest pause between two polls that any guidance allows: five minutes (S0).
const POLL_MOST_US: u64 = 300_000_000;

impl Rule for NotFoundGaveUp {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.owns_demand {
            return Ruling::NotApplicable("brownout's workload does the calling; SDKs never repeat a NotFound".into());
        }
        let (mut findings, mut asked_again, mut open) = (Findings::default(), 0, 0);
        for trial in &evidence.trials {
            let left = trial.ended_us.is_some() && trial.signal.is_none() && trial.hung.is_empty();
            for client in &trial.clients {
                for (invocation, a) in first_not_found(client) {
                    let first = &invocation.attempts[a];
                    let again = client
                        .invocations
                        .iter()
                        .any(|other| about(invocation, other) && other.attempts.iter().any(|x| x.seq > first.seq));
                    let gone_on = client.last_us
                        > first.end_us.unwrap_or(u64::MAX).saturating_add(evidence.slack.above(POLL_MOST_US));
                    if again {
                        asked_again += 1;
                    } else if left || gone_on {
                        findings.add(|| Finding {
                            message: format!(
                                "{} answered {} for a resource that the client had just created, and the client never \
                                 asked again",
                                invocation.operation,
                                super::told::answer(first)
                            ),
                            expected: "polling with growing pauses until the resource is visible".into(),
                            observed: "one request".into(),
                            source: "S0, eventual consistency; guidance 4.3".into(),
                            ..Finding::about(trial, client.index, invocation, a)
                        });
                    } else {
                        open += 1;
                    }
                }
            }
        }
        match (findings.is_empty(), asked_again, open) {
            (true, 0, 1..) => {
                Ruling::stuck("the journal ends before the client could ask again", super::polls::TO_ITS_END)
            }
            _ => {
                Ruling::of(findings, asked_again, "clients asked again", "no NotFound for a new resource was answered")
            }
        }
    }
}

/// Whether another request asks for one of the things that this one asked for: by name, or for all there are.
fn about(this: &Invocation, other: &Invocation) -> bool {
    if this.names().next().is_none() || (other.names().next().is_none() && other.service == this.service) {
        return other.operation == this.operation || !other.mutates;
    }
    other.names().any(|name| this.names().any(|own| own == name))
}

/// The earliest `NotFound` for each resource that exists: invocation and attempt.
fn first_not_found(client: &Client) -> Vec<(&Invocation, usize)> {
    let mut all: Vec<(u64, &Invocation, usize)> = Vec::new();
    for invocation in &client.invocations {
        let attempts = invocation.attempts.iter().enumerate();
        all.extend(attempts.filter(|(_, x)| x.class == Some(Class::NotVisible)).map(|(a, x)| (x.at_us, invocation, a)));
    }
    all.sort_by_key(|(at_us, ..)| *at_us);
    let mut seen = BTreeSet::new();
    // One that names nothing stands for all.
    all.retain(|(_, invocation, _)| {
        let new: Vec<bool> = invocation.names().map(|name| seen.insert(Some(name))).collect();
        if new.is_empty() { seen.insert(None) } else { new.contains(&true) }
    });
    all.into_iter().map(|(_, invocation, a)| (invocation, a)).collect()
}
