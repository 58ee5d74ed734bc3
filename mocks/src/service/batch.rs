//! Batches whose entries may fail one by one inside a good answer: where the entries stand, and how an
//! answer tells which of them failed.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// How a batch operation takes its entries and reports those that failed.
#[derive(Debug, Clone, Copy)]
pub enum Batch {
    /// DynamoDB's writes: lists by table under `RequestItems`; those that failed come back in the same shape.
    Tables {
        /// Output member that holds what was not processed.
        failed: &'static str,
    },
    /// DynamoDB's reads: `Keys` by table under `RequestItems`; those that failed come back in the same shape.
    Keys {
        /// Output member that holds what was not processed.
        failed: &'static str,
    },
    /// A list whose results stand in the same order, each with an `ErrorCode` if it failed.
    InOrder {
        /// Input member that holds the entries.
        input: &'static str,
        /// Output member that holds the results.
        output: &'static str,
        /// Output member that counts the failures.
        count: &'static str,
    },
    /// A list whose entries have an `Id`; those that failed are listed apart.
    ById {
        /// Input member that holds the entries.
        input: &'static str,
        /// Output member that lists the failures.
        failed: &'static str,
    },
    /// S3's `Objects`; those that failed stand as `Error` beside those that are gone.
    Objects,
}

impl Batch {
    /// The entries of a request, in the order of their indices, each with the table it is for, and without the id
    /// that only this request knows it by.
    pub fn list(&self, params: &Value) -> Vec<Value> {
        let all = (0..self.entries(params)).collect();
        let (_, mut entries) = self.split(params, &all);
        if let Self::ById { .. } = self {
            for entry in entries.iter_mut().filter_map(|e| e.get_mut(1)?.as_object_mut()) {
                entry.remove("Id");
            }
        }
        entries
    }

    /// How many entries a request has.
    pub fn entries(&self, params: &Value) -> usize {
        let tables = || params.get("RequestItems").and_then(Value::as_object).into_iter().flat_map(Map::values);
        let length = |list: Option<&Value>| list.and_then(Value::as_array).map_or(0, Vec::len);
        match self {
            Self::Tables { .. } => tables().map(|t| length(Some(t))).sum(),
            Self::Keys { .. } => tables().map(|t| length(t.get("Keys"))).sum(),
            Self::InOrder { input, .. } | Self::ById { input, .. } => length(params.get(*input)),
            Self::Objects => length(params.get("Objects")),
        }
    }

    /// The request without the entries that fail, and those entries in the order of their indices.
    pub fn split(&self, params: &Value, failed: &BTreeSet<usize>) -> (Value, Vec<Value>) {
        let mut rest = params.clone();
        let mut out = Vec::new();
        let mut index = 0;
        let mut part = |table: &str, list: &mut Value| {
            let Some(entries) = list.as_array_mut() else { return };
            entries.retain(|entry| {
                let fails = failed.contains(&index);
                index += 1;
                if fails {
                    out.push(json!([table, entry]));
                }
                !fails
            });
        };
        match self {
            Self::Tables { .. } | Self::Keys { .. } => {
                let tables = rest.get_mut("RequestItems").and_then(Value::as_object_mut);
                for (table, list) in tables.into_iter().flatten() {
                    let list = if matches!(self, Self::Keys { .. }) { list.get_mut("Keys") } else { Some(list) };
                    if let Some(list) = list {
                        part(table, list);
                    }
                }
                if let Some(tables) = rest.get_mut("RequestItems").and_then(Value::as_object_mut) {
                    tables.retain(|_, list| {
                        let list = if matches!(self, Self::Keys { .. }) { list.get("Keys") } else { Some(&*list) };
                        list.and_then(Value::as_array).is_some_and(|l| !l.is_empty())
                    });
                }
            }
            Self::InOrder { input, .. } | Self::ById { input, .. } => {
                if let Some(list) = rest.get_mut(*input) {
                    part("", list);
                }
            }
            Self::Objects => {
                if let Some(list) = rest.get_mut("Objects") {
                    part("", list);
                }
            }
        }
        (rest, out)
    }

