//! Property tests of retry policies: what is generated is valid, right clients hold, and a wrong one is
//! falsified by a script that fails it again when it is replayed.

use brownout::client::{Player, find};
use brownout::property::{Property, scripts};
use brownout::rule::Verdict;
use brownout::scenario::Scenario;
use brownout::session::{self, Settings, Who};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

fn listed(id: &str) -> Player {
    Player::listed(find(id).unwrap(), &Vec::new())
}

#[test]
fn every_script_is_a_valid_scenario() {
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let strategy = scripts();
    for _ in 0..500 {
        let mut tree = strategy.new_tree(&mut runner).unwrap();
        // Some way down its shrinking, too.
        for _ in 0..4 {
            let document = tree.current();
            let parsed = Scenario::from_document("script.yaml", &document);
            let parsed = parsed.unwrap_or_else(|mistakes| panic!("{mistakes}\n{}", document.to_yaml()));
            assert_eq!(parsed.document, document);
            if !tree.simplify() {
                break;
            }
        }
    }
}

#[test]
fn right_clients_always_end_and_never_hammer() {
    for id in ["std-2026", "std-2.0-1s", "seed-b", "botocore-legacy", "http-retry-after", "aws-sdk-rust"] {
        Property::new().cases(100).check(&listed(id)).unwrap_or_else(|falsified| panic!("{falsified}"));
    }
}

#[test]
fn the_naive_client_is_falsified_by_a_script_that_run_replays() {
    let falsified = Property::new().check(&listed("naive")).unwrap_err();
    let text = falsified.to_string();
    assert!(text.contains("`naive` does not always end without hammering:\n  no_backoff (R08): attempt "), "{text}");
    assert!(text.contains("replay: brownout run counter-example.yaml --client naive --seed 0x1"), "{text}");
    assert_eq!(falsified.document.steps.len(), 1, "one step is enough:\n{text}");

    // Cut out of the message, as a reader would.
    let yaml = text.split("counter-example.yaml:\n\n").nth(1).unwrap().split("\nreplay:").next().unwrap();
    let scenario = Scenario::parse("counter-example.yaml", yaml).unwrap();
    assert_eq!(scenario.document, falsified.document);
    let who = Who::Client(find("naive").unwrap(), Vec::new());
    let report = session::run(&scenario, &who, &Settings::default(), 0).unwrap().report;
    assert_eq!(report.exit_code(), 1);
    assert_eq!(report.rule("no_backoff").unwrap().verdict, Verdict::Fail);
}

#[test]
fn clients_that_go_on_for_ever_are_falsified() {
    for (id, rule) in [("endless", "attempts_exceeded"), ("hangs", "client_hung"), ("retries-everything", "retried_")] {
        let falsified = Property::new().check(&listed(id)).unwrap_err();
        assert!(falsified.reason.starts_with(rule), "{falsified}");
    }
}

#[test]
fn the_same_seed_finds_the_same_counter_example() {
    let find = || Property::new().seed(3).check(&listed("endless")).unwrap_err();
    assert_eq!(find(), find());
}

/// A policy of one's own: it repeats everything at once, and never stops.
struct Furious;

impl brownout::client::policy::RetryPolicy for Furious {
    fn next_pause(
        &mut self,
        _: brownout::client::policy::Failed<'_>,
        _: &mut brownout_mocks::random::Stream,
    ) -> Option<std::time::Duration> {
        Some(std::time::Duration::ZERO)
    }
}

/// Where nobody listens, no time passes and nothing is recorded, so that only a count can end it.
#[test]
fn a_client_that_dials_a_closed_port_for_ever_is_stopped() {
    let text = "brownout: 1\nname: shut\ntitle: Nobody listens\nservice: s3\n\
        workload: [{call: GetObject, params: {Bucket: b, Key: k}}]\nsteps: [{inject: {refuse: {for: 5s}}}]\n";
    let scenario = Scenario::parse("shut", text).unwrap();
    let furious = Who::Own(Player::of_policy("furious", || Furious));
    let report =
        session::run(&scenario, &furious, &Settings { trials: Some(1), ..Settings::default() }, 0).unwrap().report;
    assert_eq!(report.metrics.succeeded, 0);
}

#[test]
#[should_panic(expected = "replay in process")]
fn a_policy_of_ones_own_is_told_how_to_replay() {
    Property::new().always_ends_never_hammers(|| Furious);
}
