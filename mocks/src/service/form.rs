//! Lists and structures in the flat parameters of the query protocols: `Name.1`, `Name.2.Member`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

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

/// How deep names may be nested; no model comes near it.
const DEPTH: usize = 16;

/// The flat names as a tree: `A.member.1.B` is the member `B` of the first entry of the list `A`.
pub(super) fn nested(params: &Value) -> Value {
    let mut root = Map::new();
    for (key, value) in params.as_object().into_iter().flatten() {
        let parts: Vec<&str> = key.split('.').collect();
        if parts.len() <= DEPTH {
            insert(&mut root, &parts, value);
        }
    }
    lists(Value::Object(root))
}

fn insert(tree: &mut Map<String, Value>, parts: &[&str], value: &Value) {
    let Some((first, rest)) = parts.split_first() else { return };
    if rest.is_empty() {
        tree.insert((*first).to_owned(), value.clone());
    } else {
        let below = tree.entry((*first).to_owned()).or_insert_with(|| json!({}));
        // A name that has both a value and members is nobody's: the value stands.
        if let Value::Object(below) = below {
            insert(below, rest, value);
        }
    }
}

/// Makes lists of the objects that hold nothing but `member`s by number.
fn lists(value: Value) -> Value {
    let Value::Object(mut members) = value else { return value };
    if members.len() == 1
        && let Some(Value::Object(entries)) = members.remove("member")
    {
        let mut numbered: Vec<(u64, Value)> =
            entries.into_iter().filter_map(|(n, entry)| Some((n.parse().ok()?, lists(entry)))).collect();
        numbered.sort_by_key(|(n, _)| *n);
        return numbered.into_iter().map(|(_, entry)| entry).collect();
    }
    Value::Object(members.into_iter().map(|(name, member)| (name, lists(member))).collect())
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

    #[test]
    fn names_nest() {
        let params = json!({
            "A": "x", "L.member.2.B.C": "2", "L.member.1.B.C": "1", "L.member.10": "ten", "A.B": "lost",
            "P.member.1.Q.member.1": "q", &["z"; 40].join("."): "too deep",
        });
        let wanted = json!({"A": "x", "L": [{"B": {"C": "1"}}, {"B": {"C": "2"}}, "ten"], "P": [{"Q": ["q"]}]});
        assert_eq!(nested(&params), wanted);
    }
}
