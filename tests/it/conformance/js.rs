//! Facts from smithy-lang/smithy-typescript at 6815d3e96f3abc32e238bf6d806523aab81c6a8e (Apache-2.0), in the words of
//! `cases.rs`: `util-retry/retries.integ.spec.ts` with its two tables of constants, and the lists of
//! `service-error-classification/constants.ts`.

use super::cases::{Case, Table};

const fn case(name: &'static str, given: &'static str, rows: &'static str) -> Case {
    Case { name, given, threads: [rows, ""] }
}

/// Its pauses and prices before 2026; all attempts fail, and the last row says what is left.
pub(super) const CLASSIC: Table = Table {
    name: "smithy-typescript, before 2026",
    base: "js-pre2026",
    given: "",
    cases: &[
        case("3 × transient", "max=3", "x100, x200, x=480"),
        case("3 × throttling", "max=3", "t500, t1000, t=490"),
        case("3 × throttling, mixed", "max=3", "x100, t1000, t=485"),
        case("3 × transient, mixed", "max=3", "t500, x200, x=485"),
        case("8 × transient", "max=8", "x100, x200, x400, x800, x1600, x3200, x6400, x=430"),
        case("8 × throttling", "max=8", "t500, t1000, t2000, t4000, t8000, t16000, t20000, t=465"),
        case("8 × transient, mixed", "max=8", "t500, t1000, x400, x800, x1600, x3200, t20000, t=445"),
        case("8 × throttling, mixed", "max=8", "x100, t1000, t2000, t4000, t8000, x3200, t20000, t=455"),
        case(
            "12 × throttling, mixed, long poll",
            "max=12 long-poll",
            "x100, t1000, t2000, t4000, t8000, x3200, t20000, t20000, t20000, t20000, t20000, t=435",
        ),
    ],
};

/// The same by the constants of 2026, the cases of the specification, and those from end to end over rpcv2Cbor.
pub(super) const YEAR_2026: Table = Table {
    name: "smithy-typescript, 2026",
    base: "std-2026",
    given: "",
    cases: &[
        case("8 × transient, mixed", "max=8", "t1000, t2000, x200, x400, x800, x1600, t20000, t=429"),
        case("8 × throttling, mixed", "max=8", "x50, t2000, t4000, t8000, t16000, x1600, t20000, t=447"),
        case(
            "12 × throttling, mixed, long poll",
            "max=12 long-poll",
            "x50, t2000, t4000, t8000, t16000, x1600, t20000, t20000, t20000, t20000, t20000, t=427",
        ),
        case("succeeds in the end", "", "500 50=486, 500 100=472, 200 ok=486"),
        case("attempts run out", "", "502 50=486, 502 100=472, 502 max=472"),
        case("the quota ends it after one retry", "tokens=14", "500 50=0, 500 quota=0"),
        case("no retry without a quota", "tokens=0", "500 quota=0"),
        case("doubling", "max=5", "500 50=486, 500 100=472, 500 200=458, 500 400=444, 500 max=444"),
        case("the quota ends it short of one retry", "max=5 tokens=20", "500 50=6, 502 quota=6"),
        case("the quota fills again", "max=5 tokens=30", "500 50=16, 502 100=2, 200 ok=16, 500 50=2, 200 ok=16"),
        case("a throttle's price and pause", "", "400/Throttling 1000=495, 200 ok=500"),
        // From end to end. A 429 is a throttle there whatever its code, and so is what the model marks as one.
        case("429, then 500, code unknown", "", "429/HaltError!t ?, 500/HaltError ?, 200 ok"),
        case("the model says that a 400 may be retried", "", "400/RetryableError!x ?, 400/RetryableError!x ?, 200 ok"),
        case(
            "the model says that they are throttles",
            "",
            "429/CodedThrottlingError!t ?, 400/MysteryThrottlingError!t ?, 200 ok",
        ),
        case("429, then an unknown 400", "", "429/HaltError!t ?, 400/HaltError fail"),
        case("150 ms in all", "", "500/RetryableError 50, 500/RetryableError 100, 200 ok"),
        case("150 ms in all, in vain", "", "502/RetryableError 50, 502/RetryableError 100, 502/RetryableError max"),
        case("a throttle's pause", "", "429/CodedThrottlingError!t 1000, 200 ok"),
        case("a hint is followed", "", "500/RetryableError+1500 1500, 200 ok"),
        case("a hint that is none", "", "500/RetryableError+invalid 50, 200 ok"),
    ],
};

/// What is a throttle by its code.
pub(super) const THROTTLING_CODES: [&str; 14] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

/// What is transient by its code, on the wire.
pub(super) const TRANSIENT_CODES: [&str; 2] = ["RequestTimeout", "RequestTimeoutException"];

/// What is transient by its status.
pub(super) const TRANSIENT_STATUSES: [u16; 4] = [500, 502, 503, 504];
