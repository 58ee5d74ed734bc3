//! The pauses of all trials, in order: what the statistical rules draw on.

use brownout_mocks::service::Class;

use super::{Attempt, Client, Evidence, Invocation, Trial};

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
                Some(Gap {
                    trial,
                    client,
                    invocation,
                    index: i + 1,
                    retry: attempt.row as usize - 2,
                    us: attempt.gap_us?,
                    class: if before.class == Some(Class::Transient) { Class::Transient } else { Class::Throttling },
                    before,
                    plain: !before.either_way() && !before.hinted() && !limited,
                })
            },
        )
    }
}
