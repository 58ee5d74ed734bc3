//! Errors that are final, or are not, by their code: refusals, wrong dates, old credentials, and two meanings of one
//! status. The tests whose names begin with `c` and a number are the contradictions of guidance 10 and 13.4.

use brownout_mocks::journal::{EventKind, Trial};
use brownout_mocks::service::Class;

use super::handmade::{done, told, verdict};
use super::story::*;
use crate::rule::Verdict::{Fail, NotApplicable, Pass};

const DENIED: Told = Told::Error("AccessDenied", 403, Class::Permanent);
const EXPIRED: Told = Told::Error("ExpiredToken", 403, Class::Permanent);
const SKEWED: Told = Told::Error("RequestTimeTooSkewed", 403, Class::Permanent);
const WRONG: Told = Told::Error("ValidationException", 400, Class::Permanent);

/// One call: an attempt after each pause, with this date and session, told this.
fn call(attempts: &[(u64, &str, Option<u64>, Told)]) -> Trial {
    told(|s| {
        s.call();
        for (pause, date, session, answer) in attempts {
            s.date = Some((*date).to_owned());
            s.session = *session;
            s.attempt(*pause, *answer);
        }
        s.finish(matches!(attempts.last(), Some((_, _, _, Told::Fine))));
    })
}

/// C13: one more attempt, signed anew, is fine; a second one, or one with the same date and credentials, is not.
#[test]
fn c13_a_refusal_is_signed_anew_once() {
    let rule = "auth_error_hammered";
    let (first, second, third) = ("20260101T000000Z", "20260101T000003Z", "20260101T000006Z");
    for refusal in [DENIED, EXPIRED, Told::Error("", 401, Class::Permanent)] {
        let once = [(0, first, None, refusal)];
        verdict(rule, "documented", &[call(&once)], Pass);
        let anew = [(0, first, None, refusal), (3_000 * MS, second, None, refusal)];
        verdict(rule, "documented", &[call(&anew)], Pass);
        let fresh = [(0, first, Some(1), refusal), (3_000 * MS, first, Some(2), refusal)];
        verdict(rule, "documented", &[call(&fresh)], Pass);
        let same = [(0, first, Some(1), refusal), (3_000 * MS, first, Some(1), refusal)];
        verdict(rule, "documented", &[call(&same)], Fail);
        // Within a second two dates look the same.
        let at_once = [(0, first, None, refusal), (500 * MS, first, None, refusal)];
        verdict(rule, "documented", &[call(&at_once)], Pass);
        let thrice =
            [(0, first, None, refusal), (3_000 * MS, second, None, refusal), (3_000 * MS, third, None, refusal)];
        verdict(rule, "documented", &[call(&thrice)], Fail);
        verdict("retried_permanent_error", "documented", &[call(&thrice)], NotApplicable);
    }
}

/// C18: one guide says to retry these, the SDKs do not.
#[test]
fn c18_what_one_guide_retries_is_not_blamed() {
    for code in ["UnrecognizedClientException", "ItemCollectionSizeLimitExceededException"] {
        let answer = Told::Error(code, 400, Class::Permanent);
        let thrice = told(|s| done(s.call().attempt(0, answer).attempt(9, answer).attempt(9, answer).finish(false)));
        for rule in ["auth_error_hammered", "retried_permanent_error"] {
            verdict(rule, "documented", std::slice::from_ref(&thrice), NotApplicable);
        }
    }
}

/// C21: a condition that was not met is asked again with what was read since, or not at all.
#[test]
fn c21_a_conflict_is_repeated_changed_or_not_at_all() {
    let answer = Told::Error("ConditionalCheckFailedException", 400, Class::Permanent);
    let mut twice = told(|s| done(s.call().attempt(0, answer).attempt(50 * MS, Told::Fine).finish(true)));
    verdict("retried_permanent_error", "documented", std::slice::from_ref(&twice), Fail);
    for event in &mut twice.events {
        if let EventKind::AttemptReceived(received) = &mut event.kind {
            received.body_hash = Some(format!("{:016x}", received.seq));
        }
    }
    let report = judged("documented", &[twice]);
    assert!(!failed(&report).contains(&"retried_permanent_error"));
}

/// C17: Rust and Go do not retry a 429 without a code that they know, JavaScript and botocore do.
#[test]
fn c17_a_bare_429_may_be_retried_or_not() {
    let bare = Told::Error("", 429, Class::Throttling);
    let ended = told(|s| done(s.call().attempt(0, bare).finish(false)));
    let retried = told(|s| done(s.call().attempt(0, bare).attempt(500 * MS, Told::Fine).finish(true)));
    for trial in [ended, retried] {
        for profile in ["documented", "std-2026"] {
            assert!(failed(&judged(profile, std::slice::from_ref(&trial))).is_empty());
        }
    }
}

