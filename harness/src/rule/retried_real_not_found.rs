//! A program asked again for what really does not exist.
//!
//! Looks at answers that something does not exist, where nobody made it in this story: not the program, and no
//! other client either. The very same request must not follow. Under `documented`, where waiters for what somebody
//! else will make are published, only a repeat within a second is too much.
//!
//! ## Why it matters
//! `NotFound` is for patience only right after one's own create. Everything else is a wrong id, or a thing that is
//! gone, and waiting for it never ends well.
//! ## What to do
//! Take NotFound for an answer, unless you have just made the resource yourself.
//! ## Source
//! S1, `NoSuchKey` and its like are permanent; S2, 404; S0, eventual consistency, for one's own creates; guidance C7
//! ## Error probability
//! None: asking again is a decision, not a draw. Judged only where the client owns its demand and the control,
//! the same client without faults, made the same request exactly once: then a further one is due to the answer, if
//! the operation was asked for more often in all, too.
//! Without that, a look-up that the program makes again for a reason of its own cannot be told from a retry. Repeats
//! within one call of an SDK are `retried_permanent_error`'s, and so are those of codes that retry lists name.

use std::collections::BTreeSet;

use brownout_mocks::service::{Class, THROTTLING_CODES, TRANSIENT_CODES};

use crate::evidence::{Attempt, Evidence};

use super::{Finding, Findings, Rule, Ruling, polls, told};

#[derive(Debug)]
pub(super) struct RetriedRealNotFound;

/// Patience that no waiter lacks, in microseconds.
const WAITERS_US: u64 = 1_000_000;

/// Whether an answer says for good that something does not exist.
fn missing(attempt: &Attempt) -> bool {
    if !attempt.answered || attempt.class != Some(Class::Permanent) {
        return false;
    }
    match attempt.code.as_deref().filter(|c| !c.is_empty()) {
        None => attempt.status == Some(404),
        Some(code) if THROTTLING_CODES.contains(&code) || TRANSIENT_CODES.contains(&code) => false,
        Some(code) => {
            let code = code.strip_suffix("Exception").unwrap_or(code);
            code.ends_with("NotFound") || code.starts_with("NoSuch") || code.ends_with("DoesNotExist")
        }
    }
}

impl Rule for RetriedRealNotFound {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.owns_demand {
            return Ruling::NotApplicable(polls::OURS.into());
        }
        let (mut findings, mut seen, mut unclear) = (Findings::default(), 0, 0);
        for trial in &evidence.trials {
            let made: BTreeSet<&str> = trial.attempts().flat_map(|a| &a.created).map(|id| &**id).collect();
            for client in &trial.clients {
                let requests = polls::requests(client);
                for row in requests.chunk_by(polls::Asked::same) {
                    let Some(at) = row.iter().position(|asked| missing(asked.attempt)) else { continue };
                    let first = row[at];
                    if first.invocation.names().any(|id| made.contains(&**id)) {
                        continue;
                    }
                    // Within one call it is the SDK's affair.
                    let again = row[at + 1..].iter().find(|r| !r.invocation.marked || r.invocation.id != first.invocation.id);
                    let Some(again) = again else {
                        seen += 1;
                        continue;
                    };
                    let pause = again.attempt.at_us.saturating_sub(first.end().unwrap_or(again.attempt.at_us));
                    let patient = !evidence.profile.exact && !polls::shorter(evidence, pause, WAITERS_US);
                    if !evidence.asked_once(client, first.invocation) || patient {
                        unclear += 1;
                        continue;
                    }
                    findings.add(|| Finding {
                        message: format!(
                            "{} answered {}, nobody had made it, and the program asked again {} later",
                            first.invocation.operation, told::answer(first.attempt), told::time(pause)
                        ),
                        expected: "one request".into(),
                        observed: told::count((row.len() - at) as u64, "request"),
                        source: "S1 and S2, permanent errors; guidance 10 (C7)".into(),
                        ..Finding::about(trial, client.index, again.invocation, again.index)
                    });
                }
            }
        }
        if findings.is_empty() && seen == 0 && unclear > 0 {
            return Ruling::stuck(
                "the program may have asked again for a reason of its own, or as a patient waiter",
                "judge a program of its own with `--profile ec2-poll`, and play the control",
            );
        }
        Ruling::of(findings, seen, "taken for an answer", "nothing was asked for that does not exist")
    }
}
