#!/usr/bin/env python3
"""Real SDKs against brownout: do they read the error that was meant, and try as often as documented?

    python3 tests/interop/run.py [--only WORD] [--jobs N] [--repeat N] [--write]

`--only verdicts` plays whole scenarios and asks what the judge says of the SDKs (verdicts.py); `--only warp` asks
whether their pauses in warp time are those of wall time (warp.py); `--only drivers` plays the SDKs that brownout brings
drivers for, by `--client` (drivers.py).

Needs cargo, Python with venv, Node with npm, and curl; BROWNOUT=path names a command that is built already. boto3,
the AWS CLI and the JS SDK are installed into a throwaway folder, and the client of the SDK for Rust is built there or in
$CARGO_TARGET_DIR/interop-rust; BROWNOUT_INTEROP_DIR=folder keeps the folder for the next time. EC2's crate is built
only with BROWNOUT_INTEROP_RUST_FEATURES=ec2. Each cell is a `brownout run … -- client` of its own, the whole
catalogue of a service one for each client: the attempts are counted in its journal, not by the client.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the tree stays as it was checked out
import cases  # noqa: E402
import catalogue  # noqa: E402
import drivers  # noqa: E402
import emulator  # noqa: E402
import installed  # noqa: E402
import reasons  # noqa: E402
import tables  # noqa: E402
import verdicts  # noqa: E402
import warp  # noqa: E402

HERE = installed.HERE
CELL_SECONDS = 120

# What a developer's or a build machine's environment may hold. brownout seals it off: were these left in place,
# clients would ask a closed port, look for a profile that is not there, or send a real session's token.
NOWHERE = "http://127.0.0.1:9"
HOSTILE = {
    "AWS_ENDPOINT_URL": NOWHERE,
    "AWS_ENDPOINT_URL_DYNAMODB": NOWHERE,
    "AWS_ENDPOINT_URL_S3": NOWHERE,
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "real",
    "AWS_REGION": "eu-central-1",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "HTTP_PROXY": NOWHERE,
    "https_proxy": NOWHERE,
}


@dataclasses.dataclass
class Row:
    """One line of the table."""

    client: str
    service: str
    fault: str
    intended: str  # the code that the scenario asks for
    reads: str  # what this client calls it
    expected: object
    note: str = ""
    reported: str = ""
    observed: object = None
    trouble: str = "not played"
    breaks: tuple = ()  # rules that brownout says it breaks, none of them a must
    catalogued: bool = False  # a row of the whole catalogue, shown only if it is remarkable
    listed: bool = False  # whether guidance 6.3 lists its attempts
    explained: str = ""  # why this client differs, with the line of its source

    def compare(self, reported, observed, *more):
        """Takes what was seen; `more` are (holds, complaint) pairs. The first complaint stands."""
        self.reported, self.observed = reported, observed
        checks = [
            (reported == self.reads, f"reports {reported or 'no error'}, not {self.reads or 'none'}"),
            (observed == self.expected, f"{observed} instead of {self.expected}"),
            *more,
        ]
        self.trouble = next((complaint for holds, complaint in checks if not holds), "")


class Suite:
    """Where everything lies, and how a client is played."""

    def __init__(self, binary, folder, work):
        self.binary, self.folder, self.work = binary, folder, work
        self.rust = None  # built only if a cell needs it
        self.python = str(folder / "venv/bin/python")
        self.js = ["node", str(folder / "js_client.mjs")]
        # The settings of whoever runs the suite must not decide how the clients retry …
        self.env = {n: v for n, v in os.environ.items() if not n.upper().startswith(("AWS_", "BOTO"))}
        # … and those that would lead a client elsewhere must not reach it.
        self.env |= HOSTILE | {"NODE_NO_WARNINGS": "1"}

    def command(self, client):
        """How a client is started, and the variables that choose its retry mode."""
        if client == "js":
            return self.js, {}
        if client in catalogue.RUST_CLIENTS:
            return [self.rust], {"AWS_NEW_RETRIES_2026": "true"} if client == catalogue.RUST_2026 else {}
        return [self.python, str(HERE / "boto3_client.py")], {"AWS_RETRY_MODE": client.split(" ")[1]}

    def play(self, name, scenario, command, env=None, flags=()):
        """Plays a command; gives the exit code, what each side said, the journal and the report."""
        return self.run(name, scenario, command, env, ("--no-control", *flags))

    def verdict(self, name, scenario, command, env, profile, seed):
        """Plays a command as anybody would, with its control; in wall time unless BROWNOUT_VERDICT_TIME says `warp`."""
        time = os.environ.get("BROWNOUT_VERDICT_TIME", "wall")
        return self.run(name, scenario, command, env, ("--time", time, "--profile", profile, "--seed", str(seed)))

    def run(self, name, scenario, command, env, flags, cwd=None):
        stem = self.work / re.sub(r"[^a-z0-9]+", "-", name.lower())
        if "\n" in scenario:
            stem.with_suffix(".yaml").write_text(scenario)
            scenario = str(stem.with_suffix(".yaml"))
        journal, report = stem.with_suffix(".jsonl"), stem.with_suffix(".json")
        words = [self.binary, "run", scenario, "--trials", "1", *flags]
        words += ["--journal", str(journal), "--report", f"json={report}", *(["--", *command] if command else [])]
        done = subprocess.run(
            words, env=self.env | (env or {}), capture_output=True, text=True, timeout=CELL_SECONDS, cwd=cwd or self.work)
        return Played(done, events(journal), json.loads(report.read_text()) if report.exists() else {}, journal)

    def virtual(self, name, scenario, settings):
        """Plays the in-process client in virtual time."""
        return self.play(name, scenario, None, flags=["--client", "aws-sdk-rust", *settings])


@dataclasses.dataclass
class Played:
    """What one play left behind."""

    done: subprocess.CompletedProcess
    events: list
    report: dict
    journal: pathlib.Path

    def of(self, kind):
        return [event for event in self.events if event["event"] == kind]

    def said(self):
        """The line of JSON that the client printed, or why there is none."""
        try:
            return json.loads(self.done.stdout)
        except ValueError:
            raise Failed(last_line(self.done.stdout + self.done.stderr)) from None

    def broken_rules(self):
        rules = [rule for run in self.report.get("runs", []) for rule in run["rules"]]
        return [rule["id"] for rule in rules if rule["verdict"] == "fail"]


class Failed(Exception):
    """A cell that could not be compared."""


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"


def events(journal):
    """The events of the client under test; the reference client's play stands in the same file."""
    found, segment = [], ""
    lines = journal.read_text().splitlines() if journal.exists() else []
    for line in map(json.loads, lines):
        if "segment" in line:
            segment = line["segment"]
        elif segment == "run":
            found.append(line)
    return found


