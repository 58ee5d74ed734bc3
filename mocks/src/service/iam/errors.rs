//! IAM's error catalogue, by the codes on the wire; typed clients report the model's shapes, which mostly
//! are the same with `Exception` behind.

use crate::service::Class::{Permanent, Throttling, Transient};
use crate::service::{ALWAYS, ErrorRow, ONCE, line};

/// Where the codes are documented.
const DOC: &str = "iam-api";

pub(super) const ROWS: &[ErrorRow] = &[
    line("Throttling", 400, Throttling, ALWAYS, DOC, "Rate exceeded"),
    line("ServiceUnavailable", 503, Transient, ALWAYS, "S1", "The service cannot answer at the moment."),
    line("ServiceFailure", 500, Transient, ALWAYS, DOC, "The service met an internal error."),
    line("InternalFailure", 500, Transient, ALWAYS, DOC, "An unknown failure stopped the request."),
    line("PolicyEvaluation", 500, Transient, ALWAYS, DOC, "The policy could not be evaluated."),
    line("AccessDenied", 403, Permanent, ONCE, "S1", "The user is not authorized to perform this action"),
    line("SignatureDoesNotMatch", 403, Permanent, ONCE, "S1", "The signature is not the one expected."),
    line("ExpiredToken", 403, Permanent, ONCE, "S1", "The security token of the request is expired"),
    // JavaScript matches the shape's name, `LimitExceededException`, against its throttling codes.
    line("LimitExceeded", 409, Permanent, [1, 1, 3], "S1", "A quota of the account is reached."),
    line(
        "InvalidUserID.NotFound",
        400,
        Permanent,
        ONCE,
        "S1: no code of AWS",
        "The user ID does not exist. (The seed names this code; IAM itself says NoSuchEntity, 404.)",
    ),
    line("NoSuchEntity", 404, Permanent, ONCE, DOC, "The user or role cannot be found."),
    line("EntityAlreadyExists", 409, Permanent, ONCE, DOC, "An entity of this name exists already."),
    line("EntityTemporarilyUnmodifiable", 409, Permanent, ONCE, DOC, "The entity was changed just now."),
    line("ConcurrentModification", 409, Permanent, ONCE, DOC, "Another request changes the same entity."),
    line("DeleteConflict", 409, Permanent, ONCE, DOC, "Something is still attached to the entity."),
    line("InvalidInput", 400, Permanent, ONCE, DOC, "A parameter has a value that is not allowed."),
    line("MalformedPolicyDocument", 400, Permanent, ONCE, DOC, "The policy document is malformed."),
    line("PolicyNotAttachable", 400, Permanent, ONCE, DOC, "The policy cannot be attached to this entity."),
    line("UnmodifiableEntity", 400, Permanent, ONCE, DOC, "Only the service that owns the role may change it."),
    line("NotSupportedService", 404, Permanent, ONCE, DOC, "The service does not support this."),
    line("InvalidClientTokenId", 403, Permanent, ONCE, DOC, "The access key does not exist."),
    line("IncompleteSignature", 400, Permanent, ONCE, DOC, "The signature lacks a part."),
    line("MissingAuthenticationToken", 403, Permanent, ONCE, DOC, "The request has no authentication token."),
    line("OptInRequired", 403, Permanent, ONCE, DOC, "The account has no subscription to this service."),
    line("RequestExpired", 400, Permanent, ONCE, DOC, "The request has expired."),
    line("ValidationError", 400, Permanent, ONCE, DOC, "The input does not satisfy the constraints."),
    line("InvalidAction", 400, Permanent, ONCE, DOC, "The action is not valid for this service."),
];
