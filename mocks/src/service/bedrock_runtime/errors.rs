//! The error catalogue of Bedrock's runtime.

use crate::service::Class::{Permanent, Throttling, Transient};
use crate::service::{ErrorRow, line};

/// Measured attempts of an error that no SDK repeats, and of one that all do; JavaScript was not measured.
const ONCE: [u8; 3] = [1, 1, 0];
const ALWAYS: [u8; 3] = [3, 5, 0];

/// Where the codes are documented.
const DOC: &str = "bedrock-runtime-api";

pub(super) const ROWS: &[ErrorRow] = &[
    line("ThrottlingException", 429, Throttling, ALWAYS, "S1", "Too many requests, please wait before trying again."),
    // The one error here that its model calls retryable, and no throttle: retried like a server error.
    line("ModelNotReadyException", 429, Transient, ALWAYS, "S1", "The model is not ready for inference."),
    line("InternalServerException", 500, Transient, [0; 3], DOC, "The service met an internal error."),
    line("InternalFailure", 500, Transient, [0; 3], DOC, "An unknown failure stopped the request."),
    line("ServiceUnavailableException", 503, Transient, [0; 3], "S1", "The service cannot answer at the moment."),
    line("ModelTimeoutException", 408, Permanent, ONCE, "S1", "The model took longer than its time limit."),
    line("ModelErrorException", 424, Permanent, ONCE, DOC, "The model failed while it worked on the request."),
    line("ServiceQuotaExceededException", 400, Permanent, ONCE, DOC, "A quota of the account is reached."),
    line("ValidationException", 400, Permanent, [1, 1, 1], "S1", "The input does not satisfy the constraints."),
    line("ResourceNotFoundException", 404, Permanent, [0; 3], DOC, "The model does not exist."),
    line("ConflictException", 400, Permanent, [0; 3], DOC, "The operation conflicts with another one."),
    line("AccessDeniedException", 403, Permanent, [0; 3], "S1", "You don't have access to this model."),
    line("ExpiredTokenException", 403, Permanent, [0; 3], DOC, "The security token of the request is expired"),
    line("InvalidSignatureException", 403, Permanent, [0; 3], DOC, "The signature is not the one expected."),
    line("MissingAuthenticationTokenException", 403, Permanent, [0; 3], DOC, "The authentication token is missing."),
    line("UnrecognizedClientException", 403, Permanent, [0; 3], DOC, "The security token is not valid."),
    line("UnknownOperationException", 404, Permanent, [0; 3], DOC, "The operation is not known."),
];
