//! Expressions: their words, names, values and places, read by recursive descent. Conditions and updates build on it.
//!
//! What DynamoDB allows and this does not know is refused by name, never taken for something else: list
//! indices, and nesting deeper than [`DEPTH_MAX`]. Reserved words are not refused as names, as DynamoDB does.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;

use super::conditions::Condition;
use super::invalid;
use super::values::{self, Path};
use crate::protocol::WireError;

/// The most bytes of an expression (Developer Guide, limits of expression parameters: 4 KB).
const LENGTH_MAX: usize = 4096;

/// How deep parentheses, `NOT` and functions may nest: a limit of brownout's own, which keeps the stack small.
const DEPTH_MAX: usize = 50;

/// Words with a meaning, which name no attribute.
const WORDS: &[&str] = &["AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"];

/// A form that DynamoDB has and brownout has not.
pub(super) fn not_modelled(form: &str) -> WireError {
    invalid(format!(
        "brownout does not model {form} of DynamoDB; `upstream:` puts an emulator behind brownout that does"
    ))
}

/// Refuses the parameters that expressions took the place of.
pub(super) fn refuse_legacy(request: &Value, names: &[&str]) -> Result<(), WireError> {
    let given = names.iter().find(|name| request.get(**name).is_some_and(|v| !v.is_null()));
    given.map_or(Ok(()), |name| Err(not_modelled(&format!("the parameter `{name}`"))))
}

/// What a request gives its expressions: names and values, all of which have to be used.
pub(super) struct Given<'a> {
    request: &'a Value,
    used: RefCell<BTreeSet<String>>,
}

impl<'a> Given<'a> {
    pub(super) fn new(request: &'a Value) -> Self {
        Self { request, used: RefCell::default() }
    }

    /// A parser of the request's expression of this kind, if it has one.
    pub(super) fn parser(&self, kind: &'static str) -> Result<Option<Parser<'_>>, WireError> {
        match self.request.get(kind) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(source)) => Parser::new(self, kind, source).map(Some),
            Some(_) => Err(invalid(format!("Invalid {kind}: it is no text"))),
        }
    }

    /// The request's condition of this kind, if it has one.
    pub(super) fn condition(&self, kind: &'static str) -> Result<Option<Condition>, WireError> {
        let Some(mut parser) = self.parser(kind)? else { return Ok(None) };
        let condition = parser.any()?;
        parser.end()?;
        Ok(Some(condition))
    }

    /// The places that the request wants to see, if it does not want to see all.
    pub(super) fn projection(&self) -> Result<Option<Vec<Path>>, WireError> {
        let Some(mut parser) = self.parser("ProjectionExpression")? else { return Ok(None) };
        let mut paths = vec![parser.path()?];
        while parser.take(",") {
            paths.push(parser.path()?);
        }
        parser.end()?;
        parser.apart(&paths)?;
        Ok(Some(paths))
    }

    /// Refuses names and values that no expression used, as DynamoDB does: mostly they are mistyped.
    pub(super) fn all_used(&self) -> Result<(), WireError> {
        for kind in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
            let given = self.request.get(kind).and_then(Value::as_object).into_iter().flatten();
            if let Some((name, _)) = given.into_iter().find(|(name, _)| !self.used.borrow().contains(*name)) {
                return Err(invalid(format!("Value provided in {kind} unused in expressions: keys: {{{name}}}")));
            }
        }
        Ok(())
    }
}

