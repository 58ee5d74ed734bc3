//! Some entries of a batch fail inside a 200.
//!
//! DynamoDB's `UnprocessedItems` and `UnprocessedKeys`, the failed entries of SQS, EventBridge and Kinesis,
//! the errors of S3's `DeleteObjects`. The other entries happen. SDKs do not repeat such entries; that is
//! the caller's to do, with backoff, and only the entries that failed.
//!
//! ## Source
//! guidance 7 (DynamoDB, EventBridge, Kinesis); R37 in guidance 11

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Decision, Effect, Inject};
use crate::request::Attempt;
use crate::service::Service;

/// Parameters of `partial`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Partial {
    /// How many entries fail; which ones is drawn.
    #[schemars(range(min = 1, max = 1_000))]
    pub fail: u32,
    /// Error code of the entries. Default: the service's throttling code; DynamoDB has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Inject for Partial {
    fn effect(&self) -> Effect {
        Effect::Before
    }

    fn unfit(&self, attempt: &Attempt) -> Option<&'static str> {
        attempt.service.batch(&attempt.operation).is_none().then_some("it is no batch")
    }

    fn needs_own_service(&self) -> Option<&'static str> {
        Some("it needs entries that are left out, and only our own services leave them out")
    }

    fn foreign_to(&self, service: &dyn Service) -> Option<&'static str> {
        let batches = service.operations().iter().any(|o| service.batch(o.name).is_some());
        (!batches).then_some("it has no operation whose entries fail one by one")
    }

    fn decide(&self, at: &mut At<'_>) -> Decision {
        let attempt = at.attempt;
        let entries = attempt.service.entries(attempt);
        // A draw without replacement: the first `fail` of a shuffled row.
        let mut row: Vec<usize> = (0..entries).collect();
        let fail = entries.min(self.fail as usize);
        for i in 0..fail {
            let j = i + at.stream.below((entries - i) as u64) as usize;
            row.swap(i, j);
        }
        let code = self.code.clone().unwrap_or_else(|| attempt.service.throttle_code(&attempt.operation).to_owned());
        Decision::Partial { failed: row[..fail].iter().copied().collect(), code }
    }
}