#[test]
fn stale_credentials_looped() {
    let rule = "stale_credentials_looped";
    let dates = ["20260101T000000Z", "20260101T000003Z", "20260101T000006Z"];
    let attempts = |sessions: &[Option<u64>], last: Told| -> Trial {
        let n = sessions.len();
        let attempts: Vec<_> =
            (0..n).map(|i| (3_000 * MS, dates[i], sessions[i], if i + 1 == n { last } else { EXPIRED })).collect();
        call(&attempts)
    };
    verdict(rule, "documented", &[attempts(&[None], EXPIRED)], Pass);
    verdict(rule, "documented", &[attempts(&[Some(1), Some(2)], Told::Fine)], Pass);
    // One repeat may have been about the date (C13).
    verdict(rule, "documented", &[attempts(&[None, None], EXPIRED)], Pass);
    verdict(rule, "documented", &[attempts(&[None, None, None], EXPIRED)], Fail);
    verdict(rule, "documented", &[attempts(&[Some(1), Some(1), Some(1)], Told::Fine)], Fail);
    verdict(rule, "documented", &[call(&[(0, dates[0], None, DENIED)])], NotApplicable);
    // One expiry, one fetch.
    let fetched = |times: u64| {
        let mut trial = attempts(&[Some(1), Some(9)], Told::Fine);
        let at = trial.events.iter().rposition(|e| matches!(e.kind, EventKind::AttemptReceived(_))).unwrap();
        let at_us = trial.events[at].at_us - MS;
        for session in 1..=times {
            let kind = EventKind::CredentialsIssued { client: 0, session };
            trial.events.insert(at, brownout_mocks::journal::Event { at_us, kind });
        }
        trial
    };
    verdict(rule, "documented", &[fetched(1)], Pass);
    verdict(rule, "documented", &[fetched(5)], Fail);
}

#[test]
fn skew_uncorrected() {
    let rule = "skew_uncorrected";
    let off = |seconds: i64, attempts: &[(u64, &str, Option<u64>, Told)]| {
        let mut trial = call(attempts);
        for event in &mut trial.events {
            if let EventKind::Answered(answered) = &mut event.kind {
                answered.date_off_s = Some(seconds);
            }
        }
        trial
    };
    let (start, later, corrected) = ("20260101T000000Z", "20260101T000002Z", "20260101T010002Z");
    verdict(rule, "documented", &[off(3600, &[(0, start, None, SKEWED)])], Pass);
    let right = [(0, start, None, SKEWED), (2_000 * MS, corrected, None, Told::Fine)];
    verdict(rule, "documented", &[off(3600, &right)], Pass);
    let wrong = [(0, start, None, SKEWED), (2_000 * MS, later, None, SKEWED)];
    verdict(rule, "documented", &[off(3600, &wrong)], Fail);
    // It was signed anew, once: another rule has nothing to say.
    verdict("auth_error_hammered", "documented", &[off(3600, &wrong)], Pass);
    let behind = [(0, corrected, None, SKEWED), (2_000 * MS, start, None, Told::Fine)];
    verdict(rule, "documented", &[off(-3600, &behind)], Pass);
    // Corrected, and refused all the same: that is the end.
    let on = [(0, start, None, SKEWED), (2_000 * MS, corrected, None, SKEWED), (2_000 * MS, start, None, SKEWED)];
    verdict(rule, "documented", &[off(3600, &on)], Fail);
    // A clock that is right, or nearly: then it is not about the date.
    verdict(rule, "documented", &[off(200, &wrong)], NotApplicable);
    verdict(rule, "documented", &[call(&wrong)], NotApplicable);
    let other = [(0, start, None, DENIED), (2_000 * MS, later, None, DENIED)];
    verdict(rule, "documented", &[off(3600, &other)], NotApplicable);
}

const SLOW_503: Told = Told::Error("SlowDown", 503, Class::Throttling);

/// Calls with these first answers; after a pause those that are `retried` go on.
fn story(calls: &[(Told, bool)]) -> Trial {
    told(|s| {
        for (answer, retried) in calls {
            s.now += 200 * MS;
            s.call().attempt(0, *answer);
            if *retried {
                s.attempt(300 * MS, *answer);
                s.attempt(600 * MS, *answer);
            }
            s.finish(false);
        }
    })
}

