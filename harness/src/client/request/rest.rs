//! The REST protocols: members in path labels, headers, query and body.
//!
//! Where a member goes is told by a few rules instead of a model: labels of the path template first; S3
//! has a table of headers; what S3 has left goes into the query, unless it is a structure, which is its
//! XML body. The JSON services have their `Payload` or `body`, else the rest as JSON body, or in the query where
//! the method has no body.

use brownout_mocks::request::percent_encode;
use brownout_mocks::service::Operation;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request};
use serde_json::{Map, Value};

use super::{Unbuildable, assemble, pair, put_header, text};

/// What a body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// restXml.
    Xml,
    /// restJson1.
    Json,
}

pub(super) fn request(
    body: Body,
    operation: &Operation,
    mut params: Map<String, Value>,
) -> Result<Request<Bytes>, Unbuildable> {
    let path = fill_labels(operation, &mut params)?;
    let method = Method::from_bytes(operation.method.as_bytes()).unwrap_or(Method::POST);
    params.retain(|_, value| !value.is_null());
    match body {
        Body::Xml => xml(method, &path, &params),
        Body::Json => json(method, &path, params),
    }
}

/// The path of the template, its labels taken out of the params.
fn fill_labels(operation: &Operation, params: &mut Map<String, Value>) -> Result<String, Unbuildable> {
    let mut path = String::new();
    let mut rest = operation.path;
    while let Some((before, after)) = rest.split_once('{') {
        let (label, after) = after.split_once('}').unwrap_or((after, ""));
        let (name, slash) = label.strip_suffix('+').map_or((label, false), |name| (name, true));
        let value = params.remove(name).filter(|v| !v.is_null()).map(|v| text(&v)).filter(|v| !v.is_empty());
        let missing = || Unbuildable::MissingLabel { operation: operation.name.to_owned(), label: name.to_owned() };
        let value = value.ok_or_else(missing)?;
        path.push_str(before);
        path.push_str(&percent_encode(&value, slash));
        rest = after;
    }
    path.push_str(rest);
    Ok(path)
}

/// Members that S3 takes as headers.
const S3_HEADERS: &[(&str, &str)] = &[
    ("ACL", "x-amz-acl"),
    ("CacheControl", "cache-control"),
    ("ContentDisposition", "content-disposition"),
    ("ContentEncoding", "content-encoding"),
    ("ContentMD5", "content-md5"),
    ("ContentType", "content-type"),
    ("CopySource", "x-amz-copy-source"),
    ("ExpectedBucketOwner", "x-amz-expected-bucket-owner"),
    ("IfMatch", "if-match"),
    ("IfModifiedSince", "if-modified-since"),
    ("IfNoneMatch", "if-none-match"),
    ("IfUnmodifiedSince", "if-unmodified-since"),
    ("Range", "range"),
    ("RequestPayer", "x-amz-request-payer"),
    ("ServerSideEncryption", "x-amz-server-side-encryption"),
    ("StorageClass", "x-amz-storage-class"),
];

/// Query members of S3 that are not in kebab-case.
const S3_QUERY: &[(&str, &str)] = &[("PartNumber", "partNumber"), ("UploadId", "uploadId"), ("VersionId", "versionId")];

fn xml(method: Method, path: &str, params: &Map<String, Value>) -> Result<Request<Bytes>, Unbuildable> {
    let (mut query, mut headers, mut body) = (Vec::new(), HeaderMap::new(), Bytes::new());
    for (name, value) in params {
        if name == "Body" {
            body = Bytes::from(text(value));
        } else if let ("Metadata", Value::Object(metadata)) = (name.as_str(), value) {
            for (key, value) in metadata {
                put_header(&mut headers, &format!("x-amz-meta-{key}"), &text(value))?;
            }
        } else if let Some((_, header)) = S3_HEADERS.iter().find(|(member, _)| member == name) {
            put_header(&mut headers, header, &text(value))?;
        } else if let Value::Object(_) = value {
            let root = if name == "MultipartUpload" { "CompleteMultipartUpload" } else { name };
            let mut document = String::new();
            element(root, value, &mut document);
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/xml"));
            body = Bytes::from(document);
        } else {
            let known = S3_QUERY.iter().find(|(member, _)| member == name).map(|(_, key)| (*key).to_owned());
            query.push(pair(&known.unwrap_or_else(|| kebab(name)), value));
        }
    }
    if !body.is_empty() {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/octet-stream"));
    }
    assemble(method, path, &query, headers, body)
}

/// Members that Lambda takes as headers.
const LAMBDA_HEADERS: &[(&str, &str)] = &[
    ("ClientContext", "x-amz-client-context"),
    ("InvocationType", "x-amz-invocation-type"),
    ("LogType", "x-amz-log-type"),
];

fn json(method: Method, path: &str, mut params: Map<String, Value>) -> Result<Request<Bytes>, Unbuildable> {
    let (mut query, mut headers) = (Vec::new(), HeaderMap::new());
    for (member, header) in LAMBDA_HEADERS {
        if let Some(value) = params.remove(*member) {
            put_header(&mut headers, header, &text(&value))?;
        }
    }
    // Lambda's and Bedrock's names for a body that is no list of members.
    let payload = params.remove("Payload").or_else(|| params.remove("body"));
    let has_body = matches!(method, Method::POST | Method::PUT | Method::PATCH);
    if payload.is_some() || !has_body {
        query.extend(params.iter().map(|(name, value)| pair(name, value)));
    } else if let Some(qualifier) = params.remove("Qualifier") {
        query.push(pair("Qualifier", &qualifier));
    }
    let body = match payload {
        Some(payload) => Bytes::from(text(&payload)),
        None if has_body => Bytes::from(Value::Object(params).to_string()),
        None => Bytes::new(),
    };
    if has_body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    assemble(method, path, &query, headers, body)
}

/// `MaxKeys` as `max-keys`.
fn kebab(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (i, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// A member as an XML element; S3's lists are flattened and named in the singular.
fn element(name: &str, value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            let name = name.strip_suffix('s').unwrap_or(name);
            for item in items {
                element(name, item, out);
            }
        }
        Value::Object(members) => {
            tag(name, out, |out| members.iter().for_each(|(name, value)| element(name, value, out)));
        }
        Value::Null => {}
        scalar => tag(name, out, |out| {
            for c in text(scalar).chars() {
                match c {
                    '&' => out.push_str("&amp;"),
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str("&gt;"),
                    c => out.push(c),
                }
            }
        }),
    }
}

fn tag(name: &str, out: &mut String, content: impl FnOnce(&mut String)) {
    for part in ["<", name, ">"] {
        out.push_str(part);
    }
    content(out);
    for part in ["</", name, ">"] {
        out.push_str(part);
    }
}
