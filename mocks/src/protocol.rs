//! The wire protocols of AWS: how an error and an answer look in each. The contract and the list.
//!
//! An attempt is answered in the protocol it was asked in (guidance 6.1); generic bodies make real SDKs
//! give up on a throttle that they should retry, or crash.

use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::request::Request;
use crate::service::{Class, Done, Service};

mod api_gateway;
mod aws_json;
mod aws_query;
pub mod cbor;
mod code;
mod ec2_query;
pub mod event_stream;
mod rest_json;
mod rest_xml;
mod rpc_v2_cbor;
pub mod xml;

pub use code::{element, error_code};
pub use event_stream::EVENT_STREAM;
pub use rpc_v2_cbor::SMITHY_PROTOCOL;

/// The protocols that are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// EC2's query protocol: form in, XML out.
    Ec2Query,
    /// The query protocol of STS, IAM, SNS and of older SQS clients.
    AwsQuery,
    /// S3's XML over REST.
    RestXml,
    /// JSON with `X-Amz-Target`, version 1.0.
    AwsJson10,
    /// JSON with `X-Amz-Target`, version 1.1.
    AwsJson11,
    /// JSON over REST.
    RestJson1,
    /// Smithy's CBOR, with the operation in the path: CloudWatch metrics from the SDK for Rust.
    RpcV2Cbor,
    /// What API Gateway's data plane itself says to plain HTTP clients.
    ApiGateway,
}

/// All protocols, with their names.
pub const PROTOCOLS: &[(Protocol, &str)] = &[
    (Protocol::Ec2Query, "ec2Query"),
    (Protocol::AwsQuery, "awsQuery"),
    (Protocol::RestXml, "restXml"),
    (Protocol::AwsJson10, "awsJson1_0"),
    (Protocol::AwsJson11, "awsJson1_1"),
    (Protocol::RestJson1, "restJson1"),
    (Protocol::RpcV2Cbor, "rpc-v2-cbor"),
    (Protocol::ApiGateway, "apiGateway"),
];

/// An error to be dressed for the wire.
#[derive(Debug, Clone)]
pub struct WireError {
    /// Error code, as the service names it.
    pub code: String,
    /// HTTP status.
    pub status: u16,
    /// Retry class.
    pub class: Class,
    /// Message for people.
    pub message: String,
    /// Further members of the body (JSON protocols), for instance Lambda's `Reason`.
    pub members: Vec<(String, Value)>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
}

/// An answer, ready for the wire but for `Date`, which the transport adds when it sends.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers without `Date` and `Content-Length`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// Error code, if this is an error that has one.
    pub code: Option<String>,
    /// Retry class, if this is an error of the API.
    pub class: Option<Class>,
    /// Ids of what it says was made.
    pub created: Vec<String>,
    /// Whether what it shows is on its way to another state.
    pub unsettled: bool,
}

