//! Announce the whole answer, send only so many bytes of its body, and end the connection in good order.
//!
//! ## Source
//! S1 (transient errors: network); guidance 2.2 (unparsable responses)

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Break, Decision, Effect, Inject};

/// Parameters of `truncate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Truncate {
    /// Bytes of the body that are sent. A body no longer than this loses its last byte.
    pub after: u64,
}

impl Inject for Truncate {
    fn effect(&self) -> Effect {
        Effect::Before
    }

    fn decide(&self, _: &mut At<'_>) -> Decision {
        Decision::Break(Break::Truncate(self.after))
    }
}
