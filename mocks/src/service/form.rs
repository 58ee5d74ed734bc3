//! Lists and structures in the flat parameters of the query protocols: `Name.1`, `Name.2.Member`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The values of `name`, `name.1`, `name.2` …, in the order of their numbers.
pub(super) fn numbered(params: &Value, name: &str) -> Vec<String> {
    let mut found: Vec<(u64, String)> = Vec::new();
    for (key, value) in params.as_object().into_iter().flatten() {
        let number = match key.strip_prefix(name) {
            Some("") => Some(0),
            Some(rest) => rest.strip_prefix('.').and_then(|n| n.parse().ok()),
            None => None,
        };
        if let (Some(number), Some(value)) = (number, value.as_str()) {
            found.push((number, value.to_owned()));
        }
    }
    found.sort();
    found.into_iter().map(|(_, value)| value).collect()
}

/// The structures `name.1.Member`, `name.2.Member` …, each as a flat object of what follows the number.
pub(super) fn structures(params: &Value, name: &str) -> Vec<Value> {
    let mut found = BTreeMap::<u64, Value>::new();
    for (key, value) in params.as_object().into_iter().flatten() {
        let rest = key.strip_prefix(name).and_then(|rest| rest.strip_prefix('.'));
        let Some((number, member)) = rest.and_then(|rest| rest.split_once('.')) else { continue };
        if let Ok(number) = number.parse() {
            found.entry(number).or_insert_with(|| json!({}))[member] = value.clone();
        }
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_by_number() {
        let params = json!({
            "Id.10": "c", "Id.2": "b", "Id.1": "a", "IdX.1": "no", "Id.x": "no",
            "Tag.2.Key": "k", "Tag.2.Value": "v", "Tag.1.Key": "j",
        });
        assert_eq!(numbered(&params, "Id"), ["a", "b", "c"]);
        assert_eq!(structures(&params, "Tag"), [json!({"Key": "j"}), json!({"Key": "k", "Value": "v"})]);
    }
}
