//! brownout.

pub mod client;
pub mod guidance;

/// Scenarios.
pub mod scenario {
    pub mod model;
}
