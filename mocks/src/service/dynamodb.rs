//! Amazon DynamoDB: awsJson 1.0, items, and the common forms of expressions; what is not modelled is refused.
//!
//! A table need not be made: `DescribeTable` calls one that was never created active, and items can be written to
//! it at once, where DynamoDB knows no such table. That is a convenience, so that workloads need no set-up; a step
//! with `ResourceNotFoundException` plays a table that is not there. Indices are not modelled: a Query of one is
//! answered from the table, by its key condition, in the order of the table's key.

use serde_json::{Map, Value, json};

use super::{
    Batch, Done, ErrorRow, Operation, Service, epoch_seconds, operation, text, unmodelled, wire_error, wire_error_with,
};
use crate::endpoint::{Behind, World};
use crate::protocol::{Protocol, Reply, WireError};
use crate::request::Attempt;

mod conditions;
mod errors;
mod expressions;
mod items;
#[cfg(test)]
mod tests_of_expressions;
mod updates;
mod values;
mod writes;

/// The service.
#[derive(Debug)]
pub(super) struct DynamoDb;

const OPERATIONS: &[Operation] = &[
    operation("BatchGetItem", "POST", "/", false),
    operation("BatchWriteItem", "POST", "/", true),
    operation("CreateTable", "POST", "/", true),
    operation("DeleteItem", "POST", "/", true),
    operation("DeleteTable", "POST", "/", true),
    operation("DescribeTable", "POST", "/", false),
    operation("GetItem", "POST", "/", false),
    operation("ListTables", "POST", "/", false),
    operation("PutItem", "POST", "/", true),
    operation("Query", "POST", "/", false),
    operation("Scan", "POST", "/", false),
    operation("TransactGetItems", "POST", "/", false),
    operation("TransactWriteItems", "POST", "/", true),
    operation("UpdateItem", "POST", "/", true),
    operation("UpdateTable", "POST", "/", true),
];

/// The operations on items. They are limited by the table's throughput, all others by the account's rate.
const ITEM_OPERATIONS: &[&str] = &[
    "BatchGetItem",
    "BatchWriteItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
];

/// The kind of entity that a table is.
const TABLE: &str = "table";

/// How long a new table is not yet active.
const CREATING: std::time::Duration = std::time::Duration::from_secs(2);

