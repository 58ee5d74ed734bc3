//! HTTP/2: the server takes no more requests on this connection, and did not look at this one.
//!
//! A GOAWAY frame that names the last stream which was looked at, then the end of the connection. So
//! services drain a host; a client sends the request again on a new connection. Only requests over HTTP/2
//! are meant; over HTTP/1.1 the step is passed by.
//!
//! ## Source
//! RFC 9113, 6.8; guidance 2.2 (JS: HTTP/2 `REFUSED_STREAM`)

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Break, Decision, Inject};
use crate::request::Attempt;

/// Parameters of `goaway`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoAway {
    /// Error code of the frame. Default: `no_error`.
    #[serde(default)]
    pub code: H2Code,
}

/// Error codes of HTTP/2 (RFC 9113, 7), as far as servers send them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum H2Code {
    /// In good order.
    #[default]
    NoError,
    /// The server failed.
    InternalError,
    /// The stream was not looked at: safe to send again.
    RefusedStream,
    /// The stream is no longer wanted.
    Cancel,
    /// The client asks too much.
    EnhanceYourCalm,
}

impl H2Code {
    /// The number on the wire.
    pub fn number(self) -> u32 {
        match self {
            Self::NoError => 0x0,
            Self::InternalError => 0x2,
            Self::RefusedStream => 0x7,
            Self::Cancel => 0x8,
            Self::EnhanceYourCalm => 0xb,
        }
    }
}

/// Why frames cannot meet an attempt over HTTP/1.1.
pub(super) fn over_http1(attempt: &Attempt) -> Option<&'static str> {
    (!attempt.request.http2).then_some("it came over HTTP/1.1, which has no frames")
}

impl Inject for GoAway {
    fn unfit(&self, attempt: &Attempt) -> Option<&'static str> {
        over_http1(attempt)
    }

    fn mute(&self) -> bool {
        true
    }

    fn decide(&self, _: &mut At<'_>) -> Decision {
        Decision::Break(Break::GoAway(self.code.number()))
    }
}
