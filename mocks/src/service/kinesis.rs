//! Amazon Kinesis Data Streams: awsJson 1.1, streams of one shard that exist without being made, records
//! that are read in the order in which they were put.

use serde_json::{Value, json};

use super::{Batch, Done, ErrorRow, Operation, Service, epoch_seconds, operation, text, unmodelled, wire_error_with};
use crate::endpoint::World;
use crate::protocol::{Protocol, WireError};
use crate::request::Attempt;

mod errors;

/// The service.
#[derive(Debug)]
pub(super) struct Kinesis;

const OPERATIONS: &[Operation] = &[
    operation("CreateStream", "POST", "/", true),
    operation("DeleteStream", "POST", "/", true),
    operation("DescribeStream", "POST", "/", false),
    operation("DescribeStreamSummary", "POST", "/", false),
    operation("GetRecords", "POST", "/", false),
    operation("GetShardIterator", "POST", "/", false),
    operation("ListShards", "POST", "/", false),
    operation("ListStreams", "POST", "/", false),
    operation("PutRecord", "POST", "/", true),
    operation("PutRecords", "POST", "/", true),
];

/// The kind of entity that a stream is.
const STREAM: &str = "kinesis-stream";

/// The one shard, and the keys that hash into it: all of them (128 bits).
const SHARD: &str = "shardId-000000000000";
const LAST_HASH: &str = "340282366920938463463374607431768211455";

/// How long a new stream is not yet active.
const CREATING: std::time::Duration = std::time::Duration::from_secs(2);

/// How many records of a stream are kept: a storm must not fill the memory.
const KEPT: usize = 10_000;

/// What `GetRecords` gives and `PutRecords` takes at a time (Kinesis API reference).
const GET_MAX: u64 = 10_000;
const PUT_MAX: usize = 500;

impl Service for Kinesis {
    fn id(&self) -> &'static str {
        "kinesis"
    }

    fn title(&self) -> &'static str {
        "Amazon Kinesis Data Streams"
    }

    fn signing_names(&self) -> &'static [&'static str] {
        &["kinesis"]
    }

    fn protocols(&self) -> &'static [Protocol] {
        &[Protocol::AwsJson11]
    }

    fn target_prefix(&self) -> Option<&'static str> {
        Some("Kinesis_20131202")
    }

    fn api_version(&self) -> &'static str {
        "2013-12-02"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn errors(&self) -> &'static [ErrorRow] {
        errors::ROWS
    }

    /// Records are limited by the shard's throughput, all other operations by the account's rate.
    fn throttle_code(&self, operation: &str) -> &'static str {
        match operation {
            "GetRecords" | "GetShardIterator" | "PutRecord" | "PutRecords" => "ProvisionedThroughputExceededException",
            _ => "LimitExceededException",
        }
    }

    fn not_found_code(&self, _operation: &str, _target: &str) -> &'static str {
        "ResourceNotFoundException"
    }

    fn batch(&self, operation: &str) -> Option<&'static Batch> {
        let records = &Batch::InOrder { input: "Records", output: "Records", count: "FailedRecordCount" };
        (operation == "PutRecords").then_some(records)
    }

    fn unmodelled_code(&self) -> &'static str {
        "UnknownOperationException"
    }

    /// The stream, by its name or its ARN; an iterator of ours begins with it.
    fn target(&self, _operation: &str, params: &Value) -> Option<String> {
        let (name, arn) = (text(params, "StreamName"), text(params, "StreamARN"));
        let name = if name.is_empty() { arn.rsplit('/').next().unwrap_or_default() } else { name };
        let iterator = || text(params, "ShardIterator").split_once(' ').map(|(stream, _)| stream.to_owned());
        Some(name.to_owned()).filter(|n| !n.is_empty()).or_else(iterator)
    }

    fn perform(&self, attempt: &Attempt, world: &mut World) -> Result<Done, WireError> {
        let (account, params) = (&attempt.sender.account, &attempt.params);
        let name = attempt.target.clone().unwrap_or_default();
        if name.is_empty()
            && attempt.operation != "ListStreams"
            && OPERATIONS.iter().any(|o| o.name == attempt.operation)
        {
            return Err(invalid("The request must name a stream"));
        }
        let output = match attempt.operation.as_str() {
            "CreateStream" => {
                if world.get(account, STREAM, &name).is_some() {
                    let message = format!("Stream {name} under account {account} already exists.");
                    return Err(wire_error_with(self, "ResourceInUseException", message));
                }
                world.put(account, STREAM, &name, json!({"records": [], "next": 0}));
                return Ok(Done { created: vec![name], ..Done::default() });
            }
            "DeleteStream" => {
                world.remove(account, STREAM, &name);
                Value::Null
            }
            "DescribeStream" => json!({"StreamDescription": described(attempt, world, &name, false)}),
            "DescribeStreamSummary" => json!({"StreamDescriptionSummary": described(attempt, world, &name, true)}),
            "ListShards" => json!({"Shards": [shard()]}),
            "ListStreams" => {
                let names: Vec<&str> = world.list(account, STREAM).map(|(n, _)| n).collect();
                json!({"StreamNames": names, "HasMoreStreams": false})
            }
            "GetShardIterator" => {
                let next = world.get(account, STREAM, &name).and_then(|s| s.value.get("next")).and_then(Value::as_u64);
                let from = if text(params, "ShardIteratorType") == "LATEST" { next.unwrap_or_default() } else { 0 };
                json!({"ShardIterator": format!("{name} {from}")})
            }
            "GetRecords" => get_records(attempt, world, &name)?,
            "PutRecord" => {
                let sequence = put(world, account, &name, params);
                json!({"ShardId": SHARD, "SequenceNumber": sequence})
            }
            "PutRecords" => {
                let records = params.get("Records").and_then(Value::as_array).cloned().unwrap_or_default();
                if records.is_empty() || records.len() > PUT_MAX {
                    return Err(invalid(format!(
                        "Records must hold 1 to {PUT_MAX} records, and holds {}",
                        records.len()
                    )));
                }
                let put = records.iter().map(|record| {
                    let sequence = put(world, account, &name, record);
                    json!({"ShardId": SHARD, "SequenceNumber": sequence})
                });
                json!({"FailedRecordCount": 0, "Records": put.collect::<Vec<_>>()})
            }
            other => return Err(unmodelled(self, other)),
        };
        let status = output.as_object().and_then(|o| o.values().next()?.get("StreamStatus"));
        let unsettled = status.is_some_and(|status| status == "CREATING");
        Ok(Done { output, unsettled, ..Done::default() })
    }
}

