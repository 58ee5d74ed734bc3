//! Synthetic runs: right clients are never blamed, wrong ones always are.

use std::time::Duration;

use brownout_mocks::journal::Trial;
use brownout_mocks::random::{Seed, Stream};
use brownout_mocks::service::Class;

use super::story::*;
use crate::guidance::{self, Published};

type Poller<'a> = &'a dyn Fn(usize, &mut Stream) -> f64;
type Pause<'a> = &'a dyn Fn(usize, Class, &mut Stream, Option<Duration>) -> Duration;

/// How many seeds to try: `BROWNOUT_SEEDS`, where somebody wants to be surer.
fn seeds(usual: u64) -> u64 {
    std::env::var("BROWNOUT_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(usual)
}

/// Plays `calls` calls with errors of random classes, up to `max` attempts each.
fn play(seed: u64, trial: u64, service: &str, calls: u64, max: u32, mixed: bool, pause: Pause<'_>) -> Trial {
    let mut stream = Seed { run: seed, trial }.named("simulated", 0);
    let mut story = Story::new(trial);
    story.service = service.into();
    for call in 0..calls {
        story.call();
        // Most calls fail to the end; some get through.
        let failures = if stream.below(4) == 0 { 1 + stream.below(u64::from(max)) as u32 } else { max };
        let one = if call % 2 == 0 { Class::Throttling } else { Class::Transient };
        let (mut wait, mut before) = (Duration::ZERO, None);
        for attempt in 0..max {
            // Virtual timers round up to whole milliseconds.
            let us = wait.as_micros().div_ceil(1_000) as u64 * 1_000;
            if attempt >= failures {
                story.attempt(us, Told::Fine);
                break;
            }
            let class = match mixed {
                true if stream.below(2) == 0 => Class::Throttling,
                true => Class::Transient,
                false => one,
            };
            story.attempt(us, if class == Class::Throttling { THROTTLE } else { BUSY });
            wait = pause(attempt as usize, class, &mut stream, before);
            before = Some(wait);
        }
        let won = failures < max;
        story.finish(won);
        story.now += 1_000_000;
    }
    story.end()
}

/// The pause that a published policy makes.
fn published(
    policy: &Published,
    retry: usize,
    class: Class,
    stream: &mut Stream,
    before: Option<Duration>,
) -> Duration {
    let ladder = if class == Class::Throttling { policy.throttling } else { policy.transient };
    if policy.at_once && class == Class::Transient && retry == 0 {
        return Duration::ZERO;
    }
    if policy.fixed_from.is_some_and(|from| retry as u32 >= from) {
        return ladder.cap.get();
    }
    ladder.draw(retry as u32, stream.unit(), before)
}

fn run(seed: u64, trials: u64, service: &str, max: u32, mixed: bool, pause: Pause<'_>) -> Vec<Trial> {
    (0..trials).map(|trial| play(seed, trial, service, 2, max, mixed, pause)).collect()
}

#[test]
fn no_published_policy_is_ever_blamed_under_documented() {
    let documented = guidance::find("documented").unwrap();
    let mut runs = 0;
    for service in ["s3", "dynamodb"] {
        for policy in documented.allowed(service) {
            for seed in 0..seeds(12) {
                let max = [policy.attempts_max, 10][seed as usize % 2];
                let trials = [200, 20, 3][seed as usize % 3];
                let mixed = seed % 4 == 3 && !policy.at_once && policy.name != "arch-blog-decorrelated";
                let pause = |r: usize, c, s: &mut Stream, b: Option<Duration>| published(&policy, r, c, s, b);
                let report = judged("documented", &run(seed, trials, service, max, mixed, &pause));
                assert!(failed(&report).is_empty(), "{} {service} seed {seed}: {:?}", policy.name, failed(&report));
                runs += 1;
            }
        }
    }
    assert!(runs >= 300, "{runs}");
}

#[test]
fn no_exact_policy_is_ever_blamed_under_its_own_profile() {
    // These stories have pauses alone: no rate limiter holds their clients back.
    for profile in guidance::profiles().iter().filter(|p| p.exact && p.rate_limiter.is_none()) {
        for service in ["s3", "dynamodb"] {
            let policy = &profile.allowed(service)[0];
            for seed in 0..seeds(12) {
                let pause = |r: usize, c, s: &mut Stream, b: Option<Duration>| published(policy, r, c, s, b);
                let trials =
                    run(seed, [200, 40][seed as usize % 2], service, policy.attempts_max, seed % 3 == 0, &pause);
                let report = judged(&profile.name, &trials);
                assert!(failed(&report).is_empty(), "{} {service} seed {seed}: {:?}", profile.name, failed(&report));
            }
        }
    }
}

/// How many trials it takes until `rule` fails.
fn caught(rule: &str, profile: &str, service: &str, max: u32, pause: Pause<'_>) -> Option<u64> {
    let trials = run(7, 200, service, max, false, pause);
    [1, 2, 5, 10, 20, 50, 100, 200]
        .into_iter()
        .find(|n| failed(&judged(profile, &trials[..*n as usize])).contains(&rule))
}

#[test]
fn every_mutant_is_caught_within_two_hundred_trials() {
    let at_once = |_: usize, _: Class, _: &mut Stream, _: Option<Duration>| Duration::ZERO;
    let fixed = |_: usize, _: Class, _: &mut Stream, _: Option<Duration>| Duration::from_millis(700);
    let fixed_jitter = |_: usize, _: Class, s: &mut Stream, _: Option<Duration>| Duration::from_secs_f64(s.unit());
    let bare = |r: usize, _: Class, _: &mut Stream, _: Option<Duration>| Duration::from_millis(40 << r);
    let sleepy =
        |_: usize, _: Class, s: &mut Stream, _: Option<Duration>| Duration::from_secs_f64(30.0 + 30.0 * s.unit());
    let mutants: [(&str, Pause<'_>, u32); 6] = [
        ("no_backoff", &at_once, 3),
        ("fixed_backoff", &fixed, 3),
        ("fixed_backoff", &fixed_jitter, 5),
        ("unjittered_backoff", &fixed, 3),
        ("unjittered_backoff", &bare, 3),
        ("backoff_over_bound", &sleepy, 3),
    ];
    for profile in ["documented", "std-2026", "std-2.0-1s", "seed-b"] {
        for (rule, pause, max) in mutants {
            let trials = caught(rule, profile, "s3", max, pause);
            println!("{rule} under {profile}: {trials:?}");
            assert!(trials.is_some(), "{rule} under {profile}");
        }
    }
    assert!(caught("attempts_exceeded", "documented", "s3", 14, &fixed_jitter).is_some());
}

#[test]
fn a_right_client_is_cleared_soon() {
    let profile = guidance::find("std-2026").unwrap();
    let policy = &profile.allowed("s3")[0];
    let pause = |r: usize, c, s: &mut Stream, b: Option<Duration>| published(policy, r, c, s, b);
    for name in ["std-2026", "documented"] {
        let report = judged(name, &run(3, 200, "s3", 3, false, &pause));
        for rule in [
            "attempts_exceeded",
            "backoff_over_bound",
            "fixed_backoff",
            "no_backoff",
            "unjittered_backoff",
            "throttle_not_retried",
        ] {
            let rule = report.rule(rule).unwrap();
            assert_eq!(rule.verdict, crate::rule::Verdict::Pass, "{name}: {rule:#?}");
        }
        assert_eq!(report.score, Some(100.0));
        assert_eq!(report.exit_code(), 0);
    }
}

#[test]
fn a_forecast_is_of_the_right_size() {
    let pause = |_: usize, _: Class, s: &mut Stream, _: Option<Duration>| Duration::from_secs_f64(s.unit());
    let trials = run(5, 200, "s3", 3, false, &pause);
    let report = judged("std-2026", &trials[..20]);
    let rule = report.rule("fixed_backoff").unwrap();
    if rule.verdict == crate::rule::Verdict::Inconclusive {
        assert!(rule.trials_needed.is_none_or(|n| n > 20), "{rule:#?}");
    }
}

/// A program that polls until its instance is visible, after `polls` polls.
fn poll(seed: u64, trial: u64, polls: usize, pause: Poller<'_>) -> Trial {
    let mut stream = Seed { run: seed, trial }.named("poller", 0);
    let mut story = Story::new(trial);
    (story.service, story.operation, story.tagged) = ("ec2".into(), "DescribeInstances".into(), false);
    story.target = Some("i-1".into());
    story.trial.header.owns_demand = true;
    story.call().attempt(0, HIDDEN);
    for n in 0..polls {
        let wait = (pause(n, &mut stream) * 1_000.0).ceil() as u64 * 1_000;
        story.call().attempt(wait, HIDDEN);
    }
    story.end()
}

#[test]
fn published_pollers_are_never_blamed_and_tight_ones_are() {
    let smithy = |n: usize, s: &mut Stream| 2.0 + ((2.0 * f64::from(1u32 << n.min(6))).min(120.0) - 2.0) * s.unit();
    let exponential = |n: usize, _: &mut Stream| (2.0 * f64::from(1u32 << n.min(10))).min(300.0);
    let full = |n: usize, s: &mut Stream| (2.0 * f64::from(1u32 << n.min(10))).min(300.0) * s.unit();
    let botocore = |_: usize, _: &mut Stream| 5.0;
    let right: [Poller<'_>; 4] = [&smithy, &exponential, &full, &botocore];
    for (i, pause) in right.into_iter().enumerate() {
        for seed in 0..seeds(12) {
            let trials: Vec<Trial> = (0..200).map(|t| poll(seed, t, 3 + (seed as usize % 6), pause)).collect();
            for profile in ["ec2-poll", "documented"] {
                // Full jitter begins with less than the two seconds that S0 names.
                let soon = failed(&judged(profile, &trials)).iter().all(|rule| i == 2 && *rule == "polled_too_soon");
                assert!(soon, "poller {i} seed {seed} under {profile}");
            }
            assert!(failed(&judged("documented", &trials)).is_empty(), "poller {i} seed {seed}");
        }
    }
    let tight = |_: usize, s: &mut Stream| 0.5 + s.unit();
    let trials: Vec<Trial> = (0..200).map(|t| poll(1, t, 8, &tight)).collect();
    assert_eq!(failed(&judged("ec2-poll", &trials)), ["not_found_hammered", "polled_too_soon", "polling_not_slowing"]);
}
