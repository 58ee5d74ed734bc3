"""Our error catalogue against the service models that botocore ships: statuses, shapes and old codes.

    models.py FILE      FILE is what `brownout list errors --json` prints; says what differs, as one line of JSON

A code that no model has (those of AWS's front end, all of EC2's) is not looked at.
"""
import json
import pathlib
import sys

import botocore.loaders

# Two shapes may share one code of the query protocol; ours is the other one.
SHARED = {("cloudwatch", "DashboardNotFoundError")}


def differences(row, shapes):
    """What one row says otherwise than the shapes that have its name or its code."""
    wire = row["on_the_wire"]
    names = {row["code"], *wire.values()}
    today = [name for protocol, name in wire.items() if protocol != "awsQuery"]
    for name, shape in shapes.items():
        error = shape.get("error", {})
        if not names & {name, error.get("code")} or (row["service"], name) in SHARED:
            continue
        status, old = error.get("httpStatusCode"), error.get("code")
        if status not in (None, row["status"]):
            yield f"{name}: status {row['status']}, in the model {status}"
        if shape.get("fault") and row["status"] < 500:
            yield f"{name}: status {row['status']}, but the model has it as the service's fault"
        if old and wire.get("awsQuery", old) != old:
            yield f"{name}: {wire['awsQuery']} in the query protocol, in the model {old}"
        if today and today[0] != name:
            yield f"{name}: {today[0]} on the wire"


def main():
    loader = botocore.loaders.Loader()
    found, compared = [], 0
    for row in json.loads(pathlib.Path(sys.argv[1]).read_text()):
        if row["service"] != "execute-api":
            model = loader.load_service_model(row["service"], "service-2")
            shapes = {name: shape for name, shape in model["shapes"].items() if shape.get("exception")}
            codes = {*shapes, *(shape.get("error", {}).get("code") for shape in shapes.values())}
            compared += bool(codes & {row["code"], *row["on_the_wire"].values()})
            found += [f"{row['service']} {difference}" for difference in differences(row, shapes)]
    print(json.dumps({"compared": compared, "differences": found}))


main()
