//! The port is closed: connecting is refused.
//!
//! The step's window decides: from `after` (time zero without it) for so long, or until `until`. Time zero
//! is then the start of the program, since the first connection may never come. Over TCP nobody can count
//! what the kernel refuses, so `times`, `every` and `probability` play in virtual time only; there each
//! refused connection counts, or each window where `for` is given.
//!
//! ## Source
//! S1 (transient errors: connection failures); guidance 2.2 (network errors)

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Break, Decision, Inject};
use crate::units::Span;

/// Parameters of `refuse`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refuse {
    /// How long the port stays closed. Default: to the end of the step's window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#for: Option<Span>,
}

impl Inject for Refuse {
    fn at_connect(&self) -> bool {
        true
    }

    fn longest(&self) -> Duration {
        self.r#for.map_or(Duration::ZERO, Span::get)
    }

    fn mistakes(&self) -> Vec<(&'static str, String)> {
        if self.r#for.is_some_and(|span| span.get().is_zero()) {
            vec![("for", "a port that is closed for 0s refuses nothing".into())]
        } else {
            Vec::new()
        }
    }

    /// A refused connection brings no request, so there is none to decide about.
    fn decide(&self, _: &mut At<'_>) -> Decision {
        Decision::Break(Break::ResetAtConnect)
    }
}
