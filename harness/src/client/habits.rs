//! What a client does around its retries that only mutants do otherwise.

use std::time::Duration;

use bytes::Bytes;

/// The habits of a client; those of a right one by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habits {
    /// A pause before the first request of a call. Standard mode makes none.
    pub before_call: Duration,
    /// How often the whole call is made again when it has failed: more than once if another layer retries above.
    pub layers: u32,
    /// Whether each attempt carries other bytes. A retry is the same request again.
    pub changes_body: bool,
    /// Whether each attempt carries an idempotency token of its own: a repeat that the service cannot recognise takes
    /// effect again.
    pub renews_token: bool,
    /// Whether the body of an answer with a good status is looked at for an error, as SDKs do for S3's copies.
    pub reads_late_errors: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            before_call: Duration::ZERO,
            layers: 1,
            changes_body: false,
            renews_token: false,
            reads_late_errors: true,
        }
    }
}

impl Habits {
    /// The idempotency token of an attempt.
    pub(super) fn token(&self, invocation: &str, attempt: u32) -> String {
        if self.renews_token { format!("{invocation}-{attempt}") } else { invocation.to_owned() }
    }

    /// The body of an attempt. Another one of the same meaning: JSON and forms bear spaces at their end.
    pub(super) fn body(&self, body: Bytes, attempt: u32) -> Bytes {
        if !self.changes_body || body.is_empty() {
            return body;
        }
        let spaces = std::iter::repeat_n(b' ', attempt as usize - 1);
        body.iter().copied().chain(spaces).collect()
    }
}