    /// The request again with those entries alone that `output` says have failed and that `again` says are worth it, by
    /// their code; `None` if there is none. S3's answer is no JSON and is not read.
    pub fn unprocessed(&self, params: &Value, output: &Value, again: fn(&str) -> bool) -> Option<Value> {
        let failed: BTreeSet<usize> = match self {
            Self::Tables { failed } | Self::Keys { failed } => {
                let left = output.get(*failed)?.as_object().filter(|tables| !tables.is_empty())?;
                let mut rest = params.clone();
                rest["RequestItems"] = Value::Object(left.clone());
                return Some(rest);
            }
            Self::InOrder { output: member, .. } => {
                let results = output.get(*member)?.as_array()?.iter().enumerate();
                let worth = |result: &Value| result.get("ErrorCode").and_then(Value::as_str).is_some_and(again);
                results.filter(|(_, result)| worth(result)).map(|(index, _)| index).collect()
            }
            Self::ById { input, failed } => {
                let failures = output.get(*failed)?.as_array()?.iter();
                let worth = |f: &&Value| f.get("Code").and_then(Value::as_str).is_some_and(again);
                let ids: Vec<&Value> = failures.filter(worth).filter_map(|f| f.get("Id")).collect();
                let entries = params.get(*input)?.as_array()?.iter().enumerate();
                entries.filter(|(_, e)| e.get("Id").is_some_and(|id| ids.contains(&id))).map(|(i, _)| i).collect()
            }
            Self::Objects => return None,
        };
        let others = (0..self.entries(params)).filter(|index| !failed.contains(index)).collect();
        (!failed.is_empty()).then(|| self.split(params, &others).0)
    }

    /// Puts the failed entries into the answer to the others.
    pub fn merge(&self, output: &mut Value, params: &Value, failed: &BTreeSet<usize>, entries: &[Value], code: &str) {
        if !output.is_object() {
            *output = json!({});
        }
        match self {
            Self::Tables { failed: member } => {
                let mut tables = Map::new();
                for entry in entries {
                    let list = tables.entry(table_of(entry)).or_insert_with(|| json!([]));
                    list.as_array_mut().into_iter().for_each(|l| l.push(entry[1].clone()));
                }
                output[*member] = tables.into();
            }
            Self::Keys { failed: member } => {
                let mut tables = Map::new();
                for entry in entries {
                    let name = table_of(entry);
                    let list = tables.entry(name.clone()).or_insert_with(|| {
                        // What the request says of the table besides its keys comes back too.
                        let mut same = params["RequestItems"][&name].clone();
                        same["Keys"] = json!([]);
                        same
                    });
                    list["Keys"].as_array_mut().into_iter().for_each(|l| l.push(entry[1].clone()));
                }
                output[*member] = tables.into();
            }
            Self::InOrder { output: member, count, .. } => {
                let good = output.get_mut(*member).and_then(Value::as_array_mut).map(std::mem::take);
                let mut good = good.unwrap_or_default().into_iter();
                let total = good.len() + failed.len();
                let results = (0..total).map(|index| {
                    if failed.contains(&index) {
                        json!({"ErrorCode": code, "ErrorMessage": message(code)})
                    } else {
                        good.next().unwrap_or_default()
                    }
                });
                output[*member] = results.collect();
                output[*count] = failed.len().into();
            }
            Self::ById { failed: member, .. } => {
                let failures = entries.iter().map(
                    |entry| json!({"Id": entry[1]["Id"], "SenderFault": false, "Code": code, "Message": message(code)}),
                );
                output[*member] = failures.collect();
            }
            Self::Objects => {
                let failures =
                    entries.iter().map(|entry| json!({"Key": entry[1]["Key"], "Code": code, "Message": message(code)}));
                if !output["DeleteResult"].is_object() {
                    output["DeleteResult"] = json!({});
                }
                output["DeleteResult"]["Error"] = failures.collect();
            }
        }
    }
}

fn table_of(entry: &Value) -> String {
    entry[0].as_str().unwrap_or_default().to_owned()
}

