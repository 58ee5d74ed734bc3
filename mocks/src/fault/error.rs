//! Answer with a named error of the service.
//!
//! Status, message and shape default to the service's error catalogue; an unknown code is sent as it
//! stands, in the protocol of the request.
//!
//! ## Source
//! guidance 6.2 (shapes) and 6.3 (codes)

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Decision, Inject};
use crate::service::{class_of, wire_error};
use crate::units::{SPAN_MAX, Span};

/// `Retry-After`: seconds, or an HTTP date so far ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RetryAfter {
    /// In seconds, rounded up: `2s`.
    Seconds(Span),
    /// As a date so far ahead of the answer: `{date: 3s}`.
    Date(DateAhead),
}

/// An HTTP date so far ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DateAhead {
    /// How far ahead.
    pub date: Span,
}

impl RetryAfter {
    /// The header's value in an answer of this date.
    pub(super) fn header(&self, date: std::time::SystemTime) -> String {
        match self {
            Self::Seconds(span) => ceil_seconds(span.get()).to_string(),
            Self::Date(ahead) => http_date(date + Duration::from_secs(ceil_seconds(ahead.date.get()))),
        }
    }

    /// How far ahead it points.
    pub(super) fn ahead(&self) -> Duration {
        match self {
            Self::Seconds(span) => span.get(),
            Self::Date(ahead) => ahead.date.get(),
        }
    }
}

/// Parameters of `error`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Error {
    /// Error code, as clients report it.
    pub code: String,
    /// HTTP status. Default: from the service's catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 400, max = 599))]
    pub status: Option<u16>,
    /// Message. Default: from the service's catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// `Retry-After` of the answer, as seconds (`2s`) or as a date so far ahead (`{date: 3s}`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
    /// `x-amz-retry-after` of the answer, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl Inject for Error {
    fn longest(&self) -> Duration {
        ahead(self.retry_after, self.retry_after_ms)
    }

    fn decide(&self, at: &mut At<'_>) -> Decision {
        answer(at, &self.code, self.status, self.message.as_deref(), self.retry_after.as_ref(), self.retry_after_ms)
    }
}

/// How far ahead the further one of two hints points.
pub(super) fn ahead(retry_after: Option<RetryAfter>, retry_after_ms: Option<u64>) -> Duration {
    let ms = retry_after_ms.map(Duration::from_millis);
    retry_after.map(|after| after.ahead()).max(ms).unwrap_or_default().min(SPAN_MAX)
}

/// The answer that `throttle`, `error` and the limits give.
pub(super) fn answer(
    at: &mut At<'_>,
    code: &str,
    status: Option<u16>,
    message: Option<&str>,
    retry_after: Option<&RetryAfter>,
    retry_after_ms: Option<u64>,
) -> Decision {
    let service = at.attempt.service;
    let mut error = wire_error(service, code);
    if let Some(status) = status {
        error.status = status;
        if crate::service::row(service, code).is_none() {
            error.class = class_of(code, status);
        }
    }
    if let Some(message) = message {
        message.clone_into(&mut error.message);
    }
    if let Some(after) = retry_after {
        error.headers.push(("retry-after".into(), after.header(at.world.date)));
    }
    if let Some(ms) = retry_after_ms {
        error.headers.push(("x-amz-retry-after".into(), ms.to_string()));
    }
    let head = at.attempt.request.method == http::Method::HEAD;
    let id = at.world.request_id();
    Decision::Answer(Box::new(at.attempt.protocol.error(service, &error, &id, head)))
}

fn ceil_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// A date as HTTP writes it (RFC 9110, 5.6.7).
pub fn http_date(date: std::time::SystemTime) -> String {
    httpdate::fmt_http_date(crate::clock::writable(date))
}

/// Reads a date as HTTP writes it.
pub fn read_http_date(text: &str) -> Option<std::time::SystemTime> {
    httpdate::parse_http_date(text.trim()).ok()
}
