//! A program took `NotFound` from a terminate or delete for success.
//!
//! Looks at commands that end something, answered `NotFound` although the thing exists: before the program ends, it
//! must ask about it once more, by a Describe that names it or lists all, or by the command itself.
//!
//! ## Why it matters
//! The answer does not say that the instance is gone. It may still run, and nobody will remember it but the bill.
//! ## What to do
//! Describe a resource before you take it for gone.
//! ## Source
//! S0, examples of eventual consistency errors: `TerminateInstances`; guidance 4.3
//! ## Error probability
//! None: asking is a decision, not a draw. Judged only where the client owns its demand, the endpoint knows that the thing
//! exists, and the program ended by itself without saying that it failed (a command's exit status).

use crate::evidence::Evidence;

use super::{Finding, Findings, Rule, Ruling, polls, told};

#[derive(Debug)]
pub(super) struct TerminateUnconfirmed;

/// Whether an operation is the end of what it names.
fn ends(operation: &str) -> bool {
    ["Terminate", "Delete", "DELETE "].iter().any(|start| operation.starts_with(start))
}

impl Rule for TerminateUnconfirmed {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.owns_demand {
            return Ruling::NotApplicable(polls::OURS.into());
        }
        let (mut findings, mut seen, mut open) = (Findings::default(), 0, 0);
        for trial in &evidence.trials {
            let last = polls::Last::of(trial);
            let failed = trial.exit.is_some_and(|exit| exit != 0);
            for client in &trial.clients {
                for command in polls::requests(client) {
                    if !command.hidden() || !ends(&command.invocation.operation) {
                        continue;
                    }
                    // Another client may look after it.
                    if failed || command.invocation.names().any(|id| last.asked_after(&command, id)) {
                        seen += 1;
                    } else if polls::content(trial) {
                        findings.add(|| Finding {
                            message: format!(
                                "{} answered {} for something that exists, and the program never asked about it again",
                                command.invocation.operation, told::answer(command.attempt)
                            ),
                            expected: "a Describe that shows its state before the program takes it for gone".into(),
                            observed: "nothing more about it".into(),
                            source: "S0, eventual consistency errors; guidance 4.3".into(),
                            ..Finding::about(trial, client.index, command.invocation, command.index)
                        });
                    } else {
                        open += 1;
                    }
                }
            }
        }
        if findings.is_empty() && seen == 0 && open > 0 {
            return Ruling::stuck("the journal ends before the program could ask again", polls::TO_ITS_END);
        }
        Ruling::of(findings, seen, "asked about again", "no terminate or delete met NotFound for something that exists")
    }
}
