//! Which mutant is caught where, and by what.

/// Which mutant fails which scenario. A scenario that no client can fail shows nothing.
pub(super) const FAILED_BY: &[(&str, &str)] = &[
    ("accepted-then-polled", "no-throttle-retry"),
    ("access-denied", "retries-everything"),
    ("answer-after-timeout", "hangs"),
    ("bad-gateway-storm", "naive"),
    ("batch-finished-in-parts", "retries-everything"),
    ("batch-half-done", "no-throttle-retry"),
    ("bedrock-model-busy", "no-throttle-retry"),
    ("bedrock-refuses", "retries-everything"),
    ("black-hole", "hangs"),
    ("breaker-five-failures", "endless"),
    ("breaker-interrupted-run", "naive"),
    ("caller-reference", "retries-everything"),
    ("client-errors-trip-nothing", "retries-everything"),
    ("clock-skewed", "retries-everything"),
    ("closed-without-answer", "oversleeps"),
    ("concurrency-limit", "ignores-retry-after"),
    ("condition-not-met", "retries-everything"),
    ("connection-drained", "oversleeps"),
    ("connection-reset", "oversleeps"),
    ("created-then-404", "gives-up-on-not-found"),
    ("credentials-expired", "retries-everything"),
    ("dripping-answer", "naive"),
    ("dynamodb-2015", "naive"),
    ("dynamodb-dns-2025", "hangs"),
    ("dynamodb-long-throttle", "endless"),
    ("dynamodb-three-throttles", "no-throttle-retry"),
    ("ec2-action-buckets", "no-throttle-retry"),
    ("ec2-launches-2025", "endless"),
    ("ec2-throttle-burst", "no-throttle-retry"),
    ("error-in-200", "no-throttle-retry"),
    ("eleventh-at-a-time", "naive"),
    ("eventbridge-entries-fail", "no-throttle-retry"),
    ("eventbridge-refuses", "retries-everything"),
    ("function-fails-in-200", "no-throttle-retry"),
    ("garbled-answer", "oversleeps"),
    ("gateway-client-errors", "retries-everything"),
    ("gateway-retry-after", "ignores-retry-after"),
    ("gateway-server-errors", "no-transient-retry"),
    ("gateway-timeout-storm", "no-transient-retry"),
    ("hot-partition", "naive"),
    ("hint-is-no-time", "no-transient-retry"),
    ("hinted-in-milliseconds", "no-throttle-retry"),
    ("html-json-or-nothing", "oversleeps"),
    ("iam-refuses", "retries-everything"),
    ("instance-not-visible", "hammers-not-found"),
    ("instance-limit", "retries-everything"),
    ("kinesis-2020-lambda", "naive"),
    ("lambda-2023", "naive"),
    ("long-poll-storm", "naive"),
    ("lambda-concurrency", "no-throttle-retry"),
    ("lambda-refuses", "retries-everything"),
    ("lambda-service-error", "no-transient-retry"),
    ("launch-repeated", "new-token"),
    ("launched-in-haste", "retries-everything"),
    ("launches-in-a-row", "hammers-not-found"),
    ("launches-while-others-launch", "keeps-launching"),
    ("logs-refuse", "retries-everything"),
    ("metric-refused", "retries-everything"),
    ("network-2021", "naive"),
    ("never-visible", "polls-forever"),
    ("one-path-down", "endless"),
    ("one-status-two-meanings", "by-status"),
    ("only-writes-denied", "retries-everything"),
    ("order-of-nobody", "polls-strangers"),
    ("outage-comes-back", "naive"),
    ("outage-outlasts-breaker", "naive"),
    ("outage-then-health", "naive"),
    ("port-closed", "naive"),
    ("quota-masked-as-500", "ignores-quota"),
    ("report-takes-minutes", "takes-accepted-for-done"),
    ("reset-after-effect", "retries-everything"),
    ("reset-in-body", "oversleeps"),
    ("s3-2008", "endless"),
    ("s3-2017", "endless"),
    ("s3-refuses", "retries-everything"),
    ("s3-slow-down", "naive"),
    ("security-group-not-visible", "gives-up-on-not-found"),
    ("service-unavailable-storm", "oversleeps"),
    ("signature-rejected", "retries-everything"),
    ("slow-answers", "oversleeps"),
    ("sqs-throttle-403", "no-throttle-retry"),
    ("stalled-answer", "no-transient-retry"),
    ("storm-over-finite-capacity", "naive"),
    ("stream-breaks-off", "no-throttle-retry"),
    ("stream-reset", "oversleeps"),
    ("sts-throttle-400", "no-throttle-retry"),
    ("tagged-at-once", "modifies-unconfirmed"),
    ("tail-latency", "oversleeps"),
    ("terminate-not-found", "takes-missing-for-gone"),
    ("thirty-seconds", "no-transient-retry"),
    ("throttle-burst", "naive"),
    ("throttle-lifts-slowly", "no-throttle-retry"),
    ("throttled-past-deadline", "outstays"),
    ("transient-list", "no-throttle-retry"),
    ("truncated-answer", "oversleeps"),
    ("twelve-groups-at-once", "unpaced"),
    ("twenty-clients-one-bucket", "naive"),
    ("two-429s", "ignores-quota"),
    ("unauthorized-operation", "retries-everything"),
    ("unknown-errors", "endless"),
    ("usage-plan-quota", "ignores-quota"),
    ("validation-error", "retries-everything"),
    ("written-then-stale", "hammers-not-found"),
    ("wrong-checksum", "no-throttle-retry"),
];

