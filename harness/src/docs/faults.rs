//! `docs/faults.md`: every fault with its keys.

use std::fmt::Write as _;

use brownout_mocks::fault::{BARE, FAULTS, FaultDoc};
use serde_json::Value;

use super::schema::{Types, branches};
use super::{block, code, deeper, head, table};
use crate::scenario::{Scenario, library, schema};

const INTRODUCTION: &str = r#"
A fault is a map of one key, the fault's name, and stands in a step's `inject`, alone or in a list. Of a list at
most one fault may answer or break the connection. Durations carry their unit (`250ms`, `1s`, `5m`, `1h`, `1d`);
rates are so many per unit (`4/s`, `30/m`).

```yaml
brownout: 1
name: slow-then-throttled
title: Each call is answered late, and throttled once
service: dynamodb
workload:
  - call: GetItem
    params: {TableName: orders, Key: {id: {S: "1"}}}
    count: 5
    rate: 1/s
steps:
  - when: {operation: GetItem, attempt: 1}
    inject: [{latency: 200ms}, throttle]
expect:
  outcome: success
```

"#;

pub(super) fn page() -> String {
    let mut out = head("Faults", "the files in `mocks/src/fault/` and their JSON Schemas");
    out.push_str(INTRODUCTION);
    let row = |doc: &FaultDoc| {
        let title = block(doc.source).lines().next().unwrap_or_default().to_owned();
        [format!("[`{0}`](#{0})", doc.name), title, shorthands(doc.name).join(", ")]
    };
    out.push_str(&table(["fault", "what happens", "shorthand"], FAULTS.iter().map(row)));
    for doc in FAULTS {
        let _ = write!(out, "\n{}", deeper(&fault(doc)));
    }
    out
}

/// One fault: its documentation, its keys, and the scenarios of the library that play it.
pub fn fault(doc: &FaultDoc) -> String {
    let mut out = format!("# {}\n\n{}\n## Keys\n\n", doc.name, block(doc.source));
    let types = Types::new(schema());
    if let Some(parameters) = parameters(doc.name) {
        let mut forms: Vec<&Value> = Vec::new();
        match branches(types.follow(parameters)) {
            Some(all) => forms.extend(all.iter().filter(|b| b.get("type").is_none_or(|t| t != "null"))),
            None => forms.push(parameters),
        }
        for form in forms {
            let form = types.follow(form);
            let members = form.get("properties").and_then(Value::as_object).map_or(0, serde_json::Map::len);
            let is_map = form.get("type").is_some_and(|t| t == "object");
            match (is_map, members) {
                (true, 0) => out.push_str("None.\n\n"),
                (true, _) => _ = writeln!(out, "{}", types.members(form)),
                (false, _) => _ = writeln!(out, "Or short, `{}: …`: {}.\n", doc.name, types.words(form)),
            }
        }
    }
    if BARE.contains(&doc.name) {
        let _ = writeln!(out, "Without keys it may stand as a bare word: `inject: {}`.\n", doc.name);
    }
    let played = players(doc.name);
    if !played.is_empty() {
        let _ = writeln!(out, "In the library: {}.", played.join(", "));
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn parameters(name: &str) -> Option<&'static Value> {
    let parameters = schema().pointer("/$defs/Fault/anyOf/1/properties")?.get(name)?;
    // A fault that needs no parameter may stand with an empty value; that is no form of its own.
    match parameters.get("anyOf").and_then(Value::as_array).map(Vec::as_slice) {
        Some([only, null]) if null.get("type").is_some_and(|t| t == "null") => Some(only),
        _ => Some(parameters),
    }
}

fn shorthands(name: &str) -> Vec<String> {
    let types = Types::new(schema());
    let mut short = Vec::new();
    if BARE.contains(&name) {
        short.push(code(name));
    }
    let forms = parameters(name).and_then(|p| branches(types.follow(p)));
    for form in forms.into_iter().flatten().map(|f| types.follow(f)) {
        if form.get("type").is_some_and(|t| t != "object") {
            short.push(format!("`{name}: …` ({})", types.words(form)));
        }
    }
    if short.is_empty() {
        short.push("–".to_owned());
    }
    short
}

/// The scenarios of the library that inject a fault.
fn players(fault: &str) -> Vec<String> {
    let plays =
        |scenario: &Scenario| scenario.document.steps.iter().any(|s| s.faults().iter().any(|f| f.name() == fault));
    let scenarios = library::all().iter().filter_map(|s| Scenario::parse(s.name, s.text).ok());
    scenarios.filter(plays).map(|s| code(&s.document.name)).collect()
}
