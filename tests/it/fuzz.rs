//! No journal makes judging panic, and judging twice gives the same bytes: whatever the events are, under every
//! profile, from memory and from lines, and from lines that somebody has mangled.
//!
//! `.ci/long fuzz` is the whole of it. `BROWNOUT_FUZZ_EVENTS` says how many events, `BROWNOUT_FUZZ_SEED` which.
#![expect(clippy::print_stdout, reason = "a fuzz run says its seed and how far it came")]

use std::cell::Cell;

use brownout::guidance::profiles;
use brownout::judge::{RunReport, judge};
use brownout::scenario::{Document, Scenario, library};
use brownout_mocks::journal::{Trial, read, write_trial};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

mod events;

/// Without the variable, so many events: a slice.
const FEW: usize = 20_000;
/// The most events of a trial, but for the last tenth of the cases, which are longer.
const SHORT: usize = 60;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

fn documents() -> Vec<Document> {
    library::all().iter().map(|s| Scenario::parse(s.name, s.text).unwrap().document).collect()
}

fn bytes(report: Option<RunReport>) -> Vec<u8> {
    serde_json::to_vec(&report.unwrap()).unwrap()
}

fn lines(trials: &[Trial]) -> Vec<u8> {
    let mut lines = Vec::new();
    for trial in trials {
        write_trial(&mut lines, &trial.header, &trial.events).unwrap();
    }
    lines
}

/// Runs cases of `strategy` until `enough` says so, each hundred from the next seed; a failure is shrunk first.
fn fuzz<S: Strategy>(seed: u64, strategy: &S, enough: impl Fn() -> bool, test: impl Fn(S::Value)) {
    for round in 0.. {
        if enough() {
            break;
        }
        let config = Config { cases: 100, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
        let mut from = [0; 32];
        from[..8].copy_from_slice(&seed.to_le_bytes());
        from[8..16].copy_from_slice(&u64::to_le_bytes(round));
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &from));
        let result = runner.run(strategy, |value| {
            test(value);
            Ok(())
        });
        if let Err(TestError::Fail(why, value)) = result {
            panic!("BROWNOUT_FUZZ_SEED={seed}, round {round}: {why}\n{value:#?}");
        }
        result.unwrap();
    }
}

#[test]
fn every_journal_is_judged_alike_under_every_profile() {
    let (seed, enough) = (number("BROWNOUT_FUZZ_SEED", 1), number("BROWNOUT_FUZZ_EVENTS", FEW as u64));
    let (documents, events_seen, judged) = (documents(), Cell::new(0), Cell::new(0));
    for (share, longest) in [(enough * 9 / 10, SHORT), (enough, 100 * SHORT)] {
        fuzz(
            seed,
            &events::runs(longest),
            || events_seen.get() >= share,
            |(which, trials)| {
                let document = &documents[which % documents.len()];
                let stored = read(&mut lines(&trials).as_slice()).unwrap();
                assert_eq!(stored, trials);
                for profile in profiles() {
                    let report = bytes(judge(document, &trials, profile));
                    assert!(report == bytes(judge(document, &stored, profile)), "{} differs", profile.name);
                    judged.set(judged.get() + 2);
                }
                events_seen.set(events_seen.get() + trials.iter().map(|t| t.events.len() as u64).sum::<u64>());
            },
        );
    }
    println!("BROWNOUT_FUZZ_SEED={seed}: {} events, judged {} times", events_seen.get(), judged.get());
}