impl Service for DynamoDb {
    fn id(&self) -> &'static str {
        "dynamodb"
    }

    fn title(&self) -> &'static str {
        "Amazon DynamoDB"
    }

    fn signing_names(&self) -> &'static [&'static str] {
        &["dynamodb"]
    }

    fn protocols(&self) -> &'static [Protocol] {
        &[Protocol::AwsJson10]
    }

    fn target_prefix(&self) -> Option<&'static str> {
        Some("DynamoDB_20120810")
    }

    fn api_version(&self) -> &'static str {
        "2012-08-10"
    }

    fn message_key(&self, code: &str) -> &'static str {
        match code {
            "TransactionCanceledException"
            | "TransactionInProgressException"
            | "IdempotentParameterMismatchException" => "Message",
            _ => "message",
        }
    }

    fn error_namespace(&self, code: &str) -> Option<&'static str> {
        // What AWS's common front end says comes from its own namespace.
        Some(match code {
            "ThrottlingException" | "ServiceUnavailable" => "com.amazon.coral.availability#",
            "ValidationException" => "com.amazon.coral.validate#",
            "AccessDeniedException"
            | "ExpiredTokenException"
            | "IncompleteSignature"
            | "InvalidSignatureException"
            | "MissingAuthenticationTokenException"
            | "SerializationException"
            | "UnknownOperationException"
            | "UnrecognizedClientException" => "com.amazon.coral.service#",
            _ => "com.amazonaws.dynamodb.v20120810#",
        })
    }

    fn token_member(&self, operation: &str) -> Option<&'static str> {
        matches!(operation, "TransactWriteItems" | "ExecuteTransaction").then_some("ClientRequestToken")
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn errors(&self) -> &'static [ErrorRow] {
        errors::ROWS
    }

    fn throttle_code(&self, operation: &str) -> &'static str {
        if ITEM_OPERATIONS.contains(&operation) {
            "ProvisionedThroughputExceededException"
        } else {
            "ThrottlingException"
        }
    }

    fn batch(&self, operation: &str) -> Option<&'static Batch> {
        match operation {
            "BatchWriteItem" => Some(&Batch::Tables { failed: "UnprocessedItems" }),
            "BatchGetItem" => Some(&Batch::Keys { failed: "UnprocessedKeys" }),
            _ => None,
        }
    }

    fn checks(&self, _operation: &str) -> bool {
        true
    }

    fn corrupt(&self, _attempt: &Attempt, reply: &mut Reply) {
        // CRC-32 of no body that we send: the right one of each of them has other bits.
        reply.headers.push(("x-amz-crc32".into(), (!crc32fast::hash(&reply.body)).to_string()));
    }

    fn not_found_code(&self, _operation: &str, _target: &str) -> &'static str {
        "ResourceNotFoundException"
    }

    fn unmodelled_code(&self) -> &'static str {
        "UnknownOperationException"
    }

    fn target(&self, _operation: &str, params: &Value) -> Option<String> {
        let table = || text(params, "TableName").to_owned();
        let named = Some(table()).filter(|t| !t.is_empty());
        named.or_else(|| tables_of(params).into_iter().next())
    }

    /// Its tables. A read of items is not about the table's own age: see [`Self::stale`].
    fn refers_to(&self, attempt: &Attempt) -> Vec<String> {
        if attempt.operation == "TransactGetItems" || items::EVENTUAL.contains(&attempt.operation.as_str()) {
            return Vec::new();
        }
        let mut tables: Vec<String> = attempt.target.iter().cloned().chain(tables_of(&attempt.params)).collect();
        tables.sort();
        tables.dedup();
        tables
    }

    /// Reads twice: as it is, and as the reader sees it.
    fn stale(&self, attempt: &Attempt, world: &mut World, behind: &Behind) -> bool {
        if !items::EVENTUAL.contains(&attempt.operation.as_str()) {
            return false;
        }
        let fresh = self.perform(attempt, world).map(|done| done.output);
        world.look_as(Some(behind.clone()));
        let seen = self.perform(attempt, world).map(|done| done.output);
        world.look_as(None);
        matches!((fresh, seen), (Ok(fresh), Ok(seen)) if fresh != seen)
    }

    fn perform(&self, attempt: &Attempt, world: &mut World) -> Result<Done, WireError> {
        let mut stage = Stage { params: &attempt.params, account: &attempt.sender.account, attempt, world };
        let output = match attempt.operation.as_str() {
            "ListTables" => stage.list_tables(),
            "DescribeTable" => json!({"Table": stage.description(stage.table()?)}),
            "CreateTable" => return stage.create_table(),
            "DeleteTable" => stage.delete_table()?,
            "PutItem" => stage.write_item("Put")?,
            "GetItem" => stage.get_item()?,
            "DeleteItem" => stage.write_item("Delete")?,
            "UpdateItem" => stage.write_item("Update")?,
            "Query" | "Scan" => stage.items()?,
            "BatchGetItem" => stage.batch_get()?,
            "BatchWriteItem" => stage.batch_write()?,
            // A change of throughput is done at once; nothing here hangs on it.
            "UpdateTable" => json!({"TableDescription": stage.description(stage.table()?)}),
            "TransactGetItems" => stage.transact_get()?,
            "TransactWriteItems" => return stage.transact_write(),
            other => return Err(unmodelled(self, other)),
        };
        let unsettled = output.pointer("/Table/TableStatus").is_some_and(|s| s == "CREATING");
        Ok(Done { output, unsettled, ..Done::default() })
    }
}

/// The tables of a batch or a transaction.
fn tables_of(params: &Value) -> Vec<String> {
    let batch =
        params.get("RequestItems").and_then(Value::as_object).into_iter().flatten().map(|(table, _)| table.clone());
    let parts = params.get("TransactItems").and_then(Value::as_array).into_iter().flatten();
    let parts = parts.filter_map(Value::as_object).flat_map(Map::values);
    batch.chain(parts.map(|part| text(part, "TableName").to_owned()).filter(|t| !t.is_empty())).collect()
}

/// One operation on its way: what was asked, and the world that it acts on.
struct Stage<'a> {
    attempt: &'a Attempt,
    params: &'a Value,
    account: &'a str,
    world: &'a mut World,
}

/// A request that does not hold what it must.
fn invalid(message: impl Into<String>) -> WireError {
    wire_error_with(&DynamoDb, "ValidationException", message)
}

