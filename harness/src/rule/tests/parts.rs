//! Batches that come back half done, and calls that last too long.

use brownout_mocks::journal::{Segment, Trial};

use super::handmade::{done, told, verdict};
use super::story::*;
use crate::rule::Verdict::{Fail, Inconclusive, NotApplicable, Pass};

/// A program that sends these batches, one by one, each after its pause.
fn batches(sent: &[(u64, &[&'static str], Told)]) -> Trial {
    let mut trial = told(|s| {
        (s.service, s.operation, s.tagged) = ("dynamodb".into(), "BatchWriteItem".into(), false);
        for (pause, entries, answer) in sent {
            s.entries = entries.to_vec();
            s.call().attempt(*pause, *answer);
        }
    });
    trial.header.owns_demand = true;
    trial
}

/// The same program when nothing fails.
fn control(sent: &[&[&'static str]]) -> Trial {
    let sent: Vec<_> = sent.iter().map(|entries| (500 * MS, *entries, Told::Fine)).collect();
    let mut trial = batches(&sent);
    trial.header.segment = Segment::Control;
    trial
}

#[test]
fn batch_resent_whole() {
    const SECOND: u64 = 1_000 * MS;
    let rule = "batch_resent_whole";
    let half = Told::Partly(&[1, 2], "ThrottlingException");
    let whole: &[&str] = &["a", "b", "c"];
    let check = |sent: &[(u64, &[&'static str], Told)], wanted| {
        verdict(rule, "documented", &[control(&[whole, &["d"]]), batches(sent)], wanted);
    };
    check(&[(0, whole, half), (SECOND, &["b", "c"], Told::Fine), (0, &["d"], Told::Fine)], Pass);
    check(&[(0, whole, half), (SECOND, &["b", "c", "d"], Told::Fine)], Pass);
    check(&[(0, whole, half), (SECOND, whole, Told::Fine)], Fail);
    check(&[(0, whole, half), (SECOND, &["a", "b"], Told::Fine)], Fail);
    // It gave up, or nothing of it was done.
    check(&[(0, whole, half), (SECOND, &["d"], Told::Fine)], Pass);
    check(&[(0, whole, THROTTLE), (SECOND, whole, Told::Fine)], NotApplicable);
    check(&[(0, whole, half), (SECOND, &["b", "c"], Told::Reset), (SECOND, &["b", "c"], Told::Fine)], Pass);
    // The whole batch was lost once, and repeated once: that is due.
    check(&[(0, whole, Told::Reset), (SECOND, whole, half), (SECOND, &["b", "c"], Told::Fine)], Pass);
    // What can never succeed is not to be sent again; everything else in it was.
    let refused = Told::Partly(&[1, 2], "AccessDenied");
    check(&[(0, whole, refused), (SECOND, &["b", "c"], Told::Fine)], Fail);
    check(&[(0, whole, refused)], Pass);
    // A program that sends the same entry time and again when nothing fails.
    let often = [control(&[whole, whole]), batches(&[(0, whole, half), (SECOND, whole, Told::Fine)])];
    verdict(rule, "documented", &often, NotApplicable);
    verdict(rule, "documented", &[batches(&[(0, whole, half), (SECOND, whole, Told::Fine)])], Inconclusive);
    // Without a pause, a hundred times.
    let haste: Vec<Trial> = std::iter::once(control(&[whole]))
        .chain((0..100).map(|n| {
            let mut trial = batches(&[(0, whole, half), (0, &["b", "c"], Told::Fine)]);
            trial.header.trial = n;
            trial
        }))
        .collect();
    verdict(rule, "std-2026", &haste, Fail);
    verdict(rule, "std-2026", &haste[..3], Inconclusive);
}

#[test]
fn deadline_overrun() {
    let lasts = |attempts: u64, pause: u64| {
        told(|s| {
            s.call();
            (0..attempts).for_each(|_| done(s.attempt(pause, THROTTLE)));
            s.finish(false);
        })
    };
    let under = |deadline: Option<&str>, trial: Trial| {
        let expect = deadline.map_or(serde_json::json!({}), |d| serde_json::json!({"deadline": d}));
        let document = serde_json::json!({"brownout": 1, "name": "t", "title": "t", "service": "s3", "expect": expect});
        let profile = crate::guidance::find("documented").unwrap();
        let mut judge = crate::judge::Judge::new(&serde_json::from_value(document).unwrap(), profile, &trial.header);
        judge.push(&trial);
        judge.report().rule("deadline_overrun").unwrap().verdict
    };
    let minute = Some("1m");
    assert_eq!(under(minute, lasts(6, 10_000 * MS)), Pass, "to the second");
    assert_eq!(under(minute, lasts(6, 10_100 * MS)), Fail);
    assert_eq!(under(None, lasts(6, 60_000 * MS)), NotApplicable);
    let well = told(|s| done(s.call().attempt(90_000 * MS, Told::Fine).finish(true)));
    assert_eq!(under(minute, well), NotApplicable, "slow, but it did not fail");
    // The caller is not ours: from the first to the last attempt.
    let unseen = |marked: bool| {
        told(|s| {
            (s.tagged, s.max) = (false, marked.then_some(9));
            s.call();
            (0..9).for_each(|_| done(s.attempt(9_000 * MS, THROTTLE)));
        })
    };
    assert_eq!(under(minute, unseen(true)), Fail);
    assert_eq!(under(minute, unseen(false)), NotApplicable, "they may be calls of their own");
}
