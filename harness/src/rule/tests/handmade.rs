//! One journal that breaks each rule, one that keeps it, and near misses.

use brownout_mocks::clock::Time;
use brownout_mocks::journal::{EventKind, Trial};
use brownout_mocks::service::Class;

use super::story::*;
use crate::rule::Verdict::{self, Fail, Inconclusive, NotApplicable, Pass};

pub(super) fn told(make: impl FnOnce(&mut Story)) -> Trial {
    let mut story = Story::new(0);
    make(&mut story);
    story.end()
}

pub(super) fn done(_: &mut Story) {}

#[track_caller]
pub(super) fn verdict(rule: &str, profile: &str, trials: &[Trial], wanted: Verdict) {
    let report = judged(profile, trials);
    let rule = report.rule(rule).unwrap();
    assert_eq!(rule.verdict, wanted, "{rule:#?}");
    if wanted == Fail {
        let finding = &rule.findings[0];
        let texts = [&finding.message, &finding.expected, &finding.observed, &finding.source];
        assert!(texts.iter().all(|t| !t.is_empty()), "{finding:#?}");
    }
}

pub(super) fn attempts(n: u32, pause: u64) -> Trial {
    told(|s| {
        s.call();
        (0..n).for_each(|i| done(s.attempt(if i == 0 { 0 } else { pause }, THROTTLE)));
        s.finish(false);
    })
}

#[test]
fn attempts_exceeded() {
    verdict("attempts_exceeded", "documented", &[attempts(10, 700 * MS)], Pass);
    verdict("attempts_exceeded", "documented", &[attempts(11, 700 * MS)], Fail);
    verdict("attempts_exceeded", "std-2026", &[attempts(4, 700 * MS)], Fail);
    let declared = told(|s| {
        s.max = Some(2);
        s.call().attempt(0, BUSY).attempt(9, BUSY).attempt(9, BUSY).finish(false);
    });
    verdict("attempts_exceeded", "documented", &[declared], Fail);
    // A resend below the client's policy is no attempt.
    let mut resent = attempts(11, 700 * MS);
    resent.events.iter_mut().for_each(|e| {
        if let EventKind::AttemptReceived(r) = &mut e.kind {
            r.resend = r.seq == 11;
        }
    });
    verdict("attempts_exceeded", "documented", &[resent], Pass);
    // A success ends the row: a long poll is no storm.
    let polls = told(|s| {
        s.call();
        (0..30).for_each(|_| done(s.attempt(MS, Told::Fine)));
    });
    verdict("attempts_exceeded", "documented", &[polls], NotApplicable);
}

#[test]
fn backoff_over_bound() {
    let wait = |us| told(|s| done(s.call().attempt(0, THROTTLE).attempt(us, Told::Fine).finish(true)));
    verdict("backoff_over_bound", "std-2026", &[wait(1_002 * MS)], Pass);
    verdict("backoff_over_bound", "std-2026", &[wait(1_003 * MS)], Fail);
    verdict("backoff_over_bound", "documented", &[wait(2_900 * MS)], Pass);
    verdict("backoff_over_bound", "documented", &[wait(60_000 * MS)], Fail);
    // An SDK of unknown mode may be waiting for its own rate limiter.
    let limited = told(|s| {
        s.max = Some(3);
        s.call().attempt(0, THROTTLE).attempt(19_000 * MS, Told::Fine).finish(true);
    });
    verdict("backoff_over_bound", "documented", &[limited], Pass);
    let hinted = told(|s| done(s.call().attempt(0, Told::Hint(30_000)).attempt(30_000 * MS, Told::Fine).finish(true)));
    verdict("backoff_over_bound", "std-2026", &[hinted], Pass);
}

/// A program of which nothing is known but its requests may compute or wait for a core for a while: the SDK for
/// JavaScript was seen to do so for a second, just after its start on a busy machine.
#[test]
fn a_stall_of_the_machine_is_no_backoff() {
    let wait = |service: &'static str, us| {
        told(move |s| {
            s.trial.header.time = Time::Wall;
            s.service = service.into();
            s.call().attempt(0, BUSY).attempt(us, Told::Fine).finish(true);
        })
    };
    let silent = |trial: Trial| {
        let Trial { header, mut events } = trial;
        events.retain(|e| !matches!(e.kind, EventKind::CallStarted { .. } | EventKind::CallFinished { .. }));
        for event in &mut events {
            if let EventKind::AttemptReceived(received) = &mut event.kind {
                (received.call, received.sdk_max) = (None, Some(3));
            }
        }
        Trial { header, events }
    };
    verdict("backoff_over_bound", "std-2026", &[silent(wait("s3", 1_150 * MS))], Pass);
    verdict("backoff_over_bound", "std-2026", &[silent(wait("s3", 3_000 * MS))], Fail);
    // Between 25 and 50 ms no such clock can tell.
    for us in [540 * MS, 2_540 * MS, 2_560 * MS] {
        verdict("dynamodb_ladder_ignored", "std-2026", &[silent(wait("dynamodb", us))], NotApplicable);
    }
}

