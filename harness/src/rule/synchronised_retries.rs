//! Clients that failed together come back together: their pauses are the same, though each client draws its own.
//!
//! Compares the pause of each client with that of its neighbour before the same retry after the same class of error, in
//! the same trial. Clients that all begin with the same seed jitter one by one and are a herd all the same.
//!
//! ## Why it matters
//! A herd of clients that retries at the same moment is a new overload each time; jitter helps only if it parts them.
//! ## What to do
//! Seed the random generator of each client by itself, and draw every pause from it.
//! ## Source
//! AWS Architecture blog, "Exponential Backoff and Jitter"; guidance 3.1
//! ## Error probability
//! 10⁻⁸ per scenario and client, at any number of trials: a bet against P(within ±ε of the neighbour's) ≤ 2ε/w, with w as
//! in `unjittered_backoff`. Each pause is in at most one pair, so the samples are independent. Half of the error for each
//! class. Left out: hinted, broken and rate-limited pauses, and those that a published ladder without jitter would make.

use std::collections::BTreeMap;

use crate::evidence::{Evidence, Gap};
use crate::guidance::RETRIES;

use super::groups::Groups;
use super::{Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct SynchronisedRetries;

/// Timers tick in whole milliseconds, so ±ε holds one tick more than 2ε.
const TICK_US: u64 = 1_000;

/// Like pauses of a trial: before the same retry of the same operation, after the same class of error.
#[derive(Default)]
struct Alike<'a> {
    /// Whose come now, and how many of them there were.
    client: u32,
    count: usize,
    /// The n-th such pause of one client waits for the n-th of its neighbour.
    waiting: Vec<Option<Gap<'a>>>,
}

impl<'a> Alike<'a> {
    /// The pause of a neighbour that this one meets; without one it waits itself.
    fn meet(&mut self, gap: Gap<'a>) -> Option<Gap<'a>> {
        if self.client != gap.client.index {
            (self.client, self.count) = (gap.client.index, 0);
        }
        if self.waiting.len() == self.count {
            self.waiting.push(None);
        }
        let place = &mut self.waiting[self.count];
        self.count += 1;
        match place.take() {
            Some(before) if before.client.index != gap.client.index => Some(before),
            _ => {
                *place = Some(gap);
                None
            }
        }
    }
}

impl Rule for SynchronisedRetries {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let mut groups = Groups::new();
        let mut trial = None;
        let mut kinds: BTreeMap<(&str, &str, bool, usize), Alike<'_>> = BTreeMap::new();
        for gap in evidence.gaps().filter(|g| g.plain && g.trial.clients.len() > 1) {
            let (service, operation) = (&*gap.invocation.service, &*gap.invocation.operation);
            let Some(numbers) = evidence.numbers(service, gap.class) else { continue };
            let slack = evidence.late(gap.us, gap.ran_us);
            if numbers.never_jitters() || numbers.unjittered(gap.retry, gap.us as f64 / 1e6, slack as f64 / 1e6) {
                continue;
            }
            let throttling = gap.class != brownout_mocks::service::Class::Transient;
            if trial.replace(gap.trial.number).is_some_and(|before| before != gap.trial.number) {
                kinds.clear();
            }
            let alike = kinds.entry((service, operation, throttling, gap.retry)).or_default();
            let Some(before) = alike.meet(gap) else { continue };
            let group = groups.of(gap.class);
            group.seen += 1;
            group.example = Some(gap);
            let slack = slack.max(evidence.late(before.us, before.ran_us));
            let apart = gap.us.abs_diff(before.us);
            let taken = if numbers.sometimes_unjittered() { 3 * slack } else { 0 };
            let width = numbers.width[gap.retry.min(RETRIES - 1)].min(before.us as f64 / 2e6) - taken as f64 / 1e6;
            let right = (2 * slack + TICK_US) as f64 / 1e6 / width;
            if right > 0.0 {
                group.duel.see(apart <= slack, right, 0.5);
            }
        }
        groups.rule(evidence, "no two clients failed alike", |group, finding, gap| {
            finding.message = format!(
                "clients come back together: {} of {} pauses were the same as the neighbour's before the same retry (here {})",
                group.duel.hits(),
                group.duel.samples(),
                told::time(gap.us)
            );
            finding.expected = "each client draws its own pauses: seed each client's random generator by itself".into();
            finding.observed = format!("{} before retry {} of two clients", told::time(gap.us), gap.retry + 1);
            finding.source = "AWS Architecture blog, exponential backoff and jitter; guidance 3.1".into();
        })
    }
}
