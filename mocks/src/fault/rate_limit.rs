//! A token bucket: requests beyond it get the service's throttling error.
//!
//! The only throttle that rewards a client for slowing down. A request that finds a token is admitted
//! and falls through to the next step. Refills are fractional (guidance 4.1). The bucket starts full.
//!
//! ## Source
//! S0 (query API request rate); guidance 4.1, 5.2

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::RetryAfter;
use super::scope::{Scope, key};
use super::{At, Decision, Inject, TokenBucket};
use crate::units::Rate;

/// Parameters of `rate_limit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Size of the bucket, in tokens; it starts full.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub bucket: f64,
    /// Tokens that come back per unit of time.
    pub refill: Rate,
    /// What shares a bucket. Default: account, region and action.
    #[serde(default = "default_scope")]
    pub scope: Vec<Scope>,
    /// Tokens that one request takes. Default: 1.
    #[serde(default = "default_cost")]
    #[schemars(range(min = 0.001, max = 1_000_000))]
    pub cost: f64,
    /// Error code. Default: the service's throttling code for the operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `Retry-After` of the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
}

fn default_scope() -> Vec<Scope> {
    vec![Scope::Account, Scope::Region, Scope::Action]
}

fn default_cost() -> f64 {
    1.0
}

impl Inject for RateLimit {
    fn admits(&self) -> bool {
        true
    }

    fn longest(&self) -> Duration {
        self.retry_after.map(|after| after.ahead()).unwrap_or_default()
    }

    fn mistakes(&self) -> Vec<(&'static str, String)> {
        // A bucket of nothing is a mistake of its own.
        if self.bucket >= 1.0 && self.cost > self.bucket {
            vec![("cost", format!("a request costs {} tokens, but the bucket holds only {}: none is ever admitted", self.cost, self.bucket))]
        } else {
            Vec::new()
        }
    }

    fn decide(&self, at: &mut At<'_>) -> Decision {
        let bucket = at
            .memory
            .buckets
            .entry(key(&self.scope, at.attempt))
            .or_insert_with(|| TokenBucket::new(self.bucket, self.refill.per_second, at.now));
        if bucket.take(self.cost, at.now) {
            return Decision::Admit;
        }
        let code = self.code.as_deref().unwrap_or_else(|| at.attempt.service.throttle_code(&at.attempt.operation));
        super::error::answer(at, code, None, None, self.retry_after.as_ref(), None)
    }
}
