//! Amazon EventBridge: awsJson 1.1, buses that exist without being made, rules with their targets.

use serde_json::{Value, json};

use super::{Batch, Done, ErrorRow, Operation, Service, operation, text, unmodelled, wire_error_with};
use crate::endpoint::World;
use crate::protocol::{Protocol, WireError};
use crate::request::Attempt;

mod errors;

/// The service.
#[derive(Debug)]
pub(super) struct Events;

const OPERATIONS: &[Operation] = &[
    operation("DeleteRule", "POST", "/", true),
    operation("DescribeEventBus", "POST", "/", false),
    operation("DescribeRule", "POST", "/", false),
    operation("ListEventBuses", "POST", "/", false),
    operation("ListRules", "POST", "/", false),
    operation("ListTargetsByRule", "POST", "/", false),
    operation("PutEvents", "POST", "/", true),
    operation("PutRule", "POST", "/", true),
    operation("PutTargets", "POST", "/", true),
    operation("RemoveTargets", "POST", "/", true),
];

/// The kind of entity that a rule is.
const RULE: &str = "event-rule";

/// What `PutEvents` takes at a time (EventBridge API reference).
const ENTRIES_MAX: usize = 10;

impl Service for Events {
    fn id(&self) -> &'static str {
        "events"
    }

    fn title(&self) -> &'static str {
        "Amazon EventBridge"
    }

    fn signing_names(&self) -> &'static [&'static str] {
        &["events"]
    }

    fn protocols(&self) -> &'static [Protocol] {
        &[Protocol::AwsJson11]
    }

    fn target_prefix(&self) -> Option<&'static str> {
        Some("AWSEvents")
    }

    fn api_version(&self) -> &'static str {
        "2015-10-07"
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

    fn batch(&self, operation: &str) -> Option<&'static Batch> {
        let entries = &Batch::InOrder { input: "Entries", output: "Entries", count: "FailedEntryCount" };
        (operation == "PutEvents").then_some(entries)
    }

    fn unmodelled_code(&self) -> &'static str {
        "UnknownOperationException"
    }

    /// The rule; for events the bus of the first one.
    fn target(&self, operation: &str, params: &Value) -> Option<String> {
        let bus = |value: &Value| Some(text(value, "EventBusName")).filter(|b| !b.is_empty()).map(str::to_owned);
        if operation == "PutEvents" {
            let first = params.get("Entries").and_then(Value::as_array).and_then(|e| e.first());
            return Some(first.and_then(bus).unwrap_or_else(|| "default".to_owned()));
        }
        let names = ["Rule", "Name"].map(|key| text(params, key));
        names.into_iter().find(|name| !name.is_empty()).map(str::to_owned).or_else(|| bus(params))
    }

    fn perform(&self, attempt: &Attempt, world: &mut World) -> Result<Done, WireError> {
        let (account, params) = (&attempt.sender.account, &attempt.params);
        let name = attempt.target.clone().unwrap_or_default();
        let output = match attempt.operation.as_str() {
            "PutEvents" => put_events(params, world)?,
            "PutRule" => return put_rule(attempt, world, &name),
            "DescribeRule" => described(attempt, world, &name),
            "ListRules" => {
                let prefix = text(params, "NamePrefix");
                let names: Vec<String> = world.list(account, RULE).map(|(n, _)| n.to_owned()).collect();
                let rules = names.iter().filter(|n| n.starts_with(prefix));
                json!({"Rules": rules.map(|n| described(attempt, world, n)).collect::<Vec<_>>()})
            }
            "DeleteRule" => {
                world.remove(account, RULE, &name);
                Value::Null
            }
            "PutTargets" => {
                let targets = params.get("Targets").cloned().unwrap_or_else(|| json!([]));
                if let Some(rule) = world.get_mut(account, RULE, &name) {
                    rule.value["targets"] = targets;
                }
                json!({"FailedEntryCount": 0, "FailedEntries": []})
            }
            "RemoveTargets" => {
                let ids = params.get("Ids").and_then(Value::as_array).cloned().unwrap_or_default();
                let rule = world.get_mut(account, RULE, &name);
                if let Some(targets) = rule.and_then(|r| r.value.get_mut("targets")).and_then(Value::as_array_mut) {
                    targets.retain(|t| !t.get("Id").is_some_and(|id| ids.contains(id)));
                }
                json!({"FailedEntryCount": 0, "FailedEntries": []})
            }
            "ListTargetsByRule" => {
                let targets = world.get(account, RULE, &name).and_then(|r| r.value.get("targets")).cloned();
                json!({"Targets": targets.unwrap_or_else(|| json!([]))})
            }
            "DescribeEventBus" => bus(attempt, if name.is_empty() { "default" } else { &name }),
            "ListEventBuses" => json!({"EventBuses": [bus(attempt, "default")]}),
            other => return Err(unmodelled(self, other)),
        };
        Ok(Done { output, ..Done::default() })
    }
}

