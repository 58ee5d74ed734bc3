//! JSON Schemas in words: what a value may be, and tables of the members of a map.

use std::fmt::Write as _;

use serde_json::Value;

use super::{code, table};

/// A schema and the definitions that it refers to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Types<'a> {
    root: &'a Value,
    sections: &'a [(&'a str, &'a str)],
}

/// More words than this are not repeated in the column of types: their meanings name them.
const WORDS_MAX: usize = 5;

impl<'a> Types<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self { root, sections: &[] }
    }

    /// With a section of its own for some types, or a page: name of the type, heading or file.
    pub(super) fn with(root: &'a Value, sections: &'a [(&'a str, &'a str)]) -> Self {
        Self { root, sections }
    }

    /// The definition of this name.
    pub(super) fn named(&self, name: &str) -> Option<&'a Value> {
        self.root.get("$defs")?.get(name)
    }

    /// What a `$ref` stands for, or the schema itself.
    pub(super) fn follow(&self, schema: &'a Value) -> &'a Value {
        target(schema).and_then(|n| self.named(n)).map_or(schema, |s| self.follow(s))
    }

    /// The map among the forms that a value may take.
    pub(super) fn map_of(&self, schema: &'a Value) -> &'a Value {
        let schema = self.follow(schema);
        let mut forms = branches(schema).into_iter().flatten().map(|form| self.follow(form));
        forms.find(|form| form.get("properties").is_some()).unwrap_or(schema)
    }

    /// What a value of this schema may be, in words.
    pub(super) fn words(&self, schema: &'a Value) -> String {
        let section = target(schema).and_then(|name| self.sections.iter().find(|(ty, _)| *ty == name));
        if let Some((_, heading)) = section {
            return match heading.strip_suffix(".md") {
                Some(page) => format!("[{page}]({heading})"),
                None => format!("[{heading}](#{heading})"),
            };
        }
        let schema = self.follow(schema);
        let text = |key: &str| schema.get(key).and_then(Value::as_str);
        if let Some(branches) = branches(schema) {
            if branches.len() > WORDS_MAX {
                return "word".into();
            }
            let words: Vec<String> = branches.iter().filter(|b| !is_null(b)).map(|b| self.words(b)).collect();
            return words.join(" or ");
        }
        if let Some(value) = schema.get("const") {
            return code(value.as_str().unwrap_or(&value.to_string()));
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            return words.iter().filter_map(Value::as_str).map(code).collect::<Vec<_>>().join(" or ");
        }
        match (kind(schema), text("format")) {
            (_, Some("duration-with-unit")) => "duration".into(),
            (_, Some("rate")) => "rate".into(),
            (Some("integer"), _) => format!("whole number{}", range(schema)),
            (Some("number"), _) => format!("number{}", range(schema)),
            (Some("boolean"), _) => "`true` or `false`".into(),
            (Some("array"), _) => self.list(schema),
            (Some("object"), _) => self.map(schema),
            (Some("string"), _) => "text".into(),
            _ => "anything".into(),
        }
    }

    fn list(&self, schema: &'a Value) -> String {
        let item = schema.get("items").map_or_else(|| "anything".into(), |i| self.words(i));
        let length = |key: &str| schema.get(key).and_then(Value::as_u64);
        match (length("minItems"), length("maxItems")) {
            (Some(n), Some(m)) if n == m => format!("list of {n}: {item}"),
            _ => format!("list of {item}"),
        }
    }

    fn map(&self, schema: &'a Value) -> String {
        if let Some(members) = schema.get("properties").and_then(Value::as_object) {
            let inner: Vec<String> = members.iter().map(|(key, s)| format!("{key}: {}", self.words(s))).collect();
            return format!("{{{}}}", inner.join(", "));
        }
        match schema.get("additionalProperties") {
            Some(values @ Value::Object(_)) => format!("map of text to {}", self.words(values)),
            _ => "map".into(),
        }
    }

    /// The members of a map, one a line: key, type, default, meaning.
    pub(super) fn members(&self, schema: &'a Value) -> String {
        let rows = self.rows(schema).map(|(key, value, required)| {
            let default = match value.get("default") {
                _ if required => "required".to_owned(),
                None | Some(Value::Null) => "–".to_owned(),
                Some(Value::String(text)) => code(text),
                Some(Value::Array(list)) => {
                    code(&format!("[{}]", list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")))
                }
                Some(other) => code(&other.to_string()),
            };
            [code(key), self.words(value), default, self.meaning(value)]
        });
        table(["key", "type", "default", "meaning"], rows)
    }

    /// The members of a map that is written, one a line: key, type, whether it may be absent, meaning.
    pub(super) fn fields(&self, schema: &'a Value) -> String {
        let rows = self.rows(schema).map(|(key, value, required)| {
            let always = if required { "always" } else { "sometimes" };
            let or_null = if required && nullable(value) { " or null" } else { "" };
            [code(key), self.words(value) + or_null, always.to_owned(), self.meaning(value)]
        });
        table(["field", "type", "present", "meaning"], rows)
    }

    fn rows(&self, schema: &'a Value) -> impl Iterator<Item = (&'a str, &'a Value, bool)> {
        let schema = self.follow(schema);
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let members = schema.get("properties").and_then(Value::as_object);
        members.into_iter().flatten().map(move |(key, value)| (key.as_str(), value, required.contains(&key.as_str())))
    }

    /// What is said about a member, or about its type.
    fn meaning(&self, value: &'a Value) -> String {
        let own = |s: &'a Value| s.get("description").and_then(Value::as_str);
        let mut text = own(value).or_else(|| own(self.follow(value))).unwrap_or_default().to_owned();
        for (word, meaning) in self.choices(value) {
            let _ = write!(text, " {}: {meaning}", code(word));
        }
        text
    }

    /// The words of a choice that each have a meaning of their own.
    fn choices(&self, value: &'a Value) -> Vec<(&'a str, &'a str)> {
        let schema = self.follow(value);
        let schema = schema.get("items").map_or(schema, |items| self.follow(items));
        let one = |branch: &'a Value| Some((branch.get("const")?.as_str()?, branch.get("description")?.as_str()?));
        branches(schema).into_iter().flatten().filter_map(|b| one(self.follow(b))).collect()
    }
}

/// The alternatives of a schema, if it has any.
pub(super) fn branches(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array)
}

/// The name of the type that a `$ref` points to.
fn target(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")
}

fn nullable(schema: &Value) -> bool {
    let listed = schema.get("type").and_then(Value::as_array).is_some_and(|kinds| kinds.iter().any(|k| k == "null"));
    listed || branches(schema).is_some_and(|b| b.iter().any(is_null))
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").is_some_and(|t| t == "null")
}

/// The type's name; of a list of types, the one beside null.
fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|k| *k != "null"),
        _ => None,
    }
}

fn range(schema: &Value) -> String {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64).map(|n| n.to_string());
    match (bound("minimum"), bound("maximum")) {
        // What fits into the type is no news.
        (_, Some(high)) if high == u16::MAX.to_string() => String::new(),
        (Some(low), Some(high)) => format!(", {low} to {high}"),
        (None, Some(high)) => format!(", at most {high}"),
        _ => String::new(),
    }
}
