//! Error answers, read as the SDK's generated parsers read them; whether to retry is decided by others.
//!
//! What cannot be parsed (an HTML page, half a document) is an error without a code, as in the SDK:
//! then only the status speaks.

use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::{ErrorKind, ProvideErrorKind};
use brownout_mocks::protocol::{Protocol, SMITHY_PROTOCOL, cbor};
use serde_json::Value;

/// An error answer of a service. No generated error says more to the retry classifiers.
#[derive(Debug)]
pub(super) struct ServiceError {
    meta: ErrorMetadata,
    modelled: Option<ErrorKind>,
}

/// Errors that their service's model calls retryable, none of them as a throttle (guidance 2.2). Generated
/// errors hand that on; other codes go by the classifiers' lists.
const MODELLED_AS_RETRYABLE: &[(&str, &str)] =
    &[("bedrock-runtime", "ModelNotReadyException"), ("dynamodb", "ReplicatedWriteConflictException")];

impl std::fmt::Display for ServiceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.meta.fmt(f)
    }
}

impl std::error::Error for ServiceError {}

impl ProvideErrorMetadata for ServiceError {
    fn meta(&self) -> &ErrorMetadata {
        &self.meta
    }
}

impl ProvideErrorKind for ServiceError {
    fn retryable_error_kind(&self) -> Option<ErrorKind> {
        self.modelled
    }

    fn code(&self) -> Option<&str> {
        self.meta.code()
    }
}

impl ServiceError {
    /// Reads code and message of an error answer.
    pub(super) fn read(service: &str, protocol: Protocol, status: u16, headers: &Headers, body: &[u8]) -> Self {
        let (code, message) = match protocol {
            Protocol::Ec2Query | Protocol::AwsQuery | Protocol::RestXml => xml(body),
            Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RestJson1 | Protocol::ApiGateway => {
                json(headers, serde_json::from_slice(body).ok(), body.is_empty())
            }
            // Without the protocol's mark only the status may be believed.
            Protocol::RpcV2Cbor if headers.get(SMITHY_PROTOCOL.0) != Some(SMITHY_PROTOCOL.1) => (None, None),
            Protocol::RpcV2Cbor => json(headers, cbor::decode(body), body.is_empty()),
        };
        // S3 answers HEAD without a body, and its SDK names the one error that it can tell by the status.
        let head = protocol == Protocol::RestXml && status == 404 && body.is_empty();
        let listed = |code: &str| MODELLED_AS_RETRYABLE.contains(&(service, code));
        let modelled = code.as_deref().is_some_and(listed).then_some(ErrorKind::ClientError);
        let mut meta = ErrorMetadata::builder();
        if let Some(code) = code.or_else(|| head.then(|| "NotFound".to_owned())) {
            meta = meta.code(code);
        }
        if let Some(message) = message {
            meta = meta.message(message);
        }
        Self { meta: meta.build(), modelled }
    }
}

type CodeAndMessage = (Option<String>, Option<String>);

fn json(headers: &Headers, document: Option<Value>, empty: bool) -> CodeAndMessage {
    let document = match document {
        Some(document) => document,
        None if empty => Value::Null,
        None => return (None, None),
    };
    let text = |keys: &[&str]| keys.iter().find_map(|key| document.get(key)?.as_str().map(str::to_owned));
    // Services that once spoke the query protocol keep their old codes in this header.
    let query = headers.get("x-amzn-query-error").and_then(|v| v.split_once(';')).map(|(code, _)| code.to_owned());
    let named = || headers.get("x-amzn-errortype").map(str::to_owned).or_else(|| text(&["code", "__type"]));
    let code = query.or_else(|| named().map(|code| bare(&code).to_owned()));
    (code, text(&["message", "Message", "errorMessage"]))
}

/// A code without its namespace and without the URL that may follow it.
fn bare(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or(code);
    code.split_once('#').map_or(code, |(_, code)| code)
}

fn xml(body: &[u8]) -> CodeAndMessage {
    let Ok(text) = std::str::from_utf8(body) else { return (None, None) };
    let Some((_, error)) = text.split_once("<Error>").or_else(|| text.split_once("<Error ")) else {
        return (None, None);
    };
    let member = |name: &str| {
        let (_, rest) = error.split_once(&format!("<{name}>"))?;
        let (value, _) = rest.split_once(&format!("</{name}>"))?;
        let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
        Some(entities.iter().fold(value.trim().to_owned(), |text, (entity, c)| text.replace(entity, c)))
    };
    (member("Code"), member("Message"))
}

