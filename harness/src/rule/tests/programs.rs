//! Programs that wait, poll, modify and end things: journals by hand, ours and those of programs that we did not write.

use brownout_mocks::journal::{EventKind, Trial};

use super::handmade::verdict;
use super::story::*;
use crate::rule::Verdict::{Fail, Inconclusive, NotApplicable, Pass};

pub(super) const S: u64 = 1_000 * MS;
pub(super) const LOOK: &str = "DescribeInstances";
pub(super) const LAUNCH: &str = "RunInstances";
pub(super) const TAG: &str = "CreateTags";
pub(super) const END: &str = "TerminateInstances";

/// A program in the making; `ours` says that its calls are in the journal.
pub(super) struct Program(Story);

impl Program {
    /// A request so long after the last answer, and what it was told.
    pub(super) fn ask(&mut self, pause: u64, operation: &str, target: &str, told: Told) -> &mut Self {
        self.0.now += pause;
        self.0.operation = operation.into();
        self.0.target = Some(target.to_owned()).filter(|t| !t.is_empty());
        self.0.call().attempt(0, told);
        if self.0.tagged {
            self.0.finish(matches!(told, Told::Fine));
        }
        self
    }

    fn answer(&mut self) -> &mut brownout_mocks::journal::Answered {
        let answers = self.0.trial.events.iter_mut().rev();
        let mut answers = answers.filter_map(|e| if let EventKind::Answered(a) = &mut e.kind { Some(a) } else { None });
        answers.next().unwrap()
    }

    /// The last answer says that this was made.
    pub(super) fn made(&mut self, id: &str) -> &mut Self {
        self.answer().created.push(id.into());
        self
    }

    /// The last answer says that it is still on its way.
    pub(super) fn pending(&mut self) -> &mut Self {
        self.answer().unsettled = true;
        self
    }

    /// Work was accepted, to be asked for here.
    pub(super) fn accepted(&mut self, path: &str) -> &mut Self {
        self.answer().status = 202;
        self.made(path)
    }

    /// A launch of `i-1`.
    pub(super) fn launch(&mut self) -> &mut Self {
        self.ask(0, LAUNCH, "", Told::Fine).made("i-1")
    }
}

pub(super) fn played(service: &str, ours: bool, make: impl FnOnce(&mut Program)) -> Trial {
    let mut program = Program(Story::new(0));
    program.0.service = service.into();
    program.0.tagged = ours;
    make(&mut program);
    let mut trial = program.0.end();
    trial.header.owns_demand = true;
    trial
}

/// Both kinds of program.
pub(super) fn both(service: &str, make: impl Fn(&mut Program)) -> [Trial; 2] {
    [true, false].map(|ours| played(service, ours, &make))
}

/// The exit status of a command.
pub(super) fn exiting(mut trial: Trial, status: i32) -> Trial {
    if let Some(EventKind::ClientEnded { exit, .. }) = trial.events.last_mut().map(|e| &mut e.kind) {
        *exit = Some(status);
    }
    trial
}

pub(super) fn cut(mut trial: Trial) -> Trial {
    trial.events.pop();
    trial
}

pub(super) fn demanded(mut trial: Trial) -> Trial {
    trial.header.owns_demand = false;
    trial
}

/// Looks at `i-1` with these pauses, the last look finding it running.
fn polls(ours: bool, told: Told, pauses: &[u64]) -> Trial {
    played("ec2", ours, |p| {
        p.launch().ask(2 * S, LOOK, "i-1", told).pending();
        for (n, pause) in pauses.iter().enumerate() {
            let last = n + 1 == pauses.len();
            p.ask(*pause, LOOK, "i-1", if last { Told::Fine } else { told });
            p.answer().unsettled = !last;
        }
    })
}

