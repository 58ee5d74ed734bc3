"""The whole catalogue against real SDKs: which call asks for a row, and what each SDK makes of it.

Every row of `brownout list errors --json` is played, all rows of a service by one process. What is expected:

- the code: the one on the wire of the protocol that the SDK speaks, but for what `NAMES` lists;
- the attempts: those of guidance 6.3 (`LISTED`) where it has the row, else those that the SDKs' published rules
  give (guidance 2.2), but for what `ATTEMPTS` lists. Both are written down again here and not taken from
  brownout; what brownout's catalogue says must agree with what is seen, too.

`NAMES` and `ATTEMPTS` hold the differences one by one, each with the line of the SDK's source that makes it so.
"""
from dataclasses import dataclass

import installed
import reasons

# What asks for the errors of a service, and what asks for those that belong to another of its operations.
OPERATIONS = {
    "apigateway": "CreateDeployment",
    "bedrock-agent-runtime": "Retrieve",
    "bedrock-runtime": "InvokeModel",
    "cloudwatch": "PutMetricData",
    "dynamodb": "GetItem",
    "ec2": "DescribeInstances",
    "events": "PutRule",
    "iam": "CreateUser",
    "kinesis": "PutRecord",
    "lambda": "Invoke",
    "logs": "PutLogEvents",
    "s3": "GetObject",
    "sqs": "SendMessage",
    "sts": "GetCallerIdentity",
}
SPECIAL = {
    ("cloudwatch", "ConcurrentModificationException"): "TagResource",
    ("cloudwatch", "ConflictException"): "TagResource",
    ("dynamodb", "ConditionalCheckFailedException"): "PutItem",
    ("dynamodb", "IdempotentParameterMismatchException"): "TransactWriteItems",
    ("dynamodb", "ItemCollectionSizeLimitExceededException"): "PutItem",
    ("dynamodb", "LimitExceededException"): "CreateTable",
    ("dynamodb", "ReplicatedWriteConflictException"): "PutItem",
    ("dynamodb", "ResourceInUseException"): "CreateTable",
    ("dynamodb", "TransactionCanceledException"): "TransactWriteItems",
    ("dynamodb", "TransactionConflictException"): "PutItem",
    ("dynamodb", "TransactionInProgressException"): "TransactWriteItems",
    ("s3", "BadDigest"): "PutObject",
    ("s3", "EntityTooLarge"): "PutObject",
    ("s3", "IncompleteBody"): "PutObject",
    ("s3", "RequestTimeout"): "PutObject",
    ("sts", "ExpiredTokenException"): "AssumeRoleWithWebIdentity",
    ("sts", "IDPCommunicationError"): "AssumeRoleWithWebIdentity",
    ("sts", "IDPRejectedClaim"): "AssumeRoleWithWebIdentity",
    ("sts", "InvalidIdentityToken"): "AssumeRoleWithWebIdentity",
}

