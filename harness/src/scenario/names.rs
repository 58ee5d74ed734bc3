//! The names that a scenario may use and that are defined elsewhere: rules, profiles, sources.
//!
//! One place to wire them, so that the parser depends on none of those modules.

use std::sync::OnceLock;

/// The rules that `expect.judge` may name.
pub fn known_rules() -> &'static [&'static str] {
    &[
        "accepted_not_polled",
        "adaptive_rate_ignored",
        "attempts_exceeded",
        "auth_error_hammered",
        "backoff_not_exponential",
        "backoff_over_bound",
        "backoff_over_cap",
        "backoff_too_short",
        "batch_resent_whole",
        "body_changed_on_retry",
        "breaker_never_opened",
        "breaker_probed_early",
        "breaker_recovery_wrong",
        "breaker_scope_too_wide",
        "breaker_tripped_by_wrong_error",
        "bucket_overrun",
        "classified_by_status",
        "client_hung",
        "deadline_overrun",
        "delayed_permanent_error",
        "dynamodb_ladder_ignored",
        "early_retry",
        "effect_lost_or_doubled",
        "escaped_endpoint",
        "first_attempt_delayed",
        "fixed_backoff",
        "gave_up_early",
        "idempotency_token_changed",
        "invalid_hint_obeyed",
        "jitter_kind_mismatch",
        "long_poll_spun",
        "masked_error_misread",
        "modified_unconfirmed",
        "nested_retries",
        "no_backoff",
        "no_settle_wait",
        "not_found_gave_up",
        "not_found_hammered",
        "polled_at_once",
        "polled_forever",
        "polled_too_soon",
        "polling_not_slowing",
        "quota_hammered",
        "quota_taken_for_throttle",
        "retried_permanent_error",
        "retried_real_not_found",
        "retry_hint_ignored",
        "retry_quota_missing",
        "retry_quota_refill_wrong",
        "skew_uncorrected",
        "slept_before_giving_up",
        "slow_recovery",
        "stale_credentials_looped",
        "storm_amplified",
        "synchronised_retries",
        "terminate_unconfirmed",
        "throttle_not_retried",
        "throttle_not_slower",
        "throttle_quota_missing",
        "throttling_5xx_as_transient",
        "transient_not_retried",
        "unjittered_backoff",
        "unknown_error_overretried",
        "unpaced_batch",
    ]
}

/// The profiles that `expect.profile` may name.
pub fn known_profiles() -> &'static [&'static str] {
    &[
        "adaptive",
        "arch-blog-decorrelated",
        "botocore-legacy",
        "botocore-waiter",
        "breaker-powertools",
        "breaker-seed",
        "documented",
        "ec2-poll",
        "go-pre2026",
        "http-retry-after",
        "java-legacy",
        "java-std-2.0",
        "js-pre2026",
        "kotlin-pre2026",
        "seed-a",
        "seed-b",
        "smithy-waiter",
        "std-2.0-1s",
        "std-2026",
    ]
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
