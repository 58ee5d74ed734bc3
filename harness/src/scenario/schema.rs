//! The JSON Schema of a scenario: for editors, and for our own validator, which walks the very same one.

use std::sync::OnceLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::model::Document;

/// The JSON Schema (draft 2020-12) of a scenario file.
pub fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Document>().to_value();
        tidy(&mut schema);
        parameterless(&mut schema);
        if let Some(root) = schema.as_object_mut() {
            root.insert("$id".into(), json!("https://brownout-rs.github.io/brownout/scenario.schema.json"));
            root.insert("title".into(), json!("brownout scenario, version 1"));
        }
        schema
    })
}

/// Rust's optional members come as "or null". In a file an empty value is a slip of the pen, so null goes.
pub fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(map) => {
            map.values_mut().for_each(tidy);
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|t| t != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".into(), only);
                }
            }
            without_null_branch(map);
        }
        _ => {}
    }
}

fn without_null_branch(map: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = map.get_mut("anyOf") else { return };
    branches.retain(|b| b.get("type").is_none_or(|t| t != "null"));
    let [Value::Object(only)] = branches.as_slice() else { return };
    let only = only.clone();
    map.remove("anyOf");
    for (key, value) in only {
        map.entry(key).or_insert(value);
    }
}

/// A fault that needs no parameter may stand with an empty value: `throttle:`.
fn parameterless(schema: &mut Value) {
    let free: Vec<String> = faults(schema)
        .map(|faults| {
            faults.iter().filter(|(_, s)| !needs_parameters(schema, s)).map(|(name, _)| name.clone()).collect()
        })
        .unwrap_or_default();
    let faults = schema.pointer_mut("/$defs/Fault/anyOf/1/properties").and_then(Value::as_object_mut);
    for (name, parameters) in faults.into_iter().flatten() {
        if free.contains(name) {
            *parameters = json!({ "anyOf": [parameters.take(), { "type": "null" }] });
        }
    }
}

fn needs_parameters(schema: &Value, parameters: &Value) -> bool {
    let parameters = follow(schema, parameters);
    parameters.get("type").is_none_or(|t| t != "object") || parameters.get("required").is_some()
}

/// The faults and the schemas of their parameters.
pub(super) fn faults(schema: &Value) -> Option<&Map<String, Value>> {
    schema.pointer("/$defs/Fault/anyOf/1/properties").and_then(Value::as_object)
}

/// The schema behind a `$ref`, or the schema itself.
pub(super) fn follow<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let target = name_of(schema).and_then(|name| root.get("$defs")?.get(name));
    target.map_or(schema, |target| follow(root, target))
}

/// The name of the type that a `$ref` points to.
pub(super) fn name_of(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_for_editors_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/scenario.schema.json");
        let wanted = serde_json::to_string_pretty(schema()).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &wanted).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(found == wanted, "docs/scenario.schema.json is stale; run this test with UPDATE=1");
    }

    #[test]
    fn only_faults_without_needs_may_be_empty() {
        let faults = faults(schema()).unwrap();
        assert!(faults["throttle"].get("anyOf").is_some());
        assert!(faults["error"].get("anyOf").is_none());
        assert!(faults["latency"].get("anyOf").is_none());
        let nulls = schema().to_string().matches("\"null\"").count();
        assert_eq!(nulls, faults.values().filter(|s| s.get("anyOf").is_some()).count());
    }

    /// The validator knows no other words; a new one in a type needs a line there.
    #[test]
    fn the_schema_uses_only_words_that_the_validator_knows() {
        const KNOWN: &[&str] = &[
            "$defs",
            "$id",
            "$ref",
            "$schema",
            "additionalProperties",
            "anyOf",
            "const",
            "default",
            "description",
            "enum",
            "format",
            "items",
            "maxItems",
            "maxProperties",
            "maximum",
            "minItems",
            "minProperties",
            "minimum",
            "oneOf",
            "pattern",
            "properties",
            "required",
            "title",
            "type",
        ];
        fn walk(schema: &Value, names: bool) {
            match schema {
                Value::Array(items) => items.iter().for_each(|s| walk(s, false)),
                Value::Object(map) => {
                    for (key, value) in map {
                        assert!(names || KNOWN.contains(&key.as_str()), "the validator does not know `{key}`");
                        if key != "default" || names {
                            walk(value, !names && (key == "properties" || key == "$defs"));
                        }
                    }
                }
                _ => {}
            }
        }
        walk(schema(), false);
    }
}
