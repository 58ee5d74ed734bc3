//! Recognising a request: which service, which operation, in which protocol. One port serves them all.
//!
//! The strongest sign wins: `X-Amz-Target`, then the SigV4 scope, then a form with `Action`, then the
//! REST path. What nothing claims belongs to the scenario's own service. Nothing here can fail: a
//! request that makes no sense is an operation that is not modelled.

use serde_json::{Map, Value};

use super::scope::Scope;
use super::{Operation, SERVICES, Service};
use crate::protocol::{Protocol, SMITHY_PROTOCOL};
use crate::request::{Request, pairs, percent_decode};

/// What a request turned out to be.
#[derive(Debug, Clone)]
pub struct Recognised {
    /// The service asked.
    pub service: &'static dyn Service,
    /// The protocol of the request, and so of the answer.
    pub protocol: Protocol,
    /// The operation; method and path if nothing names it.
    pub operation: String,
    /// Input members as far as the protocol shows them, in one JSON object.
    pub params: Value,
    /// What it is about.
    pub target: Option<String>,
    /// Whether the service models the operation.
    pub modelled: bool,
    /// Access key of the signature, if there is one.
    pub access_key: Option<String>,
    /// Region of the signature, if there is one.
    pub region: Option<String>,
}

/// Recognises `request`; `default_service` is the one that unsigned requests are for.
pub fn recognise(request: &Request, default_service: &'static dyn Service) -> Recognised {
    let scope = Scope::of(request);
    let signed = Signed::of(scope.as_ref());
    let named = named(request, signed, default_service);
    let (service, protocol, operation, mut params, modelled) = match named {
        Some(named) => {
            let params = if request.body.is_empty() && !request.query.is_empty() {
                form(&request.query)
            } else {
                named.protocol.params(request)
            };
            let modelled = named.known && named.service.operations().iter().any(|o| o.name == named.operation);
            (named.service, named.protocol, named.operation, params, modelled)
        }
        None => rest(request, signed, default_service),
    };
    if !params.is_object() {
        params = Value::Object(Map::new());
    }
    let target = service.target(&operation, &params);
    let (access_key, region) = scope.map_or((None, None), |s| (Some(s.access_key), s.region));
    Recognised { service, protocol, operation, params, target, modelled, access_key, region }
}

/// What a signature says about the service.
#[derive(Clone, Copy)]
enum Signed {
    /// There is no signature.
    No,
    /// It is for a service of ours.
    Ours(&'static dyn Service),
    /// It is for a service that we do not know.
    Foreign,
}

impl Signed {
    fn of(scope: Option<&Scope>) -> Self {
        let Some(Scope { service: name, .. }) = scope else { return Self::No };
        let known = SERVICES.iter().copied().find(|s| s.signing_names().contains(&name.as_str()));
        known.map_or(Self::Foreign, Self::Ours)
    }

    fn service(self) -> Option<&'static dyn Service> {
        if let Self::Ours(service) = self { Some(service) } else { None }
    }
}

/// The name of the service that a request is for, where that is none of ours.
pub(super) fn foreign(request: &Request) -> Option<String> {
    let prefix = request.header("x-amz-target").and_then(|target| Some(target.rsplit_once('.')?.0.to_owned()));
    if let Some(prefix) = prefix.filter(|p| !SERVICES.iter().any(|s| s.target_prefix() == Some(p))) {
        return Some(prefix);
    }
    let scope = Scope::of(request)?;
    matches!(Signed::of(Some(&scope)), Signed::Foreign).then_some(scope.service)
}

/// A request that names its operation.
struct Named {
    service: &'static dyn Service,
    protocol: Protocol,
    operation: String,
    /// Whether the service is one of ours, and not merely where unknown requests land.
    known: bool,
}