#[test]
fn client_hung() {
    let hung = told(|s| {
        s.call().attempt(0, Told::Reset);
        s.push(EventKind::ClientHung { client: 0, silent_us: 600_000_000 });
    });
    verdict("client_hung", "documented", &[hung], Fail);
    let never_sent = told(|s| s.push(EventKind::ClientHung { client: 0, silent_us: 600_000_000 }));
    verdict("client_hung", "documented", &[never_sent], Pass);
    verdict("client_hung", "documented", &[attempts(2, MS)], Pass);
    let mut cut = attempts(2, MS);
    cut.events.pop();
    verdict("client_hung", "documented", &[cut], Inconclusive);
}

#[test]
fn early_retry() {
    let calls = |pause: u64, n: u32| {
        told(|s| {
            (0..n).for_each(|_| done(s.call().attempt(0, Told::Hint(2_000)).attempt(pause, Told::Fine).finish(true)));
        })
    };
    verdict("early_retry", "http-retry-after", &[calls(500 * MS, 2)], Fail);
    verdict("early_retry", "http-retry-after", &[calls(500 * MS, 1)], Inconclusive);
    verdict("early_retry", "http-retry-after", &[calls(1_999 * MS, 3)], Pass);
    verdict("early_retry", "documented", &[calls(500 * MS, 5)], NotApplicable);
    let mut declared = calls(500 * MS, 5);
    declared.header.honours = vec!["retry_after".into()];
    verdict("early_retry", "documented", &[declared], Fail);
}

#[test]
fn escaped_endpoint() {
    let escape =
        told(|s| s.push(EventKind::Escaped { host: "s3.amazonaws.com:443".into(), request: "CONNECT".into() }));
    verdict("escaped_endpoint", "documented", &[escape], Fail);
    verdict("escaped_endpoint", "documented", &[attempts(1, 0)], NotApplicable);
    let mut wall = attempts(1, 0);
    wall.header.time = Time::Wall;
    wall.header.client = "command".into();
    verdict("escaped_endpoint", "documented", &[wall], Pass);
}

#[test]
fn not_found_gave_up_and_hammered() {
    let poll = |pauses: &[u64]| {
        let mut trial = told(|s| {
            s.service = "ec2".into();
            s.operation = "DescribeInstances".into();
            s.target = Some("i-1".into());
            s.tagged = false;
            s.call().attempt(0, HIDDEN);
            for pause in pauses {
                s.call().attempt(*pause, HIDDEN);
            }
        });
        trial.header.owns_demand = true;
        trial
    };
    verdict("not_found_gave_up", "ec2-poll", &[poll(&[])], Fail);
    verdict("not_found_gave_up", "ec2-poll", &[poll(&[2_000 * MS])], Pass);
    verdict("not_found_gave_up", "std-2026", &[poll(&[])], NotApplicable);
    verdict("not_found_hammered", "ec2-poll", &[poll(&[1_000 * MS; 80])], Fail);
    verdict("not_found_hammered", "ec2-poll", &[poll(&[0; 80])], Fail);
    verdict("not_found_hammered", "ec2-poll", &[poll(&[5_000 * MS; 80])], Pass);
    verdict("not_found_hammered", "ec2-poll", &[poll(&[1_000 * MS; 10])], Inconclusive);
    verdict("not_found_hammered", "ec2-poll", &[poll(&[1_000 * MS])], NotApplicable);
    let growing: Vec<u64> = (0..40).map(|i| 2_000 * MS * (1 << (i % 7))).collect();
    verdict("not_found_hammered", "ec2-poll", &[poll(&growing), poll(&growing), poll(&growing)], Pass);
    let mut workload = poll(&[0; 80]);
    workload.header.owns_demand = false;
    verdict("not_found_hammered", "ec2-poll", &[workload], NotApplicable);
    // What was asked at the same moment, but before, is no second try.
    let mut before = poll(&[0]);
    for event in &mut before.events {
        if let EventKind::Answered(answered) = &mut event.kind
            && answered.seq == 1
        {
            (answered.status, answered.code, answered.class) = (200, None, None);
        }
    }
    verdict("not_found_gave_up", "ec2-poll", &[before], Fail);
    // Cut off before it could ask again: nothing is proven.
    let mut cut = poll(&[]);
    cut.events.pop();
    verdict("not_found_gave_up", "ec2-poll", &[cut], Inconclusive);
}

