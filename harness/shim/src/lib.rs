//! Brownout's end of warp time: the library to preload, and the memory that is shared with it.
//!
//! The only crate of brownout that does what the compiler cannot check. Its other half, [`PRELOAD`], lies beside it in
//! `preload/` and is compiled apart, by `build.rs`.

pub mod layout;

#[cfg(target_os = "linux")]
mod map;
#[cfg(target_os = "linux")]
pub use map::{Map, now, wake};

/// The library, as a shared object. Empty where there is no warp time.
pub const PRELOAD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/warp.so"));
