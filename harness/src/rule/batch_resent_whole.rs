//! Entries of a batch that were done, or that never will be, were sent again with those that failed.
//!
//! Looks at batches that came back half done: `BatchWriteItem`, `PutRecords`, `SendMessageBatch` and their kind answer
//! 200 and list what failed. The program is to send those entries again, after a pause, and only those; an entry
//! that failed for good is not to be sent again at all.
//!
//! ## Why it matters
//! The entries that are sent again needlessly are the load under which the others failed, and where an entry has an
//! effect each time, as a message has, it happens twice.
//! ## What to do
//! Send only the entries again that the answer lists as failed, after a pause that grows.
//! ## Source
//! DynamoDB Developer Guide, error handling, batch operations; guidance 7
//! ## Error probability
//! None for what was sent again: the control shows which entries the program sends once when nothing fails, and
//! each failure allows one more sending. Entries that the control sent more than once, or not at all, are left out, and
//! so is a client that sent no more entries in all than the control.
//! 10⁻⁸ for sending at once, at any number of trials: the bet of `no_backoff`, on these pauses.

use std::collections::BTreeMap;
use std::sync::Arc;

use brownout_mocks::service::Class;

use crate::evidence::{Attempt, Client, Evidence, Invocation, Trial};
use crate::stats::Duel;

use super::{Finding, Findings, Needs, Rule, Ruling, groups, permanent, told};

#[derive(Debug)]
pub(super) struct BatchResentWhole;

/// Codes of entries that fail again whenever they are sent (guidance 7, EventBridge), beside those of whole requests.
const FINAL: &[&str] =
    &["AccessDenied", "InvalidArgument", "MalformedDetail", "NotAuthorizedForDetailTypeException", "NotAuthorizedForSourceException"];

/// What became of one entry.
#[derive(Default)]
struct Fate<'a> {
    sent: u64,
    /// How often it failed in a way that allows another try.
    failed: u64,
    /// Whether it was settled, done or failed for good, in an answer that others failed in.
    settled: bool,
    /// When an answer last said that it failed, and which attempt that was.
    failed_us: Option<u64>,
    last: Option<(&'a Invocation, usize)>,
}

impl Rule for BatchResentWhole {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen, mut duel, mut at_once) = (Findings::default(), 0, Duel::new(1), None);
        let mut partial = false;
        for trial in &evidence.trials {
            for client in &trial.clients {
                let mut fates: BTreeMap<(&str, &Arc<str>), Fate<'_>> = BTreeMap::new();
                for (invocation, index) in in_order(client) {
                    let attempt = &invocation.attempts[index];
                    partial |= attempt.partly_failed.is_some();
                    let pause = follow(evidence, client, invocation, index, &mut fates);
                    if let (Some(us), Some(numbers)) = (pause, evidence.numbers(&invocation.service, Class::Throttling)) {
                        let nothing = evidence.slack.nothing();
                        let hit = us <= nothing;
                        // Timers of some clients drop the fraction of a millisecond.
                        duel.see(hit, (nothing + 1_000) as f64 / 1e6 / numbers.least[0], 0.1);
                        at_once = at_once.or(Some((trial, client, invocation, index)).filter(|_| hit));
                    }
                }
                seen += fates.values().filter(|f| f.settled).count() as u64;
                let again = fates.values().filter(|f| f.settled && f.sent > 1 + f.failed);
                let mut shown: BTreeMap<u64, (u64, &Invocation, usize)> = BTreeMap::new();
                for (invocation, index) in again.filter_map(|f| f.last) {
                    shown.entry(invocation.attempts[index].seq).or_insert((0, invocation, index)).0 += 1;
                }
                // What goes into a batch may be left to chance, and an entry be sent twice that nobody repeats: then no more
                // are sent in all than without faults.
                shown.retain(|_, (_, invocation, _)| {
                    let of = client.invocations.iter().filter(|i| i.operation == invocation.operation);
                    let sent = of.flat_map(|i| &i.attempts).map(|a| a.entries.len() as u64).sum();
                    evidence.batched_more(client, invocation, sent)
                });
                for (entries, invocation, index) in shown.into_values() {
                    let of = invocation.attempts[index].entries.len();
                    findings.add(|| finding(trial, client, invocation, index, &format!(
                        "{entries} of the {of} entries of a {} had been settled before and were sent again",
                        invocation.operation
                    )));
                }
            }
        }
        if let (Some(true), Some((trial, client, invocation, index))) = (duel.decision(), at_once) {
            let what = format!("{} of {} batches of failed entries were sent at once", duel.hits(), duel.samples());
            findings.add(|| finding(trial, client, invocation, index, &what));
        }
        if partial && seen == 0 && findings.is_empty() && evidence.owns_demand && !evidence.controlled() {
            return Ruling::stuck(
                "without a control nobody knows which entries the program means to send once",
                "play the control, too (leave `--no-control` out)",
            );
        }
        if findings.is_empty() && seen > 0 && duel.samples() > 0 && duel.hits() > 0 && duel.decision().is_none() {
            let pauses = format!("{} before failed entries were seen", told::count(duel.samples(), "pause"));
            let trials = groups::trials_for(evidence, duel.samples(), duel.needs());
            return Ruling::Inconclusive(Needs::more(&pauses, trials));
        }
        Ruling::of(findings, seen, "entries of half-done batches left alone once settled", "no batch was half done whose entries the control had sent once")
    }
}

