//! The error catalogue of Kinesis. `PutRecords` throttles records one by one, inside a 200.

use crate::service::Class::{Permanent, Throttling, Transient};
use crate::service::{ALWAYS, ErrorRow, ONCE, line};

/// Where the codes are documented.
const DOC: &str = "kinesis-api";

pub(super) const ROWS: &[ErrorRow] = &[
    line(
        "ProvisionedThroughputExceededException",
        400,
        Throttling,
        ALWAYS,
        "S1",
        "Rate exceeded for shard shardId-000000000000.",
    ),
    line("LimitExceededException", 400, Throttling, ALWAYS, DOC, "Too many requests of this kind at a time."),
    line("ThrottlingException", 400, Throttling, ALWAYS, DOC, "Rate exceeded"),
    // The SDKs' lists do not hold it (guidance 7).
    line("KMSThrottlingException", 400, Permanent, ONCE, DOC, "KMS throttled the request."),
    line("InternalFailureException", 500, Transient, ALWAYS, DOC, "The service met an internal error."),
    line("InternalFailure", 500, Transient, ALWAYS, DOC, "An unknown failure stopped the request."),
    line("ServiceUnavailable", 503, Transient, ALWAYS, "S1", "The service cannot answer at the moment."),
    line("ResourceNotFoundException", 400, Permanent, ONCE, DOC, "The stream does not exist."),
    line("ResourceInUseException", 400, Permanent, ONCE, DOC, "The stream is in use, or exists already."),
    line("InvalidArgumentException", 400, Permanent, ONCE, DOC, "A parameter has a value that is not allowed."),
    line("ExpiredIteratorException", 400, Permanent, ONCE, DOC, "The iterator is older than five minutes."),
    line("ExpiredNextTokenException", 400, Permanent, ONCE, DOC, "The token is older than five minutes."),
    line("KMSAccessDeniedException", 400, Permanent, ONCE, DOC, "KMS denied access to the key."),
    line("KMSDisabledException", 400, Permanent, ONCE, DOC, "The key is disabled."),
    line("KMSInvalidStateException", 400, Permanent, ONCE, DOC, "The key is in the wrong state for this."),
    line("KMSNotFoundException", 400, Permanent, ONCE, DOC, "The key does not exist."),
    line("KMSOptInRequired", 400, Permanent, ONCE, DOC, "The account has no subscription to KMS."),
    line("AccessDeniedException", 400, Permanent, ONCE, DOC, "The user is not authorized to perform this action"),
    line("ExpiredTokenException", 400, Permanent, ONCE, DOC, "The security token of the request is expired"),
    line("IncompleteSignature", 400, Permanent, ONCE, DOC, "The signature lacks a part."),
    line("InvalidSignatureException", 400, Permanent, ONCE, DOC, "The signature is not the one expected."),
    line("MissingAuthenticationTokenException", 400, Permanent, ONCE, DOC, "The authentication token is missing."),
    line("UnrecognizedClientException", 400, Permanent, ONCE, DOC, "The security token is not valid."),
    line("SerializationException", 400, Permanent, ONCE, DOC, "The body could not be read."),
    line("ValidationException", 400, Permanent, ONCE, DOC, "The input does not satisfy the constraints."),
    line("UnknownOperationException", 400, Permanent, ONCE, DOC, "The operation is not known."),
];
