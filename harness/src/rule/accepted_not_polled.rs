//! A program took work that was accepted with a 202 for done, or asked for its result without a pause.
//!
//! Looks at 202 answers that name a place to ask at: before the program ends, somebody must ask there; and while the
//! answer is that the work goes on, a pause must lie between two requests.
//!
//! ## Why it matters
//! A 202 says that the work was begun. Whether it was done, and what came of it, stands in another answer; and who asks
//! for that without a pause loads the service that is busy with it.
//! ## What to do
//! Ask for the result of accepted work, with pauses that grow, until it is done.
//! ## Source
//! S2, 503: 202 Accepted, and the results later; RFC 9110, 15.3.3; guidance 13.2 (R61)
//! ## Error probability
//! Asking is a decision, not a draw. Pauses are blamed where six in a row of one wait are no longer than a program's own
//! work, a twentieth of a second: full jitter over two seconds, doubling, does that in one wait of 10¹⁴. Judged only where
//! the client owns its demand, and ended by itself without saying that it failed (a command's exit status); a program
//! whose requests overlap may ask from several threads.

use std::collections::BTreeSet;

use crate::evidence::Evidence;

use super::{Finding, Findings, Rule, Ruling, polls, told};

#[derive(Debug)]
pub(super) struct AcceptedNotPolled;

/// So many pauses of nothing in a row are no draw.
const HASTY: usize = 6;

const SOURCE: &str = "S2, 503; RFC 9110, 15.3.3; guidance 13.2 (R61)";

impl Rule for AcceptedNotPolled {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.owns_demand {
            return Ruling::NotApplicable(polls::OURS.into());
        }
        let (mut findings, mut seen, mut open) = (Findings::default(), 0, 0);
        for trial in &evidence.trials {
            let failed = trial.exit.is_some_and(|exit| exit != 0);
            let places = trial.attempts().filter(|a| a.status == Some(202)).flat_map(|a| &a.created);
            let jobs: BTreeSet<&str> = places.map(|place| &**place).collect();
            if jobs.is_empty() {
                continue;
            }
            let last = polls::Last::of(trial);
            for client in &trial.clients {
                let requests = polls::requests(client);
                for accepted in requests.iter().filter(|r| r.good() && r.attempt.status == Some(202)) {
                    let Some(place) = accepted.attempt.created.first() else { continue };
                    if failed || last.asked_after(accepted, place) {
                        seen += 1;
                    } else if polls::content(trial) {
                        findings.add(|| Finding {
                            message: format!(
                                "{} was accepted with a 202, and the program never asked what had become of it",
                                accepted.invocation.operation
                            ),
                            expected: "the result is asked for, with pauses, until the work is done".into(),
                            observed: format!("no request for {place}"),
                            source: SOURCE.into(),
                            ..Finding::about(trial, client.index, accepted.invocation, accepted.index)
                        });
                    } else {
                        open += 1;
                    }
                }
                let Some(threads) = polls::threads(client) else { continue };
                for row in polls::waits(&requests).filter(|row| row[0].attempt.unsettled) {
                    let pauses = polls::pauses(row, threads);
                    let mut hasty = pauses.windows(HASTY).filter(|run| run.iter().all(|(p, _)| *p <= polls::NO_PAUSE_US));
                    let Some((pause, asked)) = hasty.next().map(|run| run[0]).filter(|_| row[0].invocation.names().any(|id| jobs.contains(&**id))) else { continue };
                    findings.add(|| Finding {
                        message: format!(
                            "{} was asked again {} after it had said that the work goes on",
                            asked.invocation.operation, told::time(pause)
                        ),
                        expected: "a pause between two looks, best a growing one".into(),
                        observed: told::time(pause),
                        source: SOURCE.into(),
                        ..Finding::about(trial, client.index, asked.invocation, asked.index)
                    });
                }
            }
        }
        if findings.is_empty() && seen == 0 && open > 0 {
            return Ruling::stuck("the journal ends before the program could ask for the result", polls::TO_ITS_END);
        }
        Ruling::of(findings, seen, "results asked for", "no work was accepted for later")
    }
}
