"""Whole scenarios of the library, played by programs on real SDKs and judged by what documents them.

Each cell is `brownout run SCENARIO --profile auto --time wall -- a program`, as anybody would call it, control and all:
the right profile must be picked by the User-Agent, rules must have been looked at, and nobody may be blamed but for
what stands in FINDINGS, with the line of the SDK's source that makes it so. Programs that are wrong on purpose end the
table: a check that cannot fail shows nothing.
"""
import contextlib
import json
import pathlib
import subprocess
from dataclasses import dataclass, field

import installed
import reasons

STANDARD = ("boto3 standard", "js standard")
ALL = (*STANDARD, "boto3 legacy", "boto3 adaptive", "js adaptive")
# A program that does not wait for its answers for ever.
IMPATIENT_S = "2"
# As many times faster than the scenario's own clients, so that a build does not wait for idle programs. Throttled
# clients in adaptive mode slow down by themselves, whatever is asked of them.
FASTER = 8
# From this release on, clients of the JS SDK ask for a core that always behaves as of 2026 (harness/agents.yaml).
JS_2026 = (3, 1169)


@dataclass(frozen=True)
class Play:
    """A scenario, who plays it, and how fast."""

    scenario: str
    clients: tuple = STANDARD
    speed: float = FASTER
    timeout: str = ""


PLAYS = (
    Play("throttle-burst", (*STANDARD, "boto3 legacy")),
    Play("dynamodb-three-throttles", (*STANDARD, "boto3 legacy")),
    Play("lambda-concurrency"),
    Play("bedrock-model-busy"),
    Play("hinted-in-milliseconds", speed=10),
    Play("batch-half-done"),
    Play("service-unavailable-storm", ALL),
    Play("bad-gateway-storm"),
    Play("html-json-or-nothing"),
    Play("transient-list"),
    Play("unknown-errors"),
    Play("connection-reset", ALL),
    Play("closed-without-answer"),
    Play("truncated-answer", ALL),
    Play("black-hole", timeout=IMPATIENT_S),
    Play("long-poll-storm"),  # it spends the retry quota
    Play("launch-repeated"),
    Play("error-in-200"),
    Play("instance-limit"),
    Play("s3-refuses", ALL),
    Play("clock-skewed"),
    Play("credentials-expired", speed=1),  # they expire after four seconds
)

# What brownout says of an SDK as it is, and rightly: by scenario and client, the rules it breaks and where that stands.
HALF_AN_ANSWER = (reasons.UNCOUNTED_BOTO3, reasons.HALF_JSON_BOTO3)
FINDINGS = {
    # Ten calls of ten get half an answer, and the program hears of no error. The profile of legacy mode does not ask
    # for another try, but the scenario expects that the calls succeed.
    ("truncated-answer", "boto3 standard"): (("transient_not_retried",), HALF_AN_ANSWER),
    ("truncated-answer", "boto3 adaptive"): (("transient_not_retried",), HALF_AN_ANSWER),
    ("truncated-answer", "boto3 legacy"): ((), HALF_AN_ANSWER),
}


@dataclass(frozen=True)
class Wrong:
    """A program with one mistake, and the rule that must name it."""

    client: str
    scenario: str
    rule: str
    words: tuple  # what is told to the program beside the demand
    profile: str = "std-2026"
    env: dict = field(default_factory=dict)


WRONG = (
    Wrong("boto3, ten retries", "unknown-errors", "attempts_exceeded", ("--retries", "10")),
    Wrong("js, ten attempts", "unknown-errors", "attempts_exceeded", ("--attempts", "10")),
    Wrong("boto3 in a loop", "throttle-burst", "no_backoff", ("--loop", "3"), "auto", {"AWS_MAX_ATTEMPTS": "1"}),
)


@dataclass
class Judged:
    """One line of the table."""

    scenario: str
    client: str
    expected: str
    verdict: str = ""
    profile: str = ""
    score: str = ""
    attempts: str = ""
    kept: str = ""
    open: str = ""
    why: tuple = ()
    trouble: str = "not played"
    catalogued: bool = False


def demands(suite, speed):
    """What each scenario asks of a client, at this speed. Read where YAML can be read."""
    paths = {path.stem: path for path in (installed.ROOT / "scenarios").glob("*/*.yaml")}
    names = [play.scenario for play in PLAYS if play.speed == speed]
    words = [suite.python, str(installed.HERE / "demand.py"), str(speed), *(str(paths[name]) for name in names)]
    return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def program(suite, client):
    """How a program is started, and the variables that choose its retry mode."""
    sdk, *mode = client.replace(",", "").split(" ")
    env = {"AWS_RETRY_MODE": mode[0]} if mode and mode[0] in ("legacy", "standard", "adaptive") else {}
    if sdk == "js":
        return ["node", str(suite.folder / "verdict_js.mjs")], env
    return [suite.python, str(installed.HERE / "verdict_boto3.py")], env


def documented(suite, client, service):
    """What documents this client: by its User-Agent, and by what is installed."""
    sdk, mode = client.split(" ")
    exact = {"legacy": "botocore-legacy", "standard": "std-2026", "adaptive": "adaptive"}[mode]
    if sdk == "js":
        package = {"events": "eventbridge", "logs": "cloudwatch-logs"}.get(service, service)
        manifest = suite.folder / f"node_modules/@aws-sdk/client-{package}/package.json"
        version = json.loads(manifest.read_text())["version"]
        if tuple(map(int, version.split(".")[:2])) < JS_2026:
            return "auto: js-pre2026 or std-2026", exact
    return f"auto: {exact}", exact