def error_cell(suite, case, client):
    """One error, one client: the code it reports, the attempts it makes."""
    command, env = suite.command(client)
    name = f"{client} {case.service} {case.fault} {case.operation} {case.code} {case.status}"
    row = Row(client, case.service, case.fault, case.code, case.expected_code(client),
              case.expected_attempts(client), case.note)
    with excuses([row]):
        scenario = case.scenario(f"interop-{case.service}-{case.fault}")
        played = suite.play(name, scenario, [*command, case.service, case.operation], env)
        attempts, broken = played.of("attempt_received"), played.broken_rules()
        row.compare(
            played.said()["code"], len(attempts),
            (len({a["invocation"] for a in attempts}) == 1, "one call was seen as several invocations"),
            ({a["operation"] for a in attempts} == {case.operation}, "another operation was recognised"),
            # Clients as they come from the documented guidance must not be blamed.
            (client == "boto3 legacy" or played.done.returncode == 0, f"exit {played.done.returncode}, {broken}"),
        )
        row.breaks = tuple(broken)
    return [row]


def story_cell(suite, service, client, flags=()):
    """Normal answers parse, and each of several calls takes one attempt."""
    command, env = suite.command(client)
    row = Row(client, service, "".join(flags).lstrip("-") or "none", "", "", None)
    with excuses([row]):
        name = f"{client} {service} story {''.join(flags)}"
        played = suite.play(name, cases.HEALTHY, [*command, service, "story"], env, flags)
        attempts = played.of("attempt_received")
        row.expected = len({a["invocation"] for a in attempts})
        strange = [a["operation"] for a in attempts if a.get("unmodelled") or a["service"] != service]
        row.compare(
            played.said()["code"], len(attempts),
            (not strange, f"not recognised: {strange}"),
            (played.done.returncode == 0, f"exit {played.done.returncode}"),
        )
    return [row]


