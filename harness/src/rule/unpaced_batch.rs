//! A program asked the same of many resources without a pause.
//!
//! Looks at rows of ten and more EC2 requests for one operation, each about another resource, with nothing else in
//! between: at least one of ten pauses must be longer than the program's own work takes, for which a twentieth
//! of a second is allowed. A fixed pause will do, and so will bursts with pauses between them.
//!
//! ## Why it matters
//! All callers of an account share one bucket per action. A loop over every volume empties it for everybody.
//! ## What to do
//! Pause between the requests of a batch, best for a varying time.
//! ## Source
//! S0, retries or batch processing: a sleep interval between successive requests, best increasing or variable; guidance 4.1
//! ## Error probability
//! None: a program that sleeps between requests, or after every few of them, is never so fast ten times in a row, and a
//! busy machine makes pauses longer, not shorter. Judged only where the client owns its demand and has one request in
//! progress at a time; requests without a target (a list, its pages) are no batch.

use crate::evidence::{Evidence, Invocation};

use super::{Finding, Findings, Rule, Ruling, polls, told};

#[derive(Debug)]
pub(super) struct UnpacedBatch;

/// S0 speaks of many resources and gives no number; ten calls at once are within any limit of EC2.
const MANY: usize = 10;

/// From the end of one request to the next, in microseconds, if both do the same to different resources.
fn pause(before: &Invocation, after: &Invocation) -> Option<u64> {
    let like = before.service == after.service && before.operation == after.operation && *before.service == *"ec2";
    let (from, to) = (before.target.as_ref()?, after.target.as_ref()?);
    let end = before.attempts.last()?.end_us?;
    (like && from != to).then(|| after.attempts.first().map(|a| a.at_us.saturating_sub(end)))?
}

impl Rule for UnpacedBatch {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.owns_demand {
            return Ruling::NotApplicable(polls::OURS.into());
        }
        let (mut findings, mut paced, mut at_once) = (Findings::default(), 0, false);
        for trial in &evidence.trials {
            for client in &trial.clients {
                let mut all: Vec<&Invocation> = client.invocations.iter().collect();
                all.sort_by_key(|i| i.attempts.first().map(|a| (a.at_us, a.seq)));
                let rows = all.chunk_by(|before, after| pause(before, after).is_some()).filter(|row| row.len() >= MANY);
                for row in rows {
                    if polls::threads(client).is_none() {
                        at_once = true;
                        continue;
                    }
                    let pauses: Vec<u64> = row.windows(2).filter_map(|w| pause(w[0], w[1])).collect();
                    let unpaced = pauses.chunk_by(|a, b| a.max(b) <= &polls::NO_PAUSE_US);
                    let longest = unpaced.filter(|run| run[0] <= polls::NO_PAUSE_US).map(<[u64]>::len).max().unwrap_or(0);
                    if longest + 1 < MANY {
                        paced += 1;
                        continue;
                    }
                    let last = row[row.len() - 1];
                    findings.add(|| Finding {
                        message: format!(
                            "{} was sent for {} in a row without a pause between them",
                            last.operation, told::count(longest as u64 + 1, "resource")
                        ),
                        expected: "a pause between the requests of a batch, best a varying one".into(),
                        observed: format!("pauses of at most {}", told::time(polls::NO_PAUSE_US)),
                        source: "S0, retries or batch processing; guidance 4.1".into(),
                        ..Finding::about(trial, client.index, last, 0)
                    });
                }
            }
        }
        if findings.is_empty() && paced == 0 && at_once {
            return Ruling::stuck(polls::AT_ONCE, polls::ONE_AT_A_TIME);
        }
        Ruling::of(findings, paced, "batches with pauses", "nothing was asked of ten resources in a row")
    }
}
