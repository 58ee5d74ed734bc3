//! Calls that are to happen once.

use brownout_mocks::journal::{EventKind, Trial};

use super::handmade::{told, verdict};
use super::story::*;
use crate::rule::Verdict::{Fail, NotApplicable, Pass};

/// A launch whose answers but the last are lost: for each attempt its body, and whether it took effect.
fn launch(operation: &str, attempts: &[(&str, bool)]) -> Trial {
    let mut trial = told(|s| {
        (s.service, s.operation) = ("ec2".into(), operation.into());
        s.call();
        for n in 1..=attempts.len() {
            s.attempt(500 * MS, if n == attempts.len() { Told::Fine } else { Told::Reset });
        }
        s.finish(true);
    });
    let mut events = Vec::new();
    for mut event in std::mem::take(&mut trial.events) {
        let of = |seq: u64| attempts[seq as usize - 1];
        let lost = match &mut event.kind {
            EventKind::AttemptReceived(received) => {
                received.body_hash = Some(of(received.seq).0.to_owned());
                None
            }
            EventKind::Answered(answered) => {
                answered.effect = of(answered.seq).1;
                None
            }
            EventKind::ConnectionClosed { seq: Some(seq), .. } => Some(*seq).filter(|seq| of(*seq).1),
            _ => None,
        };
        let at_us = event.at_us;
        events.push(event);
        events.extend(lost.map(|seq| brownout_mocks::journal::Event { at_us, kind: EventKind::TookEffect { seq } }));
    }
    trial.events = events;
    trial
}

#[test]
fn idempotency_token_changed() {
    let rule = "idempotency_token_changed";
    verdict(rule, "documented", &[launch("RunInstances", &[("a", true), ("b", true)])], Fail);
    verdict(rule, "documented", &[launch("RunInstances", &[("a", true), ("a", false), ("b", true)])], Fail);
    verdict(rule, "documented", &[launch("RunInstances", &[("a", true), ("a", false)])], Pass);
    // It was not done the first time, or not again: nothing is doubled.
    verdict(rule, "documented", &[launch("RunInstances", &[("a", false), ("b", true)])], NotApplicable);
    verdict(rule, "documented", &[launch("RunInstances", &[("a", true), ("b", false)])], Pass);
    // Behind an upstream the repeat of one token seems to take effect, too.
    verdict(rule, "documented", &[launch("RunInstances", &[("a", true), ("a", true)])], NotApplicable);
    // No token, and no mark of what belongs together.
    verdict(rule, "documented", &[launch("CreateTags", &[("a", true), ("b", true)])], NotApplicable);
    let mut unmarked = launch("RunInstances", &[("a", true), ("b", true)]);
    unmarked.events.retain(|e| !matches!(e.kind, EventKind::CallStarted { .. } | EventKind::CallFinished { .. }));
    for event in &mut unmarked.events {
        if let EventKind::AttemptReceived(received) = &mut event.kind {
            received.call = None;
        }
    }
    verdict(rule, "documented", &[unmarked], NotApplicable);
}
