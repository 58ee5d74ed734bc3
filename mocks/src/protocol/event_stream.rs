//! AWS's event streams (`application/vnd.amazon.eventstream`): an answer's body as a row of messages.
//!
//! A message is its length and that of its headers, a CRC-32 of these two, headers, payload, and a CRC-32 of
//! all before. Of the ten types of header values only text is written and read; no stream of AWS's that is
//! modelled here has another.

use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::Value;

/// The content type of an event stream.
pub const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// The type of a header whose value is text.
const TEXT: u8 = 7;

/// Bytes before the headers, and after the payload.
const PRELUDE: usize = 12;
const TRAILER: usize = 4;

/// One message of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Names and values of its headers.
    pub headers: Vec<(String, String)>,
    /// What it carries.
    pub payload: Bytes,
}

/// Why bytes are no event stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The last message is not whole.
    #[error("the stream ends within a message")]
    Cut,
    /// A checksum does not fit.
    #[error("a checksum does not fit its message")]
    Checksum,
    /// A length or a header cannot be right.
    #[error("a message cannot be read")]
    Malformed,
}

impl Message {
    /// An event with a JSON payload.
    pub fn event(kind: &str, payload: &Value) -> Self {
        Self::new("event", ":event-type", kind, payload)
    }

    /// The exception that ends a stream.
    pub fn exception(kind: &str, payload: &Value) -> Self {
        Self::new("exception", ":exception-type", kind, payload)
    }

    fn new(message: &str, name: &str, kind: &str, payload: &Value) -> Self {
        let headers = [(name, kind), (":content-type", "application/json"), (":message-type", message)];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { headers, payload: payload.to_string().into() }
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The type of the exception that it is, if it is one.
    pub fn exception_type(&self) -> Option<&str> {
        self.header(":exception-type").filter(|_| self.header(":message-type") == Some("exception"))
    }
}

/// The bytes of a stream.
pub fn encode(messages: &[Message]) -> Bytes {
    let mut out = BytesMut::new();
    for message in messages {
        let mut headers = BytesMut::new();
        for (name, value) in &message.headers {
            // Names and values are ours, and short.
            headers.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
            headers.put_slice(name.as_bytes());
            headers.put_u8(TEXT);
            headers.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
            headers.put_slice(value.as_bytes());
        }
        let start = out.len();
        let total = PRELUDE + headers.len() + message.payload.len() + TRAILER;
        out.put_u32(u32::try_from(total).unwrap_or(u32::MAX));
        out.put_u32(u32::try_from(headers.len()).unwrap_or(u32::MAX));
        out.put_u32(crc32fast::hash(&out[start..]));
        out.put_slice(&headers);
        out.put_slice(&message.payload);
        out.put_u32(crc32fast::hash(&out[start..]));
    }
    out.freeze()
}

/// The messages of a whole stream.
pub fn decode(mut bytes: &[u8]) -> Result<Vec<Message>, Broken> {
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let total = number(bytes, 0)?;
        let headers = number(bytes, 4)?;
        if number(bytes, 8)? != crc32fast::hash(&bytes[..8]) as usize {
            return Err(Broken::Checksum);
        }
        if total < PRELUDE + TRAILER || headers > total - PRELUDE - TRAILER {
            return Err(Broken::Malformed);
        }
        let (message, rest) = bytes.split_at_checked(total).ok_or(Broken::Cut)?;
        let content = &message[..total - TRAILER];
        if number(message, total - TRAILER)? != crc32fast::hash(content) as usize {
            return Err(Broken::Checksum);
        }
        let (headers, payload) = content[PRELUDE..].split_at(headers);
        messages.push(Message { headers: read_headers(headers)?, payload: Bytes::copy_from_slice(payload) });
        bytes = rest;
    }
    Ok(messages)
}

fn number(bytes: &[u8], at: usize) -> Result<usize, Broken> {
    let four = bytes.get(at..at + 4).and_then(|four| <[u8; 4]>::try_from(four).ok()).ok_or(Broken::Cut)?;
    Ok(u32::from_be_bytes(four) as usize)
}

fn read_headers(mut bytes: &[u8]) -> Result<Vec<(String, String)>, Broken> {
    let mut take = |n: usize| {
        let (taken, rest) = bytes.split_at_checked(n)?;
        bytes = rest;
        Some(taken.to_vec())
    };
    let mut headers = Vec::new();
    while let Some(length) = take(1) {
        let mut text = || {
            let name = String::from_utf8(take(length[0].into())?).ok()?;
            if take(1)? != [TEXT] {
                return None;
            }
            let length = take(2)?;
            let value = take(usize::from(length[0]) << 8 | usize::from(length[1]))?;
            Some((name, String::from_utf8(value).ok()?))
        };
        headers.push(text().ok_or(Broken::Malformed)?);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// An empty message without headers, as the format's own test vectors have it (aws-c-event-stream).
    const EMPTY: [u8; 16] = [0, 0, 0, 16, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];

    #[test]
    fn an_empty_message_has_its_bytes() {
        let empty = Message { headers: Vec::new(), payload: Bytes::new() };
        assert_eq!(encode(std::slice::from_ref(&empty)), EMPTY.as_slice());
        assert_eq!(decode(&EMPTY), Ok(vec![empty]));
    }

    #[test]
    fn messages_come_back_as_they_went() {
        let messages = [
            Message::event("messageStart", &json!({"role": "assistant"})),
            Message::exception("throttlingException", &json!({"message": "slow down"})),
        ];
        let bytes = encode(&messages);
        let read = decode(&bytes).unwrap();
        assert_eq!(read, messages);
        assert_eq!(read[0].exception_type(), None);
        assert_eq!(read[1].exception_type(), Some("throttlingException"));
    }

    #[test]
    fn no_bytes_break_the_reader() {
        let bytes = encode(&[Message::event("chunk", &json!({"bytes": "e30="})), Message::event("chunk", &json!({}))]);
        let first = number(&bytes, 0).unwrap();
        for end in 1..bytes.len() {
            let cut = decode(&bytes[..end]);
            assert_eq!(cut.is_ok(), end == first, "{end}: {cut:?}");
        }
        for index in 0..bytes.len() {
            let mut wrong = bytes.to_vec();
            wrong[index] ^= 0x10;
            assert!(decode(&wrong).is_err(), "{index}");
        }
    }
}
