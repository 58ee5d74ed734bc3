"""What is asked of the clients, and what they are expected to read and do.

Attempts are those of a client with default settings whose every attempt fails: boto3 standard, boto3
legacy, JS, Rust. The first three are those of guidance 6.3, the table of attempts that earlier releases of these SDKs
were measured to make; those of Rust follow from its rules (guidance 2.1 and 2.2). What a service's catalogue holds as
it is stands in catalogue.py; here is what lies beside it.
"""
from dataclasses import dataclass, field

import catalogue
import reasons

CLIENTS = (*catalogue.MEASURED, catalogue.RUST)


@dataclass(frozen=True)
class Case:
    """One error of one service."""

    service: str
    fault: str  # throttle, transient, permanent, or `neighbour` for what merely distinguishes clients
    operation: str
    code: str
    attempts: tuple  # boto3 standard, boto3 legacy, JS, Rust
    status: int = 0  # only where it is not the catalogue's own
    reads: dict = field(default_factory=dict)  # what a client calls the code, where it is another word
    note: str = ""  # why, where it is not obvious
    inject: str = ""  # a fault other than `error`
    why: tuple = ()  # the lines of the SDKs' sources that make it so

    def clients(self):
        """Who can call it."""
        return catalogue.callers(self.service, CLIENTS)

    def fault_yaml(self):
        if self.inject:
            return self.inject
        status = f", status: {self.status}" if self.status else ""
        return f"{{error: {{code: {self.code}{status}}}}}"

    def scenario(self, name):
        """A story in which every attempt at the operation meets the error."""
        return (
            f"brownout: 1\nname: {name}\ntitle: {self.code} on every attempt\nservice: {self.service}\nsteps:\n"
            f"  - when: {{operation: \"{self.operation}\"}}\n    inject: {self.fault_yaml()}\n"
        )

    def expected_code(self, client):
        return self.reads.get(client.split(" ")[0], self.code)

    def expected_attempts(self, client):
        return self.attempts[CLIENTS.index(client)]


NO_CODE = "no code"  # an error of the service, of which the SDK for Rust knows no more
# An answer to HEAD has no body. botocore then takes the status for the code; the JS SDK (core/protocols,
# loadRestXmlErrorCode) and the SDK for Rust know 404 as NotFound and no other.
NO_BODY = "HEAD: no body to read a code from"

CASES = (
    # What merely distinguishes clients: where their rules differ, the wire must not blur it.
    Case("ec2", "neighbour", "DescribeInstances", "RequestLimitExceeded", (3, 1, 3, 3), status=400,
         note="legacy wants this code with 503"),
    # botocore holds no answer to its Content-Length (httpsession.py, enforce_content_length=False), and a body that
    # is no JSON becomes a message (parsers.py, _parse_body_as_json): half an answer passes for an empty one.
    # The JS SDK's stream ends with a plain Error, which counts as transient.
    Case("dynamodb", "neighbour", "GetItem", "cut short", (1, 1, 4, 3), inject="{truncate: {after: 1}}",
         note="botocore takes half an answer for an empty one",
         reads={"boto3": "", "js": "Error", "rust": "ResponseError"}, why=(reasons.CUT_RUST,)),
    # Half of the answer has been heard: SDKs leave it to whoever reads the stream.
    Case("bedrock-runtime", "neighbour", "ConverseStream", "throttlingException", (1, 1, 1, 1),
         inject="{stream_error: {code: throttlingException, after: 2}}", note="an exception within a stream",
         reads={"js": "ThrottlingException", "rust": "ThrottlingException"}, why=(reasons.STREAM_RUST,)),
    Case("s3", "neighbour", "HeadObject", "SlowDown", (3, 5, 3, 3), note=NO_BODY,
         reads={"boto3": "503", "js": "Unknown", "rust": NO_CODE},
         why=(reasons.HEAD_BOTO3, reasons.HEAD_RUST)),
    Case("s3", "neighbour", "HeadObject", "NoSuchKey", (1, 1, 1, 1), note=NO_BODY,
         reads={"boto3": "404", "js": "NotFound", "rust": "NotFound"},
         why=(reasons.HEAD_BOTO3, reasons.HEAD_404_RUST)),
    # botocore takes the status for the code of what is no document of the service; the JS SDK fails to read the
    # page as JSON and says just that. All try again, by the status.
    Case("sqs", "neighbour", "SendMessage", "502", (3, 5, 3, 3), inject="{http: 502}", note="a bare page of a gateway",
         reads={"js": "SyntaxError", "rust": NO_CODE}, why=(reasons.PAGE_RUST,)),
)


