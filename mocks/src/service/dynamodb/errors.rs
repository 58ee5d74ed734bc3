//! DynamoDB's error catalogue. SDKs make four attempts here where they make three elsewhere.

use crate::service::Class::{Permanent, Throttling, Transient};
use crate::service::{ErrorRow, ONCE, line};

/// Measured attempts of an error that all SDKs repeat.
const ALWAYS: [u8; 3] = [4, 10, 4];

/// Where the codes are documented.
const DOC: &str = "dynamodb-errors";

pub(super) const ROWS: &[ErrorRow] = &[
    line(
        "ProvisionedThroughputExceededException",
        400,
        Throttling,
        ALWAYS,
        "S1",
        "The table's provisioned throughput was exceeded.",
    ),
    line("ThrottlingException", 400, Throttling, ALWAYS, "S1", "Rate of requests exceeds the allowed throughput."),
    line("RequestLimitExceeded", 400, Throttling, [4, 1, 4], "S1", "Throughput exceeds the limit of the account."),
    line("LimitExceededException", 400, Throttling, [4, 1, 4], "S1", "Too many control-plane operations at a time."),
    line("TransactionInProgressException", 400, Throttling, ALWAYS, DOC, "A transaction with this token is running."),
    line(
        "ReplicatedWriteConflictException",
        400,
        Transient,
        [4, 1, 4],
        DOC,
        "Another Region writes to an item of this request.",
    ),
    line("InternalServerError", 500, Transient, ALWAYS, DOC, "The server met an internal error."),
    line("ServiceUnavailable", 503, Transient, ALWAYS, "S1", "The service cannot answer at the moment."),
    line("ValidationException", 400, Permanent, ONCE, "S1", "The input does not satisfy the constraints."),
    line("ConditionalCheckFailedException", 400, Permanent, ONCE, "S1", "The conditional request failed"),
    line("ItemCollectionSizeLimitExceededException", 400, Permanent, ONCE, "S1", "The item collection is too large."),
    line("ResourceNotFoundException", 400, Permanent, ONCE, "S1", "Requested resource not found"),
    line("TransactionConflictException", 400, Permanent, ONCE, DOC, "A transaction is in progress for the item"),
    line("TransactionCanceledException", 400, Permanent, ONCE, DOC, "Transaction cancelled [ConditionalCheckFailed]"),
    line(
        "IdempotentParameterMismatchException",
        400,
        Permanent,
        ONCE,
        DOC,
        "The token was used with other parameters.",
    ),
    line("ResourceInUseException", 400, Permanent, ONCE, DOC, "The resource is in use."),
    line("AccessDeniedException", 400, Permanent, ONCE, DOC, "The user is not authorized to do this"),
    line("UnrecognizedClientException", 400, Permanent, ONCE, DOC, "The security token is not valid."),
    line("MissingAuthenticationTokenException", 400, Permanent, ONCE, DOC, "The authentication token is missing."),
    line("IncompleteSignature", 400, Permanent, ONCE, DOC, "The signature lacks a part."),
    line("InvalidSignatureException", 400, Permanent, ONCE, DOC, "The signature is not the one expected."),
    line("ExpiredTokenException", 400, Permanent, ONCE, DOC, "The security token of the request has expired"),
    line("SerializationException", 400, Permanent, ONCE, DOC, "The body could not be read."),
    line("UnknownOperationException", 400, Permanent, ONCE, DOC, "The operation is not known."),
];