#[test]
fn quota_hammered() {
    let calls = |n: u32, pause: u64| {
        let mut trial = told(|s| {
            s.tagged = false;
            (0..n).for_each(|_| done(s.call().attempt(pause, SPENT)));
        });
        trial.header.owns_demand = true;
        trial
    };
    verdict("quota_hammered", "documented", &[calls(20, 1_000 * MS)], Fail);
    verdict("quota_hammered", "documented", &[calls(8, 1_000 * MS)], Pass);
    verdict("quota_hammered", "documented", &[calls(20, 60_000 * MS)], Pass);
    verdict("quota_hammered", "documented", &[calls(2, 0)], Pass);
    let mut workload = calls(20, 1_000 * MS);
    workload.header.owns_demand = false;
    verdict("quota_hammered", "documented", &[workload], NotApplicable);
}

#[test]
fn retried_permanent_error() {
    let twice = |answer, gap: u64| told(|s| done(s.call().attempt(0, answer).attempt(gap, answer).finish(false)));
    verdict("retried_permanent_error", "documented", &[twice(GONE, 50 * MS)], Fail);
    verdict("retried_permanent_error", "documented", &[told(|s| done(s.call().attempt(0, GONE).finish(false)))], Pass);
    let near_misses = [
        Told::Error("UnrecognizedClientException", 400, Class::Permanent),
        Told::Error("ItemCollectionSizeLimitExceededException", 400, Class::Permanent),
        Told::Error("BadDigest", 400, Class::Permanent),
        Told::Error("SomethingNew", 400, Class::Permanent),
        Told::Error("SomethingNew", 429, Class::Permanent),
        Told::Error("", 501, Class::Permanent),
        Told::Error("ExpiredToken", 403, Class::Permanent),
        THROTTLE,
        BUSY,
    ];
    for answer in near_misses {
        assert!(!failed(&judged("documented", &[twice(answer, 50 * MS)])).contains(&"retried_permanent_error"));
    }
    let conflict = Told::Error("ResourceConflictException", 409, Class::Permanent);
    verdict("retried_permanent_error", "documented", &[twice(conflict, 50 * MS)], Fail);
    verdict("retried_permanent_error", "documented", &[twice(conflict, 1_000 * MS)], Pass);
    let mut changed = twice(GONE, 50 * MS);
    changed.events.iter_mut().for_each(|e| {
        if let EventKind::AttemptReceived(r) = &mut e.kind {
            r.body_hash = Some(format!("{:016x}", r.seq));
        }
    });
    verdict("retried_permanent_error", "documented", &[changed], Pass);
}

#[test]
fn adaptive_clients_are_not_asked_for_jitter() {
    let mut story = Story::new(0);
    story.max = Some(3);
    story.user_agent = Some("Boto3/1.44 md/Botocore#1.44 cfg/retry-mode#adaptive".into());
    for _ in 0..30 {
        story.call().attempt(0, THROTTLE).attempt(2_000 * MS, THROTTLE).attempt(2_000 * MS, THROTTLE).finish(false);
    }
    let trial = story.end();
    for profile in ["documented", "std-2026"] {
        let report = judged(profile, std::slice::from_ref(&trial));
        assert!(failed(&report).is_empty(), "{profile}: {:?}", failed(&report));
    }
}

/// A client without retry headers asks for one thing `n` times, half a second apart; the endpoint guesses that
/// it is all one call.
fn unmarked(n: u32, answer: Told) -> Trial {
    told(|s| {
        s.tagged = false;
        s.call();
        (0..n).for_each(|i| done(s.attempt(if i == 0 { 0 } else { 500 * MS }, answer)));
    })
}

/// The same client without faults.
fn control(n: u32) -> Trial {
    let mut control = told(|s| {
        s.tagged = false;
        (0..n).for_each(|_| done(s.call().attempt(500 * MS, Told::Fine)));
    });
    control.header.segment = brownout_mocks::journal::Segment::Control;
    control
}