/// C8: a 400 may throttle, and so may a 403; the code says which.
#[test]
fn c8_the_code_comes_before_the_status() {
    let rule = "classified_by_status";
    let check = |calls: &[(Told, bool)], wanted| verdict(rule, "documented", &[story(calls)], wanted);
    check(&[(THROTTLE, true), (WRONG, false), (SLOW_503, true)], Pass);
    check(&[(THROTTLE, false), (WRONG, false), (SLOW_503, true)], Fail);
    let queue = Told::Error("RequestThrottled", 403, Class::Throttling);
    check(&[(queue, true), (DENIED, false)], Pass);
    check(&[(queue, false), (DENIED, false), (SLOW_503, true)], Fail);
    // It never retries a throttle, or the other half was not seen: that is not about the status.
    check(&[(THROTTLE, false), (WRONG, false), (SLOW_503, false)], NotApplicable);
    check(&[(THROTTLE, false), (WRONG, false), (BUSY, true)], NotApplicable);
    check(&[(THROTTLE, false), (SLOW_503, true)], NotApplicable);
    // It repeats a 400, whatever it says, and hands on a 404.
    check(&[(THROTTLE, true), (WRONG, true), (GONE, false)], Fail);
    check(&[(THROTTLE, true), (WRONG, true), (GONE, true)], NotApplicable);
    check(&[(THROTTLE, true), (WRONG, true)], NotApplicable);
    // botocore's legacy mode looks at code and status together, and is a published client.
    let legacy = Told::Error("RequestLimitExceeded", 400, Class::Throttling);
    check(&[(legacy, false), (WRONG, false), (SLOW_503, true)], NotApplicable);
    // So is S3's time-out with a 400, to those who have it on no list.
    let slow = Told::Error("RequestTimeout", 400, Class::Transient);
    check(&[(slow, false), (WRONG, false), (SLOW_503, true)], NotApplicable);
}

const TOO_MANY: Told = Told::Error("TooManyRequestsException", 429, Class::Throttling);

/// C9: two meanings of 429. A plain client is to tell them apart, a stock SDK need not within a call.
#[test]
fn c9_the_two_429s_are_told_apart_by_their_code() {
    let rule = "quota_taken_for_throttle";
    let check = |calls: &[(Told, bool)], wanted| verdict(rule, "documented", &[story(calls)], wanted);
    check(&[(TOO_MANY, true), (SPENT, false)], Pass);
    check(&[(TOO_MANY, true), (SPENT, true)], Fail);
    check(&[(TOO_MANY, false), (SPENT, true)], NotApplicable);
    check(&[(TOO_MANY, true)], NotApplicable);
    let sdk = told(|s| {
        s.max = Some(3);
        for answer in [TOO_MANY, SPENT] {
            s.call().attempt(0, answer).attempt(500 * MS, answer).attempt(900 * MS, answer).finish(false);
        }
    });
    verdict(rule, "documented", &[sdk], NotApplicable);
    let patient = told(|s| {
        s.call().attempt(0, TOO_MANY).attempt(500 * MS, Told::Fine).finish(true);
        s.call().attempt(0, SPENT).attempt(90_000_000, Told::Fine).finish(true);
    });
    verdict(rule, "std-2026", &[patient], Pass);
}

/// C10: `LimitExceededException` is a limit of resources to some services, and on the SDKs' list of throttles.
#[test]
fn c10_limit_exceeded_may_be_retried_or_handed_on() {
    let limit = Told::Error("LimitExceededException", 400, Class::Throttling);
    for retried in [true, false] {
        let report = judged("documented", &[story(&[(limit, retried), (WRONG, false), (SLOW_503, true)])]);
        assert!(failed(&report).is_empty(), "{:?}", failed(&report));
    }
}

#[test]
fn masked_error_misread() {
    let rule = "masked_error_misread";
    // A throttle with a status that says final. Only the lists of exact profiles go by the code alone.
    let disguised = Told::Error("ThrottlingException", 404, Class::Throttling);
    let masked = |retried: bool, plain: bool| {
        told(|s| {
            s.fault = "masked";
            s.call().attempt(0, disguised);
            if retried {
                s.attempt(500 * MS, Told::Fine);
            }
            s.finish(retried);
            s.fault = "throttle";
            s.call().attempt(200 * MS, SLOW_503);
            if plain {
                s.attempt(500 * MS, Told::Fine);
            }
            s.finish(plain);
        })
    };
    verdict(rule, "std-2026", &[masked(true, true)], Pass);
    verdict(rule, "std-2026", &[masked(false, true)], Fail);
    verdict(rule, "std-2026", &[masked(false, false)], NotApplicable);
    verdict(rule, "documented", &[masked(false, true)], NotApplicable);
    verdict(rule, "std-2026", &[story(&[(THROTTLE, true)])], NotApplicable);
    // A final code under a 500 is retried by every SDK, for the status is on their list.
    let shown = told(|s| {
        s.fault = "masked";
        let answer = Told::Error("ValidationException", 500, Class::Permanent);
        s.call().attempt(0, answer).attempt(30 * MS, answer).finish(false);
    });
    assert!(failed(&judged("std-2026", &[shown])).is_empty());
    // A spent quota behind a 500, and a program that goes on.
    let program = |n: u32, fault: &'static str| {
        let mut trial = told(|s| {
            (s.tagged, s.fault) = (false, fault);
            let spent = Told::Error("LimitExceededException", 500, Class::Quota);
            (0..n).for_each(|_| done(s.call().attempt(1_000 * MS, spent)));
        });
        trial.header.owns_demand = true;
        trial
    };
    verdict(rule, "documented", &[program(20, "masked")], Fail);
    verdict(rule, "documented", &[program(3, "masked")], Pass);
    verdict(rule, "documented", &[program(20, "error")], NotApplicable);
}
