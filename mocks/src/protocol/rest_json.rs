//! restJson1: REST in, JSON out, the error's code in the header `x-amzn-ErrorType`.

use serde_json::{Map, Value, json};

use super::{Protocol, Reply, WireError};
use crate::service::Service;

const APPLICATION_JSON: &str = "application/json";

pub(super) fn error(service: &dyn Service, error: &WireError, request_id: &str) -> Reply {
    let code = service.wire_code(&error.code, Protocol::RestJson1);
    if error.status < 300 {
        return function_error(error, code, request_id);
    }
    let mut members: Map<String, Value> = error.members.iter().cloned().collect();
    members.insert(service.message_key(&error.code).to_owned(), error.message.clone().into());
    Reply::failed(error, code, APPLICATION_JSON, Value::Object(members).to_string())
        .with("x-amzn-ErrorType", code)
        .with("x-amzn-RequestId", request_id)
}

/// The failure of a Lambda function: the call succeeded, and the payload tells what went wrong.
fn function_error(error: &WireError, code: &str, request_id: &str) -> Reply {
    let body = json!({"errorType": code, "errorMessage": error.message}).to_string();
    Reply::failed(error, code, APPLICATION_JSON, body)
        .with("X-Amz-Function-Error", "Unhandled")
        .with("x-amz-executed-version", "$LATEST")
        .with("x-amzn-RequestId", request_id)
}

/// A null output is an answer without a body, as a 204 must be.
pub(super) fn success(output: &Value, request_id: &str) -> Reply {
    let mut reply = if output.is_null() {
        Reply::ok(200, APPLICATION_JSON, "")
    } else {
        Reply::ok(200, APPLICATION_JSON, output.to_string())
    };
    if reply.body.is_empty() {
        reply.headers.clear();
    }
    reply.with("x-amzn-RequestId", request_id)
}

#[cfg(test)]
mod tests {
    use crate::protocol::Protocol;
    use crate::service::{find, wire_error};

    #[test]
    fn an_error_has_its_bytes() {
        let lambda = find("lambda").unwrap();
        let reply = Protocol::RestJson1.error(lambda, &wire_error(lambda, "TooManyRequestsException"), "id-1", false);
        assert_eq!((reply.status, reply.header("content-type")), (429, Some("application/json")));
        assert_eq!(reply.header("x-amzn-errortype"), Some("TooManyRequestsException"));
        assert_eq!((reply.header("x-amzn-RequestId"), reply.header("retry-after")), (Some("id-1"), None));
        let members: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        let wanted = serde_json::json!({
            "Type": "User", "Reason": "ConcurrentInvocationLimitExceeded", "message": "Rate Exceeded.",
        });
        assert_eq!(members, wanted);
        let bare = Protocol::RestJson1.error(lambda, &wire_error(lambda, "AccessDeniedException"), "id-1", false);
        assert_eq!(bare.body, "{\"message\":\"The user is not authorized to perform this action\"}");
    }

    #[test]
    fn a_failed_function_is_a_successful_call() {
        let lambda = find("lambda").unwrap();
        let reply = Protocol::RestJson1.error(lambda, &wire_error(lambda, "Runtime.ExitError"), "id-1", false);
        assert_eq!((reply.status, reply.header("X-Amz-Function-Error")), (200, Some("Unhandled")));
        assert_eq!(reply.header("x-amzn-ErrorType"), None);
        let members: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(members["errorType"], "Runtime.ExitError");
    }
}
