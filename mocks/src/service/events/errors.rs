//! EventBridge's error catalogue. A throttled entry of `PutEvents` comes inside a 200, as its entry's code.

use crate::service::Class::{Permanent, Throttling, Transient};
use crate::service::{ALWAYS, ErrorRow, ONCE, line};

/// Where the codes are documented.
const DOC: &str = "eventbridge-api";

pub(super) const ROWS: &[ErrorRow] = &[
    line("ThrottlingException", 400, Throttling, ALWAYS, DOC, "Rate exceeded"),
    line("LimitExceededException", 400, Throttling, [3, 1, 3], "S1", "The quota of the account is reached."),
    line("InternalException", 500, Transient, ALWAYS, DOC, "The service met an internal error."),
    line("InternalFailure", 500, Transient, ALWAYS, DOC, "An unknown failure stopped the request."),
    line("ServiceUnavailable", 503, Transient, ALWAYS, "S1", "The service cannot answer at the moment."),
    line("ConcurrentModificationException", 400, Permanent, ONCE, DOC, "Another request changes the same rule."),
    line("InvalidEventPatternException", 400, Permanent, ONCE, "S1", "The event pattern is not valid."),
    line("ManagedRuleException", 400, Permanent, ONCE, "S1", "An AWS service manages this rule."),
    line("ResourceNotFoundException", 400, Permanent, ONCE, "S1", "The rule or event bus does not exist."),
    line("ResourceAlreadyExistsException", 400, Permanent, ONCE, DOC, "The resource exists already."),
    line("InvalidStateException", 400, Permanent, ONCE, DOC, "The resource is in the wrong state for this."),
    line("IllegalStatusException", 400, Permanent, ONCE, DOC, "The replay is in the wrong state for this."),
    line("OperationDisabledException", 400, Permanent, ONCE, DOC, "The operation is not available here."),
    line("PolicyLengthExceededException", 400, Permanent, ONCE, DOC, "The policy is too long."),
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
