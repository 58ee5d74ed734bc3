//! brownout plays a scripted AWS brownout against a real client and judges its retries.

pub mod client;
pub mod guidance;
pub mod load;
pub mod runner;
pub mod scenario;
