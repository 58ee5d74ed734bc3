//! An error in the body of a 200 answer.
//!
//! S3 answers long operations (`CopyObject`, `UploadPartCopy`, `CompleteMultipartUpload`) with a 200
//! before it knows how they end; SDKs look into the body and treat the error as a 500. Elsewhere nothing
//! but the body betrays it, so such an answer counts as a success there.
//!
//! ## Source
//! guidance 2.2 (botocore: S3 200 with an error body), 7 (S3)

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Decision, Inject};

/// Parameters of `error_in_200`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorIn200 {
    /// Error code.
    pub code: String,
    /// Message. Default: from the service's catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The operations whose clients look for an error in a 200.
const LOOKED_INTO: &[&str] = &["CompleteMultipartUpload", "CopyObject", "UploadPartCopy"];

impl Inject for ErrorIn200 {
    fn decide(&self, at: &mut At<'_>) -> Decision {
        let attempt = at.attempt;
        let mut decision = super::error::answer(at, &self.code, None, self.message.as_deref(), None, None);
        if let Decision::Answer(reply) = &mut decision {
            reply.status = 200;
            if attempt.service.id() != "s3" || !LOOKED_INTO.contains(&attempt.operation.as_str()) {
                reply.class = None;
            }
        }
        decision
    }
}
