//! Amazon Bedrock's runtime: restJson1 and event streams, models that give a short answer of their own.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Done, ErrorRow, Operation, Service, operation, text, unmodelled, wire_error_with};
use crate::endpoint::World;
use crate::protocol::event_stream::Message;
use crate::protocol::{Protocol, WireError};
use crate::request::Attempt;

mod errors;
mod stream;

/// The service.
#[derive(Debug)]
pub(super) struct BedrockRuntime;

const OPERATIONS: &[Operation] = &[
    operation("Converse", "POST", "/model/{modelId}/converse", false),
    operation("ConverseStream", "POST", "/model/{modelId}/converse-stream", false),
    operation("CountTokens", "POST", "/model/{modelId}/count-tokens", false),
    operation("InvokeModel", "POST", "/model/{modelId}/invoke", false),
    operation("InvokeModelWithResponseStream", "POST", "/model/{modelId}/invoke-with-response-stream", false),
];

/// What every model says.
const ANSWER: &str = "This is brownout speaking.";

/// Tokens of [`ANSWER`], by a rule of thumb: four letters a token.
const ANSWER_TOKENS: usize = ANSWER.len().div_ceil(4);

impl Service for BedrockRuntime {
    fn id(&self) -> &'static str {
        "bedrock-runtime"
    }

    fn title(&self) -> &'static str {
        "Amazon Bedrock runtime"
    }

    fn signing_names(&self) -> &'static [&'static str] {
        &["bedrock"]
    }

    fn protocols(&self) -> &'static [Protocol] {
        &[Protocol::RestJson1]
    }

    fn api_version(&self) -> &'static str {
        "2023-09-30"
    }

    fn error_members(&self, code: &str) -> Vec<(String, Value)> {
        match code {
            // What the model's own server said.
            "ModelErrorException" | "ModelStreamErrorException" => vec![("originalStatusCode".to_owned(), 500.into())],
            _ => Vec::new(),
        }
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn errors(&self) -> &'static [ErrorRow] {
        errors::ROWS
    }

    fn throttle_code(&self, _operation: &str) -> &'static str {
        "ThrottlingException"
    }

    fn not_found_code(&self, _operation: &str, _target: &str) -> &'static str {
        "ResourceNotFoundException"
    }

    fn unmodelled_code(&self) -> &'static str {
        "UnknownOperationException"
    }

    fn stream_exceptions(&self, operation: &str) -> &'static [&'static str] {
        stream::exceptions(operation)
    }

    fn stream(&self, attempt: &Attempt) -> Vec<Message> {
        stream::events(attempt)
    }

    fn stream_answer(&self, attempt: &Attempt, events: &[Message]) -> Done {
        stream::answer(&attempt.operation, events)
    }

    /// The model.
    fn target(&self, _operation: &str, params: &Value) -> Option<String> {
        Some(text(params, "modelId").to_owned()).filter(|model| !model.is_empty())
    }

    fn perform(&self, attempt: &Attempt, _world: &mut World) -> Result<Done, WireError> {
        let tokens = attempt.request.body.len().div_ceil(4);
        let output = match attempt.operation.as_str() {
            "Converse" | "ConverseStream" if !attempt.params.get("messages").is_some_and(Value::is_array) => {
                return Err(wire_error_with(self, "ValidationException", "messages is missing"));
            }
            "Converse" => json!({
                "output": {"message": {"role": "assistant", "content": [{"text": ANSWER}]}},
                "stopReason": "end_turn",
                "usage": {
                    "inputTokens": tokens,
                    "outputTokens": ANSWER_TOKENS,
                    "totalTokens": tokens + ANSWER_TOKENS,
                },
                "metrics": {"latencyMs": 1},
            }),
            "CountTokens" => json!({"inputTokens": tokens}),
            "ConverseStream" | "InvokeModelWithResponseStream" => {
                return Ok(stream::answer(&attempt.operation, &stream::events(attempt)));
            }
            "InvokeModel" => return Ok(invoke(attempt, tokens)),
            other => return Err(unmodelled(self, other)),
        };
        Ok(Done { output, ..Done::default() })
    }
}

