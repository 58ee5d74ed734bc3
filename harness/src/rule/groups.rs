//! Statistical rules test throttling and transient pauses apart, each with half of the error.

use brownout_mocks::service::Class;

use crate::evidence::{Evidence, Gap};
use crate::stats::Duel;

use super::{Finding, Needs, Ruling};

/// One test per class of error.
#[derive(Debug)]
pub(super) struct Groups<'a> {
    throttling: Group<'a>,
    transient: Group<'a>,
}

/// Where so many pauses are seen and none can be used, it is not for want of pauses.
const SCARCE: u64 = 10;

/// The test of one class.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) class: Class,
    pub(super) duel: Duel,
    /// The client was cleared by something stronger than the bet.
    pub(super) cleared: bool,
    /// The last hit: what a finding shows.
    pub(super) example: Option<Gap<'a>>,
    /// Pauses that were there at all, usable or not.
    pub(super) seen: u64,
}

impl<'a> Groups<'a> {
    pub(super) fn new() -> Self {
        let group = |class| Group { class, duel: Duel::new(2), cleared: false, example: None, seen: 0 };
        Self { throttling: group(Class::Throttling), transient: group(Class::Transient) }
    }

    pub(super) fn of(&mut self, class: Class) -> &mut Group<'a> {
        if class == Class::Transient { &mut self.transient } else { &mut self.throttling }
    }

    /// The ruling: blamed if one class is, undecided if one class that was seen is, else passed.
    pub(super) fn rule(
        self,
        evidence: &Evidence,
        nothing: &str,
        word: impl Fn(&Group<'a>, &mut Finding, &Gap<'a>),
    ) -> Ruling {
        let duels = [self.throttling.duel.clone(), self.transient.duel.clone()];
        self.decide(evidence, nothing, word).weighed(&duels)
    }

    fn decide(self, evidence: &Evidence, nothing: &str, word: impl Fn(&Group<'a>, &mut Finding, &Gap<'a>)) -> Ruling {
        let (mut findings, mut needs, mut passed) = (super::Findings::default(), None::<Needs>, 0);
        for group in [&self.throttling, &self.transient] {
            let decision = if group.cleared { Some(false) } else { group.duel.decision() };
            match (decision, &group.example) {
                (Some(true), Some(gap)) => findings.add(|| {
                    let mut finding = Finding::about(gap.trial, gap.client.index, gap.invocation, gap.index - 1);
                    word(group, &mut finding, gap);
                    finding
                }),
                (Some(_), _) => passed += group.duel.samples().max(1),
                (None, _) if group.seen > 0 => {
                    let seen = format!(
                        "{} usable pauses after {} errors were seen",
                        group.duel.samples(),
                        if group.class == Class::Transient { "transient" } else { "throttling" }
                    );
                    let trials = trials_for(evidence, group.duel.samples(), group.duel.needs());
                    let own = if group.duel.samples() == 0 && group.seen > SCARCE {
                        Needs::coarse(group.seen)
                    } else {
                        Needs::more(&seen, trials)
                    };
                    // What more trials can decide comes before what they cannot.
                    needs = match needs {
                        Some(kept) if kept.trials.is_some() && kept.trials >= trials => Some(kept),
                        _ => Some(own),
                    };
                }
                (None, _) => {}
            }
        }
        match needs {
            _ if !findings.is_empty() => Ruling::Fail(findings),
            Some(needs) => Ruling::Inconclusive(needs),
            None if passed > 0 => Ruling::Pass(format!("{passed} pauses")),
            None => Ruling::NotApplicable(nothing.to_owned()),
        }
    }
}

/// How many trials in all make up for `more` samples, at the rate of those so far.
pub(super) fn trials_for(evidence: &Evidence, samples: u64, more: Option<u64>) -> Option<u64> {
    let trials = evidence.trials.len() as u64;
    if samples == 0 {
        return None;
    }
    let more = more?.saturating_mul(trials).div_ceil(samples).max(1);
    Some(trials.saturating_add(more))
}