def opened(report):
    rules = [rule["id"] for rule in report["rules"] if rule["verdict"] == "inconclusive"]
    return ", ".join(rules)


def take(row, played, exit_code, checks):
    """Fills the line; the first complaint of what `checks` gives stands."""
    if not played.report.get("runs"):
        row.trouble = (played.done.stderr.strip().splitlines() or ["no report"])[-1]
        return
    report = played.report["runs"][0]
    count = sum(rule["verdict"] == "pass" for rule in report["rules"])
    row.verdict, row.profile, row.score = report["verdict"], report["profile"], f"{report['score']:.0f}"
    row.attempts, row.kept, row.open = str(report["metrics"]["attempts"]), str(count), opened(report)
    told = [json.dumps(report["expected"])] if report["expected"] else []
    problems = "; ".join(played.broken_rules() + told)
    exits = (played.done.returncode == exit_code, f"exit {played.done.returncode}: {problems}")
    row.trouble = next((complaint for holds, complaint in (exits, *checks()) if not holds), "")


def again(suite, played, profile):
    """The same journal, judged by another profile: its exit code and the rules that are broken there."""
    report = pathlib.Path(f"{played.journal}.{profile}.json")
    words = [suite.binary, "judge", str(played.journal), "--profile", profile, "--report", f"json={report}"]
    done = subprocess.run(words, env=suite.env, capture_output=True, text=True, cwd=suite.work)
    runs = json.loads(report.read_text())["runs"] if report.exists() else []
    broken = [rule["id"] for run in runs for rule in run["rules"] if rule["verdict"] == "fail"]
    return done.returncode, broken, done.stderr


def right_cell(suite, play, client, demand, seed):
    """A program on an SDK as it is: nobody may blame it."""
    rules, why = FINDINGS.get((play.scenario, client), ((), ()))
    row = Judged(play.scenario, client, ", ".join(rules) or ("unexpected outcome" if why else "pass"), why=why)
    with playing(row):
        command, env = program(suite, client)
        words = [*command, json.dumps(demand), *(["--timeout", play.timeout] if play.timeout else [])]
        played = suite.verdict(f"verdict {client} {play.scenario} {seed}", play.scenario, words, env, "auto", seed)
        by_agent, exact = documented(suite, client, demand[0][0])
        take(row, played, 1 if why else 0, lambda: (
            (tuple(played.broken_rules()) == rules, f"breaks {played.broken_rules()}"),
            (row.profile == by_agent, f"judged by {row.profile}, documented by {by_agent}"),
            (int(row.kept or 0) >= 3, f"only {row.kept} rules kept"),
            (bool(played.done.stdout.strip()), "the program did not come to its end"),
        ))
        if not row.trouble and by_agent != f"auto: {exact}":
            # The header leaves the generation open; of what is installed, it is known.
            code, broken, told = again(suite, played, exact)
            row.profile += f", {exact}"
            row.trouble = f"by {exact}: exit {code}, {broken} {told}" if code not in (0, 3) or broken else ""
    return [row]


def wrong_cell(suite, wrong, demand):
    """A program with a mistake: it must be named."""
    row = Judged(wrong.scenario, wrong.client, wrong.rule)
    with playing(row):
        command, env = program(suite, wrong.client)
        words = [*command, json.dumps(demand), *wrong.words]
        env = {"AWS_RETRY_MODE": "standard"} | env | wrong.env
        played = suite.verdict(f"wrong {wrong.client}", wrong.scenario, words, env, wrong.profile, 1)
        take(row, played, 1, lambda: [(wrong.rule in played.broken_rules(), f"breaks {played.broken_rules()}")])
        row.profile = row.profile or wrong.profile
    return [row]


@contextlib.contextmanager
def playing(row):
    try:
        yield
    except subprocess.TimeoutExpired as late:
        row.trouble = str(late)


def cells(suite, repeats):
    """All cells as (name, seconds it may last, work)."""
    by_speed = {speed: demands(suite, speed) for speed in {play.speed for play in PLAYS}}
    for seed in range(1, repeats + 1):
        for play in PLAYS:
            demand = by_speed[play.speed][play.scenario]
            for client in play.clients:
                weight = 25 if play.speed < FASTER or play.scenario == "hinted-in-milliseconds" else 10
                yield (f"verdicts {client} {play.scenario}", weight, right_cell, (suite, play, client, demand, seed))
    for wrong in WRONG:
        demand = by_speed[FASTER][wrong.scenario]
        # On a busy machine even a loop without a pause has some: what is to be too fast plays alone.
        alone = "alone " if wrong.rule == "no_backoff" else ""
        yield (f"verdicts {alone}{wrong.client} {wrong.scenario}", 8, wrong_cell, (suite, wrong, demand))


HEADINGS = ("scenario", "client", "expected", "verdict", "score", "attempts", "rules kept", "profile", "open")


def table(rows):
    """Scenario and client: what was said of it."""
    def fields(row):
        told = f"FAIL: {row.trouble}" if row.trouble else row.verdict
        return (row.scenario, row.client, row.expected, told, row.score, row.attempts, row.kept, row.profile, row.open)

    lines = [HEADINGS, *map(fields, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS) - 1)]
    shown = ["  ".join([*(c.ljust(w) for c, w in zip(line, widths)), line[-1]]).rstrip() for line in lines]
    whys = dict.fromkeys(str(why) for row in rows if not row.trouble for why in row.why)
    blamed = sum(bool(row.trouble) for row in rows)
    return "\n".join([*shown, *(f"a finding about an SDK: {why}" for why in whys),
                      f"verdicts: {len(rows)} plays, {blamed} not as expected"])