# What guidance 6.3 lists: attempts of boto3 standard, boto3 legacy and JS; 0 where it was not measured.
LISTED = {
    "apigateway": {
        (3, 5, 3): "LimitExceededException SomethingNew",
        (1, 1, 1): "BadRequestException NotFoundException ConflictException AccessDeniedException",
    },
    "bedrock-agent-runtime": {
        (3, 5, 3): "ServiceUnavailable",
        (1, 1, 1): "ResourceNotFoundException",
        (1, 1, 0): "AccessDeniedException",
    },
    "bedrock-runtime": {
        (3, 5, 0): "ThrottlingException ModelNotReadyException",
        (1, 1, 1): "ValidationException",
        (1, 1, 0): "ModelTimeoutException ModelErrorException ServiceQuotaExceededException",
    },
    "cloudwatch": {
        (3, 5, 3): "ServiceUnavailable",
        (1, 1, 1): "InvalidParameterValue",
        (0, 5, 3): "ConcurrentModificationException",
    },
    "dynamodb": {
        (4, 10, 4): (
            "ProvisionedThroughputExceededException ThrottlingException TransactionInProgressException "
            "ServiceUnavailable"
        ),
        (4, 1, 4): "RequestLimitExceeded ReplicatedWriteConflictException",
        (4, 1, 0): "LimitExceededException",
        (1, 1, 1): (
            "ValidationException ConditionalCheckFailedException ItemCollectionSizeLimitExceededException "
            "ResourceNotFoundException TransactionConflictException"
        ),
    },
    "ec2": {
        (3, 5, 3): "RequestLimitExceeded ServiceUnavailable InternalError",
        (1, 1, 1): "InvalidInstanceID.NotFound InvalidGroup.NotFound InstanceLimitExceeded UnauthorizedOperation",
    },
    "events": {
        (3, 5, 3): "ServiceUnavailable",
        (3, 1, 3): "LimitExceededException",
        (1, 1, 1): (
            "ConcurrentModificationException InvalidEventPatternException ManagedRuleException "
            "ResourceNotFoundException"
        ),
    },
    "iam": {
        (3, 5, 3): "ServiceUnavailable",
        (1, 1, 3): "LimitExceeded",
        (1, 1, 1): "AccessDenied SignatureDoesNotMatch ExpiredToken InvalidUserID.NotFound",
    },
    "kinesis": {
        (3, 5, 3): "ServiceUnavailable",
    },
    "lambda": {
        (3, 5, 3): "TooManyRequestsException EC2ThrottledException ServiceUnavailableException",
        (1, 1, 1): (
            "ResourceConflictException ResourceNotFoundException InvalidParameterValueException "
            "Runtime.ImportModuleError Runtime.HandlerNotFound Runtime.ExitError Runtime.Unknown"
        ),
    },
    "logs": {
        (3, 5, 3): "ServiceUnavailableException",
        (3, 1, 3): "LimitExceededException",
        (1, 1, 1): (
            "OperationAbortedException InvalidParameterException ResourceNotFoundException "
            "DataAlreadyAcceptedException"
        ),
    },
    "s3": {
        (3, 5, 3): "SlowDown InternalError ServiceUnavailable RequestTimeout",
        (1, 5, 1): "BadDigest",
        (1, 1, 1): (
            "AccessDenied SignatureDoesNotMatch TokenRefreshRequired ExpiredToken NoSuchBucket NoSuchKey "
            "InvalidBucketName BucketAlreadyExists"
        ),
    },
    "sqs": {
        (3, 5, 3): "RequestThrottled ServiceUnavailable",
    },
    "sts": {
        (3, 5, 3): "IDPCommunicationError ServiceUnavailable",
        (1, 1, 1): "AccessDenied SignatureDoesNotMatch ExpiredToken InvalidUserID.NotFound",
    },
}

# … and of the SDK for Rust, which was measured for this row only.
LISTED_RUST = {("apigateway", "SomethingNew"): 1}

# What no SDK calls: API Gateway's data plane has plain HTTP clients (cases.GATEWAY).
UNCALLED = ("execute-api",)

BOTO3, LEGACY, JS = "boto3 standard", "boto3 legacy", "js"
MEASURED = (BOTO3, LEGACY, JS)  # the order of the catalogue's attempts
# The SDK for Rust by its service crates (rust/), as it comes and with the flag of 2026 …
RUST_CLIENTS = RUST, RUST_2026 = "rust", "rust 2026"
# … and brownout's own client in its process: the SDK's runtime without any service crate, in virtual time.
RUNTIMES = RUNTIME, RUNTIME_2026 = "rust-runtime", "rust-runtime 2026"
# The crates that rust/ has only with a feature.
NOT_BUILT = {"ec2"} - set(installed.RUST_FEATURES.split(","))


def is_rust(client):
    return client.startswith("rust")


def callers(service, clients):
    """Those of the clients that can call the service."""
    return [client for client in clients if client not in RUST_CLIENTS or service not in NOT_BUILT]


# Guidance 2.2.
THROTTLING = frozenset((
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException",
    "TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException",
    "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "RequestThrottled", "SlowDown",
    "PriorRequestNotComplete", "EC2ThrottledException",
))
TRANSIENT = ("RequestTimeout", "RequestTimeoutException")
TRANSIENT_STATUS = (500, 502, 503, 504)
MODELLED_RETRYABLE = (
    ("bedrock-runtime", "ModelNotReadyException"), ("dynamodb", "ReplicatedWriteConflictException"),
)
# Errors of the model that come as 429, so that botocore does not take the status for a throttle.
MODELLED_429 = (("cloudwatch", "ConcurrentModificationException"),)
LEGACY_STATUS = (429, 500, 502, 503, 504, 509)
LEGACY_WITH_400 = (
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException",
    "ProvisionedThroughputExceededException",
)
LEGACY_PAIRS = {
    ("dynamodb", "TransactionInProgressException", 400), ("dynamodb", "ReplicatedWriteConflictException", 409),
    ("kinesis", "LimitExceededException", 400), ("s3", "BadDigest", 400), ("s3", "RequestTimeout", 400),
    ("sqs", "RequestThrottled", 403), ("sts", "IDPCommunicationError", 400),
}


