//! brownout plays a scripted AWS brownout against a real client, over the wire, and returns a verdict.

pub mod guidance;
pub mod load;
pub mod scenario;
