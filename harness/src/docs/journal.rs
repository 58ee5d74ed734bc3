//! `docs/journal.md`: the lines of a journal, made from the types that write them.

use std::fmt::Write as _;

use brownout_mocks::journal::{EventKind, Header};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

use super::head;
use super::schema::{Types, branches};

const INTRODUCTION: &str = "
A journal is JSON Lines, format version 1: what happened in each played trial, in order, and all that judging needs.
`run --journal PATH` and `serve --journal PATH` write one, `judge PATH` reads it again. Each trial begins with a
header; events follow until the next header. A trial's header names its run, so the trials of several runs may stand
in one file: control, reference, then the trials that are judged.

- `at_us` of an event, and every other name that ends in `_us`, is in microseconds since time zero.
- A virtual journal holds no wall time, port, process id, path or hash order: the same scenario, seed and client give
  the same bytes.
- Signatures, session tokens and bodies are never written; a body is kept as its length and a hash.
- A last line without its end was cut off and is left out; the rest is judged.
- Readers skip fields that they do not know. A field that is not always present is left out where it says nothing.
";

/// A generator that describes what is written.
pub(super) fn writer() -> SchemaGenerator {
    SchemaSettings::draft2020_12().for_serialize().into_generator()
}

fn schema_of<T: JsonSchema>() -> Value {
    writer().into_root_schema_for::<T>().to_value()
}

pub(super) fn page() -> String {
    let mut out = head("Journal", "the types in `mocks/src/journal/event.rs`");
    out.push_str(INTRODUCTION);
    let header = schema_of::<Header>();
    let _ = write!(out, "\n## Header\n\n{}", Types::new(&header).fields(&header));
    let kinds = schema_of::<EventKind>();
    out.push_str(
        "\n## Events\n\nEvery event has `at_us` and `event`, its kind; what else it has depends on the kind.\n",
    );
    for kind in branches(&kinds).into_iter().flatten() {
        let _ = write!(out, "\n{}", event(&kinds, kind));
    }
    out
}

fn event(root: &Value, kind: &Value) -> String {
    let types = Types::new(root);
    let text = |schema: &Value| schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = kind.pointer("/properties/event/const").and_then(Value::as_str).unwrap_or_default();
    let whole = merged(types.follow(kind), kind);
    let members = whole.get("properties").and_then(Value::as_object).map_or(0, Map::len);
    let fields = if members == 0 { String::new() } else { Types::new(root).fields(&whole) };
    format!("### {name}\n\n{}\n\n{fields}", text(kind))
}

/// The members of a kind: its own, and those of the type that it holds, without its tag.
fn merged(held: &Value, own: &Value) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for schema in [held, own] {
        let members = schema.get("properties").and_then(Value::as_object);
        let others = members.into_iter().flatten().filter(|(name, _)| *name != "event");
        properties.extend(others.map(|(name, member)| (name.clone(), member.clone())));
        required.extend(schema.get("required").and_then(Value::as_array).into_iter().flatten().cloned());
    }
    serde_json::json!({ "properties": properties, "required": required })
}