fn message(code: &str) -> String {
    format!("brownout was told to fail this entry with {code}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(batch: Batch, params: &Value, failed: &[usize], mut output: Value) -> (Value, Value) {
        let failed: BTreeSet<usize> = failed.iter().copied().collect();
        let (rest, entries) = batch.split(params, &failed);
        batch.merge(&mut output, params, &failed, &entries, "Slow");
        (rest, output)
    }

    #[test]
    fn what_dynamodb_did_not_process_comes_back_in_the_shape_of_the_request() {
        let params = json!({"RequestItems": {"a": [1, 2], "b": [3]}});
        let batch = Batch::Tables { failed: "UnprocessedItems" };
        assert_eq!(batch.entries(&params), 3);
        let (rest, output) = round(batch, &params, &[1, 2], json!({"UnprocessedItems": {}}));
        assert_eq!(rest, json!({"RequestItems": {"a": [1]}}));
        assert_eq!(output, json!({"UnprocessedItems": {"a": [2], "b": [3]}}));
        let params = json!({"RequestItems": {"a": {"Keys": [1, 2], "ConsistentRead": true}}});
        let batch = Batch::Keys { failed: "UnprocessedKeys" };
        let (rest, output) = round(batch, &params, &[0], json!({"Responses": {}}));
        assert_eq!(rest, json!({"RequestItems": {"a": {"Keys": [2], "ConsistentRead": true}}}));
        assert_eq!(output["UnprocessedKeys"], json!({"a": {"Keys": [1], "ConsistentRead": true}}));
    }

    #[test]
    fn results_in_order_keep_their_places() {
        let params = json!({"Records": ["x", "y", "z"]});
        let batch = Batch::InOrder { input: "Records", output: "Records", count: "FailedRecordCount" };
        let (rest, output) = round(batch, &params, &[1], json!({"Records": [{"n": 1}, {"n": 3}]}));
        assert_eq!(rest, json!({"Records": ["x", "z"]}));
        assert_eq!((&output["Records"][0], &output["Records"][2]), (&json!({"n": 1}), &json!({"n": 3})));
        assert_eq!((&output["Records"][1]["ErrorCode"], &output["FailedRecordCount"]), (&json!("Slow"), &json!(1)));
    }

    #[test]
    fn objects_that_failed_stand_beside_those_that_are_gone() {
        let params = json!({"Bucket": "b", "Objects": [{"Key": "a"}, {"Key": "c"}]});
        let (rest, output) = round(Batch::Objects, &params, &[0], json!({"DeleteResult": {"Deleted": [{"Key": "c"}]}}));
        assert_eq!(rest, json!({"Bucket": "b", "Objects": [{"Key": "c"}]}));
        let result = &output["DeleteResult"];
        assert_eq!((&result["Error"][0]["Key"], &result["Error"][0]["Code"]), (&json!("a"), &json!("Slow")));
        assert_eq!(result["Deleted"], json!([{"Key": "c"}]));
        let (_, output) = round(Batch::Objects, &params, &[0, 1], Value::Null);
        assert_eq!(output["DeleteResult"]["Error"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn the_entries_that_failed_are_found_again() {
        let slow = |code: &str| code == "Slow";
        let by_id = Batch::ById { input: "Entries", failed: "Failed" };
        let params = json!({"QueueUrl": "q", "Entries": [{"Id": "a", "Body": 1}, {"Id": "b", "Body": 1}]});
        let (_, output) = round(by_id, &params, &[1], json!({}));
        let rest = by_id.unprocessed(&params, &output, slow);
        assert_eq!(rest, Some(json!({"QueueUrl": "q", "Entries": [{"Id": "b", "Body": 1}]})));
        assert_eq!(by_id.unprocessed(&params, &output, |_| false), None, "not worth another try");
        let entries = by_id.list(&params);
        assert_eq!(entries[0], entries[1], "an id holds for one request only: {entries:?}");
        let in_order = Batch::InOrder { input: "Records", output: "Records", count: "FailedRecordCount" };
        let params = json!({"Records": ["x", "y", "z"]});
        let (_, output) = round(in_order, &params, &[0, 2], json!({"Records": [{"n": 1}]}));
        assert_eq!(in_order.unprocessed(&params, &output, slow), Some(json!({"Records": ["x", "z"]})));
        let tables = Batch::Tables { failed: "UnprocessedItems" };
        let params = json!({"RequestItems": {"a": [1, 2]}});
        let (_, output) = round(tables, &params, &[1], json!({}));
        assert_eq!(tables.unprocessed(&params, &output, slow), Some(json!({"RequestItems": {"a": [2]}})));
        let (_, output) = round(tables, &params, &[], json!({}));
        assert_eq!(tables.unprocessed(&params, &output, slow), None, "all is done");
    }

    #[test]
    fn failures_by_id_are_listed_apart() {
        let params = json!({"Entries": [{"Id": "a"}, {"Id": "b"}]});
        let batch = Batch::ById { input: "Entries", failed: "Failed" };
        let (rest, output) = round(batch, &params, &[0], json!({"Successful": [{"Id": "b"}]}));
        assert_eq!(rest, json!({"Entries": [{"Id": "b"}]}));
        assert_eq!((&output["Failed"][0]["Id"], &output["Failed"][0]["Code"]), (&json!("a"), &json!("Slow")));
    }
}
