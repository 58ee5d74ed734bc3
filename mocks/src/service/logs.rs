//! Amazon CloudWatch Logs: awsJson 1.1, groups and streams that exist without being made, events that stay.

use serde_json::{Value, json};

use super::{Done, ErrorRow, Operation, Service, operation, text, unmodelled, wire_error_with};
use crate::endpoint::World;
use crate::protocol::{Protocol, WireError};
use crate::request::Attempt;

mod errors;

/// The service.
#[derive(Debug)]
pub(super) struct Logs;

const OPERATIONS: &[Operation] = &[
    operation("CreateLogGroup", "POST", "/", true),
    operation("CreateLogStream", "POST", "/", true),
    operation("DeleteLogGroup", "POST", "/", true),
    operation("DeleteLogStream", "POST", "/", true),
    operation("DescribeLogGroups", "POST", "/", false),
    operation("DescribeLogStreams", "POST", "/", false),
    operation("FilterLogEvents", "POST", "/", false),
    operation("GetLogEvents", "POST", "/", false),
    operation("PutLogEvents", "POST", "/", true),
    operation("PutRetentionPolicy", "POST", "/", true),
];

/// The kinds of entity that groups and streams are; a stream's id is `group:stream`, as in its ARN.
const GROUP: &str = "log-group";
const STREAM: &str = "log-stream";

/// How many events of a stream are kept: a storm must not fill the memory.
const KEPT: usize = 10_000;

impl Service for Logs {
    fn id(&self) -> &'static str {
        "logs"
    }

    fn title(&self) -> &'static str {
        "Amazon CloudWatch Logs"
    }

    fn signing_names(&self) -> &'static [&'static str] {
        &["logs"]
    }

    fn protocols(&self) -> &'static [Protocol] {
        &[Protocol::AwsJson11]
    }

    fn target_prefix(&self) -> Option<&'static str> {
        Some("Logs_20140328")
    }

    fn api_version(&self) -> &'static str {
        "2014-03-28"
    }

    /// Where the two sequence-token errors are still scripted, they name the token to go on with.
    fn error_members(&self, code: &str) -> Vec<(String, Value)> {
        match code {
            "DataAlreadyAcceptedException" | "InvalidSequenceTokenException" => {
                vec![("expectedSequenceToken".to_owned(), TOKEN.into())]
            }
            _ => Vec::new(),
        }
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn errors(&self) -> &'static [ErrorRow] {
        errors::ROWS
    }

    fn throttle_code(&self, _operation: &str) -> &'static str {
        "ThrottlingException"
    }

    fn not_found_code(&self, _operation: &str, _target: &str) -> &'static str {
        "ResourceNotFoundException"
    }

    fn unmodelled_code(&self) -> &'static str {
        "UnknownOperationException"
    }

    /// The stream if one is named, else the group.
    fn target(&self, _operation: &str, params: &Value) -> Option<String> {
        let (group, stream) = (text(params, "logGroupName"), text(params, "logStreamName"));
        let name = if stream.is_empty() { group.to_owned() } else { format!("{group}:{stream}") };
        Some(name).filter(|name| !name.is_empty())
    }

    fn perform(&self, attempt: &Attempt, world: &mut World) -> Result<Done, WireError> {
        let (account, params) = (&attempt.sender.account, &attempt.params);
        let name = attempt.target.clone().unwrap_or_default();
        let (group, stream) = (text(params, "logGroupName"), text(params, "logStreamName"));
        let output = match attempt.operation.as_str() {
            "CreateLogGroup" => return create(attempt, world, GROUP, &name),
            "CreateLogStream" if stream.is_empty() => {
                return Err(wire_error_with(self, "InvalidParameterException", "logStreamName is missing"));
            }
            "CreateLogStream" => return create(attempt, world, STREAM, &name),
            "PutLogEvents" => put_events(attempt, world, &name)?,
            "GetLogEvents" => json!({
                "events": events(world, account, &name),
                "nextForwardToken": "f/brownout",
                "nextBackwardToken": "b/brownout",
            }),
            "FilterLogEvents" => {
                let streams = streams_of(world, account, group);
                let found = streams.iter().flat_map(|s| {
                    let in_stream = events(world, account, &format!("{group}:{s}"));
                    in_stream.into_iter().map(move |mut event| {
                        event["logStreamName"] = s.as_str().into();
                        event
                    })
                });
                json!({"events": found.collect::<Vec<_>>(), "searchedLogStreams": []})
            }
            "DescribeLogGroups" => {
                let prefix = text(params, "logGroupNamePrefix");
                let groups = world.list(account, GROUP).filter(|(n, _)| n.starts_with(prefix));
                let groups = groups.map(|(n, e)| {
                    let created = millis(world, e.created);
                    json!({"logGroupName": n, "creationTime": created, "arn": arn(attempt, n), "storedBytes": 0})
                });
                json!({"logGroups": groups.collect::<Vec<_>>()})
            }
            "DescribeLogStreams" => {
                let streams = streams_of(world, account, group).into_iter().map(|s| {
                    let created = world.get(account, STREAM, &format!("{group}:{s}")).map(|e| e.created);
                    json!({
                        "logStreamName": s,
                        "creationTime": millis(world, created.unwrap_or_default()),
                        "arn": arn(attempt, &format!("{group}:log-stream:{s}")),
                        "storedBytes": 0,
                    })
                });
                json!({"logStreams": streams.collect::<Vec<_>>()})
            }
            "DeleteLogGroup" => {
                world.remove(account, GROUP, group);
                for s in streams_of(world, account, group) {
                    world.remove(account, STREAM, &format!("{group}:{s}"));
                }
                Value::Null
            }
            "DeleteLogStream" => {
                world.remove(account, STREAM, &name);
                Value::Null
            }
            "PutRetentionPolicy" => Value::Null,
            other => return Err(unmodelled(self, other)),
        };
        Ok(Done { output, ..Done::default() })
    }
}

