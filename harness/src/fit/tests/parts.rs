//! Attempts, quotas, breakers, polls and the set of profiles, from journals made by hand or by a known policy.

use std::ops::Range;

use brownout_mocks::journal::{EventKind, Outcome, Trial};
use brownout_mocks::service::Class;

use super::truth::*;
use crate::fit::{Fit, QuotaState};
use crate::guidance::{self, Jitter};
use crate::rule::tests::story::{BUSY, HIDDEN, MS, Story, Told};

pub(super) const BOTH: [Class; 2] = [Class::Throttling, Class::Transient];

fn names(fit: &Fit) -> Vec<&str> {
    fit.profiles.possible.iter().map(|c| c.name.as_str()).collect()
}

/// What a client by this profile makes of storms, and of a quiet time after them.
fn by_profile(name: &str, service: &str, seed: u64, trials: u64, calls: &[Call]) -> Fit {
    let truth = Truth::by_profile(name, service);
    let mut random = random(name, seed);
    fitted(&(0..trials).map(|trial| play(&truth, service, trial, calls, &mut random)).collect::<Vec<_>>())
}

#[test]
fn what_can_be_told_apart_is_and_what_cannot_is_not() {
    let storm = storms(120, &BOTH);
    // C25: five attempts, bounds of 1, 2, 4 and 8 s; no cap is reached.
    let cases: [(&str, &[&str]); 9] = [
        ("seed-b", &["botocore-legacy", "http-retry-after", "seed-b"]),
        ("std-2026", &["std-2026"]),
        ("std-2.0-1s", &["std-2.0-1s"]),
        ("seed-a", &["seed-a"]),
        ("go-pre2026", &["go-pre2026"]),
        ("java-legacy", &["java-legacy"]),
        ("js-pre2026", &["js-pre2026"]),
        ("kotlin-pre2026", &["kotlin-pre2026"]),
        ("arch-blog-decorrelated", &["arch-blog-decorrelated"]),
    ];
    for (name, wanted) in cases {
        let fit = by_profile(name, "s3", 1, 3, &storm);
        let mut possible = names(&fit);
        possible.sort_unstable();
        assert_eq!(possible, wanted, "{name}: {fit:#?}");
        assert!(fit.nearest.as_ref().is_some_and(|n| wanted.contains(&n.name.as_str())), "{name}: {:?}", fit.nearest);
        println!("{}", fit.summary);
    }
    let fit = by_profile("std-2026", "dynamodb", 1, 3, &storm);
    assert_eq!(names(&fit), ["std-2026"], "four attempts and 25 ms are DynamoDB's alone");
}

#[test]
fn other_attempts_leave_a_profile_aside_and_do_not_rule_it_out() {
    let mut truth = Truth::by_profile("std-2026", "s3");
    truth.attempts = 6;
    let mut random = random("attempts", 1);
    let trial = play(&truth, "s3", 0, &storms(30, &BOTH), &mut random);
    let fit = fitted(&[trial]);
    assert!(names(&fit).is_empty(), "{fit:#?}");
    let aside: Vec<&str> = fit.profiles.but_for_attempts.iter().map(|c| c.name.as_str()).collect();
    assert!(aside.contains(&"std-2026") && !aside.contains(&"seed-b"), "{aside:?}");
    assert_eq!(fit.attempts[0].max.value, Some(6.0));
    assert!(fit.summary.contains("std-2026") && fit.summary.contains("with other attempts"), "{}", fit.summary);
}

#[test]
fn attempts_are_a_bound_where_every_call_got_through() {
    let truth = Truth::by_profile("seed-b", "s3");
    let calls = vec![(2, Class::Transient); 10];
    let fit = fitted(&[play(&truth, "s3", 0, &calls, &mut random("won", 1))]);
    assert_eq!((fit.attempts[0].max.at_least, fit.attempts[0].max.value), (Some(3.0), None));
    assert!(fit.missing.iter().any(|m| m.part == "attempts"), "{:?}", fit.missing);
    assert_eq!(fit.quota.state, QuotaState::NotFelt);
    // Of two retries a call, success gives back the last.
    assert_eq!(fit.quota.transient_retries.at_least, Some(11.0), "{:?}", fit.quota);
}

