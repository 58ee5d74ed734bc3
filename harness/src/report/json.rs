//! JSON: every run as it was judged, versioned.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Entry, Report};

/// Version of the JSON report.
const VERSION: u32 = 1;

pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &value(report)?)?;
    out.write_all(b"\n")
}

fn value(report: &Report) -> serde_json::Result<Value> {
    let runs = report.runs.iter().map(run).collect::<serde_json::Result<Vec<_>>>()?;
    let broken: Vec<Value> =
        report.broken.iter().map(|b| json!({"scenario": b.scenario, "client": b.client, "reason": b.reason})).collect();
    let mut value = json!({
        "version": VERSION,
        "tool": crate::runner::TOOL,
        "exit_code": report.exit().code(),
        "score": report.score(),
        "runs": runs,
        "broken": broken,
        "skipped": report.skipped,
    });
    if let (Some(wall), Some(map)) = (report.wall_ms, value.as_object_mut()) {
        map.insert("wall_ms".into(), wall.into());
    }
    Ok(value)
}

fn run(entry: &Entry) -> serde_json::Result<Value> {
    let mut value = serde_json::to_value(&entry.report)?;
    let line = |step: &str| entry.place(step).map(|p| p.line);
    if let Some(rules) = value.get_mut("rules").and_then(Value::as_array_mut) {
        for finding in rules.iter_mut().filter_map(|r| r.get_mut("findings")?.as_array_mut()).flatten() {
            let line = finding.get("step").and_then(Value::as_str).and_then(line);
            if let Some(map) = finding.as_object_mut() {
                map.insert("scenario_line".into(), line.into());
            }
        }
    }
    if let Some(map) = value.as_object_mut() {
        let unfired = entry.report.unfired.iter().map(|s| json!({"step": s, "scenario_line": line(s)}));
        map.insert("unfired".into(), unfired.collect());
        map.insert("exit_code".into(), entry.report.exit_code().into());
        map.insert("repeat".into(), entry.repeat.clone().into());
    }
    Ok(value)
}
