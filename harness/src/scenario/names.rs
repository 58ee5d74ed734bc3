//! The names that a scenario may use and that are defined elsewhere: rules, profiles, sources.
//!
//! One place to wire them, so that the parser depends on none of those modules.

use std::sync::OnceLock;

/// The rules that `expect.judge` may name.
pub fn known_rules() -> &'static [&'static str] {
    &[
        "attempts_exceeded",
        "backoff_over_bound",
        "client_hung",
        "early_retry",
        "escaped_endpoint",
        "fixed_backoff",
        "idempotency_token_changed",
        "no_backoff",
        "not_found_gave_up",
        "not_found_hammered",
        "quota_hammered",
        "retried_permanent_error",
        "throttle_not_retried",
        "transient_not_retried",
        "unjittered_backoff",
    ]
}

/// The profiles that `expect.profile` may name.
pub fn known_profiles() -> &'static [&'static str] {
    &["botocore-legacy", "documented", "ec2-poll", "http-retry-after", "seed-b", "std-2.0-1s", "std-2026"]
}

/// What `expect.profile.honours` may name.
pub(super) const HONOURS: &[&str] = &["retry_after", "x_amz_retry_after"];

/// One line of `docs/sources.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The key that scenarios name it by.
    pub key: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it is.
    pub what: &'static str,
}

/// The documents that scenarios and rules come from.
pub fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(|| include_str!("../../../docs/sources.md").lines().filter_map(row).skip(1).collect())
}

/// A row of the table; its head is one too.
fn row(line: &'static str) -> Option<Source> {
    let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
    let source = Source { key: cells.next()?, title: cells.next()?, what: cells.next()? };
    cells.next().is_none().then_some(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_sources_is_read() {
        let keys: Vec<&str> = sources().iter().map(|s| s.key).collect();
        for key in ["S0", "S1", "S2", "sdk-retry-behavior", "arch-blog-jitter", "rfc-9110"] {
            assert!(keys.contains(&key), "{key} is missing from docs/sources.md");
        }
        let rows = include_str!("../../../docs/sources.md").lines().filter(|l| l.starts_with("| ")).count();
        assert_eq!(rows, keys.len() + 1, "a row of docs/sources.md does not have three cells");
    }
}
