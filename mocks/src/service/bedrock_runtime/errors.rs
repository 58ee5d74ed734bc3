//! The error catalogue of Bedrock's runtime.

use crate::service::Class::{Permanent, Throttling, Transient};
use crate::service::{ALWAYS, ErrorRow, ONCE, line};

/// Where the codes are documented.
const DOC: &str = "bedrock-runtime-api";

pub(super) const ROWS: &[ErrorRow] = &[
    line("ThrottlingException", 429, Throttling, ALWAYS, "S1", "Too many requests, please wait before trying again."),
    // The one error here that its model calls retryable, and no throttle: retried like a server error.
    line("ModelNotReadyException", 429, Transient, ALWAYS, "S1", "The model is not ready for inference."),
    line("InternalServerException", 500, Transient, ALWAYS, DOC, "The service met an internal error."),
    line("InternalFailure", 500, Transient, ALWAYS, DOC, "An unknown failure stopped the request."),
    line("ServiceUnavailableException", 503, Transient, ALWAYS, "S1", "The service cannot answer at the moment."),
    line("ModelTimeoutException", 408, Permanent, ONCE, "S1", "The model took longer than its time limit."),
    line("ModelErrorException", 424, Permanent, ONCE, DOC, "The model failed while it worked on the request."),
    line("ModelStreamErrorException", 424, Permanent, ONCE, DOC, "The model failed while it was streaming its answer."),
    line("ServiceQuotaExceededException", 400, Permanent, ONCE, DOC, "A quota of the account is reached."),
    line("ValidationException", 400, Permanent, ONCE, "S1", "The input does not satisfy the constraints."),
    line("ResourceNotFoundException", 404, Permanent, ONCE, DOC, "The model does not exist."),
    line("ConflictException", 400, Permanent, ONCE, DOC, "The operation conflicts with another one."),
    line("AccessDeniedException", 403, Permanent, ONCE, "S1", "You don't have access to this model."),
    line("ExpiredTokenException", 403, Permanent, ONCE, DOC, "The security token of the request is expired"),
    line("InvalidSignatureException", 403, Permanent, ONCE, DOC, "The signature is not the one expected."),
    line("MissingAuthenticationTokenException", 403, Permanent, ONCE, DOC, "The authentication token is missing."),
    line("UnrecognizedClientException", 403, Permanent, ONCE, DOC, "The security token is not valid."),
    line("UnknownOperationException", 404, Permanent, ONCE, DOC, "The operation is not known."),
];
