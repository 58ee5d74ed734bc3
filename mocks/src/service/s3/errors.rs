//! S3's error catalogue.

use crate::service::Class::{Permanent, Throttling, Transient};
use crate::service::{ErrorRow, line};

/// Measured attempts of an error that no SDK repeats, and of one that all do.
const ONCE: [u8; 3] = [1, 1, 1];
const ALWAYS: [u8; 3] = [3, 5, 3];

pub(super) const ROWS: &[ErrorRow] = &[
    line("SlowDown", 503, Throttling, ALWAYS, "s3-errors", "Please reduce your request rate."),
    line("InternalError", 500, Transient, ALWAYS, "S1", "We met an internal error. Please try again."),
    line("ServiceUnavailable", 503, Transient, ALWAYS, "S1", "The service cannot answer at the moment."),
    line("RequestTimeout", 400, Transient, ALWAYS, "s3-errors", "The socket was idle for too long."),
    // Only botocore's legacy mode repeats it.
    line("BadDigest", 400, Permanent, [1, 5, 1], "s3-errors", "The checksum does not match what was received."),
    line("AccessDenied", 403, Permanent, ONCE, "S1", "Access Denied"),
    line("SignatureDoesNotMatch", 403, Permanent, ONCE, "S1", "The signature is not the one expected."),
    line("TokenRefreshRequired", 400, Permanent, ONCE, "S1", "The security token must be refreshed."),
    line("ExpiredToken", 400, Permanent, ONCE, "S1", "The security token of the request has expired."),
    line("NoSuchBucket", 404, Permanent, ONCE, "S1", "The specified bucket does not exist"),
    line("NoSuchKey", 404, Permanent, ONCE, "S1", "The specified key does not exist."),
    line("InvalidBucketName", 400, Permanent, ONCE, "S1", "The specified bucket is not valid."),
    line("BucketAlreadyExists", 409, Permanent, ONCE, "S1", "The bucket name is taken by somebody else."),
    line("BucketAlreadyOwnedByYou", 409, Permanent, [0; 3], "s3-errors", "You already own this bucket."),
    line("BucketNotEmpty", 409, Permanent, [0; 3], "s3-errors", "The bucket still holds objects."),
    line("NoSuchUpload", 404, Permanent, [0; 3], "s3-errors", "The upload does not exist."),
    line("RequestTimeTooSkewed", 403, Permanent, [0; 3], "s3-errors", "The clocks of client and server are too far apart."),
    line("InvalidAccessKeyId", 403, Permanent, [0; 3], "s3-errors", "The access key does not exist."),
    line("InvalidToken", 400, Permanent, [0; 3], "s3-errors", "The security token is malformed."),
    line("IncompleteBody", 400, Permanent, [0; 3], "s3-errors", "The body is shorter than announced."),
    line("OperationAborted", 409, Permanent, [0; 3], "s3-errors", "Another operation on this resource is in progress."),
    line("ConditionalRequestConflict", 409, Permanent, [0; 3], "s3-errors", "Another operation changed the object meanwhile."),
    line("PreconditionFailed", 412, Permanent, [0; 3], "s3-errors", "A condition of the request did not hold"),
    line("InvalidRange", 416, Permanent, [0; 3], "s3-errors", "The range cannot be satisfied"),
    line("InvalidRequest", 400, Permanent, [0; 3], "s3-errors", "The request is not valid."),
    line("MalformedXML", 400, Permanent, [0; 3], "s3-errors", "The XML of the request is not well-formed."),
    line("MethodNotAllowed", 405, Permanent, [0; 3], "s3-errors", "The method is not allowed against this resource."),
    line("MissingContentLength", 411, Permanent, [0; 3], "s3-errors", "Content-Length is missing."),
    line("EntityTooLarge", 400, Permanent, [0; 3], "s3-errors", "The object is too large."),
    line("InvalidObjectState", 403, Permanent, [0; 3], "s3-errors", "The object is archived."),
    line("NotImplemented", 501, Permanent, [0; 3], "s3-errors", "The request asks for something that is not implemented."),
];
