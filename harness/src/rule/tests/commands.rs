//! What programs do about missing things, commands, batches and accepted work: journals by hand.

use brownout_mocks::journal::Segment;
use brownout_mocks::service::Class;

use super::handmade::verdict;
use super::programs::*;
use super::story::*;
use crate::rule::Verdict::{Fail, Inconclusive, NotApplicable, Pass};

const NOBODY: Told = Told::Error("NotFoundException", 404, Class::Permanent);

#[test]
fn retried_real_not_found() {
    let rule = "retried_real_not_found";
    let look = |answers: &[(u64, Told)]| {
        played("execute-api", true, |p| {
            for (pause, told) in answers {
                drop_it(p.ask(*pause, "GET /orders/7", "/orders/7", *told));
            }
        })
    };
    let control = |n: usize| {
        let mut control = look(&vec![(0, Told::Fine); n]);
        control.header.segment = Segment::Control;
        control
    };
    let twice = look(&[(0, NOBODY), (3 * S, NOBODY)]);
    verdict(rule, "ec2-poll", &[control(1), twice.clone()], Fail);
    verdict(rule, "ec2-poll", &[control(1), look(&[(0, NOBODY)])], Pass);
    // Waiters for what somebody else makes are published, and none is hasty.
    verdict(rule, "documented", &[control(1), twice.clone()], Inconclusive);
    verdict(rule, "documented", &[control(1), look(&[(0, NOBODY), (100 * MS, NOBODY)])], Fail);
    // It asks twice without any fault, or nobody knows.
    verdict(rule, "ec2-poll", &[control(2), twice.clone()], Inconclusive);
    verdict(rule, "ec2-poll", &[twice], Inconclusive);
    // It made it itself, or puts it there when it is missing.
    let own = played("execute-api", true, |p| {
        p.ask(0, "POST /orders", "/orders", Told::Fine).made("/orders/7");
        p.ask(S, "GET /orders/7", "/orders/7", NOBODY).ask(S, "GET /orders/7", "/orders/7", NOBODY);
    });
    verdict(rule, "ec2-poll", &[control(1), own], NotApplicable);
    let ensured = played("execute-api", true, |p| {
        p.ask(0, "GET /orders/7", "/orders/7", NOBODY).ask(0, "PUT /orders/7", "/orders/7", Told::Fine);
        p.ask(0, "GET /orders/7", "/orders/7", Told::Fine);
    });
    verdict(rule, "ec2-poll", &[control(1), ensured], Pass);
    // Some lists repeat this code.
    let listed = Told::Error("TransactionInProgressException", 400, Class::Permanent);
    verdict(rule, "ec2-poll", &[control(1), look(&[(0, listed), (S, listed)])], NotApplicable);
}

#[test]
fn terminate_unconfirmed() {
    let rule = "terminate_unconfirmed";
    let after = |next: Option<(&'static str, &'static str)>| {
        both("ec2", move |p| {
            p.launch().ask(9 * S, END, "i-1", HIDDEN);
            if let Some((operation, target)) = next {
                drop_it(p.ask(S, operation, target, Told::Fine));
            }
        })
    };
    for n in [0, 1] {
        verdict(rule, "ec2-poll", &[after(None)[n].clone()], Fail);
        verdict(rule, "documented", &[after(Some((LOOK, "i-2")))[n].clone()], Fail);
        for next in [(LOOK, "i-1"), (LOOK, ""), (END, "i-1")] {
            verdict(rule, "ec2-poll", &[after(Some(next))[n].clone()], Pass);
        }
        // It said that it failed.
        verdict(rule, "ec2-poll", &[exiting(after(None)[n].clone(), 1)], Pass);
        verdict(rule, "ec2-poll", &[cut(after(None)[n].clone())], Inconclusive);
        verdict(rule, "smithy-waiter", &[after(None)[n].clone()], NotApplicable);
    }
}

