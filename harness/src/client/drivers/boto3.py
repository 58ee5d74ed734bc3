"""boto3 as a driver of brownout: makes the calls that come in on standard input, and says on standard output how each
of them ended. The protocol is written down in docs/driver.md.

Endpoint and credentials come from the environment, and so does whatever botocore reads there about retries.
"""
import concurrent.futures
import json
import os
import platform
import random
import sys
import threading

# Standard output belongs to the protocol: what anybody prints goes to standard error.
lines = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
writing = threading.Lock()


def say(line):
    with writing:
        lines.write(json.dumps(line) + "\n")


class Cannot(Exception):
    """It is not the client's fault that a call cannot be made."""


try:
    import boto3
    import botocore
    import botocore.config
    import botocore.exceptions
    from botocore import xform_name
except ImportError as error:
    say({"cannot": f"there is no boto3 for `{sys.executable}` ({error}); install it: {sys.executable} -m pip install boto3"})
    sys.exit(1)

CONCURRENCY = 256
DEEPEST = 12
case = threading.local()
clients = {}
making = threading.Lock()


def config(settings):
    """botocore's own configuration; what nobody has set is left to it."""
    given, retries = {}, {}
    for key, value in settings.items():
        if key == "retries.mode":
            retries["mode"] = value
        elif key == "retries.max_attempts":
            retries["total_max_attempts"] = int(value)
        elif key in ("timeouts.connect", "timeouts.read"):
            given[key.removeprefix("timeouts.") + "_timeout"] = int(value) / 1000
        else:
            given[key] = int(value)
    return botocore.config.Config(**given, **({"retries": retries} if retries else {}))


def mark(params, **_):
    """Says in a header which call a request is made for."""
    params["headers"]["brownout-call"] = case.tag


def client_of(service, settings):
    with making:
        if service not in clients:
            try:
                clients[service] = boto3.client(service, config=config(settings))
            except (botocore.exceptions.UnknownServiceError, botocore.exceptions.NoRegionError) as error:
                raise Cannot(f"boto3 has no service `{service}`: {error}") from None
            clients[service].meta.events.register("before-call", mark)
        return clients[service]


def filled(shape, value, above=()):
    """A value of the shape that is meant: texts become bytes where bytes are wanted, and members that are required and
    missing get small values that the model allows."""
    if shape.type_name == "structure" and isinstance(value, dict):
        value = dict(value)
        for name in shape.required_members:
            if name not in value and len(above) < DEEPEST:
                value[name] = smallest(shape.members[name], (*above, shape.name))
        return {name: filled(shape.members[name], inner, (*above, shape.name)) if name in shape.members else inner
                for name, inner in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [filled(shape.member, inner, above) for inner in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: filled(shape.value, inner, above) for key, inner in value.items()}
    if shape.type_name == "blob" and isinstance(value, str):
        return value.encode()
    if shape.type_name == "blob" and isinstance(value, (dict, list)):
        return json.dumps(value).encode()
    return value


def smallest(shape, above):
    """A small value that a model allows."""
    kind, least = shape.type_name, int(shape.metadata.get("min", 0))
    if kind == "structure":
        tagged = getattr(shape, "is_tagged_union", False) and list(shape.members)[:1]
        names = tagged or ([] if shape.name in above else shape.required_members)
        return {name: smallest(shape.members[name], (*above, shape.name)) for name in names}
    if kind == "list":
        return [smallest(shape.member, above) for _ in range(max(least, 1))] if len(above) < DEEPEST else []
    if kind == "map":
        return {}
    if kind == "string":
        return shape.enum[0] if getattr(shape, "enum", None) else "brownout".ljust(least, "0")
    if kind == "blob":
        return b"brownout"
    if kind == "boolean":
        return False
    return least if kind != "timestamp" else 0


def drain(value):
    """Reads what streams, wherever it stands in an answer: what goes wrong there shows only to its reader."""
    for part in value.values():
        if hasattr(part, "read"):
            part.read()
        elif type(part).__name__ == "EventStream":
            for _ in part:
                pass


def make(client, operation, params):
    """Makes a call; gives what is to be said of it."""
    method = xform_name(operation)
    if method not in client.meta.method_to_api_mapping:
        raise Cannot(f"boto3 {boto3.__version__} has no operation `{operation}` of {client.meta.service_model.service_name}")
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    if model.input_shape is not None:
        params = filled(model.input_shape, params)
    try:
        drain(getattr(client, method)(**params))
        return {"outcome": "ok"}
    except botocore.exceptions.ParamValidationError as error:
        raise Cannot(f"boto3 does not take the params of {operation}: {error}") from None
    except botocore.exceptions.ClientError as error:
        told = error.response.get("ResponseMetadata", {})
        line = {"outcome": "error", "code": error.response["Error"]["Code"], "message": str(error)[:1000]}
        return line | ({"status": told["HTTPStatusCode"]} if "HTTPStatusCode" in told else {})
    except Exception as error:
        return {"outcome": "error", "code": type(error).__name__, "message": str(error)[:1000]}


def answer(line, settings):
    case.tag = line["tag"]
    try:
        told = make(client_of(line["service"], settings), line["operation"], line["params"])
    except Cannot as why:
        told = {"cannot": str(why)}
    except Exception as error:
        told = {"cannot": f"the driver of boto3 fell over: {type(error).__name__}: {error}"}
    say({"call": line["call"], **told})


def main():
    start = json.loads(sys.stdin.readline() or "{}")
    if start.get("brownout") != 1:
        say({"cannot": "this driver speaks version 1 of the driver protocol"})
        return
    random.seed(start["seed"])
    try:
        made = [client_of(service, start["config"]) for service in start["services"]]
    except Cannot as why:
        say({"cannot": str(why)})
        return
    hello = {"hello": 1, "client": "boto3", "version": boto3.__version__,
             "language": f"python {platform.python_version()}", "concurrency": CONCURRENCY,
             "settings": {"botocore": botocore.__version__}}
    retries = (made[0].meta.config.retries or {}) if made else {}
    hello["retry_mode"] = retries.get("mode") or "legacy"
    attempts = retries.get("total_max_attempts") or (retries["max_attempts"] + 1 if "max_attempts" in retries else None)
    if attempts:
        hello["max_attempts"] = attempts
    say(hello)
    with concurrent.futures.ThreadPoolExecutor(CONCURRENCY) as pool:
        for line in sys.stdin:
            pool.submit(answer, json.loads(line), start["config"])


main()
