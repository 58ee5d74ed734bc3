//! What operations do when no fault stands in their way, and the answers to it.

use std::collections::BTreeSet;

use super::World;
use crate::protocol::{Reply, WireError};
use crate::request::Attempt;
use crate::service::Done;

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
                reply
            }
            Err(error) => protocol.error(service, error, &self.request_id, head),
        }
    }
}

/// The effect of an operation, and its normal answer.
pub(super) fn perform(attempt: &Attempt, world: &mut World, unmodelled: bool) -> Normal {
    let result = if unmodelled {
        Err(crate::service::unmodelled_request(attempt))
    } else {
        attempt.service.perform(attempt, world)
    };
    Normal { result, request_id: world.request_id() }
}

/// The same for a batch of which some entries fail: the others happen.
pub(super) fn perform_partly(attempt: &Attempt, world: &mut World, failed: &BTreeSet<usize>, code: &str) -> Normal {
    let Some(batch) = attempt.service.batch(&attempt.operation) else { return perform(attempt, world, false) };
    let (rest, entries) = batch.split(&attempt.params, failed);
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
