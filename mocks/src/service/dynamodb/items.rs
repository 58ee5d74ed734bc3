//! Items. Their key is learned, since a table need not be made: from its definition, or from the first
//! operation that names a `Key`.

use serde_json::{Map, Value, json};

use super::expressions::{Given, refuse_legacy};
use super::values::{self, Path, project};
use super::{Stage, invalid, text};
use crate::protocol::WireError;

/// An item; its id is the table's name, a slash and its key.
pub(super) const ITEM: &str = "item";

/// What is known of a table's key: an array of attribute names.
const KEY: &str = "item-key";

/// How keys are called until one was seen.
const USUAL_KEYS: &[&[&str]] = &[&["pk", "sk"], &["PK", "SK"], &["pk"], &["PK"], &["id"], &["Id"], &["ID"]];

/// The most requests that a batch may hold.
const BATCH_MAX: usize = 100;

/// Text that is the same for equal values, in whatever order their members came.
pub(super) fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => canonical_members(members),
        other => other.to_string(),
    }
}

fn canonical_members(members: &Map<String, Value>) -> String {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by_key(|(name, _)| *name);
    let parts: Vec<String> = members.iter().map(|(name, value)| format!("{name:?}:{}", canonical(value))).collect();
    parts.join(",")
}

/// Reads that see what a reader knows that may be behind, unless they ask for `ConsistentRead`.
pub(super) const EVENTUAL: &[&str] = &["BatchGetItem", "GetItem", "Query", "Scan"];

/// What a table's key is kept under; no table is called so.
fn key_name(table: &str) -> String {
    format!("{table} key")
}

/// The members of an item that are its key, in a table with this key; `None` if nothing tells.
fn key_by(known: Option<&[String]>, item: &Value) -> Option<Map<String, Value>> {
    let by = |names: &[&str]| {
        let part = |name: &&str| Some(((*name).to_owned(), item.get(*name)?.clone()));
        names.iter().map(part).collect::<Option<Map<String, Value>>>()
    };
    match known {
        Some(names) => by(&names.iter().map(String::as_str).collect::<Vec<_>>()),
        None => USUAL_KEYS.iter().find_map(|names| by(names)),
    }
}

/// The id of an item in a table with this key.
fn id_by(table: &str, known: Option<&[String]>, item: &Value) -> String {
    let key = key_by(known, item).map_or_else(|| item.clone(), Value::Object);
    format!("{table}/{}", canonical(&key))
}

/// Whether a read, or a table's part of a batch, asks for everything that was ever written.
fn consistent(read: &Value) -> bool {
    read.get("ConsistentRead").and_then(Value::as_bool) == Some(true)
}

/// Refuses more parts than a request may hold.
pub(super) fn within(parts: &[Value]) -> Result<(), WireError> {
    if parts.len() > BATCH_MAX {
        return Err(invalid(format!("{} parts are more than the {BATCH_MAX} that one request may hold", parts.len())));
    }
    Ok(())
}

/// The places that a read wants to see, if it does not want to see all.
fn projection(given: &Given<'_>, read: &Value) -> Result<Option<Vec<Path>>, WireError> {
    refuse_legacy(read, &["AttributesToGet"])?;
    given.projection()
}

/// An item as a read shows it.
fn show(item: &Value, shown: Option<&[Path]>) -> Value {
    shown.map_or_else(|| item.clone(), |paths| project(item, paths))
}

/// The same for a read of one item, which has no other expression.
fn projection_only(read: &Value) -> Result<Option<Vec<Path>>, WireError> {
    let given = Given::new(read);
    let shown = projection(&given, read)?;
    given.all_used()?;
    Ok(shown)
}

