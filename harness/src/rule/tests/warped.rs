//! Programs that we did not write, in warp time: what their journals say of the clock, and what chance asks for.

use brownout_mocks::clock::Time;
use brownout_mocks::journal::{Event, EventKind, Segment, Trial};
use brownout_mocks::random::Seed;

use super::handmade::{done, told, verdict};
use super::programs::{LOOK, S, played};
use super::story::*;
use crate::rule::Verdict::{Fail, Inconclusive, NotApplicable, Pass};

/// The same in warp time: of each silence the clock was moved over all but `ran`.
fn warped(mut trial: Trial, ran: u64) -> Trial {
    trial.header.time = Time::Warp;
    trial.header.client = "command".into();
    let (mut before, mut events) = (0, Vec::new());
    for event in trial.events {
        if event.at_us > before + ran {
            events
                .push(Event { at_us: event.at_us, kind: EventKind::ClockMoved { by_us: event.at_us - before - ran } });
        }
        before = event.at_us;
        events.push(event);
    }
    trial.events = events;
    trial
}

/// The same without its moves.
fn blind(mut trial: Trial) -> Trial {
    trial.events.retain(|e| !matches!(e.kind, EventKind::ClockMoved { .. }));
    trial
}

fn control(mut trial: Trial) -> Trial {
    trial.header.segment = Segment::Control;
    trial
}

/// Calls of a marked client that fail twice, and are retried after these pauses.
fn retried(pauses: impl Fn(u64) -> [u64; 2]) -> Trial {
    let trial = told(|s| {
        (s.tagged, s.max) = (false, Some(3));
        for n in 0..240 {
            let [first, second] = pauses(n);
            s.call().attempt(300 * MS, BUSY).attempt(first, BUSY).attempt(second, Told::Fine);
        }
    });
    warped(trial, 3 * MS)
}

#[test]
fn a_pause_is_known_as_well_as_the_clock_was_moved() {
    let (mut random, mut drawn) = (Seed { run: 1, trial: 0 }.named("warped", 0), Vec::new());
    drawn.resize_with(480, || random.unit());
    let right = retried(|n| [(drawn[n as usize] * 1e6) as u64, (drawn[240 + n as usize] * 2e6) as u64]);
    let same = retried(|_| [400 * MS, 800 * MS]);
    let flat = retried(|_| [400 * MS, 400 * MS]);
    for rule in
        ["unjittered_backoff", "fixed_backoff", "jitter_kind_mismatch", "backoff_over_bound", "backoff_too_short"]
    {
        verdict(rule, "std-2.0-1s", std::slice::from_ref(&right), Pass);
    }
    verdict("unjittered_backoff", "std-2.0-1s", std::slice::from_ref(&same), Fail);
    verdict("fixed_backoff", "std-2.0-1s", &[flat], Fail);
    // Without the moves half a second may be noise.
    verdict("unjittered_backoff", "std-2.0-1s", &[blind(same)], Inconclusive);
    // A busy machine: the client was awake, or waited for a processor, for a second of each pause.
    let late = |trial: Trial| warped(blind(trial), S);
    let slow = told(|s| {
        (s.tagged, s.max) = (false, Some(3));
        (0..60).for_each(|_| done(s.call().attempt(2 * S, BUSY).attempt(1_900 * MS, Told::Fine)));
    });
    verdict("backoff_over_bound", "std-2.0-1s", &[warped(slow.clone(), 3 * MS)], Fail);
    verdict("backoff_over_bound", "std-2.0-1s", &[late(slow)], Pass);
}

#[test]
fn polls_are_compared_where_the_clock_allows_it() {
    let poll = |pause: u64| {
        let trial = played("ec2", false, |p| {
            p.launch();
            for _ in 0..80 {
                p.ask(pause, LOOK, "i-1", HIDDEN);
            }
            p.ask(pause, LOOK, "i-1", Told::Fine);
        });
        warped(trial, MS)
    };
    verdict("not_found_hammered", "documented", &[poll(52 * MS)], Fail);
    verdict("not_found_hammered", "documented", &[poll(6 * S)], Pass);
    // Half a second of error is more than the pauses are long: nothing was compared, and nothing grew.
    let blind = blind(poll(52 * MS));
    verdict("not_found_hammered", "documented", std::slice::from_ref(&blind), Inconclusive);
    let report = judged("documented", &[blind]);
    let reason = &report.rule("not_found_hammered").unwrap().reason;
    assert!(reason.contains("too coarse"), "{reason}");
}