#[test]
fn polled_too_soon() {
    let rule = "polled_too_soon";
    for (profile, least) in [("ec2-poll", 2_000), ("smithy-waiter", 2_000), ("botocore-waiter", 5_000)] {
        verdict(rule, profile, &[polls(true, HIDDEN, &[(least - 10) * MS, 60 * S])], Fail);
        verdict(rule, profile, &[polls(true, HIDDEN, &[least * MS, 60 * S])], Pass);
        verdict(rule, profile, &[polls(true, HIDDEN, &[(least - 1) * MS, 60 * S])], Pass);
    }
    // Under the envelope the pause may be drawn from zero on; always below a second it is not.
    let many = |pause: u64| vec![polls(true, HIDDEN, &[pause, 60 * S]); 40];
    verdict(rule, "documented", &many(900 * MS), Fail);
    verdict(rule, "documented", &many(1_000 * MS), Pass);
    verdict(rule, "documented", &[polls(true, HIDDEN, &[0, 60 * S])], Inconclusive);
    verdict(rule, "std-2026", &[polls(true, HIDDEN, &[0, 0])], NotApplicable);
    verdict(rule, "ec2-poll", &[demanded(polls(true, HIDDEN, &[0, 0]))], NotApplicable);
    // Only the first pause is this rule's.
    verdict(rule, "ec2-poll", &[polls(true, HIDDEN, &[2 * S, 1, 1])], Pass);
    // Two threads may ask in turn; not so fast, however.
    verdict(rule, "ec2-poll", &[polls(false, HIDDEN, &[500 * MS, 1_600 * MS, 2 * S])], Pass);
    verdict(rule, "ec2-poll", &[polls(false, HIDDEN, &[500 * MS])], Inconclusive);
    verdict(rule, "ec2-poll", &[polls(false, HIDDEN, &[500 * MS, 500 * MS, 2 * S])], Fail);
    // It looked at something else in between, or asked about two in turn.
    let others = both("ec2", |p| {
        p.launch();
        for n in 0..9 {
            p.ask(200 * MS, LOOK, ["i-1", "i-2"][n % 2], HIDDEN);
        }
    });
    for trial in &others {
        verdict(rule, "ec2-poll", std::slice::from_ref(trial), NotApplicable);
    }
}

#[test]
fn polling_not_slowing() {
    let rule = "polling_not_slowing";
    for ours in [true, false] {
        for told in [Told::Fine, HIDDEN] {
            verdict(rule, "ec2-poll", &[polls(ours, told, &[2 * S; 160])], Fail);
            verdict(rule, "documented", &[polls(ours, told, &[2 * S; 160])], Fail);
            // botocore's waiters, and a monitor.
            verdict(rule, "documented", &[polls(ours, told, &[15 * S; 160])], Pass);
            verdict(rule, "documented", &[polls(ours, told, &[60 * S; 160])], Pass);
            let growing: Vec<Trial> =
                (0..40).map(|_| polls(ours, told, &[2, 4, 8, 16, 32, 64, 128, 256].map(|s| s * S))).collect();
            verdict(rule, "ec2-poll", &growing, Pass);
        }
    }
    verdict(rule, "documented", &[polls(true, Told::Fine, &[2 * S, 2 * S])], Inconclusive);
    // Something settled that is read again and again is no poll.
    let reads = played("ec2", true, |p| (0..200).for_each(|_| drop_it(p.ask(S, LOOK, "i-1", Told::Fine))));
    verdict(rule, "documented", &[reads], NotApplicable);
    // A list of everything that always holds something pending, and work in between.
    let busy = played("ec2", true, |p| {
        for _ in 0..200 {
            p.ask(S, LOOK, "", Told::Fine).pending().ask(S, TAG, "i-1", Told::Fine);
        }
    });
    verdict(rule, "documented", &[busy], NotApplicable);
}

/// Only for its effect.
pub(super) fn drop_it(_: &mut Program) {}

/// Smithy's waiter, until something that it does not know of is ready: its pauses must stay within what the bets allow.
#[test]
fn a_waiter_that_draws_its_pauses_slows_down_often_enough() {
    let mut random = brownout_mocks::random::Seed { run: 11, trial: 0 }.named("waiter", 0);
    let (mut pairs, mut ends) = ([[0u32; 2]; 8], [[0u32; 2]; 5]);
    for _ in 0..200_000 {
        let (ready, mut waited, mut pauses) = (2.0 + 298.0 * random.unit(), 0.0, Vec::new());
        while waited < ready {
            let bound = 2f64.powi(i32::try_from(pauses.len() + 1).unwrap()).min(120.0);
            let pause = 2.0 + (bound - 2.0) * random.unit();
            waited += pause;
            pauses.push(pause);
        }
        // A clock of whole milliseconds, and what is polite whatever came before.
        let hit = |first: f64, last: f64| u32::from(last <= first + 0.002 && last < 5.0);
        for (n, pair) in pauses.chunks_exact(2).enumerate() {
            let seen = &mut pairs[n.min(7)];
            *seen = [seen[0] + 1, seen[1] + hit(pair[0], pair[1])];
        }
        if let [first, .., last] = pauses[..] {
            let seen = &mut ends[(pauses.len() - 2).min(4)];
            *seen = [seen[0] + 1, seen[1] + hit(first, last)];
        }
    }
    let share = |seen: [u32; 2]| f64::from(seen[1]) / f64::from(seen[0].max(1));
    assert!(pairs.iter().all(|seen| share(*seen) < 0.34), "{pairs:?}");
    for (seen, allowed) in ends.iter().zip([0.4, 0.28, 0.22, 0.22, 0.17]) {
        assert!(share(*seen) < allowed, "{ends:?}");
    }
}

