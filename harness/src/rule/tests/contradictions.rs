//! Where published guidances contradict each other (guidance 10 and 13.4), and how each is decided: one test for each.
//! C7 and C19 are about polling, C13 and C14 about a repeat that may be another request.

use brownout_mocks::service::Class;

use super::handmade::{attempts, done, told, verdict};
use super::story::*;
use crate::guidance::{self, Jitter};
use crate::rule::Severity::{Must, NotApplicable as Silent, Should};
use crate::rule::Verdict::{Fail, NotApplicable, Pass};
use crate::rule::{RULES, severity};

/// Nobody is blamed under `documented` for this answer, retried so often with this pause.
#[track_caller]
fn accepted(answer: Told, times: u32, pause: u64) {
    let trial = told(|s| {
        s.call();
        (0..times).for_each(|i| done(s.attempt(if i == 0 { 0 } else { pause << i }, answer)));
        s.finish(false);
    });
    let report = judged("documented", &[trial]);
    assert!(failed(&report).is_empty(), "{:?}", failed(&report));
}

#[test]
fn c01_attempts_are_few_and_the_clients_own_number_counts() {
    verdict("attempts_exceeded", "documented", &[attempts(10, 700 * MS)], Pass);
    verdict("attempts_exceeded", "documented", &[attempts(11, 700 * MS)], Fail);
    let on_dynamodb = |n| {
        told(|s| {
            s.service = "dynamodb".into();
            s.call();
            (0..n).for_each(|_| done(s.attempt(90 * MS, THROTTLE)));
        })
    };
    verdict("attempts_exceeded", "documented", &[on_dynamodb(12)], Pass);
    verdict("attempts_exceeded", "documented", &[on_dynamodb(13)], Fail);
    let announced = told(|s| {
        s.max = Some(4);
        s.call();
        (0..5).for_each(|_| done(s.attempt(90 * MS, THROTTLE)));
    });
    verdict("attempts_exceeded", "documented", &[announced], Fail);
    assert_eq!(severity("gave_up_early", "documented").0, Silent);
}

#[test]
fn c02_c03_a_cap_belongs_to_a_purpose_and_need_not_be_seen() {
    let pauses = |ms: &[u64]| {
        told(|s| {
            s.call().attempt(0, BUSY);
            for ms in ms {
                done(s.attempt(ms * MS, BUSY));
            }
        })
    };
    verdict("backoff_over_cap", "seed-b", &[pauses(&[900, 1_900, 3_900, 7_900])], Pass);
    verdict("backoff_over_cap", "seed-b", &[pauses(&[33_000])], Fail);
    verdict("backoff_over_cap", "std-2026", &[pauses(&[21_000])], Fail);
    let cap = |profile: &str| guidance::find(profile).unwrap().backoff.throttling.value.cap.to_string();
    assert_eq!([cap("std-2026"), cap("seed-b")], ["20s", "32s"]);
    let polling = guidance::find("ec2-poll").unwrap().polling.clone().unwrap();
    assert_eq!(polling.cap.get().as_secs(), 300, "polling may pause for longer than a retry");
}

#[test]
fn c04_jitter_is_asked_for_and_its_kind_is_the_profiles() {
    assert_eq!(severity("unjittered_backoff", "documented").0, Should);
    assert_eq!(severity("unjittered_backoff", "std-2026").0, Must);
    let documented = guidance::find("documented").unwrap();
    let kinds: Vec<Jitter> = documented.published.iter().map(|p| p.throttling.jitter).collect();
    for kind in [Jitter::Full, Jitter::Equal, Jitter::Additive, Jitter::Decorrelated] {
        assert!(kinds.contains(&kind), "{kind:?} is published");
    }
    verdict("jitter_kind_mismatch", "documented", &[attempts(3, 700 * MS)], NotApplicable);
}

#[test]
fn c05_c15_every_published_base_is_accepted() {
    for pause in [0, 9, 24, 49, 99, 490, 990, 1_900] {
        accepted(THROTTLE, 3, pause * MS / 4);
    }
    let none_left = Told::Error("InsufficientInstanceCapacity", 500, Class::Transient);
    accepted(none_left, 1, 0);
    accepted(none_left, 3, 20 * MS);
}

#[test]
fn c06_a_500_may_be_retried_a_little_or_not_at_all() {
    accepted(BUSY, 3, 20 * MS);
    let once = told(|s| done(s.call().attempt(0, BUSY).finish(false)));
    verdict("transient_not_retried", "documented", &[once], Fail);
    assert_eq!(severity("transient_not_retried", "documented").0, Should, "it costs score and no run");
    let endless = told(|s| {
        s.call();
        (0..11).for_each(|_| done(s.attempt(20 * MS, BUSY)));
    });
    verdict("attempts_exceeded", "documented", &[endless], Fail);
}

#[test]
fn c07_not_found_is_final_unless_it_is_the_clients_own() {
    let asked = |answer| told(|s| done(s.call().attempt(0, answer).attempt(2_000 * MS, answer).finish(false)));
    verdict("retried_permanent_error", "documented", &[asked(GONE)], Fail);
    verdict("retried_permanent_error", "documented", &[asked(HIDDEN)], NotApplicable);
}

