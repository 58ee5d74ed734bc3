//! brownout.

pub mod evidence;
pub mod guidance;
pub mod judge;
pub mod rule;
pub mod stats;
/// What a scenario says.
pub mod scenario {
    pub mod model;
}
