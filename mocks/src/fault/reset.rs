//! Reset the connection (RST): at connect, after the request, after the answer's head, or in its body.
//!
//! `reset: {at: connect}` acts before any request is read and therefore knows no operation. In memory
//! there is no RST on the wire; the client's reads and writes fail with "connection reset".
//!
//! ## Source
//! S1 (transient errors: connection resets)

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Break, Decision, Effect, Inject};

/// Parameters of `reset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// When.
    pub at: Moment,
    /// After so many bytes of the body, with `at: body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// When a reset happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Before the request is read.
    Connect,
    /// After the request was read.
    Request,
    /// After the head of the answer.
    Headers,
    /// Within the body of the answer.
    Body,
}

impl Inject for Reset {
    fn effect(&self) -> Effect {
        match self.at {
            Moment::Connect | Moment::Request => Effect::None,
            Moment::Headers | Moment::Body => Effect::Before,
        }
    }

    fn at_connect(&self) -> bool {
        self.at == Moment::Connect
    }

    fn mistakes(&self) -> Vec<(&'static str, String)> {
        match (self.at, self.after) {
            (Moment::Body, None) => vec![("at", "`at: body` needs `after`, the number of bytes of the body".into())],
            (Moment::Connect | Moment::Request | Moment::Headers, Some(_)) => {
                vec![("after", "`after` counts bytes of the body and goes only with `at: body`".into())]
            }
            _ => Vec::new(),
        }
    }

    fn mute(&self) -> bool {
        self.at != Moment::Body
    }

    fn decide(&self, _: &mut At<'_>) -> Decision {
        Decision::Break(match self.at {
            Moment::Connect => Break::ResetAtConnect,
            Moment::Request => Break::ResetAtRequest,
            Moment::Headers => Break::ResetAtHeaders,
            Moment::Body => Break::ResetInBody(self.after.unwrap_or_default()),
        })
    }
}