#[test]
fn c08_the_code_comes_before_the_status() {
    let wrong = Told::Error("ValidationException", 400, Class::Permanent);
    let retried = |answer| told(|s| done(s.call().attempt(0, answer).attempt(500 * MS, answer).finish(false)));
    verdict("retried_permanent_error", "documented", &[retried(wrong)], Fail);
    verdict("retried_permanent_error", "documented", &[retried(THROTTLE)], NotApplicable);
    for throttle in [THROTTLE, Told::Error("RequestThrottled", 403, Class::Throttling)] {
        accepted(throttle, 3, 200 * MS);
    }
    verdict("throttle_not_retried", "documented", &[told(|s| done(s.call().attempt(0, THROTTLE).finish(false)))], Fail);
}

#[test]
fn c09_c10_a_spent_quota_may_be_tried_as_often_as_a_stock_sdk_tries() {
    accepted(SPENT, 1, 0);
    accepted(SPENT, 3, 500 * MS);
    assert_eq!(severity("quota_hammered", "documented").0, Must);
}

#[test]
fn c11_all_gateway_failures_are_treated_alike() {
    for status in [502, 503, 504] {
        let answer = Told::Error("", status, Class::Transient);
        accepted(answer, 3, 30 * MS);
        let once = told(|s| done(s.call().attempt(0, answer).finish(false)));
        verdict("transient_not_retried", "std-2026", &[once], Fail);
    }
}

#[test]
fn c12_a_short_timeout_of_the_client_is_its_own_affair() {
    let impatient = told(|s| {
        s.max = Some(3);
        s.call().attempt(0, Told::Reset).attempt(30 * MS, Told::Reset).attempt(60 * MS, Told::Fine).finish(true);
    });
    assert!(failed(&judged("documented", &[impatient])).is_empty());
}

#[test]
fn c13_c14_a_repeat_that_may_be_another_request_is_no_breach() {
    let repeat = |answer, pause| told(|s| done(s.call().attempt(0, answer).attempt(pause, answer).finish(false)));
    let expired = Told::Error("ExpiredTokenException", 400, Class::Permanent);
    assert!(failed(&judged("documented", &[repeat(expired, 900 * MS)])).is_empty());
    let conflict = Told::Error("ResourceConflictException", 409, Class::Permanent);
    verdict("retried_permanent_error", "documented", &[repeat(conflict, 1_000 * MS)], Pass);
    verdict("retried_permanent_error", "documented", &[repeat(conflict, 400 * MS)], Fail);
    let duplicate = Told::Error("BucketAlreadyExists", 409, Class::Permanent);
    verdict("retried_permanent_error", "documented", &[repeat(duplicate, 1_000 * MS)], Fail);
}

#[test]
fn c16_a_quota_and_a_breaker_both_protect_in_a_storm() {
    let storm = |attempts: u32| {
        told(|s| {
            for _ in 0..130 {
                s.call();
                (0..attempts).for_each(|i| done(s.attempt(u64::from(i) * 700 * MS, BUSY)));
                s.finish(false);
                s.now += 60_000 * MS;
            }
        })
    };
    verdict("storm_amplified", "std-2026", &[storm(1)], Pass);
    verdict("storm_amplified", "std-2026", &[storm(2)], Fail);
    // A breaker lets so few calls pass that there is no storm to make larger.
    verdict("storm_amplified", "breaker-seed", &[attempts(3, 700 * MS)], NotApplicable);
}

#[test]
fn c17_a_bare_429_and_its_hint_bind_nobody_who_did_not_say_so() {
    accepted(Told::Error("", 429, Class::Throttling), 1, 0);
    let hinted = told(|s| {
        (0..5).for_each(|_| done(s.call().attempt(0, Told::Hint(2_000)).attempt(700 * MS, Told::Fine).finish(true)));
    });
    verdict("early_retry", "documented", &[hinted], NotApplicable);
}

/// One client knows each 429 for a throttle by its status, others read its code first: a model that is not ready.
#[test]
fn c17_a_429_is_a_throttle_by_its_status_or_what_its_code_says() {
    let waits = |status, ms| {
        let answer = Told::Error("ModelNotReadyException", status, Class::Transient);
        told(|s| done(s.call().attempt(0, answer).attempt(ms * MS, Told::Fine).finish(true)))
    };
    for profile in ["std-2026", "documented"] {
        verdict("backoff_over_bound", profile, &[waits(429, 40), waits(429, 990)], Pass);
        verdict("backoff_over_bound", profile, &[waits(429, 60_000)], Fail);
    }
    verdict("backoff_over_bound", "std-2026", &[waits(429, 1_100)], Fail);
    verdict("backoff_over_bound", "std-2026", &[waits(503, 990)], Fail);
    // Seventy retries at the price of a throttle leave tokens over; at the price of another error they would not.
    let retried = |status| {
        let answer = Told::Error("ModelNotReadyException", status, Class::Transient);
        told(|s| {
            s.max = Some(3);
            (0..35).for_each(|_| {
                done(s.call().attempt(0, answer).attempt(MS, answer).attempt(MS, answer).finish(false));
            });
        })
    };
    verdict("retry_quota_missing", "std-2026", &[retried(429)], NotApplicable);
    verdict("retry_quota_missing", "std-2026", &[retried(503)], Fail);
}