def gateway_cells(suite, client):
    """API Gateway's own answers as plain HTTP clients read them: status, headers, body."""
    command = [suite.python, str(HERE / "gateway.py"), client, *(g.path() for g in cases.GATEWAY)]
    rows = [Row(client, "execute-api", str(g.status), g.code, g.error_type, 1) for g in cases.GATEWAY]
    with excuses(rows):
        played = suite.play(f"gateway {client}", cases.gateway_scenario(), command)
        read = played.said()
        for row, wanted in zip(rows, cases.GATEWAY):
            answer = read[wanted.path()]
            head = answer["headers"]
            row.compare(
                head.get("x-amzn-errortype"),
                sum(a.get("target") == wanted.path() for a in played.of("attempt_received")),
                (answer["status"] == wanted.status, f"status {answer['status']}"),
                (answer["body"] == wanted.body, f"body {answer['body']}"),
                (head.get("content-type") == "application/json", f"type {head.get('content-type')}"),
                (re.fullmatch(r"[0-9a-f-]{36}", head.get("x-amzn-requestid", "")), "x-amzn-RequestId"),
                # Base64 for URLs, as captured answers have it.
                (re.fullmatch(r"[A-Za-z0-9_-]{15}=", head.get("x-amz-apigw-id", "")), "x-amz-apigw-id"),
                ("date" in head, "no Date"),
                ("retry-after" not in head, "Retry-After, which the gateway never sends"),
            )
    return rows


@contextlib.contextmanager
def excuses(rows):
    """What keeps a cell from being compared is said in its rows, and the other cells go on."""
    try:
        yield
    except (Failed, subprocess.TimeoutExpired) as failure:
        for row in rows:
            row.trouble = str(failure)


def listing(binary):
    """What our own error catalogue holds, as JSON."""
    return subprocess.run([binary, "list", "errors", "--json"], capture_output=True, text=True, check=True).stdout


