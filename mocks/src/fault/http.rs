//! A bare gateway answer: a status with an empty, HTML or JSON body and no error code.
//!
//! So answer load balancers and gateways in front of a service: clients can only go by the status
//! (guidance 6.2, last paragraph).
//!
//! Shorthand: `http: 503`.
//!
//! ## Source
//! S2 (502, 503, 504 of a gateway); guidance 6.2

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Decision, Inject};
use crate::protocol::Reply;
use crate::service::class_of;

/// Parameters of `http`: a status, or a status and a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Http {
    /// Only a status; the body is HTML.
    Status(#[schemars(range(min = 400, max = 599))] u16),
    /// Status and body.
    Full(HttpFull),
}

/// Status and body of a bare answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpFull {
    /// HTTP status.
    #[schemars(range(min = 400, max = 599))]
    pub status: u16,
    /// Kind of body. Default: html.
    #[serde(default)]
    pub body: Body,
}

/// Kinds of body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// None.
    Empty,
    /// A page, as load balancers send it.
    #[default]
    Html,
    /// `{"message": …}`, as gateways send it.
    Json,
}

impl Inject for Http {
    fn decide(&self, _: &mut At<'_>) -> Decision {
        let (status, body) = match *self {
            Self::Status(status) => (status, Body::Html),
            Self::Full(full) => (full.status, full.body),
        };
        let reason = http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Error");
        let (content_type, text) = match body {
            Body::Empty => (None, String::new()),
            Body::Html => (
                Some("text/html"),
                format!("<html><head><title>{status} {reason}</title></head><body><h1>{status} {reason}</h1></body></html>\n"),
            ),
            Body::Json => (Some("application/json"), format!("{{\"message\":\"{reason}\"}}")),
        };
        let headers = content_type.map(|t| ("content-type".to_owned(), t.to_owned())).into_iter().collect();
        let class = Some(class_of("", status));
        Decision::Answer(Box::new(Reply { headers, class, ..Reply::ok(status, "", Bytes::from(text)) }))
    }
}
