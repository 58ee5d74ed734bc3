//! Another endpoint that answers instead of our own services: an emulator with all operations, under our faults.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::request::Attempt;

/// Who answers instead of our services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Upstream {
    /// An address.
    At(Address),
    /// An address, and how to begin anew.
    Reset(Reset),
}

/// An upstream that forgets everything before each play, so that plays cannot disturb each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// Its address.
    pub url: Address,
    /// Where it takes a POST to forget everything: moto's `/moto-api/reset`, LocalStack's
    /// `/_localstack/state/reset`.
    pub reset: ResetPath,
}

impl Upstream {
    /// Its address.
    pub fn address(&self) -> &Address {
        match self {
            Self::At(address) => address,
            Self::Reset(reset) => &reset.url,
        }
    }

    /// Where it is told to forget everything.
    pub fn reset(&self) -> Option<&str> {
        match self {
            Self::At(_) => None,
            Self::Reset(reset) => Some(&reset.reset.0),
        }
    }
}

/// The address of another endpoint, such as that of moto or LocalStack: `http://127.0.0.1:5000`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    authority: http::uri::Authority,
}

/// Domains of the real cloud. Requests with made-up credentials and scripted faults do not belong there.
const REAL: &[&str] = &["amazonaws.com", "amazonaws.com.cn", "api.aws", "amazonaws.eu"];

impl Address {
    /// Host and port.
    pub fn authority(&self) -> &http::uri::Authority {
        &self.authority
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{text}` {why}; write `http://127.0.0.1:5000`");
        let Some(rest) = text.strip_prefix("http://") else {
            let tls = text.starts_with("https://");
            return Err(wrong(if tls { "wants TLS, which an upstream cannot have" } else { "is no http address" }));
        };
        let host = rest.strip_suffix('/').unwrap_or(rest);
        if host.contains(['/', '?', '#']) {
            return Err(wrong("has a path; an upstream is a host and a port"));
        }
        if host.contains('@') {
            return Err(wrong("has a user name; an upstream is a host and a port"));
        }
        let authority: http::uri::Authority = host.parse().map_err(|_| wrong("is no http address"))?;
        let name = authority.host().trim_end_matches('.').to_ascii_lowercase();
        if REAL.iter().any(|real| name.strip_suffix(real).is_some_and(|left| left.is_empty() || left.ends_with('.'))) {
            return Err(wrong("is AWS itself, which brownout never asks; an upstream is an emulator"));
        }
        let has_port = authority.as_str().len() > authority.host().len();
        if authority.host().is_empty() || (has_port && authority.port_u16().is_none()) {
            return Err(wrong("is no http address"));
        }
        Ok(Self { authority })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.authority)
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl JsonSchema for Address {
    fn schema_name() -> Cow<'static, str> {
        "Upstream address".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "upstream", "pattern": "^http://[^/?#@]+/?$" })
    }
}

/// A path to POST to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResetPath(String);

impl FromStr for ResetPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.starts_with('/') && text.parse::<http::uri::PathAndQuery>().is_ok();
        if path { Ok(Self(text.to_owned())) } else { Err(format!("`{text}` is no path; write `/moto-api/reset`")) }
    }
}

impl TryFrom<String> for ResetPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ResetPath> for String {
    fn from(path: ResetPath) -> Self {
        path.0
    }
}

impl JsonSchema for ResetPath {
    fn schema_name() -> Cow<'static, str> {
        "Reset path".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "reset-path", "pattern": "^/" })
    }
}

/// A request that the upstream is to answer.
#[derive(Debug)]
pub struct Forward {
    /// The attempt.
    pub attempt: Attempt,
    /// Whether its answer gets a wrong checksum.
    pub corrupt: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_a_host_and_a_port_and_not_aws() {
        for good in ["http://127.0.0.1:5000", "http://localhost:4566/", "http://localstack:4566", "http://[::1]:5000"] {
            let upstream: Address = good.parse().unwrap_or_else(|e| panic!("{good}: {e}"));
            assert_eq!(upstream.to_string(), good.trim_end_matches('/'));
        }
        for (bad, why) in [
            ("https://127.0.0.1:5000", "wants TLS"),
            ("127.0.0.1:5000", "is no http address"),
            ("http://", "is no http address"),
            ("http://a b", "is no http address"),
            ("http://:5000", "is no http address"),
            ("http://127.0.0.1:99999", "is no http address"),
            ("http://127.0.0.1:5000/base", "has a path"),
            ("http://me:secret@127.0.0.1", "has a user name"),
            ("http://dynamodb.us-east-1.amazonaws.com", "is AWS itself"),
            ("http://S3.AMAZONAWS.COM.:80", "is AWS itself"),
        ] {
            let error = bad.parse::<Address>().expect_err(bad);
            assert!(error.contains(why), "{bad}: {error}");
        }
        assert!("http://notamazonaws.com".parse::<Address>().is_ok());
    }
}
