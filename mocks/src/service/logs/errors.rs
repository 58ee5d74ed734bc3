//! The error catalogue of CloudWatch Logs.

use crate::service::Class::{Permanent, Throttling, Transient};
use crate::service::{ALWAYS, ErrorRow, ONCE, line};

/// Where the codes are documented.
const DOC: &str = "cloudwatch-logs-api";

pub(super) const ROWS: &[ErrorRow] = &[
    line("ThrottlingException", 400, Throttling, ALWAYS, DOC, "Rate exceeded"),
    line("LimitExceededException", 400, Throttling, [3, 1, 3], "S1", "The quota of the account is reached."),
    line("ServiceUnavailableException", 500, Transient, ALWAYS, "S1", "The service cannot answer at the moment."),
    line("InternalServerException", 500, Transient, ALWAYS, DOC, "The service met an internal error."),
    line("InternalFailure", 500, Transient, ALWAYS, DOC, "An unknown failure stopped the request."),
    line("OperationAbortedException", 400, Permanent, ONCE, DOC, "Several requests change the same resource."),
    line("InvalidParameterException", 400, Permanent, ONCE, "S1", "A parameter has a value that is not allowed."),
    line("ResourceNotFoundException", 400, Permanent, ONCE, "S1", "The specified log group does not exist."),
    // The service sends neither any more (guidance 7); clients that know them must not send the batch again.
    line("DataAlreadyAcceptedException", 400, Permanent, ONCE, "S1", "The batch of log events was accepted before."),
    line("InvalidSequenceTokenException", 400, Permanent, ONCE, DOC, "The sequence token is not the expected one."),
    line("ResourceAlreadyExistsException", 400, Permanent, ONCE, DOC, "The resource exists already."),
    line("ConflictException", 400, Permanent, ONCE, DOC, "The resource is in the wrong state for this."),
    line("InvalidOperationException", 400, Permanent, ONCE, DOC, "The operation is not valid on this resource."),
    line("MalformedQueryException", 400, Permanent, ONCE, DOC, "The query cannot be read."),
    line("ServiceQuotaExceededException", 400, Permanent, ONCE, DOC, "A service quota is reached."),
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