/// Whether a good status hides an error, as S3's can (`CopyObject`, `CompleteMultipartUpload`).
pub(super) fn is_error_document(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    let root = match body.strip_prefix(b"<?xml") {
        Some(rest) => rest.iter().position(|b| *b == b'>').map_or(&b""[..], |end| rest[end + 1..].trim_ascii_start()),
        None => body,
    };
    root.starts_with(b"<Error>") || root.starts_with(b"<Error ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(protocol: Protocol, headers: &[(&'static str, &'static str)], body: &str) -> Option<String> {
        let mut map = Headers::new();
        for (name, value) in headers {
            map.insert(*name, *value);
        }
        ServiceError::read("", protocol, 400, &map, body.as_bytes()).meta().code().map(str::to_owned)
    }

    #[test]
    fn json_codes_come_from_header_or_body() {
        let json = Protocol::AwsJson10;
        let typed = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"m"}"#;
        assert_eq!(code(json, &[], typed).as_deref(), Some("ThrottlingException"));
        assert_eq!(code(json, &[("x-amzn-errortype", "Foo:http://x/")], typed).as_deref(), Some("Foo"));
        assert_eq!(code(json, &[], r#"{"code":"A","__type":"B"}"#).as_deref(), Some("A"));
        assert_eq!(code(json, &[("x-amzn-query-error", "Old.Code;Sender")], typed).as_deref(), Some("Old.Code"));
        assert_eq!(code(json, &[("x-amzn-errortype", "Foo")], "").as_deref(), Some("Foo"));
    }

    #[test]
    fn xml_codes_come_from_the_error_element() {
        let ec2 = "<?xml version=\"1.0\"?><Response><Errors><Error><Code>RequestLimitExceeded</Code>\
            <Message>a &amp; b</Message></Error></Errors><RequestID>r</RequestID></Response>";
        let error = ServiceError::read("ec2", Protocol::Ec2Query, 503, &Headers::new(), ec2.as_bytes());
        assert_eq!((error.meta().code(), error.meta().message()), (Some("RequestLimitExceeded"), Some("a & b")));
        assert_eq!(code(Protocol::RestXml, &[], "<Error><Code>SlowDown</Code></Error>").as_deref(), Some("SlowDown"));
        let head = ServiceError::read("s3", Protocol::RestXml, 404, &Headers::new(), b"");
        assert_eq!(head.meta().code(), Some("NotFound"));
    }

    #[test]
    fn what_cannot_be_parsed_has_no_code() {
        for body in
            ["", "<html><h1>503</h1></html>", "{\"__type\":\"Thrott", "<Error><Code>Slow", "null", "\"x\"", "\u{0}"]
        {
            for protocol in
                [Protocol::AwsJson10, Protocol::RestXml, Protocol::Ec2Query, Protocol::AwsQuery, Protocol::RestJson1]
            {
                assert_eq!(code(protocol, &[], body), None, "{protocol:?} {body}");
            }
        }
        let html = "<html></html>";
        assert_eq!(code(Protocol::AwsJson10, &[("x-amzn-errortype", "Foo")], html), None, "the SDK stops at the body");
    }

    #[test]
    fn cbor_is_believed_only_with_its_mark() {
        let body = cbor::encode(&serde_json::json!({"__type": "com.amazonaws.cloudwatch#LimitExceededFault"}), &[]);
        let read = |headers: &[(&'static str, &'static str)]| {
            let mut map = Headers::new();
            for (name, value) in headers {
                map.insert(*name, *value);
            }
            let error = ServiceError::read("cloudwatch", Protocol::RpcV2Cbor, 400, &map, &body);
            error.meta().code().map(str::to_owned)
        };
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[SMITHY_PROTOCOL]).as_deref(), Some("LimitExceededFault"));
        let query = ("x-amzn-query-error", "LimitExceeded;Sender");
        assert_eq!(read(&[SMITHY_PROTOCOL, query]).as_deref(), Some("LimitExceeded"));
    }

    #[test]
    fn some_errors_are_modelled_as_retryable() {
        let body = b"{\"__type\":\"ModelNotReadyException\"}";
        let kind = |service| {
            let error = ServiceError::read(service, Protocol::RestJson1, 429, &Headers::new(), body);
            error.retryable_error_kind()
        };
        assert_eq!((kind("bedrock-runtime"), kind("lambda")), (Some(ErrorKind::ClientError), None));
    }

    #[test]
    fn errors_in_good_answers_are_seen() {
        assert!(is_error_document(b"<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>"));
        assert!(!is_error_document(b"<?xml version=\"1.0\"?><CopyObjectResult/>"));
        assert!(!is_error_document(b"<?xml"));
        assert!(!is_error_document(b""));
    }
}
