//! A program modified what it had just made before any Describe had shown it.
//!
//! Looks at the first EC2 command that names a new id after the answer that named it first: before it, somebody must have
//! been shown the resource, by a Describe that names it or lists all, and that did not fail.
//!
//! ## Why it matters
//! The id may not have spread yet. The command then fails with `NotFound`, or, half of the time, works: the kind of fault
//! that no test finds.
//! ## What to do
//! Describe a new resource until it is shown, and change it only then.
//! ## Source
//! S0, eventual consistency: confirm the state of a resource before you run a command to modify it; guidance 4.3
//! ## Error probability
//! None: it is an order of events. Judged only where the client owns its demand, for ids that it was given itself in this
//! journal. A command that makes something else with the help of the resource does not modify it.

use crate::evidence::Evidence;

use super::polls::Asked;
use super::{Finding, Findings, Rule, Ruling, polls};

#[derive(Debug)]
pub(super) struct ModifiedUnconfirmed;

impl Rule for ModifiedUnconfirmed {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.owns_demand {
            return Ruling::NotApplicable(polls::OURS.into());
        }
        let (mut findings, mut seen) = (Findings::default(), 0);
        for trial in &evidence.trials {
            let (stories, lists) = polls::stories(trial);
            for story in stories {
                let Some((_, command)) = story.after.iter().find(|(client, r)| story.commands(*client, r)) else {
                    continue;
                };
                let in_time = |end: u64| end <= command.attempt.at_us;
                let shown = |r: &Asked<'_>| r.good() && r.reads() && r.end().is_some_and(in_time);
                let since = story.made.end().unwrap_or_default();
                let listed = &lists[lists.partition_point(|(at, _)| *at < since)..];
                if story.after.iter().any(|(_, r)| shown(r)) || listed.iter().any(|(_, end)| in_time(*end)) {
                    seen += 1;
                    continue;
                }
                findings.add(|| Finding {
                    message: format!(
                        "{} modified {}, which no Describe had shown since {} made it",
                        command.invocation.operation, story.id, story.made.invocation.operation
                    ),
                    expected: "a Describe that shows the new resource before the first command that modifies it".into(),
                    observed: "no Describe of it".into(),
                    source: "S0, eventual consistency; guidance 4.3".into(),
                    ..Finding::about(trial, story.client, command.invocation, command.index)
                });
            }
        }
        Ruling::of(findings, seen, "confirmed before they were modified", "nothing new was modified")
    }
}
