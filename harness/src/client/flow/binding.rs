//! Names in a flow: how ids get into requests and out of answers.

use std::collections::BTreeMap;

use brownout_mocks::journal::Outcome;
use brownout_mocks::plan::OneOrMany;
use brownout_mocks::service::{Class, Service, class_of};
use serde_json::{Map, Value};

use super::Bindings;
use crate::client::Heard;
use brownout_mocks::protocol::element;

/// Where an operation takes ids, and whether as a list.
fn id_member(service: &dyn Service, operation: &str) -> (&'static str, bool) {
    match (service.id(), operation) {
        ("ec2", "CreateTags" | "DeleteTags") => ("ResourceId", true),
        ("ec2", "DescribeSecurityGroups") => ("GroupId", true),
        ("ec2", o) if o.contains("SecurityGroup") => ("GroupId", false),
        ("ec2", "GetConsoleOutput") => ("InstanceId", false),
        ("ec2", o) if o.contains("Volume") => ("VolumeId", true),
        ("ec2", _) => ("InstanceId", true),
        ("dynamodb", _) => ("TableName", false),
        ("lambda", _) => ("FunctionName", false),
        ("sqs", _) => ("QueueUrl", false),
        ("s3", _) => ("Key", false),
        _ => ("Id", false),
    }
}

/// Where the answer of a creating operation shows the new id: XML elements and JSON members, the first that is there.
const CREATED: &[&str] = &[
    "instanceId",
    "groupId",
    "volumeId",
    "keyPairId",
    "snapshotId",
    "TableName",
    "FunctionName",
    "QueueUrl",
    "id",
    "Id",
];

/// Operation and input members with bound names filled in, ids in their place: in their member, or at the
/// end of the path of somebody's own API.
pub(super) fn request(
    service: &dyn Service,
    operation: &str,
    params: &BTreeMap<String, Value>,
    ids: Option<&OneOrMany<String>>,
    bound: &Bindings,
) -> (String, Value) {
    let mut out: Map<String, Value> = params.iter().map(|(k, v)| (k.clone(), fill(v, bound))).collect();
    if let Some(ids) = ids {
        let ids: Vec<Value> = ids.iter().map(|id| fill(&Value::String(id.clone()), bound)).collect();
        if service.id() == "execute-api" {
            let path: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
            return (format!("{}/{}", operation.trim_end_matches('/'), path.join("/")), Value::Object(out));
        }
        let (member, list) = id_member(service, operation);
        let value = if list { Value::Array(ids) } else { ids.into_iter().next().unwrap_or(Value::Null) };
        out.insert(member.to_owned(), value);
    }
    (operation.to_owned(), Value::Object(out))
}

/// What is bound to the name in `$vm.id`.
pub(super) fn bound<'a>(text: &str, bound: &'a Bindings) -> Option<&'a String> {
    bound.get(text.strip_prefix('$')?.strip_suffix(".id")?)
}

/// `$vm.id` → what is bound to `vm`; anything else as it stands.
fn fill(value: &Value, bound: &Bindings) -> Value {
    match value {
        Value::String(text) => Value::String(self::bound(text, bound).unwrap_or(text).clone()),
        Value::Array(list) => Value::Array(list.iter().map(|v| fill(v, bound)).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), fill(v, bound))).collect()),
        other => other.clone(),
    }
}

/// The id that an answer says was created.
pub(super) fn created(_operation: &str, body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    if text.trim_start().starts_with('{') {
        let json: Value = serde_json::from_str(text).ok()?;
        let inner = ["TableDescription", "Table", "Configuration"].iter().find_map(|k| json.get(k)).unwrap_or(&json);
        return CREATED.iter().find_map(|k| inner.get(k)?.as_str()).map(str::to_owned);
    }
    CREATED.iter().find_map(|k| element(text, k)).map(str::to_owned)
}

/// The request again with those entries alone that a good answer to a batch says have failed, and that may succeed
/// later: guides name throttles and internal failures (guidance 7).
pub(super) fn unprocessed(service: &dyn Service, operation: &str, params: &Value, heard: &Heard) -> Option<Value> {
    let later = |code: &str| class_of(code, 400) != Class::Permanent || code.starts_with("Internal");
    let batch = service.batch(operation).filter(|_| heard.outcome == Outcome::Success)?;
    batch.unprocessed(params, &serde_json::from_slice(&heard.body).ok()?, later)
}

/// Whether an answer shows the state that a poll waits for, as an XML text or a JSON string.
pub(super) fn is_so(until: &str, body: &[u8]) -> bool {
    if until == "found" {
        return true;
    }
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    let until = until.to_ascii_lowercase();
    text.contains(&format!(">{until}<")) || text.contains(&format!("\"{until}\""))
}

/// Whether a command changes something that may not be visible yet. S0 speaks of EC2.
pub(super) fn modifies(service: &dyn Service, operation: &str) -> bool {
    service.id() == "ec2" && service.operations().iter().any(|o| o.name == operation && o.mutates)
}

/// What shows the state of these resources.
pub(super) fn describe(service: &dyn Service, ids: &[String]) -> Option<&'static str> {
    if service.id() != "ec2" {
        return None;
    }
    let kind = ids.first()?.split_once('-')?.0;
    Some(match kind {
        "i" => "DescribeInstances",
        "sg" => "DescribeSecurityGroups",
        "vol" => "DescribeVolumes",
        _ => return None,
    })
}

/// Whether a command is the end of what it names.
pub(super) fn ends(operation: &str) -> bool {
    operation.starts_with("Terminate") || operation.starts_with("Delete") || operation.starts_with("DELETE ")
}

/// Whether an error says that something does not exist (yet).
pub(super) fn is_not_found(code: Option<&str>) -> bool {
    code.is_some_and(|c| {
        c.ends_with(".NotFound")
            || matches!(
                c,
                "ResourceNotFoundException" | "NotFoundException" | "NoSuchKey" | "NoSuchBucket" | "QueueDoesNotExist"
            )
    })
}

/// Whether an error says that a quota is spent: API Gateway's `LimitExceededException` with 429, or with the
/// 500 that a careless error mapping makes of it.
pub(super) fn is_quota(heard: &Heard) -> bool {
    matches!(heard.status, Some(429 | 500)) && heard.code.as_deref() == Some("LimitExceededException")
}

/// Whether a call failed because of too many requests at once.
pub(super) fn is_throttled(heard: &Heard) -> bool {
    let class = |(code, status)| class_of(code, status);
    !is_quota(heard) && heard.code.as_deref().zip(heard.status).map(class) == Some(Class::Throttling)
}
