//! restXml as S3 speaks it: the root of an error is `Error`, and two ids of its own name the request.

use serde_json::Value;

use super::xml::{self, Lists};
use super::{Reply, WireError, opaque};
use crate::service::Service;

const APPLICATION_XML: &str = "application/xml";

pub(super) fn error(error: &WireError, request_id: &str) -> Reply {
    let (id, host) = (short_id(request_id), host_id(request_id));
    let mut body = String::from(xml::PROLOGUE);
    body.push_str("<Error>");
    xml::text(&mut body, "Code", &error.code);
    xml::text(&mut body, "Message", &error.message);
    for (name, value) in &error.members {
        xml::element(&mut body, name, value, Lists::Flat);
    }
    xml::text(&mut body, "RequestId", &id);
    xml::text(&mut body, "HostId", &host);
    body.push_str("</Error>");
    Reply::failed(error, &error.code, APPLICATION_XML, body).with("x-amz-request-id", id).with("x-amz-id-2", host)
}

/// A null output is an answer without a body. Otherwise the output has one member, the root element;
/// arrays repeat their element, as most of S3's lists do.
pub(super) fn success(service: &dyn Service, output: &Value, request_id: &str) -> Reply {
    let mut body = String::new();
    if let Some((root, value)) = output.as_object().and_then(|members| members.iter().next()) {
        xml::start(&mut body, root, service.xml_namespace());
        xml::content(&mut body, value, Lists::Flat);
        xml::close(&mut body, root);
    }
    let mut reply = Reply::ok(200, APPLICATION_XML, body);
    if reply.body.is_empty() {
        reply.headers.clear();
    }
    reply.with("x-amz-request-id", short_id(request_id)).with("x-amz-id-2", host_id(request_id))
}

/// S3's request ids are sixteen capital characters, not UUIDs.
fn short_id(request_id: &str) -> String {
    request_id.chars().filter(char::is_ascii_alphanumeric).take(16).collect::<String>().to_ascii_uppercase()
}

fn host_id(request_id: &str) -> String {
    format!("{}=", opaque(request_id, 75))
}

#[cfg(test)]
mod tests {
    use crate::protocol::Protocol;
    use crate::service::{find, wire_error};

    #[test]
    fn an_error_has_its_bytes() {
        let s3 = find("s3").unwrap();
        let request_id = "01234567-89ab-4def-8123-456789abcdef";
        let reply = Protocol::RestXml.error(s3, &wire_error(s3, "SlowDown"), request_id, false);
        assert_eq!((reply.status, reply.header("content-type")), (503, Some("application/xml")));
        assert_eq!(reply.header("x-amz-request-id"), Some("0123456789AB4DEF"));
        let host = reply.header("x-amz-id-2").unwrap();
        assert_eq!(host.len(), 76);
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message>\
             <RequestId>0123456789AB4DEF</RequestId><HostId>{host}</HostId></Error>"
        );
        assert_eq!(reply.body, body);
        let head = Protocol::RestXml.error(s3, &wire_error(s3, "NoSuchKey"), request_id, true);
        assert_eq!((head.status, head.body.len()), (404, 0));
    }
}
