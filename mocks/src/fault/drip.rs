//! Let the body of the answer leave slowly, so many bytes a second.
//!
//! The head comes at once; the body is whole and right, only late. Clients with a timeout per read, not
//! per answer, wait for ever. Goes with any answer: in a list with `error` it is the error that drips.
//!
//! ## Source
//! S1 (timeouts); guidance 2.5 (client timeouts)

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Decision, Effect, Inject, Pace};
use crate::units::Rate;

/// Parameters of `drip`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drip {
    /// Bytes of the body per unit of time.
    pub rate: Rate,
}

impl Inject for Drip {
    fn effect(&self) -> Effect {
        Effect::Before
    }

    fn answers(&self) -> bool {
        false
    }

    fn longest(&self) -> Duration {
        // Answers of the scripted kind are a few kilobytes.
        Duration::from_secs_f64(4096.0 / self.rate.per_second)
    }

    fn paces(&self) -> bool {
        true
    }

    fn decide(&self, _: &mut At<'_>) -> Decision {
        Decision::Pace(Pace::Drip(self.rate.per_second))
    }
}
