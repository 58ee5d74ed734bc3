//! EC2's error catalogue. EC2 models no errors: clients see these codes as they are.

use crate::service::Class::{Permanent, Throttling, Transient};
use crate::service::{ALWAYS, ErrorRow, ONCE, line};

/// Where the codes are documented.
const DOC: &str = "ec2-errors";

pub(super) const ROWS: &[ErrorRow] = &[
    line("RequestLimitExceeded", 503, Throttling, ALWAYS, "S0", "Request limit exceeded."),
    line("InvalidInstanceID.NotFound", 400, Permanent, ONCE, "S0", "The instance ID does not exist"),
    line("InvalidGroup.NotFound", 400, Permanent, ONCE, "S0", "The security group does not exist"),
    line("InstanceLimitExceeded", 400, Permanent, ONCE, "S0", "Your account may not run more instances of this type."),
    line("UnauthorizedOperation", 403, Permanent, ONCE, "S0", "You are not authorized to perform this operation."),
    line("ServiceUnavailable", 503, Transient, ALWAYS, "S1", "The service cannot answer at the moment."),
    line("InternalError", 500, Transient, ALWAYS, "S1", "An internal error has occurred"),
    line(
        "EC2ThrottledException",
        503,
        Throttling,
        ALWAYS,
        "sdk-retry-behavior: no code that EC2 documents",
        "Too many requests at once.",
    ),
    line("Unavailable", 503, Transient, ALWAYS, DOC, "The server is overloaded."),
    line("InternalFailure", 500, Transient, ALWAYS, DOC, "An unknown failure stopped the request."),
    line("InsufficientInstanceCapacity", 500, Transient, ALWAYS, DOC, "There is not enough capacity for this type."),
    line("InsufficientCapacity", 500, Transient, ALWAYS, DOC, "There is not enough capacity."),
    line("IdempotentParameterMismatch", 400, Permanent, ONCE, "S0", "The client token was used with other parameters."),
    line("IncorrectInstanceState", 400, Permanent, ONCE, DOC, "The instance is in the wrong state for this."),
    line("InvalidVolume.NotFound", 400, Permanent, ONCE, DOC, "The volume does not exist."),
    line("InvalidSnapshot.NotFound", 400, Permanent, ONCE, DOC, "The snapshot does not exist."),
    line("InvalidAMIID.NotFound", 400, Permanent, ONCE, DOC, "The image does not exist"),
    line("InvalidVpcID.NotFound", 400, Permanent, ONCE, DOC, "The VPC does not exist"),
    line("InvalidSubnetID.NotFound", 400, Permanent, ONCE, DOC, "The subnet does not exist"),
    line("InvalidNetworkInterfaceID.NotFound", 400, Permanent, ONCE, DOC, "The network interface does not exist"),
    line("InvalidKeyPair.NotFound", 400, Permanent, ONCE, DOC, "The key pair does not exist"),
    line("InvalidKeyPair.Duplicate", 400, Permanent, ONCE, DOC, "The key pair already exists."),
    line("InvalidGroup.Duplicate", 400, Permanent, ONCE, DOC, "The security group already exists."),
    line("InvalidPermission.Duplicate", 400, Permanent, ONCE, DOC, "The rule already exists."),
    line("InvalidPermission.NotFound", 400, Permanent, ONCE, DOC, "The rule does not exist."),
    line("InvalidInstanceID.Malformed", 400, Permanent, ONCE, DOC, "The instance ID is malformed."),
    line("DependencyViolation", 400, Permanent, ONCE, DOC, "Another resource still depends on this one."),
    line("InvalidParameterValue", 400, Permanent, ONCE, DOC, "A parameter has a value that is not allowed."),
    line("MissingParameter", 400, Permanent, ONCE, DOC, "A required parameter is missing."),
    line("VcpuLimitExceeded", 400, Permanent, ONCE, DOC, "The account's vCPU limit is reached."),
    line("ResourceCountExceeded", 400, Permanent, ONCE, DOC, "The request asks for too many resources."),
    line("DryRunOperation", 412, Permanent, ONCE, DOC, "The request would have succeeded."),
    line("InvalidAction", 400, Permanent, ONCE, DOC, "The action is not valid for this service."),
    line("AuthFailure", 401, Permanent, ONCE, DOC, "The credentials could not be validated."),
    line("RequestExpired", 400, Permanent, ONCE, DOC, "The request has expired."),
    line("SignatureDoesNotMatch", 403, Permanent, ONCE, DOC, "The signature is not the one expected."),
    line("InvalidClientTokenId", 403, Permanent, ONCE, DOC, "The access key does not exist."),
    line("OptInRequired", 403, Permanent, ONCE, DOC, "The account has no subscription to this service."),
    line("PendingVerification", 400, Permanent, ONCE, DOC, "The account is being verified."),
];
