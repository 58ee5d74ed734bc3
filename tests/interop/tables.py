"""What was seen, as tables: on the screen, and in docs/interop.md."""
import json
import pathlib

import cases
import catalogue

HERE = pathlib.Path(__file__).resolve().parent
SERVICES = tuple(catalogue.OPERATIONS)

HEADINGS = ("client", "service", "fault", "code intended", "code reported", "expected", "observed", "")


def fields(row):
    told = f"FAIL: {row.trouble}" if row.trouble else "ok"
    note = "; ".join(filter(None, [row.note, *(f"breaks {rule}" for rule in row.breaks)]))
    return (row.client, row.service, row.fault, row.intended, row.reported,
            str(row.expected), str(row.observed), f"{told} ({note})" if note else told)


def totals(rows):
    """What the whole catalogue came to."""
    of = [row for row in rows if row.catalogued]
    modes = len({row.client for row in of})
    good = [row for row in of if not row.trouble]
    explained = sum(bool(row.explained) for row in good)
    in_table = sum(row.listed for row in good)
    return (f"catalogue: {len(of) // modes} rows × {modes} SDK modes = {len(of)} checked, "
            f"{len(good) - explained} equal, {explained} explained, {len(of) - len(good)} failed; "
            f"{in_table} of them against attempts that guidance 6.3 lists")


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


def versions():
    """What is pinned: boto3, and of the JS SDK the clients and the core that retries."""
    pinned = (HERE / "requirements.txt").read_text().split()
    python = [p.replace("==", " ") for p in pinned if p.startswith(("boto", "urllib3"))]
    locked = json.loads((HERE / "package-lock.json").read_text())["packages"]
    names = [*json.loads((HERE / "package.json").read_text())["dependencies"], "@smithy/core"]
    return [*python, *(f"{name} {locked[f'node_modules/{name}']['version']}" for name in names)]


def catalogue_page(rows):
    """The whole catalogue: a line for each code, and why any SDK differs."""
    modes = (*catalogue.MEASURED, catalogue.RUST, catalogue.RUST_2026)
    found = {}
    for row in rows:
        if row.catalogued:
            found.setdefault((row.service, row.intended, row.fault), {}).setdefault(row.client, row)
    lines = [
        "", "## The whole catalogue", "", totals(rows).capitalize() + ".", "",
        "Every row of `brownout list errors` that SDKs can call. Rust is the in-process client, in virtual time, and",
        "`rust 2026` the same with the flag of that year.", "",
        "| service | status | code | attempts: " + " / ".join(modes) + " | reported as |", "|---|---|---|---|---|",
    ]
    for (service, code, status), of in sorted(found.items()):
        told = " / ".join(str(of[mode].observed) for mode in modes)
        others = {}
        for mode in modes:
            if of[mode].reported != code:
                others.setdefault(of[mode].reported, []).append(mode.split(" ")[0])
        names = [f"{f'`{name}`' if name else 'no error'} by {', '.join(dict.fromkeys(by))}" for name, by in others.items()]
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
        told = [f"`{name}` by {client}" if name else f"no error by {client}" for client, name in others.items()]
        reported = ", ".join(told) or "the same"
        note = "; ".join(filter(None, [note, *(f"{r.client} breaks `{rule}`" for r in of for rule in r.breaks)]))
        attempts = " / ".join(str(row.observed) for row in of)
        lines.append(f"| {service} | {fault} | `{code}` | {attempts} | {reported} | {note} |")
    lines += catalogue_page(rows)
    lines += ["", "## API Gateway, as urllib3 and curl read it", "", "| status | `x-amzn-ErrorType` | body |", "|---|---|---|"]
    lines += [f"| {g.status} | `{g.error_type}` | `{g.body}` |" for g in cases.GATEWAY]
    return "\n".join(lines) + "\n"