/// Rules that a mutant breaks beside its own, each for a reason.
pub(super) const COMPANIONS: &[(&str, &[&str])] = &[
    // By its status a throttle with a 400 is final.
    ("by-status", &["throttle_not_retried"]),
    // Expired tokens and wrong dates are refusals, too.
    ("hammers-refusals", &["skew_uncorrected", "stale_credentials_looped"]),
    ("stale-token", &["auth_error_hammered"]),
    // Neither of these two counts what its retries cost.
    ("quota-as-throttle", &["throttle_quota_missing"]),
    // Whoever repeats all errors repeats these.
    (
        "retries-everything",
        &[
            "auth_error_hammered",
            "polled_too_soon",
            "quota_taken_for_throttle",
            "skew_uncorrected",
            "stale_credentials_looped",
            "throttle_quota_missing",
        ],
    ),
    // Giving up at a word in a header is giving up an error that is to be retried.
    ("trips-over-hint", &["transient_not_retried"]),
    // What it calls on about is a quota that it could have read.
    ("ignores-quota", &["masked_error_misread"]),
    ("misreads-masked", &["quota_hammered"]),
    // No pause at all is also a pause that does not grow and does not vary.
    ("naive", &["backoff_too_short", "fixed_backoff", "synchronised_retries", "unjittered_backoff"]),
    // Always one second is neither growing nor random.
    ("same-pause", &["synchronised_retries", "unjittered_backoff"]),
    // Without jitter clients that failed together come back together.
    ("exact-doubling", &["synchronised_retries"]),
    // Fifty attempts in a minute of throttles, and pauses that reach their cap.
    ("endless", &["deadline_overrun", "unknown_error_overretried"]),
    // One to two minutes before every retry is a fixed range.
    ("oversleeps", &["backoff_over_cap", "deadline_overrun", "fixed_backoff"]),
    // It waits beyond the end of the world: what it asked for is never retried.
    ("hangs", &["throttle_not_retried", "transient_not_retried", "backoff_over_bound"]),
    // It gives up at the first NotFound, be it that of a terminate.
    ("gives-up-on-not-found", &["terminate_unconfirmed"]),
    // A quota that is filled at any success is none.
    ("fills-at-once", &["retry_quota_missing", "throttle_quota_missing"]),
    // The ladder of other services is out of bounds here, and within them too slow.
    ("general-ladder", &["backoff_over_bound", "jitter_kind_mismatch"]),
    // Pauses that hardly grow are short later on.
    ("grows-slowly", &["backoff_too_short", "fixed_backoff"]),
    // Small pauses against a clock of whole milliseconds hardly grow.
    ("half-base", &["fixed_backoff"]),
    // Where nobody marks what belongs together, the second layer's calls are more of the first one's attempts.
    (
        "layered",
        &[
            "attempts_exceeded",
            "backoff_not_exponential",
            "backoff_too_short",
            "fixed_backoff",
            "no_backoff",
            "retry_quota_missing",
            "storm_amplified",
        ],
    ),
    // What comes back too early is spent again.
    ("keeps-permit", &["retry_quota_missing", "throttle_quota_missing"]),
    // Who has no open time sends within it.
    ("never-opens", &["breaker_probed_early"]),
    // A breaker that never closes is no breaker that recovers.
    ("stays-open", &["breaker_recovery_wrong", "breaker_probed_early", "breaker_tripped_by_wrong_error"]),
    // A quota that stays empty ends calls for which there are tokens again.
    ("never-fills", &["gave_up_early", "throttle_not_retried", "transient_not_retried"]),
    // Without a quota for one class of error there is none for the other.
    ("no-quota", &["throttle_quota_missing", "storm_amplified"]),
    ("no-throttle-quota", &["retry_quota_missing", "storm_amplified"]),
    ("storms-on", &["retry_quota_missing", "throttle_quota_missing"]),
    // The ladder of transient errors is too short for a throttle.
    ("one-ladder", &["backoff_too_short", "fixed_backoff", "no_backoff", "throttling_5xx_as_transient"]),
    ("status-first", &["backoff_too_short", "fixed_backoff", "no_backoff", "throttle_not_slower"]),
    // What is over every cap is over the bound of its retry.
    ("over-cap", &["backoff_over_bound", "jitter_kind_mismatch", "synchronised_retries"]),
    // A breaker for everything keeps the time of another operation's failures.
    ("one-for-all", &["breaker_probed_early", "breaker_tripped_by_wrong_error"]),
    // Who tries early fails early, and is open when others would not be.
    ("tries-early", &["breaker_recovery_wrong", "breaker_tripped_by_wrong_error"]),
    // A second token is another body, and another effect.
    ("new-token", &["body_changed_on_retry", "effect_lost_or_doubled"]),
    // What it retries without end it attempts too often.
    ("unknown-forever", &["attempts_exceeded"]),
    ("sleeps-on-final", &["slept_before_giving_up"]),
    // Ten times a second is too soon at first, and no slower later, whatever is asked for.
    ("hammers-not-found", &["polled_too_soon", "polling_not_slowing"]),
    // What is not visible yet is polled as fast as what is not ready.
    ("never-slows", &["not_found_hammered"]),
    // The NotFound that it takes for success is often the first that it meets.
    ("takes-missing-for-gone", &["not_found_gave_up"]),
];

