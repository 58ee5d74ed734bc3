//! A retry came earlier than `x-amz-retry-after` asks for, or later than it allows.
//!
//! Looks at pauses after answers with that header, by clients that honour it. Such a client takes the hint
//! for its pause, but neither less than what it would have drawn nor five seconds more than that. Seen from
//! outside: at least the hint, or five seconds of a longer one; at most the hint, or five seconds more than
//! its longest pause.
//!
//! ## Why it matters
//! The service knows when it has capacity again. Coming early costs both sides an attempt; waiting for as long
//! as a hint says, however long, lets one wrong answer stop a client for an hour.
//! ## What to do
//! Wait as long as `x-amz-retry-after` says, within the profile's bounds.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior; guidance 1.5 and 1.8
//! ## Error probability
//! None for a client that honours the header: both bounds hold for any draw. One pause that is too long is
//! enough; a pause that is too short needs a second one like it, for clocks differ. Three timely ones pass. An
//! answer with both headers is left out, since of two hints clients follow the one that they meet first. Who does
//! not say that it honours the header is not judged by it: no version of HTTP asks for it, the SDK for Rust's older
//! retries take it without the limit, and botocore's ignored it.

use crate::evidence::{Evidence, Gap};
use crate::guidance::Honours;

use super::{Finding, Findings, Needs, Rule, Ruling, groups, told};

#[derive(Debug)]
pub(super) struct RetryHintIgnored;

/// A hint lengthens a pause by no more than this.
const EXTRA_US: u64 = 5_000_000;

/// The pauses that a hint allows, in microseconds: from and until.
fn allowed(evidence: &Evidence, gap: &Gap<'_>, hint_us: u64) -> Option<(u64, u64)> {
    let own = (evidence.own_pause(gap.invocation, gap.before)? * 1e6) as u64;
    let most = own.max(hint_us.min(own.saturating_add(EXTRA_US)));
    let limiter = (evidence.limiter_wait(gap.client, gap.before) * 1e6) as u64;
    Some((hint_us.min(EXTRA_US), most.saturating_add(limiter)))
}

impl Rule for RetryHintIgnored {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.honours.contains(&Honours::XAmzRetryAfter) {
            return Ruling::NotApplicable("neither profile nor client says that it honours `x-amz-retry-after`".into());
        }
        let (mut early, mut late, mut seen) = (Findings::default(), Findings::default(), 0);
        for gap in evidence.gaps().filter(|g| g.before.answered && g.before.retry_after_ms.is_none()) {
            let Some(hint) = gap.before.x_amz_retry_after_ms.map(|ms| ms.saturating_mul(1_000)) else { continue };
            let Some((least, most)) = allowed(evidence, &gap, hint) else { continue };
            seen += 1;
            // A hint of nothing asks for nothing.
            if least > 0 && gap.us.saturating_add(evidence.slack.below_us) < least {
                early.add(|| finding(&gap, hint, &format!("at least {}", told::time(least))));
            } else if gap.us > evidence.most(most, gap.ran_us) {
                late.add(|| finding(&gap, hint, &format!("at most {}", told::time(most))));
            }
        }
        if early.total >= 2 {
            late.join(early);
            return Ruling::Fail(late);
        }
        match (late.total, early.total, seen) {
            (1.., ..) => Ruling::Fail(late),
            (_, _, 0) => Ruling::NotApplicable("no retry followed an answer with `x-amz-retry-after`".into()),
            (_, 0, 3..) => Ruling::Pass(format!("hints honoured: {seen}")),
            (_, early, _) => {
                let hints = format!("{} were seen, {early} of them followed too early", told::count(seen, "hint"));
                Ruling::Inconclusive(Needs::more(&hints, groups::trials_for(evidence, seen, Some(3))))
            }
        }
    }
}

fn finding(gap: &Gap<'_>, hint: u64, expected: &str) -> Finding {
    Finding {
        message: format!(
            "attempt {} came {} after {} with `x-amz-retry-after: {}`; take the hint for the pause, but for no less \
             than the pause drawn and for no more than 5 s above it",
            gap.invocation.attempts[gap.index].number,
            told::time(gap.us),
            told::answer(gap.before),
            hint / 1_000
        ),
        expected: expected.to_owned(),
        observed: told::time(gap.us),
        source: "AWS SDKs and Tools Reference Guide, retry behavior; guidance 1.5".into(),
        ..Finding::about(gap.trial, gap.client.index, gap.invocation, gap.index - 1)
    }
}
