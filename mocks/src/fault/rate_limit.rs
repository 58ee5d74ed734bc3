//! Token buckets: requests beyond them get the service's throttling error.
//!
//! The only throttle that rewards a client for slowing down. A request that finds its tokens is admitted
//! and falls through to the next step. Refills are fractional (guidance 4.1). Buckets start full. A request
//! that is refused takes nothing.
//!
//! Besides a bucket of one's own there are the documented ones: `rate_limit: ec2` (per account, Region and
//! action; instances count in a second bucket), `api_gateway` (the account's throttle), `s3` (per prefix),
//! and `{preset: dynamodb, read: 5/s, write: 5/s}`, a table's provisioned throughput, of which five minutes
//! that went unused may be spent later.
//!
//! ## Source
//! S0 (query API request rate); guidance 4.1, 5.2, 7

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::RetryAfter;
use super::preset::{self, Limit};
use super::scope::{Scope, key};
use super::{At, Decision, Inject, TokenBucket};
use crate::request::Attempt;
use crate::service::Service;
use crate::units::Rate;

/// Parameters of `rate_limit`: the name of documented limits, a table's throughput, or a bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RateLimit {
    /// Documented limits.
    Preset(Preset),
    /// A DynamoDB table's provisioned throughput.
    Throughput(Throughput),
    /// A bucket of one's own.
    Bucket(Bucket),
}

/// Documented limits that need no numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// EC2: request and instance buckets per account, Region and action.
    Ec2,
    /// API Gateway: the account's rate and burst in a Region.
    ApiGateway,
    /// S3: rates of reading and writing per prefix.
    S3,
}

/// A DynamoDB table's provisioned throughput.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Throughput {
    /// Whose limits they are.
    pub preset: ThroughputOf,
    /// Read capacity units.
    pub read: Rate,
    /// Write capacity units.
    pub write: Rate,
}

/// The services whose throughput is provisioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThroughputOf {
    /// A table of DynamoDB.
    Dynamodb,
}

/// A bucket of one's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the fields are the keys of the language")]
pub struct Bucket {
    /// Size of the bucket, in tokens; it starts full.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub bucket: f64,
    /// Tokens that come back per unit of time.
    pub refill: Rate,
    /// What shares a bucket. Default: account, region and action.
    #[serde(default = "default_scope")]
    pub scope: Vec<Scope>,
    /// Tokens that one request takes. Default: 1.
    #[serde(default = "default_cost")]
    #[schemars(range(min = 0.001, max = 1_000_000))]
    pub cost: f64,
    /// Error code. Default: the service's throttling code for the operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `Retry-After` of the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
}

fn default_scope() -> Vec<Scope> {
    vec![Scope::Account, Scope::Region, Scope::Action]
}

fn default_cost() -> f64 {
    1.0
}

impl RateLimit {
    fn limits(&self, attempt: &Attempt) -> Vec<Limit> {
        match self {
            Self::Preset(Preset::Ec2) => preset::ec2(attempt),
            Self::Preset(Preset::ApiGateway) => preset::api_gateway(attempt),
            Self::Preset(Preset::S3) => preset::s3(attempt),
            Self::Throughput(Throughput { preset: ThroughputOf::Dynamodb, read, write }) => {
                preset::dynamodb(attempt, read.per_second, write.per_second)
            }
            Self::Bucket(own) => vec![Limit {
                key: key(&own.scope, attempt),
                size: own.bucket,
                refill: own.refill.per_second,
                cost: own.cost,
            }],
        }
    }

    /// Error code, if one is given.
    pub fn code(&self) -> Option<&String> {
        if let Self::Bucket(own) = self { own.code.as_ref() } else { None }
    }

    /// The only service whose requests the limits are about, if there is one.
    pub fn service(&self) -> Option<&'static str> {
        match self {
            Self::Preset(Preset::Ec2) => Some("ec2"),
            Self::Preset(Preset::ApiGateway) => Some("execute-api"),
            Self::Preset(Preset::S3) => Some("s3"),
            Self::Throughput(_) => Some("dynamodb"),
            Self::Bucket(_) => None,
        }
    }
}

impl Inject for RateLimit {
    fn admits(&self) -> bool {
        true
    }

    fn unfit(&self, attempt: &Attempt) -> Option<&'static str> {
        let other = self.service().is_some_and(|service| service != attempt.service.id());
        other.then_some("these are the limits of another service")
    }

    fn longest(&self) -> Duration {
        let after = if let Self::Bucket(own) = self { own.retry_after } else { None };
        super::error::ahead(after, None)
    }

    fn mistakes(&self) -> Vec<(&'static str, String)> {
        match self {
            // A bucket of nothing is a mistake of its own.
            Self::Bucket(own) if own.bucket >= 1.0 && own.cost > own.bucket => vec![(
                "cost",
                format!(
                    "a request costs {} tokens, but the bucket holds only {}: none is ever admitted",
                    own.cost, own.bucket
                ),
            )],
            _ => Vec::new(),
        }
    }

    fn foreign_to(&self, service: &dyn Service) -> Option<&'static str> {
        let other = self.service().is_some_and(|known| known != service.id());
        other.then_some("these are the limits of another service")
    }

    fn decide(&self, at: &mut At<'_>) -> Decision {
        let limits = self.limits(at.attempt);
        let mut enough = true;
        for limit in &limits {
            let full = || TokenBucket::new(limit.size, limit.refill, at.now);
            let bucket = at.memory.buckets.entry(limit.key.clone()).or_insert_with(full);
            enough &= bucket.has(limit.cost, at.now);
        }
        if enough {
            for limit in &limits {
                if let Some(bucket) = at.memory.buckets.get_mut(&limit.key) {
                    bucket.take(limit.cost, at.now);
                }
            }
            return Decision::Admit;
        }
        let service = at.attempt.service;
        let code = self.code().map_or_else(|| service.throttle_code(&at.attempt.operation), String::as_str);
        let after = if let Self::Bucket(own) = self { own.retry_after.as_ref() } else { None };
        super::error::answer(at, code, None, None, after, None)
    }
}
