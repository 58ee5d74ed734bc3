//! Tests of the fit: journals made by policies that are known, and how often the intervals hold them.
#![allow(clippy::unwrap_used, clippy::float_cmp, clippy::print_stdout, reason = "tests")]

mod coverage;
mod page;
mod parts;
mod policies;
mod sets;
mod truth;
