//! Plain scalars: what an unquoted word stands for.

use serde_json::Number;

use super::Data;

/// A plain scalar by the core schema of YAML 1.2, and without numbers that begin with a needless zero.
pub(super) fn plain(text: &str) -> Data {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Data::Null,
        "true" | "True" | "TRUE" => return Data::Bool(true),
        "false" | "False" | "FALSE" => return Data::Bool(false),
        _ => {}
    }
    number(text).map_or_else(|| Data::Text(text.to_owned()), Data::Number)
}

fn number(text: &str) -> Option<Number> {
    if let Some(hex) = text.strip_prefix("0x") {
        return hex
            .bytes()
            .all(|b| b.is_ascii_hexdigit())
            .then(|| u64::from_str_radix(hex, 16).ok())?
            .map(Number::from);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return octal
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| u64::from_str_radix(octal, 8).ok())?
            .map(Number::from);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = digits.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &digits[whole..];
    let zero_first = whole > 1 && digits.starts_with('0');
    let numeric = digits.bytes().all(|b| b.is_ascii_digit() || b".eE+-".contains(&b));
    if !numeric || zero_first || (whole == 0 && !rest.starts_with('.')) || digits.starts_with(['-', '+']) {
        return None;
    }
    if rest.is_empty() {
        let text = text.strip_prefix('+').unwrap_or(text);
        if let Ok(n) = text.parse::<i64>() {
            return Some(n.into());
        }
        if let Ok(n) = text.parse::<u64>() {
            return Some(n.into());
        }
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}
