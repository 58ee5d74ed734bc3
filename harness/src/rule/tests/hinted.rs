//! Hints about when to come back: in milliseconds, and those that say no time.

use brownout_mocks::journal::Trial;
use brownout_mocks::service::Class;

use super::handmade::{done, told, verdict};
use super::story::*;
use crate::rule::Verdict::{Fail, Inconclusive, NotApplicable, Pass};

/// `n` calls that are throttled once with this hint, and repeated `pause` later.
fn hinted(n: u32, hint: &'static str, class: Class, pause: u64) -> Trial {
    told(|s| {
        (0..n).for_each(|_| done(s.call().attempt(0, Told::Amz(hint, class)).attempt(pause, Told::Fine).finish(true)));
    })
}

/// The bounds of guidance 1.5 and the vectors of 1.8: 1500, 0 and 10000 on a 500, and a throttle's own second.
#[test]
fn retry_hint_ignored() {
    let rule = "retry_hint_ignored";
    let check = |hint, class, pause, n, wanted| verdict(rule, "std-2026", &[hinted(n, hint, class, pause)], wanted);
    check("1500", Class::Transient, 1_500 * MS, 3, Pass);
    check("1500", Class::Transient, 1_499 * MS, 3, Pass);
    check("1500", Class::Transient, 1_490 * MS, 2, Fail);
    check("1500", Class::Transient, 1_490 * MS, 1, Inconclusive);
    check("1500", Class::Transient, 1_510 * MS, 1, Fail);
    check("0", Class::Transient, 50 * MS, 3, Pass);
    check("0", Class::Transient, 60 * MS, 1, Fail);
    check("10000", Class::Transient, 5_000 * MS, 3, Pass);
    check("10000", Class::Transient, 5_050 * MS, 3, Pass);
    check("10000", Class::Transient, 5_060 * MS, 1, Fail);
    check("10000", Class::Transient, 4_900 * MS, 2, Fail);
    // Where its own pause may be longer than the hint, the hint is no reason to hurry.
    check("200", Class::Throttling, 900 * MS, 3, Pass);
    check("200", Class::Throttling, 100 * MS, 2, Fail);
    check("60000", Class::Throttling, 5_900 * MS, 3, Pass);
    check("60000", Class::Throttling, 60_000 * MS, 1, Fail);
    // Neither an envelope nor a profile of before 2026 knows the header.
    for profile in ["documented", "std-2.0-1s", "http-retry-after"] {
        verdict(rule, profile, &[hinted(5, "1500", Class::Throttling, 100 * MS)], NotApplicable);
    }
    let mut declared = hinted(5, "1500", Class::Throttling, 100 * MS);
    declared.header.honours = vec!["x_amz_retry_after".into()];
    verdict(rule, "documented", &[declared], Fail);
    // It is no business of the rule about HTTP's own header.
    verdict("early_retry", "std-2026", &[hinted(5, "1500", Class::Throttling, 100 * MS)], NotApplicable);
    // Of two hints, clients follow one or the other.
    let mut both = hinted(5, "1500", Class::Throttling, 3_000 * MS);
    for event in &mut both.events {
        if let brownout_mocks::journal::EventKind::Answered(answered) = &mut event.kind {
            answered.retry_after_ms = answered.x_amz_retry_after_ms.map(|_| 3_000);
        }
    }
    verdict(rule, "std-2026", &[both], NotApplicable);
}

/// C17 and C23: JavaScript honours `Retry-After`, botocore and Rust do not; nobody is asked to who does not say so.
#[test]
fn c17_and_c23_nobody_is_asked_to_heed_retry_after() {
    let early = told(|s| {
        (0..5).for_each(|_| done(s.call().attempt(0, Told::Hint(4_000)).attempt(500 * MS, Told::Fine).finish(true)));
    });
    for profile in ["documented", "std-2.0-1s", "std-2026", "botocore-legacy"] {
        verdict("early_retry", profile, std::slice::from_ref(&early), NotApplicable);
    }
    verdict("early_retry", "http-retry-after", &[early], Fail);
}

/// Calls that fail with `told` and end there, or go on after `pause`.
fn calls(s: &mut Story, n: u32, told: Told, pause: Option<u64>) {
    for _ in 0..n {
        s.call().attempt(100 * MS, told);
        if let Some(pause) = pause {
            s.attempt(pause, Told::Fine);
        }
        s.finish(pause.is_some());
    }
}

#[test]
fn invalid_hint_obeyed() {
    let rule = "invalid_hint_obeyed";
    let odd = |hint| Told::Amz(hint, Class::Transient);
    for hint in ["-5", "soon", ""] {
        // It gives up at such a hint, and only there.
        let trips = told(|s| {
            calls(s, 1, odd(hint), None);
            calls(s, 3, BUSY, Some(30 * MS));
        });
        verdict(rule, "documented", std::slice::from_ref(&trips), Fail);
        verdict(rule, "std-2026", &[trips], Fail);
        let calm = told(|s| (10..40).for_each(|n| calls(s, 1, odd(hint), Some(n * MS))));
        verdict(rule, "std-2026", &[calm], Pass);
        // Who gives up everywhere has another fault.
        let never = told(|s| {
            calls(s, 1, odd(hint), None);
            calls(s, 3, BUSY, None);
        });
        verdict(rule, "documented", &[never], NotApplicable);
    }
    // A hint of minus five taken for none at all, or for the largest number there is.
    let after = |pause: u64, plain: u64| {
        told(|s| {
            calls(s, 40, BUSY, Some(plain));
            calls(s, 40, odd("-5"), Some(pause));
        })
    };
    verdict(rule, "std-2026", &[after(0, 30 * MS)], Fail);
    verdict(rule, "std-2026", &[after(20_000 * MS, 30 * MS)], Fail);
    let report = judged("std-2026", &[after(0, 0)]);
    assert!(!failed(&report).contains(&rule) && failed(&report).contains(&"no_backoff"), "{:?}", failed(&report));
    let report = judged("std-2026", &[after(20_000 * MS, 20_000 * MS)]);
    assert!(!failed(&report).contains(&rule), "it oversleeps anyway");
    // A number is a time, even where some read a fraction of it as none.
    let fraction = told(|s| {
        calls(s, 1, odd("1.5"), None);
        calls(s, 3, BUSY, Some(30 * MS));
    });
    verdict(rule, "documented", &[fraction], NotApplicable);
}
