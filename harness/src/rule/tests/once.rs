//! Calls that are to happen once, and reads of what was written a moment ago.

use brownout_mocks::journal::{EventKind, Trial};

use super::handmade::{told, verdict};
use super::story::*;
use crate::rule::Verdict::{Fail, Inconclusive, NotApplicable, Pass};

/// A launch whose answers but the last are lost: for each attempt its token, and whether it took effect.
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
                received.token_hash = Some(of(received.seq).0.to_owned());
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

/// A program reads one item again and again after these pauses; the first `stale` answers are old.
fn reads(stale: usize, pauses: &[u64]) -> Trial {
    let mut trial = told(|s| {
        (s.service, s.operation, s.target) = ("dynamodb".into(), "GetItem".into(), Some("orders".into()));
        s.tagged = false;
        for pause in pauses {
            s.call().attempt(*pause, Told::Fine);
        }
    });
    trial.header.owns_demand = true;
    let mut events = Vec::new();
    for mut event in std::mem::take(&mut trial.events) {
        let mut decided = None;
        if let EventKind::AttemptReceived(received) = &mut event.kind {
            received.body_hash = Some("key 1".into());
            decided = Some(received.seq).filter(|seq| *seq <= stale as u64);
        }
        let at_us = event.at_us;
        events.push(event);
        events.extend(decided.map(|seq| brownout_mocks::journal::Event {
            at_us,
            kind: EventKind::StepDecided {
                seq,
                step: Some("behind".into()),
                faults: vec!["not_visible".into()],
                admitted: Vec::new(),
                why: Vec::new(),
            },
        }));
    }
    trial.events = events;
    trial
}

#[test]
fn a_program_that_waits_for_its_own_write_slows_down() {
    let rule = "not_found_hammered";
    verdict(rule, "ec2-poll", &[reads(80, &[100 * MS; 81])], Fail);
    verdict(rule, "ec2-poll", &[reads(80, &[5_000 * MS; 81])], Pass);
    verdict(rule, "ec2-poll", &[reads(8, &[100 * MS; 9])], Inconclusive);
    // Whoever reads on was not waiting for it, nor was one that read something else or left before.
    verdict(rule, "ec2-poll", &[reads(80, &[100 * MS; 82])], NotApplicable);
    verdict(rule, "ec2-poll", &[reads(80, &[100 * MS; 80])], NotApplicable);
    verdict(rule, "ec2-poll", &[reads(0, &[100 * MS; 80])], NotApplicable);
    let growing: Vec<u64> = (0..6).map(|n| (2_000 * MS) << n).collect();
    let trials: Vec<Trial> = (0..40).map(|_| reads(5, &growing)).collect();
    verdict(rule, "ec2-poll", &trials, Pass);
}
