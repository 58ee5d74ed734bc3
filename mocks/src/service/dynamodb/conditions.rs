//! Conditions, of writes, filters and keys: what they are, how they read, and whether they hold of an item.

use std::cmp::Ordering;

use serde_json::Value;

use super::expressions::Parser;
use super::text;
use super::values::{self, Path, at};
use crate::protocol::WireError;

/// What is compared.
#[derive(Debug)]
pub(super) enum Operand {
    Path(Path),
    Value(Value),
    Size(Path),
}

impl Operand {
    fn of(&self, item: &Value) -> Option<Value> {
        match self {
            Self::Path(path) => at(item, path).cloned(),
            Self::Value(value) => Some(value.clone()),
            Self::Size(path) => values::size(at(item, path)?),
        }
    }
}

/// What has to hold of an item.
#[derive(Debug)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Exists(Path),
    Type(Path, String),
    Begins(Operand, Operand),
    Contains(Operand, Operand),
    Compare(Operand, String, Operand),
    Between(Operand, Operand, Operand),
    In(Operand, Vec<Operand>),
}

impl Condition {
    /// Whether it holds; what is absent equals nothing, and is neither more nor less than anything.
    pub(super) fn holds(&self, item: &Value) -> bool {
        let both = |a: &Operand, b: &Operand, test: fn(&Value, &Value) -> bool| {
            a.of(item).zip(b.of(item)).is_some_and(|(a, b)| test(&a, &b))
        };
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(item)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(item)),
            Self::Not(part) => !part.holds(item),
            Self::Exists(path) => at(item, path).is_some(),
            Self::Type(path, kind) => at(item, path).and_then(values::typed).is_some_and(|(k, _)| k == kind),
            Self::Begins(a, b) => both(a, b, values::begins),
            Self::Contains(a, b) => both(a, b, values::contains),
            Self::Compare(a, sign, b) => {
                let is = |wanted: &[Ordering]| {
                    let order = a.of(item).zip(b.of(item)).and_then(|(a, b)| values::order(&a, &b));
                    order.is_some_and(|order| wanted.contains(&order))
                };
                match sign.as_str() {
                    "=" => both(a, b, values::same),
                    "<>" => !both(a, b, values::same),
                    "<" => is(&[Ordering::Less]),
                    "<=" => is(&[Ordering::Less, Ordering::Equal]),
                    ">" => is(&[Ordering::Greater]),
                    _ => is(&[Ordering::Greater, Ordering::Equal]),
                }
            }
            Self::Between(a, low, high) => {
                let at_most = |a: &Value, b: &Value| values::order(a, b).is_some_and(Ordering::is_le);
                both(low, a, at_most) && both(a, high, at_most)
            }
            Self::In(a, all) => all.iter().any(|b| both(a, b, values::same)),
        }
    }

    /// Whether a Query may ask so for keys: one comparison or two, one of them of equality.
    pub(super) fn is_of_keys(&self) -> bool {
        let parts = if let Self::All(parts) = self { parts.as_slice() } else { std::slice::from_ref(self) };
        let plain = |part: &Self| match part {
            Self::Compare(Operand::Path(path), sign, Operand::Value(_)) => path.len() == 1 && sign != "<>",
            Self::Between(Operand::Path(path), ..) | Self::Begins(Operand::Path(path), _) => path.len() == 1,
            _ => false,
        };
        let equal = |part: &Self| matches!(part, Self::Compare(_, sign, _) if sign == "=");
        parts.len() <= 2 && parts.iter().all(plain) && parts.iter().any(equal)
    }
}

impl Parser<'_> {
    pub(super) fn any(&mut self) -> Result<Condition, WireError> {
        let mut parts = vec![self.all()?];
        while self.take("OR") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
    }

    fn all(&mut self) -> Result<Condition, WireError> {
        let mut parts = vec![self.one()?];
        while self.take("AND") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
    }

    fn one(&mut self) -> Result<Condition, WireError> {
        if self.take("NOT") {
            return Ok(Condition::Not(Box::new(self.deeper(Self::one)?)));
        }
        if self.take("(") {
            let inner = self.deeper(Self::any)?;
            self.must(")")?;
            return Ok(inner);
        }
        if self.peek() != Some("size")
            && let Some(name) = self.function()
        {
            let condition = self.called(name)?;
            self.must(")")?;
            return Ok(condition);
        }
        let left = self.operand()?;
        self.compared(left)
    }

    fn called(&mut self, name: &str) -> Result<Condition, WireError> {
        Ok(match name {
            "attribute_exists" => Condition::Exists(self.path()?),
            "attribute_not_exists" => Condition::Not(Box::new(Condition::Exists(self.path()?))),
            "attribute_type" => {
                let path = self.path()?;
                self.must(",")?;
                let kind = self.value()?.map(|value| text(&value, "S").to_owned()).unwrap_or_default();
                if !values::is_type(&kind) {
                    return Err(self.wrong(format!("Invalid attribute type name found; type: {kind}")));
                }
                Condition::Type(path, kind)
            }
            "begins_with" | "contains" => {
                let left = self.operand()?;
                self.must(",")?;
                let right = self.operand()?;
                if name == "contains" {
                    return Ok(Condition::Contains(left, right));
                }
                self.fits(name, &right, &["S", "B"])?;
                Condition::Begins(left, right)
            }
            _ => return Err(self.wrong(format!("Invalid function name; function: {name}"))),
        })
    }

    fn compared(&mut self, left: Operand) -> Result<Condition, WireError> {
        if self.take("BETWEEN") {
            let low = self.operand()?;
            self.must("AND")?;
            let high = self.operand()?;
            for bound in [&low, &high] {
                self.fits("BETWEEN", bound, &["S", "N", "B"])?;
            }
            return Ok(Condition::Between(left, low, high));
        }
        if self.take("IN") {
            self.must("(")?;
            let mut all = vec![self.operand()?];
            while self.take(",") {
                all.push(self.operand()?);
            }
            self.must(")")?;
            return Ok(Condition::In(left, all));
        }
        let sign = self.peek().filter(|t| ["=", "<>", "<", "<=", ">", ">="].contains(t));
        let sign = sign.ok_or_else(|| self.unexpected())?.to_owned();
        self.must(&sign)?;
        let right = self.operand()?;
        if !matches!(sign.as_str(), "=" | "<>") {
            self.fits(&sign, &left, &["S", "N", "B"])?;
            self.fits(&sign, &right, &["S", "N", "B"])?;
        }
        Ok(Condition::Compare(left, sign, right))
    }

    fn operand(&mut self) -> Result<Operand, WireError> {
        if let Some(value) = self.value()? {
            return Ok(Operand::Value(value));
        }
        let Some(name) = self.function() else { return Ok(Operand::Path(self.path()?)) };
        if name != "size" {
            return Err(self.wrong(format!("The function is not allowed to be used this way; function: {name}")));
        }
        let path = self.path()?;
        self.must(")")?;
        Ok(Operand::Size(path))
    }

    /// Refuses a value of a type that an operator does not take.
    fn fits(&self, operator: &str, operand: &Operand, types: &[&str]) -> Result<(), WireError> {
        let Operand::Value(value) = operand else { return Ok(()) };
        let kind = values::typed(value).map_or("", |(kind, _)| kind);
        if types.contains(&kind) {
            return Ok(());
        }
        let what = "Incorrect operand type for operator or function; operator or function";
        Err(self.wrong(format!("{what}: {operator}, operand type: {kind}")))
    }
}
