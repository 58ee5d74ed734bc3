//! The integration tests: one binary, so that there is one link step.
#![expect(clippy::unwrap_used, reason = "a test that unwraps says where it failed")]

mod property;
mod user_policy;
mod wire;
mod wiremock;
