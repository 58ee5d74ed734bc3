//! What API Gateway's data plane says by itself: gateway responses, as plain HTTP clients see them.

use serde_json::{Map, Value};

use super::{Protocol, Reply, WireError, opaque};
use crate::service::Service;

const APPLICATION_JSON: &str = "application/json";

pub(super) fn error(service: &dyn Service, error: &WireError, request_id: &str) -> Reply {
    let kind = service.wire_code(&error.code, Protocol::ApiGateway);
    let reply = Reply::failed(error, kind, APPLICATION_JSON, body(service, kind, error));
    with_ids(reply, request_id).with("x-amzn-ErrorType", kind)
}

pub(super) fn success(output: &Value, request_id: &str) -> Reply {
    with_ids(Reply::ok(200, APPLICATION_JSON, output.to_string()), request_id)
}

/// The gateway's own id is base64 for URLs: captured ones have `-` and `_`, never `+` or `/`.
fn with_ids(reply: Reply, request_id: &str) -> Reply {
    let id = opaque(request_id, 15).replace('+', "-").replace('/', "_");
    reply.with("x-amzn-RequestId", request_id).with("x-amz-apigw-id", format!("{id}="))
}

/// The body. Captured answers of the integration and of the request validator have a space after the
/// colon, all others none (guidance 5.1); clients that tell the two 429s apart compare bytes.
fn body(service: &dyn Service, kind: &str, error: &WireError) -> String {
    let key = service.message_key(&error.code);
    let message = if error.message.is_empty() { Value::Null } else { error.message.clone().into() };
    if !error.members.is_empty() {
        let mut members: Map<String, Value> = error.members.iter().cloned().collect();
        members.insert(key.to_owned(), message);
        return Value::Object(members).to_string();
    }
    let space = if matches!(kind, "InternalServerErrorException" | "BadRequestException") { " " } else { "" };
    format!("{{{}:{space}{message}}}", Value::from(key))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::protocol::Protocol;
    use crate::service::{find, wire_error};

    #[test]
    fn errors_have_their_bytes() {
        let gateway = find("execute-api").unwrap();
        for (code, status, kind, body) in [
            ("TooManyRequestsException", 429, "TooManyRequestsException", "{\"message\":\"Too Many Requests\"}"),
            ("LimitExceededException", 429, "LimitExceededException", "{\"message\":\"Limit Exceeded\"}"),
            (
                "INTEGRATION_TIMEOUT",
                504,
                "InternalServerErrorException",
                "{\"message\": \"Endpoint request timed out\"}",
            ),
            (
                "MALFORMED_PROXY_RESPONSE",
                502,
                "InternalServerErrorException",
                "{\"message\": \"Internal server error\"}",
            ),
            ("ForbiddenException", 403, "ForbiddenException", "{\"message\":\"Forbidden\"}"),
            ("AuthorizerConfigurationException", 500, "AuthorizerConfigurationException", "{\"message\":null}"),
            (
                "AccessDeniedException",
                403,
                "AccessDeniedException",
                "{\"Message\":\"User is not authorized to access this resource\"}",
            ),
        ] {
            let reply = Protocol::ApiGateway.error(gateway, &wire_error(gateway, code), "id-1", false);
            assert_eq!((reply.status, reply.header("x-amzn-ErrorType")), (status, Some(kind)), "{code}");
            assert_eq!(reply.body, body, "{code}");
            assert_eq!((reply.header("x-amzn-RequestId"), reply.header("retry-after")), (Some("id-1"), None));
            assert_eq!(reply.header("x-amz-apigw-id").map(str::len), Some(16));
        }
    }
    #[test]
    fn the_gateway_id_is_base64_for_urls() {
        let ids = (0..200)
            .filter_map(|n| super::success(&Value::Null, &n.to_string()).header("x-amz-apigw-id").map(str::to_owned));
        let ids: Vec<String> = ids.collect();
        assert!(ids.iter().all(|id| id.len() == 16 && id.ends_with('=') && !id.contains(['+', '/'])));
        assert!(ids.iter().any(|id| id.contains(['-', '_'])));
    }
}