/// Requests overlap: nobody can tell which thread waited for what.
#[test]
fn threads_are_not_judged() {
    let mut trial = polls(false, Told::Fine, &[S; 160]);
    let mut overlapping = trial.events[0].clone();
    if let EventKind::AttemptReceived(received) = &mut overlapping.kind {
        (received.seq, received.invocation, received.operation) = (9_000, 9_000, "DescribeVpcs".into());
    }
    let mut second = overlapping.clone();
    if let EventKind::AttemptReceived(received) = &mut second.kind {
        (received.seq, received.invocation) = (9_001, 9_001);
    }
    trial.events.splice(0..0, [overlapping, second]);
    verdict("polling_not_slowing", "documented", &[trial.clone()], Inconclusive);
    verdict("polled_at_once", "ec2-poll", &[trial], NotApplicable);
}

#[test]
fn polled_forever() {
    let rule = "polled_forever";
    verdict(rule, "ec2-poll", &[polls(true, HIDDEN, &[300 * S; 3])], Pass);
    verdict(rule, "ec2-poll", &[polls(true, HIDDEN, &[300 * S; 4])], Fail);
    verdict(rule, "ec2-poll", &[polls(false, Told::Fine, &[300 * S; 4])], Fail);
    verdict(rule, "documented", &[polls(true, HIDDEN, &[300 * S; 70])], Pass);
    verdict(rule, "documented", &[polls(true, HIDDEN, &[300 * S; 80])], Fail);
    verdict(rule, "std-2026", &[polls(true, HIDDEN, &[300 * S; 80])], Fail);
    // A waiter of six hours, and one look an hour.
    verdict(rule, "documented", &[polls(true, Told::Fine, &[120 * S; 180])], Pass);
    verdict(rule, "documented", &[polls(true, Told::Fine, &[3_600 * S; 5])], Pass);
    // Without a cap, and with one hour before the same begins again.
    let doubling: Vec<u64> = (1..12).map(|i| (1 << i) * S).collect();
    verdict(rule, "documented", &[polls(true, Told::Fine, &doubling)], Fail);
    verdict(rule, "documented", &[polls(true, Told::Fine, &[2 * S, 4 * S, 8 * S, 16 * S, 3_600 * S, 2 * S])], Pass);
    verdict(rule, "documented", &[cut(polls(true, HIDDEN, &[2 * S, 4 * S, 8 * S]))], Pass);
    let unfinished = cut(played("ec2", true, |p| {
        p.ask(0, LOOK, "i-1", HIDDEN).ask(2 * S, LOOK, "i-1", HIDDEN);
        p.0.trial.events.pop();
    }));
    verdict(rule, "documented", &[unfinished], Inconclusive);
}

#[test]
fn polled_at_once() {
    let rule = "polled_at_once";
    let first = |pause: u64, told: Told, again: bool| {
        both("ec2", |p| {
            p.launch().ask(pause, LOOK, "i-1", told).pending();
            if again {
                p.ask(5 * S, LOOK, "i-1", Told::Fine);
            }
        })
    };
    for told in [Told::Fine, HIDDEN] {
        for n in [0, 1] {
            verdict(rule, "ec2-poll", &[first(100 * MS, told, true)[n].clone()], Fail);
            verdict(rule, "ec2-poll", &[first(2 * S, told, true)[n].clone()], Pass);
            // One look is no poll.
            verdict(rule, "ec2-poll", &[first(0, told, false)[n].clone()], NotApplicable);
            // Waiters poll at once.
            for profile in ["documented", "smithy-waiter", "botocore-waiter"] {
                verdict(rule, profile, &[first(0, told, true)[n].clone()], NotApplicable);
            }
        }
    }
    // The second wait for the same thing begins with a look that follows another, no command.
    let looked = played("ec2", true, |p| {
        p.launch().ask(9 * S, LOOK, "i-1", Told::Fine).ask(0, LOOK, "i-1", Told::Fine).pending();
        p.ask(9 * S, LOOK, "i-1", Told::Fine);
    });
    verdict(rule, "ec2-poll", &[looked], NotApplicable);
}
