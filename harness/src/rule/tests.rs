//! Tests of the rules: hand-made journals, then thousands of synthetic runs of right and wrong clients.
#![allow(clippy::unwrap_used, clippy::float_cmp, clippy::print_stdout, clippy::wildcard_imports, reason = "tests")]

mod commands;
mod contradictions;
mod given_up;
mod handmade;
mod hinted;
mod once;
mod parts;
mod programs;
mod refused;
mod robust;
mod simulated;
pub(crate) mod story;
mod warped;

use super::*;
use crate::guidance;

#[test]
fn the_list_is_alphabetical_and_every_file_is_on_it() {
    assert!(RULES.is_sorted_by_key(|r| r.id));
    let helpers = [
        "balance",
        "breaker",
        "called",
        "drawn",
        "finding",
        "groups",
        "not_retried",
        "polls",
        "permanent",
        "severity",
        "slowing",
        "tests",
        "told",
        "tripped",
    ];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rule");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let listed = RULES.iter().any(|r| r.id == stem) || helpers.contains(&stem.as_str());
        assert!(listed, "rule/{stem}.rs is not registered; add `{stem}::…,` to rules! in rule.rs");
    }
}

#[test]
fn every_rule_is_documented_under_the_same_headings() {
    for rule in RULES {
        let text = rule.documentation();
        for heading in ["## Why it matters", "## What to do", "## Source", "## Error probability"] {
            assert!(text.contains(heading), "{} lacks `{heading}`", rule.id);
        }
        assert!(rule.title().ends_with('.'), "{}: {}", rule.id, rule.title());
        // One sentence, for somebody who does not know statistics.
        let advice = rule.advice();
        assert!(advice.ends_with('.') && !advice.contains(". ") && advice.len() < 160, "{}: {advice}", rule.id);
        assert_eq!(find(rule.id).unwrap().code, find(rule.code).unwrap().code);
    }
}

#[test]
fn every_rule_has_a_row_of_severities() {
    let rows: Vec<&str> = severities().iter().map(|r| r.rule.as_str()).collect();
    assert_eq!(rows, RULES.iter().map(|r| r.id).collect::<Vec<_>>());
    for row in severities() {
        for except in &row.except {
            assert_ne!(except.severity, row.severity, "{}", row.rule);
            for profile in &except.profiles {
                assert!(guidance::find(profile).is_some(), "{profile}");
            }
        }
    }
    assert_eq!(severity("unjittered_backoff", "documented").0, Severity::Should);
    assert_eq!(severity("unjittered_backoff", "std-2026").0, Severity::Must);
    assert_eq!(severity("not_found_gave_up", "ec2-poll").0, Severity::Must);
}