fn put_events(params: &Value, world: &mut World) -> Result<Value, WireError> {
    let entries = params.get("Entries").and_then(Value::as_array).map_or(0, Vec::len);
    if entries == 0 || entries > ENTRIES_MAX {
        let message = format!("Entries must hold 1 to {ENTRIES_MAX} events, and holds {entries}");
        return Err(wire_error_with(&Events, "ValidationException", message));
    }
    let entries: Vec<Value> = (0..entries).map(|_| json!({"EventId": world.request_id()})).collect();
    Ok(json!({"FailedEntryCount": 0, "Entries": entries}))
}

fn put_rule(attempt: &Attempt, world: &mut World, name: &str) -> Result<Done, WireError> {
    let (account, params) = (&attempt.sender.account, &attempt.params);
    if name.is_empty() {
        return Err(wire_error_with(&Events, "ValidationException", "Name is missing"));
    }
    let pattern = text(params, "EventPattern");
    if !pattern.is_empty() && !serde_json::from_str::<Value>(pattern).is_ok_and(|p| p.is_object()) {
        return Err(wire_error_with(&Events, "InvalidEventPatternException", "Event pattern is not valid."));
    }
    let before = world.get(account, RULE, name).map(|r| r.value.clone());
    let fresh = before.is_none();
    let mut rule = before.unwrap_or_else(|| json!({}));
    for key in ["EventPattern", "ScheduleExpression", "State", "Description"] {
        if let Some(value) = params.get(key) {
            rule[key] = value.clone();
        }
    }
    match world.get_mut(account, RULE, name) {
        // A changed rule keeps its age: visibility counts from when it was made.
        Some(known) => known.value = rule,
        None => world.put(account, RULE, name, rule),
    }
    let created = if fresh { vec![name.to_owned()] } else { Vec::new() };
    Ok(Done { output: json!({"RuleArn": arn(attempt, "rule", name)}), created, ..Done::default() })
}

/// A rule as the calls show it. One that was never made is enabled.
fn described(attempt: &Attempt, world: &World, name: &str) -> Value {
    let made = world.get(&attempt.sender.account, RULE, name);
    let mut out = json!({
        "Name": name,
        "Arn": arn(attempt, "rule", name),
        "State": "ENABLED",
        "EventBusName": "default",
    });
    for key in ["EventPattern", "ScheduleExpression", "State", "Description"] {
        if let Some(value) = made.and_then(|r| r.value.get(key)) {
            out[key] = value.clone();
        }
    }
    out
}

fn bus(attempt: &Attempt, name: &str) -> Value {
    json!({"Name": name, "Arn": arn(attempt, "event-bus", name)})
}

fn arn(attempt: &Attempt, kind: &str, name: &str) -> String {
    format!("arn:aws:events:{}:{}:{kind}/{name}", attempt.sender.region, attempt.sender.account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{Stage, request};

    #[test]
    fn a_request_of_boto3_is_recognised_and_answered() {
        let mut stage = Stage::new("ec2");
        let headers = [("x-amz-target", "AWSEvents.PutEvents"), ("content-type", "application/x-amz-json-1.1")];
        let body = r#"{"Entries":[{"Source":"shop","DetailType":"order","Detail":"{}"},{"Source":"shop"}]}"#;
        let (attempt, done) = stage.send(request("POST", "/", &headers, body));
        assert_eq!((attempt.service.id(), attempt.protocol), ("events", Protocol::AwsJson11));
        assert_eq!(attempt.target.as_deref(), Some("default"));
        let output = done.unwrap().output;
        assert_eq!((output["FailedEntryCount"].as_u64(), output["Entries"].as_array().unwrap().len()), (Some(0), 2));
        assert_eq!(stage.reply(request("POST", "/", &headers, "{}")).code.as_deref(), Some("ValidationException"));
    }

    #[test]
    fn rules_keep_their_targets() {
        let mut stage = Stage::new("events");
        let put = json!({"Name": "nightly", "EventPattern": "{\"source\":[\"shop\"]}"});
        assert_eq!(stage.json("PutRule", &put).unwrap().created, ["nightly"]);
        assert!(stage.json("PutRule", &put).unwrap().created.is_empty());
        let targets = json!({"Rule": "nightly", "Targets": [{"Id": "1", "Arn": "arn:aws:sqs:::q"}]});
        assert_eq!(stage.json("PutTargets", &targets).unwrap().output["FailedEntryCount"], 0);
        let list = stage.json("ListTargetsByRule", &json!({"Rule": "nightly"})).unwrap().output;
        assert_eq!(list["Targets"][0]["Id"], "1");
        stage.json("RemoveTargets", &json!({"Rule": "nightly", "Ids": ["1"]})).unwrap();
        let list = stage.json("ListTargetsByRule", &json!({"Rule": "nightly"})).unwrap().output;
        assert_eq!(list["Targets"], json!([]));
        let bad = json!({"Name": "n", "EventPattern": "{"});
        assert_eq!(stage.json("PutRule", &bad).unwrap_err().code, "InvalidEventPatternException");
    }
}