/// A request that does not hold what it must.
fn invalid(message: impl Into<String>) -> WireError {
    wire_error_with(&Kinesis, "InvalidArgumentException", message)
}

/// Keeps a record and gives its sequence number.
fn put(world: &mut World, account: &str, stream: &str, record: &Value) -> String {
    let at = epoch_seconds(world.date);
    if world.get(account, STREAM, stream).is_none() {
        world.put(account, STREAM, stream, json!({"records": [], "next": 0}));
    }
    let Some(entity) = world.get_mut(account, STREAM, stream) else { return sequence(0) };
    let number = entity.value.get("next").and_then(Value::as_u64).unwrap_or_default();
    entity.value["next"] = number.saturating_add(1).into();
    if let Some(records) = entity.value.get_mut("records").and_then(Value::as_array_mut) {
        records.push(json!({
            "SequenceNumber": sequence(number),
            "ApproximateArrivalTimestamp": at,
            "Data": record.get("Data").cloned().unwrap_or_else(|| "".into()),
            "PartitionKey": record.get("PartitionKey").cloned().unwrap_or_else(|| "".into()),
        }));
        let over = records.len().saturating_sub(KEPT);
        records.drain(..over);
    }
    sequence(number)
}

/// Sequence numbers have 56 digits.
fn sequence(number: u64) -> String {
    format!("49{number:054}")
}

fn get_records(attempt: &Attempt, world: &World, name: &str) -> Result<Value, WireError> {
    let position = text(&attempt.params, "ShardIterator").rsplit(' ').next().and_then(|n| n.parse::<u64>().ok());
    let from = position.ok_or_else(|| invalid("Invalid ShardIterator."))?;
    let limit = attempt.params.get("Limit").and_then(Value::as_u64).unwrap_or(GET_MAX).clamp(1, GET_MAX);
    let stream = world.get(&attempt.sender.account, STREAM, name);
    let records = stream.and_then(|s| s.value.get("records")).and_then(Value::as_array);
    let first = sequence(from);
    let all = records.into_iter().flatten().filter(|r| text(r, "SequenceNumber") >= first.as_str());
    let given: Vec<Value> = all.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect();
    // Older records may be gone: what follows is counted from the last one given.
    let last = given.last().and_then(|r| text(r, "SequenceNumber").get(2..)?.parse::<u64>().ok());
    let next = last.map_or(from, |n| n.saturating_add(1));
    Ok(json!({"Records": given, "NextShardIterator": format!("{name} {next}"), "MillisBehindLatest": 0}))
}

