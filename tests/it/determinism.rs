//! The same scenario, seed and client give the same journal, byte for byte: in one process, over many
//! runs, and in two processes.

use std::process::Command;

use crate::play::{bytes, library_scenarios, shipped, trial};

#[test]
fn two_hundred_runs_of_the_real_sdk_give_the_same_bytes() {
    let scenario = shipped("throttle-burst");
    let first = bytes(&trial(&scenario, "aws-sdk-rust", 7, 0));
    assert!(first.len() > 10_000, "the journal holds the whole story");
    for run in 1..200 {
        // Plays of other seeds in between: nothing of theirs may be left behind.
        if run % 10 == 0 {
            trial(&scenario, "aws-sdk-rust", run, 3);
        }
        assert!(bytes(&trial(&scenario, "aws-sdk-rust", 7, 0)) == first, "run {run} differs");
    }
}

#[test]
fn every_scenario_repeats_with_every_client() {
    for scenario in library_scenarios() {
        for client in ["aws-sdk-rust", "http", "std-2026", "ec2-poll", "naive"] {
            if !(crate::play::client(client).plays)(scenario.kind()) {
                continue;
            }
            let first = bytes(&trial(&scenario, client, 1, 0));
            assert!(bytes(&trial(&scenario, client, 1, 0)) == first, "{} with {client}", scenario.document.name);
        }
    }
}

#[test]
fn seeds_and_trials_differ() {
    let scenario = shipped("throttle-burst");
    let first = bytes(&trial(&scenario, "aws-sdk-rust", 1, 0));
    assert!(bytes(&trial(&scenario, "aws-sdk-rust", 2, 0)) != first);
    let other = trial(&scenario, "aws-sdk-rust", 1, 1);
    assert!(other.events != trial(&scenario, "aws-sdk-rust", 1, 0).events);
}

/// Set in a child process: where it writes its journal.
const CHILD: &str = "BROWNOUT_TEST_JOURNAL";

#[test]
fn two_processes_write_the_same_bytes() {
    let scenario = shipped("service-unavailable-storm");
    let here = bytes(&trial(&scenario, "aws-sdk-rust", 42, 0));
    let path = std::env::temp_dir().join(format!("brownout-determinism-{}.jsonl", std::process::id()));
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "determinism::in_a_child_process"])
        .env(CHILD, &path)
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
    let there = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(there == here);
}

/// Writes the journal for `two_processes_write_the_same_bytes`; alone it plays the same and compares.
#[test]
fn in_a_child_process() {
    let scenario = shipped("service-unavailable-storm");
    let journal = bytes(&trial(&scenario, "aws-sdk-rust", 42, 0));
    match std::env::var_os(CHILD) {
        Some(path) => std::fs::write(path, journal).unwrap(),
        None => assert!(journal == bytes(&trial(&scenario, "aws-sdk-rust", 42, 0))),
    }
}
