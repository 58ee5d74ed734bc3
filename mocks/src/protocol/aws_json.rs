//! awsJson 1.0 and 1.1: `X-Amz-Target` in, JSON out, the error's shape id in `__type`.

use serde_json::{Map, Value};

use super::{Protocol, Reply, WireError, query_error};
use crate::service::Service;

pub(super) fn error(protocol: Protocol, service: &dyn Service, error: &WireError, request_id: &str) -> Reply {
    let code = service.wire_code(&error.code, protocol);
    let shape = service.error_namespace(code).map_or_else(|| code.to_owned(), |ns| format!("{ns}{code}"));
    let mut members = Map::new();
    members.insert("__type".to_owned(), shape.into());
    members.insert(service.message_key(&error.code).to_owned(), error.message.clone().into());
    members.extend(error.members.iter().cloned());
    let body = Value::Object(members).to_string();
    let reply = Reply::failed(error, code, content_type(protocol), body).with("x-amzn-RequestId", request_id);
    query_error(reply, service, error)
}

pub(super) fn success(protocol: Protocol, output: &Value, request_id: &str) -> Reply {
    let body = if output.is_null() { "{}".to_owned() } else { output.to_string() };
    Reply::ok(200, content_type(protocol), body).with("x-amzn-RequestId", request_id)
}

fn content_type(protocol: Protocol) -> &'static str {
    if protocol == Protocol::AwsJson11 { "application/x-amz-json-1.1" } else { "application/x-amz-json-1.0" }
}

#[cfg(test)]
mod tests {
    use crate::protocol::Protocol;
    use crate::service::{find, wire_error};

    #[test]
    fn an_error_has_its_bytes() {
        let dynamodb = find("dynamodb").unwrap();
        let reply = Protocol::AwsJson10.error(dynamodb, &wire_error(dynamodb, "ThrottlingException"), "id-1", false);
        assert_eq!((reply.status, reply.header("content-type")), (400, Some("application/x-amz-json-1.0")));
        assert_eq!((reply.header("x-amzn-RequestId"), reply.header("x-amzn-query-error")), (Some("id-1"), None));
        let body = "{\"__type\":\"com.amazon.coral.availability#ThrottlingException\",\
                    \"message\":\"Rate of requests exceeds the allowed throughput.\"}";
        assert_eq!(reply.body, body);
        let other =
            Protocol::AwsJson11.error(dynamodb, &wire_error(dynamodb, "ResourceNotFoundException"), "id-1", false);
        assert_eq!(other.header("content-type"), Some("application/x-amz-json-1.1"));
        assert!(other.body.starts_with(b"{\"__type\":\"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException\""));
    }

    #[test]
    fn the_queue_service_still_names_the_old_code() {
        let sqs = find("sqs").unwrap();
        let reply = Protocol::AwsJson10.error(sqs, &wire_error(sqs, "QueueDoesNotExist"), "id-1", false);
        assert_eq!(reply.header("x-amzn-query-error"), Some("AWS.SimpleQueueService.NonExistentQueue;Sender"));
        let body =
            "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\",\"message\":\"The specified queue does not exist.\"}";
        assert_eq!(reply.body, body);
    }
}
