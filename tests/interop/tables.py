"""What was seen, as tables: on the screen, and in docs/interop.md."""
import json
import pathlib
import tomllib

import cases
import catalogue

HERE = pathlib.Path(__file__).resolve().parent
SERVICES = tuple(catalogue.OPERATIONS)
MODES = (*catalogue.MEASURED, *catalogue.RUST_CLIENTS, *catalogue.RUNTIMES)

HEADINGS = ("client", "service", "fault", "code intended", "code reported", "expected", "observed", "")


def fields(row):
    told = f"FAIL: {row.trouble}" if row.trouble else "ok"
    note = "; ".join(filter(None, [row.note, *(f"breaks {rule}" for rule in row.breaks)]))
    return (row.client, row.service, row.fault, row.intended, row.reported,
            str(row.expected), str(row.observed), f"{told} ({note})" if note else told)


def counted(rows):
    """Codes checked, equal, explained and failed."""
    good = [row for row in rows if not row.trouble]
    explained = sum(bool(row.explained) for row in good)
    return f"{len(rows)} checked, {len(good) - explained} equal, {explained} explained, {len(rows) - len(good)} failed"


def totals(rows):
    """What the whole catalogue came to: for each SDK mode, and in all."""
    of = [row for row in rows if row.catalogued]
    modes = [mode for mode in MODES if any(row.client == mode for row in of)]
    of_mode = {mode: counted([row for row in of if row.client == mode]) for mode in modes}
    codes = max(sum(row.client == mode for row in of) for mode in modes)
    in_table = sum(row.listed for row in of if not row.trouble)
    return [
        *(f"{mode}: {told}" for mode, told in of_mode.items()),
        f"catalogue: {codes} codes × {len(modes)} SDK modes: {counted(of)}; "
        f"{in_table} of them against attempts that guidance 6.3 lists",
    ]


def quoted(name):
    """A code as it is reported, or that there is none."""
    return f"`{name}`" if name not in ("", cases.NO_CODE) else name or "no error"


def explanations(rows):
    """Each difference of the catalogue's rows, under its reason."""
    found = {}
    for row in rows:
        if row.catalogued and row.explained and not row.trouble:
            told = f"{row.intended} is {row.reported or 'no error'}" if row.reported != row.intended else row.intended
            found.setdefault(row.explained, []).append(f"{row.client} {row.service} {told}, {row.observed}×")
    return found


def table(rows):
    rows = [row for row in rows if row.trouble or not row.catalogued]
    lines = [HEADINGS, *map(fields, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths)), line[-1]]).rstrip() for line in lines)


def crates():
    """The crates of the SDK for Rust that its lock file pins: those of the services, and the runtime that retries."""
    manifest = tomllib.loads((HERE / "rust/Cargo.toml").read_text())["dependencies"]
    named = {name for name, asked in manifest.items() if name.startswith("aws-") and not asked.get("optional")}
    locked = tomllib.loads((HERE / "rust/Cargo.lock").read_text())["package"]
    return [f"{package['name']} {package['version']}" for package in locked if package["name"] in named]


def versions():
    """What is pinned: boto3, of the JS SDK the clients and the core that retries, and the SDK for Rust."""
    pinned = (HERE / "requirements.txt").read_text().split()
    python = [p.replace("==", " ") for p in pinned if p.startswith(("boto", "urllib3"))]
    locked = json.loads((HERE / "package-lock.json").read_text())["packages"]
    names = [*json.loads((HERE / "package.json").read_text())["dependencies"], "@smithy/core"]
    return [*python, *(f"{name} {locked[f'node_modules/{name}']['version']}" for name in names), *crates()]


def catalogue_page(rows):
    """The whole catalogue: a line for each code, and why any SDK differs."""
    found = {}
    for row in rows:
        if row.catalogued:
            found.setdefault((row.service, row.intended, row.fault), {}).setdefault(row.client, row)
    lines = [
        "", "## The whole catalogue", "", *(f"- {line}" for line in totals(rows)), "",
        "Every row of `brownout list errors` that SDKs can call. `rust` is the SDK for Rust by its service crates, a",
        "command of its own over TCP like the others; the code is what `ProvideErrorMetadata::code` gives.",
        "`rust-runtime` is the client in brownout's process, in virtual time: the same SDK's runtime without a service",
        "crate, whose errors brownout's own reader reads. `2026` is either with the flag of that year.", "",
        *(f"A dash: the crate of {service} is too large to be built by default (CONTRIBUTING.md), so that only the\n"
          "runtime is checked of that service.\n" for service in sorted(catalogue.NOT_BUILT)),
        "| service | status | code | attempts: " + " / ".join(MODES) + " | reported as |", "|---|---|---|---|---|",
    ]
    for (service, code, status), of in sorted(found.items()):
        told = " / ".join(str(of[mode].observed) if mode in of else "–" for mode in MODES)
        others = {}
        for mode in MODES:
            if mode in of and of[mode].reported != code:
                others.setdefault(of[mode].reported, []).append(mode.split(" ")[0])
        names = [f"{quoted(name)} by {', '.join(dict.fromkeys(by))}" for name, by in others.items()]
        lines.append(f"| {service} | {status} | `{code}` | {told} | {'; '.join(names) or 'the same'} |")
    lines += ["", "Why names differ:", ""]
    return lines + [f"- {why} ({len(of)} rows)" for why, of in sorted(explanations(rows).items())]


def page(rows):
    """docs/interop.md: what was measured, by what."""
    errors = [row for row in rows if row.service in SERVICES and row.fault != "none" and not row.catalogued]
    grouped = {}
    for row in errors:
        grouped.setdefault((row.service, row.fault, row.intended, row.note), []).append(row)
    lines = [
        "# Real SDKs against brownout",
        "",
        "Written by `python3 tests/interop/run.py --write`. Each client has its default settings but for the mode",
        "named, and every attempt meets the error; the attempts are those that brownout's journal counted. First what lies",
        "beside the catalogue of errors, then all of it.",
        "",
        f"Measured with {', '.join(versions())}.",
        "",
        "| service | fault | code on the wire | attempts: " + " / ".join(cases.CLIENTS) + " | reported as | note |",
        "|---|---|---|---|---|---|",
    ]
    for (service, fault, code, note), of in sorted(grouped.items(), key=lambda g: SERVICES.index(g[0][0])):
        others = {row.client.split(" ")[0]: row.reported for row in of if row.reported != code}
        told = [f"{quoted(name)} by {client}" for client, name in others.items()]
        reported = ", ".join(told) or "the same"
        note = "; ".join(filter(None, [note, *(f"{r.client} breaks `{rule}`" for r in of for rule in r.breaks)]))
        observed = {row.client: row.observed for row in of}
        attempts = " / ".join(str(observed.get(client, "–")) for client in cases.CLIENTS)
        lines.append(f"| {service} | {fault} | `{code}` | {attempts} | {reported} | {note} |")
    lines += ["", *(f"- {why}" for why in dict.fromkeys(why for case in cases.CASES for why in case.why))]
    lines += catalogue_page(rows)
    lines += ["", "## API Gateway, as urllib3 and curl read it", "", "| status | `x-amzn-ErrorType` | body |", "|---|---|---|"]
    lines += [f"| {g.status} | `{g.error_type}` | `{g.body}` |" for g in cases.GATEWAY]
    return "\n".join(lines) + "\n"
