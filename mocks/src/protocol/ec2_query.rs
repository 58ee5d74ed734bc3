//! ec2Query: EC2's own spelling of the query protocol. `RequestID` has a capital D in errors and none in answers.

use serde_json::Value;

use super::xml::{self, Lists};
use super::{Reply, WireError};
use crate::service::Service;

/// What EC2 sends as the type of every document.
const TEXT_XML: &str = "text/xml;charset=UTF-8";

pub(super) fn error(error: &WireError, request_id: &str) -> Reply {
    let mut body = String::from(xml::PROLOGUE);
    body.push_str("<Response><Errors><Error>");
    xml::text(&mut body, "Code", &error.code);
    xml::text(&mut body, "Message", &error.message);
    for (name, value) in &error.members {
        xml::element(&mut body, name, value, Lists::Flat);
    }
    body.push_str("</Error></Errors>");
    xml::text(&mut body, "RequestID", request_id);
    body.push_str("</Response>");
    Reply::failed(error, &error.code, TEXT_XML, body).with("x-amzn-RequestId", request_id)
}

pub(super) fn success(operation: &str, service: &dyn Service, output: &Value, request_id: &str) -> Reply {
    let (mut body, root) = (String::new(), format!("{operation}Response"));
    xml::start(&mut body, &root, service.xml_namespace());
    xml::text(&mut body, "requestId", request_id);
    xml::content(&mut body, output, Lists::Wrapped("item"));
    xml::close(&mut body, &root);
    Reply::ok(200, TEXT_XML, body).with("x-amzn-RequestId", request_id)
}

#[cfg(test)]
mod tests {
    use crate::protocol::Protocol;
    use crate::service::{find, wire_error};

    #[test]
    fn an_error_has_its_bytes() {
        let ec2 = find("ec2").unwrap();
        let mut error = wire_error(ec2, "RequestLimitExceeded");
        error.message = "a < b".to_owned();
        let reply = Protocol::Ec2Query.error(ec2, &error, "id-1", false);
        assert_eq!(reply.status, 503);
        assert_eq!(reply.header("Content-Type"), Some("text/xml;charset=UTF-8"));
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>RequestLimitExceeded</Code>\
                    <Message>a &lt; b</Message></Error></Errors><RequestID>id-1</RequestID></Response>";
        assert_eq!(reply.body, body);
    }

    #[test]
    fn an_answer_wraps_its_lists() {
        let output = serde_json::json!({"volumeSet": [{"volumeId": "vol-1"}], "none": []});
        let reply = Protocol::Ec2Query.success(find("ec2").unwrap(), "DescribeVolumes", &output, "id-1");
        let text = String::from_utf8(reply.body.to_vec()).unwrap();
        assert!(text.contains(
            "<DescribeVolumesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>id-1</requestId>"
        ));
        assert!(text.contains("<volumeSet><item><volumeId>vol-1</volumeId></item></volumeSet>"));
        assert!(text.contains("<none></none>"));
    }
}