#[test]
fn c18_what_the_guide_and_the_sdks_dispute_is_accepted_both_ways() {
    for code in ["ItemCollectionSizeLimitExceededException", "UnrecognizedClientException"] {
        let answer = Told::Error(code, 400, Class::Permanent);
        accepted(answer, 1, 0);
        accepted(answer, 3, 200 * MS);
    }
}

#[test]
fn c20_the_snippets_have_their_timing_and_the_prose_its_classes() {
    let final_error = told(|s| done(s.call().attempt(0, GONE).attempt(1_500 * MS, GONE).finish(false)));
    for profile in ["seed-a", "seed-b"] {
        verdict("retried_permanent_error", profile, std::slice::from_ref(&final_error), Fail);
    }
    let pause = |ms: u64| told(|s| done(s.call().attempt(0, BUSY).attempt(ms * MS, Told::Fine).finish(true)));
    verdict("backoff_over_bound", "seed-a", &[pause(1_999)], Pass);
    verdict("backoff_over_bound", "seed-a", &[pause(2_010)], Fail);
}

#[test]
fn c21_a_conflict_that_is_read_anew_is_another_request() {
    let refused = Told::Error("ConditionalCheckFailedException", 400, Class::Permanent);
    let repeat = |hashes: [&str; 2]| {
        let mut trial = told(|s| {
            s.service = "dynamodb".into();
            s.call().attempt(0, refused).attempt(300 * MS, refused).finish(false);
        });
        let mut hashes = hashes.into_iter();
        for event in &mut trial.events {
            if let brownout_mocks::journal::EventKind::AttemptReceived(received) = &mut event.kind {
                received.body_hash = hashes.next().map(str::to_owned);
            }
        }
        trial
    };
    verdict("retried_permanent_error", "documented", &[repeat(["a", "a"])], Fail);
    verdict("retried_permanent_error", "documented", &[repeat(["a", "b"])], Pass);
}

#[test]
fn c22_the_ladder_without_jitter_is_published_for_dynamodb() {
    let bare = |service: &str| {
        told(|s| {
            s.service = service.into();
            for _ in 0..40 {
                s.call();
                (0..5).for_each(|i| done(s.attempt(if i == 0 { 0 } else { (25 * MS) << i }, THROTTLE)));
                s.finish(false);
            }
        })
    };
    verdict("unjittered_backoff", "documented", &[bare("dynamodb")], NotApplicable);
    verdict("unjittered_backoff", "botocore-legacy", &[bare("dynamodb")], NotApplicable);
    verdict("unjittered_backoff", "documented", &[bare("s3")], Fail);
    verdict("unjittered_backoff", "std-2026", &[bare("dynamodb")], Fail);
}

#[test]
fn c23_retry_after_binds_whom_says_that_it_does() {
    let calls = |honours: &[&str]| {
        let mut trial = told(|s| {
            (0..5)
                .for_each(|_| done(s.call().attempt(0, Told::Hint(2_000)).attempt(500 * MS, Told::Fine).finish(true)));
        });
        trial.header.honours = honours.iter().map(|h| (*h).to_owned()).collect();
        trial
    };
    verdict("early_retry", "documented", &[calls(&[])], NotApplicable);
    verdict("early_retry", "documented", &[calls(&["retry_after"])], Fail);
    verdict("early_retry", "http-retry-after", &[calls(&[])], Fail);
}

#[test]
fn c24_a_first_request_is_only_held_back_where_the_mode_says_so() {
    let held = told(|s| {
        for _ in 0..20 {
            s.call();
            s.attempt(900 * MS, Told::Fine).finish(true);
        }
    });
    verdict("first_attempt_delayed", "std-2026", std::slice::from_ref(&held), Fail);
    verdict("first_attempt_delayed", "adaptive", &[held], NotApplicable);
}

#[test]
fn c26_no_rule_asks_for_patience_with_s3s_reads() {
    // Visibility faults on S3 would be history; the library has none.
    for shipped in crate::scenario::library::all() {
        let scenario = crate::scenario::Scenario::parse(shipped.name, shipped.text).unwrap();
        let hides = scenario.document.steps.iter().flat_map(brownout_mocks::plan::Step::faults);
        let hides = hides.into_iter().any(|f| f.name() == "not_visible");
        let historical = scenario.document.title.contains("historical") || shipped.text.contains("historical");
        assert!(!hides || scenario.document.service != "s3" || historical, "{}", shipped.name);
    }
    assert!(RULES.iter().all(|r| !r.id.contains("s3")));
    verdict(
        "not_found_gave_up",
        "documented",
        &[told(|s| done(s.call().attempt(0, GONE).finish(false)))],
        NotApplicable,
    );
}
