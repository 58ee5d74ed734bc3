//! One call was attempted more often than any guidance allows.
//!
//! Counts the attempts that one SDK call sends before it ends or succeeds, and compares with the
//! profile's number, or with the smaller number that the client itself announces in `amz-sdk-request`.
//!
//! ## Why it matters
//! Each further attempt loads a service that is already in trouble; a call that never gives up keeps
//! the storm alive.
//! ## What to do
//! Give a call up after the attempts that the profile allows, the first one included.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior; guidance 1.2, 2.1 and 10 (C1)
//! ## Error probability
//! None: it is a count. `documented` allows the most that any published policy makes (10, against
//! `DynamoDB` 12). Where the client marks no calls, only repeats after errors that call for a retry count, and as
//! many of them may be calls of their own as the control asked for the operation beyond the rows of requests seen.

use brownout_mocks::service::Class;

use crate::evidence::{Attempt, Evidence};

use super::{Finding, Findings, Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct AttemptsExceeded;

impl Rule for AttemptsExceeded {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen) = (Findings::default(), 0);
        for trial in &evidence.trials {
            for (client, invocation) in trial.invocations() {
                let limit = evidence.profile.attempts_max(&invocation.service);
                let declared = invocation.attempts.iter().filter_map(|a| a.declared_max).min();
                let allowed = declared.map_or(limit.value, |d| d.min(limit.value));
                let (mut worst, mut row, mut before) = (0, 0u32, None::<&Attempt>);
                for (at, attempt) in invocation.attempts.iter().enumerate() {
                    let retry = attempt.row > 1 && before.is_some_and(|b| invocation.marked || b.backs_off());
                    row = if retry { row + 1 } else { 1 };
                    // As many calls as may be joined here share the row; one of them has at least this much.
                    let row = row.div_ceil(invocation.joints as u32 + 1);
                    seen += u64::from(attempt.class.is_some() && attempt.class != Some(Class::NotVisible));
                    if row > allowed && row > worst {
                        worst = row;
                        if row == allowed + 1 {
                            findings.add(|| Finding::about(trial, client.index, invocation, at.saturating_sub(1)));
                        }
                    }
                    before = Some(attempt);
                }
                // The finding was added at the first attempt too many; now their number is known.
                if let Some(finding) = findings.kept.last_mut().filter(|f| worst > 0 && f.message.is_empty()) {
                    let own = if allowed < limit.value { " by the client's own word" } else { "" };
                    let (times, most) = (told::count(worst.into(), "time"), told::count(allowed.into(), "attempt"));
                    finding.message =
                        format!("one {} was attempted {times}; at most {most} allowed{own}", invocation.operation);
                    finding.expected = format!("at most {most}");
                    finding.observed = told::count(worst.into(), "attempt");
                    finding.source.clone_from(&limit.source);
                }
            }
        }
        Ruling::of(findings, seen, "failed attempts", "no attempt failed")
    }
}
