//! Warp time for a program that brownout did not write: its clock skips whenever everybody sleeps.
//!
//! [`suits`] says beforehand whether a program can be warped. A [`Stage`] is what it is started with, a [`Coordinator`]
//! the thread that watches it and moves the clock. How it all fits is in ARCHITECTURE.md, "How time works".

mod company;
mod program;

#[cfg(target_os = "linux")]
mod coordinator;
#[cfg(target_os = "linux")]
mod queues;
#[cfg(target_os = "linux")]
mod stage;
#[cfg(target_os = "linux")]
mod task;
#[cfg(target_os = "linux")]
mod timers;
#[cfg(target_os = "linux")]
mod world;

pub use company::{Company, Member, Unread};
pub use program::suits;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
pub use coordinator::{Coordinator, Watched};
#[cfg(not(target_os = "linux"))]
pub use elsewhere::{Coordinator, Stage, Watched};
#[cfg(target_os = "linux")]
pub use stage::Stage;

/// The variable that names the folder which a warped program shares with brownout.
pub const VARIABLE: &str = "BROWNOUT_WARP";