/// Reads `X-Amz-Target`, the RPC path of smithy, or `Action`.
fn named(request: &Request, signed: Signed, default_service: &'static dyn Service) -> Option<Named> {
    if let Some(target) = request.header("x-amz-target") {
        let (prefix, operation) = target.rsplit_once('.').unwrap_or(("", target));
        let owner = SERVICES.iter().copied().find(|s| s.target_prefix() == Some(prefix));
        let service = owner.or(signed.service()).unwrap_or(default_service);
        let protocol = json_version(request, service);
        return Some(Named { service, protocol, operation: operation.to_owned(), known: owner.is_some() });
    }
    if let Some((name, operation)) =
        request.path.strip_prefix("/service/").and_then(|rest| rest.split_once("/operation/"))
        && request.header(SMITHY_PROTOCOL.0) == Some(SMITHY_PROTOCOL.1)
    {
        // Smithy's name of a service is what stands in its targets, too.
        let owner = SERVICES.iter().copied().find(|s| s.target_prefix() == Some(name));
        let service = owner.or(signed.service()).unwrap_or(default_service);
        let known = service.protocols().contains(&Protocol::RpcV2Cbor) && owner.is_some();
        let operation = percent_decode(operation, false);
        return Some(Named { service, protocol: Protocol::RpcV2Cbor, operation, known });
    }
    action(request, signed, default_service)
}

/// Reads the query protocols. Without a signature the API version tells the services apart.
fn action(request: &Request, signed: Signed, default_service: &'static dyn Service) -> Option<Named> {
    let is_form = request.header("content-type").is_some_and(|t| t.starts_with("application/x-www-form-urlencoded"));
    let text = match is_form {
        true => String::from_utf8_lossy(&request.body).into_owned(),
        false if request.method == http::Method::GET => request.query.clone(),
        false => return None,
    };
    let form = pairs(&text);
    let value = |key: &str| form.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    let (operation, version) = (value("Action")?, value("Version"));
    let by_version =
        SERVICES.iter().copied().find(|s| query_protocol(*s).is_some() && version.as_deref() == Some(s.api_version()));
    let (service, known) = match signed {
        // A signature for a service that speaks no query protocol: `Action` is data of its own.
        Signed::Ours(service) if query_protocol(service).is_none() => return None,
        Signed::Ours(service) => (service, true),
        Signed::Foreign => (default_service, false),
        Signed::No => match by_version {
            Some(service) => (service, true),
            None if query_protocol(default_service).is_none() => return None,
            None => (default_service, true),
        },
    };
    let protocol = query_protocol(service).unwrap_or(Protocol::AwsQuery);
    Some(Named { service, protocol, operation, known })
}

fn query_protocol(service: &'static dyn Service) -> Option<Protocol> {
    service.protocols().iter().copied().find(|p| matches!(p, Protocol::Ec2Query | Protocol::AwsQuery))
}

fn json_version(request: &Request, service: &'static dyn Service) -> Protocol {
    let content_type = request.header("content-type").unwrap_or_default();
    if content_type.starts_with("application/x-amz-json-1.1") {
        return Protocol::AwsJson11;
    }
    let own = service.protocols().iter().copied().find(|p| matches!(p, Protocol::AwsJson10 | Protocol::AwsJson11));
    if content_type.starts_with("application/x-amz-json-1.0") {
        return Protocol::AwsJson10;
    }
    own.unwrap_or(Protocol::AwsJson10)
}

/// A request that only its method and path describe.
fn rest(
    request: &Request,
    signed: Signed,
    default_service: &'static dyn Service,
) -> (&'static dyn Service, Protocol, String, Value, bool) {
    let service = signed.service().map_or(default_service, |signed| sharing(signed, request, default_service));
    // CBOR is for those who ask for it: others cannot read it at all.
    let spoken = service.protocols().iter().copied().find(|p| *p != Protocol::RpcV2Cbor);
    let protocol = spoken.unwrap_or(Protocol::RestJson1);
    // A gateway's callers may sign for any service name; nobody else answers for a foreign one.
    let ours = !matches!(signed, Signed::Foreign) || service.id() == "execute-api";
    let mut params = protocol.params(request);
    if service.id() == "execute-api" {
        let path = percent_decode(&request.path, false);
        let operation = format!("{} {path}", request.method);
        let mut members = query_members(&request.query);
        members.insert("path".to_owned(), path.into());
        return (service, protocol, operation, Value::Object(members), true);
    }
    // Where the body or a header names the operation, every one of them has the same path.
    let by_path = matches!(protocol, Protocol::RestJson1 | Protocol::RestXml);
    match service.operation_of(request).filter(|_| ours && by_path) {
        Some((operation, labels)) => {
            if let (Value::Object(all), Value::Object(labels)) = (&mut params, labels) {
                all.extend(labels);
            }
            (service, protocol, operation.name.to_owned(), params, true)
        }
        None => (service, protocol, service.name_unmodelled(request), params, false),
    }
}