/// The body is the model's own business. Ours has the members that the common families read.
fn invoke(attempt: &Attempt, tokens: usize) -> Done {
    let body = json!({
        "type": "message",
        "role": "assistant",
        "model": attempt.target,
        "content": [{"type": "text", "text": ANSWER}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": tokens, "output_tokens": ANSWER_TOKENS},
        "results": [{"outputText": ANSWER, "tokenCount": ANSWER_TOKENS, "completionReason": "FINISH"}],
        "inputTextTokenCount": tokens,
        "generation": ANSWER,
    });
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("x-amzn-bedrock-input-token-count", tokens.to_string()),
        ("x-amzn-bedrock-output-token-count", ANSWER_TOKENS.to_string()),
        ("x-amzn-bedrock-invocation-latency", "1".to_owned()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Done { body: Some(Bytes::from(body.to_string())), headers, ..Done::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::protocol::event_stream::{EVENT_STREAM, decode};
    use crate::service::testing::{Stage, request};

    const SCOPE: (&str, &str) = (
        "authorization",
        "AWS4-HMAC-SHA256 Credential=AKIABROWNOUT00000000/20260101/us-east-1/bedrock/aws4_request, Signature=0",
    );

    #[test]
    fn a_request_of_boto3_is_recognised_and_answered() {
        let mut stage = Stage::new("ec2");
        let ask = request("POST", "/model/anthropic.claude-v2%3A1/invoke", &[SCOPE], "{\"max_tokens\":1}");
        let (attempt, done) = stage.send(ask.clone());
        assert_eq!((attempt.service.id(), attempt.operation.as_str()), ("bedrock-runtime", "InvokeModel"));
        assert_eq!(attempt.target.as_deref(), Some("anthropic.claude-v2:1"));
        assert!(done.unwrap().body.is_some());
        assert_eq!(stage.reply(ask).header("x-amzn-bedrock-input-token-count"), Some("4"));
        let talk = r#"{"messages":[{"role":"user","content":[{"text":"hello"}]}]}"#;
        let output = stage.send(request("POST", "/model/m/converse", &[SCOPE], talk)).1.unwrap().output;
        assert_eq!(output["output"]["message"]["role"], "assistant");
        assert_eq!(stage.reply(request("POST", "/model/m/converse", &[SCOPE], "{}")).status, 400);
    }

    #[test]
    fn an_answer_may_come_as_a_stream() {
        let mut stage = Stage::new("bedrock-runtime");
        let talk = r#"{"messages":[{"role":"user","content":[{"text":"hello"}]}]}"#;
        let reply = stage.reply(request("POST", "/model/m/converse-stream", &[SCOPE], talk));
        assert_eq!(reply.header("content-type"), Some(EVENT_STREAM));
        let events = decode(&reply.body).unwrap();
        let text: String = events
            .iter()
            .filter(|e| e.header(":event-type") == Some("contentBlockDelta"))
            .map(|e| serde_json::from_slice::<Value>(&e.payload).unwrap()["delta"]["text"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(text, super::ANSWER);
        assert_eq!(events.last().unwrap().header(":event-type"), Some("metadata"));
        let reply = stage.reply(request("POST", "/model/m/invoke-with-response-stream", &[SCOPE], "{}"));
        assert!(decode(&reply.body).unwrap().iter().all(|e| e.header(":event-type") == Some("chunk")));
    }

    #[test]
    fn two_services_share_one_signing_name() {
        let mut stage = Stage::new("ec2");
        let (attempt, _) = stage.send(request("POST", "/knowledgebases/KB1/retrieve", &[SCOPE], "{}"));
        assert_eq!((attempt.service.id(), attempt.target.as_deref()), ("bedrock-agent-runtime", Some("KB1")));
    }
}
