//! The AWS SDK for JavaScript, version 3, as Node finds it from the current folder.

use super::{DriverEntry, Key, Program, number, one_of, program, time};

pub(super) static ENTRY: DriverEntry = DriverEntry {
    id: "aws-sdk-js",
    title: "the AWS SDK for JavaScript v3, as `node` finds it from here (BROWNOUT_NODE names another program)",
    needs: node,
    keys: KEYS,
    prepare: |_| Ok(Program::Speaks { command: vec![node()], file: Some(("aws_sdk_js_driver.mjs", SOURCE)) }),
    missing: || {
        format!(
            "there is no program `{}`, which the AWS SDK for JavaScript needs; install Node, or name it in \
             BROWNOUT_NODE",
            node()
        )
    },
};

const SOURCE: &str = include_str!("aws_sdk_js.mjs");

/// What the configuration of a client takes.
const KEYS: &[Key] = &[
    one_of("retries.mode", &["standard", "adaptive"]),
    number("retries.max_attempts"),
    time("timeouts.connect"),
    time("timeouts.read"),
];

fn node() -> String {
    program("BROWNOUT_NODE", "node")
}
