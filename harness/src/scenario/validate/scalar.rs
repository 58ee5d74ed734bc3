//! Words, texts with a format, and numbers.

use brownout_mocks::endpoint::{Address, ResetPath};

use super::{ByteSpan, Data, Node, Ordinals, Place, Rate, Span, SystemTime, Validator, Value, clip, one_of};

/// The one pattern of the schema that no `format` stands beside.
const KEBAB: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";

impl<'s> Validator<'s, '_, '_> {
    /// Checks a value that must be one of some words.
    pub(super) fn word(&mut self, words: &[&str], node: &Node, at: Place<'_>) {
        let text = match &node.data {
            Data::Text(text) if words.contains(&text.as_str()) => return,
            Data::Text(text) => text.clone(),
            Data::Null => {
                let message = format!("{} has no value", at.title());
                self.findings.add(&at.span(node), message).help(format!("one of {}", one_of(words.iter().copied())));
                return;
            }
            _ => self.written(node),
        };
        let span: ByteSpan = at.span(node);
        let meant = self.findings.meant(&text, words.iter().copied());
        let finding = self.findings.add(&span, format!("{} cannot be `{}`", at.title(), clip(&text))).meant(meant);
        finding.help(format!("one of {}", one_of(words.iter().copied())));
    }

    /// Checks a text: its format by the parser that will read it, so that the message is that parser's.
    pub(super) fn text(&mut self, schema: &'s Value, text: &str, node: &Node, at: Place<'_>) {
        let format = schema.get("format").and_then(Value::as_str);
        let result = match format {
            Some("duration-with-unit") => text.parse::<Span>().map(drop),
            Some("rate") => text.parse::<Rate>().map(drop),
            Some("ordinals") => text.parse::<Ordinals>().map(drop),
            Some("date-time") => date(text).map(drop),
            Some("upstream") => text.parse::<Address>().map(drop),
            Some("reset-path") => text.parse::<ResetPath>().map(drop),
            _ if schema.get("pattern").is_some_and(|p| p == KEBAB) && !kebab(text) => {
                Err(format!("`{}` is not in kebab-case: lower-case letters, digits and single hyphens", clip(text)))
            }
            _ => Ok(()),
        };
        if let Err(message) = result {
            let message = format!("{}: {message}", at.title());
            let finding = self.findings.add(&node.span, message);
            if let Some(help) = format.and_then(|f| respelt(f, text)) {
                finding.help(format!("did you mean `{help}`?"));
            }
        }
    }

    pub(super) fn number(&mut self, schema: &'s Value, number: &serde_json::Number, node: &Node, at: Place<'_>) {
        let whole = number.is_i64() || number.is_u64();
        if schema.get("type").is_some_and(|t| t == "integer") && !whole {
            let message = format!("{} must be a whole number, found {}", at.title(), self.written(node));
            self.findings.add(&node.span, message);
            return;
        }
        let value = number.as_f64().unwrap_or_default();
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        let widest = match schema.get("format").and_then(Value::as_str) {
            Some("uint16") => Some(f64::from(u16::MAX)),
            Some("uint32") => Some(f64::from(u32::MAX)),
            Some("int32") => Some(f64::from(i32::MAX)),
            _ => None,
        };
        let (min, max) = (bound("minimum"), bound("maximum").or(widest));
        if min.is_none_or(|m| value >= m) && max.is_none_or(|m| value <= m) {
            return;
        }
        let written = self.written(node);
        let message = match (min, max) {
            _ if at.name == "brownout" => {
                format!("this brownout reads version 1 of the scenario language, not {written}")
            }
            (Some(min), Some(max)) if min < max => {
                format!("{} must lie between {min} and {max}, found {written}", at.title())
            }
            (Some(min), _) if value < min => format!("{} must be at least {min}, found {written}", at.title()),
            (_, max) => format!("{} must be at most {}, found {written}", at.title(), max.unwrap_or_default()),
        };
        self.findings.add(&node.span, message);
    }
}

/// Reads an RFC 3339 date in UTC.
pub(in crate::scenario) fn date(text: &str) -> Result<SystemTime, String> {
    humantime::parse_rfc3339(text)
        .map_err(|_| format!("`{}` is no date; write `2026-01-01T00:00:00Z`, in UTC", clip(text)))
}

fn kebab(text: &str) -> bool {
    let part = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.split('-').all(part)
}

/// A value in another common spelling: `4 per second`, `4/sec`, `2-5`.
fn respelt(format: &str, text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    match format {
        "rate" => {
            let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
            let (number, unit) = text.split_at(digits);
            let unit = unit.replace("per", "/").replace("rps", "/s").replace(' ', "");
            let unit = match unit.trim_start_matches('/') {
                "" | "s" | "sec" | "second" => "s",
                "m" | "min" | "minute" => "m",
                "h" | "hour" => "h",
                "d" | "day" => "d",
                _ => return None,
            };
            format!("{number}/{unit}").parse::<Rate>().ok().map(|_| format!("{number}/{unit}"))
        }
        "ordinals" => {
            let (from, to) = text.split_once('-').or_else(|| text.split_once("..="))?;
            let range = format!("{}..{}", from.trim(), to.trim());
            range.parse::<Ordinals>().ok().map(|_| range)
        }
        _ => None,
    }
}