#[test]
fn unpaced_batch() {
    let rule = "unpaced_batch";
    let batch = |n: u64, pause: fn(u64) -> u64| {
        both("ec2", move |p| (0..n).for_each(|i| drop_it(p.ask(pause(i), TAG, &format!("i-{i}"), Told::Fine))))
    };
    for n in [0, 1] {
        verdict(rule, "ec2-poll", &[batch(10, |_| 10 * MS)[n].clone()], Fail);
        verdict(rule, "ec2-poll", &[batch(9, |_| 0)[n].clone()], NotApplicable);
        verdict(rule, "ec2-poll", &[batch(40, |_| 200 * MS)[n].clone()], Pass);
        // Bursts of eight, with a second between them.
        verdict(rule, "ec2-poll", &[batch(40, |i| if i % 8 == 0 { S } else { 0 })[n].clone()], Pass);
        verdict(rule, "ec2-poll", &[batch(40, |i| if i % 12 == 0 { S } else { 0 })[n].clone()], Fail);
    }
    // The same thing, pages of a list, and different work are no batch.
    let others: [(&str, &str); 2] = [("i-1", "i-1"), ("", "")];
    for (a, b) in others {
        let same =
            both("ec2", |p| (0..40).for_each(|i| drop_it(p.ask(0, LOOK, if i % 2 == 0 { a } else { b }, Told::Fine))));
        for trial in &same {
            verdict(rule, "ec2-poll", std::slice::from_ref(trial), NotApplicable);
        }
    }
    let mixed = both("ec2", |p| {
        (0..40).for_each(|i| drop_it(p.ask(0, [TAG, LOOK][i % 2], &format!("i-{}", i / 2), Told::Fine)));
    });
    for trial in &mixed {
        verdict(rule, "ec2-poll", std::slice::from_ref(trial), NotApplicable);
    }
}

#[test]
fn bucket_overrun() {
    const REFUSED: Told = Told::Error("RequestLimitExceeded", 503, Class::Throttling);
    let rule = "bucket_overrun";
    let launches = |pauses: &[u64], told: Told| {
        played("ec2", true, |p| pauses.iter().for_each(|pause| drop_it(p.ask(*pause, LAUNCH, "", told))))
    };
    let doubling = |base: u64, n: u32| (0..n).map(|i| (base << i.min(20)).min(20 * S)).collect::<Vec<u64>>();
    // At once, and every second and a half, as an SDK of three attempts takes to give up.
    verdict(rule, "ec2-poll", &[launches(&[0; 20], REFUSED)], Fail);
    verdict(rule, "documented", &[launches(&[0; 20], REFUSED)], Fail);
    verdict(rule, "ec2-poll", &[launches(&[1_500 * MS; 60], REFUSED)], Fail);
    verdict(rule, "ec2-poll", &[launches(&[5 * S; 60], REFUSED)], Pass);
    // From the shortest base, to a cap and at it for hours.
    verdict(rule, "ec2-poll", &[launches(&doubling(50 * MS, 9), REFUSED)], Pass);
    verdict(rule, "ec2-poll", &[launches(&doubling(50 * MS, 900), REFUSED)], Pass);
    // Whenever one is let through, the program begins anew.
    let relieved = played("ec2", true, |p| {
        for _ in 0..50 {
            for pause in doubling(50 * MS, 9) {
                p.ask(pause, LAUNCH, "", REFUSED);
            }
            p.ask(S, LAUNCH, "", Told::Fine);
        }
    });
    verdict(rule, "ec2-poll", &[relieved], Pass);
    // Each action has a bucket of its own, and full ones say nothing.
    let others = played("ec2", true, |p| {
        p.ask(0, LAUNCH, "", REFUSED);
        (0..40).for_each(|_| drop_it(p.ask(0, TAG, "i-1", Told::Fine)));
    });
    verdict(rule, "ec2-poll", &[others], Inconclusive);
    verdict(rule, "ec2-poll", &[launches(&[0; 40], Told::Fine)], NotApplicable);
    verdict(rule, "ec2-poll", &[demanded(launches(&[0; 40], REFUSED))], NotApplicable);
}

#[test]
fn modified_unconfirmed() {
    let rule = "modified_unconfirmed";
    let before = |steps: &'static [(&'static str, &'static str, Told)]| {
        both("ec2", move |p| {
            p.launch();
            for (operation, target, told) in steps {
                drop_it(p.ask(9 * S, operation, target, *told));
            }
            p.ask(9 * S, TAG, "i-1", Told::Fine).ask(9 * S, END, "i-1", Told::Fine);
        })
    };
    for n in [0, 1] {
        for unconfirmed in [&[][..], &[(LOOK, "i-1", HIDDEN)], &[(LOOK, "i-2", Told::Fine)]] {
            verdict(rule, "ec2-poll", &[before(unconfirmed)[n].clone()], Fail);
            verdict(rule, "documented", &[before(unconfirmed)[n].clone()], Fail);
        }
        for confirmed in [&[(LOOK, "i-1", Told::Fine)][..], &[(LOOK, "", Told::Fine)]] {
            verdict(rule, "ec2-poll", &[before(confirmed)[n].clone()], Pass);
        }
    }
    // What others have made, or what is only used to make something else.
    let strangers = played("ec2", true, |p| drop_it(p.ask(0, TAG, "i-9", Told::Fine)));
    verdict(rule, "ec2-poll", &[strangers], NotApplicable);
    let used = played("ec2", true, |p| {
        p.ask(0, "CreateSecurityGroup", "web", Told::Fine).made("sg-1");
        p.ask(9 * S, LAUNCH, "sg-1", Told::Fine).made("i-1");
    });
    verdict(rule, "ec2-poll", &[used], NotApplicable);
}

