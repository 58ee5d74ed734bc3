//! Smithy's rpc-v2-cbor: service and operation in the path, CBOR in and out, the error's shape id in `__type`.
//!
//! Every answer repeats `smithy-protocol`: without it a client may believe the status alone.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{Protocol, Reply, WireError, cbor, query_error};
use crate::service::Service;

const APPLICATION_CBOR: &str = "application/cbor";

/// The header that names the protocol, and its value.
pub const SMITHY_PROTOCOL: (&str, &str) = ("smithy-protocol", "rpc-v2-cbor");

pub(super) fn error(service: &dyn Service, error: &WireError, request_id: &str) -> Reply {
    let code = service.wire_code(&error.code, Protocol::RpcV2Cbor);
    let mut members = Map::new();
    members.insert("__type".to_owned(), format!("{}{code}", service.error_namespace(code).unwrap_or_default()).into());
    members.insert(service.message_key(&error.code).to_owned(), error.message.clone().into());
    members.extend(error.members.iter().cloned());
    let body = Bytes::from(cbor::encode(&Value::Object(members), service.timestamps()));
    let reply = Reply::failed(error, code, APPLICATION_CBOR, body).with(SMITHY_PROTOCOL.0, SMITHY_PROTOCOL.1);
    query_error(reply.with("x-amzn-RequestId", request_id), service, error)
}

/// A null output is an answer without a body, and then without a type.
pub(super) fn success(service: &dyn Service, output: &Value, request_id: &str) -> Reply {
    let mut reply = if output.is_null() {
        Reply::ok(200, APPLICATION_CBOR, "")
    } else {
        Reply::ok(200, APPLICATION_CBOR, cbor::encode(output, service.timestamps()))
    };
    if reply.body.is_empty() {
        reply.headers.clear();
    }
    reply.with(SMITHY_PROTOCOL.0, SMITHY_PROTOCOL.1).with("x-amzn-RequestId", request_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{find, wire_error};

    #[test]
    fn an_error_has_its_bytes() {
        let cloudwatch = find("cloudwatch").unwrap();
        let reply = Protocol::RpcV2Cbor.error(cloudwatch, &wire_error(cloudwatch, "LimitExceeded"), "id-1", false);
        assert_eq!((reply.status, reply.header("content-type")), (400, Some("application/cbor")));
        assert_eq!(reply.header("smithy-protocol"), Some("rpc-v2-cbor"));
        assert_eq!(reply.header("x-amzn-query-error"), Some("LimitExceeded;Sender"));
        assert_eq!(reply.code.as_deref(), Some("LimitExceededFault"));
        // A map of two pairs, whose first is the text `__type`.
        assert!(reply.body.starts_with(b"\xa2\x66__type"));
        let read = cbor::decode(&reply.body).unwrap();
        let wanted = serde_json::json!({
            "__type": "com.amazonaws.cloudwatch#LimitExceededFault",
            "message": "A quota of the account is reached.",
        });
        assert_eq!(read, wanted);
    }
}
