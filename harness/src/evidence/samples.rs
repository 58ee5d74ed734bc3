//! The pauses of all trials, in order: what the statistical rules draw on.

use brownout_mocks::service::Class;

use super::{Attempt, Client, Evidence, Invocation, Trial};

/// Timers of clients and of ours round up to whole milliseconds, in microseconds.
const TIMER_US: u64 = 2_000;

/// A measured pause before a retry.
#[derive(Debug, Clone, Copy)]
pub struct Gap<'a> {
    /// The trial.
    pub trial: &'a Trial,
    /// The client.
    pub client: &'a Client,
    /// The invocation.
    pub invocation: &'a Invocation,
    /// Index of the retry among the invocation's attempts.
    pub index: usize,
    /// Which retry it is in its row, from 0.
    pub retry: usize,
    /// The pause.
    pub us: u64,
    /// How much of it the clock just ran, where it was moved for the rest (warp time).
    pub ran_us: Option<u64>,
    /// Class of the failure before it, a spent quota counting as throttling.
    pub class: Class,
    /// The attempt before it.
    pub before: &'a Attempt,
    /// Whether the pause is the client's own backoff and nothing else: an answer that all read alike, no hint,
    /// no rate limiter.
    pub plain: bool,
}

impl Evidence {
    /// All measured pauses that are certainly before retries, trial by trial.
    pub fn gaps(&self) -> impl Iterator<Item = Gap<'_>> {
        self.trials.iter().flat_map(move |trial| {
            let sure = trial.invocations().filter(|(_, i)| i.joints == 0 && i.attempts.len() > 1);
            sure.flat_map(move |(client, invocation)| self.gaps_of(trial, client, invocation))
        })
    }

    /// The measured pauses of one invocation.
    pub fn gaps_of<'a>(
        &'a self,
        trial: &'a Trial,
        client: &'a Client,
        invocation: &'a Invocation,
    ) -> impl Iterator<Item = Gap<'a>> {
        let limits = self.may_limit(client);
        invocation.attempts.iter().zip(invocation.attempts.iter().skip(1)).enumerate().filter_map(
            move |(i, (before, attempt))| {
                if !before.backs_off() || attempt.row < 2 {
                    return None;
                }
                let limited = limits && client.throttled_us.is_some_and(|t| before.end_us.is_some_and(|end| end >= t));
                let us = attempt.gap_us?;
                Some(Gap {
                    trial,
                    client,
                    invocation,
                    index: i + 1,
                    retry: attempt.row as usize - 2,
                    us,
                    ran_us: trial.moves.ran(attempt.at_us.saturating_sub(us), attempt.at_us),
                    class: if before.class == Some(Class::Transient) { Class::Transient } else { Class::Throttling },
                    before,
                    plain: !before.either_way() && !before.hinted() && !limited,
                })
            },
        )
    }

    /// How much longer than it was a pause may have been seen, in microseconds: in warp time what was measured, else the
    /// run's slack.
    pub fn late(&self, us: u64, ran_us: Option<u64>) -> u64 {
        ran_us.map_or_else(|| self.slack.over(us), |ran| ran.saturating_add(TIMER_US))
    }

    /// The longest that a pause of at most `bound` microseconds may be seen as, where the clock just ran for so long in it.
    pub fn most(&self, bound: u64, ran_us: Option<u64>) -> u64 {
        ran_us.map_or_else(
            || self.slack.above(bound),
            |ran| bound.saturating_add(bound / 100).saturating_add(ran).saturating_add(TIMER_US),
        )
    }
}