#[test]
fn no_settle_wait() {
    let rule = "no_settle_wait";
    let after = |wait: u64| {
        both("ec2", move |p| drop_it(p.launch().ask(5 * S, LOOK, "i-1", Told::Fine).ask(wait, TAG, "i-1", Told::Fine)))
    };
    for n in [0, 1] {
        verdict(rule, "ec2-poll", &[after(100 * MS)[n].clone()], Fail);
        verdict(rule, "ec2-poll", &[after(2 * S)[n].clone()], Pass);
        verdict(rule, "ec2-poll", &[after(1_900 * MS)[n].clone()], Fail);
        // Under the envelope a wait may be drawn from zero on.
        let many = |wait: u64| vec![after(wait)[n].clone(); 12];
        verdict(rule, "documented", &many(60 * MS), Pass);
        verdict(rule, "documented", &many(10 * MS), Fail);
        verdict(rule, "documented", &[after(10 * MS)[n].clone()], Inconclusive);
        verdict(rule, "smithy-waiter", &[after(0)[n].clone()], NotApplicable);
    }
    // Two commands, one after the other; and one that has to be sent again.
    let commands =
        both("ec2", |p| drop_it(p.launch().ask(5 * S, TAG, "i-1", Told::Fine).ask(0, END, "i-1", Told::Fine)));
    for trial in &commands {
        verdict(rule, "ec2-poll", std::slice::from_ref(trial), Fail);
    }
    let again = both("ec2", |p| drop_it(p.launch().ask(5 * S, END, "i-1", HIDDEN).ask(0, END, "i-1", Told::Fine)));
    for trial in &again {
        verdict(rule, "ec2-poll", std::slice::from_ref(trial), Pass);
    }
    // One thread looks while another waits: the first look counts where threads may be.
    let looks = both("ec2", |p| {
        p.launch().ask(5 * S, LOOK, "i-1", Told::Fine).ask(3 * S, LOOK, "i-1", Told::Fine).ask(
            0,
            TAG,
            "i-1",
            Told::Fine,
        );
    });
    verdict(rule, "ec2-poll", &[looks[0].clone()], Fail);
    verdict(rule, "ec2-poll", &[looks[1].clone()], Inconclusive);
}

#[test]
fn accepted_not_polled() {
    let rule = "accepted_not_polled";
    let job = |pauses: &'static [u64]| {
        both("execute-api", move |p| {
            p.ask(0, "POST /reports", "/reports", Told::Fine).accepted("/reports/job-1");
            for pause in pauses {
                p.ask(*pause, "GET /reports/job-1", "/reports/job-1", Told::Fine).pending();
            }
        })
    };
    for n in [0, 1] {
        verdict(rule, "documented", &[job(&[])[n].clone()], Fail);
        verdict(rule, "ec2-poll", &[job(&[S])[n].clone()], Pass);
        verdict(rule, "ec2-poll", &[job(&[0, 2 * S, 2 * S])[n].clone()], Pass);
        verdict(rule, "ec2-poll", &[job(&[10 * MS; 14])[n].clone()], Fail);
        verdict(rule, "ec2-poll", &[exiting(job(&[])[n].clone(), 3)], Pass);
        verdict(rule, "ec2-poll", &[cut(job(&[])[n].clone())], Inconclusive);
        verdict(rule, "ec2-poll", &[demanded(job(&[])[n].clone())], NotApplicable);
    }
    // Two threads ask in turn, or jitter drew little.
    verdict(rule, "ec2-poll", &[job(&[S, 10 * MS, S, 10 * MS, S, 10 * MS, S, 10 * MS])[1].clone()], Pass);
    verdict(rule, "ec2-poll", &[job(&[S, 10 * MS, 10 * MS, 2 * S])[0].clone()], Pass);
    // Nobody says where to ask.
    let fine = played("execute-api", true, |p| drop_it(p.ask(0, "POST /reports", "/reports", Told::Fine)));
    verdict(rule, "documented", &[fine], NotApplicable);
}
