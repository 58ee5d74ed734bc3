//! The server's clock is ahead or behind, and refuses signatures that are too old or too new for it.
//!
//! Every `Date` of an answer in this step's window comes from the shifted clock. A signature more than five
//! minutes away from it (fifteen for S3) is refused with the service's own error; a client that corrects
//! its clock by the `Date` that it saw gets through, and the step admits it.
//!
//! ## Source
//! guidance 2.3; S1 (`SignatureDoesNotMatch`)

use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Decision, Inject, Shift};
use crate::clock::read_amz_date;
use crate::units::Span;

/// Parameters of `skew`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Skew {
    /// How far the server's clock is off.
    pub by: Span,
    /// Which way. Default: ahead.
    #[serde(default)]
    pub direction: Direction,
    /// Error code. Default: the service's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Which way a clock is off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It shows a later time.
    #[default]
    Ahead,
    /// It shows an earlier time.
    Behind,
}

/// How far a signature may be off, for most services and for S3.
const TOLERANCE: Duration = Duration::from_secs(300);
const TOLERANCE_S3: Duration = Duration::from_secs(900);

fn apart(a: SystemTime, b: SystemTime) -> Duration {
    a.duration_since(b).or_else(|_| b.duration_since(a)).unwrap_or_default()
}

impl Inject for Skew {
    fn admits(&self) -> bool {
        true
    }

    fn decide(&self, at: &mut At<'_>) -> Decision {
        let shift = Shift { by: self.by.get(), ahead: self.direction == Direction::Ahead };
        *at.shift = Some(shift);
        let service = at.attempt.service;
        let tolerance = if service.id() == "s3" { TOLERANCE_S3 } else { TOLERANCE };
        let signed = at.attempt.request.header("x-amz-date").and_then(read_amz_date);
        // Without a signature there is nothing to refuse.
        let Some(signed) = signed else { return Decision::Admit };
        if apart(signed, shift.apply(at.world.date)) <= tolerance {
            return Decision::Admit;
        }
        let code = self.code.as_deref().unwrap_or_else(|| service.skew_code());
        super::error::answer(at, code, None, None, None, None)
    }
}
