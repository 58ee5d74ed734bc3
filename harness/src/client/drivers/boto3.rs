//! boto3, as the user's Python has it.

use super::{DriverEntry, Key, Program, number, one_of, program, time};

pub(super) static ENTRY: DriverEntry = DriverEntry {
    id: "boto3",
    title: "boto3, as `python3` has it (BROWNOUT_PYTHON names another interpreter)",
    needs: python,
    keys: KEYS,
    prepare: |_| Ok(Program::Speaks { command: vec![python()], file: Some(("boto3_driver.py", SOURCE)) }),
    missing: || {
        format!(
            "there is no program `{}`, which boto3 needs; install Python, or name an interpreter in BROWNOUT_PYTHON",
            python()
        )
    },
};

const SOURCE: &str = include_str!("boto3.py");

/// What botocore's `Config` takes.
const KEYS: &[Key] = &[
    one_of("retries.mode", &["legacy", "standard", "adaptive"]),
    number("retries.max_attempts"),
    time("timeouts.connect"),
    time("timeouts.read"),
    number("max_pool_connections"),
];

fn python() -> String {
    program("BROWNOUT_PYTHON", "python3")
}
