//! What was not exercised, and a scenario of the library that would show it.

use brownout_mocks::service::Class;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Fit, QuotaState};

/// A part of a policy that the run did not show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Missing {
    /// Which part.
    pub part: &'static str,
    /// Why not.
    pub why: &'static str,
    /// A scenario that shows it.
    pub play: &'static str,
}

/// In the order of the fit.
pub(super) fn of(fit: &Fit) -> Vec<Missing> {
    let mut missing = Vec::new();
    let mut add = |lacks: bool, part, why, play| {
        if lacks {
            missing.push(Missing { part, why, play });
        }
    };
    let none = |class| fit.ladder(class).is_none();
    add(none(Class::Throttling), "throttling backoff", "no retry after a throttle", "dynamodb-long-throttle");
    add(none(Class::Transient), "transient backoff", "no retry after a transient error", "bad-gateway-storm");
    let given_up = fit.attempts.iter().any(|a| a.max.value.is_some());
    add(!given_up, "attempts", "no call failed at every attempt", "unknown-errors");
    add(fit.quota.state == QuotaState::NotFelt, "retry quota", "no retry was left out for want of tokens", QUOTA);
    add(fit.limiter.seen.is_none(), "rate limiter", "no call began after a throttle", "ec2-throttle-burst");
    add(fit.polling.is_none(), "polling", "nothing was polled by a program of its own", "instance-not-visible");
    let open = fit.breaker.as_ref().is_some_and(|b| b.seen);
    add(!open, "circuit breaker", "no call was refused before it was sent", "breaker-five-failures");
    missing
}

const QUOTA: &str = "outage-then-health";
