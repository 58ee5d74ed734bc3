//! Clients with a circuit breaker: one by the numbers of its profile, and mutants of it.

use std::collections::BTreeMap;
use std::time::Duration;

use brownout_mocks::random::Stream;
use brownout_mocks::service::Class;

use super::answer::Failure;
use super::policy::{Failed, RetryPolicy};
use super::reference::ProfilePolicy;
use crate::guidance::{Breaker, Profile};

/// What is wrong with a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// It never opens.
    NeverOpens,
    /// It tries again after half of the open time.
    TriesEarly,
    /// After a failed probe it is open for a tenth of the time.
    ReopensBriefly,
    /// It counts errors that say nothing about the service's health, and does not start anew after a success.
    CountsEverything,
    /// One breaker for all operations.
    OneForAll,
    /// Once open it stays open.
    StaysOpen,
}

/// Longer than any story.
const FOR_EVER: Duration = Duration::from_secs(946_080_000);

/// One breaker.
#[derive(Debug, Clone, Copy, Default)]
struct Circuit {
    failures: u32,
    /// Until when it is open.
    open_until: Option<Duration>,
    probing: u32,
    successes: u32,
}

/// A policy by a profile, behind the profile's breaker.
#[derive(Debug)]
pub struct BreakerPolicy {
    inner: ProfilePolicy,
    breaker: Breaker,
    flaw: Flaw,
    circuits: BTreeMap<(String, String), Circuit>,
}

impl BreakerPolicy {
    /// A breaker by `profile`; `None` if that has no breaker.
    pub fn new(profile: &Profile, flaw: Flaw) -> Option<Self> {
        let breaker = profile.breaker.clone()?;
        Some(Self { inner: ProfilePolicy::new(profile), breaker, flaw, circuits: BTreeMap::new() })
    }

    fn circuit(&mut self, service: &str, operation: &str) -> &mut Circuit {
        let operation = if self.flaw == Flaw::OneForAll { "" } else { operation };
        self.circuits.entry((service.to_owned(), operation.to_owned())).or_default()
    }
}

impl RetryPolicy for BreakerPolicy {
    fn next_pause(&mut self, failed: Failed<'_>, random: &mut Stream) -> Option<Duration> {
        self.inner.next_pause(failed, random)
    }

    fn succeeded(&mut self, retried_after: Option<&Failure>) {
        self.inner.succeeded(retried_after);
    }

    fn admits(&mut self, service: &str, operation: &str, now: Duration) -> bool {
        let (probes, never) = (self.breaker.probes, self.flaw == Flaw::NeverOpens);
        let circuit = self.circuit(service, operation);
        let Some(until) = circuit.open_until.filter(|_| !never) else { return true };
        if now < until || circuit.probing >= probes {
            return false;
        }
        circuit.probing += 1;
        true
    }

    fn ended(&mut self, service: &str, operation: &str, failure: Option<&Failure>, now: Duration) {
        let Breaker { threshold, open, closes_after, .. } = self.breaker;
        let (flaw, open) = (self.flaw, open.get());
        let circuit = self.circuit(service, operation);
        let counts = failure
            .is_some_and(|f| flaw == Flaw::CountsEverything || matches!(f.class, Class::Throttling | Class::Transient));
        let probed = circuit.open_until.is_some_and(|until| now >= until);
        circuit.probing = circuit.probing.saturating_sub(1);
        if probed {
            if counts {
                let again = if flaw == Flaw::ReopensBriefly { open / 10 } else { open };
                (circuit.open_until, circuit.successes) = (Some(now + again), 0);
            } else if failure.is_none() {
                circuit.successes += 1;
                if circuit.successes >= closes_after {
                    *circuit = Circuit::default();
                }
            }
            return;
        }
        if failure.is_none() && flaw != Flaw::CountsEverything {
            circuit.failures = 0;
        }
        circuit.failures += u32::from(counts);
        if circuit.failures >= threshold {
            let open = match flaw {
                Flaw::TriesEarly => open / 2,
                Flaw::StaysOpen => FOR_EVER,
                _ => open,
            };
            circuit.open_until = circuit.open_until.max(Some(now + open));
        }
    }

    fn before_giving_up(&self, failure: &Failure) -> Duration {
        self.inner.before_giving_up(failure)
    }

    fn attempts_max(&self, service: &str) -> Option<u32> {
        self.inner.attempts_max(service)
    }
}
