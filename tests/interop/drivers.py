"""The SDKs that brownout brings drivers for, played by `--client`, in warp time where there is one.

Each cell is a run as anybody would type it, control and all: nobody may be blamed by what documents the client but for
what stands in FINDINGS, and the report has to say who it was. Then each client's random generator is shown to be seeded:
one seed gives one ladder of pauses, in warp time and in wall time, and another seed another ladder. Programs that are
set up wrongly end the table: a check that cannot fail shows nothing.
"""
import json
import os
import sys
import time
from dataclasses import dataclass

import reasons
import warp

# All of it takes a quarter of an hour of two cores; `.ci/long drivers` plays that, and a build a slice.
WHOLE = bool(os.environ.get("BROWNOUT_DRIVERS_WHOLE"))
SCENARIOS = (
    "throttle-burst", "dynamodb-three-throttles", "s3-slow-down", "lambda-concurrency", "service-unavailable-storm",
    "sqs-throttle-403", "access-denied", "transient-list", "connection-reset", "truncated-answer",
) if WHOLE else ("throttle-burst", "service-unavailable-storm", "access-denied", "truncated-answer")
HALF_AN_ANSWER = (reasons.UNCOUNTED_BOTO3, reasons.HALF_JSON_BOTO3)
# What brownout says of an SDK as it is, and rightly: by client and scenario, the rules it breaks and why.
FINDINGS = {("boto3 standard", "truncated-answer"): (("transient_not_retried",), HALF_AN_ANSWER)}


@dataclass(frozen=True)
class Client:
    """A driver with its settings, and what its report has to say of it."""

    name: str
    driver: str
    mode: str
    told: str
    scenarios: tuple = SCENARIOS

    def words(self, **more):
        settings = ({"retries.mode": self.mode} if self.mode else {}) | more
        return ["--client", self.driver, *(w for pair in settings.items() for w in ("--client-config", "=".join(pair)))]


SOME = ("throttle-burst", "service-unavailable-storm", "connection-reset") if WHOLE else ("throttle-burst",)
# Each call of the CLI takes the best part of a second of a core, so it plays less.
FEW = ("dynamodb-three-throttles", "s3-slow-down", "lambda-concurrency", "access-denied")[:4 if WHOLE else 1]
CLIENTS = (
    Client("boto3 legacy", "boto3", "legacy", "client: boto3 1.", SCENARIOS[:-1]),
    Client("boto3 standard", "boto3", "standard", "retry mode standard"),
    Client("boto3 adaptive", "boto3", "adaptive", "retry mode adaptive", SOME),
    Client("aws-cli", "aws-cli", "", "AWS CLI version 1", FEW),
    Client("aws-cli standard", "aws-cli", "standard", "retry mode standard", FEW[:2]),
    Client("aws-sdk-js", "aws-sdk-js", "", "client: aws-sdk-js 3."),
    Client("aws-sdk-js adaptive", "aws-sdk-js", "adaptive", "retry mode adaptive", ("throttle-burst",)),
)
LADDERS = (("boto3 legacy", "6", 5), ("boto3 adaptive", "4", 3), ("aws-cli standard", "5", 4), ("boto3 standard", "5", 4),
           ("aws-sdk-js", "5", 4))[0 if WHOLE else 3:]
ONE_CALL = warp.THROTTLED.replace("service: dynamodb\n", "service: dynamodb\nworkload: [{call: ListTables}]\n")
CLOCKS = ("warp", "wall") if sys.platform == "linux" else ("wall",)
PLAYS, ROUNDS = 3, 4
# What a client computes is in its pauses, too, and most of it in the first: a service's errors are read by what is built
# for the first of them, 30 to 50 ms of boto3. How well time is kept is measured by warp.py; here two seeds are told
# apart, whose pauses differ by hundreds of milliseconds.
TOLERANCE_US, SHARE = 40_000, 0.02


def environment(suite):
    return {"BROWNOUT_PYTHON": suite.python, "BROWNOUT_AWS": str(suite.folder / "venv/bin/aws")}


def start(suite, name, scenario, words):
    """A run in the folder that has the packages of Node."""
    return suite.run(name, scenario, None, environment(suite), words, cwd=suite.folder)


