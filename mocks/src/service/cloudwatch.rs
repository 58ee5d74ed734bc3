//! Amazon CloudWatch metrics: rpc-v2-cbor, awsJson 1.0 and the older awsQuery; what was put can be read.
//!
//! Errors are catalogued by the codes of the query protocol, which boto3 and the SDK for Rust still report;
//! the newer protocols write the names of today's shapes beside them.

use serde_json::{Map, Value, json};

use super::form::nested;
use super::{
    Done, ErrorRow, Operation, Service, epoch_seconds, iso_date, operation, text, unmodelled, wire_error_with,
};
use crate::endpoint::World;
use crate::protocol::{Protocol, WireError};
use crate::request::Attempt;

mod errors;

/// The service.
#[derive(Debug)]
pub(super) struct CloudWatch;

const OPERATIONS: &[Operation] = &[
    operation("DeleteAlarms", "POST", "/", true),
    operation("DescribeAlarms", "POST", "/", false),
    operation("GetMetricData", "POST", "/", false),
    operation("GetMetricStatistics", "POST", "/", false),
    operation("ListMetrics", "POST", "/", false),
    operation("PutMetricAlarm", "POST", "/", true),
    operation("PutMetricData", "POST", "/", true),
    operation("SetAlarmState", "POST", "/", true),
    operation("TagResource", "POST", "/", true),
];

/// The kinds of entity that metrics and alarms are; a metric's id is `namespace/name`.
const METRIC: &str = "metric";
const ALARM: &str = "alarm";

/// How many points of a metric are kept: a storm must not fill the memory.
const KEPT: usize = 10_000;

/// Codes of the query protocol and the shapes that the model calls them by today.
const SHAPES: &[(&str, &str)] = &[
    ("InternalServiceError", "InternalServiceFault"),
    ("InvalidFormat", "InvalidFormatFault"),
    ("InvalidParameterCombination", "InvalidParameterCombinationException"),
    ("InvalidParameterInput", "DashboardInvalidInputError"),
    ("InvalidParameterValue", "InvalidParameterValueException"),
    ("LimitExceeded", "LimitExceededFault"),
    ("MissingParameter", "MissingRequiredParameterException"),
    ("ValidationError", "ValidationException"),
];

impl Service for CloudWatch {
    fn id(&self) -> &'static str {
        "cloudwatch"
    }

    fn title(&self) -> &'static str {
        "Amazon CloudWatch metrics"
    }

    fn signing_names(&self) -> &'static [&'static str] {
        &["monitoring"]
    }

    fn protocols(&self) -> &'static [Protocol] {
        &[Protocol::RpcV2Cbor, Protocol::AwsJson10, Protocol::AwsQuery]
    }

    fn target_prefix(&self) -> Option<&'static str> {
        Some("GraniteServiceVersion20100801")
    }

    fn api_version(&self) -> &'static str {
        "2010-08-01"
    }

    fn xml_namespace(&self) -> &'static str {
        "http://monitoring.amazonaws.com/doc/2010-08-01/"
    }

    fn wire_code<'a>(&self, code: &'a str, protocol: Protocol) -> &'a str {
        let shape = SHAPES.iter().find(|(name, _)| protocol != Protocol::AwsQuery && *name == code);
        shape.map_or(code, |(_, shape)| shape)
    }

    fn message_key(&self, code: &str) -> &'static str {
        if matches!(code, "ConflictException" | "InternalServiceError") { "Message" } else { "message" }
    }

    fn error_namespace(&self, code: &str) -> Option<&'static str> {
        // What AWS's common front end says comes from its own namespace.
        Some(match code {
            "ThrottlingException" | "ServiceUnavailable" => "com.amazon.coral.availability#",
            "AccessDeniedException"
            | "ExpiredTokenException"
            | "InvalidSignatureException"
            | "MissingAuthenticationTokenException"
            | "SerializationException"
            | "UnknownOperationException"
            | "UnrecognizedClientException" => "com.amazon.coral.service#",
            _ => "com.amazonaws.cloudwatch#",
        })
    }

    fn timestamps(&self) -> &'static [&'static str] {
        TIMESTAMPS
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
        "ResourceNotFound"
    }

    fn unmodelled_code(&self) -> &'static str {
        "UnknownOperationException"
    }

    /// The alarm, or the namespace.
    fn target(&self, _operation: &str, params: &Value) -> Option<String> {
        let names = ["AlarmName", "Namespace"].map(|key| text(params, key));
        names.into_iter().find(|name| !name.is_empty()).map(str::to_owned)
    }

    fn perform(&self, attempt: &Attempt, world: &mut World) -> Result<Done, WireError> {
        let query = attempt.protocol == Protocol::AwsQuery;
        let flat = query.then(|| nested(&attempt.params));
        let mut stage = Stage {
            params: flat.as_ref().unwrap_or(&attempt.params),
            account: &attempt.sender.account,
            attempt,
            world,
        };
        let mut created = Vec::new();
        let output = match attempt.operation.as_str() {
            "PutMetricData" => stage.put_metric_data()?,
            "GetMetricData" => stage.get_metric_data(),
            "GetMetricStatistics" => stage.statistics(),
            "ListMetrics" => stage.list_metrics(),
            "PutMetricAlarm" => {
                created.extend(stage.put_alarm()?);
                Value::Null
            }
            "DescribeAlarms" => stage.describe_alarms(),
            "SetAlarmState" => {
                let name = text(stage.params, "AlarmName");
                let wanted = stage.params.get("StateValue").cloned();
                if let Some(alarm) = stage.world.get_mut(stage.account, ALARM, name) {
                    alarm.value["StateValue"] = wanted.unwrap_or_default();
                }
                Value::Null
            }
            "DeleteAlarms" => {
                for name in stage.names("AlarmNames") {
                    stage.world.remove(stage.account, ALARM, &name);
                }
                Value::Null
            }
            "TagResource" => json!({}),
            other => return Err(unmodelled(self, other)),
        };
        let output = if query { for_query(output) } else { output };
        Ok(Done { output, created, ..Done::default() })
    }
}