/// Sequence tokens are ignored by the service; clients that still read one get this.
const TOKEN: &str = "49590302938485893948573645364758493028475839";

fn create(attempt: &Attempt, world: &mut World, kind: &'static str, name: &str) -> Result<Done, WireError> {
    let account = &attempt.sender.account;
    if text(&attempt.params, "logGroupName").is_empty() {
        return Err(wire_error_with(&Logs, "InvalidParameterException", "logGroupName is missing"));
    }
    if world.get(account, kind, name).is_some() {
        let message = if kind == GROUP {
            "The specified log group already exists"
        } else {
            "The specified log stream already exists"
        };
        return Err(wire_error_with(&Logs, "ResourceAlreadyExistsException", message));
    }
    world.put(account, kind, name, json!({"events": []}));
    Ok(Done { created: vec![name.to_owned()], ..Done::default() })
}

fn put_events(attempt: &Attempt, world: &mut World, stream: &str) -> Result<Value, WireError> {
    let account = &attempt.sender.account;
    let sent = attempt.params.get("logEvents").and_then(Value::as_array).cloned().unwrap_or_default();
    if sent.is_empty() || !stream.contains(':') {
        let message = "logGroupName, logStreamName and at least one of logEvents must be given";
        return Err(wire_error_with(&Logs, "InvalidParameterException", message));
    }
    let ingested = millis(world, world.now);
    if world.get(account, STREAM, stream).is_none() {
        world.put(account, STREAM, stream, json!({"events": []}));
    }
    let kept = world.get_mut(account, STREAM, stream).and_then(|s| s.value.get_mut("events"));
    if let Some(kept) = kept.and_then(Value::as_array_mut) {
        for event in sent {
            kept.push(json!({
                "timestamp": event.get("timestamp"),
                "message": event.get("message"),
                "ingestionTime": ingested,
            }));
        }
        let over = kept.len().saturating_sub(KEPT);
        kept.drain(..over);
    }
    Ok(json!({"nextSequenceToken": TOKEN}))
}

fn events(world: &World, account: &str, stream: &str) -> Vec<Value> {
    let kept = world.get(account, STREAM, stream).and_then(|s| s.value.get("events"));
    kept.and_then(Value::as_array).cloned().unwrap_or_default()
}

/// The names of a group's streams.
fn streams_of(world: &World, account: &str, group: &str) -> Vec<String> {
    let names = world.list(account, STREAM).filter_map(|(id, _)| id.strip_prefix(group)?.strip_prefix(':'));
    names.map(str::to_owned).collect()
}

/// A date in milliseconds since 1970, as Logs writes it.
fn millis(world: &World, since_zero: std::time::Duration) -> u64 {
    let date = world.date_of(since_zero).duration_since(std::time::UNIX_EPOCH);
    date.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

fn arn(attempt: &Attempt, name: &str) -> String {
    format!("arn:aws:logs:{}:{}:log-group:{name}", attempt.sender.region, attempt.sender.account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{Stage, request};

    #[test]
    fn a_request_of_boto3_is_recognised_and_answered() {
        let mut stage = Stage::new("ec2");
        let headers = [("x-amz-target", "Logs_20140328.PutLogEvents"), ("content-type", "application/x-amz-json-1.1")];
        let body = r#"{"logGroupName":"app","logStreamName":"web","logEvents":[{"timestamp":1,"message":"hello"}]}"#;
        let (attempt, done) = stage.send(request("POST", "/", &headers, body));
        assert_eq!((attempt.service.id(), attempt.target.as_deref()), ("logs", Some("app:web")));
        assert!(done.unwrap().output["nextSequenceToken"].is_string());
    }

    #[test]
    fn events_stay_in_their_stream() {
        let mut stage = Stage::new("logs");
        let stream = json!({"logGroupName": "app", "logStreamName": "web"});
        assert_eq!(stage.json("CreateLogStream", &stream).unwrap().created, ["app:web"]);
        assert_eq!(stage.json("CreateLogStream", &stream).unwrap_err().code, "ResourceAlreadyExistsException");
        let mut put = stream.clone();
        put["logEvents"] = json!([{"timestamp": 1, "message": "hello"}]);
        stage.json("PutLogEvents", &put).unwrap();
        let got = stage.json("GetLogEvents", &stream).unwrap().output;
        assert_eq!((got["events"][0]["message"].as_str(), got["events"][1].is_null()), (Some("hello"), true));
        let found = stage.json("FilterLogEvents", &json!({"logGroupName": "app"})).unwrap().output;
        assert_eq!(found["events"][0]["logStreamName"], "web");
        assert_eq!(stage.json("PutLogEvents", &stream).unwrap_err().code, "InvalidParameterException");
        stage.json("DeleteLogGroup", &json!({"logGroupName": "app"})).unwrap();
        let left = stage.json("DescribeLogStreams", &json!({"logGroupName": "app"})).unwrap().output;
        assert_eq!(left["logStreams"], json!([]));
    }
}
