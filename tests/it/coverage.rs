//! `harness/coverage.yaml` keeps its word: its lines are all there, its codes are sent, its rules apply.

use std::collections::{BTreeMap, BTreeSet};

use brownout::client::CLIENTS;
use brownout::docs::{Entry, coverage};
use brownout::rule::{RULES, Verdict};
use brownout::scenario::{Scenario, library};
use brownout::session::{Settings, Who};
use brownout_mocks::journal::EventKind;
use brownout_mocks::service;

use crate::play::{run, shipped, trial};

fn entries() -> impl Iterator<Item = (&'static str, &'static Entry)> {
    coverage().seeds.iter().flat_map(|(key, seed)| seed.entries.iter().map(move |e| (key.as_str(), e)))
}

/// Where an entry stands, for complaints.
fn place(key: &str, entry: &Entry) -> String {
    format!("{key} line {} ({})", entry.lines, entry.says)
}

#[track_caller]
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "in harness/coverage.yaml:\n{}\n", complaints.join("\n"));
}

#[test]
fn every_line_of_a_seed_is_accounted_for() {
    let mut complaints = Vec::new();
    for (key, seed) in &coverage().seeds {
        let spoken: BTreeSet<u32> = seed.entries.iter().flat_map(|e| e.lines.from..=e.lines.to).collect();
        let silent: BTreeSet<u32> = seed.silent.iter().flat_map(|l| l.from..=l.to).collect();
        for line in 1..=seed.lines.max(spoken.last().copied().unwrap_or_default()) {
            match (line <= seed.lines, spoken.contains(&line), silent.contains(&line)) {
                (true, true, false) | (true, false, true) => {}
                (true, true, true) => complaints.push(format!("{key} line {line} is silent and has an entry")),
                (true, false, false) => complaints.push(format!("{key} line {line} has no entry and is not silent")),
                (false, ..) => complaints.push(format!("{key} has no line {line}")),
            }
        }
        let starts: Vec<u32> = seed.entries.iter().map(|e| e.lines.from).collect();
        assert!(starts.is_sorted(), "{key}: entries stand in the order of the seed");
    }
    none(&complaints);
}

#[test]
fn every_name_is_known() {
    let reasons = &coverage().reasons;
    let mut complaints = Vec::new();
    for (key, entry) in entries() {
        let mut complain = |what: String| complaints.push(format!("{}: {what}", place(key, entry)));
        if entry.scenarios.is_empty() == entry.not_observable.is_none() {
            complain("either scenarios or a reason why it cannot be observed".into());
        }
        if entry.scenarios.is_empty() && !entry.rules.is_empty() {
            complain("rules judge nothing without a scenario".into());
        }
        if let Some(reason) = entry.not_observable.as_ref().filter(|r| !reasons.contains_key(*r)) {
            complain(format!("there is no reason `{reason}`"));
        }
        for name in entry.scenarios.iter().filter(|n| library::find(n).is_none()) {
            complain(format!("the library has no scenario `{name}`"));
        }
        for id in entry.rules.iter().filter(|id| !RULES.iter().any(|r| r.id == **id)) {
            complain(format!("there is no rule `{id}`"));
        }
        if !entry.rules.is_sorted() || !entry.scenarios.is_sorted() {
            complain("scenarios and rules stand in alphabetical order".into());
        }
        if entry.is_error() != entry.service.is_some() {
            complain("an error names its service, advice none".into());
        }
        if let Some(name) = &entry.service {
            let row = service::find(name).map(|s| entry.code.as_ref().is_none_or(|c| service::row(s, c).is_some()));
            if row != Some(true) {
                complain(format!("`{name}` has no such error in its catalogue"));
            }
        }
    }
    for reason in reasons.keys().filter(|r| !entries().any(|(_, e)| e.not_observable.as_ref() == Some(*r))) {
        complaints.push(format!("nothing is not observable for the reason `{reason}`"));
    }
    none(&complaints);
}

/// The errors that a scenario sends to its default client: service, code, status.
fn sent(scenario: &Scenario) -> BTreeSet<(String, String, u16)> {
    let who = Who::default_for(scenario.kind()).unwrap();
    let mut asked = BTreeMap::new();
    let mut sent = BTreeSet::new();
    for event in trial(scenario, who.id(), 1, 0).events {
        match event.kind {
            EventKind::AttemptReceived(received) => {
                asked.insert(received.seq, received.service);
            }
            EventKind::Answered(answered) => {
                sent.insert((asked[&answered.seq].clone(), answered.code.unwrap_or_default(), answered.status));
            }
            _ => {}
        }
    }
    sent
}

#[test]
fn every_error_is_sent_by_its_scenarios() {
    let mut complaints = Vec::new();
    let mut played: BTreeMap<&str, BTreeSet<(String, String, u16)>> = BTreeMap::new();
    for (key, entry) in entries().filter(|(_, e)| e.is_error()) {
        let service = service::find(entry.service.as_ref().unwrap()).unwrap();
        // One error has a name of its own in each protocol.
        let codes: Option<Vec<&str>> =
            entry.code.as_ref().map(|c| service.protocols().iter().map(|p| service.wire_code(c, *p)).collect());
        for name in &entry.scenarios {
            let sent = played.entry(name).or_insert_with(|| sent(&shipped(name)));
            let found = sent.iter().any(|(from, code, status)| {
                from == service.id()
                    && codes.as_ref().is_none_or(|codes| codes.contains(&code.as_str()))
                    && entry.status.is_none_or(|wanted| wanted == *status)
            });
            if !found {
                complaints.push(format!("{}: `{name}` sends no such error, only {sent:?}", place(key, entry)));
            }
        }
    }
    none(&complaints);
}

/// The rules that apply to a scenario for some client of ours.
fn applying(scenario: &Scenario, wanted: &BTreeSet<&str>) -> BTreeSet<&'static str> {
    let mut applying = BTreeSet::new();
    let default = Who::default_for(scenario.kind()).unwrap();
    let others = CLIENTS.iter().filter(|c| (c.plays)(scenario.kind()) && c.id != default.id()).map(|c| c.id);
    for client in std::iter::once(default.id()).chain(others) {
        if wanted.iter().all(|id| applying.contains(id)) {
            break;
        }
        let settings = Settings { trials: Some(1), control: false, ..Settings::default() };
        let report = run(scenario, client, &settings);
        applying.extend(report.rules.iter().filter(|r| r.verdict != Verdict::NotApplicable).map(|r| r.id));
    }
    applying
}

#[test]
fn every_rule_applies_to_its_scenarios() {
    let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, entry) in entries() {
        for name in &entry.scenarios {
            wanted.entry(name).or_default().extend(entry.rules.iter().map(String::as_str));
        }
    }
    let mut complaints = Vec::new();
    for (name, rules) in wanted {
        let applying = applying(&shipped(name), &rules);
        for rule in rules.iter().filter(|id| !applying.contains(*id)) {
            complaints.push(format!("`{rule}` applies to no client in `{name}`"));
        }
    }
    none(&complaints);
}

#[test]
fn every_scenario_has_a_reason_to_be() {
    let named: BTreeSet<&str> = entries().flat_map(|(_, e)| &e.scenarios).map(String::as_str).collect();
    for scenario in library::all().iter().filter(|s| !named.contains(s.name)) {
        let sources = shipped(scenario.name).document.sources;
        let beyond = sources.iter().any(|key| !coverage().seeds.contains_key(key));
        assert!(beyond, "{} plays no line of a seed, and has no other source", scenario.name);
    }
}