@dataclass(frozen=True)
class Gateway:
    """One answer of API Gateway itself, byte for byte."""

    code: str  # as scenarios call it
    status: int
    error_type: str
    body: str

    def path(self):
        return f"/prod/{self.code}"


INTERNAL = "InternalServerErrorException"
GATEWAY = (
    Gateway("TooManyRequestsException", 429, "TooManyRequestsException", '{"message":"Too Many Requests"}'),
    Gateway("LimitExceededException", 429, "LimitExceededException", '{"message":"Limit Exceeded"}'),
    Gateway("MissingAuthenticationTokenException", 403, "MissingAuthenticationTokenException",
            '{"message":"Missing Authentication Token"}'),
    Gateway("ForbiddenException", 403, "ForbiddenException", '{"message":"Forbidden"}'),
    Gateway("UnauthorizedException", 401, "UnauthorizedException", '{"message":"Unauthorized"}'),
    Gateway("AuthorizerConfigurationException", 500, "AuthorizerConfigurationException", '{"message":null}'),
    Gateway("InternalServerErrorException", 500, INTERNAL, '{"message": "Internal server error"}'),
    Gateway("MALFORMED_PROXY_RESPONSE", 502, INTERNAL, '{"message": "Internal server error"}'),
    Gateway("INTEGRATION_FAILURE", 504, INTERNAL, '{"message": "Internal server error"}'),
    Gateway("INTEGRATION_TIMEOUT", 504, INTERNAL, '{"message": "Endpoint request timed out"}'),
    Gateway("API_CONFIGURATION_ERROR", 500, INTERNAL, '{"message": "Internal server error"}'),
    Gateway("THROTTLED", 429, "TooManyRequestsException", '{"message":"Too Many Requests"}'),
    Gateway("QUOTA_EXCEEDED", 429, "LimitExceededException", '{"message":"Limit Exceeded"}'),
    Gateway("EXPIRED_TOKEN", 403, "ExpiredTokenException", '{"message":"The security token is expired"}'),
    Gateway("INVALID_SIGNATURE", 403, "InvalidSignatureException",
            '{"message":"The signature does not match the request."}'),
    Gateway("MISSING_AUTHENTICATION_TOKEN", 403, "MissingAuthenticationTokenException",
            '{"message":"Missing Authentication Token"}'),
    Gateway("INVALID_API_KEY", 403, "ForbiddenException", '{"message":"Forbidden"}'),
    Gateway("WAF_FILTERED", 403, "ForbiddenException", '{"message":"Forbidden"}'),
    Gateway("ACCESS_DENIED", 403, "AccessDeniedException",
            '{"Message":"User is not authorized to access this resource"}'),
    Gateway("UNAUTHORIZED", 401, "UnauthorizedException", '{"message":"Unauthorized"}'),
    Gateway("AUTHORIZER_CONFIGURATION_ERROR", 500, "AuthorizerConfigurationException", '{"message":null}'),
    Gateway("AUTHORIZER_FAILURE", 500, "AuthorizerFailureException", '{"message":null}'),
    Gateway("BAD_REQUEST_BODY", 400, "BadRequestException", '{"message": "Invalid request body"}'),
    Gateway("BAD_REQUEST_PARAMETERS", 400, "BadRequestException",
            '{"message": "Missing required request parameters"}'),
    Gateway("RESOURCE_NOT_FOUND", 404, "NotFoundException", '{"message":"Not Found"}'),
    Gateway("REQUEST_TOO_LARGE", 413, "RequestTooLargeException", '{"message":"Request Too Long"}'),
    Gateway("UNSUPPORTED_MEDIA_TYPE", 415, "UnsupportedMediaTypeException", '{"message":"Unsupported Media Type"}'),
)


def gateway_scenario():
    steps = "".join(
        f"  - when: {{resource: \"{g.path()}\"}}\n    inject: {{error: {{code: {g.code}}}}}\n" for g in GATEWAY)
    return f"brownout: 1\nname: interop-gateway\ntitle: One answer a path\nservice: execute-api\nsteps:\n{steps}"


HEALTHY = "brownout: 1\nname: interop-healthy\ntitle: No faults\nservice: dynamodb\n"
