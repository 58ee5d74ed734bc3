//! What operations do when no fault stands in their way, and the answers to it.

use std::collections::BTreeSet;

use super::World;
use crate::protocol::{Reply, WireError};
use crate::request::Attempt;
use crate::service::{Done, wire_error_with};

/// What an operation did: its normal answer, not yet dressed for the wire.
pub(super) struct Normal {
    result: Result<Done, WireError>,
    request_id: String,
}

impl Normal {
    /// A good answer of an operation that did not happen: empty, in the right shape.
    pub(super) fn lie(world: &mut World) -> Self {
        let output = serde_json::Value::Object(serde_json::Map::new());
        Self { result: Ok(Done { output, ..Done::default() }), request_id: world.request_id() }
    }

    /// Whether the operation took effect, and not only gave an earlier answer once more.
    pub(super) fn happened(&self) -> bool {
        self.result.as_ref().is_ok_and(|done| !done.again)
    }

    pub(super) fn dress(&self, attempt: &Attempt) -> Reply {
        let (service, protocol) = (attempt.service, attempt.protocol);
        let head = attempt.request.method == http::Method::HEAD;
        match &self.result {
            Ok(done) => {
                let mut reply = protocol.answer(service, &attempt.operation, done, &self.request_id);
                if head {
                    reply.body = bytes::Bytes::new();
                }
                reply.created.clone_from(&done.created);
                reply.unsettled = done.unsettled;
                reply
            }
            Err(error) => protocol.error(service, error, &self.request_id, head),
        }
    }
}

/// The effect of an operation, and its normal answer.
pub(super) fn perform(attempt: &Attempt, world: &mut World, unmodelled: bool) -> Normal {
    let result = if let Some(error) = unreadable(attempt) {
        Err(error)
    } else if unmodelled {
        Err(crate::service::unmodelled_request(attempt))
    } else {
        attempt.service.perform(attempt, world)
    };
    Normal { result, request_id: world.request_id() }
}

/// The answer to a body that is not in its protocol: it is about the body, and not about what it seems to lack.
fn unreadable(attempt: &Attempt) -> Option<WireError> {
    let message = "The body could not be read: it is not one map of members in the protocol of the request.";
    let error = || wire_error_with(attempt.service, "SerializationException", message);
    (!attempt.protocol.reads(&attempt.request)).then(error)
}

/// The same for a batch of which some entries fail: the others happen.
pub(super) fn perform_partly(attempt: &Attempt, world: &mut World, failed: &BTreeSet<usize>, code: &str) -> Normal {
    let Some(batch) = attempt.service.batch(&attempt.operation) else { return perform(attempt, world, false) };
    let (rest, entries) = batch.split(&attempt.params, failed);
    if let Some(error) = unreadable(attempt) {
        return Normal { result: Err(error), request_id: world.request_id() };
    }
    let mut done = if entries.len() == batch.entries(&attempt.params) {
        // Nothing is left that could happen.
        Done::default()
    } else {
        let reduced = Attempt { params: rest, ..attempt.clone() };
        match attempt.service.perform(&reduced, world) {
            Ok(done) => done,
            Err(error) => return Normal { result: Err(error), request_id: world.request_id() },
        }
    };
    batch.merge(&mut done.output, &attempt.params, failed, &entries, code);
    Normal { result: Ok(done), request_id: world.request_id() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{attempt_of, request, world};
    use crate::service::{find, recognise};

    /// The code of the answer to a body, if it is an error.
    fn code(headers: &[(&str, &str)], path: &str, body: &[u8]) -> Option<String> {
        let mut request = request("POST", path, headers, "");
        request.body = bytes::Bytes::copy_from_slice(body);
        let recognised = recognise(&request, find("dynamodb").unwrap());
        perform(&attempt_of(request, recognised), &mut world(), false).result.err().map(|error| error.code)
    }

    #[test]
    fn bodies_that_cannot_be_read_are_said_to_be_so() {
        let unread = Some("SerializationException".to_owned());
        for target in ["DynamoDB_20120810.PutItem", "Kinesis_20131202.ListStreams", "AmazonSQS.SendMessage"] {
            for body in [b"{x".as_slice(), b"[]", b"\xff\xfe", b"{} {}", b"7"] {
                assert_eq!(code(&[("x-amz-target", target)], "/", body), unread, "{target} {body:?}");
            }
        }
        let list = [("x-amz-target", "DynamoDB_20120810.ListTables")];
        assert_eq!((code(&list, "/", b"{}"), code(&list, "/", b"")), (None, None));
        let cbor = [("smithy-protocol", "rpc-v2-cbor")];
        let path = "/service/GraniteServiceVersion20100801/operation/ListMetrics";
        for body in [b"\xff\xff".as_slice(), b"\x80", b"{}"] {
            assert_eq!(code(&cbor, path, body), unread, "{body:?}");
        }
        assert_eq!(code(&cbor, path, b"\xa0"), None);
    }
}
