//! `docs/report.md`: exit codes, formats, and the JSON report, made from the types that are written.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::schema::Types;
use super::{code, head, journal, table};
use crate::exit::ExitStatus;
use crate::judge::RunReport;
use crate::report::FORMATS;

/// The types of a JSON report below a run, in the order of the page, each with its heading.
const PARTS: &[(&str, &str)] = &[
    ("RuleReport", "rule"),
    ("Finding", "finding"),
    ("TimelineEntry", "attempt"),
    ("Expected", "expected"),
    ("Metrics", "metrics"),
    ("Percentiles", "percentiles"),
    ("Slack", "slack"),
    ("Summary", "summary"),
    ("Fit", "fit"),
    ("Number", "number"),
    ("Backoff", "backoff"),
    ("Rung", "rung"),
    ("Attempts", "attempts"),
    ("Quota", "quota"),
    ("Limiter", "limiter"),
    ("Polling", "polling"),
    ("Breaker", "breaker"),
    ("Profiles", "profiles"),
    ("Candidate", "candidate"),
    ("Excluded", "excluded"),
    ("Missing", "missing"),
];

pub(super) fn page() -> String {
    let mut out = head("Reports and exit codes", "`harness/src/exit.rs`, `report/` and `judge/report.rs`");
    out.push_str("\n## Exit codes\n\nOver several runs, 1 beats 2 beats 3 beats 0.\n\n");
    out.push_str(&table(["code", "meaning"], EXITS.iter().map(|(s, text)| [s.code().to_string(), (*text).to_owned()])));
    out.push_str(
        "\n## Formats\n\n`--report FORMAT=PATH` writes a report to a file, or with `-` to the standard output; it may be \
         given several\ntimes. What people read goes to the error stream, and its last line sums up.\n\n",
    );
    out.push_str(&table(["format", "for"], FORMATS.iter().map(|f| [code(f.name), f.title.to_owned()])));
    out.push_str("\nIn JUnit a run is a suite and a rule that applies is a case. A rule without enough evidence is a skipped case,\nand so is a broken `should`: only what fails the run fails the build.\n");
    out.push_str(
        "\n## The JSON report\n\nVersion 1. Members may be added; none is renamed or removed within a version.\n\n",
    );
    out.push_str(&table(["field", "type", "present", "meaning"], top()));
    let schema = whole();
    let types = Types::with(&schema, PARTS);
    let _ =
        write!(out, "\n### run\n\nA scenario × a client × a clock: a member of `runs`.\n\n{}", types.fields(&schema));
    for (name, heading) in PARTS {
        if let Some(part) = types.named(name) {
            let what = part.get("description").and_then(Value::as_str).unwrap_or_default();
            let _ = write!(out, "\n### {heading}\n\n{what}\n\n{}", types.fields(part));
        }
    }
    out
}

const EXITS: &[(ExitStatus, &str)] = &[
    (ExitStatus::Pass, "Nothing failed."),
    (
        ExitStatus::Fail,
        "A rule that weighs `must` failed and is not allowed, an expectation was broken, or the score lies below `--fail-under`.",
    ),
    (
        ExitStatus::Unusable,
        "Nothing could be judged: wrong usage, a scenario with mistakes, a client that did not start or of which nothing was seen (neither a request nor a connection that a fault broke), or a step that is not `optional` and never fired.",
    ),
    (ExitStatus::Inconclusive, "A rule that the scenario names in `expect.judge` applies here and stayed undecided."),
];

fn top() -> Vec<[String; 4]> {
    let row = |name: &str, of: &str, present: &str, meaning: &str| {
        [code(name), of.to_owned(), present.to_owned(), meaning.to_owned()]
    };
    vec![
        row(
            "broken",
            "list of {client: text or null, reason: text, scenario: text}",
            "always",
            "Runs that could not be played, and why.",
        ),
        row("exit_code", "whole number", "always", "What the command exits with on account of the runs."),
        row("runs", "list of [run](#run)", "always", "The runs, in the order in which they were asked for."),
        row("score", "number or null", "always", "Mean of the runs' scores; null if nothing was decided."),
        row("skipped", "whole number", "always", "Scenarios that a named client could not play."),
        row("tool", "text", "always", "Name and version of what wrote the report."),
        row("version", "whole number", "always", "Version of this format: 1."),
        row(
            "wall_ms",
            "whole number",
            "sometimes",
            "How long the command took; no part of what is judged. Not from `judge`.",
        ),
    ]
}

/// The schema of a run as the report holds it: the judge's, and what the renderer adds.
fn whole() -> Value {
    let mut schema = journal::writer().into_root_schema_for::<RunReport>().to_value();
    let line = json!({ "type": ["integer", "null"], "description": "Line of the scenario where that step stands." });
    add(
        &mut schema,
        "",
        "exit_code",
        json!({ "type": "integer", "description": "The exit code that this run asks for." }),
    );
    add(&mut schema, "", "repeat", json!({ "type": "string", "description": "The command that repeats the run." }));
    let step = json!({ "type": "object", "properties": { "step": { "type": "string" }, "scenario_line": line } });
    let unfired = json!({ "type": "array", "items": step,
        "description": "Steps that never fired and are not optional: with any of these, the scenario was not played." });
    add(&mut schema, "", "unfired", unfired);
    add(&mut schema, "/$defs/Finding", "scenario_line", line);
    schema
}

fn add(schema: &mut Value, at: &str, name: &str, member: Value) {
    if let Some(map) = schema.pointer_mut(at).and_then(Value::as_object_mut) {
        if let Some(properties) = map.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert(name.into(), member);
        }
        if let Some(required) = map.get_mut("required").and_then(Value::as_array_mut) {
            required.push(name.into());
        }
    }
}