impl Reply {
    /// A good answer.
    pub fn ok(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into(), code: None, class: None, created: Vec::new(), unsettled: false }
    }

    /// An error: `code` is the one that stands on the wire.
    fn failed(error: &WireError, code: &str, content_type: &str, body: impl Into<Bytes>) -> Self {
        let mut reply = Self::ok(error.status, content_type, body);
        reply.code = Some(code.to_owned());
        // Below 300 the call itself succeeded (a Lambda function that failed): nobody retries that.
        reply.class = Some(error.class).filter(|_| error.status >= 300);
        reply
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

impl Protocol {
    /// Its name, as AWS's service models spell it.
    pub fn name(self) -> &'static str {
        PROTOCOLS.iter().find(|(p, _)| *p == self).map_or("", |(_, n)| n)
    }

    /// Dresses an error. `head` says that the request was a HEAD, whose answer has no body.
    pub fn error(self, service: &dyn Service, error: &WireError, request_id: &str, head: bool) -> Reply {
        let mut reply = match self {
            Self::Ec2Query => ec2_query::error(error, request_id),
            Self::AwsQuery => aws_query::error(service, error, request_id),
            Self::RestXml => rest_xml::error(error, request_id),
            Self::AwsJson10 | Self::AwsJson11 => aws_json::error(self, service, error, request_id),
            Self::RestJson1 => rest_json::error(service, error, request_id),
            Self::RpcV2Cbor => rpc_v2_cbor::error(service, error, request_id),
            Self::ApiGateway => api_gateway::error(service, error, request_id),
        };
        reply.headers.extend(error.headers.iter().cloned());
        if head {
            reply.body = Bytes::new();
        }
        reply
    }

    /// Dresses a good answer. `output` holds the output members, named as on the wire. ec2Query wraps
    /// the entries of an array in `item`; awsQuery and restXml repeat the array's element, and a list
    /// that has a wrapper there is an object in `output`. The output of restXml has one member, its root.
    pub fn success(self, service: &dyn Service, operation: &str, output: &Value, request_id: &str) -> Reply {
        match self {
            Self::Ec2Query => ec2_query::success(operation, service, output, request_id),
            Self::AwsQuery => aws_query::success(operation, service, output, request_id),
            Self::RestXml => rest_xml::success(service, output, request_id),
            Self::AwsJson10 | Self::AwsJson11 => aws_json::success(self, output, request_id),
            Self::RestJson1 => rest_json::success(output, request_id),
            Self::RpcV2Cbor => rpc_v2_cbor::success(service, output, request_id),
            Self::ApiGateway => api_gateway::success(output, request_id),
        }
    }

    /// Dresses what an operation did: its output or its raw body, its status and its headers.
    pub fn answer(self, service: &dyn Service, operation: &str, done: &Done, request_id: &str) -> Reply {
        let mut reply = self.success(service, operation, &done.output, request_id);
        reply.status = done.status.unwrap_or(200);
        if let Some(body) = &done.body {
            reply.body = body.clone();
        }
        for (name, value) in &done.headers {
            reply.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            reply.headers.push((name.clone(), value.clone()));
        }
        reply
    }

    /// Whether a body is what this protocol writes, for those that name the operation elsewhere: one JSON object, or
    /// one CBOR map. No body is no input. A body that is coded, say by gzip, is not looked into.
    pub fn reads(self, request: &Request) -> bool {
        if request.body.is_empty() || request.header("content-encoding").is_some() {
            return true;
        }
        match self {
            Self::AwsJson10 | Self::AwsJson11 => {
                serde_json::from_slice::<Value>(&request.body).is_ok_and(|body| body.is_object())
            }
            Self::RpcV2Cbor => cbor::decode(&request.body).is_some_and(|body| body.is_object()),
            _ => true,
        }
    }

    /// The input members as far as this protocol shows them: the JSON or CBOR body; the form; for REST the JSON
    /// body, if it is an object. Path labels and query are added by the caller.
    pub fn params(self, request: &Request) -> Value {
        match self {
            Self::Ec2Query | Self::AwsQuery => crate::request::pairs(&String::from_utf8_lossy(&request.body))
                .into_iter()
                .map(|(k, v)| (k, Value::String(v)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Self::AwsJson10 | Self::AwsJson11 | Self::RestJson1 => serde_json::from_slice(&request.body)
                .ok()
                .filter(Value::is_object)
                .unwrap_or_else(|| Value::Object(serde_json::Map::new())),
            Self::RpcV2Cbor => cbor::decode(&request.body)
                .filter(Value::is_object)
                .unwrap_or_else(|| Value::Object(serde_json::Map::new())),
            Self::RestXml | Self::ApiGateway => Value::Object(serde_json::Map::new()),
        }
    }
}

/// Adds the code of the query protocol, if the service once spoke it: clients still match on it.
fn query_error(reply: Reply, service: &dyn Service, error: &WireError) -> Reply {
    if !service.protocols().contains(&Protocol::AwsQuery) {
        return reply;
    }
    let fault = if error.status < 500 { "Sender" } else { "Receiver" };
    let legacy = service.wire_code(&error.code, Protocol::AwsQuery);
    reply.with("x-amzn-query-error", format!("{legacy};{fault}"))
}

/// An opaque id of `length` characters, made from a request id: the same request has the same one.
fn opaque(request_id: &str, length: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(length);
    for block in 0u8.. {
        for byte in Sha256::new().chain_update([block]).chain_update(request_id).finalize() {
            if out.len() == length {
                return out;
            }
            out.push(char::from(LETTERS[usize::from(byte & 63)]));
        }
    }
    out
}
