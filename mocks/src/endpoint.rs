//! Endpoint: match → step → fault → answer → record, the one loop.

mod world;
pub use world::{Entity, World};
