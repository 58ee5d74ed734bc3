//! A program went on making new EC2 requests at the same pace while the action's bucket was empty.
//!
//! Looks at the time from the first refusal of an action to the next of its requests that is let through, and counts the
//! new calls in between, retries left out. A program that slows down makes few: with pauses that double they grow with
//! the logarithm of that time. Broken by more than 8 + 2 × log₂(1 + time ÷ 50 ms) + time ÷ 5 s of them, for each call
//! that the program has in progress at once.
//!
//! ## Why it matters
//! Each request takes a token or is refused, and all callers of the account share the bucket. A program that hands the
//! next item to its SDK as soon as the last one has failed keeps the bucket empty for everybody, however well the SDK
//! backs off.
//! ## What to do
//! Wait longer before each new call of an action as long as its calls end throttled.
//! ## Source
//! S0, query API request rate: fewer or slower requests once the limit is exceeded; guidance 4.1 and 10 (C24)
//! ## Error probability
//! Below 10⁻⁸ for a program whose pauses double from 50 ms or more after each refused call up to 20 s, even if each is
//! drawn between zero and its bound (each call beyond the doubling needs a draw of half its bound, the next of a quarter:
//! eight of them together 2⁻²⁸); none for one whose pauses are not drawn. Judged only where the client owns its demand,
//! and only by calls that it marks.

use std::collections::BTreeMap;

use brownout_mocks::service::Class;

use super::{Finding, Findings, Rule, Ruling, polls, told};
use crate::evidence::{Attempt, Client, Evidence, Invocation};

#[derive(Debug)]
pub(super) struct BucketOverrun;

/// The shortest first pause that any guidance names (guidance 1.3).
const BASE_S: f64 = 0.05;
/// Half of the longest pause that SDKs make (guidance 1.3), and half again for chance.
const CAPPED_S: f64 = 5.0;

/// New calls that a program which slows down may make in so many microseconds, for each one in progress.
fn allowed(time_us: u64) -> f64 {
    let seconds = time_us as f64 / 1e6;
    8.0 + 2.0 * (1.0 + seconds / BASE_S).log2() + seconds / CAPPED_S
}

/// A time in which an action was refused: until the next request that was let through.
#[derive(Default)]
struct Refused<'a> {
    since_us: Option<u64>,
    calls: u64,
    excess: Option<(&'a Invocation, u64, u64)>,
}

impl Rule for BucketOverrun {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.owns_demand {
            return Ruling::NotApplicable(polls::OURS.into());
        }
        let (mut findings, mut slowed, mut short) = (Findings::default(), 0, 0);
        for trial in &evidence.trials {
            for client in &trial.clients {
                for time in times(client) {
                    let Some((last, calls, time_us)) = time.excess else {
                        // Fewer calls than even the fastest program is allowed show nothing.
                        if time.calls >= 3 { slowed += 1 } else { short += 1 }
                        continue;
                    };
                    findings.add(|| Finding {
                        message: format!(
                            "{} was refused for {}, and the program began {} in that time without slowing down",
                            last.operation,
                            told::time(time_us),
                            told::count(calls, "new call"),
                        ),
                        expected: format!(
                            "at most {:.0} new calls, as from a program whose pauses grow with each refusal",
                            f64::from(client.peak) * allowed(time_us)
                        ),
                        observed: told::count(calls, "new call"),
                        source: "S0, query API request rate; guidance 4.1".into(),
                        ..Finding::about(trial, client.index, last, 0)
                    });
                }
            }
        }
        if findings.is_empty() && slowed == 0 && short > 0 {
            return Ruling::stuck(
                "the program made fewer than three new calls while its bucket was empty",
                "give it more calls to make, or a smaller bucket",
            );
        }
        Ruling::of(findings, slowed, "times of refusal that slowed the program down", "no EC2 call that the client marks was throttled")
    }
}

/// What one client did while each action was refused.
fn times(client: &Client) -> Vec<Refused<'_>> {
    let mut asked: Vec<(&Attempt, &Invocation, bool)> = Vec::new();
    for invocation in client.invocations.iter().filter(|i| i.marked && *i.service == *"ec2") {
        asked.extend(invocation.attempts.iter().enumerate().map(|(i, a)| (a, invocation, i == 0)));
    }
    asked.sort_by_key(|(attempt, ..)| (attempt.at_us, attempt.seq));
    let (mut over, mut now) = (Vec::new(), BTreeMap::<&str, Refused<'_>>::new());
    for (attempt, invocation, new) in asked {
        let refused = attempt.class == Some(Class::Throttling);
        let time = now.entry(&invocation.operation).or_default();
        if let Some(since_us) = time.since_us
            && new
            && attempt.at_us >= since_us
        {
            time.calls += 1;
            let time_us = attempt.at_us - since_us;
            if time.calls as f64 > f64::from(client.peak) * allowed(time_us) {
                time.excess = Some((invocation, time.calls, time_us));
            }
        }
        match attempt.end_us {
            Some(end) if refused => time.since_us = time.since_us.or(Some(end)),
            _ if time.since_us.is_some() => over.push(std::mem::take(time)),
            _ => {}
        }
    }
    over.extend(now.into_values().filter(|time| time.since_us.is_some()));
    over
}
