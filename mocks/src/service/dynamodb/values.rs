//! DynamoDB's typed values: exact decimal numbers, order, size, and the places inside an item.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

/// Where an attribute is: its name, then the members of maps.
pub(super) type Path = Vec<String>;

/// The types of values.
const TYPES: &[&str] = &["S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"];

/// The furthest that a decimal point may be from the last digit; DynamoDB's numbers end before.
const SCALE_MAX: i32 = 140;

/// The type of a value, and what it holds; `None` if it is none.
pub(super) fn typed(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|m| m.len() == 1)?;
    members.iter().next().map(|(kind, held)| (kind.as_str(), held)).filter(|(kind, _)| TYPES.contains(kind))
}

/// Whether there is a type of this name.
pub(super) fn is_type(name: &str) -> bool {
    TYPES.contains(&name)
}

/// A decimal number: `digits` divided by ten to the power of `scale`, with no zero at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Decimal {
    digits: i128,
    scale: i32,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let unsigned = whole.trim_start_matches(['+', '-']);
        let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.len() - unsigned.len() > 1 || (unsigned.len() + fraction.len()) == 0 || !plain(unsigned) {
            return None;
        }
        let exponent: i32 = exponent.parse().ok()?;
        let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        // A sign in the fraction fails here.
        plain(fraction).then_some(())?;
        Self { digits: format!("{whole}{fraction}").parse().ok()?, scale }.tidy()
    }

    fn tidy(mut self) -> Option<Self> {
        if self.digits == 0 {
            self.scale = 0;
        }
        while self.digits != 0 && self.digits % 10 == 0 {
            self.digits /= 10;
            self.scale -= 1;
        }
        (self.scale.abs() <= SCALE_MAX).then_some(self)
    }

    /// The digits at a scale that is no smaller.
    fn at(self, scale: i32) -> Option<i128> {
        let zeros = u32::try_from(scale - self.scale).ok()?;
        self.digits.checked_mul(10i128.checked_pow(zeros)?)
    }

    fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        Self { digits: self.at(scale)?.checked_add(other.at(scale)?)?, scale }.tidy()
    }

    fn approximate(self) -> f64 {
        self.digits as f64 / 10f64.powi(self.scale)
    }

    fn order(self, other: Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        match (self.at(scale), other.at(scale)) {
            (Some(a), Some(b)) => a.cmp(&b),
            // Numbers so far apart that one of them does not fit: no rounding brings them together.
            _ => self.approximate().total_cmp(&other.approximate()),
        }
    }

    fn text(self) -> String {
        let digits = self.digits.unsigned_abs().to_string();
        let sign = if self.digits < 0 { "-" } else { "" };
        let Some(places) = usize::try_from(self.scale).ok().filter(|places| *places > 0) else {
            return format!("{sign}{digits}{}", "0".repeat(self.scale.unsigned_abs() as usize));
        };
        let padded = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        format!("{sign}{whole}.{fraction}")
    }
}

/// Whether `text` is a number that brownout can count with.
pub(super) fn is_number(text: &str) -> bool {
    Decimal::parse(text).is_some()
}

/// The sum of two values of type `N`, or their difference; `None` if one is no number or it does not fit.
pub(super) fn sum(a: &Value, b: &Value, minus: bool) -> Option<Value> {
    let number = |value: &Value| Decimal::parse(value.get("N")?.as_str()?);
    let (a, mut b) = (number(a)?, number(b)?);
    if minus {
        b.digits = -b.digits;
    }
    Some(json!({"N": a.plus(b)?.text()}))
}

fn bytes(base64: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(base64).unwrap_or_default()
}

/// Whether two parts of a value of this type are the same.
fn same_part(kind: &str, a: &Value, b: &Value) -> bool {
    match (kind, a.as_str(), b.as_str()) {
        ("N" | "NS", Some(a), Some(b)) => match (Decimal::parse(a), Decimal::parse(b)) {
            (Some(a), Some(b)) => a == b,
            _ => a == b,
        },
        _ => a == b,
    }
}

/// Whether two values are equal: numbers by what they are worth, sets in whatever order.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    let (Some((kind, a)), Some((other, b))) = (typed(a), typed(b)) else { return false };
    if kind != other {
        return false;
    }
    match (kind, a, b) {
        ("SS" | "NS" | "BS", Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().all(|x| b.iter().any(|y| same_part(kind, x, y)))
        }
        ("L", Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(x, y)| same(x, y)),
        ("M", Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, x)| b.get(name).is_some_and(|y| same(x, y)))
        }
        _ => same_part(kind, a, b),
    }
}

/// The order of two texts, numbers or binaries; nothing else has one.
pub(super) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    let ((kind, a), (other, b)) = (typed(a)?, typed(b)?);
    let (a, b) = (a.as_str()?, b.as_str()?);
    match kind {
        _ if kind != other => None,
        "S" => Some(a.cmp(b)),
        "N" => Some(Decimal::parse(a)?.order(Decimal::parse(b)?)),
        "B" => Some(bytes(a).cmp(&bytes(b))),
        _ => None,
    }
}

