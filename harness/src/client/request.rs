//! Requests of brownout's own clients: an operation and its input members, in the service's protocol.
//!
//! Input members are named as in the service's model. No client library is known here: what comes out
//! is method, path with query, headers and body; host, signature and retry headers are the client's.
//!
//! | protocol | where the members go |
//! |---|---|
//! | awsJson | the JSON body, beside `X-Amz-Target` |
//! | rpc-v2-cbor | the CBOR body; the path names the operation |
//! | ec2Query, awsQuery | the form, flattened (`query`) |
//! | restXml, restJson1 | path labels, headers, query and body (`rest`) |
//! | API Gateway | the operation is `METHOD /path`; members `body`, `query` and `idempotency_key` (`true`: one of the call's own) |

use brownout_mocks::protocol::{Protocol, SMITHY_PROTOCOL};
use brownout_mocks::request::percent_encode;
use brownout_mocks::service::{Operation, Service};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use serde_json::{Map, Value};

mod query;
mod rest;
#[cfg(test)]
mod tests;

/// Why no request can be made: a mistake in the scenario's workload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unbuildable {
    /// The input is no JSON object.
    #[error("the params of {0} are not a map of members")]
    NotAMap(String),
    /// The protocol needs method and path, which only the operation table has.
    #[error("{service} has no operation {operation} that brownout knows")]
    UnknownOperation {
        /// The service.
        service: &'static str,
        /// The operation asked for.
        operation: String,
    },
    /// A path label has no value.
    #[error("{operation} needs the member {label}, which names what it is about")]
    MissingLabel {
        /// The operation.
        operation: String,
        /// The label.
        label: String,
    },
    /// The operation of `execute-api` is not `METHOD /path`.
    #[error("`{0}` is not a method and a path, such as `GET /orders`")]
    NotAPath(String),
    /// A member cannot stand where its protocol puts it.
    #[error("{member} cannot stand in a request: {why}")]
    Unsendable {
        /// The member.
        member: String,
        /// Why not.
        why: String,
    },
}

/// Builds the request of one call; its URI has a path and a query and no host.
///
/// `client` is the index of the client, which names itself by an API key where there is no signature.
/// `token` fills the operation's idempotency token, as SDKs do, if the params do not bring one.
pub fn build(
    service: &dyn Service,
    operation: &str,
    params: &Value,
    client: u32,
    token: Option<&str>,
) -> Result<Request<Bytes>, Unbuildable> {
    let mut params = members(operation, params)?;
    if let (Some(member), Some(token)) = (service.token_member(operation), token) {
        params.entry(member).or_insert_with(|| token.into());
    }
    let protocol = service.protocols().first().copied().unwrap_or(Protocol::ApiGateway);
    match protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 => Ok(aws_json(service, protocol, operation, params)),
        Protocol::RpcV2Cbor => cbor(service, operation, params),
        Protocol::Ec2Query => Ok(query::request(query::Style::Ec2, service.api_version(), operation, &params)),
        Protocol::AwsQuery => Ok(query::request(query::Style::Aws, service.api_version(), operation, &params)),
        Protocol::RestXml => rest::request(rest::Body::Xml, find(service, operation)?, params),
        Protocol::RestJson1 => rest::request(rest::Body::Json, find(service, operation)?, params),
        Protocol::ApiGateway => api_gateway(operation, params, client, token),
    }
}

fn members(operation: &str, params: &Value) -> Result<Map<String, Value>, Unbuildable> {
    match params {
        Value::Null => Ok(Map::new()),
        Value::Object(members) => Ok(members.clone()),
        _ => Err(Unbuildable::NotAMap(operation.to_owned())),
    }
}

fn find(service: &dyn Service, operation: &str) -> Result<&'static Operation, Unbuildable> {
    service
        .operations()
        .iter()
        .find(|o| o.name == operation)
        .ok_or_else(|| Unbuildable::UnknownOperation { service: service.id(), operation: operation.to_owned() })
}

