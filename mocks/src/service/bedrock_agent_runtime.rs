//! Amazon Bedrock's agent runtime: restJson1, knowledge bases that know one sentence.

use serde_json::{Value, json};

use super::Class::{Permanent, Throttling, Transient};
use super::{ALWAYS, Done, ErrorRow, ONCE, Operation, Service, line, operation, text, unmodelled};
use crate::endpoint::World;
use crate::protocol::{Protocol, WireError};
use crate::request::Attempt;

/// The service.
#[derive(Debug)]
pub(super) struct BedrockAgentRuntime;

const OPERATIONS: &[Operation] = &[
    operation("Rerank", "POST", "/rerank", false),
    operation("Retrieve", "POST", "/knowledgebases/{knowledgeBaseId}/retrieve", false),
    operation("RetrieveAndGenerate", "POST", "/retrieveAndGenerate", false),
];

/// Where the codes are documented.
const DOC: &str = "bedrock-agent-runtime-api";

const ERRORS: &[ErrorRow] = &[
    line("ThrottlingException", 429, Throttling, ALWAYS, DOC, "Your request rate is too high."),
    line("InternalServerException", 500, Transient, ALWAYS, DOC, "The service met an internal error."),
    line("InternalFailure", 500, Transient, ALWAYS, DOC, "An unknown failure stopped the request."),
    line("BadGatewayException", 502, Transient, ALWAYS, DOC, "Something that the service depends on failed."),
    line("ServiceUnavailable", 503, Transient, ALWAYS, "S1", "The service cannot answer at the moment."),
    line("AccessDeniedException", 403, Permanent, ONCE, "S1", "You are not authorized to use this knowledge base."),
    line("ResourceNotFoundException", 404, Permanent, ONCE, "S1", "The knowledge base does not exist."),
    line("ConflictException", 409, Permanent, ONCE, DOC, "The operation conflicts with another one."),
    line("DependencyFailedException", 424, Permanent, ONCE, DOC, "Something that the request needs failed."),
    line("ModelNotReadyException", 424, Permanent, ONCE, DOC, "The model is not ready for inference."),
    line("ServiceQuotaExceededException", 400, Permanent, ONCE, DOC, "A quota of the account is reached."),
    line("ValidationException", 400, Permanent, ONCE, DOC, "The input does not satisfy the constraints."),
    line("ExpiredTokenException", 403, Permanent, ONCE, DOC, "The security token of the request is expired"),
    line("InvalidSignatureException", 403, Permanent, ONCE, DOC, "The signature is not the one expected."),
    line("MissingAuthenticationTokenException", 403, Permanent, ONCE, DOC, "The authentication token is missing."),
    line("UnrecognizedClientException", 403, Permanent, ONCE, DOC, "The security token is not valid."),
    line("UnknownOperationException", 404, Permanent, ONCE, DOC, "The operation is not known."),
];

/// What every knowledge base knows.
const FACT: &str = "A brownout is a drop in supply that is not yet an outage.";

impl Service for BedrockAgentRuntime {
    fn id(&self) -> &'static str {
        "bedrock-agent-runtime"
    }

    fn title(&self) -> &'static str {
        "Amazon Bedrock agent runtime"
    }

    fn signing_names(&self) -> &'static [&'static str] {
        &["bedrock"]
    }

    fn protocols(&self) -> &'static [Protocol] {
        &[Protocol::RestJson1]
    }

    fn api_version(&self) -> &'static str {
        "2023-07-26"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn errors(&self) -> &'static [ErrorRow] {
        ERRORS
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

    /// The knowledge base.
    fn target(&self, _operation: &str, params: &Value) -> Option<String> {
        let nested = || {
            let configuration = params.get("retrieveAndGenerateConfiguration")?.get("knowledgeBaseConfiguration")?;
            Some(text(configuration, "knowledgeBaseId").to_owned())
        };
        let named = Some(text(params, "knowledgeBaseId").to_owned()).filter(|id| !id.is_empty());
        named.or_else(nested).filter(|id| !id.is_empty())
    }

    fn perform(&self, attempt: &Attempt, world: &mut World) -> Result<Done, WireError> {
        let fact = || {
            json!({
                "content": {"type": "TEXT", "text": FACT},
                "location": {"type": "S3", "s3Location": {"uri": "s3://brownout/facts.txt"}},
            })
        };
        let output = match attempt.operation.as_str() {
            "Retrieve" => {
                let mut result = fact();
                result["score"] = 0.9.into();
                json!({"retrievalResults": [result]})
            }
            "RetrieveAndGenerate" => {
                let session = Some(text(&attempt.params, "sessionId").to_owned()).filter(|s| !s.is_empty());
                json!({
                    "sessionId": session.unwrap_or_else(|| world.request_id()),
                    "output": {"text": FACT},
                    "citations": [{
                        "generatedResponsePart": {"textResponsePart": {"text": FACT, "span": {"start": 0, "end": FACT.len()}}},
                        "retrievedReferences": [fact()],
                    }],
                })
            }
            "Rerank" => {
                let sources = attempt.params.get("sources").and_then(Value::as_array).map_or(0, Vec::len);
                // In the order given, each a little less relevant than the one before.
                let results = (0..sources).map(|i| json!({"index": i, "relevanceScore": 1.0 / (i as f64 + 2.0)}));
                json!({"results": results.collect::<Vec<_>>()})
            }
            other => return Err(unmodelled(self, other)),
        };
        Ok(Done { output, ..Done::default() })
    }
}

#[cfg(test)]
mod tests {
    use crate::service::testing::{Stage, request};

    #[test]
    fn knowledge_bases_are_named_by_path_or_body() {
        let mut stage = Stage::new("bedrock-agent-runtime");
        let ask = r#"{"retrievalQuery":{"text":"what is a brownout?"}}"#;
        let (attempt, done) = stage.send(request("POST", "/knowledgebases/KB1/retrieve", &[], ask));
        assert_eq!((attempt.operation.as_str(), attempt.target.as_deref()), ("Retrieve", Some("KB1")));
        assert_eq!(done.unwrap().output["retrievalResults"][0]["score"], 0.9);
        let ask = r#"{"input":{"text":"?"},"sessionId":"s","retrieveAndGenerateConfiguration":
            {"type":"KNOWLEDGE_BASE","knowledgeBaseConfiguration":{"knowledgeBaseId":"KB2","modelArn":"m"}}}"#;
        let (attempt, done) = stage.send(request("POST", "/retrieveAndGenerate", &[], ask));
        assert_eq!((attempt.target.as_deref(), &done.unwrap().output["sessionId"]), (Some("KB2"), &"s".into()));
        let ranked = stage.send(request("POST", "/rerank", &[], r#"{"sources":[{},{}]}"#)).1.unwrap().output;
        assert_eq!(ranked["results"][1]["index"], 1);
    }
}