/// Output members that are dates.
const TIMESTAMPS: &[&str] = &[
    "AlarmConfigurationUpdatedTimestamp",
    "StateTransitionedTimestamp",
    "StateUpdatedTimestamp",
    "Timestamp",
    "Timestamps",
];

/// The output as the query protocol spells it: entries of lists in `member`, dates as text.
fn for_query(value: Value) -> Value {
    match value {
        Value::Array(entries) => {
            let entries: Vec<Value> = entries.into_iter().map(for_query).collect();
            json!({"member": entries})
        }
        Value::Object(members) => {
            let spelt = members.into_iter().map(|(name, member)| {
                let member = match member {
                    Value::Number(seconds) if TIMESTAMPS.contains(&name.as_str()) => date(&seconds),
                    Value::Array(all) if TIMESTAMPS.contains(&name.as_str()) => {
                        let dates =
                            all.iter().filter_map(|s| if let Value::Number(s) = s { Some(date(s)) } else { None });
                        json!({"member": dates.collect::<Vec<_>>()})
                    }
                    other => for_query(other),
                };
                (name, member)
            });
            Value::Object(spelt.collect::<Map<_, _>>())
        }
        scalar => scalar,
    }
}

/// Seconds since 1970 as text.
fn date(seconds: &serde_json::Number) -> Value {
    let seconds = std::time::Duration::try_from_secs_f64(seconds.as_f64().unwrap_or_default()).unwrap_or_default();
    std::time::UNIX_EPOCH.checked_add(seconds).map(iso_date).unwrap_or_default().into()
}

/// One operation on its way: what was asked, and the world that it acts on.
struct Stage<'a> {
    attempt: &'a Attempt,
    params: &'a Value,
    account: &'a str,
    world: &'a mut World,
}

