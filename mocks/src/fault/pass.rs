//! No fault: answer normally, and look at no further step.
//!
//! Lets a story except some requests from a later step.
//!
//! ## Source
//! The scenario language; nothing that AWS does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Decision, Effect, Inject};

/// `pass` has no parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pass {}

impl Inject for Pass {
    fn effect(&self) -> Effect {
        Effect::Before
    }

    fn decide(&self, _: &mut At<'_>) -> Decision {
        Decision::Pass
    }
}