/// Reads one expression.
pub(super) struct Parser<'a> {
    given: &'a Given<'a>,
    kind: &'static str,
    tokens: Vec<&'a str>,
    next: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(given: &'a Given<'a>, kind: &'static str, source: &'a str) -> Result<Self, WireError> {
        let mut parser = Self { given, kind, tokens: Vec::new(), next: 0, depth: 0 };
        if source.len() > LENGTH_MAX {
            return Err(parser.wrong(format!("Expression size has exceeded the maximum allowed size of {LENGTH_MAX}")));
        }
        let mut rest = source.trim_start();
        while let Some(first) = rest.chars().next() {
            let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let length = match first {
                '<' if rest.starts_with("<>") || rest.starts_with("<=") => 2,
                '>' if rest.starts_with(">=") => 2,
                '=' | '<' | '>' | '(' | ')' | ',' | '.' | '+' | '-' | '[' | ']' => 1,
                '#' | ':' => 1 + rest[1..].find(|c| !inside(c)).unwrap_or(rest.len() - 1),
                _ if inside(first) => rest.find(|c| !inside(c)).unwrap_or(rest.len()),
                _ => return Err(parser.wrong(format!("Syntax error; token: \"{first}\""))),
            };
            let (token, after) = rest.split_at(length);
            parser.tokens.push(token);
            rest = after.trim_start();
        }
        if parser.tokens.is_empty() {
            return Err(parser.wrong("The expression can not be empty;"));
        }
        Ok(parser)
    }

    /// An expression that DynamoDB refuses, too.
    pub(super) fn wrong(&self, what: impl AsRef<str>) -> WireError {
        invalid(format!("Invalid {}: {}", self.kind, what.as_ref()))
    }

    pub(super) fn unexpected(&self) -> WireError {
        let near = self.tokens[self.next.saturating_sub(1)..].iter().take(3).copied().collect::<Vec<_>>().join(" ");
        self.wrong(format!("Syntax error; token: \"{}\", near: \"{near}\"", self.peek().unwrap_or("<EOF>")))
    }

    pub(super) fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.next).copied()
    }

    /// Goes on if the next token is this one, however its letters are written.
    pub(super) fn take(&mut self, token: &str) -> bool {
        let is = self.peek().is_some_and(|next| next.eq_ignore_ascii_case(token));
        self.next += usize::from(is);
        is
    }

    pub(super) fn must(&mut self, token: &str) -> Result<(), WireError> {
        if self.take(token) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn end(&self) -> Result<(), WireError> {
        if self.peek().is_none() { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Goes one level down.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, WireError>) -> Result<T, WireError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(not_modelled(&format!("nesting deeper than {DEPTH_MAX} in a {}", self.kind)));
        }
        let got = read(self);
        self.depth -= 1;
        got
    }

    /// The name of a function that is called here, with its parenthesis.
    pub(super) fn function(&mut self) -> Option<&'a str> {
        let name = self.peek().filter(|name| !WORDS.iter().any(|word| word.eq_ignore_ascii_case(name)))?;
        let called =
            name.starts_with(|c: char| c.is_ascii_alphabetic()) && self.tokens.get(self.next + 1) == Some(&"(");
        self.next += if called { 2 } else { 0 };
        called.then_some(name)
    }

    pub(super) fn path(&mut self) -> Result<Path, WireError> {
        let mut path = vec![self.name()?];
        while self.take(".") {
            path.push(self.name()?);
        }
        if self.peek() == Some("[") {
            return Err(not_modelled(&format!("list indices in a {}", self.kind)));
        }
        Ok(path)
    }

    fn name(&mut self) -> Result<String, WireError> {
        let token = self.peek().unwrap_or_default();
        let name = if token.starts_with('#') {
            let names = self.given.request.get("ExpressionAttributeNames").unwrap_or(&Value::Null);
            let defined = names.get(token).and_then(Value::as_str).ok_or_else(|| {
                let what = "An expression attribute name used in the document path is not defined; attribute name";
                self.wrong(format!("{what}: {token}"))
            })?;
            self.given.used.borrow_mut().insert(token.to_owned());
            defined
        } else if token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(token))
        {
            token
        } else {
            return Err(self.unexpected());
        };
        self.next += 1;
        Ok(name.to_owned())
    }

    /// A value, if one stands here.
    pub(super) fn value(&mut self) -> Result<Option<Value>, WireError> {
        let Some(token) = self.peek().filter(|token| token.starts_with(':')) else { return Ok(None) };
        let values = self.given.request.get("ExpressionAttributeValues").unwrap_or(&Value::Null);
        let Some(value) = values.get(token) else {
            let what = "An expression attribute value used in expression is not defined; attribute value";
            return Err(self.wrong(format!("{what}: {token}")));
        };
        match values::typed(value) {
            Some(("N", held)) if !held.as_str().is_some_and(values::is_number) => {
                return Err(invalid(format!("A value provided cannot be converted into a number: {token}")));
            }
            Some(_) => {}
            None => return Err(invalid(format!("ExpressionAttributeValues holds no typed value for {token}"))),
        }
        self.given.used.borrow_mut().insert(token.to_owned());
        self.next += 1;
        Ok(Some(value.clone()))
    }

    /// Refuses places of which one is inside another.
    pub(super) fn apart(&self, paths: &[Path]) -> Result<(), WireError> {
        let overlap = |(i, a): (usize, &Path)| paths[i + 1..].iter().any(|b| a.starts_with(b) || b.starts_with(a));
        if paths.iter().enumerate().any(overlap) {
            return Err(self.wrong("Two document paths overlap with each other; must remove or rewrite one of them"));
        }
        Ok(())
    }
}