/// Which of the services that share a signing name (Bedrock's do) a path is for.
fn sharing(
    signed: &'static dyn Service,
    request: &Request,
    default_service: &'static dyn Service,
) -> &'static dyn Service {
    let names = signed.signing_names();
    let shares = |s: &&'static dyn Service| s.signing_names().iter().any(|n| names.contains(n));
    let mut all = SERVICES.iter().copied().filter(shares);
    if all.clone().nth(1).is_none() {
        return signed;
    }
    let fitting = all.find(|s| s.operation_of(request).is_some());
    fitting.unwrap_or(if shares(&default_service) { default_service } else { signed })
}

/// Finds the operation whose method, path and query key fit, and reads its labels and the query.
pub(super) fn by_path(operations: &'static [Operation], request: &Request) -> Option<(&'static Operation, Value)> {
    match_path(operations, request.method.as_str(), &request.path, &request.query)
}

/// As [`by_path`], for a path that is not the request's own.
pub(super) fn match_path(
    operations: &'static [Operation],
    method: &str,
    path: &str,
    query: &str,
) -> Option<(&'static Operation, Value)> {
    let members = query_members(query);
    let fits = |operation: &&'static Operation| {
        let (template, key) = operation.path.split_once('?').unwrap_or((operation.path, ""));
        let (key, wanted) = key.split_once('=').unwrap_or((key, ""));
        let marked = key.is_empty() || members.get(key).is_some_and(|v| wanted.is_empty() || v == wanted);
        (operation.method == method && marked).then(|| labels(template, path)).flatten()
    };
    // An operation that a query key marks is the more special one.
    let marked = operations.iter().filter(|o| o.path.contains('?'));
    let plain = operations.iter().filter(|o| !o.path.contains('?'));
    let (operation, labels) = marked.chain(plain).find_map(|o| fits(&o).map(|labels| (o, labels)))?;
    let mut params = members;
    params.extend(labels);
    Some((operation, Value::Object(params)))
}

/// Matches a path against a template and reads its labels.
fn labels(template: &str, path: &str) -> Option<Map<String, Value>> {
    let mut rest = path.strip_prefix('/')?;
    let mut found = Map::new();
    for part in template.trim_start_matches('/').split('/').filter(|p| !p.is_empty()) {
        let label = part.strip_prefix('{').and_then(|p| p.strip_suffix('}'));
        if let Some(greedy) = label.and_then(|l| l.strip_suffix('+')) {
            if rest.is_empty() {
                return None;
            }
            found.insert(greedy.to_owned(), percent_decode(rest, false).into());
            return Some(found);
        }
        let (segment, after) = rest.split_once('/').unwrap_or((rest, ""));
        match label {
            Some(_) if segment.is_empty() => return None,
            Some(label) => _ = found.insert(label.to_owned(), percent_decode(segment, false).into()),
            None if segment == part => {}
            None => return None,
        }
        rest = after;
    }
    rest.is_empty().then_some(found)
}

fn query_members(query: &str) -> Map<String, Value> {
    pairs(query).into_iter().map(|(k, v)| (k, Value::String(v))).collect()
}

fn form(text: &str) -> Value {
    Value::Object(query_members(text))
}

#[cfg(test)]
mod tests;
