//! The integration tests: one binary, so that there is one link step.

mod wire;
