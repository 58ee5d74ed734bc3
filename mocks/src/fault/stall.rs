//! Stop in the middle of the answer's body, then go on.
//!
//! The head and the first bytes come at once, then nothing for a while, then the rest. With `after: 0`
//! the pause lies between head and body; at least one byte always comes after it.
//!
//! ## Source
//! S1 (timeouts); guidance 2.5 (client timeouts)

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Decision, Effect, Inject, Pace};
use crate::units::Span;

/// Parameters of `stall`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stall {
    /// Bytes of the body before the pause. Default: 0.
    #[serde(default)]
    pub after: u64,
    /// How long nothing comes.
    pub r#for: Span,
}

impl Inject for Stall {
    fn effect(&self) -> Effect {
        Effect::Before
    }

    fn answers(&self) -> bool {
        false
    }

    fn longest(&self) -> Duration {
        self.r#for.get()
    }

    fn paces(&self) -> bool {
        true
    }

    fn decide(&self, _: &mut At<'_>) -> Decision {
        Decision::Pace(Pace::Stall { after: self.after, pause: self.r#for.get() })
    }
}
