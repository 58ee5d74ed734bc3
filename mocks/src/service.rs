//! The services: operations, error catalogue and normal answers. The contract and the list.
//!
//! A service is one file under `service/` plus one line in [`SERVICES`]; an error code is one line in
//! its catalogue.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::protocol::{Protocol, WireError};
use crate::request::{Attempt, Request};
use crate::endpoint::World;

mod dynamodb;
mod ec2;
mod execute_api;
mod lambda;
mod recognise;
mod s3;
mod sqs;
mod sts;

pub use recognise::{Recognised, recognise};

/// The services, in alphabetical order.
pub static SERVICES: &[&dyn Service] = &[
    &dynamodb::DynamoDb,
    &ec2::Ec2,
    &execute_api::ExecuteApi,
    &lambda::Lambda,
    &s3::S3,
    &sqs::Sqs,
    &sts::Sts,
];

/// The service with this id.
pub fn find(id: &str) -> Option<&'static dyn Service> {
    SERVICES.iter().copied().find(|s| s.id() == id)
}

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

/// One line of a service's error catalogue.
#[derive(Debug, Clone, Copy)]
pub struct ErrorRow {
    /// Error code as clients report it.
    pub code: &'static str,
    /// HTTP status it comes with.
    pub status: u16,
    /// Retry class.
    pub class: Class,
    /// Message for people.
    pub message: &'static str,
    /// Where the row comes from.
    pub source: &'static str,
    /// Attempts of botocore standard, botocore legacy and JS by default, as measured (guidance 6.3); 0 = not measured.
    pub attempts: [u8; 3],
}

/// One operation of a service.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// Its name.
    pub name: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path template with `{Label}`s, `{Label+}` taking slashes; a query key that marks the operation
    /// may follow as `?key`. `/` for the RPC protocols.
    pub path: &'static str,
    /// Whether it changes something.
    pub mutates: bool,
}

/// What an operation did.
#[derive(Debug, Clone, Default)]
pub struct Done {
    /// Output members, named as in the service's model.
    pub output: Value,
    /// Status, if it is not 200.
    pub status: Option<u16>,
    /// Further headers of the answer.
    pub headers: Vec<(String, String)>,
    /// A raw body in place of `output` (S3 objects, Lambda payloads, API Gateway).
    pub body: Option<bytes::Bytes>,
    /// Ids that were created.
    pub created: Vec<String>,
}

/// A mocked service.
pub trait Service: fmt::Debug + Send + Sync {
    /// Its id, as in scenarios: `dynamodb`, `ec2`, `execute-api`.
    fn id(&self) -> &'static str;

    /// Its name for people.
    fn title(&self) -> &'static str;

    /// Names by which a SigV4 scope calls it.
    fn signing_names(&self) -> &'static [&'static str];

    /// What it speaks, the protocol of today's SDKs first.
    fn protocols(&self) -> &'static [Protocol];

    /// What stands before the dot of `X-Amz-Target`, for the JSON protocols.
    fn target_prefix(&self) -> Option<&'static str> {
        None
    }

    /// API version, for the query protocols and XML namespaces.
    fn api_version(&self) -> &'static str {
        ""
    }

    /// The namespace of an error code in awsJson's `__type`, if the service sends one.
    fn error_namespace(&self, _code: &str) -> Option<&'static str> {
        None
    }

    /// The operations it models.
    fn operations(&self) -> &'static [Operation];

    /// The errors it is known to send.
    fn errors(&self) -> &'static [ErrorRow];

    /// The code of a throttle of `operation`.
    fn throttle_code(&self, operation: &str) -> &'static str;

    /// The code that says that `target` does not exist (yet).
    fn not_found_code(&self, operation: &str, target: &str) -> &'static str;

    /// What a request is about: a table, a key, an instance. Input members are in `params`.
    fn target(&self, operation: &str, params: &Value) -> Option<String>;

    /// Which ids a request refers to, for visibility faults. By default its target.
    fn refers_to(&self, attempt: &Attempt) -> Vec<String> {
        attempt.target.iter().cloned().collect()
    }

    /// Names the operation of a request whose protocol does not (REST); `None` if no operation fits.
    fn operation_of(&self, request: &Request) -> Option<(&'static Operation, Value)> {
        recognise::by_path(self.operations(), request)
    }

    /// Does what the operation does, and says what it answers.
    fn perform(&self, attempt: &Attempt, world: &mut World) -> Result<Done, WireError>;
}

/// Finds `code` in the service's catalogue.
pub fn row(service: &dyn Service, code: &str) -> Option<&'static ErrorRow> {
    service.errors().iter().find(|r| r.code == code)
}

/// The error with `code`, status and message from the catalogue where it has them.
pub fn wire_error(service: &dyn Service, code: &str) -> WireError {
    let row = row(service, code);
    let class = row.map_or_else(|| class_of(code, 400), |r| r.class);
    let status = row.map_or(if class == Class::Transient { 500 } else { 400 }, |r| r.status);
    WireError {
        code: code.to_owned(),
        status,
        class,
        message: row.map_or_else(|| format!("brownout was told to answer {code}."), |r| r.message.to_owned()),
        members: Vec::new(),
        headers: Vec::new(),
    }
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
pub const TRANSIENT_CODES: &[&str] = &["RequestTimeout", "RequestTimeoutException", "InternalError", "IDPCommunicationError"];

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
