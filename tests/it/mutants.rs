//! Every rule fails on its mutant and passes on right clients; every scenario is passed by its reference
//! client and failed by a named mutant.

use std::collections::BTreeMap;

use brownout::client::{CLIENTS, Role};
use brownout::rule::{RULES, Verdict};
use brownout::scenario::{Kind, Scenario};
use brownout::session::{Settings, profile_for, reference_for};
use brownout_mocks::journal::EventKind;

mod lists;

use lists::{CAUGHT_IN, COMPANIONS, FAILED_BY};

use crate::play::{client, library_scenarios, run, shipped, trial};

/// The profile of this scenario asks every client to heed `Retry-After`; most mutants do not.
const ASKS_FOR_MORE: &str = "gateway-retry-after";

fn settings(seed: u64) -> Settings {
    Settings { seed, ..Settings::default() }
}

#[test]
fn every_scenario_is_failed_by_its_named_mutant() {
    let named: BTreeMap<&str, &str> = FAILED_BY.iter().copied().collect();
    for scenario in library_scenarios() {
        let name = scenario.document.name.as_str();
        let mutant = named.get(name).unwrap_or_else(|| panic!("name a mutant that fails {name}, in FAILED_BY"));
        assert!(matches!(client(mutant).role, Role::Mutant(_)), "{mutant} is no mutant");
        let report = run(&scenario, mutant, &settings(1));
        assert_eq!(report.verdict, Verdict::Fail, "{mutant} was to fail {name}");
    }
}

#[test]
fn every_scenario_is_passed_by_its_reference_client() {
    for scenario in library_scenarios() {
        let profile = profile_for(&scenario, None).unwrap();
        let reference = reference_for(scenario.kind(), &profile).unwrap();
        let report = run(&scenario, reference.id, &settings(1));
        assert_eq!(report.exit_code(), 0, "{} fails {}: {report:#?}", reference.id, scenario.document.name);
    }
}

#[test]
fn every_mutant_breaks_its_rule_and_no_other_than_listed() {
    let companions: BTreeMap<&str, &[&str]> = COMPANIONS.iter().copied().collect();
    let caught_in: BTreeMap<&str, &str> = CAUGHT_IN.iter().copied().collect();
    for (nth, mutant) in CLIENTS.iter().enumerate() {
        let Role::Mutant(own) = mutant.role else { continue };
        let listed = companions.get(mutant.id).copied().unwrap_or_default();
        let mut caught = false;
        for (index, scenario) in library_scenarios().into_iter().enumerate() {
            // Mutants of one profile play where they are caught, and a third of the rest each.
            let elsewhere = mutant.under.is_some() && caught_in.get(mutant.id) != Some(&&*scenario.document.name);
            if elsewhere && (index + nth) % 3 != 0 {
                continue;
            }
            let asks = scenario.document.name == ASKS_FOR_MORE;
            if !(mutant.plays)(scenario.kind()) || (asks && own != "early_retry") {
                continue;
            }
            let profile = mutant.under.map(str::to_owned);
            let report = run(&scenario, mutant.id, &Settings { profile, ..settings(1) });
            for rule in report.rules.iter().filter(|r| r.verdict == Verdict::Fail) {
                caught |= rule.id == own;
                let known = rule.id == own || listed.contains(&rule.id);
                assert!(known, "{} also breaks {} in {}", mutant.id, rule.id, scenario.document.name);
            }
        }
        assert!(mutant.under.is_none() || caught_in.contains_key(mutant.id), "name where {} is caught", mutant.id);
        assert!(caught, "{} was to break {own} somewhere", mutant.id);
    }
}

/// The journal of a story about reads says who was behind: the three reads that may be, never the consistent one.
#[test]
fn only_reads_that_may_be_behind_are_repeated() {
    let mut reads: Vec<(String, Vec<bool>)> = Vec::new();
    let mut asked = BTreeMap::new();
    for event in trial(&shipped("written-then-stale"), "ec2-poll", 1, 0).events {
        match event.kind {
            EventKind::AttemptReceived(received) if received.operation == "GetItem" => {
                let body = received.body_hash.unwrap();
                if reads.last().is_none_or(|(before, _)| *before != body) {
                    reads.push((body, Vec::new()));
                }
                asked.insert(received.seq, reads.len() - 1);
            }
            EventKind::StepDecided { seq, step, .. } if asked.contains_key(&seq) => {
                reads[asked[&seq]].1.push(step.is_some());
            }
            _ => {}
        }
    }
    let stale: Vec<usize> = reads.iter().map(|(_, stale)| stale.iter().filter(|s| **s).count()).collect();
    assert_eq!(stale.len(), 4);
    assert!(stale[..3].iter().all(|n| *n >= 2) && stale[3] == 0, "{reads:?}");
    let fresh =
        reads.iter().all(|(_, stale)| stale.iter().filter(|s| !**s).count() == 1 && stale.last() == Some(&false));
    assert!(fresh, "each goes on until it sees what was written: {reads:?}");
}

