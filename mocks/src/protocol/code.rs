//! The error code of an answer, as a client reads it. Small extractors, robust to any bytes.

use http::HeaderMap;

/// The error code of an answer: header, then CBOR or JSON, then XML (guidance 6.2).
pub fn error_code(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    if let Some(header) = headers.get("x-amzn-errortype").and_then(|v| v.to_str().ok()) {
        return Some(shape_name(header));
    }
    if headers.contains_key(super::SMITHY_PROTOCOL.0) {
        let document = super::cbor::decode(body)?;
        return document.get("__type")?.as_str().map(shape_name);
    }
    let text = std::str::from_utf8(body).ok()?;
    if text.trim_start().starts_with('{') {
        let json: serde_json::Value = serde_json::from_str(text).ok()?;
        return ["__type", "code", "Code"].iter().find_map(|k| json.get(k)?.as_str()).map(shape_name);
    }
    element(text, "Code").map(str::to_owned)
}

/// `ns#Name:http://…` → `Name`.
fn shape_name(text: &str) -> String {
    let text = text.split(':').next().unwrap_or_default();
    text.rsplit('#').next().unwrap_or_default().to_owned()
}

/// The text of the first `<name>` element.
pub fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let start = text.find(&format!("<{name}>"))? + name.len() + 2;
    let end = text[start..].find("</")?;
    Some(&text[start..start + end])
}