def retried(client, service, code, status):
    """Whether the SDK's published rules retry it; `code` is what the SDK reports."""
    if status < 300:
        return False
    if client == LEGACY:
        return (status in LEGACY_STATUS or (status == 400 and code in LEGACY_WITH_400)
                or (service, code, status) in LEGACY_PAIRS)
    if code in THROTTLING or code in TRANSIENT or status in TRANSIENT_STATUS:
        return True
    if (service, code) in MODELLED_RETRYABLE:
        return True
    if client == BOTO3:
        return (code == "IDPCommunicationError"
                or (status == 429 and (service, code) not in MODELLED_429))
    if client == JS:
        return status == 429 or code == "IDPCommunicationErrorException"
    # The SDK for Rust has no rule for 429 (guidance 2.2).
    return (service, code) in (("s3", "InternalError"), ("sts", "IDPCommunicationError"))


def attempts_of_a_failure(client, service):
    """Attempts of a call all of whose attempts may be retried (guidance 0 and 2.1)."""
    dynamodb = service == "dynamodb"
    return {
        BOTO3: 4 if dynamodb else 3,
        LEGACY: 10 if dynamodb else 5,
        JS: 4 if dynamodb else 3,
        RUST: 3,
        RUST_2026: 4 if dynamodb else 3,
        RUNTIME: 3,
        RUNTIME_2026: 4 if dynamodb else 3,
    }[client]


def listed_attempts(client, service, code):
    """What guidance 6.3 lists; 0 if nothing."""
    if client in RUST_CLIENTS:
        return LISTED_RUST.get((service, code), 0)
    groups = LISTED.get(service, {}).items()
    attempts = next((attempts for attempts, codes in groups if code in codes.split()), (0, 0, 0))
    return attempts[MEASURED.index(client)] if client in MEASURED else 0


def shapes(names, *others):
    """Codes whose shape is called the same with `Exception` behind, and others."""
    return {name: f"{name}Exception" for name in names.split()} | dict(others)


# (client, service) → code of the catalogue → what the SDK calls it, and why.
NAMES = {
    (JS, "iam"): (reasons.QUERY_ERROR_JS, shapes(
        "ConcurrentModification DeleteConflict EntityAlreadyExists EntityTemporarilyUnmodifiable InvalidInput"
        " LimitExceeded MalformedPolicyDocument NoSuchEntity PolicyEvaluation PolicyNotAttachable ServiceFailure"
        " UnmodifiableEntity",
        ("NotSupportedService", "ServiceNotSupportedException"))),
    (JS, "sts"): (reasons.QUERY_ERROR_JS, shapes(
        "IDPCommunicationError IDPRejectedClaim InvalidIdentityToken MalformedPolicyDocument PackedPolicyTooLarge")),
}

# Of services that once spoke the query protocol: the code of then, or the shape of today.
OTHER_NAMES = {
    BOTO3: reasons.OLD_NAME_BOTO3, LEGACY: reasons.OLD_NAME_BOTO3, JS: reasons.NEW_NAME_JS,
    RUST: reasons.OLD_NAME_RUST, RUST_2026: reasons.OLD_NAME_RUST,
    RUNTIME: reasons.OLD_NAME_RUNTIME, RUNTIME_2026: reasons.OLD_NAME_RUNTIME,
}

# (client, service, code) → attempts, and why guidance's table does not give them.
ATTEMPTS = {}


# Protocols, the newest first.
PREFERRED = ("rpc-v2-cbor", "awsJson1_0", "awsJson1_1", "restJson1", "restXml", "awsQuery", "ec2Query")


@dataclass(frozen=True)
class CatalogueRow:
    """A row of our catalogue."""

    service: str
    code: str
    status: int
    attempts: tuple
    wire: dict
    status_too: bool = False  # whether the scenario has to say the status

    def fault(self):
        status = f", status: {self.status}" if self.status_too else ""
        return f"{{error: {{code: \"{self.code}\"{status}}}}}"

    def operation(self):
        return SPECIAL.get((self.service, self.code), OPERATIONS[self.service])

    def protocol(self, client):
        """What the client speaks: botocore and JS have not taken to CBOR yet (guidance 6.1)."""
        spoken = [p for p in self.wire if p != "rpc-v2-cbor" or is_rust(client)]
        return next(p for p in PREFERRED if p in spoken)

    def intended(self):
        """The code that the scenario means: the one on the wire, where all protocols agree on it."""
        codes = set(self.wire.values())
        return codes.pop() if len(codes) == 1 else self.code

    def reads(self, client):
        """What the client calls the code, and why if that is not the intended one."""
        if self.status < 300 and client in RUNTIMES:
            return "", reasons.FUNCTION_ERROR_RUNTIME
        why, names = NAMES.get((client, self.service), (None, {}))
        if self.code in names:
            return names[self.code], why
        if self.service not in ("cloudwatch", "sqs"):
            return self.intended(), None
        name = self.wire["awsJson1_0" if client == JS else "awsQuery"]
        return name, OTHER_NAMES[client] if name != self.intended() else None

    def says(self, client):
        """What brownout's own catalogue says of its attempts; 0 if nothing."""
        return self.attempts[MEASURED.index(client)] if client in MEASURED else 0

    def expected(self, client):
        """Attempts, whether guidance lists them, and why if they are others."""
        code, _ = self.reads(client)
        if (client, self.service, self.code) in ATTEMPTS:
            attempts, why = ATTEMPTS[(client, self.service, self.code)]
            return attempts, False, why
        if listed := listed_attempts(client, self.service, self.code):
            return listed, True, None
        again = retried(client, self.service, code, self.status)
        return (attempts_of_a_failure(client, self.service) if again else 1), False, None


