"""Warp time tells the truth: an SDK's pauses there are those of wall time, gap by gap, and its timeouts fire in time.

Each client calls an operation that is always throttled, once in each kind of time, with its random generator seeded, so
that it has to draw the same pauses. A gap runs from the last byte of an answer to the next attempt. They may differ by
ten milliseconds or one in a hundred, in the shortest of five plays each: what a busy machine adds to a client's own
work, it adds in either.
"""
import json
import sys
import time

THROTTLED = """brownout: 1
name: warp-ladder
title: Each call is throttled until its client gives up
service: dynamodb
steps:
  - when: {operation: ListTables}
    inject: throttle
expect: {outcome: any}
"""

BLACK_HOLE = """brownout: 1
name: warp-black-hole
title: Nothing is ever answered
service: dynamodb
steps:
  - when: {operation: ListTables}
    inject: black_hole
expect: {outcome: any}
"""

PLAYS = 5
TOLERANCE_US, SHARE = 10_000, 0.01

# Botocore draws its jitter from `random`, the SDK for JavaScript from Math.random.
BOTO3 = """
import random, sys
import boto3
from botocore.config import Config
random.seed(5)
mode, attempts = sys.argv[1], int(sys.argv[2])
client = boto3.client("dynamodb", config=Config(retries={"mode": mode, "total_max_attempts": attempts}))
try:
    client.list_tables()
except Exception as error:
    print(type(error).__name__)
"""

SEEDED_JS = """
let state = 5;
Math.random = () => (state = (state * 48271) % 2147483647) / 2147483647;
const { DynamoDBClient, ListTablesCommand } = await import("@aws-sdk/client-dynamodb");
const client = new DynamoDBClient({ maxAttempts: Number(process.argv[2]) });
await client.send(new ListTablesCommand({})).catch((error) => console.log(error.name));
"""


def ladders(suite):
    """Name, command and how many gaps there are."""
    script = suite.folder / "seeded.mjs"
    script.write_text(SEEDED_JS)
    python = [suite.python, "-c", BOTO3]
    return [
        ("boto3 legacy", [*python, "legacy", "6"], 5),
        ("boto3 standard", [*python, "standard", "5"], 4),
        ("boto3 adaptive", [*python, "adaptive", "4"], 3),
        ("js", ["node", str(script), "5"], 4),
    ]


def gaps(events):
    """Pauses between an answer and the next attempt, in microseconds."""
    answered, found = None, []
    for event in events:
        if event["event"] == "attempt_received" and answered is not None:
            found.append(event["at_us"] - answered)
        if event["event"] == "answered":
            answered = event["last_byte_us"]
    return found


def shortest(suite, name, command, wanted):
    """For each clock the shortest of each gap over some plays, and the shortest time that a play took."""
    plays, seconds = {"warp": [], "wall": []}, {"warp": [], "wall": []}
    for number in range(PLAYS):
        for clock, found in plays.items():
            began = time.monotonic()
            played = suite.play(f"warp {name} {clock} {number}", THROTTLED, command, flags=["--time", clock])
            seconds[clock].append(time.monotonic() - began)
            found.append(gaps(played.events))
            if len(found[-1]) != wanted:
                raise RuntimeError(f"{len(found[-1])} gaps instead of {wanted}: {played.done.stderr.strip()[-200:]}")
    return [([min(gap) for gap in zip(*plays[clock])], min(seconds[clock])) for clock in plays]


def compare(suite, name, command, wanted):
    """What differs between warp and wall time, if anything does, and a line of figures."""
    (warp, fast), (wall, slow) = shortest(suite, name, command, wanted)
    worst = max(abs(a - b) for a, b in zip(warp, wall))
    far = [f"{a / 1e3:.1f} ms instead of {b / 1e3:.1f}" for a, b in zip(warp, wall)
           if abs(a - b) > max(TOLERANCE_US, b * SHARE)]
    figures = f"{wanted} gaps, {sum(wall) / 1e6:.2f} s in {fast:.2f} s instead of {slow:.2f}; worst {worst / 1e3:.1f} ms off"
    return "; ".join(far), figures


def speed(suite):
    """Virtual seconds per wall second of boto3's longest ladder: thirteen retries, without jitter."""
    began = time.monotonic()
    played = suite.play("warp speed", THROTTLED, [suite.python, "-c", BOTO3, "legacy", "14"], flags=["--time", "warp"])
    took, pauses = time.monotonic() - began, gaps(played.events)
    ladder = [0.05 * 2**retry for retry in range(13)]
    off = max(abs(pause / 1e6 - wanted) - wanted * SHARE for pause, wanted in zip(pauses, ladder)) if pauses else 1
    rate = sum(pauses) / 1e6 / took
    trouble = "" if len(pauses) == 13 and rate >= 100 and off < 0.05 else f"{len(pauses)} gaps, {rate:.0f} s/s, {off:.3f} s off"
    return trouble, f"{sum(pauses) / 1e6:.0f} s in {took:.2f} s: {rate:.0f} virtual seconds in one"


def black_hole(suite):
    """botocore waits sixty seconds for an answer, and says so by going away then."""
    command = [suite.python, "-c", BOTO3, "standard", "1"]
    played = suite.play("warp black hole", BLACK_HOLE, command, flags=["--time", "warp"])
    received = played.of("attempt_received")
    closed = [event["at_us"] for event in played.of("connection_closed")]
    waited = (closed[0] - received[0]["at_us"]) / 1e6 if received and closed else 0
    return ("" if 60 <= waited <= 60.6 else f"gave up after {waited:.2f} s"), f"gave up after {waited:.3f} s"


def cells(suite):
    """All of it as (name, what to do); each gives what is wrong, and a line of figures."""
    for name, command, wanted in ladders(suite):
        yield f"warp {name} ladder", lambda c=(name, command, wanted): compare(suite, *c)
    yield "warp speed", lambda: speed(suite)
    yield "warp black hole", lambda: black_hole(suite)


def main(suite):
    """Plays all, one after the other: what is measured is time. The number of cells that failed."""
    failed = 0
    for name, work in cells(suite):
        try:
            trouble, figures = work()
        except (RuntimeError, json.JSONDecodeError) as error:
            trouble, figures = str(error), ""
        failed += bool(trouble)
        print(f"{'FAIL' if trouble else 'ok  '} {name}: {figures}{'; ' if trouble and figures else ''}{trouble}")
    return failed


if __name__ == "__main__":
    sys.exit("play it by run.py --only warp")
