//! Writing XML: escaping, and a JSON value as elements. Just enough for AWS's answers.

use std::borrow::Cow;

use serde_json::Value;

/// How a protocol writes an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lists {
    /// One element of the array's name, with one child of this name per entry.
    Wrapped(&'static str),
    /// One element of the array's name per entry; a wrapper, if the service has one, is an object.
    Flat,
}

/// Escapes text for element content and attributes. What XML 1.0 cannot hold becomes U+FFFD: a parser
/// error in the client would hide the answer that was scripted.
pub fn escape(text: &str) -> Cow<'_, str> {
    let plain = |c: char| !matches!(c, '&' | '<' | '>' | '"' | '\'' | '\r') && allowed(c);
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\r' => out.push_str("&#13;"),
            c if allowed(c) => out.push(c),
            _ => out.push('\u{FFFD}'),
        }
    }
    Cow::Owned(out)
}

/// Undoes [`escape`] in text that a client sent; references that are none stay as they are.
pub fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let named = after.split_once(';').and_then(|(name, after)| Some((referenced(name)?, after)));
        let (c, after) = named.unwrap_or(('&', after));
        out.push(c);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The character that `&name;` stands for.
fn referenced(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

fn allowed(c: char) -> bool {
    c >= ' ' && !matches!(c, '\u{FFFE}' | '\u{FFFF}') || matches!(c, '\t' | '\n' | '\r')
}

/// Whether `name` can be an element's name; member names may come from a scenario.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// Appends `<name>…</name>`, or several for a flat list. Null members and impossible names leave no trace.
pub fn element(out: &mut String, name: &str, value: &Value, lists: Lists) {
    if !is_name(name) {
        return;
    }
    match (value, lists) {
        (Value::Null, _) => {}
        (Value::Array(entries), Lists::Flat) => entries.iter().for_each(|entry| element(out, name, entry, lists)),
        _ => {
            open(out, name);
            content(out, value, lists);
            close(out, name);
        }
    }
}

/// Appends what stands inside an element.
pub fn content(out: &mut String, value: &Value, lists: Lists) {
    match value {
        Value::Null => {}
        Value::Bool(yes) => out.push_str(if *yes { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => out.push_str(&escape(text)),
        Value::Array(entries) => {
            let name = if let Lists::Wrapped(name) = lists { name } else { "member" };
            for entry in entries {
                element(out, name, entry, lists);
            }
        }
        Value::Object(members) => members.iter().for_each(|(name, member)| element(out, name, member, lists)),
    }
}

/// Appends an element that holds text.
pub fn text(out: &mut String, name: &str, text: &str) {
    open(out, name);
    out.push_str(&escape(text));
    close(out, name);
}

/// Appends the start of a document: its first line and the tag of its root.
pub fn start(out: &mut String, root: &str, namespace: &str) {
    out.push_str(PROLOGUE);
    out.push('<');
    out.push_str(root);
    out.push_str(" xmlns=\"");
    out.push_str(namespace);
    out.push_str("\">");
}

/// Appends a start tag.
pub fn open(out: &mut String, name: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
}

/// Appends an end tag.
pub fn close(out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// The line that begins every document.
pub const PROLOGUE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_is_escaped() {
        assert_eq!(escape("a<b>&\"c'\r\n"), "a&lt;b&gt;&amp;&quot;c&#39;&#13;\n");
        assert_eq!(escape("bell\u{7}"), "bell\u{FFFD}");
        assert!(matches!(escape("plain ü"), Cow::Borrowed(_)));
        assert_eq!(unescape(&escape("a<b>&\"c'\r\n")), "a<b>&\"c'\r\n");
        assert_eq!(unescape("&#x41;&#66; & &nope; &#xD800;"), "AB & &nope; &#xD800;");
    }

    #[test]
    fn lists_are_written_both_ways() {
        let value = json!({"a": [{"b": 1}, {"b": true}], "n": null, "bad name": 1});
        let mut out = String::new();
        content(&mut out, &value, Lists::Wrapped("item"));
        assert_eq!(out, "<a><item><b>1</b></item><item><b>true</b></item></a>");
        out.clear();
        content(&mut out, &value, Lists::Flat);
        assert_eq!(out, "<a><b>1</b></a><a><b>true</b></a>");
    }
}
