"""What scenarios ask of a client, as JSON: for programs that are started by a command line and read no YAML.

    demand.py SPEED SCENARIO…      `SPEED` 4: four times as fast as the scenario's own client would

Gives {scenario: [[service, operation, params, count, seconds between calls or null, calls at a time], …]}.
"""
import json
import pathlib
import sys

import yaml

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def seconds(item):
    """The pause from call to call, if it is not the answer that the next one waits for."""
    if rate := item.get("rate"):
        number, unit = rate.split("/")
        return UNITS[unit] / float(number)
    if every := item.get("every"):
        unit = every.lstrip("0123456789.")
        return float(every.removesuffix(unit)) * UNITS[unit]
    return None


def demand(text, speed):
    document = yaml.safe_load(text)
    for item in document["workload"]:
        every = seconds(item)
        yield [
            item.get("service", document["service"]), item["call"], item.get("params", {}), item.get("count", 1),
            every and every / speed, item.get("concurrency", 1)]


if __name__ == "__main__":
    speed, *paths = sys.argv[1:]
    texts = {pathlib.Path(path).stem: pathlib.Path(path).read_text() for path in paths}
    print(json.dumps({name: list(demand(text, float(speed))) for name, text in texts.items()}))
