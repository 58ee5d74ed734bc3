//! What the rules about growing pauses share: neighbours compared in pairs, and the last with the first. Pauses that the
//! clock is too coarse to compare are no samples, neither for the client nor against it.

use crate::evidence::{Client, Evidence, Invocation, Trial};
use crate::stats::Duel;

use super::{Finding, Needs, Ruling, groups};

/// Pauses of this length are polite even if they do not grow: botocore's shortest waiter delay.
const POLITE_US: u64 = 5_000_000;
/// Above this error of the clock, pauses of seconds are not compared.
const COMPARABLE_US: u64 = 100_000;

/// A pause before a poll.
#[derive(Debug, Clone, Copy)]
pub(super) struct Poll<'a> {
    pub(super) pause: u64,
    /// When it ended.
    pub(super) at_us: u64,
    pub(super) invocation: &'a Invocation,
    pub(super) index: usize,
    /// Whether the answer before it was old, and no `NotFound`.
    pub(super) stale: bool,
}

/// The comparisons so far.
#[derive(Debug)]
pub(super) struct Slowing<'a> {
    evidence: &'a Evidence,
    pairs: Duel,
    ends: Duel,
    polls: u64,
    polite: bool,
    example: Option<(&'a Trial, &'a Client, Poll<'a>)>,
    /// Comparisons that the clock is too coarse for.
    blurred: u64,
}

impl<'a> Slowing<'a> {
    pub(super) fn new(evidence: &'a Evidence) -> Self {
        let (pairs, ends) = (Duel::new(2), Duel::new(2));
        Self { evidence, pairs, ends, polls: 0, polite: true, example: None, blurred: 0 }
    }

    /// The pauses of one wait, in order.
    pub(super) fn see(&mut self, trial: &'a Trial, client: &'a Client, pauses: &[Poll<'a>]) {
        self.polls += pauses.len() as u64;
        let below = self.evidence.slack.below_us;
        self.polite &= pauses.iter().all(|p| p.pause.saturating_add(below) >= POLITE_US);
        for pair in pauses.chunks_exact(2) {
            match self.compare(trial, client, &pair[0], &pair[1]) {
                Some(hit) => self.pairs.see(hit, 0.4, 0.5),
                None => self.blurred += 1,
            }
        }
        if let [first, .., last] = pauses {
            let right = [0.4, 0.28, 0.22, 0.22, 0.17][(pauses.len() - 2).min(4)];
            if let Some(hit) = self.compare(trial, client, first, last) {
                self.ends.see(hit, right, 0.5);
            }
        }
    }

    /// Whether the later of two pauses is no longer, and short; `None` if the clock is too coarse to tell.
    fn compare(&mut self, trial: &'a Trial, client: &'a Client, first: &Poll<'a>, last: &Poll<'a>) -> Option<bool> {
        let late =
            |p: &Poll<'_>| self.evidence.late(p.pause, trial.moves.ran(p.at_us.saturating_sub(p.pause), p.at_us));
        let slack = late(first).max(late(last));
        // Two pauses of nothing are no growth, however coarse the clock.
        let tight = first.pause.max(last.pause) <= self.evidence.slack.nothing();
        let same = last.pause <= first.pause.saturating_add(slack);
        if same && !tight && last.pause < POLITE_US && slack > COMPARABLE_US {
            return None;
        }
        let slow = tight || (same && last.pause < POLITE_US);
        if slow {
            self.example = Some((trial, client, *last));
        }
        Some(slow)
    }

    /// The ruling; `word` fills in what was asked and what is expected, given hits and comparisons.
    pub(super) fn rule(self, word: impl FnOnce(&mut Finding, &Poll<'a>, &Duel)) -> Ruling {
        let duels = [self.pairs.clone(), self.ends.clone()];
        self.decide(word).weighed(&duels)
    }

    fn decide(self, word: impl FnOnce(&mut Finding, &Poll<'a>, &Duel)) -> Ruling {
        if self.polls == 0 {
            return Ruling::NotApplicable("nothing was polled often enough to compare pauses".into());
        }
        if self.polite {
            return Ruling::Pass(format!("{} pauses of five seconds and more", self.polls));
        }
        let decisions = [self.pairs.decision(), self.ends.decision()];
        let blamed = decisions.iter().position(|d| *d == Some(true));
        if let (Some(which), Some((trial, client, poll))) = (blamed, self.example) {
            let mut finding = Finding::about(trial, client.index, poll.invocation, poll.index);
            word(&mut finding, &poll, if which == 0 { &self.pairs } else { &self.ends });
            return Ruling::Fail(finding.into());
        }
        if decisions.contains(&Some(false)) {
            return Ruling::Pass(format!("{} pairs of pauses grow", self.pairs.samples()));
        }
        if self.pairs.samples() == 0 && self.blurred > 0 {
            return Ruling::stuck(
                "the clock of this run was too coarse to compare the pauses",
                "play it in warp time, or on a machine with less to do",
            );
        }
        let needs = match (self.pairs.needs(), self.ends.needs()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Ruling::Inconclusive(Needs::more(
            &format!("{} pairs of pauses were seen", self.pairs.samples()),
            groups::trials_for(self.evidence, self.pairs.samples(), needs),
        ))
    }
}
