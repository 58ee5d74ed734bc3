//! awsQuery: form in, XML out, for STS and for SQS clients that do not yet speak JSON.

use serde_json::Value;

use super::xml::{self, Lists};
use super::{Protocol, Reply, WireError};
use crate::service::Service;

/// What the query services send as the type of every document.
const TEXT_XML: &str = "text/xml;charset=UTF-8";

pub(super) fn error(service: &dyn Service, error: &WireError, request_id: &str) -> Reply {
    let code = service.wire_code(&error.code, Protocol::AwsQuery);
    let fault = if error.status < 500 { "Sender" } else { "Receiver" };
    let mut body = String::new();
    xml::start(&mut body, "ErrorResponse", service.xml_namespace());
    xml::open(&mut body, "Error");
    xml::text(&mut body, "Type", fault);
    xml::text(&mut body, "Code", code);
    xml::text(&mut body, "Message", &error.message);
    for (name, value) in &error.members {
        xml::element(&mut body, name, value, Lists::Flat);
    }
    body.push_str("</Error>");
    xml::text(&mut body, "RequestId", request_id);
    body.push_str("</ErrorResponse>");
    Reply::failed(error, code, TEXT_XML, body).with("x-amzn-RequestId", request_id)
}

/// Services hand their output as the query protocol spells it: arrays repeat their element.
pub(super) fn success(operation: &str, service: &dyn Service, output: &Value, request_id: &str) -> Reply {
    let (mut body, root, result) = (String::new(), format!("{operation}Response"), format!("{operation}Result"));
    xml::start(&mut body, &root, service.xml_namespace());
    if output.as_object().is_some_and(|members| !members.is_empty()) {
        xml::open(&mut body, &result);
        xml::content(&mut body, output, Lists::Flat);
        xml::close(&mut body, &result);
    }
    xml::open(&mut body, "ResponseMetadata");
    xml::text(&mut body, "RequestId", request_id);
    xml::close(&mut body, "ResponseMetadata");
    xml::close(&mut body, &root);
    Reply::ok(200, TEXT_XML, body).with("x-amzn-RequestId", request_id)
}

#[cfg(test)]
mod tests {
    use crate::protocol::Protocol;
    use crate::service::{find, wire_error};

    #[test]
    fn an_error_has_its_bytes() {
        let sts = find("sts").unwrap();
        let reply = Protocol::AwsQuery.error(sts, &wire_error(sts, "Throttling"), "id-1", false);
        assert_eq!((reply.status, reply.code.as_deref()), (400, Some("Throttling")));
        assert_eq!(reply.header("content-type"), Some("text/xml;charset=UTF-8"));
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                    <ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                    <Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>id-1</RequestId></ErrorResponse>";
        assert_eq!(reply.body, body);
    }

    #[test]
    fn the_queue_service_uses_its_long_codes() {
        let sqs = find("sqs").unwrap();
        let reply = Protocol::AwsQuery.error(sqs, &wire_error(sqs, "QueueDoesNotExist"), "id-1", false);
        assert_eq!(reply.code.as_deref(), Some("AWS.SimpleQueueService.NonExistentQueue"));
        let receiver = Protocol::AwsQuery.error(sqs, &wire_error(sqs, "InternalError"), "id-1", false);
        assert!(String::from_utf8_lossy(&receiver.body).contains("<Type>Receiver</Type>"));
    }

    #[test]
    fn an_answer_without_members_has_no_result() {
        let reply = Protocol::AwsQuery.success(find("sqs").unwrap(), "DeleteQueue", &serde_json::Value::Null, "id-1");
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                    <DeleteQueueResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><ResponseMetadata>\
                    <RequestId>id-1</RequestId></ResponseMetadata></DeleteQueueResponse>";
        assert_eq!(reply.body, body);
    }
}
