//! Answers that come as a stream of events.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::{ANSWER, ANSWER_TOKENS};
use crate::protocol::event_stream::{EVENT_STREAM, Message, encode};
use crate::request::Attempt;
use crate::service::Done;

/// What may end a stream by the model of the service, by operation, the usual one first.
const EXCEPTIONS: &[(&str, &[&str])] = &[
    (
        "ConverseStream",
        &[
            "modelStreamErrorException",
            "internalServerException",
            "serviceUnavailableException",
            "throttlingException",
            "validationException",
        ],
    ),
    (
        "InvokeModelWithResponseStream",
        &[
            "modelStreamErrorException",
            "internalServerException",
            "modelTimeoutException",
            "serviceUnavailableException",
            "throttlingException",
            "validationException",
        ],
    ),
];

pub(super) fn exceptions(operation: &str) -> &'static [&'static str] {
    EXCEPTIONS.iter().find(|(name, _)| *name == operation).map_or(&[], |(_, exceptions)| exceptions)
}

/// The words of the answer, each with the space before it: a stream gives them one by one.
fn words() -> impl Iterator<Item = String> {
    ANSWER.split(' ').enumerate().map(|(n, word)| if n == 0 { word.to_owned() } else { format!(" {word}") })
}

/// The events of a good answer.
pub(super) fn events(attempt: &Attempt) -> Vec<Message> {
    let tokens = attempt.request.body.len().div_ceil(4);
    if attempt.operation == "ConverseStream" { conversation(tokens) } else { chunks(attempt, tokens) }
}

fn conversation(tokens: usize) -> Vec<Message> {
    let delta = |word| json!({"contentBlockIndex": 0, "delta": {"text": word}});
    let usage = json!({"inputTokens": tokens, "outputTokens": ANSWER_TOKENS, "totalTokens": tokens + ANSWER_TOKENS});
    let mut events = vec![Message::event("messageStart", &json!({"role": "assistant"}))];
    events.extend(words().map(|word| Message::event("contentBlockDelta", &delta(word))));
    events.push(Message::event("contentBlockStop", &json!({"contentBlockIndex": 0})));
    events.push(Message::event("messageStop", &json!({"stopReason": "end_turn"})));
    events.push(Message::event("metadata", &json!({"usage": usage, "metrics": {"latencyMs": 1}})));
    events
}

/// Each chunk is a piece of JSON of the model's own, in Base64. Ours are called as one common family calls them.
fn chunks(attempt: &Attempt, tokens: usize) -> Vec<Message> {
    let start = json!({
        "type": "message_start",
        "message": {"role": "assistant", "model": attempt.target, "usage": {"input_tokens": tokens}},
    });
    let mut pieces = vec![start];
    pieces.extend(words().map(|word| {
        json!({
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": word},
        })
    }));
    pieces.push(json!({
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": ANSWER_TOKENS},
    }));
    pieces.push(json!({"type": "message_stop"}));
    let chunk = |piece: &Value| Message::event("chunk", &json!({"bytes": BASE64_STANDARD.encode(piece.to_string())}));
    pieces.iter().map(chunk).collect()
}

/// The answer that these events are.
pub(super) fn answer(operation: &str, events: &[Message]) -> Done {
    let mut headers = vec![("content-type".to_owned(), EVENT_STREAM.to_owned())];
    if operation == "InvokeModelWithResponseStream" {
        headers.push(("x-amzn-bedrock-content-type".to_owned(), "application/json".to_owned()));
    }
    Done { body: Some(encode(events)), headers, ..Done::default() }
}