def rows(listed):
    """The rows of `brownout list errors --json` that SDKs can call, by service."""
    found = {}
    if unknown := sorted({row["service"] for row in listed} - set(OPERATIONS) - set(UNCALLED)):
        raise SystemExit(f"tests/interop/catalogue.py: OPERATIONS does not say what asks {', '.join(unknown)}")
    for row in listed:
        if row["service"] not in UNCALLED:
            one = CatalogueRow(
                row["service"], row["code"], row["status"], tuple(row["attempts"]), row["on_the_wire"])
            found.setdefault(one.service, []).append(one)
    for one in BEYOND:
        found[one.service].append(one)
    return found


# Rows of guidance 6.3 that are in no catalogue: a 429 with a code that nobody knows.
BEYOND = (
    CatalogueRow("apigateway", "SomethingNew", 429, (0, 0, 0), {"restJson1": "SomethingNew"}, status_too=True),
)


HEADER = "brownout-case"


def scenario(service, of):
    """A story in which each call names its error in a header."""
    steps = "".join(
        f"  - id: row-{i}\n    when: {{header: {{{HEADER}: \"{row.code}\"}}}}\n    inject: {row.fault()}\n"
        for i, row in enumerate(of))
    return head(service, f"{service}-errors") + f"steps:\n{steps}"


def head(service, name):
    return f"brownout: 1\nname: interop-{name}\ntitle: Every error of {service}\nservice: {service}\n"


# What the in-process client asks.
PARAMS = {
    "AssumeRoleWithWebIdentity": "{RoleArn: \"arn:aws:iam::000000000000:role/reader\", RoleSessionName: s, WebIdentityToken: t}",
    "CreateDeployment": "{restApiId: shop}",
    "CreateTable": "{TableName: orders}",
    "CreateUser": "{UserName: ann}",
    "GetItem": "{TableName: orders, Key: {id: {S: \"1\"}}}",
    "GetObject": "{Bucket: reports, Key: june.csv}",
    "Invoke": "{FunctionName: work, Payload: {n: 1}}",
    "InvokeModel": "{modelId: some.model, body: {prompt: hello}}",
    "PutItem": "{TableName: orders, Item: {id: {S: \"1\"}}}",
    "PutLogEvents": "{logGroupName: app, logStreamName: web, logEvents: [{timestamp: 1, message: hello}]}",
    "PutMetricData": "{Namespace: shop, MetricData: [{MetricName: sold, Value: 1.0}]}",
    "PutObject": "{Bucket: reports, Key: june.csv, Body: \"1;2\"}",
    "PutRecord": "{StreamName: clicks, Data: aGVsbG8=, PartitionKey: a}",
    "PutRule": "{Name: nightly, ScheduleExpression: rate(1 day)}",
    "Retrieve": "{knowledgeBaseId: KB12345678, retrievalQuery: {text: hello}}",
    "SendMessage": "{QueueUrl: \"http://localhost/000000000000/orders\", MessageBody: hello}",
    "TagResource": "{ResourceARN: \"arn:aws:cloudwatch:us-east-1:000000000000:alarm:a\"}",
    "TransactWriteItems": "{TransactItems: [{Put: {TableName: orders, Item: {id: {S: \"1\"}}}}]}",
}


def virtual_scenario(service, operation, of):
    """A client for each row, so that none spends the retry quota of another."""
    steps = "".join(
        f"  - id: row-{i}\n    when: {{client: {i}}}\n    inject: {row.fault()}\n"
        for i, row in enumerate(of))
    call = f"{{call: {operation}, params: {PARAMS.get(operation, '{}')}}}"
    name = f"{service}-{operation.lower()}"
    return head(service, name) + f"clients: {len(of)}\nworkload: [{call}]\nsteps:\n{steps}"
