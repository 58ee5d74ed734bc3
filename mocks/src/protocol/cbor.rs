//! CBOR (RFC 8949) to and from the JSON values that services work with.

use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};

/// The tag of a number of seconds since 1970 (RFC 8949, 3.4.2).
const EPOCH: u64 = 1;

/// Writes a value. Members whose name is in `timestamps` are dates, in seconds since 1970.
pub fn encode(value: &Value, timestamps: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing into memory cannot fail; were it to, an empty body would say so.
    let _ = ciborium::into_writer(&to_cbor(value, false, timestamps), &mut out);
    out
}

/// Reads a value; `None` if the bytes are no CBOR, or nested beyond reason.
pub fn decode(bytes: &[u8]) -> Option<Value> {
    let value: Cbor = ciborium::from_reader(bytes).ok()?;
    Some(to_json(value))
}

fn to_cbor(value: &Value, date: bool, timestamps: &[&str]) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(yes) => Cbor::Bool(*yes),
        Value::Number(n) => {
            let number = match (n.as_u64(), n.as_i64()) {
                (Some(n), _) => Cbor::from(n),
                (_, Some(n)) => Cbor::from(n),
                _ => Cbor::Float(n.as_f64().unwrap_or_default()),
            };
            if date { Cbor::Tag(EPOCH, Box::new(number)) } else { number }
        }
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Array(entries) => Cbor::Array(entries.iter().map(|entry| to_cbor(entry, date, timestamps)).collect()),
        Value::Object(members) => {
            // A member that is absent is left out, as the protocol wants it.
            let members = members.iter().filter(|(_, member)| !member.is_null());
            let pair = |(name, member): (&String, &Value)| {
                let date = timestamps.contains(&name.as_str());
                (Cbor::Text(name.clone()), to_cbor(member, date, timestamps))
            };
            Cbor::Map(members.map(pair).collect())
        }
    }
}

fn to_json(value: Cbor) -> Value {
    match value {
        Cbor::Bool(yes) => yes.into(),
        Cbor::Integer(n) => match (u64::try_from(n), i64::try_from(n)) {
            (Ok(n), _) => n.into(),
            (_, Ok(n)) => n.into(),
            _ => (i128::from(n) as f64).into(),
        },
        // JSON has no infinity.
        Cbor::Float(n) => Number::from_f64(n).map_or(Value::Null, Value::Number),
        Cbor::Text(text) => text.into(),
        Cbor::Bytes(bytes) => base64(&bytes).into(),
        Cbor::Tag(_, inner) => to_json(*inner),
        Cbor::Array(entries) => entries.into_iter().map(to_json).collect(),
        Cbor::Map(pairs) => {
            let members =
                pairs.into_iter().filter_map(|(name, member)| Some((name.into_text().ok()?, to_json(member))));
            Value::Object(members.collect::<Map<_, _>>())
        }
        _ => Value::Null,
    }
}

/// Bytes as the JSON protocols write them (RFC 4648, 4).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_come_back_as_they_went() {
        let value = json!({"a": [1, -2, 2.5, true, "ü"], "b": {"c": {}}, "big": u64::MAX, "small": i64::MIN});
        assert_eq!(decode(&encode(&value, &[])), Some(value));
        assert_eq!(decode(&encode(&json!({"gone": null, "kept": 0}), &[])), Some(json!({"kept": 0})));
    }

    #[test]
    fn dates_are_tagged_wherever_they_stand() {
        // A map of one pair, the text `At`, an array of one entry, tag 1, the number 3.
        assert_eq!(encode(&json!({"At": [3]}), &["At"]), [0xa1, 0x62, b'A', b't', 0x81, 0xc1, 0x03]);
        assert_eq!(decode(&[0xa1, 0x62, b'A', b't', 0xc1, 0x03]), Some(json!({"At": 3})));
    }

    #[test]
    fn bytes_read_as_base64() {
        for (bytes, text) in [(&b""[..], ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes), text);
        }
        assert_eq!(decode(&[0x43, 1, 2, 3]), Some("AQID".into()));
    }

    #[test]
    fn what_is_no_cbor_is_refused() {
        let deep = vec![0x81; 100_000];
        // An array that announces 2^64 - 1 entries, and a text of 2^62 bytes.
        let long = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let text = [0x7b, 0x40, 0, 0, 0, 0, 0, 0, 0];
        for bytes in [&b""[..], &[0xff], &[0xa1, 0x62, b'A'], &deep, &long, &text] {
            assert_eq!(decode(bytes), None);
        }
    }
}
