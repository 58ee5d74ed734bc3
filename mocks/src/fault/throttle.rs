//! Answer with the service's own throttling error.
//!
//! The code defaults to the one that the service sends for the operation asked; status, message and
//! headers follow from the service's error catalogue, the shape from the protocol of the request.
//!
//! ## Source
//! guidance 2.2 (throttling codes) and 6.3 (codes per service)

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::RetryAfter;
use super::{At, Decision, Inject};

/// Parameters of `throttle`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// Error code. Default: the service's own for the operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `Retry-After` of the answer, as seconds (`2s`) or as a date so far ahead (`{date: 3s}`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
    /// `x-amz-retry-after` of the answer, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl Inject for Throttle {
    fn longest(&self) -> Duration {
        super::error::ahead(self.retry_after, self.retry_after_ms)
    }

    fn decide(&self, at: &mut At<'_>) -> Decision {
        let service = at.attempt.service;
        let code = self.code.as_deref().unwrap_or_else(|| service.throttle_code(&at.attempt.operation));
        super::error::answer(at, code, None, None, self.retry_after.as_ref(), self.retry_after_ms)
    }
}
