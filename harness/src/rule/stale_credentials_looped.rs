//! Expired credentials were sent again, or fetched anew more than once.
//!
//! Looks at calls that were told that their token has expired. The client may hand that on, or fetch fresh
//! credentials once and sign the request anew with them. It may not send the old ones over and over, nor fetch
//! again and again.
//!
//! ## Why it matters
//! No pause makes an old token young. A loop hides from its owner that the refresh does not work, and a fleet that
//! fetches in a loop takes the credentials service down as well.
//! ## What to do
//! Fetch fresh credentials once when they have expired, or tell the caller.
//! ## Source
//! S1, `ExpiredToken`; guidance 7 (STS) and 10 (C13)
//! ## Error probability
//! None: it is a count. One repeat by old credentials is let pass, since it may have been about the date (C13). Of
//! credentials that are not from our endpoint nobody sees whether they are fresh, so that only repeats of the same
//! call count, and the second of them.

use std::collections::BTreeMap;

use crate::evidence::Evidence;

use super::permanent::{self, Repeat};
use super::{Finding, Findings, Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct StaleCredentialsLooped;

impl Rule for StaleCredentialsLooped {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (repeats, ended) = permanent::repeats(evidence, |_, before| permanent::says_expired(before));
        let (mut findings, mut stale) = (Findings::default(), BTreeMap::new());
        let seen = ended + repeats.len() as u64;
        for Repeat { trial, client, invocation, at, before, after } in repeats {
            let end = before.end_us.unwrap_or(after.at_us);
            let fetched = client.issued.iter().filter(|t| **t > end && **t <= after.at_us).count() as u64;
            let how = if fetched > u64::from(client.peak.max(1)) {
                format!("fresh ones were fetched {fetched} times")
            } else if before.session == after.session {
                let times = stale.entry((trial.number, client.index, invocation.id)).or_insert(0u32);
                *times += 1;
                if *times < 2 {
                    continue;
                }
                "the same ones were sent again".to_owned()
            } else {
                continue;
            };
            findings.add(|| Finding {
                message: format!(
                    "the credentials of {} had expired, and before attempt {} {how}",
                    invocation.operation, after.number
                ),
                expected: "the error goes to the caller, or one new request with fresh credentials".into(),
                observed: told::count(invocation.attempts.len() as u64, "attempt"),
                source: "S1, ExpiredToken; guidance 7".into(),
                ..Finding::about(trial, client.index, invocation, at)
            });
        }
        Ruling::of(findings, seen, "expired credentials let go", "no credentials had expired")
    }
}
