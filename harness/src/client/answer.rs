//! What a client reads from an answer: error code, class, hints. Small extractors, robust to any bytes.

use std::time::Duration;

use brownout_mocks::protocol::{error_code, event_stream};
use brownout_mocks::service::{Class, Service, class_of};
use http::HeaderMap;

/// What went wrong with an attempt, as its client sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Error code, if the answer names one.
    pub code: Option<String>,
    /// Class by code, else by status; a broken connection or a timeout is transient.
    pub class: Class,
    /// `Retry-After`.
    pub retry_after: Option<Duration>,
    /// `x-amz-retry-after`.
    pub x_amz_retry_after: Option<Duration>,
    /// Whether a retry hint stood there that says no time.
    pub unreadable_hint: bool,
    /// Whether the client's own timeout ended the attempt.
    pub timeout: bool,
}

impl Failure {
    /// A connection that broke, or an attempt that took too long.
    pub fn broken(timeout: bool) -> Self {
        Self {
            status: None,
            code: None,
            class: Class::Transient,
            retry_after: None,
            x_amz_retry_after: None,
            unreadable_hint: false,
            timeout,
        }
    }

    /// An error answer.
    pub fn answered(
        service: &dyn Service,
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
        now: std::time::SystemTime,
    ) -> Self {
        let code = error_code(headers, body);
        let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let quota = service.id() == "execute-api" && code.as_deref() == Some("LimitExceededException");
        let class = if quota { Class::Quota } else { class_of(code.as_deref().unwrap_or_default(), status) };
        let http = header("retry-after").map(|v| retry_after(v, now));
        let amz = header("x-amz-retry-after").map(|v| v.parse().ok());
        Self {
            status: Some(status),
            class,
            unreadable_hint: http == Some(None) || amz == Some(None),
            retry_after: http.flatten(),
            x_amz_retry_after: amz.flatten().map(Duration::from_millis),
            code,
            timeout: false,
        }
    }
}

/// Reads the answer of a good status to its end, where it is a stream of `events`: the error that ended it, if
/// one did, by its code; half a message has none.
pub fn read_stream(events: bool, body: &[u8]) -> Result<(), Option<String>> {
    if !events {
        return Ok(());
    }
    let messages = event_stream::decode(body).map_err(|_| None)?;
    match messages.iter().find_map(event_stream::Message::exception_type) {
        Some(code) => Err(Some(code.to_owned())),
        None => Ok(()),
    }
}

/// Seconds, or an HTTP date.
fn retry_after(value: &str, now: std::time::SystemTime) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    brownout_mocks::fault::read_http_date(value).map(|date| date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stream_is_read_to_its_end() {
        let begun = event_stream::Message::event("messageStart", &json!({"role": "assistant"}));
        let ended = event_stream::Message::exception("throttlingException", &json!({"message": "slow down"}));
        let whole = event_stream::encode(std::slice::from_ref(&begun));
        let broken = event_stream::encode(&[begun, ended]);
        assert_eq!(read_stream(true, &whole), Ok(()));
        assert_eq!(read_stream(true, &broken), Err(Some("throttlingException".to_owned())));
        assert_eq!(read_stream(true, &whole[..9]), Err(None), "half a message");
        assert_eq!(read_stream(false, &whole[..9]), Ok(()), "no stream");
    }
}
