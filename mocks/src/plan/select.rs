//! Selectors: which requests a step is about.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::request::Attempt;
use crate::units::Span;

/// One thing or a list of things.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// One.
    One(T),
    /// A list.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        match self {
            Self::One(one) => std::slice::from_ref(one).iter(),
            Self::Many(many) => many.iter(),
        }
    }
}

impl<'a, T> IntoIterator for &'a OneOrMany<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A pattern: `*` stands for any run of characters, `?` for one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Glob(pub String);

impl Glob {
    /// Whether the whole of `text` fits.
    pub fn matches(&self, text: &str) -> bool {
        let (pattern, text) = (self.0.as_bytes(), text.as_bytes());
        let (mut p, mut t) = (0, 0);
        let mut back = None;
        while t < text.len() {
            if p < pattern.len() && pattern[p] == b'*' {
                back = Some((p, t));
                p += 1;
            } else if p < pattern.len() && (pattern[p] == b'?' || pattern[p] == text[t]) {
                (p, t) = (p + 1, t + 1);
            } else if let Some((star, from)) = back {
                back = Some((star, from + 1));
                (p, t) = (star + 1, from + 1);
            } else {
                return false;
            }
        }
        pattern[p..].iter().all(|&c| c == b'*')
    }

    /// Whether every text that `other` fits is fitted by this one too; only the plain cases are seen.
    pub fn covers(&self, other: &Self) -> bool {
        self.0 == "*" || self.0 == other.0 || (!other.0.contains(['*', '?']) && self.matches(&other.0))
    }
}

/// An ordinal or a range of ordinals, both ends included: `3`, `2..5`, `2..`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ordinals {
    /// First, from 1 (clients count from 0).
    pub from: u64,
    /// Last; none means no end.
    pub to: Option<u64>,
}

impl Ordinals {
    /// Whether `n` lies in it.
    pub fn contains(self, n: u64) -> bool {
        n >= self.from && self.to.is_none_or(|to| n <= to)
    }

    fn covers(self, other: Self) -> bool {
        self.from <= other.from && self.to.is_none_or(|to| other.to.is_some_and(|o| o <= to))
    }
}

impl FromStr for Ordinals {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let explain = || format!("`{text}` is no ordinal; write `3`, `2..5` (both included) or `2..`");
        let number = |t: &str| t.trim().parse::<u64>().map_err(|_| explain());
        let Some((from, to)) = text.split_once("..") else {
            let n = number(text)?;
            return Ok(Self { from: n, to: Some(n) });
        };
        let from = number(from)?;
        let to = if to.trim().is_empty() { None } else { Some(number(to)?) };
        if to.is_some_and(|to| to < from) {
            return Err(format!("`{text}` is empty: it ends before it begins"));
        }
        Ok(Self { from, to })
    }
}

impl fmt::Display for Ordinals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to {
            Some(to) if to == self.from => write!(f, "{to}"),
            Some(to) => write!(f, "{}..{to}", self.from),
            None => write!(f, "{}..", self.from),
        }
    }
}

impl Serialize for Ordinals {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.to {
            Some(to) if to == self.from => s.serialize_u64(to),
            _ => s.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Ordinals {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(d)? {
            serde_json::Value::Number(n) => n.to_string().parse().map_err(D::Error::custom),
            serde_json::Value::String(text) => text.parse().map_err(D::Error::custom),
            other => Err(D::Error::custom(format!("`{other}` is no ordinal"))),
        }
    }
}

impl JsonSchema for Ordinals {
    fn schema_name() -> Cow<'static, str> {
        "Ordinals".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "an ordinal, or a range with both ends included: `3`, `2..5`, `2..`",
            "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "format": "ordinals", "pattern": "^[0-9]+ *(\\.\\. *[0-9]*)?$" },
            ]
        })
    }
}

/// Which requests a step is about; every key that is given must fit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// Service id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<OneOrMany<Glob>>,
    /// Operation; for `execute-api`, method and path: `GET /orders`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OneOrMany<Glob>>,
    /// Target of the request: a table, a key, an instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<OneOrMany<Glob>>,
    /// Number of the attempt within its invocation, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Ordinals>,
    /// Ordinal of the call per client and operation, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Ordinals>,
    /// From this time on, since time zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Span>,
    /// Before this time, since time zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Span>,
    /// Headers and the patterns that their values fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<BTreeMap<String, Glob>>,
    /// Index of the client, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Ordinals>,
}