fn aws_json(service: &dyn Service, protocol: Protocol, operation: &str, params: Map<String, Value>) -> Request<Bytes> {
    let content_type =
        if protocol == Protocol::AwsJson11 { "application/x-amz-json-1.1" } else { "application/x-amz-json-1.0" };
    let mut request = Request::new(Bytes::from(Value::Object(params).to_string()));
    *request.method_mut() = Method::POST;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    let target = service.target_prefix().map_or_else(|| operation.to_owned(), |prefix| format!("{prefix}.{operation}"));
    if let Ok(target) = HeaderValue::try_from(target) {
        headers.insert("x-amz-target", target);
    }
    request
}

fn cbor(service: &dyn Service, operation: &str, params: Map<String, Value>) -> Result<Request<Bytes>, Unbuildable> {
    let mut headers = HeaderMap::new();
    put_header(&mut headers, SMITHY_PROTOCOL.0, SMITHY_PROTOCOL.1)?;
    put_header(&mut headers, "content-type", "application/cbor")?;
    put_header(&mut headers, "accept", "application/cbor")?;
    let name = service.target_prefix().unwrap_or_else(|| service.id());
    let path = format!("/service/{name}/operation/{}", percent_encode(operation, false));
    // Dates are numbers in a scenario; as input none of ours is looked at.
    let body = brownout_mocks::protocol::cbor::encode(&Value::Object(params), service.timestamps());
    assemble(Method::POST, &path, &[], headers, Bytes::from(body))
}

fn api_gateway(
    operation: &str,
    mut params: Map<String, Value>,
    client: u32,
    token: Option<&str>,
) -> Result<Request<Bytes>, Unbuildable> {
    let not_a_path = || Unbuildable::NotAPath(operation.to_owned());
    let (method, path) = operation.split_once(' ').ok_or_else(not_a_path)?;
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| not_a_path())?;
    let path = path.trim();
    if !path.starts_with('/') {
        return Err(not_a_path());
    }
    let query = match params.remove("query") {
        Some(Value::Object(query)) => query.iter().map(|(name, value)| pair(name, value)).collect(),
        _ => Vec::new(),
    };
    let mut headers = HeaderMap::new();
    put_header(&mut headers, "x-api-key", &format!("brownout-key-{client}"))?;
    match (params.remove("idempotency_key"), token) {
        (Some(Value::String(key)), _) => put_header(&mut headers, IDEMPOTENCY_KEY, &key)?,
        (Some(Value::Bool(true)), Some(own)) => put_header(&mut headers, IDEMPOTENCY_KEY, own)?,
        _ => {}
    }
    let body = params.remove("body").map_or_else(Bytes::new, |body| {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Bytes::from(body.to_string())
    });
    assemble(method, path, &query, headers, body)
}

/// The header by which a caller marks a request that is to be executed once.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A scalar as text; `None` for null, lists and maps.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A value as text: a scalar as it is, anything else as JSON.
fn text(value: &Value) -> String {
    scalar(value).unwrap_or_else(|| value.to_string())
}

fn pair(name: &str, value: &Value) -> String {
    format!("{}={}", percent_encode(name, false), percent_encode(&text(value), false))
}

fn put_header(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), Unbuildable> {
    let unsendable = |why: String| Unbuildable::Unsendable { member: name.to_owned(), why };
    let header = HeaderName::try_from(name).map_err(|e| unsendable(e.to_string()))?;
    let value = HeaderValue::try_from(value).map_err(|e| unsendable(e.to_string()))?;
    headers.insert(header, value);
    Ok(())
}

fn assemble(
    method: Method,
    path: &str,
    query: &[String],
    headers: HeaderMap,
    body: Bytes,
) -> Result<Request<Bytes>, Unbuildable> {
    let mut uri = path.to_owned();
    for (i, pair) in query.iter().enumerate() {
        uri.push(if i == 0 && !path.contains('?') { '?' } else { '&' });
        uri.push_str(pair);
    }
    let uri =
        http::Uri::try_from(&uri).map_err(|e| Unbuildable::Unsendable { member: uri.clone(), why: e.to_string() })?;
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}
