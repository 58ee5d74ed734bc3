//! SQS's error catalogue, by the names of today's model. Throttling arrives as 403.

use crate::service::Class::{Permanent, Throttling, Transient};
use crate::service::{ErrorRow, line};

/// Where the codes are documented.
const DOC: &str = "sqs-api";

pub(super) const ROWS: &[ErrorRow] = &[
    line("RequestThrottled", 403, Throttling, [3, 5, 3], DOC, "The request was throttled."),
    line("ThrottlingException", 400, Throttling, [0; 3], DOC, "Rate exceeded"),
    line("KmsThrottled", 400, Permanent, [0; 3], DOC, "KMS throttled the request."),
    line("ServiceUnavailable", 503, Transient, [3, 5, 3], "S1", "The service cannot answer at the moment."),
    line("InternalError", 500, Transient, [3, 5, 3], "S1", "An internal error has occurred"),
    line("InternalFailure", 500, Transient, [0; 3], DOC, "An unknown failure stopped the request."),
    line("QueueDoesNotExist", 400, Permanent, [1, 1, 1], DOC, "The specified queue does not exist."),
    line("QueueNameExists", 400, Permanent, [0; 3], DOC, "A queue of this name exists, with other attributes."),
    line("QueueDeletedRecently", 400, Permanent, [0; 3], DOC, "A queue of this name was deleted just now."),
    line("PurgeQueueInProgress", 403, Permanent, [0; 3], DOC, "The queue was purged in the last 60 seconds."),
    line("OverLimit", 403, Permanent, [0; 3], DOC, "Too many messages are in flight."),
    line("ReceiptHandleIsInvalid", 404, Permanent, [0; 3], DOC, "The receipt handle is not valid."),
    line("MessageNotInflight", 400, Permanent, [0; 3], DOC, "The message is not in flight."),
    line("InvalidMessageContents", 400, Permanent, [0; 3], DOC, "The message holds characters that are not allowed."),
    line("InvalidAttributeName", 400, Permanent, [0; 3], DOC, "The attribute does not exist."),
    line("EmptyBatchRequest", 400, Permanent, [0; 3], DOC, "The batch holds no entry."),
    line("TooManyEntriesInBatchRequest", 400, Permanent, [0; 3], DOC, "The batch holds more than ten entries."),
    line("BatchEntryIdsNotDistinct", 400, Permanent, [0; 3], DOC, "Two entries of the batch have the same Id."),
    line("BatchRequestTooLong", 400, Permanent, [0; 3], DOC, "The messages of the batch are too long together."),
    line("InvalidBatchEntryId", 400, Permanent, [0; 3], DOC, "The Id of a batch entry is not valid."),
    line("UnsupportedOperation", 400, Permanent, [0; 3], DOC, "The operation is not supported."),
    line("MissingParameter", 400, Permanent, [0; 3], DOC, "A required parameter is missing."),
    line("InvalidParameterValue", 400, Permanent, [0; 3], DOC, "A parameter has a value that is not allowed."),
    line("AccessDenied", 403, Permanent, [0; 3], "S1", "Access to the resource is denied."),
    line("AccessDeniedException", 403, Permanent, [0; 3], DOC, "The user is not authorized to perform this action"),
    line("ExpiredToken", 403, Permanent, [0; 3], DOC, "The security token of the request is expired"),
    line("ExpiredTokenException", 403, Permanent, [0; 3], DOC, "The security token of the request has expired"),
    line("InvalidClientTokenId", 403, Permanent, [0; 3], DOC, "The access key does not exist."),
    line("InvalidSignatureException", 403, Permanent, [0; 3], DOC, "The signature is not the one expected."),
    line("SignatureDoesNotMatch", 403, Permanent, [0; 3], DOC, "The signature is not the one expected."),
    line("UnrecognizedClientException", 403, Permanent, [0; 3], DOC, "The security token is not valid."),
    line("InvalidAction", 400, Permanent, [0; 3], DOC, "The action is not valid for this service."),
];
