//! A usage quota with a period: requests beyond it get API Gateway's other 429, "Limit Exceeded".
//!
//! A retry does not solve it: one waits for the next period or raises the quota (S2). Requests that an
//! earlier step refused do not consume it. Periods are counted from time zero.
//!
//! ## Source
//! S2 (429 Limit Exceeded); guidance 5.1, 5.2

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scope::{Scope, key};
use super::{At, Decision, Inject};
use crate::units::Span;

/// Parameters of `quota`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Requests per period.
    #[schemars(range(max = 1_000_000_000))]
    pub limit: u64,
    /// Length of a period.
    pub period: Span,
    /// What shares the quota. Default: the API key.
    #[serde(default = "default_scope")]
    pub scope: Vec<Scope>,
}

fn default_scope() -> Vec<Scope> {
    vec![Scope::ApiKey]
}

impl Inject for Quota {
    fn admits(&self) -> bool {
        true
    }

    fn mistakes(&self) -> Vec<(&'static str, String)> {
        if self.period.get().is_zero() {
            vec![("period", "a period lasts longer than 0s".into())]
        } else {
            Vec::new()
        }
    }

    fn decide(&self, at: &mut At<'_>) -> Decision {
        let counter = at.memory.counters.entry(key(&self.scope, at.attempt)).or_default();
        if counter.take(self.limit, self.period.get(), at.now) {
            return Decision::Admit;
        }
        super::error::answer(at, "LimitExceededException", None, None, None, None)
    }
}
