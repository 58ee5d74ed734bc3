//! Calls that were given up, and those that were over for a good reason.

use brownout_mocks::journal::{By, EventKind, How};
use brownout_mocks::service::Class;

use super::handmade::{attempts, done, told, verdict};
use super::story::*;
use crate::rule::Verdict::{Fail, Inconclusive, NotApplicable, Pass};

#[test]
fn throttle_and_transient_not_retried() {
    let once = |answer| told(|s| done(s.call().attempt(0, answer).finish(false)));
    verdict("throttle_not_retried", "documented", &[once(THROTTLE)], Fail);
    verdict("transient_not_retried", "documented", &[once(BUSY)], Fail);
    verdict("throttle_not_retried", "documented", &[attempts(2, 9)], Pass);
    verdict("throttle_not_retried", "std-2026", &[attempts(2, 9)], Pass);
    verdict("gave_up_early", "std-2026", &[attempts(2, 9)], Fail);
    verdict("gave_up_early", "std-2026", &[attempts(3, 9)], Pass);
    verdict("gave_up_early", "documented", &[attempts(2, 9)], NotApplicable);
    for answer in [
        Told::Error("", 429, Class::Throttling),
        Told::Error("RequestLimitExceeded", 400, Class::Throttling),
        Told::Error("LimitExceededException", 400, Class::Throttling),
        Told::Error("InsufficientInstanceCapacity", 500, Class::Transient),
        SPENT,
        Told::Reset,
    ] {
        let report = judged("documented", &[once(answer)]);
        assert!(failed(&report).is_empty(), "{report:#?}");
    }
    // Later calls may find the quota spent, and a call that was not over proves nothing.
    let later = told(|s| {
        s.call().attempt(0, THROTTLE).attempt(9, THROTTLE).finish(false);
        s.call().attempt(0, THROTTLE).finish(false);
    });
    verdict("throttle_not_retried", "documented", &[later], Pass);
    let open = told(|s| done(s.call().attempt(0, THROTTLE)));
    verdict("throttle_not_retried", "documented", &[open], Inconclusive);
    // A deadline that struck while the client was waiting is no giving up.
    let deadline = told(|s| {
        s.call().attempt(0, THROTTLE);
        s.now += 300 * MS;
        s.finish(false);
    });
    assert!(failed(&judged("documented", &[deadline])).is_empty());
    let off = told(|s| {
        s.max = Some(1);
        s.call().attempt(0, THROTTLE).finish(false);
    });
    let report = judged("documented", &[off]);
    assert!(report.rule("throttle_not_retried").unwrap().findings[0].message.contains("turned off"));
}

/// SDKs hand the body of an object to their caller as it comes: that it breaks off is no longer theirs to mend.
#[test]
fn a_broken_object_is_its_callers_affair() {
    let broken = |operation: &str| {
        let mut trial = told(|s| {
            s.max = Some(3);
            s.operation = operation.into();
            s.call().attempt(0, Told::Fine);
            s.push(EventKind::ConnectionClosed {
                step: None,
                connection: 1,
                seq: Some(1),
                by: By::Fault,
                how: How::Reset,
            });
            s.finish(false);
        });
        trial.events.iter_mut().for_each(|e| {
            if let EventKind::Answered(answered) = &mut e.kind {
                (answered.cut, answered.class) = (true, Some(Class::Transient));
            }
        });
        trial
    };
    verdict("transient_not_retried", "documented", &[broken("ListObjectsV2")], Fail);
    verdict("transient_not_retried", "documented", &[broken("GetObject")], NotApplicable);
}
