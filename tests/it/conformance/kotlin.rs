//! Facts from smithy-lang/smithy-kotlin at 6373a5f747998ea0b1d2c82b677952368d4307e1 (Apache-2.0), in the words of
//! `cases.rs`. Its table for adaptive mode is held by the limiter's own tests (`client/limiter`).

use super::cases::{Case, Table};

const fn case(name: &'static str, given: &'static str, rows: &'static str) -> Case {
    Case { name, given, threads: [rows, ""] }
}

/// `retries/impl/NewStandardRetryIntegrationTestResources.kt`: the behaviour of 2026.
pub(super) const YEAR_2026: Table = Table {
    name: "smithy-kotlin, 2026",
    base: "std-2026",
    given: "",
    cases: &[
        case("succeeds in the end", "", "500 50=486, 500 100=472, 200 ok=486"),
        case("attempts run out", "", "502 50=486, 502 100=472, 502 max=472"),
        case("the quota ends it after one retry", "tokens=14", "500 50=0, 500 quota=0"),
        case("no retry without a quota", "tokens=0", "500 quota=0"),
        case("doubling", "max=5", "500 50=486, 500 100=472, 500 200=458, 500 400=444, 500 max=444"),
        case("longest pause", "max=5 cap=200", "500 50=486, 500 100=472, 500 200=458, 500 200=444, 500 max=444"),
        case("the quota ends it short of one retry", "max=5 tokens=20", "500 50=6, 502 quota=6"),
        case("a throttle's price and pause", "", "400/Throttling 1000=495, 200 ok=500"),
        case("a hint is followed", "", "500+1500 1500=486, 200 ok=500"),
        case("a hint of nothing", "", "500+0 50=486, 200 ok=500"),
        case("a hint too long", "", "500+10000 5050=486, 200 ok=500"),
        case("a hint that is none", "", "500+invalid 50=486, 200 ok=500"),
        case("long poll, transient, no quota", "long-poll tokens=0", "500 quota:50=0"),
        case("long poll, throttled, no quota", "long-poll tokens=0", "400/Throttling quota:1000=0"),
        case("long poll, attempts run out", "long-poll max=2", "500 50, 500 max"),
        case("long poll, success", "long-poll max=2", "500 50, 200 ok"),
        case("long poll, not to be retried", "long-poll max=2", "404 fail"),
        case("the quota fills again", "max=5 tokens=30", "500 50=16, 502 100=2, 200 ok=16, 500 50=2, 200 ok=16"),
        Case {
            name: "two calls share the quota",
            given: "max=5",
            threads: ["500 ?=486, 500 ?=472, 200 ok=486", "500 ?=458, 200 ok=472"],
        },
    ],
};

/// `retries/impl/StandardRetryIntegrationTestResources.kt`: before 2026. Its policy takes every error for one that
/// costs five tokens, which the real client's does not, so the price is a given here.
pub(super) const CLASSIC: Table = Table {
    name: "smithy-kotlin, before 2026",
    base: "kotlin-pre2026",
    given: "base=1000 factor=2 cap=20000 price=5",
    cases: &[
        case("succeeds in the end", "", "500 1000=495, 500 2000=490, 200 ok=495"),
        case("attempts run out", "", "502 1000=495, 502 2000=490, 502 max=490"),
        case("the quota ends it after one retry", "tokens=5", "500 1000=0, 502 quota=0"),
        case("no retry without a quota", "tokens=0", "500 quota=0"),
        case("doubling", "max=5", "500 1000=495, 500 2000=490, 500 4000=485, 500 8000=480, 500 max=480"),
        case("longest pause", "max=5 cap=3000", "500 1000=495, 500 2000=490, 500 3000=485, 500 3000=480, 500 max=480"),
    ],
};
