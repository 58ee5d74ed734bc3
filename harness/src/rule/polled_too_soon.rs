//! A program looked again too soon after the first `NotFound` for what it had just made.
//!
//! Takes the first pause after a `NotFound` for a resource that exists, where the very same request follows: it
//! must last as long as the profile's shortest pause between two looks. Under `documented` one second is enough.
//! Pauses after it belong to `not_found_hammered` and `polling_not_slowing`.
//!
//! ## Why it matters
//! What was made a moment ago needs seconds to spread. Looking again at once finds nothing, and draws from the
//! account's request bucket.
//! ## What to do
//! Wait a couple of seconds before you look again for what you have just made.
//! ## Source
//! S0, eventual consistency: begin with a couple of seconds; Smithy's waiters, `minDelay` 2 s; guidance 4.3, 9 and C7
//! ## Error probability
//! Under exact profiles none: the profile's pauses are never shorter, whatever is drawn, and the clock's error is given.
//! Under `documented` 10⁻⁸ per scenario and client, at any number of trials: a bet against P(pause < 1 s) ≤ 1/2, which
//! is that of full jitter from a couple of seconds on; waiters of the SDKs have 0. Judged only where the client owns
//! its demand. A program may ask by turns from two threads: there the time from one
//! request to the next but one counts, which no two right threads can make shorter; where requests overlap, or
//! something else was asked in between, nothing is said.

use crate::evidence::Evidence;

use crate::stats::Duel;

use super::{Finding, Findings, Rule, Ruling, polls, told};

#[derive(Debug)]
pub(super) struct PolledTooSoon;

/// How often who looks too soon does wait for long enough, by chance: one such wait clears.
const NEVER: f64 = 1e-5;

impl Rule for PolledTooSoon {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.owns_demand {
            return Ruling::NotApplicable(polls::OURS.into());
        }
        let (mut findings, mut seen, mut unclear, mut duel) = (Findings::default(), 0, 0, Duel::new(1));
        let least = polls::soonest(evidence);
        for trial in &evidence.trials {
            for client in &trial.clients {
                let requests = polls::requests(client);
                let threads = polls::threads(client);
                for row in polls::waits(&requests).filter(|row| row[0].hidden()) {
                    let hidden = row.iter().take_while(|asked| asked.hidden()).count();
                    let after = threads.filter(|n| hidden >= *n).and_then(|n| row.get(n));
                    let pause = after.and_then(|after| after.attempt.at_us.checked_sub(row[0].end()?));
                    let (Some(after), Some(pause)) = (after, pause) else {
                        let lone = row[1].attempt.at_us.saturating_sub(row[0].end().unwrap_or_default());
                        if polls::shorter(evidence, lone, least) {
                            unclear += 1;
                        } else {
                            seen += 1;
                            duel.see(false, 0.5, NEVER);
                        }
                        continue;
                    };
                    seen += 1;
                    let short = polls::shorter(evidence, pause, least);
                    duel.see(short, 0.5, NEVER);
                    if short {
                        findings.add(|| Finding {
                            message: format!(
                                "{} answered {} for what the program had just made, and was asked again{} within {}",
                                after.invocation.operation,
                                told::answer(row[0].attempt),
                                if threads == Some(2) { " twice" } else { "" },
                                told::time(pause)
                            ),
                            expected: format!("a first pause of {} or more", told::time(least)),
                            observed: told::time(pause),
                            source: "S0, eventual consistency; guidance 4.3 and 9".into(),
                            ..Finding::about(trial, client.index, after.invocation, after.index)
                        });
                    }
                }
            }
        }
        if findings.is_empty() && seen == 0 && unclear > 0 {
            return Ruling::stuck("two threads of the program may have asked in turn", polls::ONE_AT_A_TIME);
        }
        let nothing = "no NotFound for a new resource was asked about again";
        polls::rule_short(evidence, findings, seen, &duel, "first pauses long enough", nothing)
    }
}
