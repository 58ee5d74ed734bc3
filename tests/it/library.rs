//! The shipped scenarios: each is won by its default client and by its reference, and lost by a mutant.

use std::collections::BTreeSet;

use brownout::client::{CLIENTS, ClientEntry, Role};
use brownout::judge::RunReport;
use brownout::scenario::{Scenario, library};
use brownout::session::{self, Settings, Who};

fn scenarios() -> Vec<Scenario> {
    library::all().iter().map(|s| Scenario::parse(s.name, s.text).unwrap_or_else(|d| panic!("{d}"))).collect()
}

fn play(scenario: &Scenario, who: &Who) -> RunReport {
    // What a program sends again shows only beside what it sends when nothing fails.
    let control = scenario.document.expect.judge.iter().any(|rule| rule == "batch_resent_whole");
    play_with(scenario, who, control)
}

fn play_with(scenario: &Scenario, who: &Who, control: bool) -> RunReport {
    let settings = Settings { control, ..Settings::default() };
    let ran = session::run(scenario, who, &settings, 0);
    ran.unwrap_or_else(|e| panic!("{} with {}: {e}", scenario.origin, who.id())).report
}

fn with(client: &'static ClientEntry) -> Who {
    Who::Client(client, Vec::new())
}

#[test]
fn each_scenario_is_won_by_its_default_client() {
    for scenario in scenarios() {
        let who = Who::default_for(scenario.kind()).unwrap();
        let report = play(&scenario, &who);
        assert_eq!(report.exit_code(), 0, "{} with {}: {report:#?}", scenario.origin, who.id());
        assert!(report.reference.is_some(), "{} has no reference", scenario.origin);
    }
}

#[test]
fn each_scenario_is_won_by_its_reference() {
    for scenario in scenarios() {
        let profile = session::profile_for(&scenario, None).unwrap();
        let reference = session::reference_for(scenario.kind(), &profile).unwrap();
        let report = play(&scenario, &with(reference));
        assert_eq!(report.exit_code(), 0, "{} with {}: {report:#?}", scenario.origin, reference.id);
    }
}

#[test]
fn each_scenario_is_lost_by_a_mutant() {
    let mutants: Vec<&ClientEntry> = CLIENTS.iter().filter(|c| matches!(c.role, Role::Mutant(_))).collect();
    for scenario in scenarios() {
        let mut players = mutants.iter().filter(|m| (m.plays)(scenario.kind()));
        let lost = players.any(|mutant| play(&scenario, &with(mutant)).exit_code() == 1);
        assert!(lost, "no mutant fails {}; what is it a test of?", scenario.origin);
    }
}

/// Each mutant fails the rule that it is named after, in some scenario of the library.
#[test]
fn each_mutant_is_caught_by_its_rule() {
    let all = scenarios();
    let mut free = BTreeSet::new();
    for client in CLIENTS {
        let Role::Mutant(rule) = client.role else { continue };
        // Where those of one profile are caught, `mutants.rs` says.
        if client.under.is_some() {
            continue;
        }
        let failed = |report: RunReport| report.rule(rule).is_some_and(|r| r.verdict == brownout::rule::Verdict::Fail);
        let caught = |control: bool| {
            let mut playable = all.iter().filter(|s| (client.plays)(s.kind()));
            playable.any(|scenario| failed(play_with(scenario, &with(client), control)))
        };
        // Some rules need to know what the client does without faults.
        if !caught(false) && !caught(true) {
            free.insert((client.id, rule));
        }
    }
    assert!(free.is_empty(), "not caught anywhere in the library: {free:?}");
}