/// What is done to the bytes of a journal.
#[derive(Debug, Clone)]
enum Harm {
    Cut(usize),
    Flip(usize, u8),
    Drop(usize, usize),
    Twice(usize, usize),
    Put(usize, &'static str),
    Replace(&'static str, &'static str),
}

/// What is put where it does not belong.
const ODD: &[&str] = &[
    "\n",
    "\r\n",
    "\0",
    "{",
    "}",
    "[[[[[[[[",
    "\"",
    "null",
    "-1",
    "1e999",
    "18446744073709551616",
    "\u{feff}",
    "{}\n",
    "{\"journal\":2}\n",
    "{\"journal\":\"1\"}\n",
    "{\"at_us\":0,\"event\":\"nothing\"}\n",
    "{\"at_us\":-1}\n",
    "\\ud800",
];

fn harms() -> impl Strategy<Value = Harm> {
    let at = || any::<u32>().prop_map(|n| n as usize);
    prop_oneof![
        at().prop_map(Harm::Cut),
        (at(), any::<u8>()).prop_map(|(at, bits)| Harm::Flip(at, bits)),
        (at(), at()).prop_map(|(at, n)| Harm::Drop(at, n % 200)),
        (at(), at()).prop_map(|(at, n)| Harm::Twice(at, n % 2_000)),
        (at(), prop::sample::select(ODD)).prop_map(|(at, text)| Harm::Put(at, text)),
        (
            prop::sample::select(&["\"at_us\":", "\"seq\":", "\"client\":", "\"journal\":1", "\"trial\":"][..]),
            prop::sample::select(
                &["\"at_us\":-", "\"at_us\":1e9", "\"seq\":\"", "\"client\":99999999999", "\"x\":"][..]
            )
        )
            .prop_map(|(from, to)| Harm::Replace(from, to)),
    ]
}

fn harm(bytes: &mut Vec<u8>, harm: &Harm) {
    let at = |at: usize, bytes: &[u8]| at % (bytes.len() + 1);
    match harm {
        Harm::Cut(to) => bytes.truncate(at(*to, bytes)),
        Harm::Flip(place, bits) => {
            let place = at(*place, bytes);
            bytes.iter_mut().skip(place).take(1).for_each(|b| *b ^= bits);
        }
        Harm::Drop(place, n) => {
            let place = at(*place, bytes);
            bytes.drain(place..(place + n).min(bytes.len()));
        }
        Harm::Twice(place, n) => {
            let place = at(*place, bytes);
            let piece = bytes[place..(place + n).min(bytes.len())].to_vec();
            bytes.splice(place..place, piece);
        }
        Harm::Put(place, text) => {
            let place = at(*place, bytes);
            bytes.splice(place..place, text.bytes());
        }
        Harm::Replace(from, to) => {
            let text = String::from_utf8_lossy(bytes).replacen(from, to, 3);
            *bytes = text.into_bytes();
        }
    }
}

#[test]
fn mangled_lines_are_read_or_refused_in_words() {
    let (seed, enough) = (number("BROWNOUT_FUZZ_SEED", 1), number("BROWNOUT_FUZZ_EVENTS", FEW as u64));
    let document = documents().swap_remove(0);
    let (events_seen, good, bad) = (Cell::new(0), Cell::new(0u64), Cell::new(0u64));
    let strategy = (events::runs(SHORT), prop::collection::vec(harms(), 1..4));
    fuzz(
        seed,
        &strategy,
        || events_seen.get() >= enough,
        |((which, trials), all)| {
            let mut journal = lines(&trials);
            for one in &all {
                harm(&mut journal, one);
            }
            events_seen.set(events_seen.get() + trials.iter().map(|t| t.events.len() as u64).sum::<u64>());
            match read(&mut journal.as_slice()) {
                Ok(read) => {
                    good.set(good.get() + 1);
                    let profile = &profiles()[which % profiles().len()];
                    assert!(bytes(judge(&document, &read, profile)) == bytes(judge(&document, &read, profile)));
                }
                Err(why) => {
                    bad.set(bad.get() + 1);
                    assert!(
                        why.to_string().starts_with("line ") || why.to_string().starts_with("the journal"),
                        "{why}"
                    );
                }
            }
        },
    );
    println!(
        "BROWNOUT_FUZZ_SEED={seed}: {} events, {} journals read, {} refused",
        events_seen.get(),
        good.get(),
        bad.get()
    );
    assert!(good.get() > 5 && bad.get() > 5, "both happen");
}
