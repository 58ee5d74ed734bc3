//! Updates: what an `UpdateExpression`, or the older `AttributeUpdates`, makes of an item.

use serde_json::{Value, json};

use super::expressions::{Given, Parser, not_modelled};
use super::values::{self, Path, around, at, typed};
use super::{invalid, text};
use crate::protocol::WireError;

/// What a place is set to.
#[derive(Debug)]
enum Source {
    Path(Path),
    Value(Value),
    IfNotExists(Path, Box<Source>),
    Sum(Box<Source>, Box<Source>, bool),
    Append(Box<Source>, Box<Source>),
}

impl Source {
    fn of(&self, item: &Value) -> Result<Value, WireError> {
        let wrong = || invalid("An operand in the update expression has an incorrect data type");
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::Path(path) => at(item, path).cloned().ok_or_else(|| {
                invalid("The provided expression refers to an attribute that does not exist in the item")
            }),
            Self::IfNotExists(path, other) => at(item, path).cloned().map_or_else(|| other.of(item), Ok),
            Self::Sum(a, b, minus) => plus(&a.of(item)?, &b.of(item)?, *minus),
            Self::Append(a, b) => {
                let list = |value: Value| Some(value.get("L")?.as_array()?.clone());
                let mut all = list(a.of(item)?).ok_or_else(wrong)?;
                all.extend(list(b.of(item)?).ok_or_else(wrong)?);
                Ok(json!({"L": all}))
            }
        }
    }
}

/// A sum or a difference. What is no number is the client's error; what does not fit is ours.
fn plus(a: &Value, b: &Value, minus: bool) -> Result<Value, WireError> {
    if [a, b].iter().any(|value| !matches!(typed(value), Some(("N", _)))) {
        return Err(invalid("An operand in the update expression has an incorrect data type"));
    }
    values::sum(a, b, minus).ok_or_else(|| not_modelled("arithmetic on numbers of more than 38 digits"))
}

#[derive(Debug)]
enum Action {
    Set(Path, Source),
    Remove(Path),
    Add(Path, Value),
    Delete(Path, Value),
}

impl Action {
    fn path(&self) -> &Path {
        match self {
            Self::Set(path, _) | Self::Remove(path) | Self::Add(path, _) | Self::Delete(path, _) => path,
        }
    }
}

/// What an update does, in the order of its text.
#[derive(Debug, Default)]
pub(super) struct Update(Vec<Action>);

impl Update {
    /// The request's update; one that has none makes the item, if there is none, and changes nothing.
    pub(super) fn of(given: &Given<'_>, request: &Value) -> Result<Self, WireError> {
        let older = request.get("AttributeUpdates").filter(|v| !v.is_null());
        match (given.parser("UpdateExpression")?, older) {
            (Some(_), Some(_)) => Err(invalid(
                "Can not use both expression and non-expression parameters in the same request: Non-expression \
                 parameters: {AttributeUpdates} Expression parameters: {UpdateExpression}",
            )),
            (Some(parser), None) => read(parser),
            (None, Some(older)) => read_older(older),
            (None, None) => Ok(Self::default()),
        }
    }

    /// The places that it touches.
    pub(super) fn touched(&self) -> Vec<Path> {
        self.0.iter().map(|action| action.path().clone()).collect()
    }

    /// What it makes of an item. What it reads is what was there before any of it.
    pub(super) fn apply(&self, before: &Value) -> Result<Value, WireError> {
        let mut item = before.clone();
        for action in &self.0 {
            let path = action.path();
            let now = at(before, path);
            let then = match action {
                Action::Set(_, source) => Some(source.of(before)?),
                Action::Remove(_) => None,
                Action::Add(_, value) => Some(match now {
                    None => value.clone(),
                    Some(now) if value.get("N").is_some() => plus(now, value, false)?,
                    Some(now) => set(now, value, false)?,
                }),
                Action::Delete(_, value) => match now {
                    None => None,
                    // A set of nothing cannot be: the attribute goes with its last element.
                    Some(now) => Some(set(now, value, true)?).filter(|left| {
                        typed(left).and_then(|(_, all)| all.as_array()).is_some_and(|all| !all.is_empty())
                    }),
                },
            };
            let (Some(members), Some(last)) = (around(&mut item, path), path.last()) else {
                return Err(invalid("The document path provided in the update expression is invalid for update"));
            };
            match then {
                Some(value) => members.insert(last.clone(), value),
                None => members.remove(last),
            };
        }
        Ok(item)
    }
}