impl When {
    /// Whether it restricts nothing.
    pub fn is_any(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `now` lies in its time window.
    pub fn in_time(&self, now: Duration) -> bool {
        self.after.is_none_or(|a| now >= a.get()) && self.until.is_none_or(|u| now < u.get())
    }

    /// The first key that does not fit, or none if the step is about this request.
    pub fn misfit(&self, attempt: &Attempt, now: Duration) -> Option<&'static str> {
        fn any(globs: Option<&OneOrMany<Glob>>, text: &str) -> bool {
            globs.is_none_or(|g| g.iter().any(|g| g.matches(text)))
        }
        if !any(self.service.as_ref(), attempt.service.id()) {
            return Some("service");
        }
        if !any(self.operation.as_ref(), &attempt.operation) {
            return Some("operation");
        }
        if !any(self.resource.as_ref(), attempt.target.as_deref().unwrap_or_default()) {
            return Some("resource");
        }
        if self.attempt.is_some_and(|r| !r.contains(u64::from(attempt.attempt))) {
            return Some("attempt");
        }
        if self.call.is_some_and(|r| !r.contains(attempt.call_ordinal)) {
            return Some("call");
        }
        if self.client.is_some_and(|r| !r.contains(u64::from(attempt.sender.client))) {
            return Some("client");
        }
        if self.after.is_some_and(|a| now < a.get()) {
            return Some("after");
        }
        if self.until.is_some_and(|u| now >= u.get()) {
            return Some("until");
        }
        let fits = |(name, glob): (&String, &Glob)| attempt.request.header(name).is_some_and(|v| glob.matches(v));
        if self.header.as_ref().is_some_and(|h| !h.iter().all(fits)) {
            return Some("header");
        }
        None
    }

    /// Whether every request that `other` is about is one that this is about too.
    pub fn covers(&self, other: &Self) -> bool {
        fn globs(mine: Option<&OneOrMany<Glob>>, theirs: Option<&OneOrMany<Glob>>) -> bool {
            match (mine, theirs) {
                (None, _) => true,
                (Some(_), None) => mine.is_some_and(|m| m.iter().any(|g| g.0 == "*")),
                (Some(mine), Some(theirs)) => theirs.iter().all(|t| mine.iter().any(|m| m.covers(t))),
            }
        }
        fn ordinals(mine: Option<Ordinals>, theirs: Option<Ordinals>) -> bool {
            mine.is_none_or(|m| theirs.is_some_and(|t| m.covers(t)))
        }
        globs(self.service.as_ref(), other.service.as_ref())
            && globs(self.operation.as_ref(), other.operation.as_ref())
            && globs(self.resource.as_ref(), other.resource.as_ref())
            && ordinals(self.attempt, other.attempt)
            && ordinals(self.call, other.call)
            && ordinals(self.client, other.client)
            && self.after.is_none()
            && self.until.is_none()
            && (self.header.is_none() || self.header == other.header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_fit_whole_texts() {
        let fits = |p: &str, t: &str| Glob(p.into()).matches(t);
        assert!(fits("Describe*", "DescribeInstances"));
        assert!(fits("*", ""));
        assert!(fits("a*b*c", "aXbYc") && !fits("a*b*c", "aXbY"));
        assert!(fits("i-?", "i-1") && !fits("i-?", "i-12"));
        assert!(!fits("Get", "GetItem"));
    }

    #[test]
    fn ordinals_read_and_print() {
        for text in ["3", "2..5", "2.."] {
            assert_eq!(text.parse::<Ordinals>().unwrap().to_string(), text);
        }
        assert!("5..2".parse::<Ordinals>().unwrap_err().contains("ends before"));
        let range: Ordinals = "2..5".parse().unwrap();
        assert!(range.contains(2) && range.contains(5) && !range.contains(6));
    }

    #[test]
    fn a_wider_selector_covers_a_narrower_one() {
        let when = |op: &str| When { operation: Some(OneOrMany::One(Glob(op.into()))), ..When::default() };
        assert!(When::default().covers(&when("GetItem")));
        assert!(when("Get*").covers(&when("GetItem")));
        assert!(!when("GetItem").covers(&When::default()));
        assert!(!when("GetItem").covers(&when("PutItem")));
    }
}