fn shard() -> Value {
    json!({
        "ShardId": SHARD,
        "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": LAST_HASH},
        "SequenceNumberRange": {"StartingSequenceNumber": sequence(0)},
    })
}

/// A stream as the calls show it. One that was never made is active.
fn described(attempt: &Attempt, world: &World, name: &str, summary: bool) -> Value {
    let account = &attempt.sender.account;
    let created = world.get(account, STREAM, name).map(|s| s.created);
    let ready = created.is_none_or(|at| world.now.saturating_sub(at) >= CREATING);
    let mut out = json!({
        "StreamName": name,
        "StreamARN": format!("arn:aws:kinesis:{}:{account}:stream/{name}", attempt.sender.region),
        "StreamStatus": if ready { "ACTIVE" } else { "CREATING" },
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "RetentionPeriodHours": 24,
        "StreamCreationTimestamp": epoch_seconds(world.date_of(created.unwrap_or_default())),
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
    });
    if summary {
        out["OpenShardCount"] = 1.into();
        out["ConsumerCount"] = 0.into();
    } else {
        out["Shards"] = if ready { json!([shard()]) } else { json!([]) };
        out["HasMoreShards"] = false.into();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{Stage, request};

    #[test]
    fn a_request_of_boto3_is_recognised_and_answered() {
        let mut stage = Stage::new("ec2");
        let headers = [("x-amz-target", "Kinesis_20131202.PutRecord"), ("content-type", "application/x-amz-json-1.1")];
        let body = r#"{"StreamName":"clicks","Data":"aGVsbG8=","PartitionKey":"a"}"#;
        let (attempt, done) = stage.send(request("POST", "/", &headers, body));
        assert_eq!((attempt.service.id(), attempt.target.as_deref()), ("kinesis", Some("clicks")));
        let output = done.unwrap().output;
        assert_eq!((output["ShardId"].as_str(), text(&output, "SequenceNumber").len()), (Some(SHARD), 56));
    }

    #[test]
    fn records_are_read_in_their_order() {
        let mut stage = Stage::new("kinesis");
        let records: Vec<Value> = ["YQ==", "Yg==", "Yw=="].map(|d| json!({"Data": d, "PartitionKey": "k"})).to_vec();
        let put = stage.json("PutRecords", &json!({"StreamName": "s", "Records": records})).unwrap().output;
        assert_eq!((put["FailedRecordCount"].as_u64(), put["Records"].as_array().unwrap().len()), (Some(0), 3));
        let ask = json!({"StreamName": "s", "ShardId": SHARD, "ShardIteratorType": "TRIM_HORIZON"});
        let iterator = stage.json("GetShardIterator", &ask).unwrap().output;
        let mut ask = json!({"ShardIterator": iterator["ShardIterator"], "Limit": 2});
        let first = stage.json("GetRecords", &ask).unwrap().output;
        let data: Vec<&str> = first["Records"].as_array().unwrap().iter().map(|r| text(r, "Data")).collect();
        assert_eq!(data, ["YQ==", "Yg=="]);
        ask["ShardIterator"] = first["NextShardIterator"].clone();
        let second = stage.json("GetRecords", &ask).unwrap().output;
        assert_eq!(second["Records"][0]["Data"], "Yw==");
        assert_eq!(
            stage.json("GetRecords", &json!({"ShardIterator": "s x"})).unwrap_err().code,
            "InvalidArgumentException"
        );
        assert_eq!(stage.json("PutRecord", &json!({})).unwrap_err().code, "InvalidArgumentException");
    }

    #[test]
    fn a_new_stream_takes_a_while() {
        let mut stage = Stage::new("kinesis");
        let ask = json!({"StreamName": "s"});
        assert_eq!(stage.json("CreateStream", &ask).unwrap().created, ["s"]);
        assert_eq!(stage.json("CreateStream", &ask).unwrap_err().code, "ResourceInUseException");
        let seen = stage.json("DescribeStreamSummary", &ask).unwrap();
        assert!(seen.unsettled);
        assert_eq!(seen.output["StreamDescriptionSummary"]["StreamStatus"], "CREATING");
        stage.wait(3);
        let seen = stage.json("DescribeStream", &ask).unwrap();
        assert!(!seen.unsettled);
        assert_eq!(seen.output["StreamDescription"]["StreamStatus"], "ACTIVE");
    }
}
