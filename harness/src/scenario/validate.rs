//! Checks a tree against the schema and explains every mistake, all in one go.
//!
//! It knows exactly the part of JSON Schema that our types generate. Where a schema offers branches
//! (`anyOf`), it picks the one that the author evidently meant, by the kind of the value and by its keys,
//! and reports that branch's mistakes: "matches none of" helps nobody.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::SystemTime;

use brownout_mocks::plan::Ordinals;
use brownout_mocks::units::{Rate, Span};
use serde_json::{Map, Value};

use super::diagnostic::Findings;
use super::schema::{follow, name_of};
use super::suggest::{did_you_mean, joined, one_of};
use super::text::{ByteSpan, clip};
use super::yaml::{Data, Entry, Node};

mod fault;
mod scalar;

pub(super) use scalar::date;

/// The keys of a block that takes none.
static NO_KEYS: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// Reports every mistake that the schema knows of.
pub(super) fn validate(schema: &Value, whole: &str, node: &Node, findings: &mut Findings<'_>) {
    Validator { root: schema, findings }.check(schema, node, Place { name: whole, key: None, outer: None });
}

/// Where a value stands, for messages.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// What it is called: its key, or the key of the list that it is in.
    name: &'a str,
    /// Its key.
    key: Option<&'a ByteSpan>,
    /// The keys known in the blocks around it, innermost first.
    outer: Option<&'a Outer<'a>>,
}

struct Outer<'a> {
    keys: &'a Map<String, Value>,
    next: Option<&'a Outer<'a>>,
}

impl Place<'_> {
    /// The name as it stands in a sentence.
    fn title(self) -> String {
        if self.key.is_some() || self.outer.is_some() { format!("`{}`", self.name) } else { self.name.to_owned() }
    }

    /// Where to point when the value as a whole is meant.
    fn span(self, node: &Node) -> ByteSpan {
        match &node.data {
            Data::Map(_) | Data::Null => self.key.unwrap_or(&node.span).clone(),
            _ => node.span.clone(),
        }
    }
}

struct Validator<'s, 'f, 't> {
    root: &'s Value,
    findings: &'f mut Findings<'t>,
}

