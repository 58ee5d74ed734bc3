//! A refusal of who asks, or when, was met with the same request again and again.
//!
//! Looks at what the client does after a 401, a 403, or a code that speaks of signature, date, token or access:
//! one repeat is free if its date or its credentials may have changed, a second one is not.
//!
//! ## Why it matters
//! A pause does not make a signature valid or grant a right. Repeats fill the logs in which an attack would show,
//! and may lock the account out.
//! ## What to do
//! Hand a refusal to the caller, or sign once more with what was wrong put right.
//! ## Source
//! S1, access errors; guidance 2.3, 5.1 and 10 (C13)
//! ## Error probability
//! None: published clients decide by code and status. Some correct their clock or fetch fresh credentials and send
//! the request once more (C13); none sends it a third time. Dates count whole seconds, so that the same date counts
//! against a client only if two seconds passed. `UnrecognizedClientException`, which one guide says to retry (C18),
//! and throttles that arrive as 403 (C8) are no such errors. Where the client marks no calls, as many repeats as the
//! control's like requests allow may be calls of their own.

use std::collections::BTreeMap;

use crate::evidence::{Attempt, Evidence};

use super::permanent::{self, Repeat};
use super::{Finding, Findings, Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct AuthErrorHammered;

/// Whether the repeat bears the same date and the same credentials: dates count whole seconds.
fn unchanged(before: &Attempt, after: &Attempt) -> bool {
    let later = after.gap_us.is_some_and(|gap| gap >= 2_000_000);
    later && before.date.is_some() && before.date == after.date && before.session == after.session
}

impl Rule for AuthErrorHammered {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (repeats, ended) = permanent::repeats(evidence, |_, before| permanent::about_signature(before));
        let mut findings = Findings::default();
        let (mut counts, seen) = (BTreeMap::new(), ended + repeats.len() as u64);
        for Repeat { trial, client, invocation, at, before, after } in repeats {
            let count = counts.entry((trial.number, client.index, invocation.id)).or_insert(0u32);
            *count += 1;
            let stale = unchanged(before, after);
            if *count < 2 && !stale {
                continue;
            }
            let how = if stale { ", by the same date and credentials" } else { "" };
            findings.add(|| Finding {
                message: format!(
                    "{} answered {}, and attempt {} asked again{how}",
                    invocation.operation,
                    told::answer(before),
                    after.number,
                ),
                expected: "at most one more attempt, signed anew".into(),
                observed: told::count(invocation.attempts.len() as u64, "attempt"),
                source: "S1; guidance 2.3 and 10 (C13)".into(),
                ..Finding::about(trial, client.index, invocation, at)
            });
        }
        Ruling::of(findings, seen, "refusals taken for what they are", "nobody was refused for who asked, or when")
    }
}
