//! CloudWatch's error catalogue, by the codes of the query protocol.

use crate::service::Class::{Permanent, Throttling, Transient};
use crate::service::{ALWAYS, ErrorRow, ONCE, line};

/// Where the codes are documented.
const DOC: &str = "cloudwatch-api";

pub(super) const ROWS: &[ErrorRow] = &[
    line("ThrottlingException", 400, Throttling, ALWAYS, DOC, "Rate exceeded"),
    line("LimitExceededException", 400, Throttling, [3, 1, 3], DOC, "Too many requests of this kind at a time."),
    line("InternalServiceError", 500, Transient, ALWAYS, DOC, "The service met an internal error."),
    line("InternalFailure", 500, Transient, ALWAYS, DOC, "An unknown failure stopped the request."),
    line("ServiceUnavailable", 503, Transient, ALWAYS, "S1", "The service cannot answer at the moment."),
    // A 429 of its own: who goes by the status repeats it, who goes by the code does not.
    line("ConcurrentModificationException", 429, Permanent, [1, 5, 3], DOC, "Several requests change the same alarm."),
    line("InvalidParameterValue", 400, Permanent, ONCE, "S1", "A parameter has a value that is not allowed."),
    line("InvalidParameterCombination", 400, Permanent, ONCE, DOC, "Two parameters exclude each other."),
    line("InvalidParameterInput", 400, Permanent, ONCE, DOC, "The dashboard's body is not valid."),
    line("MissingParameter", 400, Permanent, ONCE, DOC, "A required parameter is missing."),
    line("InvalidFormat", 400, Permanent, ONCE, DOC, "Data was not in the format expected."),
    line("InvalidNextToken", 400, Permanent, ONCE, DOC, "The token for the next page is not valid."),
    line("LimitExceeded", 400, Permanent, ONCE, DOC, "A quota of the account is reached."),
    line("ConflictException", 409, Permanent, ONCE, DOC, "The resource is in the wrong state for this."),
    line("ResourceNotFound", 404, Permanent, ONCE, DOC, "The named resource does not exist."),
    line("ResourceNotFoundException", 404, Permanent, ONCE, DOC, "The named resource does not exist."),
    line("AccessDeniedException", 400, Permanent, ONCE, DOC, "The user is not authorized to perform this action"),
    line("ExpiredTokenException", 400, Permanent, ONCE, DOC, "The security token of the request is expired"),
    line("InvalidSignatureException", 400, Permanent, ONCE, DOC, "The signature is not the one expected."),
    line("MissingAuthenticationTokenException", 400, Permanent, ONCE, DOC, "The authentication token is missing."),
    line("UnrecognizedClientException", 400, Permanent, ONCE, DOC, "The security token is not valid."),
    line("SerializationException", 400, Permanent, ONCE, DOC, "The body could not be read."),
    line("ValidationError", 400, Permanent, ONCE, DOC, "The input does not satisfy the constraints."),
    line("UnknownOperationException", 400, Permanent, ONCE, DOC, "The operation is not known."),
];