#[test]
fn a_quota_is_measured_by_what_it_refuses_and_what_gives_it_back() {
    for (name, per_class) in [("std-2026", [100, 35]), ("js-pre2026", [100, 50]), ("kotlin-pre2026", [50, 50])] {
        for (class, retries) in BOTH.into_iter().zip(per_class) {
            let fit = by_profile(name, "s3", 2, 1, &storms(80, &[class]));
            let quota = &fit.quota;
            assert_eq!(quota.state, QuotaState::Felt, "{name}: {quota:?}");
            let seen = if class == Class::Transient { quota.transient_retries } else { quota.throttling_retries };
            assert_eq!((seen.low, seen.high), (Some(f64::from(retries)), Some(f64::from(retries))), "{name} {quota:?}");
        }
        // Successes between storms set the scale, one token each.
        let mut calls = storms(80, &BOTH);
        for round in 0..60 {
            calls.extend(vec![(0, Class::Transient); 1 + round % 9]);
            calls.extend(storms(1, &[BOTH[round % 2]]));
        }
        let (fit, profile) = (by_profile(name, "s3", 2, 1, &calls), guidance::find(name).unwrap());
        let (quota, truth) = (&fit.quota, profile.quota.as_ref().unwrap());
        println!("{name}: {quota:?}");
        for (seen, truth) in
            [(quota.capacity, truth.capacity), (quota.throttling, truth.throttling), (quota.transient, truth.transient)]
        {
            assert!(seen.allows(f64::from(truth)), "{name}: {quota:?}");
            assert!(seen.high.unwrap() <= f64::from(truth) * 1.2 + 1.0, "{name}: {quota:?}");
        }
    }
}

/// A breaker of one probe at a time, and from when to when the service is down, in seconds.
#[derive(Debug, Clone)]
pub(super) struct Breaker {
    pub(super) threshold: u32,
    pub(super) open: u64,
    pub(super) closes_after: u32,
    pub(super) down: Range<u64>,
}

/// Calls every second through a breaker, until a minute after the service is back.
pub(super) fn behind_a_breaker(breaker: &Breaker) -> Trial {
    let Breaker { threshold, open, closes_after, ref down } = *breaker;
    let mut story = Story::new(0);
    let (mut failures, mut until, mut successes): (u32, Option<u64>, u32) = (0, None, 0);
    for second in 0..down.end + 60 {
        story.now = second * 1_000 * MS;
        story.call();
        if until.is_some_and(|until| second < until) {
            story.now += MS;
            let call = second + 1;
            story.push(EventKind::CallFinished { call, client: 0, outcome: Outcome::Error, code: None });
            continue;
        }
        let down = down.contains(&second);
        story.attempt(10 * MS, if down { BUSY } else { Told::Fine });
        story.finish(!down);
        match (down, until) {
            (true, Some(_)) => (until, successes) = (Some(second + open), 0),
            (true, None) => {
                failures += 1;
                until = (failures >= threshold).then_some(second + open);
            }
            (false, Some(_)) => {
                successes += 1;
                if successes >= closes_after {
                    (until, failures, successes) = (None, 0, 0);
                }
            }
            (false, None) => failures = 0,
        }
    }
    story.end()
}

