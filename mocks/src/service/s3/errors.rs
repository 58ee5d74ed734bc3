//! S3's error catalogue.

use crate::service::Class::{Permanent, Throttling, Transient};
use crate::service::{ALWAYS, ErrorRow, ONCE, line};

/// Where the codes are documented.
const DOC: &str = "s3-errors";

pub(super) const ROWS: &[ErrorRow] = &[
    line("SlowDown", 503, Throttling, ALWAYS, DOC, "Please reduce your request rate."),
    line("InternalError", 500, Transient, ALWAYS, "S1", "We met an internal error. Please try again."),
    line("ServiceUnavailable", 503, Transient, ALWAYS, "S1", "The service cannot answer at the moment."),
    line("RequestTimeout", 400, Transient, ALWAYS, DOC, "The socket was idle for too long."),
    // Only botocore's legacy mode repeats it.
    line("BadDigest", 400, Permanent, [1, 5, 1], DOC, "The checksum does not match what was received."),
    line("AccessDenied", 403, Permanent, ONCE, "S1", "Access Denied"),
    line("SignatureDoesNotMatch", 403, Permanent, ONCE, "S1", "The signature is not the one expected."),
    line("TokenRefreshRequired", 400, Permanent, ONCE, "S1", "The security token must be refreshed."),
    line("ExpiredToken", 400, Permanent, ONCE, "S1", "The security token of the request has expired."),
    line("NoSuchBucket", 404, Permanent, ONCE, "S1", "The specified bucket does not exist"),
    line("NoSuchKey", 404, Permanent, ONCE, "S1", "The specified key does not exist."),
    line("InvalidBucketName", 400, Permanent, ONCE, "S1", "The specified bucket is not valid."),
    line("BucketAlreadyExists", 409, Permanent, ONCE, "S1", "The bucket name is taken by somebody else."),
    line("BucketAlreadyOwnedByYou", 409, Permanent, ONCE, DOC, "You already own this bucket."),
    line("BucketNotEmpty", 409, Permanent, ONCE, DOC, "The bucket still holds objects."),
    line("NoSuchUpload", 404, Permanent, ONCE, DOC, "The upload does not exist."),
    line("RequestTimeTooSkewed", 403, Permanent, ONCE, DOC, "The clocks of client and server are too far apart."),
    line("InvalidAccessKeyId", 403, Permanent, ONCE, DOC, "The access key does not exist."),
    line("InvalidToken", 400, Permanent, ONCE, DOC, "The security token is malformed."),
    line("IncompleteBody", 400, Permanent, ONCE, DOC, "The body is shorter than announced."),
    line("OperationAborted", 409, Permanent, ONCE, DOC, "Another operation on this resource is in progress."),
    line("ConditionalRequestConflict", 409, Permanent, ONCE, DOC, "Another operation changed the object meanwhile."),
    line("PreconditionFailed", 412, Permanent, ONCE, DOC, "A condition of the request did not hold"),
    line("InvalidRange", 416, Permanent, ONCE, DOC, "The range cannot be satisfied"),
    line("InvalidRequest", 400, Permanent, ONCE, DOC, "The request is not valid."),
    line("MalformedXML", 400, Permanent, ONCE, DOC, "The XML of the request is not well-formed."),
    line("MethodNotAllowed", 405, Permanent, ONCE, DOC, "The method is not allowed against this resource."),
    line("MissingContentLength", 411, Permanent, ONCE, DOC, "Content-Length is missing."),
    line("EntityTooLarge", 400, Permanent, ONCE, DOC, "The object is too large."),
    line("InvalidObjectState", 403, Permanent, ONCE, DOC, "The object is archived."),
    line("NotImplemented", 501, Permanent, ONCE, DOC, "The request asks for something that is not implemented."),
];
