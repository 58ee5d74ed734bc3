//! HTTP/2: end this request's stream with an error; the connection lives.
//!
//! Without `after` there is no answer, and the default code says that the request was not looked at.
//! With `after` the head and so many bytes of the body come first. Only requests over HTTP/2 are meant;
//! over HTTP/1.1 the step is passed by.
//!
//! ## Source
//! RFC 9113, 6.4; guidance 2.2 (JS: HTTP/2 `REFUSED_STREAM`)

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::goaway::{H2Code, over_http1};
use super::{At, Break, Decision, Effect, Inject};
use crate::request::Attempt;

/// Parameters of `rst_stream`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RstStream {
    /// Error code of the frame. Default: `refused_stream`, or `internal_error` with `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<H2Code>,
    /// Bytes of the answer's body that come first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

impl Inject for RstStream {
    fn effect(&self) -> Effect {
        if self.after.is_some() { Effect::Before } else { Effect::None }
    }

    fn unfit(&self, attempt: &Attempt) -> Option<&'static str> {
        over_http1(attempt)
    }

    fn mute(&self) -> bool {
        self.after.is_none()
    }

    fn decide(&self, _: &mut At<'_>) -> Decision {
        let usual = if self.after.is_some() { H2Code::InternalError } else { H2Code::RefusedStream };
        Decision::Break(Break::ResetStream(self.code.unwrap_or(usual).number(), self.after))
    }
}
