//! End the connection in good order (FIN) without an answer.
//!
//! ## Source
//! S1 (transient errors: connection resets)

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Break, Decision, Inject};

/// `close` has no parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Close {}

impl Inject for Close {
    fn mute(&self) -> bool {
        true
    }

    fn decide(&self, _: &mut At<'_>) -> Decision {
        Decision::Break(Break::Close)
    }
}