impl<'a> Stage<'a> {
    fn known_key(&self, table: &str) -> Option<Vec<String>> {
        let names = self.world.get(self.account, KEY, &key_name(table))?.value.as_array()?;
        Some(names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// The members of an item that are its key; `None` if nothing tells.
    pub(super) fn key_of(&self, table: &str, item: &Value) -> Option<Map<String, Value>> {
        key_by(self.known_key(table).as_deref(), item)
    }

    /// The id of an item of this table.
    pub(super) fn id_of(&self, table: &str, item: &Value) -> String {
        id_by(table, self.known_key(table).as_deref(), item)
    }

    /// Remembers a table's key and files its items under it.
    pub(super) fn learn_key(&mut self, table: &str, mut names: Vec<String>) {
        names.sort();
        if self.known_key(table).as_ref() == Some(&names) {
            return;
        }
        self.world.put(self.account, KEY, &key_name(table), json!(names));
        let id = |item: &Value| id_by(table, Some(&names), item);
        self.world.rename(self.account, ITEM, &format!("{table}/"), id);
    }

    /// The id that the request's `Key` makes, learned on the way.
    pub(super) fn keyed(&mut self, table: &str, key: Option<&Value>) -> Result<String, WireError> {
        let members =
            key.and_then(Value::as_object).filter(|k| !k.is_empty()).ok_or_else(|| invalid("Key is missing"))?;
        self.learn_key(table, members.keys().cloned().collect());
        Ok(format!("{table}/{}", canonical_members(members)))
    }

    fn stored(&self, table: &str) -> impl Iterator<Item = (String, &Value)> {
        let prefix = format!("{table}/");
        let items = self.world.list(self.account, ITEM);
        items.filter(move |(id, _)| id.starts_with(&prefix)).map(|(id, item)| (id.to_owned(), &item.value))
    }

    pub(super) fn count_items(&self, table: &str) -> usize {
        self.stored(table).count()
    }

    pub(super) fn forget_items(&mut self, table: &str) {
        let ids: Vec<String> = self.stored(table).map(|(id, _)| id).collect();
        for id in ids {
            self.world.write(self.account, ITEM, &id, None);
        }
        self.world.remove(self.account, KEY, &key_name(table));
    }

    fn put(&mut self, table: &str, item: Option<&Value>) -> Result<Option<Value>, WireError> {
        let item = item.filter(|i| i.is_object()).ok_or_else(|| invalid("Item is missing"))?;
        let id = id_by(table, self.known_key(table).as_deref(), item);
        Ok(self.world.write(self.account, ITEM, &id, Some(item.clone())))
    }

    fn delete(&mut self, table: &str, key: Option<&Value>) -> Result<Option<Value>, WireError> {
        let id = self.keyed(table, key)?;
        Ok(self.world.write(self.account, ITEM, &id, None))
    }

    /// The item as `read` may see it.
    fn read(&mut self, table: &str, key: Option<&Value>, read: &Value) -> Result<Option<Value>, WireError> {
        let shown = projection_only(read)?;
        let id = self.keyed(table, key)?;
        let item = if consistent(read) {
            self.world.get(self.account, ITEM, &id).map(|entity| &entity.value)
        } else {
            self.world.seen(self.account, ITEM, &id)
        };
        Ok(item.map(|item| show(item, shown.as_deref())))
    }

    pub(super) fn get_item(&mut self) -> Result<Value, WireError> {
        let item = self.read(self.table()?, self.params.get("Key"), self.params)?;
        Ok(item.map_or_else(|| json!({}), |item| json!({"Item": item})))
    }

    /// Query and Scan: what the keys choose, in their order, then a page of it, then what the filter leaves.
    pub(super) fn items(&mut self) -> Result<Value, WireError> {
        let table = self.table()?;
        refuse_legacy(self.params, &["KeyConditions", "QueryFilter", "ScanFilter", "ConditionalOperator"])?;
        let given = Given::new(self.params);
        let keys = given.condition("KeyConditionExpression")?;
        let filter = given.condition("FilterExpression")?;
        let shown = projection(&given, self.params)?;
        given.all_used()?;
        let query = self.attempt.operation == "Query";
        match &keys {
            None if query => return Err(invalid("KeyConditionExpression is missing")),
            Some(keys) if !keys.is_of_keys() => {
                return Err(invalid("Invalid KeyConditionExpression: it has to compare one key, or two, one with `=`"));
            }
            _ => {}
        }
        let mut all: Vec<&Value> = if consistent(self.params) {
            self.stored(table).map(|(_, item)| item).collect()
        } else {
            self.world.all_seen(self.account, ITEM, &format!("{table}/"))
        };
        // All segments but the first of a parallel scan are empty: segments may be of any size.
        if self.params.get("Segment").and_then(Value::as_u64).is_some_and(|segment| segment > 0) {
            all.clear();
        }
        all.retain(|item| keys.as_ref().is_none_or(|keys| keys.holds(item)));
        let backward = self.params.get("ScanIndexForward").and_then(Value::as_bool) == Some(false);
        let order = |a: &Value, b: &Value| {
            let key = if query { self.key_of(table, a) } else { None };
            let by = |name: &String| values::order(a.get(name)?, b.get(name)?).filter(|o| o.is_ne());
            let order = key.into_iter().flatten().find_map(|(name, _)| by(&name));
            let order = order.unwrap_or_else(|| self.id_of(table, a).cmp(&self.id_of(table, b)));
            if query && backward { order.reverse() } else { order }
        };
        all.sort_by(|a, b| order(a, b));
        if let Some(start) = self.params.get("ExclusiveStartKey").filter(|start| start.is_object()) {
            all.retain(|item| order(item, start).is_gt());
        }
        let limit = self.params.get("Limit").and_then(Value::as_u64).map_or(usize::MAX, |n| n as usize);
        let more = all.len() > limit;
        all.truncate(limit);
        let last =
            all.last().filter(|_| more).map(|item| self.key_of(table, item).map_or((*item).clone(), Value::Object));
        let scanned = all.len();
        all.retain(|item| filter.as_ref().is_none_or(|filter| filter.holds(item)));
        let mut output = json!({"Count": all.len(), "ScannedCount": scanned});
        if text(self.params, "Select") != "COUNT" {
            output["Items"] = all.into_iter().map(|item| show(item, shown.as_deref())).collect();
        }
        if let Some(last) = last {
            output["LastEvaluatedKey"] = last;
        }
        Ok(output)
    }

    pub(super) fn batch_get(&mut self) -> Result<Value, WireError> {
        let mut responses = Map::new();
        for (table, wanted) in self.batch()? {
            let keys = wanted.get("Keys").and_then(Value::as_array).ok_or_else(|| invalid("Keys are missing"))?;
            within(keys)?;
            let mut found = Vec::new();
            for key in keys {
                found.extend(self.read(table, Some(key), wanted)?);
            }
            responses.insert(table.clone(), found.into());
        }
        Ok(json!({"Responses": responses, "UnprocessedKeys": {}}))
    }

    pub(super) fn batch_write(&mut self) -> Result<Value, WireError> {
        for (table, wanted) in self.batch()? {
            let parts = wanted.as_array().ok_or_else(|| invalid("RequestItems hold no list"))?;
            within(parts)?;
            for part in parts {
                if let Some(put) = part.get("PutRequest") {
                    self.put(table, put.get("Item"))?;
                } else if let Some(delete) = part.get("DeleteRequest") {
                    self.delete(table, delete.get("Key"))?;
                }
            }
        }
        Ok(json!({"UnprocessedItems": {}}))
    }

    fn batch(&self) -> Result<&'a Map<String, Value>, WireError> {
        self.params.get("RequestItems").and_then(Value::as_object).ok_or_else(|| invalid("RequestItems are missing"))
    }

    pub(super) fn transact_get(&mut self) -> Result<Value, WireError> {
        let parts = self.params.get("TransactItems").and_then(Value::as_array);
        let parts = parts.ok_or_else(|| invalid("TransactItems are missing"))?;
        let mut found = Vec::new();
        within(parts)?;
        for part in parts {
            let get = part.get("Get").ok_or_else(|| invalid("a part of TransactItems has no Get"))?;
            let shown = projection_only(get)?;
            let id = self.keyed(text(get, "TableName"), get.get("Key"))?;
            let item = self.world.get(self.account, ITEM, &id).map(|entity| show(&entity.value, shown.as_deref()));
            found.push(item.map_or_else(|| json!({}), |item| json!({"Item": item})));
        }
        Ok(json!({"Responses": found}))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::service::testing::Stage;

    #[test]
    fn items_are_found_by_a_key_that_was_never_declared() {
        let mut stage = Stage::new("dynamodb");
        for (order, state) in [("1", "new"), ("1", "paid"), ("2", "new")] {
            let item = json!({"order": {"S": order}, "state": {"S": state}});
            stage.json("PutItem", &json!({"TableName": "t", "Item": item})).unwrap();
        }
        let ask = json!({"TableName": "t", "Key": {"order": {"S": "2"}}});
        assert_eq!(stage.json("GetItem", &ask).unwrap().output["Item"]["state"]["S"], "new");
        let scan = stage.json("Scan", &json!({"TableName": "t"})).unwrap().output;
        assert_eq!(scan["Count"], 2, "items of one key are one item once the key is known");
        let gone = json!({"TableName": "t", "Key": {"order": {"S": "2"}}, "ReturnValues": "ALL_OLD"});
        assert_eq!(stage.json("DeleteItem", &gone).unwrap().output["Attributes"]["order"]["S"], "2");
        assert_eq!(stage.json("GetItem", &ask).unwrap().output, json!({}));
    }

    #[test]
    fn batches_write_and_read() {
        let mut stage = Stage::new("dynamodb");
        let put = |n: &str| json!({"PutRequest": {"Item": {"pk": {"S": n}, "v": {"N": "1"}}}});
        let write = json!({"RequestItems": {"t": [put("a"), put("b"), put("a")]}});
        assert_eq!(stage.json("BatchWriteItem", &write).unwrap().output, json!({"UnprocessedItems": {}}));
        let read = json!({"RequestItems": {"t": {"Keys": [{"pk": {"S": "a"}}, {"pk": {"S": "x"}}]}}});
        let output = stage.json("BatchGetItem", &read).unwrap().output;
        assert_eq!(output["Responses"]["t"].as_array().unwrap().len(), 1);
        let query = json!({"TableName": "t", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "b"}}});
        assert_eq!(stage.json("Query", &query).unwrap().output["Count"], 1);
    }