impl Stage<'_> {
    /// The entries of a list in the request.
    fn list(&self, name: &str) -> Vec<Value> {
        self.params.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
    }

    fn names(&self, name: &str) -> Vec<String> {
        self.list(name).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    fn put_metric_data(&mut self) -> Result<Value, WireError> {
        let namespace = text(self.params, "Namespace");
        if namespace.is_empty() {
            let message = "The parameter Namespace is required.";
            return Err(wire_error_with(&CloudWatch, "MissingParameter", message));
        }
        let now = epoch_seconds(self.world.date);
        for datum in self.list("MetricData") {
            let id = format!("{namespace}/{}", text(&datum, "MetricName"));
            if self.world.get(self.account, METRIC, &id).is_none() {
                let made = json!({"Dimensions": datum.get("Dimensions"), "times": [], "values": []});
                self.world.put(self.account, METRIC, &id, made);
            }
            let values: Vec<f64> = match datum.get("Values").and_then(Value::as_array) {
                Some(values) => values.iter().filter_map(number).collect(),
                None => datum.get("Value").and_then(number).into_iter().collect(),
            };
            let Some(metric) = self.world.get_mut(self.account, METRIC, &id) else { continue };
            for value in values {
                for (key, entry) in [("times", now), ("values", value)] {
                    if let Some(kept) = metric.value.get_mut(key).and_then(Value::as_array_mut) {
                        kept.push(entry.into());
                        let over = kept.len().saturating_sub(KEPT);
                        kept.drain(..over);
                    }
                }
            }
        }
        Ok(Value::Null)
    }

    /// The kept points of a metric: their times and their values.
    fn points(&self, namespace: &str, name: &str) -> (Vec<Value>, Vec<Value>) {
        let metric = self.world.get(self.account, METRIC, &format!("{namespace}/{name}"));
        let kept = |key: &str| metric.and_then(|m| m.value.get(key)).and_then(Value::as_array).cloned();
        (kept("times").unwrap_or_default(), kept("values").unwrap_or_default())
    }

    fn get_metric_data(&self) -> Value {
        let results = self.list("MetricDataQueries").into_iter().map(|query| {
            let metric = query.get("MetricStat").and_then(|s| s.get("Metric")).cloned().unwrap_or_default();
            let name = text(&metric, "MetricName");
            let (times, values) = self.points(text(&metric, "Namespace"), name);
            let label = Some(text(&query, "Label")).filter(|l| !l.is_empty()).unwrap_or(name);
            json!({
                "Id": text(&query, "Id"),
                "Label": label,
                "Timestamps": times,
                "Values": values,
                "StatusCode": "Complete",
            })
        });
        json!({"MetricDataResults": results.collect::<Vec<_>>(), "Messages": []})
    }

    /// All kept points as one.
    fn statistics(&self) -> Value {
        let name = text(self.params, "MetricName");
        let (times, values) = self.points(text(self.params, "Namespace"), name);
        let values: Vec<f64> = values.iter().filter_map(number).collect();
        let sum: f64 = values.iter().sum();
        let point = times.last().map(|last| {
            json!({
                "Timestamp": last,
                "SampleCount": values.len() as f64,
                "Sum": sum,
                "Average": sum / values.len() as f64,
                "Minimum": values.iter().copied().fold(f64::INFINITY, f64::min),
                "Maximum": values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                "Unit": "None",
            })
        });
        json!({"Label": name, "Datapoints": point.into_iter().collect::<Vec<_>>()})
    }

    fn list_metrics(&self) -> Value {
        let (namespace, name) = (text(self.params, "Namespace"), text(self.params, "MetricName"));
        let metrics = self.world.list(self.account, METRIC).filter_map(|(id, metric)| {
            let (space, metric_name) = id.rsplit_once('/')?;
            let asked = |wanted: &str, has: &str| wanted.is_empty() || wanted == has;
            let dimensions = metric.value.get("Dimensions").filter(|d| d.is_array()).cloned();
            (asked(namespace, space) && asked(name, metric_name)).then(|| {
                let dimensions = dimensions.unwrap_or_else(|| json!([]));
                json!({"Namespace": space, "MetricName": metric_name, "Dimensions": dimensions})
            })
        });
        json!({"Metrics": metrics.collect::<Vec<_>>()})
    }

    fn put_alarm(&mut self) -> Result<Option<String>, WireError> {
        let name = text(self.params, "AlarmName");
        if name.is_empty() {
            let message = "The parameter AlarmName is required.";
            return Err(wire_error_with(&CloudWatch, "MissingParameter", message));
        }
        let fresh = self.world.get(self.account, ALARM, name).is_none();
        if fresh {
            let alarm = json!({
                "MetricName": self.params.get("MetricName"),
                "Namespace": self.params.get("Namespace"),
                "StateValue": "INSUFFICIENT_DATA",
            });
            self.world.put(self.account, ALARM, name, alarm);
        }
        Ok(fresh.then(|| name.to_owned()))
    }

    fn describe_alarms(&self) -> Value {
        let (wanted, prefix) = (self.names("AlarmNames"), text(self.params, "AlarmNamePrefix"));
        let alarms = self.world.list(self.account, ALARM);
        let alarms = alarms.filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|w| w == name));
        let alarms = alarms.filter(|(name, _)| name.starts_with(prefix)).map(|(name, alarm)| {
            let mut out = json!({
                "AlarmName": name,
                "AlarmArn": format!(
                    "arn:aws:cloudwatch:{}:{}:alarm:{name}", self.attempt.sender.region, self.account
                ),
                "StateUpdatedTimestamp": epoch_seconds(self.world.date_of(alarm.created)),
            });
            for key in ["MetricName", "Namespace", "StateValue"] {
                if let Some(value) = alarm.value.get(key).filter(|v| !v.is_null()) {
                    out[key] = value.clone();
                }
            }
            out
        });
        json!({"MetricAlarms": alarms.collect::<Vec<_>>(), "CompositeAlarms": []})
    }
}

/// A number; the query protocol writes it as text.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|n| n.is_finite())
}

#[cfg(test)]
mod tests;
