//! A Rust user's own retry policy, played and judged in virtual time: a right one passes, a wrong one
//! fails with a finding that says what was wrong and by whose word.

use std::time::Duration;

use brownout::check::{self, Check};
use brownout::client::policy::{Failed, RetryPolicy};
use brownout::rule::Verdict;
use brownout::scenario::library;
use brownout_mocks::random::Stream;
use brownout_mocks::service::Class;

/// Four attempts; the pause before the next is drawn by `pause` from its bound.
struct Mine {
    pause: fn(Duration, &mut Stream) -> Duration,
}

impl RetryPolicy for Mine {
    fn next_pause(&mut self, failed: Failed<'_>, random: &mut Stream) -> Option<Duration> {
        if !matches!(failed.failure.class, Class::Throttling | Class::Transient) || failed.attempt >= 4 {
            return None;
        }
        let bound = Duration::from_secs(1 << (failed.attempt - 1)).min(Duration::from_secs(20));
        let pause = (self.pause)(bound, random);
        Some(failed.failure.retry_after.map_or(pause, |hint| pause.max(hint)))
    }
}

fn full_jitter() -> Mine {
    Mine { pause: |bound, random| bound.mul_f64(random.unit()) }
}

fn at_once() -> Mine {
    Mine { pause: |_, _| Duration::ZERO }
}

#[test]
fn a_right_policy_passes_every_story_of_calls() {
    for name in ["throttle-burst", "s3-slow-down", "service-unavailable-storm", "connection-reset", "access-denied"] {
        check::assert_policy(&library::scenario(name).unwrap(), full_jitter);
    }
    let gateway = library::scenario("gateway-retry-after").unwrap();
    let report = Check::new().named("mine").honours_retry_after().policy(&gateway, full_jitter).unwrap();
    assert_eq!((report.exit_code(), report.client.as_str()), (0, "mine"));
    assert_eq!(report.rule("early_retry").unwrap().verdict, Verdict::Pass);
    assert!(report.control.is_some() && report.reference.is_some());
}

#[test]
fn a_wrong_policy_fails_with_a_finding_for_people() {
    let scenario = library::scenario("throttle-burst").unwrap();
    let check = Check::new().named("mine");
    let report = check.policy(&scenario, at_once).unwrap();
    assert_eq!(report.verdict, Verdict::Fail);
    let text = check.text(&scenario, report);
    for part in [
        "FAIL  throttle-burst",
        "no_backoff (R08, must): attempt ",
        "--> throttle-burst:",
        "inject: throttle",
        "expected  a random pause of up to",
        "ProvisionedThroughputExceededException (throttle)",
        "source    ",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
}

#[test]
#[should_panic(expected = "no_backoff (R08, must)")]
fn an_assertion_panics_with_the_finding() {
    check::assert_policy(&library::scenario("throttle-burst").unwrap(), at_once);
}

#[test]
fn the_same_seed_gives_the_same_report() {
    let scenario = library::scenario("service-unavailable-storm").unwrap();
    let play = || Check::new().seed(7).trials(3).policy(&scenario, full_jitter).unwrap();
    assert_eq!(play(), play());
}

#[test]
fn what_no_policy_can_play_is_said() {
    let flow = library::scenario("instance-not-visible").unwrap();
    let error = check::policy(&flow, full_jitter).unwrap_err().to_string();
    assert!(error.contains("instance-not-visible") && error.contains("a flow"), "{error}");
    assert!(library::scenario("throttling").unwrap_err().contains("family"));
}
