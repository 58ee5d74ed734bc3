//! What the harness itself costs, on one core: requests of the real SDK's runtime in virtual time, property
//! cases, and judged events, each a second of CPU.
//!
//! The numbers are CPU time of this thread, so that a busy machine moves them little; the median over the
//! rounds, and the quartiles, are printed beside the goal.
//!
//! `cargo bench -p brownout-benches --bench harness_overhead`
#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run stops")]

use std::hint::black_box;

use brownout::client::{Player, find};
use brownout::guidance;
use brownout::judge::Judge;
use brownout::property::{holds, scripts};
use brownout::runner::{EVENTS_MAX, Play};
use brownout::scenario::Scenario;
use brownout_benches::{cpu, spread, verdict};
use brownout_mocks::clock::Time;
use brownout_mocks::journal::{EventKind, Segment, Trial};
use brownout_mocks::random::Seed;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

/// Rounds of each measurement.
const ROUNDS: u64 = 15;

/// Calls that are throttled: four times each, or every third attempt, which no retry budget minds.
fn story(calls: u32, throttled: &str) -> Scenario {
    let text = format!(
        "brownout: 1
name: throttled
title: Throttled calls
service: dynamodb
workload:
  - call: GetItem
    params: {{TableName: orders, Key: {{id: {{S: \"1\"}}}}}}
    count: {calls}
steps:
  - {{inject: throttle, {throttled}}}
"
    );
    Scenario::parse("bench.yaml", &text).unwrap()
}

fn play(scenario: &Scenario, client: &Player, trial: u64) -> Trial {
    let play = Play {
        scenario,
        client,
        time: Time::Virtual,
        seed: Seed { run: 1, trial },
        segment: Segment::Run,
        run: 0,
        profile: guidance::DEFAULT,
        clients: None,
        explain: false,
        client_timeout: None,
        tls: false,
        events_max: EVENTS_MAX,
    };
    play.play().unwrap()
}

fn listed(id: &str, options: &[(&str, &str)]) -> Player {
    let options = options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Player::listed(find(id).unwrap(), &options)
}

fn requests(trial: &Trial) -> u64 {
    trial.events.iter().filter(|e| matches!(e.kind, EventKind::AttemptReceived(_))).count() as u64
}

/// Does it once for warmth, then so many rounds; says how many a second, per round.
fn rate(mut round: impl FnMut(u64) -> u64) -> Vec<f64> {
    round(0);
    (1..=ROUNDS)
        .map(|number| {
            let before = cpu::of_this_thread();
            let done = round(number);
            done as f64 / cpu::of_this_thread().saturating_sub(before).as_secs_f64()
        })
        .collect()
}

fn row(what: &str, rates: &[f64], goal: Option<f64>) {
    let s = spread(rates);
    let reached = goal.map_or_else(|| "none".to_owned(), |goal| format!("≥ {goal:.0} {}", verdict(s.median >= goal)));
    println!("{what:<44} {:>12.0} {:>12.0} {:>12.0}   {reached}", s.low, s.median, s.high);
}

fn main() {
    if !std::env::args().any(|a| a == "--bench") {
        // `cargo test --benches` only asks whether it starts.
        return;
    }
    println!("{:<44} {:>12} {:>12} {:>12}   goal", "a second of CPU on one core", "quartile", "median", "quartile");

    let many = story(2_000, "every: 3");
    let sdk = listed("aws-sdk-rust", &[("retries.max_attempts", "5")]);
    let rates = rate(|number| {
        let done = requests(&play(&many, &sdk, number));
        assert!(done > 2_500, "{done} requests");
        done
    });
    row("HTTP requests of aws-sdk-rust", &rates, Some(9_000.0));

    let one = story(1, "times: 4, per: call");
    let reference = listed("std-2026", &[]);
    let profile = guidance::find(guidance::DEFAULT).unwrap();
    let rates = rate(|number| {
        for case in 0..200 {
            black_box(holds(&one, &reference, profile, number * 1_000 + case)).unwrap();
        }
        200
    });
    row("property cases, one call of five attempts", &rates, Some(2_000.0));

    let mut runner = TestRunner::deterministic();
    let strategy = scripts();
    let rates = rate(|number| {
        for _ in 0..50 {
            let document = strategy.new_tree(&mut runner).unwrap().current();
            let scenario = Scenario::from_document("bench.yaml", &document).unwrap();
            black_box(holds(&scenario, &reference, profile, number)).unwrap();
        }
        50
    });
    row("property cases, scripts as they are drawn", &rates, None);

    let trial = play(&many, &sdk, 0);
    let rates = rate(|_| {
        let mut events = 0;
        for _ in 0..20 {
            let mut judge = Judge::new(&many.document, profile, &trial.header);
            judge.push(&trial);
            black_box(judge.report());
            events += trial.events.len() as u64;
        }
        events
    });
    row("events judged", &rates, Some(1_000_000.0));
}