/// The attempts of a client that are batches, as they arrived.
fn in_order(client: &Client) -> Vec<(&Invocation, usize)> {
    let batches = client.invocations.iter().flat_map(|i| (0..i.attempts.len()).map(move |at| (i, at)));
    let mut all: Vec<_> = batches.filter(|(i, at)| !i.attempts[*at].entries.is_empty()).collect();
    all.sort_by_key(|(i, at)| i.attempts[*at].seq);
    all
}

/// Notes what became of the entries of one attempt; returns the pause since one of them last failed inside a good
/// answer.
fn follow<'a>(
    evidence: &Evidence,
    client: &'a Client,
    invocation: &'a Invocation,
    index: usize,
    fates: &mut BTreeMap<(&'a str, &'a Arc<str>), Fate<'a>>,
) -> Option<u64> {
    let attempt = &invocation.attempts[index];
    let mut since = None;
    for (nth, entry) in attempt.entries.iter().enumerate() {
        if !evidence.batched_once(client, invocation, entry) {
            continue;
        }
        let fate = fates.entry((&*invocation.operation, entry)).or_default();
        fate.sent += 1;
        fate.last = Some((invocation, index));
        since = since.max(fate.failed_us.take());
        match outcome(invocation, attempt, nth as u64) {
            Outcome::Unknown => fate.failed += 1,
            Outcome::Failed => {
                fate.failed += 1;
                fate.failed_us = attempt.end_us;
            }
            Outcome::Settled(beside_failures) => fate.settled |= beside_failures,
        }
    }
    attempt.at_us.checked_sub(since?)
}

/// What became of one entry in one attempt.
enum Outcome {
    /// The whole request failed, or nobody heard.
    Unknown,
    /// The answer says that it failed, and may succeed later.
    Failed,
    /// It was done, or failed for good; whether others failed beside it.
    Settled(bool),
}

fn outcome(invocation: &Invocation, attempt: &Attempt, nth: u64) -> Outcome {
    if !attempt.answered || attempt.class.is_some() {
        return Outcome::Unknown;
    }
    match &attempt.partly_failed {
        Some(part) if part.entries.contains(&nth) => {
            let code = part.code.as_str();
            let is_final = FINAL.contains(&code) || permanent::names_final(&invocation.service, code);
            if is_final { Outcome::Settled(true) } else { Outcome::Failed }
        }
        part => Outcome::Settled(part.is_some()),
    }
}

fn finding(trial: &Trial, client: &Client, invocation: &Invocation, at: usize, what: &str) -> Finding {
    Finding {
        message: what.to_owned(),
        expected: "only the entries that failed, after a pause".into(),
        observed: what.to_owned(),
        source: "DynamoDB Developer Guide, error handling; guidance 7".into(),
        ..Finding::about(trial, client.index, invocation, at)
    }
}