impl<'a> Stage<'a> {
    /// The table that the request names.
    fn table(&self) -> Result<&'a str, WireError> {
        Some(text(self.params, "TableName")).filter(|t| !t.is_empty()).ok_or_else(|| invalid("TableName is missing"))
    }

    fn list_tables(&self) -> Value {
        let names: Vec<&str> = self.world.list(self.account, TABLE).map(|(name, _)| name).collect();
        json!({"TableNames": names})
    }

    fn create_table(&mut self) -> Result<Done, WireError> {
        let name = self.table()?;
        if self.world.get(self.account, TABLE, name).is_some() {
            return Err(wire_error_with(&DynamoDb, "ResourceInUseException", format!("Table already exists: {name}")));
        }
        self.world.put(self.account, TABLE, name, self.params.clone());
        let key: Vec<String> = self.params.get("KeySchema").and_then(Value::as_array).map_or_else(Vec::new, |schema| {
            schema.iter().map(|part| text(part, "AttributeName").to_owned()).filter(|n| !n.is_empty()).collect()
        });
        if !key.is_empty() {
            self.learn_key(name, key);
        }
        let output = json!({"TableDescription": self.description(name)});
        Ok(Done { output, created: vec![name.to_owned()], ..Done::default() })
    }

    /// Deleting a table that was never made is fine too: it was there, as all tables are.
    fn delete_table(&mut self) -> Result<Value, WireError> {
        let name = self.table()?;
        let mut description = self.description(name);
        description["TableStatus"] = "DELETING".into();
        self.world.remove(self.account, TABLE, name);
        self.forget_items(name);
        Ok(json!({"TableDescription": description}))
    }

    /// A table as `DescribeTable` shows it. One that was never made is active, with a key called `pk`.
    fn description(&self, name: &str) -> Value {
        let made = self.world.get(self.account, TABLE, name);
        let status = match made {
            Some(table) if self.world.now.saturating_sub(table.created) < CREATING => "CREATING",
            _ => "ACTIVE",
        };
        let member = |key: &str, default: Value| made.and_then(|t| t.value.get(key)).cloned().unwrap_or(default);
        let attributes = json!([{"AttributeName": "pk", "AttributeType": "S"}]);
        let created = made.map_or(std::time::Duration::ZERO, |t| t.created);
        json!({
            "TableName": name,
            "TableStatus": status,
            "TableArn": format!("arn:aws:dynamodb:{}:{}:table/{name}", self.attempt.sender.region, self.account),
            "CreationDateTime": epoch_seconds(self.world.date_of(created)),
            "KeySchema": member("KeySchema", json!([{"AttributeName": "pk", "KeyType": "HASH"}])),
            "AttributeDefinitions": member("AttributeDefinitions", attributes),
            "ItemCount": self.count_items(name),
            "TableSizeBytes": 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{Stage, request};

    #[test]
    fn a_request_of_boto3_is_recognised() {
        let mut stage = Stage::new("ec2");
        let headers = [
            ("x-amz-target", "DynamoDB_20120810.BatchGetItem"),
            ("content-type", "application/x-amz-json-1.0"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIABROWNOUT00000000/20260101/us-east-1/dynamodb/aws4_request, Signature=0",
            ),
        ];
        let body = r#"{"RequestItems":{"orders":{"Keys":[{"pk":{"S":"1"}}]}}}"#;
        let (attempt, result) = stage.send(request("POST", "/", &headers, body));
        assert_eq!((attempt.service.id(), attempt.operation.as_str()), ("dynamodb", "BatchGetItem"));
        assert_eq!((attempt.protocol, attempt.target.as_deref()), (Protocol::AwsJson10, Some("orders")));
        assert_eq!(result.unwrap().output, json!({"Responses": {"orders": []}, "UnprocessedKeys": {}}));
    }

    #[test]
    fn tables_exist_without_being_made() {
        let mut stage = Stage::new("dynamodb");
        let ask = json!({"TableName": "t"});
        assert_eq!(stage.json("DescribeTable", &ask).unwrap().output["Table"]["TableStatus"], "ACTIVE");
        assert_eq!(stage.json("ListTables", &json!({})).unwrap().output, json!({"TableNames": []}));
        let made = stage.json("CreateTable", &ask).unwrap();
        assert_eq!(made.created, ["t"]);
        assert_eq!(made.output["TableDescription"]["TableStatus"], "CREATING");
        assert_eq!(stage.json("CreateTable", &ask).unwrap_err().code, "ResourceInUseException");
        stage.wait(2);
        assert_eq!(stage.json("DescribeTable", &ask).unwrap().output["Table"]["TableStatus"], "ACTIVE");
        assert_eq!(stage.json("ListTables", &json!({})).unwrap().output, json!({"TableNames": ["t"]}));
        stage.json("DeleteTable", &ask).unwrap();
        assert_eq!(stage.json("ListTables", &json!({})).unwrap().output, json!({"TableNames": []}));
        assert_eq!(stage.json("DescribeTable", &json!({})).unwrap_err().code, "ValidationException");
    }
}