impl<'s> Validator<'s, '_, '_> {
    fn check(&mut self, schema: &'s Value, node: &Node, at: Place<'_>) {
        if name_of(schema) == Some("Fault") {
            return self.fault(follow(self.root, schema), node, at);
        }
        let schema = follow(self.root, schema);
        if let Some(words) = words(schema) {
            return self.word(&words, node, at);
        }
        if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
            return self.branches(branches, node, at);
        }
        if matches!(node.data, Data::Null) && schema.get("type").is_some_and(|t| t != "null") {
            let message = format!("{} has no value", at.title());
            self.findings.add(&at.span(node), message).help("give it one, or leave the key out");
            return;
        }
        match (schema.get("type").and_then(Value::as_str), &node.data) {
            (Some("object"), Data::Map(entries)) => self.object(schema, entries, node, at),
            (Some("array"), Data::List(items)) => self.array(schema, items, node, at),
            (Some("string"), Data::Text(text)) => self.text(schema, text, node, at),
            (Some("string"), Data::Number(_)) if schema.get("format").is_some_and(|f| f != "date-time") => {
                // `5` for a duration: the parser of the format knows what is missing.
                let written = self.written(node);
                self.text(schema, &written, node, at);
            }
            (Some("integer" | "number"), Data::Number(number)) => self.number(schema, number, node, at),
            (Some("boolean"), Data::Bool(_)) | (Some("null"), Data::Null) | (None, _) => {}
            _ => self.wrong_kind(&[schema], node, at),
        }
    }

    /// Checks against the branch that the author evidently meant.
    fn branches(&mut self, branches: &'s [Value], node: &Node, at: Place<'_>) {
        let fitting: Vec<&Value> = branches.iter().filter(|b| self.takes(b, node)).collect();
        let meant = match (fitting.as_slice(), &node.data) {
            ([only], _) => Some(*only),
            ([], Data::Number(_)) => branches.iter().find(|b| {
                let b = follow(self.root, b);
                matches!(b.get("format").and_then(Value::as_str), Some("duration-with-unit" | "rate"))
            }),
            ([], _) => None,
            (several, Data::Map(entries)) => several.iter().rev().max_by_key(|b| self.likeness(b, entries)).copied(),
            ([first, ..], _) => Some(*first),
        };
        match meant {
            Some(branch) => self.check(branch, node, at),
            None if matches!(node.data, Data::Null) => {
                let message = format!("{} has no value", at.title());
                self.findings.add(&at.span(node), message).help("give it one, or leave the key out");
            }
            None => self.wrong_kind(&branches.iter().collect::<Vec<_>>(), node, at),
        }
    }

    /// Whether a schema takes values of this kind at all.
    fn takes(&self, schema: &Value, node: &Node) -> bool {
        let schema = follow(self.root, schema);
        if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
            return branches.iter().any(|b| self.takes(b, node));
        }
        if words(schema).is_some() {
            return matches!(node.data, Data::Text(_));
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("object") => matches!(node.data, Data::Map(_)),
            Some("array") => matches!(node.data, Data::List(_)),
            Some("string") => matches!(node.data, Data::Text(_)),
            Some("integer" | "number") => matches!(node.data, Data::Number(_)),
            Some("boolean") => matches!(node.data, Data::Bool(_)),
            Some("null") => matches!(node.data, Data::Null),
            _ => true,
        }
    }

    /// How much the keys speak for this branch: a required key most, then one that is nearly that, then any.
    fn likeness(&self, schema: &Value, entries: &[Entry]) -> usize {
        let schema = follow(self.root, schema);
        let required = required(schema);
        let known = schema.get("properties").and_then(Value::as_object);
        let score = |entry: &Entry| {
            let key = entry.key.as_str();
            if required.contains(&key) {
                1000
            } else if known.is_some_and(|k| k.contains_key(key)) {
                1
            } else if did_you_mean(key, required.iter().copied()).is_some() {
                100
            } else {
                0
            }
        };
        entries.iter().take(100).map(score).sum()
    }

    fn object(&mut self, schema: &'s Value, entries: &[Entry], node: &Node, at: Place<'_>) {
        let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&NO_KEYS);
        let open = schema.get("additionalProperties").filter(|a| **a != Value::Bool(false));
        let outer = Outer { keys: known, next: at.outer };
        let given: BTreeSet<&str> = entries.iter().map(|e| e.key.as_str()).collect();
        let mut meant = Vec::new();
        for entry in entries {
            let place = Place { name: &entry.key, key: Some(&entry.key_span), outer: Some(&outer) };
            match (known.get(&entry.key), open) {
                (Some(schema), _) | (None, Some(schema)) => self.check_property(schema, &entry.value, place),
                (None, None) => meant.extend(self.unknown_key(known, &given, entry, at)),
            }
        }
        let missing = |key: &&str| !given.contains(key) && !meant.iter().any(|m| m == key);
        for key in required(schema).into_iter().filter(missing) {
            let message = format!("{} lacks `{key}`", at.title());
            let finding = self.findings.add(&at.span(node), message);
            if let Some(text) = known.get(key).and_then(|s| s.get("description")).and_then(Value::as_str) {
                finding.help(format!("`{key}`: {}", sentence(text)));
            }
        }
    }

    fn check_property(&mut self, schema: &'s Value, node: &Node, at: Place<'_>) {
        // `additionalProperties: true`: anything.
        if schema.is_object() {
            self.check(schema, node, at);
        }
    }

    /// Reports an unknown key; returns the known key that was probably meant.
    fn unknown_key(
        &mut self,
        known: &Map<String, Value>,
        given: &BTreeSet<&str>,
        entry: &Entry,
        at: Place<'_>,
    ) -> Option<String> {
        let key = entry.key.as_str();
        let free = known.keys().map(String::as_str).filter(|k| !given.contains(k));
        let meant = self.findings.meant(key, free).map(str::to_owned);
        let finding = self.findings.add(&entry.key_span, format!("unknown key `{key}` in {}", at.title()));
        finding.label("not part of this block").meant(meant.as_deref());
        let mut around = at.outer;
        while let Some(outer) = around.filter(|_| meant.is_none()) {
            if outer.keys.contains_key(key) {
                finding.help(format!("`{key}` belongs further out, not inside `{}`", at.name));
                break;
            }
            around = outer.next;
        }
        if known.is_empty() {
            finding.help(format!("{} has no keys", at.title()));
        } else {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            finding.help(format!("known keys: {}", names.join(", ")));
        }
        meant
    }

    fn array(&mut self, schema: &'s Value, items: &[Node], node: &Node, at: Place<'_>) {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let (min, max) = (bound("minItems").unwrap_or(0), bound("maxItems").unwrap_or(usize::MAX));
        if items.len() < min || items.len() > max {
            let wanted = if min == max { min.to_string() } else { format!("{min} to {max}") };
            let message = format!("{} takes {wanted} values, found {}", at.title(), items.len());
            self.findings.add(&node.span, message);
        }
        if let Some(schema) = schema.get("items") {
            for item in items {
                self.check(schema, item, Place { key: None, ..at });
            }
        }
    }

    /// The value as the author wrote it, shortened.
    fn written(&self, node: &Node) -> String {
        let text = self.findings.text.get(node.span.clone()).unwrap_or_default();
        clip(text.lines().next().unwrap_or_default())
    }

    fn wrong_kind(&mut self, wanted: &[&'s Value], node: &Node, at: Place<'_>) {
        let mut nouns: Vec<String> = Vec::new();
        for schema in wanted {
            let noun = self.noun(schema);
            if !nouns.contains(&noun) {
                nouns.push(noun);
            }
        }
        let found = match &node.data {
            Data::Null => "nothing".to_owned(),
            Data::Bool(b) => format!("`{b}`"),
            Data::Number(_) => format!("the number {}", self.written(node)),
            Data::Text(_) => "text".to_owned(),
            Data::List(_) => "a list".to_owned(),
            Data::Map(_) => "a map".to_owned(),
        };
        let written = self.written(node);
        let message = format!("{} must be {}, found {found}", at.title(), joined(&nouns, "or"));
        let finding = self.findings.add(&at.span(node), message);
        let (text, number) = (nouns.iter().any(|n| n == "text"), nouns.iter().any(|n| n.contains("number")));
        match &node.data {
            Data::Bool(_) | Data::Number(_) if text => _ = finding.help(format!("write it in quotes: \"{written}\"")),
            Data::Text(t) if number && t.parse::<f64>().is_ok() => {
                _ = finding.help(format!("write it without quotes: {t}"));
            }
            _ => {}
        }
    }

    fn noun(&self, schema: &Value) -> String {
        let name = name_of(schema);
        let schema = follow(self.root, schema);
        if name == Some("Fault") {
            return "a fault".into();
        }
        if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
            return joined(&branches.iter().map(|b| self.noun(b)).collect::<Vec<_>>(), "or");
        }
        match (schema.get("type").and_then(Value::as_str), schema.get("format").and_then(Value::as_str)) {
            (_, Some("duration-with-unit")) => "a duration".into(),
            (_, Some("rate")) => "a rate".into(),
            (_, Some("ordinals")) => "a range such as `2..5`".into(),
            (_, Some("date-time")) => "a date".into(),
            (Some("object"), _) => match required(schema).as_slice() {
                [] => "a map".into(),
                keys => {
                    format!("a map with {}", joined(&keys.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>(), "and"))
                }
            },
            (Some("array"), _) => "a list".into(),
            (Some("integer"), _) => "a whole number".into(),
            (Some("number"), _) => "a number".into(),
            (Some("boolean"), _) => "`true` or `false`".into(),
            _ => "text".into(),
        }
    }
}

fn required(schema: &Value) -> Vec<&str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The words that a schema offers, if it offers nothing else.
fn words(schema: &Value) -> Option<Vec<&str>> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return Some(words.iter().filter_map(Value::as_str).collect());
    }
    let branches = schema.get("oneOf").and_then(Value::as_array)?;
    branches.iter().map(|b| b.get("const").and_then(Value::as_str)).collect()
}

/// A description as the end of a line: its first sentence, lower case, without a full stop.
fn sentence(text: &str) -> String {
    let first = text.split(". ").next().unwrap_or(text).trim_end_matches('.');
    let mut chars = first.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
