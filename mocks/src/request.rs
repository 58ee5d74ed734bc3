//! A request as the endpoint recognised it: what was asked, of what, by whom.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::protocol::Protocol;
use crate::service::Service;

/// A request as it came off the wire, body included.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Path, still percent-encoded, from the first `/`.
    pub path: String,
    /// Query string without its `?`; empty if there is none.
    pub query: String,
    /// Headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// Whether it came over HTTP/2.
    pub http2: bool,
}

impl Request {
    /// A header as text; `None` if it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// A query parameter, decoded; present without a value reads as empty.
    pub fn query_value(&self, name: &str) -> Option<String> {
        pairs(&self.query).into_iter().find(|(k, _)| k == name).map(|(_, v)| v)
    }
}

/// Decodes `a=b&c=d` with percent signs and plus signs.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|p| !p.is_empty())
        .map(|pair| {
            let (k, v) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(k, true), percent_decode(v, true))
        })
        .collect()
}

/// Decodes percent signs; `plus` says whether a plus sign is a space. What is not valid stays as it is.
pub fn percent_decode(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = (bytes[i] == b'%').then(|| bytes.get(i + 1..i + 3)).flatten();
        let decoded = hex.and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
        if let Some(byte) = decoded {
            out.push(byte);
            i += 3;
        } else {
            out.push(if plus && bytes[i] == b'+' { b' ' } else { bytes[i] });
            i += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Percent-encodes all but unreserved characters; `slash` says whether `/` stays.
pub fn percent_encode(text: &str, slash: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for &b in text.as_bytes() {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) || (slash && b == b'/') {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out
}

/// Who sent a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Index of the client, from 0.
    pub client: u32,
    /// Access key; empty without a signature.
    pub access_key: String,
    /// Account.
    pub account: String,
    /// Region; `us-east-1` without a signature.
    pub region: String,
}

/// The account of brownout's own clients and of unsigned requests.
pub const ACCOUNT: &str = "000000000000";

/// Access keys of brownout's own clients begin so; eight digits, the client's index, follow.
pub const ACCESS_KEY_PREFIX: &str = "AKIABROWNOUT";

/// The access key of client `index`.
pub fn access_key(index: u32) -> String {
    format!("{ACCESS_KEY_PREFIX}{index:08}")
}

/// Session tokens of our credentials endpoint begin so; the session's number follows.
const SESSION_PREFIX: &str = "brownout-session-";

/// The token of session `number`.
pub fn session_token(number: u64) -> String {
    format!("{SESSION_PREFIX}{number}")
}

/// The number of the session that a request is signed with; `None` without a token of ours.
pub fn session_of(request: &Request) -> Option<u64> {
    request.header("x-amz-security-token")?.strip_prefix(SESSION_PREFIX)?.parse().ok()
}

/// The header by which brownout's own in-process clients, and drivers, name their call: `client/call/ordinal`.
/// It stands for knowledge that the caller has and the wire has not; it is never journalled as a header.
pub const CALL_HEADER: &str = "brownout-call";

/// What a client that cannot set a header says instead, at the end of its `User-Agent`: the SDKs put the id of an
/// application there (`AWS_SDK_UA_APP_ID`). Numbers with full stops between them follow.
pub const CALL_APPLICATION: &str = "brownout-call.";

/// What an in-process client, or a driver, says about its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallTag {
    /// Index of the client, from 0.
    pub client: u32,
    /// Number of the call within the client, from 1.
    pub call: u64,
    /// Number of the call per client and operation, from 1.
    pub ordinal: u64,
}

impl CallTag {
    /// As it stands in [`CALL_HEADER`].
    pub fn to_value(self) -> String {
        format!("{}/{}/{}", self.client, self.call, self.ordinal)
    }

    /// As an application's id.
    pub fn to_application(self) -> String {
        format!("{CALL_APPLICATION}{}.{}.{}", self.client, self.call, self.ordinal)
    }

    /// What a request says of its call.
    pub fn of(request: &Request) -> Option<Self> {
        if let Some(value) = request.header(CALL_HEADER) {
            return Self::parse(value);
        }
        let (_, rest) = request.header("user-agent")?.split_once("app/")?;
        let id = rest.strip_prefix(CALL_APPLICATION)?.split(' ').next()?;
        Self::read(id, '.')
    }

    /// Reads [`CALL_HEADER`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text, '/')
    }

    fn read(text: &str, between: char) -> Option<Self> {
        let mut parts = text.split(between);
        let tag = Self {
            client: parts.next()?.parse().ok()?,
            call: parts.next()?.parse().ok()?,
            ordinal: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(tag)
    }
}

/// A wire request with all that the endpoint knows about it.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The request.
    pub request: Request,
    /// The service asked.
    pub service: &'static dyn Service,
    /// The protocol of the request, and so of the answer.
    pub protocol: Protocol,
    /// The operation.
    pub operation: String,
    /// Input members as far as the protocol shows them, in one JSON object.
    pub params: serde_json::Value,
    /// What it is about: a table, a key, an instance.
    pub target: Option<String>,
    /// Who sent it.
    pub sender: Sender,
    /// What an in-process client says about its call.
    pub tag: Option<CallTag>,
    /// Number of the attempt within the trial, from 1.
    pub seq: u64,
    /// Number of the invocation within the trial, from 1.
    pub invocation: u64,
    /// Number of the attempt within its invocation, from 1.
    pub attempt: u32,
    /// Ordinal of the call per client and operation, from 1.
    pub call_ordinal: u64,
}
