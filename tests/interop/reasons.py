"""Why SDKs differ from what a scenario means, each with the line of the SDK's source that makes it so.

The lines are those of the versions that the lock files pin, and the suite looks them up in what was installed: after
an update a reason that no longer stands where it is said to stand fails `brownout sources`.
"""
import json
import pathlib
import subprocess
from dataclasses import dataclass

import installed


@dataclass(frozen=True)
class Why:
    """A reason, and the line that shows it."""

    package: str  # with its version, for a crate
    path: str
    line: int
    says: str  # words that stand in the line
    reason: str

    def __str__(self):
        return f"{self.package} {self.path}:{self.line}, `{self.says}`: {self.reason}"


REPLACED = "the code of the protocol that the service once spoke, in x-amzn-query-error, replaces the one of the body"
JS_PROTOCOLS = ("@aws-sdk/core", "dist-cjs/submodules/protocols/index.js")

# Of services that once spoke the query protocol, botocore and the SDK for Rust report the code of that protocol.
OLD_NAME_BOTO3 = Why("botocore", "parsers.py", 416, "return query_error_components[0]", REPLACED)
OLD_NAME_RUST = Why("aws-sdk-sqs 1.119.0", "src/protocol_serde.rs", 25, "builder = builder.code(error_code)", REPLACED)
OLD_NAME_RUNTIME = Why(
    "aws-sdk-sqs 1.119.0", "src/protocol_serde.rs", 25, "builder = builder.code(error_code)",
    "brownout's reader does as the crate")
NEW_NAME_JS = Why(*JS_PROTOCOLS, 151, "registry.getSchema(errorName)", "the error has the name of the shape in __type")
QUERY_ERROR_JS = Why(
    *JS_PROTOCOLS, 154, "awsQueryError?.[0] === errorName",
    "the code is looked up among the shapes' awsQueryError traits, and the error has the shape's name")
FUNCTION_ERROR_RUNTIME = Why(
    "aws-sdk-lambda 1.156.0", "src/operation/invoke/_invoke_output.rs", 9, "pub function_error",
    "the call succeeds; the in-process client hands on its payload and no code")

# Beside the catalogue (cases.py).
HEAD_BOTO3 = Why(
    "botocore", "parsers.py", 1437, "return self._parse_error_from_http_status(response)",
    "an answer to HEAD has no body, and the status is taken for the code")
HEAD_404_RUST = Why(
    "aws-sdk-s3 1.157.0", "src/protocol_serde.rs", 28, 'builder = builder.code("NotFound")',
    "an answer to HEAD has no body, and of all statuses 404 alone is given a code")
HEAD_RUST = Why(
    "aws-sdk-s3 1.157.0", "src/protocol_serde.rs", 27, "if response_status == 404",
    "an answer to HEAD has no body, and no status but 404 is given a code")
CUT_RUST = Why(
    "aws-smithy-runtime 1.16.2", "src/client/orchestrator.rs", 573, ".map_err(OrchestratorError::response)",
    "a body that ends too early is a `SdkError::ResponseError`, which is retried")
STREAM_RUST = Why(
    "aws-sdk-bedrockruntime 1.153.0", "src/event_stream_serde.rs", 137, "parse_event_stream_error_metadata",
    "the code is sought in the payload, where the service writes none; the error is known by its shape")
PAGE_RUST = Why(
    "aws-sdk-sqs 1.119.0", "src/protocol_serde/shape_send_message.rs", 11, "SendMessageError::unhandled",
    "a page is no JSON: an unhandled error without a code, retried by its status")

# What the judge says of an SDK as it is (verdicts.py).
UNCOUNTED_BOTO3 = Why(
    "botocore", "httpsession.py", 519, "enforce_content_length=False",
    "an answer that ends before its Content-Length says is no error to botocore")
HALF_JSON_BOTO3 = Why(
    "botocore", "parsers.py", 779, "return {'message': body}",
    "and what is no JSON becomes a message: half an answer passes for an answer without the rest, and nobody tries again")


def all_reasons():
    return [why for why in globals().values() if isinstance(why, Why)]


def crate_folders():
    """Where cargo keeps the sources of the crates, under name and version."""
    words = ["cargo", "metadata", "--locked", "--format-version", "1"]
    told = subprocess.run(words, cwd=installed.HERE / "rust", capture_output=True, text=True, check=True).stdout
    found = json.loads(told)["packages"]
    return {f"{crate['name']} {crate['version']}": pathlib.Path(crate["manifest_path"]).parent for crate in found}


def misplaced(folder):
    """The reasons whose line does not say what it is said to say in what is installed."""
    crates = crate_folders()
    for why in all_reasons():
        if why.package == "botocore":
            root = next(folder.glob("venv/lib/python3*/site-packages/botocore"))
        elif why.package.startswith("@"):
            root = folder / "node_modules" / why.package
        elif not (root := crates.get(why.package)):
            yield f"{why.package} is not what rust/Cargo.lock pins"
            continue
        lines = (root / why.path).read_text().splitlines()
        if why.line > len(lines) or why.says not in lines[why.line - 1]:
            yield f"{why.package} {why.path}:{why.line} does not say `{why.says}`"
