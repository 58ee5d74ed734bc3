//! The integration tests: one binary, so that there is one link step.
#![expect(clippy::unwrap_used, reason = "a test that unwraps says where it failed")]

mod cli;
mod command;
mod conformance;
mod coverage;
mod determinism;
mod docs;
mod driver;
mod fit;
mod fuzz;
mod generations;
mod library;
mod limits;
mod mutants;
mod play;
mod property;
mod schema;
mod snapshots;
mod tidy;
mod tls;
mod tree;
mod upstream;
mod user_policy;
mod wire;
mod wiremock;
