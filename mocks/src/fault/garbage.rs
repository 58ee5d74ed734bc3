//! Answer with bytes that are no HTTP, then close the connection.
//!
//! `status_line` breaks the first line, `header` a line of the head, `chunk` the length of the first
//! chunk of the body. On an HTTP/2 connection all three are a frame that the protocol forbids. The bytes
//! are always the same.
//!
//! Shorthand: `garbage: status_line`.
//!
//! ## Source
//! guidance 2.2 (unparsable responses count as network errors)

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Break, Decision, Inject};

/// Parameter of `garbage`: which part of the answer is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Garbage(pub Part);

/// A part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The first line.
    StatusLine,
    /// A line of the head.
    Header,
    /// The length of the first chunk of the body.
    Chunk,
}

impl Part {
    /// What is sent in place of the answer.
    pub fn bytes(self, http2: bool) -> Bytes {
        Bytes::from_static(match self {
            // A DATA frame of four bytes on stream 0, where none may be (RFC 9113, 6.1).
            _ if http2 => b"\0\0\x04\0\0\0\0\0\0\xff\xfe\xfd\xfc",
            Self::StatusLine => b"\xff\xfe\xfd NOT HTTP \xfc\xfb\r\n\r\n",
            Self::Header => b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\xff\x01 no colon\r\n\r\n",
            Self::Chunk => {
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n"
            }
        })
    }
}

impl Inject for Garbage {
    fn mute(&self) -> bool {
        true
    }

    fn decide(&self, _: &mut At<'_>) -> Decision {
        Decision::Break(Break::Garbage(self.0))
    }
}
