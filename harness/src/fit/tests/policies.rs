//! Policies as proptest draws them, and what must hold for each of them, whatever it is.

use std::cell::Cell;
use std::time::Duration;

use brownout_mocks::service::Class;
use brownout_mocks::units::Span;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};

use super::coverage::seeds;
use super::parts::{BOTH, Breaker, behind_a_breaker};
use super::truth::*;
use crate::fit::QuotaState;
use crate::guidance::{Jitter, Ladder};

fn runner(seed: u64, cases: u32) -> TestRunner {
    let rng_seed = RngSeed::Fixed(seed);
    TestRunner::new(Config { cases, rng_seed, failure_persistence: None, ..Config::default() })
}

/// The value that a seed stands for.
pub(super) fn drawn<S: Strategy>(strategy: &S, seed: u64) -> S::Value {
    strategy.new_tree(&mut runner(seed, 1)).unwrap().current()
}

/// Asks it of so many cases and shows the simplest that fails.
fn always<S: Strategy>(cases: u64, strategy: &S, holds: impl Fn(S::Value)) {
    let checked = runner(1, cases as u32).run(strategy, |case| {
        holds(case);
        Ok(())
    });
    if let Err(TestError::Fail(why, case)) = checked {
        panic!("{why}\nfor {case:#?}");
    }
    assert!(checked.is_ok());
}

/// A ladder drawn from what clients have, and how many retries climb it: bases from 25 ms to 2 s, growth from 1.5 to 3, a
/// cap that the pauses reach in half of all cases.
pub(super) fn ladders(jitter: Jitter) -> impl Strategy<Value = (Ladder, u32)> {
    let unit = || 0.0..1.0f64;
    (3u32..=5, unit(), 1.5..3.0f64, any::<bool>(), unit()).prop_map(move |(retries, base, factor, reached, cap)| {
        let base = 0.025 * 80f64.powf(base);
        let last = base * factor.powi(retries.cast_signed() - 1);
        let cap = match (jitter, reached) {
            (Jitter::Decorrelated, false) => base * 1e4,
            (Jitter::Decorrelated, true) => base * (3.0 + 6.0 * cap),
            // It bites somewhere between the second pause and the last.
            (_, true) => base * factor * (last / base / factor).powf(cap),
            (_, false) => last * (1.5 + 8.0 * cap),
        };
        let span = |s: f64| Span(Duration::from_secs_f64(s));
        (Ladder { base: span(base), factor, cap: span(cap), jitter }, retries)
    })
}

/// Retries at once, paid from a quota of a random size at random costs.
fn quotas() -> impl Strategy<Value = Truth> {
    (2u32..=5, 1i64..=15, 1i64..=15, 0i64..300).prop_map(|(attempts, throttling, transient, more)| {
        let mut truth = Truth::by_profile("std-2026", "s3");
        (truth.attempts, truth.throttling.base) = (attempts, Duration::ZERO.into());
        truth.transient = truth.throttling;
        truth.quota = Some((6 * throttling.max(transient) + more, throttling, transient));
        truth
    })
}

/// Calls that fail to the end, and others that get through, by turns.
fn turns() -> impl Strategy<Value = Vec<Call>> {
    let storm = (0..8usize, any::<bool>()).prop_map(|(n, both)| storms(n, &BOTH[usize::from(!both)..]));
    let calm = (0..3u32, 0..2usize, 0..12usize).prop_map(|(failures, class, n)| vec![(failures, BOTH[class]); n]);
    let turn = (storm, calm).prop_map(|(storm, calm)| [storm, calm].concat());
    prop::collection::vec(turn, 40).prop_map(|turns| turns.concat())
}

#[test]
fn quotas_lie_in_their_intervals() {
    let felt = Cell::new(0);
    let cases = seeds(60).min(500);
    always(cases, &(quotas(), turns(), any::<u64>()), |(truth, calls, seed)| {
        let (capacity, throttling, transient) = truth.quota.unwrap();
        let fit = fitted(&[play(&truth, "s3", 0, &calls, &mut random("quota", seed))]);
        let quota = &fit.quota;
        assert_ne!(quota.state, QuotaState::Unclear);
        felt.set(felt.get() + u64::from(quota.state == QuotaState::Felt));
        for (seen, truth) in [
            (quota.capacity, capacity),
            (quota.throttling, throttling),
            (quota.transient, transient),
            (quota.throttling_retries, capacity / throttling),
            (quota.transient_retries, capacity / transient),
        ] {
            assert!(seen.allows(truth as f64), "{truth}: {quota:?}");
        }
        assert!(fit.attempts[0].max.allows(truth.attempts.into()), "{:?}", fit.attempts);
    });
    assert!(felt.get() * 3 > cases, "{} of {cases} quotas were felt", felt.get());
}

fn breakers() -> impl Strategy<Value = Breaker> {
    (1u32..=9, 2u64..62, 1u32..=4, 0u64..20, 20u64..220).prop_map(|(threshold, open, closes_after, from, down)| {
        Breaker { threshold, open, closes_after, down: from..from + down }
    })
}

#[test]
fn breakers_lie_in_their_intervals() {
    always(seeds(60).min(500), &breakers(), |truth| {
        let breaker = fitted(&[behind_a_breaker(&truth)]).breaker.unwrap();
        assert!(breaker.seen && breaker.threshold.allows(truth.threshold.into()), "{breaker:?}");
        // It counts from the end of the failure, 10 ms after the call began.
        assert!(breaker.open.allows(truth.open as f64 - 0.01), "{breaker:?}");
        assert!(breaker.probes.allows(1.0) && breaker.closes_after.allows(truth.closes_after.into()), "{breaker:?}");
    });
}

/// Where nothing is drawn, nothing may be missed.
#[test]
fn ladders_without_jitter_lie_in_their_intervals() {
    always(seeds(60).min(500), &(ladders(Jitter::None), 1..30usize), |((ladder, retries), calls)| {
        let calls = storms(calls, &[Class::Transient]);
        let fit = fitted(&[play(&Truth::of(ladder, retries + 1), "s3", 0, &calls, &mut random("none", 1))]);
        let seen = fit.ladder(Class::Transient).unwrap();
        assert!(seen.jitter_possible.contains(&Jitter::None), "{seen:?}");
        assert!(seen.base.allows(ladder.base.get().as_secs_f64()), "{seen:?}");
        assert!(seen.factor.allows(ladder.factor) && seen.cap.allows(ladder.cap.get().as_secs_f64()), "{seen:?}");
        let most = fit.attempts[0].max;
        assert_eq!((most.value, most.high), (Some(f64::from(retries + 1)), Some(f64::from(retries + 1))));
    });
}
