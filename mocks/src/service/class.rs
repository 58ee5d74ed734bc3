//! The classes of errors, and which error belongs to which.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a client may treat an error (guidance 2.2): by its code first, by its status second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Slow down, then try again.
    Throttling,
    /// Try again.
    Transient,
    /// Do not try again: the same request will fail again.
    Permanent,
    /// A quota is spent until its period ends (API Gateway's `LimitExceededException`).
    Quota,
    /// The resource exists but cannot be seen yet.
    NotVisible,
}

/// The fourteen throttling codes that botocore, the JS, Rust, Go and PHP SDKs share (guidance 2.2).
pub const THROTTLING_CODES: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];

/// The transient codes (guidance 2.2).
pub const TRANSIENT_CODES: &[&str] =
    &["RequestTimeout", "RequestTimeoutException", "InternalError", "IDPCommunicationError"];

/// The class of an error: by its code, else by its status (guidance 2.2; contradiction C8).
pub fn class_of(code: &str, status: u16) -> Class {
    if THROTTLING_CODES.contains(&code) || (status == 429 && code.is_empty()) {
        Class::Throttling
    } else if TRANSIENT_CODES.contains(&code) || matches!(status, 500 | 502 | 503 | 504) {
        Class::Transient
    } else {
        Class::Permanent
    }
}
