//! A retry left before the time that the service had asked for was over.
//!
//! Looks at pauses after answers with HTTP's `Retry-After`, by clients that say that they honour it. The
//! pause must last as long as the hint says, five seconds at most. `x-amz-retry-after` is a hint of another
//! kind, and `retry_hint_ignored` speaks of it.
//!
//! ## Why it matters
//! The service said when capacity returns; coming early costs both sides an attempt.
//! ## What to do
//! Wait at least as long as the answer's `Retry-After` asks for.
//! ## Source
//! RFC 9110, section 10.2.3; guidance 1.5 and 10 (C17, C23)
//! ## Error probability
//! None for a client that honours the hint: it is never early. A shortest time needs two early
//! samples all the same, and three timely ones to pass. Clients that do not say that they honour the
//! header are not judged by it: botocore and the Rust SDK ignore `Retry-After`.

use crate::evidence::{Attempt, Evidence, Gap};
use crate::guidance::Honours;

use super::{Finding, Findings, Needs, Rule, Ruling, groups, told};

#[derive(Debug)]
pub(super) struct EarlyRetry;

/// A client may cut a hint to this much more than its own pause (guidance 1.5).
const HINT_MOST_MS: u64 = 5_000;

/// The shortest pause that this answer asks for, in microseconds.
fn asked(attempt: &Attempt) -> Option<u64> {
    // Of two hints, the JavaScript SDK follows the one it meets first.
    let hint = attempt.retry_after_ms?.min(attempt.x_amz_retry_after_ms.unwrap_or(u64::MAX));
    Some(hint.min(HINT_MOST_MS).saturating_mul(1_000))
}

impl Rule for EarlyRetry {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.honours.contains(&Honours::RetryAfter) {
            return Ruling::NotApplicable("the client does not say that it honours `Retry-After`".into());
        }
        let (mut early, mut seen): (Vec<(Gap<'_>, u64)>, u64) = (Vec::new(), 0);
        for gap in evidence.gaps().filter(|g| g.before.answered) {
            let Some(asked) = asked(gap.before) else { continue };
            seen += 1;
            // A hint of nothing asks for nothing.
            if asked > 0 && gap.us.saturating_add(evidence.slack.below_us) < asked {
                early.push((gap, asked));
            }
        }
        if early.len() >= 2 {
            let mut findings = Findings::default();
            for (gap, asked) in early {
                findings.add(|| Finding {
                    message: format!(
                        "attempt {} came {} after {} that asked for {}",
                        gap.invocation.attempts[gap.index].number,
                        told::time(gap.us),
                        told::answer(gap.before),
                        told::time(asked)
                    ),
                    expected: format!("at least {}", told::time(asked)),
                    observed: told::time(gap.us),
                    source: "RFC 9110, section 10.2.3; guidance 1.5".into(),
                    ..Finding::about(gap.trial, gap.client.index, gap.invocation, gap.index - 1)
                });
            }
            return Ruling::Fail(findings);
        }
        match (early.len(), seen) {
            (_, 0) => Ruling::NotApplicable("no retry followed a hint that the client honours".into()),
            (0, 3..) => Ruling::Pass(format!("{seen} hints honoured")),
            _ => {
                let told = format!("{seen} hints and {} early retry were seen", early.len());
                Ruling::Inconclusive(Needs::more(&told, groups::trials_for(evidence, seen, Some(3))))
            }
        }
    }
}
