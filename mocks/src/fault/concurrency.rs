//! So many requests at a time: those beyond the limit get the service's throttling error.
//!
//! A request is in hand from its arrival until its answer has left or its connection has gone. Whatever
//! makes answers take time (`latency`, `capacity`, a slow reader) therefore stands below this step. For
//! Lambda the refusal is the documented 429 with `Retry-After` and its `Reason`: that of reserved concurrency
//! where the scope names the function, else that of the account's.
//!
//! Shorthand: `concurrency: 10`.
//!
//! ## Source
//! S2 (429 of a function at its concurrency limit); guidance 6.3 (`TooManyRequestsException`), 7

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::RetryAfter;
use super::scope::{Scope, key};
use super::{At, Decision, Inject};
use crate::units::Span;

/// Parameters of `concurrency`: a limit, or a limit and what shares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Concurrency {
    /// Only a limit, shared by account and Region.
    Limit(#[schemars(range(min = 1, max = 1_000_000))] u64),
    /// Limit and scope.
    Full(ConcurrencyFull),
}

/// Limit and scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConcurrencyFull {
    /// Requests at a time.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub limit: u64,
    /// What shares the limit. Default: account and region.
    #[serde(default = "default_scope")]
    pub scope: Vec<Scope>,
    /// Error code. Default: the service's own for such a limit, else its throttling code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `Retry-After` of the refusal. Default: for Lambda `1s`, else none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
}

fn default_scope() -> Vec<Scope> {
    vec![Scope::Account, Scope::Region]
}

impl Concurrency {
    fn full(&self) -> ConcurrencyFull {
        match self {
            Self::Limit(limit) => {
                ConcurrencyFull { limit: *limit, scope: default_scope(), code: None, retry_after: None }
            }
            Self::Full(full) => full.clone(),
        }
    }

    /// Error code, if one is given.
    pub fn code(&self) -> Option<&String> {
        match self {
            Self::Limit(_) => None,
            Self::Full(full) => full.code.as_ref(),
        }
    }
}

impl Inject for Concurrency {
    fn admits(&self) -> bool {
        true
    }

    fn decide(&self, at: &mut At<'_>) -> Decision {
        let full = self.full();
        let in_hand = at.memory.in_hand.entry(key(&full.scope, at.attempt)).or_default();
        if (in_hand.len() as u64) < full.limit {
            in_hand.insert(at.attempt.seq);
            return Decision::Admit;
        }
        let (service, function) = (at.attempt.service, full.scope.contains(&Scope::Function));
        let code = full.code.as_deref().unwrap_or_else(|| service.concurrency_code(&at.attempt.operation, function));
        let usual = || Some(RetryAfter::Seconds(Span(Duration::from_secs(service.concurrency_retry_after()?.into()))));
        let retry_after = full.retry_after.or_else(usual);
        super::error::answer(at, code, None, None, retry_after.as_ref(), None)
    }
}
