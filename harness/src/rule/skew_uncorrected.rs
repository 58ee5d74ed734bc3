//! A request that was refused for its date was sent again by the same wrong clock.
//!
//! Looks at refusals that blame date or signature while the answer's own `Date` is four minutes or more away from the
//! client's clock. A client that sends such a request again is to correct its clock by that date first, and then to
//! try once. Not to send it again is right, too.
//!
//! ## Why it matters
//! By the same clock the next signature is as wrong as the last one: the retry is lost, and so are all later calls.
//! ## What to do
//! Correct the clock by the answer's `Date` and try once more, or tell the caller.
//! ## Source
//! S1, `SignatureDoesNotMatch`; guidance 2.3 and 10 (C13)
//! ## Error probability
//! None: the published clients that correct their clock move the date by four minutes or more, and those that do not
//! correct it do not repeat. The date is compared with that of the attempt before, and the time between the two
//! is taken off, so that no clock but the client's own plays a part.

use std::collections::BTreeMap;

use brownout_mocks::clock::read_amz_date;

use crate::evidence::{Attempt, Evidence, Invocation};

use super::permanent::{self, Repeat};
use super::{Finding, Findings, Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct SkewUncorrected;

/// Clients correct their clock from here on, in seconds (guidance 2.3).
const NOTICED_S: u64 = 240;

/// Codes that may mean a wrong date (guidance 2.3).
const CODES: &[&str] = &[
    "AccessDeniedException",
    "AuthFailure",
    "InvalidSignatureException",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
];

fn skewed(_: &Invocation, attempt: &Attempt) -> bool {
    let code = attempt.code.as_deref().unwrap_or_default();
    attempt.date_off_s.is_some_and(|off| off.unsigned_abs() >= NOTICED_S) && CODES.contains(&code)
}

/// How far the client moved its clock between two attempts, in seconds; `None` without two dates.
fn moved(before: &Attempt, after: &Attempt) -> Option<u64> {
    let read = |attempt: &Attempt| read_amz_date(attempt.date.as_deref()?);
    let (one, two) = (read(before)?, read(after)?);
    let passed = (after.at_us.saturating_sub(before.at_us) / 1_000_000).cast_signed();
    let shown = match two.duration_since(one) {
        Ok(later) => i64::try_from(later.as_secs()).ok()?,
        Err(earlier) => -i64::try_from(earlier.duration().as_secs()).ok()?,
    };
    Some(shown.saturating_sub(passed).unsigned_abs())
}

impl Rule for SkewUncorrected {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (repeats, ended) = permanent::repeats(evidence, skewed);
        let (mut findings, mut counts) = (Findings::default(), BTreeMap::new());
        let seen = ended + repeats.len() as u64;
        for Repeat { trial, client, invocation, at, before, after } in repeats {
            let Some(moved) = moved(before, after) else { continue };
            let times = counts.entry((trial.number, client.index, invocation.id)).or_insert(0u32);
            *times += 1;
            let how = if moved < NOTICED_S {
                "by the same clock"
            } else if *times > 1 {
                "once more although its clock had been corrected"
            } else {
                continue;
            };
            let off = before.date_off_s.unwrap_or_default().unsigned_abs();
            findings.add(|| Finding {
                message: format!(
                    "{} was refused with {} by a server whose date was {} away, and attempt {} asked {how}",
                    invocation.operation,
                    told::answer(before),
                    told::seconds(off as f64),
                    after.number
                ),
                expected: "no repeat, or one by a corrected date".into(),
                observed: format!("the date moved by {}", told::seconds(moved as f64)),
                source: "guidance 2.3 and 10 (C13)".into(),
                ..Finding::about(trial, client.index, invocation, at)
            });
        }
        Ruling::of(findings, seen, "wrong dates not repeated", "nobody was refused for a wrong date")
    }
}