#[test]
fn a_breaker_is_measured_by_what_it_refuses() {
    for (threshold, open) in [(5, 60), (3, 30), (1, 5)] {
        let fit = fitted(&[behind_a_breaker(&Breaker { threshold, open, closes_after: 1, down: 10..150 })]);
        let breaker = fit.breaker.unwrap();
        assert!(breaker.seen);
        assert_eq!(breaker.threshold.value, Some(f64::from(threshold)), "{breaker:?}");
        assert!(breaker.open.allows(open as f64 - 0.01), "{breaker:?}");
        assert!(breaker.open.high.unwrap() - breaker.open.low.unwrap() < 1.1, "{breaker:?}");
        assert!(fit.summary.contains("a breaker opens after"), "{}", fit.summary);
        let excluded = fit.profiles.excluded.iter().find(|e| e.name == "std-2026").unwrap();
        assert!(excluded.why.contains("breaker"), "{}", excluded.why);
    }
    let never = fitted(&[behind_a_breaker(&Breaker { threshold: 1_000, open: 1, closes_after: 1, down: 10..40 })]);
    let breaker = never.breaker.as_ref().unwrap();
    assert!(!breaker.seen && breaker.threshold.at_least == Some(31.0), "{breaker:?}");
    assert!(never.profiles.excluded.iter().any(|e| e.name == "breaker-seed"), "{:?}", never.profiles);
    assert!(never.missing.iter().any(|m| m.part == "circuit breaker"));
}

#[test]
fn polls_are_measured_without_knowing_their_jitter() {
    let jitters: [&dyn Fn(f64) -> f64; 3] = [&|_| 1.0, &|u| 1.0 + 0.25 * u, &|u| 0.5 + u / 2.0];
    for (which, jitter) in jitters.into_iter().enumerate() {
        let mut random = random("polls", which as u64);
        let trials = (0..40).map(|trial| {
            let mut story = Story::new(trial);
            (story.service, story.operation, story.tagged) = ("ec2".into(), "DescribeInstances".into(), false);
            story.target = Some("i-1".into());
            story.trial.header.owns_demand = true;
            story.call().attempt(0, HIDDEN);
            for n in 0..7 {
                let pause = 2.0 * 1.7f64.powi(n).min(15.0) * jitter(random.unit());
                story.call().attempt((pause * 1e3).ceil() as u64 * MS, HIDDEN);
            }
            story.end()
        });
        let fit = fitted(&trials.collect::<Vec<_>>());
        let polling = fit.polling.unwrap();
        assert_eq!(polling.pauses, 280);
        let (least, most) = (2.0 * jitter(0.0), 30.0 * jitter(1.0));
        assert!(polling.start.allows(least) && polling.factor.allows(1.7), "{which}: {polling:?}");
        assert!(polling.cap.allows(most) && polling.cap.high.unwrap() < most * 1.2, "{which}: {polling:?}");
        assert!(polling.factor.high.unwrap() - polling.factor.low.unwrap() < 0.5, "{which}: {polling:?}");
        let out = |name: &str| fit.profiles.excluded.iter().any(|e| e.name == name);
        assert_eq!(out("ec2-poll"), least < 1.9, "a pause of less than two seconds");
    }
}

#[test]
fn who_saw_nothing_says_so() {
    let fit = fitted(&[Story::new(0).end()]);
    assert_eq!(fit.nearest, None);
    assert!(fit.summary.starts_with("no retry was seen"), "{}", fit.summary);
    assert!(fit.missing.len() >= 6, "{:?}", fit.missing);
    // Nobody has a schedule of polls whose calls are ours.
    let exact = guidance::profiles().iter().filter(|p| p.exact && p.polling.is_none()).count();
    assert_eq!(fit.profiles.possible.len(), exact, "nothing was told apart");
}

#[test]
fn retries_at_once_are_no_ladder() {
    let ladder = guidance::Ladder { jitter: Jitter::None, ..Truth::by_profile("seed-b", "s3").throttling };
    let none = guidance::Ladder { base: std::time::Duration::ZERO.into(), ..ladder };
    let fit = fitted(&[play(&Truth::of(none, 5), "s3", 0, &storms(20, &BOTH), &mut random("none", 1))]);
    assert!(fit.backoff.iter().all(|b| b.family == crate::fit::Family::AtOnce), "{fit:#?}");
    assert!(fit.summary.contains("retries at once"), "{}", fit.summary);
    assert!(names(&fit).is_empty());
}
