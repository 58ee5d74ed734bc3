"""What is asked of the clients, and what they are expected to read and do.

Attempts are those of a client with default settings whose every attempt fails: boto3 standard, boto3
legacy, JS. They are those of guidance 6.3, the table of attempts that earlier releases of these SDKs were
measured to make. Where it lists none they are the documented default: three (AWS SDKs reference guide, "Retry
behavior"), five in botocore's legacy mode; `not listed` says so.
"""
from dataclasses import dataclass, field

CLIENTS = ("boto3 standard", "boto3 legacy", "js")


@dataclass(frozen=True)
class Case:
    """One error of one service."""

    service: str
    fault: str  # throttle, transient, permanent; `neighbour` for what merely distinguishes clients
    operation: str
    code: str
    attempts: tuple  # boto3 standard, boto3 legacy, JS
    status: int = 0  # only where it is not the catalogue's own
    reads: dict = field(default_factory=dict)  # what a client calls the code, where it is another word
    note: str = ""  # why, where it is not obvious
    inject: str = ""  # a fault other than `error`

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


NOT_LISTED = "not listed: documented default"

# botocore takes the old name of the query protocol from `x-amzn-query-error` wherever the model is
# query-compatible (parsers.py, JSONParser._do_query_compatible_error_parse). The JS SDK takes the shape's name.
QUERY_NAME = "botocore reports the query protocol's name, JS the shape's"

# The JS SDK gives an error that the model knows the name of its class, which is the shape's; the code on the
# wire is the shape's `awsQueryError` trait (client-sts, IDPCommunicationErrorException$).
SHAPE_NAME = "JS reports the shape's name"

# An answer to HEAD has no body. botocore then takes the status for the code (parsers.py, RestXMLParser
# _do_error_parse); the JS SDK knows 404 as NotFound and no other (core/protocols, loadRestXmlErrorCode).
NO_BODY = "HEAD: no body to read a code from"

CASES = (
    Case("ec2", "throttle", "DescribeInstances", "RequestLimitExceeded", (3, 5, 3)),
    Case("ec2", "transient", "DescribeInstances", "InternalError", (3, 5, 3)),
    Case("ec2", "permanent", "DescribeInstances", "InvalidInstanceID.NotFound", (1, 1, 1)),
    # SDKs of 2026 give DynamoDB one attempt more, botocore's legacy mode has always given it ten.
    Case("dynamodb", "throttle", "GetItem", "ProvisionedThroughputExceededException", (4, 10, 4)),
    Case("dynamodb", "transient", "GetItem", "ServiceUnavailable", (4, 10, 4)),
    Case("dynamodb", "permanent", "GetItem", "ValidationException", (1, 1, 1)),
    Case("s3", "throttle", "GetObject", "SlowDown", (3, 5, 3)),
    Case("s3", "transient", "GetObject", "InternalError", (3, 5, 3)),
    Case("s3", "permanent", "GetObject", "NoSuchKey", (1, 1, 1)),
    Case("lambda", "throttle", "Invoke", "TooManyRequestsException", (3, 5, 3)),
    Case("lambda", "transient", "Invoke", "ServiceException", (3, 5, 3), note=NOT_LISTED),
    Case("lambda", "permanent", "Invoke", "ResourceNotFoundException", (1, 1, 1)),
    Case("sts", "throttle", "GetCallerIdentity", "Throttling", (3, 5, 3), note=NOT_LISTED),
    # Of all calls the one without a signature: it is told from others by its form alone.
    Case("sts", "transient", "AssumeRoleWithWebIdentity", "IDPCommunicationError", (3, 5, 3), note=SHAPE_NAME,
         reads={"js": "IDPCommunicationErrorException"}),
    Case("sts", "permanent", "GetCallerIdentity", "AccessDenied", (1, 1, 1)),
    Case("sqs", "throttle", "SendMessage", "RequestThrottled", (3, 5, 3)),
    Case("sqs", "transient", "SendMessage", "ServiceUnavailable", (3, 5, 3)),
    Case("sqs", "permanent", "SendMessage", "QueueDoesNotExist", (1, 1, 1), note=QUERY_NAME,
         reads={"boto3": "AWS.SimpleQueueService.NonExistentQueue"}),
    # What merely distinguishes clients: where their rules differ, the wire must not blur it.
    Case("ec2", "neighbour", "DescribeInstances", "RequestLimitExceeded", (3, 1, 3), status=400,
         note="legacy wants this code with 503"),
    Case("dynamodb", "neighbour", "GetItem", "RequestLimitExceeded", (4, 1, 4), note="legacy does not know it here"),
    # botocore holds no answer to its Content-Length (httpsession.py, enforce_content_length=False), and a body that
    # is no JSON becomes a message (parsers.py, _parse_body_as_json): half an answer passes for an empty one.
    # The JS SDK's stream ends with a plain Error, which counts as transient.
    Case("dynamodb", "neighbour", "GetItem", "cut short", (1, 1, 4), inject="{truncate: {after: 1}}",
         note="botocore takes half an answer for an empty one", reads={"boto3": "", "js": "Error"}),
    Case("s3", "neighbour", "PutObject", "BadDigest", (1, 5, 1), note="only legacy lists it"),
    Case("s3", "neighbour", "PutObject", "RequestTimeout", (3, 5, 3)),
    Case("s3", "neighbour", "HeadObject", "SlowDown", (3, 5, 3), note=NO_BODY,
         reads={"boto3": "503", "js": "Unknown"}),
    Case("s3", "neighbour", "HeadObject", "NoSuchKey", (1, 1, 1), note=NO_BODY,
         reads={"boto3": "404", "js": "NotFound"}),
    Case("lambda", "neighbour", "Invoke", "EC2ThrottledException", (3, 5, 3)),
    # botocore takes the status for the code of what is no document of the service; the JS SDK fails to read the
    # page as JSON and says just that. Both try again, by the status.
    Case("sqs", "neighbour", "SendMessage", "502", (3, 5, 3), inject="{http: 502}", note="a bare page of a gateway",
         reads={"js": "SyntaxError"}),
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
)


def gateway_scenario():
    steps = "".join(
        f"  - when: {{resource: \"{g.path()}\"}}\n    inject: {{error: {{code: {g.code}}}}}\n" for g in GATEWAY)
    return f"brownout: 1\nname: interop-gateway\ntitle: One answer a path\nservice: execute-api\nsteps:\n{steps}"


HEALTHY = "brownout: 1\nname: interop-healthy\ntitle: No faults\nservice: dynamodb\n"
