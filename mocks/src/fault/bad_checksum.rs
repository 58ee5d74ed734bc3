//! The normal answer with a checksum that does not fit its body.
//!
//! As after a bit flipped on the way: DynamoDB's `x-amz-crc32`, S3's `x-amz-checksum-crc32` (where the
//! request asked for checksums) or else its `Content-MD5`, SQS's MD5 of the message. Clients that check
//! try again; those that do not take the answer. The operation has happened.
//!
//! ## Source
//! guidance 2.2 (botocore: DynamoDB `x-amz-crc32` mismatch), 6.3 (`BadDigest`)

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Decision, Effect, Inject};
use crate::request::Attempt;

/// Parameters of `bad_checksum`: none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BadChecksum {}

impl Inject for BadChecksum {
    fn effect(&self) -> Effect {
        Effect::Before
    }

    fn unfit(&self, attempt: &Attempt) -> Option<&'static str> {
        (!attempt.service.checks(&attempt.operation)).then_some("its answer carries no checksum")
    }

    fn decide(&self, _: &mut At<'_>) -> Decision {
        Decision::Corrupt
    }
}