/// Mutants of one profile, and a scenario in which each is caught.
pub(super) const CAUGHT_IN: &[(&str, &str)] = &[
    ("changes-body", "breaker-five-failures"),
    ("counts-everything", "breaker-interrupted-run"),
    ("equal-jitter", "breaker-five-failures"),
    ("fills-at-once", "ec2-launches-2025"),
    ("general-ladder", "breaker-five-failures"),
    ("grows-slowly", "breaker-five-failures"),
    ("half-base", "breaker-five-failures"),
    ("hesitates", "breaker-five-failures"),
    ("keeps-permit", "s3-2008"),
    ("ignores-hint", "hinted-in-milliseconds"),
    ("layered", "breaker-five-failures"),
    ("never-fills", "ec2-launches-2025"),
    ("never-opens", "breaker-five-failures"),
    ("no-quota", "dynamodb-2015"),
    ("no-throttle-quota", "ec2-launches-2025"),
    ("one-for-all", "one-path-down"),
    ("one-ladder", "dynamodb-2015"),
    ("one-less", "breaker-five-failures"),
    ("over-cap", "breaker-five-failures"),
    ("reopens-briefly", "outage-outlasts-breaker"),
    ("spins", "long-poll-storm"),
    ("stays-open", "outage-outlasts-breaker"),
    ("sleeps-last", "breaker-five-failures"),
    ("sleeps-on-final", "client-errors-trip-nothing"),
    ("status-first", "error-in-200"),
    ("storms-on", "outage-outlasts-breaker"),
    ("tries-early", "breaker-five-failures"),
    ("trusts-status", "error-in-200"),
    ("unlimited", "throttle-burst"),
];
