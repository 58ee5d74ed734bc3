//! What policy was seen: ladder, jitter, attempts, quota, rate limiter, polls and breaker, from the evidence alone.
//!
//! A fit says nothing of right and wrong. Each number comes with an interval that holds the true one in 95 of 100 runs, or
//! as a bound where the evidence ends on one side; where a part was not exercised, that is said, with a scenario that
//! would show it. What is published and agrees with all of it is a set of profiles, not one: some cannot be told apart.
//! How surely all that holds is measured in `docs/fit.md`.
//!
//! A pure function of the evidence, linear in what was seen (and a sort); computed once a run.

use brownout_mocks::service::Class;
use schemars::JsonSchema;
use serde::Serialize;

use crate::evidence::Evidence;

mod attempts;
mod backoff;
mod breaker;
mod decorrelated;
mod distance;
mod history;
mod jitter;
mod likelihood;
mod limiter;
mod missing;
mod number;
mod polling;
mod profiles;
mod quota;
mod region;
mod words;

pub use attempts::Attempts;
pub use backoff::{Backoff, Family, Rung};
pub use breaker::Breaker;
pub use limiter::Limiter;
pub use missing::Missing;
pub use number::Number;
pub use polling::Polling;
pub use profiles::{Candidate, Excluded, Profiles};
pub use quota::{Quota, QuotaState};

/// What policy was seen.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Fit {
    /// All of it in a sentence, for people.
    pub summary: String,
    /// Pauses before retries, for each service and class of error.
    pub backoff: Vec<Backoff>,
    /// Attempts per call, for each service.
    pub attempts: Vec<Attempts>,
    /// The retry quota.
    pub quota: Quota,
    /// A rate limiter of the client's own.
    pub limiter: Limiter,
    /// Polls; null where nothing was polled by a client that owns its demand.
    pub polling: Option<Polling>,
    /// A circuit breaker; null where the caller's calls are not known.
    pub breaker: Option<Breaker>,
    /// The published profiles.
    pub profiles: Profiles,
    /// The nearest of them, whether it agrees or not.
    pub nearest: Option<Candidate>,
    /// What was not exercised, and what would show it.
    pub missing: Vec<Missing>,
}

impl Fit {
    /// Infers the policy.
    pub fn of(evidence: &Evidence) -> Self {
        let histories = history::histories(evidence);
        let mut attempts = attempts::fit(&histories);
        quota::doubt(&histories, &mut attempts);
        let limiter = limiter::fit(evidence);
        let pauses = backoff::pauses(evidence, &limiter);
        let mut fit = Self {
            summary: String::new(),
            backoff: pauses.iter().map(|((service, class), p)| backoff::fit(evidence, service, *class, p)).collect(),
            quota: quota::fit(&histories, &attempts),
            attempts,
            limiter,
            polling: polling::fit(evidence),
            breaker: breaker::fit(evidence),
            profiles: Profiles::default(),
            nearest: None,
            missing: Vec::new(),
        };
        fit.profiles = profiles::fit(evidence, &histories, &fit);
        let nearest = fit.profiles.nearest().filter(|_| fit.saw_retries());
        fit.nearest = nearest.map(|(name, distance)| Candidate { name: name.to_owned(), distance });
        fit.missing = missing::of(&fit);
        fit.summary = words::summary(&fit);
        fit
    }

    /// The ladder after errors of this class, of the first service where one was seen.
    pub fn ladder(&self, class: Class) -> Option<&Backoff> {
        self.backoff.iter().find(|b| b.class == class)
    }

    fn saw_retries(&self) -> bool {
        !self.backoff.is_empty() || !self.attempts.is_empty()
    }
}

#[cfg(test)]
mod tests;