/// Calls of an SDK for things that a generator names; in a storm each call fails to its end.
fn by_chance(seed: u64, marked: bool, storm: bool, loops: u64) -> Trial {
    let mut random = Seed { run: seed, trial: 0 }.named("chance", 0);
    told(|s| {
        (s.tagged, s.max) = (false, marked.then_some(3));
        for _ in 0..20 {
            s.target = Some(format!("k{}", random.below(6)));
            for again in 0..if storm { loops } else { 1 } {
                s.call();
                for attempt in 0..if storm { 3 } else { 1 } {
                    let pause = if attempt == 0 && again == 0 { 900 * MS } else { 500 * MS };
                    s.attempt(pause, if storm { BUSY } else { Told::Fine });
                }
            }
        }
    })
}

#[test]
fn what_chance_asks_for_twice_is_no_retry() {
    for seed in 0..200 {
        let asked = |storm, marked, loops| by_chance(seed + u64::from(storm) * 1_000, marked, storm, loops);
        let marked = [control(asked(false, true, 1)), asked(true, true, 1)];
        verdict("nested_retries", "documented", &marked, NotApplicable);
        let report = judged("documented", &[control(asked(false, false, 1)), asked(true, false, 1)]);
        assert_ne!(report.rule("attempts_exceeded").unwrap().verdict, Fail, "seed {seed}: {report:#?}");
    }
    // A loop above the SDK asks more often in all; of what the control asked for once, it shows.
    let caught = (0..200).filter(|seed| {
        let trials = [control(by_chance(*seed, true, false, 1)), by_chance(*seed, true, true, 5)];
        judged("documented", &trials).rule("nested_retries").unwrap().verdict == Fail
    });
    assert!(caught.count() > 100);
}

#[test]
fn rows_of_requests_are_one_call_each() {
    // Twelve calls for the same thing, each in a row of its own, retried at once: none of the repeats is a call.
    let rows = |fails: u32| {
        told(|s| {
            s.tagged = false;
            for _ in 0..12 {
                s.call();
                (0..fails).for_each(|n| done(s.attempt(if n == 0 { 300 * MS } else { MS }, BUSY)));
                s.attempt(MS, Told::Fine);
            }
        })
    };
    verdict("no_backoff", "documented", &[control(rows(0)), rows(3)], Fail);
    // A few pauses in between are no excuse, where most were none.
    let mixed = told(|s| {
        s.tagged = false;
        for n in 0..40u64 {
            s.call().attempt(300 * MS, BUSY).attempt(if n % 8 == 0 { 40 * MS } else { MS }, Told::Fine);
        }
    });
    let forty = told(|s| {
        s.tagged = false;
        (0..60).for_each(|_| done(s.call().attempt(300 * MS, Told::Fine)));
    });
    assert_ne!(judged("documented", &[control(forty), mixed]).rule("no_backoff").unwrap().verdict, Pass);
}

#[test]
fn each_new_thing_must_be_asked_for_again() {
    let rule = "not_found_gave_up";
    let asks = |second: &'static str| {
        played("ec2", false, |p| {
            p.launch().ask(2 * S, LOOK, "i-1", HIDDEN).ask(0, "RunInstances", "", Told::Fine).made("i-2");
            p.ask(2 * S, LOOK, second, Told::Fine);
        })
    };
    verdict(rule, "ec2-poll", &[asks("i-2")], Fail);
    verdict(rule, "ec2-poll", &[asks("i-1")], Pass);
    // A look at all there is shows this one, too.
    verdict(rule, "ec2-poll", &[asks("")], Pass);
}
