//! What is known of an answer when it has left.

use std::time::Duration;

use crate::clock::Clock;
use crate::protocol::Reply;
use crate::service::Class;

/// What a transport says of an answer when it has sent it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// HTTP status.
    pub status: u16,
    /// Error code.
    pub code: Option<String>,
    /// Retry class.
    pub class: Option<Class>,
    /// `Retry-After`, in milliseconds from the answer.
    pub retry_after_ms: Option<u64>,
    /// `x-amz-retry-after`.
    pub x_amz_retry_after_ms: Option<u64>,
    /// A hint that is no time.
    pub invalid_hint: Option<String>,
    /// Announced length of the body.
    pub body_bytes: u64,
    /// Whether it was cut.
    pub cut: bool,
    /// When its first byte left.
    pub first_byte: Duration,
    /// Ids of what it says was made.
    pub created: Vec<String>,
    /// Whether what it shows is on its way to another state.
    pub unsettled: bool,
}

impl Sent {
    /// What there is to say of `reply` before it is sent.
    pub fn of(reply: &Reply, clock: &Clock) -> Self {
        Self {
            status: reply.status,
            code: reply.code.clone(),
            class: reply.class,
            retry_after_ms: reply.header("retry-after").and_then(|v| retry_after_ms(v, clock)),
            x_amz_retry_after_ms: reply.header("x-amz-retry-after").and_then(|v| v.parse().ok()),
            invalid_hint: invalid_hint(reply),
            body_bytes: reply.body.len() as u64,
            cut: false,
            first_byte: clock.now(),
            created: reply.created.clone(),
            unsettled: reply.unsettled,
        }
    }
}

/// So much of a hint that is no time is kept.
const HINT_MAX: usize = 64;

/// The text of a retry hint that says no time: neither a whole number nor, in `Retry-After`, a date.
fn invalid_hint(reply: &Reply) -> Option<String> {
    let number = |text: &str| text.trim().parse::<u64>().is_ok();
    let amz = reply.header("x-amz-retry-after").filter(|text| !number(text));
    let http = || reply.header("retry-after").filter(|t| !number(t) && crate::fault::read_http_date(t).is_none());
    let text = amz.or_else(http)?;
    Some(text.chars().take(HINT_MAX).collect())
}

fn retry_after_ms(value: &str, clock: &Clock) -> Option<u64> {
    if let Ok(seconds) = value.parse::<u64>() {
        return seconds.checked_mul(1000);
    }
    let date = crate::fault::read_http_date(value)?;
    date.duration_since(clock.date()).ok().map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}