#[test]
fn a_new_token_for_each_attempt_doubles_what_was_done() {
    let scenario = shipped("launch-repeated");
    let doubled = run(&scenario, "new-token", &settings(1));
    assert_eq!(doubled.rule("idempotency_token_changed").unwrap().verdict, Verdict::Fail);
    assert_eq!((doubled.metrics.calls, doubled.metrics.effects_doubled), (8, Some(8)), "{:#?}", doubled.metrics);
    for right in ["aws-sdk-rust", "std-2.0-1s", "std-2026"] {
        let metrics = run(&scenario, right, &settings(1)).metrics;
        assert_eq!((metrics.effects_doubled, metrics.succeeded), (Some(0), metrics.calls), "{right}");
    }
}

#[test]
fn every_rule_has_its_mutant() {
    // A request to a real host cannot be made in process; the command tests have a client that tries.
    const BY_COMMAND: &str = "escaped_endpoint";
    for rule in RULES.iter().filter(|r| r.id != BY_COMMAND) {
        assert!(CLIENTS.iter().any(|c| c.role == Role::Mutant(rule.id)), "no mutant breaks {}", rule.id);
    }
}

/// Right clients are not blamed. The slice of a proof by hand: `.ci/long` plays a thousand seeds.
#[test]
#[expect(clippy::print_stderr, reason = "the figures of the proof by hand")]
fn right_clients_are_never_blamed() {
    let seeds: u64 = std::env::var("BROWNOUT_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let first: u64 = std::env::var("BROWNOUT_FIRST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let right: Vec<_> = CLIENTS.iter().filter(|c| !matches!(c.role, Role::Mutant(_))).collect();
    let scenarios = library_scenarios();
    let (mut runs, mut blamed) = (0u64, Vec::new());
    for seed in first..first + seeds {
        for scenario in &scenarios {
            for client in right.iter().filter(|c| (c.plays)(scenario.kind())) {
                // A profile that asks for more than a client claims is not the client's.
                if scenario.document.name == ASKS_FOR_MORE && client.honours.is_empty() {
                    continue;
                }
                let own = (client.role == Role::Reference).then(|| client.id.to_owned());
                // Under `documented` the slice plays every second of them. A flow's own profile asks for more than
                // waiters do.
                let flow = scenario.kind() == Kind::Flow;
                let every = flow || own.is_none() || seeds > 1;
                let envelope = every || (scenario.document.name.len() + client.id.len()) % 2 == 0;
                let wide = (flow && own.is_some()).then(|| "documented".to_owned());
                for profile in envelope.then_some(wide).into_iter().chain(own.map(Some)) {
                    let settings = Settings { profile, control: false, ..settings(seed) };
                    let report = run(scenario, client.id, &settings);
                    runs += 1;
                    for rule in report.rules.iter().filter(|r| r.verdict == Verdict::Fail) {
                        blamed.push(format!(
                            "{} under {} in {} with seed {seed}: {}",
                            client.id, report.profile, scenario.document.name, rule.id
                        ));
                    }
                }
            }
        }
    }
    eprintln!("{runs} runs over {seeds} seeds from {first}: {} blamed", blamed.len());
    assert!(blamed.is_empty(), "{blamed:#?}");
}

/// What a right client was blamed for once, each with the scenario that showed it.
#[test]
fn nobody_is_blamed_for_what_the_endpoint_did() {
    const STORIES: &[(&str, &str)] = &[
        // There is no body to cut: the answer is whole.
        (
            "aws-sdk-rust",
            "service: s3
workload: [{call: PutObject, params: {Bucket: b, Key: k}, count: 3}]
steps: [{inject: {truncate: {after: 0}}}]",
        ),
        (
            "aws-sdk-rust",
            "service: s3
workload: [{call: HeadObject, params: {Bucket: b, Key: k}, count: 3}]
steps: [{inject: {reset: {at: body, after: 9}}}]",
        ),
        // A program calls by the same profile as it polls by.
        (
            "ec2-poll",
            "service: ec2
workload: [{flow: [{call: RunInstances, as: vm, params: {ImageId: ami-1, MinCount: 1, MaxCount: 1}}], repeat: 5, pace: 1s}]
steps: [{when: {operation: RunInstances}, times: 1, per: call, inject: {http: 503}}]
expect: {profile: ec2-poll}",
        ),
    ];
    for (client, body) in STORIES {
        let text = format!("brownout: 1\nname: once-blamed\ntitle: X\n{body}\n");
        let scenario = Scenario::parse("once-blamed.yaml", &text).unwrap_or_else(|d| panic!("{d}"));
        let report = run(&scenario, client, &settings(1));
        let failed: Vec<&str> = report.rules.iter().filter(|r| r.verdict == Verdict::Fail).map(|r| r.id).collect();
        assert!(failed.is_empty(), "{client}: {failed:?}\n{body}");
    }
}
