//! What policy is seen in real plays: each reference client's own profile is in its set, and the command says so.

use brownout::client::{CLIENTS, Role};
use brownout::fit::{Fit, Missing, QuotaState};
use brownout::guidance;
use brownout::session::Settings;

use crate::command::{brownout, scratch};
use crate::play::{client, library_scenarios, run, shipped};

fn fit(name: &str, client: &str, trials: u64) -> Fit {
    let settings = Settings { trials: Some(trials), control: false, ..Settings::default() };
    run(&shipped(name), client, &settings).fit.unwrap()
}

/// By trials that tell much and by one that tells little, in every scenario that the client can play.
#[test]
fn each_reference_clients_own_profile_is_in_its_set() {
    let mut sizes = Vec::new();
    for reference in CLIENTS.iter().filter(|c| c.role == Role::Reference) {
        assert!(guidance::find(reference.id).is_some(), "{} is no profile", reference.id);
        for (nth, scenario) in library_scenarios().into_iter().enumerate() {
            if !(reference.plays)(scenario.kind()) {
                continue;
            }
            let name = scenario.document.name.as_str();
            let fit = fit(name, reference.id, [1, 4][nth % 2]);
            let profiles = &fit.profiles;
            let held = profiles.possible.iter().any(|c| c.name == reference.id);
            let why = profiles.excluded.iter().find(|e| e.name == reference.id);
            assert!(held, "{} in {name}: {why:?}: {}", reference.id, fit.summary);
            sizes.push(profiles.possible.len());
        }
    }
    assert!(sizes.len() > 500 && sizes.contains(&1), "{} plays", sizes.len());
}

#[test]
fn the_real_sdk_looks_like_its_mode() {
    for (scenario, trials) in [("dynamodb-long-throttle", 20), ("bad-gateway-storm", 20)] {
        let fit = fit(scenario, "aws-sdk-rust", trials);
        assert!(fit.profiles.possible.iter().any(|c| c.name == "std-2.0-1s"), "{scenario}: {}", fit.summary);
        assert!(fit.summary.contains("full jitter, base"), "{scenario}: {}", fit.summary);
        let base = fit.backoff[0].base;
        assert!(base.allows(1.0) && base.high.unwrap() - base.low.unwrap() < 0.3, "{scenario}: {}", fit.summary);
    }
    let naive = fit("throttle-burst", "naive", 1);
    assert!(naive.profiles.possible.is_empty() && naive.summary.contains("retries at once"), "{}", naive.summary);
}

/// What is said to show a part does show it.
#[test]
fn the_scenario_that_is_named_shows_what_was_missing() {
    let nothing = fit("access-denied", "std-2026", 1);
    let mut parts = 0;
    for Missing { part, play, .. } in nothing.missing.iter().copied() {
        let fit = |client| fit(play, client, 1);
        let shown = match part {
            "throttling backoff" | "transient backoff" => !fit("std-2026").backoff.is_empty(),
            "attempts" => fit("std-2026").attempts.iter().any(|a| a.max.value == Some(3.0)),
            "retry quota" => fit("std-2026").quota.state == QuotaState::Felt,
            "rate limiter" => fit("std-2026").limiter.seen == Some(false),
            "polling" => fit("ec2-poll").polling.is_some(),
            "circuit breaker" => fit("breaker-seed").breaker.is_some_and(|b| b.seen),
            other => panic!("{other} has no test here"),
        };
        assert!(shown, "{play} does not show the {part}");
        parts += 1;
    }
    assert_eq!(parts, 7, "{:?}", nothing.missing);
}

#[test]
fn a_limiter_is_seen_where_there_is_one() {
    let settings = Settings { trials: Some(2), ..Settings::default() };
    let options = vec![("retries.mode".to_owned(), "adaptive".to_owned())];
    let who = brownout::session::Who::Client(client("aws-sdk-rust"), options);
    let ran = brownout::session::run(&shipped("ec2-action-buckets"), &who, &settings, 0).unwrap();
    let limiter = ran.report.fit.unwrap().limiter;
    assert_eq!((limiter.seen, limiter.declared), (Some(true), Some(true)), "{limiter:?}");
    assert!(limiter.held_back.low.unwrap() > 0.0, "{limiter:?}");
}

#[test]
fn the_command_fits_a_journal_for_people_and_for_programs() {
    let folder = scratch("fit");
    let journal = folder.join("seed-b.jsonl").display().to_string();
    brownout(&["run", "unknown-errors", "--client", "seed-b", "--trials", "20", "--journal", &journal]);
    let said = brownout(&["fit", &journal, "--report", "json=-"]);
    assert_eq!(said.exit, 0, "{}", said.stderr);
    for words in ["fit   unknown-errors", "seed-b", "botocore-legacy", "full jitter, base", "5 attempts", "not seen"] {
        assert!(said.stderr.contains(words), "`{words}` is not in:\n{}", said.stderr);
    }
    let json: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    let possible: Vec<&str> = json["runs"][0]["fit"]["profiles"]["possible"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert!(possible.contains(&"seed-b") && possible.contains(&"botocore-legacy"), "{possible:?}");
    // The same as in the report of the run itself.
    let judged = brownout(&["judge", &journal, "--report", "json=-"]);
    let judged: serde_json::Value = serde_json::from_str(&judged.stdout).unwrap();
    assert_eq!(judged["runs"][0]["fit"], json["runs"][0]["fit"]);

    let quiet = folder.join("quiet.jsonl").display().to_string();
    brownout(&["run", "access-denied", "--client", "std-2026", "--trials", "1", "--journal", &quiet]);
    let said = brownout(&["fit", &quiet]);
    assert_eq!(said.exit, 2, "no policy shows without a retry");
    assert!(said.stderr.contains("no retry was seen"), "{}", said.stderr);
    let said = brownout(&["fit", &quiet, "--report", "junit=-"]);
    assert!(said.exit == 2 && said.stderr.contains("a fit is written as JSON alone"), "{}", said.stderr);
}