def judged(suite, client, scenario):
    """One scenario: what is wrong, if anything is, and a line of figures."""
    wanted = FINDINGS.get((client.name, scenario), ((), ()))[0]
    played = start(suite, f"{client.name} {scenario}", scenario, [*client.words(), "--profile", "auto"])
    if not played.report.get("runs"):
        return played.done.stderr.strip()[-300:] or "no report", ""
    run, broken = played.report["runs"][0], tuple(played.broken_rules())
    figures = (f"{run['profile']}, score {run['score']:.0f}, {run['metrics']['attempts']} attempts in {run['trials']} trials, "
               f"{run['time']}")
    checks = [
        (broken == wanted, f"breaks {', '.join(broken) or 'nothing'}"),
        (wanted or played.done.returncode == 0, f"exit {played.done.returncode}: {run['expected']} {run['unfired']}"),
        (client.told in played.done.stderr, f"the report does not say {client.told!r}"),
        (run["metrics"]["calls"] > 0 and played.of("call_finished"), "no call of ours is in the journal"),
        (all("call" in a for a in played.of("attempt_received")), "attempts that belong to no call"),
    ]
    return next((complaint for holds, complaint in checks if not holds), ""), figures


def ladder(suite, client, attempts, wanted, clock, seed):
    words = [*client.words(**{"retries.max_attempts": attempts}), "--no-control", "--time", clock, "--seed", str(seed)]
    played = start(suite, f"{client.name} ladder {clock} {seed}", ONE_CALL, words)
    found = warp.gaps(played.events)
    if len(found) != wanted:
        raise RuntimeError(f"{len(found)} gaps instead of {wanted}: {played.done.stderr.strip()[-300:]}")
    return found


def alike(one, other):
    return abs(one - other) <= max(TOLERANCE_US, other * SHARE)


def seeded(suite, client, attempts, wanted):
    """One seed gives one ladder, on each clock; another seed gives another."""
    plays = {clock: [] for clock in CLOCKS}
    for _ in range(ROUNDS):
        # A busy machine makes single plays longer, and none of them shorter than it is.
        for _ in range(PLAYS):
            for clock, found in plays.items():
                found.append(ladder(suite, client, attempts, wanted, clock, 1))
        first, last = ([min(gap) for gap in zip(*plays[clock])] for clock in (CLOCKS[0], CLOCKS[-1]))
        far = [f"{a / 1e3:.1f} ms instead of {b / 1e3:.1f}" for a, b in zip(first, last) if not alike(a, b)]
        if not far:
            break
    worst = max(abs(a - b) for a, b in zip(first, last))
    other = ladder(suite, client, attempts, wanted, CLOCKS[0], 2)
    # Legacy mode has no jitter against DynamoDB.
    same = all(alike(a, b) for a, b in zip(first, other))
    if same and client.mode != "legacy":
        far.append("another seed gives the same pauses")
    return "; ".join(far), f"{wanted} gaps, {sum(first) / 1e6:.2f} s; worst {worst / 1e3:.1f} ms off"


def wrong(suite, client):
    """Too many attempts are found out."""
    words = client.words(**{"retries.max_attempts": "10"})
    played = start(suite, f"{client.name} wrong", "unknown-errors", [*words, "--profile", "std-2026"])
    broken = played.broken_rules()
    return "" if "attempts_exceeded" in broken else f"breaks {broken}: {played.done.stderr[-200:]}", ", ".join(broken)


def cells(suite):
    """All of it as (name, what to do)."""
    by_name = {client.name: client for client in CLIENTS}
    for client in CLIENTS:
        for scenario in client.scenarios:
            yield f"drivers {client.name} {scenario}", lambda c=client, s=scenario: judged(suite, c, s)
    for name, attempts, wanted in LADDERS:
        yield f"drivers {name} seeded", lambda c=by_name[name], a=attempts, w=wanted: seeded(suite, c, a, w)
    for name in ("boto3 standard", "aws-sdk-js"):
        yield f"drivers {name}, ten attempts", lambda c=by_name[name]: wrong(suite, c)


def main(suite):
    """Plays all, one after the other: what is measured is time. The number of cells that failed."""
    failed, played, began = 0, 0, time.monotonic()
    for name, work in cells(suite):
        try:
            trouble, figures = work()
        except (RuntimeError, json.JSONDecodeError) as error:
            trouble, figures = str(error), ""
        played += 1
        failed += bool(trouble)
        print(f"{'FAIL' if trouble else 'ok  '} {name}: {figures}{'; ' if trouble and figures else ''}{trouble}", flush=True)
    why = {reason for _, reasons_of in FINDINGS.values() for reason in reasons_of}
    print(*(f"a finding about an SDK: {reason}" for reason in sorted(map(str, why))), sep="\n", end="\n" if why else "")
    print(f"drivers: {played} cells, {failed} not as expected, {time.monotonic() - began:.0f} s")
    return failed


if __name__ == "__main__":
    sys.exit("play it by run.py --only drivers")