fn set(now: &Value, value: &Value, without: bool) -> Result<Value, WireError> {
    values::merged(now, value, without)
        .ok_or_else(|| invalid("An operand in the update expression has an incorrect data type"))
}

fn read(mut parser: Parser<'_>) -> Result<Update, WireError> {
    let mut actions = Vec::new();
    let mut seen = Vec::new();
    while let Some(word) = parser.peek() {
        let clause = word.to_ascii_uppercase();
        if seen.contains(&clause) {
            return Err(
                parser.wrong(format!("The \"{clause}\" section can only be used once in an update expression;"))
            );
        }
        if !["SET", "REMOVE", "ADD", "DELETE"].contains(&clause.as_str()) {
            parser.end()?;
        }
        parser.must(word)?;
        loop {
            actions.push(action(&mut parser, &clause)?);
            if !parser.take(",") {
                break;
            }
        }
        seen.push(clause);
    }
    let update = Update(actions);
    parser.apart(&update.touched())?;
    Ok(update)
}

fn action(parser: &mut Parser<'_>, clause: &str) -> Result<Action, WireError> {
    let path = parser.path()?;
    match clause {
        "SET" => {
            parser.must("=")?;
            Ok(Action::Set(path, source(parser)?))
        }
        "REMOVE" => Ok(Action::Remove(path)),
        _ => {
            let value = parser.value()?;
            let value =
                value.ok_or_else(|| parser.wrong(format!("{clause} takes a value, as in `{clause} name :value`")))?;
            taken(clause, path, value)
        }
    }
}

/// An `ADD` or a `DELETE`, of a type that it takes.
fn taken(clause: &str, path: Path, value: Value) -> Result<Action, WireError> {
    match (clause, typed(&value).map_or("", |(kind, _)| kind)) {
        ("ADD", "N" | "SS" | "NS" | "BS") => Ok(Action::Add(path, value)),
        ("DELETE", "SS" | "NS" | "BS") => Ok(Action::Delete(path, value)),
        (_, kind) => Err(invalid(format!(
            "Invalid UpdateExpression: Incorrect operand type for operator or function; operator: {clause}, operand \
             type: {kind}"
        ))),
    }
}

/// An operand, or two with a sign between them.
fn source(parser: &mut Parser<'_>) -> Result<Source, WireError> {
    let left = operand(parser)?;
    let minus = match parser.peek() {
        Some("+") => false,
        Some("-") => true,
        _ => return Ok(left),
    };
    parser.must(if minus { "-" } else { "+" })?;
    Ok(Source::Sum(Box::new(left), Box::new(operand(parser)?), minus))
}

fn operand(parser: &mut Parser<'_>) -> Result<Source, WireError> {
    if let Some(value) = parser.value()? {
        return Ok(Source::Value(value));
    }
    let Some(name) = parser.function() else { return Ok(Source::Path(parser.path()?)) };
    let called = match name {
        "if_not_exists" => {
            let path = parser.path()?;
            parser.must(",")?;
            Source::IfNotExists(path, Box::new(parser.deeper(source)?))
        }
        "list_append" => {
            let first = parser.deeper(source)?;
            parser.must(",")?;
            Source::Append(Box::new(first), Box::new(parser.deeper(source)?))
        }
        _ => return Err(parser.wrong(format!("Invalid function name; function: {name}"))),
    };
    parser.must(")")?;
    Ok(called)
}

/// `AttributeUpdates`, from before there were expressions.
fn read_older(updates: &Value) -> Result<Update, WireError> {
    let updates = updates.as_object().ok_or_else(|| invalid("AttributeUpdates holds no map"))?;
    let mut actions = Vec::new();
    for (name, update) in updates {
        let path = vec![name.clone()];
        let value = update.get("Value").filter(|value| typed(value).is_some()).cloned();
        actions.push(match (text(update, "Action"), value) {
            ("" | "PUT", Some(value)) => Action::Set(path, Source::Value(value)),
            ("DELETE", None) => Action::Remove(path),
            ("ADD", Some(list)) if list.get("L").is_some() => {
                return Err(not_modelled("an `ADD` to a list by `AttributeUpdates`"));
            }
            (clause @ ("ADD" | "DELETE"), Some(value)) => taken(clause, path, value)?,
            (other, _) => {
                return Err(invalid(format!("AttributeUpdates has no value for {name}, or no action `{other}`")));
            }
        });
    }
    Ok(Update(actions))
}
