//! The services: operations, error catalogue and normal answers. The contract and the list.
//!
//! A service is one file under `service/` plus one line in [`SERVICES`]; an error code is one line in
//! its catalogue.

use std::fmt;
use std::time::SystemTime;

use serde_json::Value;

use crate::endpoint::{Behind, World};
use crate::protocol::event_stream::Message;
use crate::protocol::{Protocol, Reply, WireError};
use crate::request::{Attempt, Request, Sender, percent_decode};

mod apigateway;
mod batch;
mod bedrock_agent_runtime;
mod bedrock_runtime;
mod class;
mod cloudwatch;
mod dynamodb;
mod ec2;
mod events;
mod execute_api;
mod form;
mod iam;
mod kinesis;
mod lambda;
mod logs;
mod recognise;
mod s3;
mod scope;
mod sqs;
mod sts;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use batch::Batch;
pub use class::{Class, THROTTLING_CODES, TRANSIENT_CODES, class_of};
pub(crate) use ec2::{Limited, count, dry_run};
pub use execute_api::JOB;
pub use recognise::{Recognised, recognise};

/// The services, in alphabetical order.
pub static SERVICES: &[&dyn Service] = &[
    &apigateway::ApiGateway,
    &bedrock_agent_runtime::BedrockAgentRuntime,
    &bedrock_runtime::BedrockRuntime,
    &cloudwatch::CloudWatch,
    &dynamodb::DynamoDb,
    &ec2::Ec2,
    &events::Events,
    &execute_api::ExecuteApi,
    &iam::Iam,
    &kinesis::Kinesis,
    &lambda::Lambda,
    &logs::Logs,
    &s3::S3,
    &sqs::Sqs,
    &sts::Sts,
];

/// The service with this id.
pub fn find(id: &str) -> Option<&'static dyn Service> {
    SERVICES.iter().copied().find(|s| s.id() == id)
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
    /// Attempts of botocore standard, botocore legacy and JS by default, as measured (guidance 6.3, and
    /// tests/interop, which measures them all again); 0 = not measured.
    pub attempts: [u8; 3],
}

impl ErrorRow {
    /// Whether the API itself failed. A Lambda function that fails is reported by an API that did not.
    pub fn is_api_error(&self) -> bool {
        self.status >= 300
    }
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
    /// Whether this repeats the answer to an earlier request, by its token, and nothing happened now.
    pub again: bool,
    /// Whether what it shows is on its way to another state.
    pub unsettled: bool,
}

/// A mocked service.
pub trait Service: fmt::Debug + Send + Sync {
    /// Its id, as in scenarios: `dynamodb`, `ec2`, `execute-api`.
    fn id(&self) -> &'static str;

    /// Its name for people.
    fn title(&self) -> &'static str;

    /// Under what the world keeps what a sender finds here: by default its account.
    fn realm(&self, sender: &Sender) -> String {
        sender.account.clone()
    }

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

    /// The namespace of its XML documents, for the XML protocols.
    fn xml_namespace(&self) -> &'static str {
        ""
    }

    /// A catalogue code as it stands on the wire in `protocol`, where the two differ: SQS's query codes,
    /// and the types of API Gateway, several of whose answers share one.
    fn wire_code<'a>(&self, code: &'a str, _protocol: Protocol) -> &'a str {
        code
    }

    /// The member of a JSON error that holds the message; AWS spells it both ways.
    fn message_key(&self, _code: &str) -> &'static str {
        "message"
    }

    /// Body members that an error has besides its message, for instance Lambda's `Reason`.
    fn error_members(&self, _code: &str) -> Vec<(String, Value)> {
        Vec::new()
    }

    /// The member of `operation` that SDKs fill with a fresh token per call, so that a retry repeats no effect:
    /// what the service's model marks as its idempotency token.
    fn token_member(&self, _operation: &str) -> Option<&'static str> {
        None
    }

    /// Output members that are dates, in seconds since 1970: CBOR marks them.
    fn timestamps(&self) -> &'static [&'static str] {
        &[]
    }

    /// The code by which it says that it does not know an operation.
    fn unmodelled_code(&self) -> &'static str;

    /// A name for a request that no modelled operation fits.
    fn name_unmodelled(&self, request: &Request) -> String {
        format!("{} {}", request.method, percent_decode(&request.path, false))
    }

    /// The namespace of an error code in awsJson's `__type`, if the service sends one.
    fn error_namespace(&self, _code: &str) -> Option<&'static str> {
        None
    }

    /// The code with which it refuses a signature whose date is too far from its own.
    fn skew_code(&self) -> &'static str {
        "InvalidSignatureException"
    }

    /// The code with which it refuses credentials that have expired.
    fn expired_code(&self) -> &'static str {
        "ExpiredTokenException"
    }

    /// The code with which it says that it has no room for a request, with status 503.
    fn overload_code(&self) -> &'static str {
        "ServiceUnavailable"
    }

    /// Whether a good answer of `operation` carries a checksum of its body.
    fn checks(&self, _operation: &str) -> bool {
        false
    }

    /// Makes the checksum of a good answer wrong.
    fn corrupt(&self, _attempt: &Attempt, _reply: &mut Reply) {}

    /// How `operation` takes entries that may fail one by one, if it is a batch.
    fn batch(&self, _operation: &str) -> Option<&'static Batch> {
        None
    }

    /// How many entries a request has.
    fn entries(&self, attempt: &Attempt) -> usize {
        self.batch(&attempt.operation).map_or(0, |batch| batch.entries(&attempt.params))
    }

    /// The operations it models.
    fn operations(&self) -> &'static [Operation];

    /// The errors it is known to send.
    fn errors(&self) -> &'static [ErrorRow];

    /// Names that stand beside its errors in its documentation and are none: each with what it is.
    fn no_errors(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

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

    /// Whether a reader that is `behind` answers this request otherwise than one that knows everything.
    fn stale(&self, _attempt: &Attempt, _world: &mut World, _behind: &Behind) -> bool {
        false
    }

    /// The exceptions that may end the stream that `operation` answers with, the usual one first; none if its
    /// answer is no stream.
    fn stream_exceptions(&self, _operation: &str) -> &'static [&'static str] {
        &[]
    }

    /// The events of a good answer, if it is a stream.
    fn stream(&self, _attempt: &Attempt) -> Vec<Message> {
        Vec::new()
    }

    /// The answer that these events are.
    fn stream_answer(&self, _attempt: &Attempt, _events: &[Message]) -> Done {
        Done::default()
    }

    /// The code of a refusal beyond a limit of requests at a time, for one function or for all.
    fn concurrency_code(&self, operation: &str, _function: bool) -> &'static str {
        self.throttle_code(operation)
    }

    /// What a refusal beyond such a limit says in `Retry-After`, in seconds.
    fn concurrency_retry_after(&self) -> Option<u32> {
        None
    }

    /// Names the operation of a request whose protocol does not (REST); `None` if no operation fits.
    fn operation_of(&self, request: &Request) -> Option<(&'static Operation, Value)> {
        recognise::by_path(self.operations(), request)
    }

    /// Does what the operation does, and says what it answers.
    fn perform(&self, attempt: &Attempt, world: &mut World) -> Result<Done, WireError>;
}

