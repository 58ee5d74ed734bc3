//! brownout plays a scripted AWS brownout against a real client and judges its retries.

pub mod check;
pub mod cli;
pub mod client;
pub mod docs;
pub mod evidence;
pub mod exit;
pub mod fit;
pub mod guidance;
pub mod judge;
pub mod load;
#[cfg(feature = "proptest")]
pub mod property;
pub mod report;
pub mod rule;
pub mod runner;
pub mod scenario;
pub mod session;
pub mod stats;
pub mod warp;
#[cfg(feature = "wiremock")]
pub mod wiremock;
