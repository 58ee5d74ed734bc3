//! Lambda's error catalogue. Failures of the function itself come with status 200 and a header.

use crate::service::Class::{Permanent, Throttling, Transient};
use crate::service::{ALWAYS, ErrorRow, ONCE, line};

/// Where the codes are documented.
const DOC: &str = "lambda-api";

pub(super) const ROWS: &[ErrorRow] = &[
    line("TooManyRequestsException", 429, Throttling, ALWAYS, "S2", "Rate Exceeded."),
    // The same error with each other reason. `concurrency` adds `Retry-After`; elsewhere a scenario does.
    line("CallerRateLimitExceeded", 429, Throttling, ALWAYS, "S2", "Rate Exceeded."),
    line("ConcurrentInvocationLimitExceeded", 429, Throttling, ALWAYS, "S2", "Rate Exceeded."),
    line("ConcurrentSnapshotCreateLimitExceeded", 429, Throttling, ALWAYS, "S2", "Rate Exceeded."),
    line("FunctionInvocationRateLimitExceeded", 429, Throttling, ALWAYS, "S2", "Rate Exceeded."),
    line("ReservedFunctionConcurrentInvocationLimitExceeded", 429, Throttling, ALWAYS, "S2", "Rate Exceeded."),
    line("ReservedFunctionInvocationRateLimitExceeded", 429, Throttling, ALWAYS, "S2", "Rate Exceeded."),
    line("EC2ThrottledException", 502, Throttling, ALWAYS, DOC, "EC2 throttled the set-up of the function."),
    line("ThrottlingException", 400, Throttling, ALWAYS, DOC, "Rate exceeded"),
    line("ResourceConflictException", 409, Permanent, ONCE, "S1", "The operation cannot be performed at this time."),
    line("ResourceNotFoundException", 404, Permanent, ONCE, "S1", "Function not found"),
    line("InvalidParameterValueException", 400, Permanent, ONCE, "S1", "A parameter has a value that is not allowed."),
    line("ServiceException", 500, Transient, ALWAYS, DOC, "Lambda met an internal error."),
    line("ServiceUnavailableException", 503, Transient, ALWAYS, "S1", "The service cannot answer at the moment."),
    line("EC2UnexpectedException", 502, Transient, ALWAYS, DOC, "EC2 answered Lambda in an unexpected way."),
    line("ENILimitReachedException", 502, Transient, ALWAYS, DOC, "The VPC has no network interface left."),
    line("ResourceNotReadyException", 502, Transient, ALWAYS, DOC, "The function's VPC is not ready."),
    line("SnapStartNotReadyException", 409, Permanent, ONCE, DOC, "The function is being prepared."),
    line("CodeStorageExceededException", 400, Permanent, ONCE, DOC, "The account's code storage is full."),
    line("InvalidRequestContentException", 400, Permanent, ONCE, DOC, "The body could not be read as JSON."),
    line("PreconditionFailedException", 412, Permanent, ONCE, DOC, "The revision is not the latest one."),
    line("RequestTooLargeException", 413, Permanent, ONCE, DOC, "The payload is too large."),
    line("UnsupportedMediaTypeException", 415, Permanent, ONCE, DOC, "The body is not JSON."),
    line("AccessDeniedException", 403, Permanent, ONCE, "S1", "The user is not authorized to perform this action"),
    line("ExpiredTokenException", 403, Permanent, ONCE, DOC, "The security token of the request is expired"),
    line("IncompleteSignatureException", 400, Permanent, ONCE, DOC, "The signature lacks a part."),
    line("InvalidSignatureException", 403, Permanent, ONCE, DOC, "The signature is not the one expected."),
    line("MissingAuthenticationTokenException", 403, Permanent, ONCE, DOC, "The authentication token is missing."),
    line("UnrecognizedClientException", 403, Permanent, ONCE, DOC, "The security token is not valid."),
    line("UnknownOperationException", 404, Permanent, ONCE, DOC, "The operation is not known."),
    // What follows is no error of the API: the function ran and failed, and its answer says so.
    line("Runtime.ImportModuleError", 200, Permanent, ONCE, "S1", "Unable to import module 'app'"),
    line("Runtime.HandlerNotFound", 200, Permanent, ONCE, "S1", "The handler is undefined or not exported"),
    line("Runtime.ExitError", 200, Permanent, ONCE, "S1", "The runtime exited before it answered"),
    line("Runtime.Unknown", 200, Permanent, ONCE, "S1", "The runtime failed for an unknown reason"),
];
