//! SQS's error catalogue, by the names of today's model. Throttling arrives as 403.

use crate::service::Class::{Permanent, Throttling, Transient};
use crate::service::{ALWAYS, ErrorRow, ONCE, line};

/// Where the codes are documented.
const DOC: &str = "sqs-api";

pub(super) const ROWS: &[ErrorRow] = &[
    line("RequestThrottled", 403, Throttling, ALWAYS, DOC, "The request was throttled."),
    line("ThrottlingException", 400, Throttling, ALWAYS, DOC, "Rate exceeded"),
    line("KmsThrottled", 400, Permanent, ONCE, DOC, "KMS throttled the request."),
    line("ServiceUnavailable", 503, Transient, ALWAYS, "S1", "The service cannot answer at the moment."),
    line("InternalError", 500, Transient, ALWAYS, "S1", "An internal error has occurred"),
    line("InternalFailure", 500, Transient, ALWAYS, DOC, "An unknown failure stopped the request."),
    line("QueueDoesNotExist", 400, Permanent, ONCE, DOC, "The specified queue does not exist."),
    line("QueueNameExists", 400, Permanent, ONCE, DOC, "A queue of this name exists, with other attributes."),
    line("QueueDeletedRecently", 400, Permanent, ONCE, DOC, "A queue of this name was deleted just now."),
    line("PurgeQueueInProgress", 403, Permanent, ONCE, DOC, "The queue was purged in the last 60 seconds."),
    line("OverLimit", 403, Permanent, ONCE, DOC, "Too many messages are in flight."),
    line("ReceiptHandleIsInvalid", 404, Permanent, ONCE, DOC, "The receipt handle is not valid."),
    line("MessageNotInflight", 400, Permanent, ONCE, DOC, "The message is not in flight."),
    line("InvalidMessageContents", 400, Permanent, ONCE, DOC, "The message holds characters that are not allowed."),
    line("InvalidAttributeName", 400, Permanent, ONCE, DOC, "The attribute does not exist."),
    line("EmptyBatchRequest", 400, Permanent, ONCE, DOC, "The batch holds no entry."),
    line("TooManyEntriesInBatchRequest", 400, Permanent, ONCE, DOC, "The batch holds more than ten entries."),
    line("BatchEntryIdsNotDistinct", 400, Permanent, ONCE, DOC, "Two entries of the batch have the same Id."),
    line("BatchRequestTooLong", 400, Permanent, ONCE, DOC, "The messages of the batch are too long together."),
    line("InvalidBatchEntryId", 400, Permanent, ONCE, DOC, "The Id of a batch entry is not valid."),
    line("UnsupportedOperation", 400, Permanent, ONCE, DOC, "The operation is not supported."),
    line("MissingParameter", 400, Permanent, ONCE, DOC, "A required parameter is missing."),
    line("InvalidParameterValue", 400, Permanent, ONCE, DOC, "A parameter has a value that is not allowed."),
    line("AccessDenied", 403, Permanent, ONCE, "S1", "Access to the resource is denied."),
    line("AccessDeniedException", 403, Permanent, ONCE, DOC, "The user is not authorized to perform this action"),
    line("ExpiredToken", 403, Permanent, ONCE, DOC, "The security token of the request is expired"),
    line("ExpiredTokenException", 403, Permanent, ONCE, DOC, "The security token of the request has expired"),
    line("InvalidClientTokenId", 403, Permanent, ONCE, DOC, "The access key does not exist."),
    line("InvalidSignatureException", 403, Permanent, ONCE, DOC, "The signature is not the one expected."),
    line("SignatureDoesNotMatch", 403, Permanent, ONCE, DOC, "The signature is not the one expected."),
    line("UnrecognizedClientException", 403, Permanent, ONCE, DOC, "The security token is not valid."),
    line("InvalidAction", 400, Permanent, ONCE, DOC, "The action is not valid for this service."),
];
