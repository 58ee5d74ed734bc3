//! Read the request and never answer; the connection stays open until the client gives up.
//!
//! ## Source
//! S1 (transient errors: network timeouts); guidance 3.2

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Break, Decision, Inject};

/// `black_hole` has no parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlackHole {}

impl Inject for BlackHole {
    fn mute(&self) -> bool {
        true
    }

    fn decide(&self, _: &mut At<'_>) -> Decision {
        Decision::Break(Break::BlackHole)
    }
}