/// Whether `operation` of `service` changes something.
pub fn mutates(service: &dyn Service, operation: &str) -> bool {
    // An operation of API Gateway is `METHOD /path`; its row is called by the method.
    let name = operation.split(' ').next().unwrap_or(operation);
    service.operations().iter().any(|o| o.name == name && o.mutates)
}

/// Finds `code` in the service's catalogue, also by the name that one of its protocols has for it.
pub fn row(service: &dyn Service, code: &str) -> Option<&'static ErrorRow> {
    let on_the_wire = |row: &&ErrorRow| service.protocols().iter().any(|p| service.wire_code(row.code, *p) == code);
    let named = service.errors().iter().find(|r| r.code == code);
    named.or_else(|| service.errors().iter().find(on_the_wire))
}

/// The error with `code`, status and message from the catalogue where it has them.
pub fn wire_error(service: &dyn Service, code: &str) -> WireError {
    let row = row(service, code);
    let class = row.map_or_else(|| class_of(code, 400), |r| r.class);
    let status = row.map_or(if class == Class::Transient { 500 } else { 400 }, |r| r.status);
    let code = row.map_or(code, |r| r.code);
    WireError {
        code: code.to_owned(),
        status,
        class,
        message: row.map_or_else(|| format!("brownout was told to answer {code}."), |r| r.message.to_owned()),
        members: service.error_members(code),
        headers: Vec::new(),
    }
}

/// The same error with another message.
pub(crate) fn wire_error_with(service: &dyn Service, code: &str, message: impl Into<String>) -> WireError {
    WireError { message: message.into(), ..wire_error(service, code) }
}

/// The answer to an operation that is not modelled: it names the operation, so that nobody has to guess.
pub fn unmodelled(service: &dyn Service, operation: &str) -> WireError {
    unmodelled_of(service, operation, service.title())
}

/// The same to a request, which may be for a service that is none of ours.
pub fn unmodelled_request(attempt: &Attempt) -> WireError {
    match recognise::foreign(&attempt.request) {
        Some(foreign) => unmodelled_of(attempt.service, &attempt.operation, &format!("the service `{foreign}`")),
        None => unmodelled(attempt.service, &attempt.operation),
    }
}

fn unmodelled_of(service: &dyn Service, operation: &str, of: &str) -> WireError {
    let message = format!(
        "brownout does not model the operation {operation} of {of}; `upstream:` puts an emulator behind brownout that \
         does, and a step with `inject: {{reply: …}}` scripts an answer."
    );
    wire_error_with(service, service.unmodelled_code(), message)
}

/// Measured attempts of an error that no SDK repeats, and of one that all do.
const ONCE: [u8; 3] = [1, 1, 1];
const ALWAYS: [u8; 3] = [3, 5, 3];

/// A line of an error catalogue, short enough to be read as a table.
const fn line(
    code: &'static str,
    status: u16,
    class: Class,
    attempts: [u8; 3],
    source: &'static str,
    message: &'static str,
) -> ErrorRow {
    ErrorRow { code, status, class, message, source, attempts }
}

/// A line of an operation table.
const fn operation(name: &'static str, method: &'static str, path: &'static str, mutates: bool) -> Operation {
    Operation { name, method, path, mutates }
}

/// A member of `value` as text; empty if it is absent or no text.
fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A date as the XML and JSON bodies of AWS write it.
pub(crate) fn iso_date(date: SystemTime) -> String {
    crate::clock::rfc3339(date).replace('Z', ".000Z")
}

/// A date in seconds since 1970, as the JSON protocols write it.
fn epoch_seconds(date: SystemTime) -> f64 {
    date.duration_since(SystemTime::UNIX_EPOCH).map(|d| d.as_millis() as f64 / 1e3).unwrap_or_default()
}