    #[test]
    fn a_transaction_happens_once_per_token() {
        let mut stage = Stage::new("dynamodb");
        let part = |v: &str| json!([{"Put": {"TableName": "t", "Item": {"pk": {"S": v}}}}]);
        let ask = json!({"TransactItems": part("a"), "ClientRequestToken": "k"});
        assert!(!stage.json("TransactWriteItems", &ask).unwrap().again);
        assert!(stage.json("TransactWriteItems", &ask).unwrap().again, "nothing happens the second time");
        let other = json!({"TransactItems": part("b"), "ClientRequestToken": "k"});
        assert_eq!(stage.json("TransactWriteItems", &other).unwrap_err().code, "IdempotentParameterMismatchException");
        assert_eq!(stage.json("Scan", &json!({"TableName": "t"})).unwrap().output["Count"], 1);
    }

    #[test]
    fn an_update_makes_the_item() {
        let mut stage = Stage::new("dynamodb");
        let ask = json!({"TableName": "t", "Key": {"k": {"S": "1"}}, "ReturnValues": "ALL_NEW"});
        assert_eq!(stage.json("UpdateItem", &ask).unwrap().output, json!({"Attributes": {"k": {"S": "1"}}}));
        assert_eq!(stage.json("UpdateItem", &json!({"TableName": "t"})).unwrap_err().code, "ValidationException");
    }
}