#[test]
fn like_requests_that_the_control_made_too_are_no_retries() {
    for (rule, answer) in [("retried_permanent_error", GONE), ("attempts_exceeded", BUSY)] {
        let seen = |asked: u32, trials: &[Trial]| {
            let mut all = vec![control(asked)];
            all.extend_from_slice(trials);
            judged("documented", &all).rule(rule).unwrap().verdict
        };
        assert_ne!(seen(14, &[unmarked(14, answer)]), Fail, "{rule}: nothing was asked more often than without faults");
        assert_ne!(seen(14, &[unmarked(13, answer)]), Fail, "{rule}");
        assert_eq!(seen(1, &[unmarked(14, answer)]), Fail, "{rule}: one call, fourteen requests");
        // Without a control nobody knows.
        assert_ne!(judged("documented", &[unmarked(14, answer)]).rule(rule).unwrap().verdict, Fail, "{rule}");
    }
    // Three calls can make thirty requests; one of them made more than ten out of thirty-one.
    verdict("attempts_exceeded", "documented", &[control(3), unmarked(30, BUSY)], Pass);
    verdict("attempts_exceeded", "documented", &[control(3), unmarked(31, BUSY)], Fail);
}

/// An SDK told to make one attempt a call, and a program that asks again `pause` after each throttle.
fn turned_off(n: u32, same: bool, pause: u64) -> Trial {
    told(|s| {
        (s.tagged, s.max) = (false, Some(1));
        for i in 0..n {
            s.target = Some(if same { "t".into() } else { format!("t{i}") });
            done(s.call().attempt(pause, THROTTLE));
        }
    })
}

#[test]
fn retries_turned_off_are_no_excuse() {
    // Three calls for three things, each given up at its first throttle.
    verdict("throttle_not_retried", "documented", &[turned_off(3, false, 200 * MS)], Fail);
    // One thing asked again and again without a pause, by a loop above the SDK.
    verdict("no_backoff", "documented", &[turned_off(200, true, 0)], Fail);
    // So it is where the SDK says nothing, if the control asked for that thing only once.
    let silent = told(|s| {
        (s.tagged, s.max) = (false, Some(3));
        (0..200).for_each(|_| done(s.call().attempt(MS, THROTTLE)));
    });
    let once = |n: u32| {
        let mut control = told(|s| {
            (s.tagged, s.max) = (false, Some(3));
            (0..n).for_each(|_| done(s.call().attempt(MS, Told::Fine)));
        });
        control.header.segment = brownout_mocks::journal::Segment::Control;
        control
    };
    verdict("no_backoff", "documented", &[once(1), silent.clone()], Fail);
    verdict("no_backoff", "documented", &[once(2), silent], NotApplicable);
    // With pauses it is a retry loop like any other.
    let calm = judged("documented", &[turned_off(200, true, 700 * MS)]);
    assert!(!failed(&calm).contains(&"no_backoff") && !failed(&calm).contains(&"throttle_not_retried"), "{calm:#?}");
}

#[test]
fn failures_that_nobody_saw_may_have_spent_the_quota() {
    let gave_up = |unseen: bool| {
        told(|s| {
            if unseen {
                s.push(EventKind::ConnectionClosed {
                    connection: 9,
                    seq: None,
                    step: Some("reset".into()),
                    by: brownout_mocks::journal::By::Fault,
                    how: brownout_mocks::journal::How::Reset,
                });
            }
            s.call().attempt(MS, THROTTLE).finish(false);
        })
    };
    verdict("throttle_not_retried", "documented", &[gave_up(false)], Fail);
    verdict("throttle_not_retried", "documented", &[gave_up(true)], NotApplicable);
    // A pause in which a connection failed holds attempts that nobody saw.
    let waited = |unseen: bool| {
        told(|s| {
            s.call().attempt(0, THROTTLE);
            s.now += 30_000 * MS;
            if unseen {
                s.push(EventKind::ConnectionClosed {
                    connection: 9,
                    seq: None,
                    step: Some("reset".into()),
                    by: brownout_mocks::journal::By::Fault,
                    how: brownout_mocks::journal::How::Reset,
                });
            }
            s.attempt(30_000 * MS, Told::Fine).finish(true);
        })
    };
    verdict("backoff_over_bound", "documented", &[waited(false)], Fail);
    verdict("backoff_over_bound", "documented", &[waited(true)], NotApplicable);
}