/// What `size` gives: bytes of a text or a binary, else the number of elements.
pub(super) fn size(value: &Value) -> Option<Value> {
    let (kind, held) = typed(value)?;
    let size = match (kind, held) {
        ("S", Value::String(text)) => text.len(),
        ("B", Value::String(text)) => bytes(text).len(),
        (_, Value::Array(elements)) => elements.len(),
        (_, Value::Object(members)) => members.len(),
        _ => return None,
    };
    Some(json!({"N": size.to_string()}))
}

/// Whether a text or a binary begins with another.
pub(super) fn begins(whole: &Value, start: &Value) -> bool {
    match (typed(whole), typed(start)) {
        (Some(("S", Value::String(whole))), Some(("S", Value::String(start)))) => whole.starts_with(start.as_str()),
        (Some(("B", Value::String(whole))), Some(("B", Value::String(start)))) => {
            bytes(whole).starts_with(&bytes(start))
        }
        _ => false,
    }
}

/// Whether a text, a set or a list contains something.
pub(super) fn contains(whole: &Value, part: &Value) -> bool {
    match (typed(whole), typed(part)) {
        (Some(("S", Value::String(whole))), Some(("S", Value::String(part)))) => whole.contains(part.as_str()),
        (Some(("L", Value::Array(all))), Some(_)) => all.iter().any(|element| same(element, part)),
        (Some((set @ ("SS" | "NS" | "BS"), Value::Array(all))), Some((kind, part))) if set.starts_with(kind) => {
            all.iter().any(|element| same_part(set, element, part))
        }
        _ => false,
    }
}

/// A set with the elements of another, or without them; `None` if the two are no sets of one type.
pub(super) fn merged(set: &Value, other: &Value, without: bool) -> Option<Value> {
    let (Some((kind @ ("SS" | "NS" | "BS"), Value::Array(all))), Some((same, Value::Array(more)))) =
        (typed(set), typed(other))
    else {
        return None;
    };
    let has = |all: &[Value], x: &Value| all.iter().any(|y| same_part(kind, x, y));
    let mut elements: Vec<Value> = all.iter().filter(|x| !without || !has(more, x)).cloned().collect();
    if !without {
        elements.extend(more.iter().filter(|x| !has(all, x)).cloned());
    }
    (kind == same).then(|| json!({kind: elements}))
}

/// What stands at a place of an item.
pub(super) fn at<'v>(item: &'v Value, path: &[String]) -> Option<&'v Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(item.get(first)?, |value, name| value.get("M")?.get(name))
}

/// The members among which a place is; `None` if what should hold it is no map.
pub(super) fn around<'v>(item: &'v mut Value, path: &[String]) -> Option<&'v mut Map<String, Value>> {
    let mut members = item.as_object_mut()?;
    for name in &path[..path.len().saturating_sub(1)] {
        members = members.get_mut(name)?.get_mut("M")?.as_object_mut()?;
    }
    Some(members)
}

/// The part of an item that these places make up.
pub(super) fn project(item: &Value, paths: &[Path]) -> Value {
    let mut out = json!({});
    for path in paths {
        let (Some(value), Some(last)) = (at(item, path), path.last()) else { continue };
        for length in 1..path.len() {
            if let Some(members) = around(&mut out, &path[..length]) {
                members.entry(&path[length - 1]).or_insert_with(|| json!({"M": {}}));
            }
        }
        if let Some(members) = around(&mut out, path) {
            members.insert(last.clone(), value.clone());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        let add = |a: &str, b: &str| Some(sum(&json!({"N": a}), &json!({"N": b}), false)?["N"].as_str()?.to_owned());
        for (a, b, total) in [
            ("1", "1", "2"),
            ("0.1", "0.2", "0.3"),
            ("-0.05", "0.01", "-0.04"),
            ("95", "5", "100"),
            ("1e3", "1", "1001"),
            ("9007199254740993", "1", "9007199254740994"),
            ("-1", "1.0", "0"),
        ] {
            assert_eq!(add(a, b).as_deref(), Some(total), "{a} + {b}");
        }
        for odd in ["", "-", "x", "1.-2", "--1", "1e", "NaN", "1e999999999999"] {
            assert_eq!(add(odd, "1"), None, "{odd}");
        }
        assert!(same(&json!({"N": "1.0"}), &json!({"N": "1"})));
        assert_eq!(order(&json!({"N": "1e100"}), &json!({"N": "-1e-100"})), Some(Ordering::Greater));
        assert_eq!(order(&json!({"N": "10"}), &json!({"N": "9"})), Some(Ordering::Greater));
    }
}