def models_cell(suite):
    """Statuses, shapes and old codes are those of the service models."""
    row = Row("brownout", "", "models", "", "", "no difference")
    kept = suite.work / "errors.json"
    kept.write_text(listing(suite.binary))
    done = subprocess.run(
        [suite.python, str(HERE / "models.py"), str(kept)], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    row.note = f"{told['compared']} rows have a shape in botocore's models"
    row.compare("", "; ".join(told["differences"]) or "no difference")
    return [row]


def sources_cell(suite):
    """Each reason for a difference stands where it is said to stand in the SDK's source."""
    row = Row("brownout", "", "sources", "", "", "in place", f"{len(reasons.all_reasons())} lines of SDKs' sources")
    row.compare("", "; ".join(reasons.misplaced(suite.folder)) or "in place")
    return [row]


def catalogue_row(client, of):
    reads, renamed = of.reads(client)
    attempts, listed_too, other = of.expected(client)
    why = "; ".join(str(w) for w in (renamed, other) if w)
    return Row(client, of.service, str(of.status), of.intended(), reads, attempts,
               catalogued=True, listed=listed_too, explained=why)


def catalogue_cells(suite, service, of, client):
    """All errors of a service at once: the code that the client reports for each, the attempts it makes."""
    command, env = suite.command(client)
    rows = [catalogue_row(client, one) for one in of]
    with excuses(rows):
        words = [f"{one.code}:{one.operation()}" for one in of]
        played = suite.play(
            f"{client} {service} errors", catalogue.scenario(service, of), [*command, service, "errors", *words], env)
        told = played.said()
        steps = {d["seq"]: d.get("step") for d in played.of("step_decided")}
        received = collections.defaultdict(list)
        for attempt in played.of("attempt_received"):
            received[steps.get(attempt["seq"])].append(attempt)
        for number, (row, one) in enumerate(zip(rows, of)):
            attempts = received[f"row-{number}"]
            row.compare(
                told[one.code]["code"], len(attempts),
                (told[one.code]["status"] == one.status or one.status < 300, f"status {told[one.code]['status']}"),
                (len({a["invocation"] for a in attempts}) == 1, "one call was seen as several invocations"),
                ({(a["service"], a["operation"]) for a in attempts} == {(service, one.operation())},
                 "another operation was recognised"),
                ({a["protocol"] for a in attempts} == {one.protocol(client)}, "another protocol was spoken"),
                (one.says(client) in (0, len(attempts)), f"brownout's catalogue says {one.says(client)}"),
                (client == catalogue.LEGACY or played.done.returncode == 0,
                 f"exit {played.done.returncode}, {played.broken_rules()}"),
            )
    return rows


def runtime_cells(suite, service, of, client):
    """The same by the in-process client, in virtual time: one scenario for each operation, one client for each row."""
    settings = ["--client-config", "retries.spec=2026"] if client == catalogue.RUNTIME_2026 else []
    rows = []
    for operation in sorted({one.operation() for one in of}):
        some = [one for one in of if one.operation() == operation]
        found = [catalogue_row(client, one) for one in some]
        rows += found
        with excuses(found):
            played = suite.virtual(
                f"{client} {service} {operation}", catalogue.virtual_scenario(service, operation, some), settings)
            told = {f["client"]: f.get("code", "") for f in played.of("call_finished")}
            seen = collections.Counter(a["client"] for a in played.of("attempt_received"))
            spoken = {a["protocol"] for a in played.of("attempt_received")}
            for number, row in enumerate(found):
                row.compare(
                    told.get(number), seen[number],
                    (spoken == {some[number].protocol(client)}, f"{spoken} was spoken"),
                    (played.done.returncode == 0, f"exit {played.done.returncode}, {played.broken_rules()}"),
                )
    return rows


DENIED = cases.Case("dynamodb", "", "*", "AccessDeniedException", ()).scenario("interop-denied")


def verdict_cell(suite, name, wanted, rule, scenario, command, flags=()):
    """What brownout itself says of a client: its exit code, and the rule it names."""
    row = Row("brownout", "", name, rule, rule, f"exit {wanted}")
    with excuses([row]):
        played = suite.play(name, scenario, command, {"AWS_RETRY_MODE": "standard"}, flags)
        row.compare(
            ", ".join(played.broken_rules()), f"exit {played.done.returncode}",
            (wanted != 2 or "error:" in played.done.stderr, "it does not say why"),
        )
    return [row]


def verdict_cells(suite):
    """The checks of the sealed environment and the exit codes, longest first."""
    badly, burst = [suite.python, str(HERE / "badly.py")], [suite.python, str(HERE / "burst.py")]
    escaped = "escaped_endpoint"
    return [
        ("boto3 standard passes", 0, "", "throttle-burst", burst, ("--profile", "documented")),
        ("silent after an error", 1, "client_hung", DENIED, [*badly, "hang"], ("--client-timeout", "10s")),
        ("escape over http", 1, escaped, DENIED, [*badly, "escape", "http://sts.amazonaws.com"]),
        ("escape over https", 1, escaped, DENIED, [*badly, "escape", "https://sts.amazonaws.com"]),
        ("no such command", 2, "", DENIED, ["brownout-has-no-such-command"]),
        ("no request", 2, "", DENIED, ["true"]),
    ]


def upstream_cell(suite):
    """Faults laid over moto: the application gets what the emulator holds, and the emulator no more than its due."""
    row = Row("boto3 standard", "dynamodb", "upstream", "", "", emulator.CALLS + emulator.THROTTLED)
    with excuses([row]), emulator.moto(suite.python) as address:
        scenario = emulator.SCENARIO % address
        command = [suite.python, str(HERE / "table.py")]
        played = suite.play("upstream", scenario, command, {"AWS_RETRY_MODE": "standard"})
        answers = played.of("answered")
        throttled = [a for a in answers if a.get("class") == "throttling"]
        row.compare(
            "" if played.said() == emulator.SAID else str(played.said()), len(answers),
            (len(throttled) == emulator.THROTTLED, f"{len(throttled)} throttles"),
            (played.done.returncode == 0, f"exit {played.done.returncode}, {played.broken_rules()}"),
        )
    return [row]


def cells(suite, repeats):
    """All cells as (name, seconds it may last, work): the slow ones are to be started first."""
    for case in cases.CASES:
        for client in case.clients():
            attempts = case.expected_attempts(client)
            weight = attempts * 3 if client == "boto3 legacy" else attempts
            yield (f"{client} {case.service} {case.fault}", weight, error_cell, (suite, case, client))
    for service in catalogue.OPERATIONS:
        for client in catalogue.callers(service, cases.CLIENTS):
            yield (f"{client} {service} none", 1, story_cell, (suite, service, client))
    for client in catalogue.MEASURED:
        # They trust the certificate, and nothing else of the story changes.
        yield (f"{client} s3 tls", 2, story_cell, (suite, "s3", client, ("--tls",)))
    for client in ("urllib3", "curl"):
        yield (f"{client} execute-api", 1, gateway_cells, (suite, client))
    yield ("brownout models", 1, models_cell, (suite,))
    yield ("brownout sources", 1, sources_cell, (suite,))
    yield ("boto3 standard upstream", 20, upstream_cell, (suite,))
    for service, of in catalogue.rows(json.loads(listing(suite.binary))).items():
        for client in catalogue.callers(service, (*catalogue.MEASURED, *catalogue.RUST_CLIENTS)):
            weight = max(row.expected(client)[0] for row in of) * (3 if client == catalogue.LEGACY else 1)
            yield (f"{client} {service} errors", weight + 5, catalogue_cells, (suite, service, of, client))
        for client in catalogue.RUNTIMES:
            yield (f"{client} {service} errors", 1, runtime_cells, (suite, service, of, client))
    for check in verdict_cells(suite):
        yield (f"brownout verdict {check[0]}", 8, verdict_cell, (suite, *check))
    yield from verdicts.cells(suite, repeats)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only cells whose name has this word")
    parser.add_argument("--write", action="store_true", help="write docs/interop.md if all is well")
    parser.add_argument("--repeat", type=int, default=1, help="plays of each of the verdicts, each with a seed of its own")
    parser.add_argument("--jobs", type=int, default=8, help="cells at a time (they mostly wait)")
    args = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="brownout-interop-") as throwaway:
        kept = os.environ.get("BROWNOUT_INTEROP_DIR")
        folder = pathlib.Path(kept or throwaway).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        binary = installed.brownout_binary()
        installed.install(folder)
        work = pathlib.Path(throwaway) / "work"
        work.mkdir()
        suite = Suite(binary, folder, work)
        if args.only in ("warp", "drivers"):
            return 1 if {"warp": warp, "drivers": drivers}[args.only].main(suite) else 0
        todo = [cell for cell in cells(suite, args.repeat) if args.only in cell[0]]
        if any(cell[0].startswith(f"{catalogue.RUST} ") for cell in todo):
            suite.rust = installed.rust_client(folder)
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            slow_first = sorted(todo, key=lambda cell: -cell[1])
            futures = {id(cell): pool.submit(cell[2], *cell[3]) for cell in slow_first if " alone " not in cell[0]}
            done = {cell: future.result() for cell, future in futures.items()}
        rows = [row for cell in todo for row in (done[id(cell)] if id(cell) in done else cell[2](*cell[3]))]
        # What is measured there is time, so nothing else is played beside it.
        off = 0 if args.only else warp.main(suite) + drivers.main(suite)
    if judged := [row for row in rows if isinstance(row, verdicts.Judged)]:
        print(verdicts.table(judged), end="\n\n")
    failed_verdicts = sum(bool(row.trouble) for row in judged)
    rows = [row for row in rows if not isinstance(row, verdicts.Judged)]
    print(tables.table(rows) if rows else "")
    failed = failed_verdicts + sum(bool(row.trouble) for row in rows)
    if args.write and not failed and not args.only:
        (installed.ROOT / "docs/interop.md").write_text(tables.page(rows))
    for why, of in sorted(tables.explanations(rows).items()):
        print(f"explained ({len(of)}): {why}\n    {', '.join(of)}")
    if any(row.catalogued for row in rows):
        print("\n".join(tables.totals(rows)))
    played = len(rows) + len(judged)
    print(f"{played} cells in {time.monotonic() - began:.0f} s")
    print(f"{played - failed} passed, {failed} failed")
    return 1 if failed or off or not played else 0


if __name__ == "__main__":
    sys.exit(main())
