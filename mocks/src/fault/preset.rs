//! Documented limits of AWS, as buckets: which buckets a request draws from, and how much.

use serde_json::Value;

use super::scope::{Scope, key};
use crate::request::Attempt;

/// One bucket that a request draws from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Limit {
    /// What names the bucket.
    pub(super) key: String,
    /// Its size in tokens.
    pub(super) size: f64,
    /// Tokens that come back each second.
    pub(super) refill: f64,
    /// Tokens that this request takes.
    pub(super) cost: f64,
}

/// EC2 operations that count as unfiltered unless a filter or a page size is given (guidance 4.1).
const UNFILTERED: &[&str] = &[
    "DescribeInstanceStatus",
    "DescribeInstances",
    "DescribeNetworkInterfaces",
    "DescribeSecurityGroups",
    "DescribeSnapshots",
    "DescribeSpotInstanceRequests",
    "DescribeVolumes",
];

/// EC2 operations that count as resource-intensive (guidance 4.1).
const INTENSIVE: &[&str] = &[
    "AcceptVpcPeeringConnection",
    "AuthorizeSecurityGroupIngress",
    "CancelSpotInstanceRequests",
    "CreateKeyPair",
    "CreateVpcPeeringConnection",
    "DeleteVpcPeeringConnection",
    "RejectVpcPeeringConnection",
    "RequestSpotInstances",
    "RevokeSecurityGroupIngress",
];

/// EC2 operations with a bucket of their own: size and refill per second (guidance 4.1).
const UNCATEGORISED: &[(&str, f64, f64)] = &[
    ("AdvertiseByoipCidr", 1.0, 0.1),
    ("CopyImage", 100.0, 1.0),
    ("CreateDefaultVpc", 1.0, 1.0),
    ("CreateLaunchTemplateVersion", 100.0, 5.0),
    ("CreateNatGateway", 10.0, 1.0),
    ("CreateNetworkInterface", 100.0, 5.0),
    ("CreateSnapshot", 100.0, 5.0),
    ("CreateSnapshots", 100.0, 5.0),
    ("CreateTags", 100.0, 10.0),
    ("CreateVolume", 100.0, 5.0),
    ("CreateVpcEndpoint", 4.0, 0.3),
    ("DeleteSnapshot", 100.0, 5.0),
    ("DeleteTags", 100.0, 10.0),
    ("DeleteVolume", 100.0, 5.0),
    ("DescribeCapacityBlockOfferings", 10.0, 0.15),
    ("DescribeInstanceTopology", 1.0, 1.0),
    ("DescribeReservedInstancesOfferings", 10.0, 10.0),
    ("RunInstances", 5.0, 2.0),
    ("StartInstances", 5.0, 2.0),
    ("TerminateInstances", 100.0, 5.0),
];

/// EC2 operations that also draw a token per instance from a second bucket (guidance 4.1).
const RESOURCES: &[(&str, f64, f64)] = &[
    ("RunInstances", 1000.0, 2.0),
    ("StartInstances", 1000.0, 2.0),
    ("StopInstances", 1000.0, 20.0),
    ("TerminateInstances", 1000.0, 20.0),
];

/// Size and refill of an EC2 operation's request bucket.
fn ec2_requests(operation: &str, params: &Value) -> (f64, f64) {
    let reads = ["Describe", "Get", "List", "Search"].iter().any(|verb| operation.starts_with(verb));
    if let Some((_, size, refill)) = UNCATEGORISED.iter().find(|(name, ..)| *name == operation) {
        (*size, *refill)
    } else if !reads || INTENSIVE.contains(&operation) {
        // The guide lists the resource-intensive ones apart, with the numbers of all that mutate.
        (50.0, 5.0)
    } else if UNFILTERED.contains(&operation) && !narrowed(params) {
        (50.0, 10.0)
    } else {
        (100.0, 20.0)
    }
}

/// Whether a Describe request has a filter or a page size.
fn narrowed(params: &Value) -> bool {
    let members = params.as_object().into_iter().flatten();
    members.into_iter().any(|(name, _)| name == "MaxResults" || name.starts_with("Filter."))
}

/// How many instances an EC2 request is about.
fn instances(operation: &str, params: &Value) -> f64 {
    let members = params.as_object();
    if operation == "RunInstances" {
        // What is no number starts nothing, and costs what one request costs.
        return crate::service::count(params, "MaxCount").unwrap_or(1) as f64;
    }
    let ids = members.into_iter().flatten().filter(|(name, _)| name.starts_with("InstanceId."));
    ids.count().max(1) as f64
}

/// EC2's buckets per account, Region and action.
pub(super) fn ec2(attempt: &Attempt) -> Vec<Limit> {
    let key = key(&[Scope::Account, Scope::Region, Scope::Action], attempt);
    let operation = attempt.operation.as_str();
    let (size, refill) = ec2_requests(operation, &attempt.params);
    let narrow = if UNFILTERED.contains(&operation) && !narrowed(&attempt.params) { "unfiltered" } else { "requests" };
    let mut limits = vec![Limit { key: format!("{key}{narrow}"), size, refill, cost: 1.0 }];
    if let Some((_, size, refill)) = RESOURCES.iter().find(|(name, ..)| *name == operation) {
        let cost = instances(operation, &attempt.params);
        limits.push(Limit { key: format!("{key}resources"), size: *size, refill: *refill, cost });
    }
    limits
}

/// API Gateway's throttle per account and Region: 10 000 requests a second, 5 000 at once (guidance 5.2).
pub(super) fn api_gateway(attempt: &Attempt) -> Vec<Limit> {
    let key = key(&[Scope::Account, Scope::Region], attempt);
    vec![Limit { key, size: 5_000.0, refill: 10_000.0, cost: 1.0 }]
}

/// S3's rates per prefix: 3 500 writes and 5 500 reads a second (guidance 7). How much may come at once is
/// not documented; it is taken to be what one second allows.
pub(super) fn s3(attempt: &Attempt) -> Vec<Limit> {
    let table = attempt.target.as_deref().unwrap_or_default();
    let bucket = table.split('/').next().unwrap_or_default();
    let rate = if matches!(attempt.request.method, http::Method::GET | http::Method::HEAD) { 5_500.0 } else { 3_500.0 };
    let key = format!("{bucket}\u{1f}{}", key(&[Scope::Prefix, Scope::Category], attempt));
    vec![Limit { key, size: rate, refill: rate, cost: 1.0 }]
}

/// How many seconds of unused throughput a DynamoDB table may spend later (Developer Guide, burst capacity).
const BURST_SECONDS: f64 = 300.0;

/// What one partition of a DynamoDB table can do, in read and in write units a second (Developer Guide,
/// partition limits).
const PARTITION: (f64, f64) = (3_000.0, 1_000.0);

/// A DynamoDB table of provisioned throughput: read and write units a second, and what they cost.
pub(super) fn dynamodb(attempt: &Attempt, read: f64, write: f64) -> Vec<Limit> {
    let Some(table) = attempt.target.as_deref() else { return Vec::new() };
    let mutates = crate::service::mutates(attempt.service, &attempt.operation);
    if ["Table", "Tables"].iter().any(|suffix| attempt.operation.ends_with(suffix)) {
        return Vec::new();
    }
    let (rate, partition) = if mutates { (write, PARTITION.1) } else { (read, PARTITION.0) };
    let cost = units(attempt, mutates);
    let account = &attempt.sender.account;
    let kind = if mutates { "write" } else { "read" };
    let mut limits = vec![Limit {
        key: format!("{account}\u{1f}{table}\u{1f}{kind}"),
        size: rate * BURST_SECONDS,
        refill: rate,
        cost,
    }];
    if let Some(item) = attempt.params.get("Key").filter(|k| k.is_object()) {
        let key = format!("{account}\u{1f}{table}\u{1f}{kind}\u{1f}{item}");
        limits.push(Limit { key, size: partition, refill: partition, cost });
    }
    limits
}

/// Units that a request takes: one per begun 4 KB of a strongly consistent read and half of that for an
/// eventually consistent one, one per begun 1 KB of a write. The size is that of the request's body, which
/// for a write holds the item; a read is taken to be of one small item.
fn units(attempt: &Attempt, mutates: bool) -> f64 {
    let batch = attempt.service.entries(attempt).max(1) as f64;
    if mutates {
        (attempt.request.body.len() as f64 / 1024.0).ceil().max(batch)
    } else {
        let strong = attempt.params.get("ConsistentRead").and_then(Value::as_bool) == Some(true);
        batch * if strong { 1.0 } else { 0.5 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{Stage, attempt_of, request};
    use crate::service::{find, recognise};

    /// The bucket of an operation with these form members, as (size, refill, cost).
    fn buckets(form: &str) -> Vec<(f64, f64, f64)> {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let request = request("POST", "/", &headers, &format!("{form}&Version=2016-11-15"));
        let recognised = recognise(&request, find("ec2").unwrap());
        ec2(&attempt_of(request, recognised)).into_iter().map(|l| (l.size, l.refill, l.cost)).collect()
    }

    /// The table of the EC2 developer guide, "Request throttling" (2025/26 text), written down a second time.
    #[test]
    fn ec2_buckets_are_the_documented_ones() {
        let requests = |form: &str| {
            let (size, refill, cost) = buckets(form)[0];
            assert!((cost - 1.0).abs() < f64::EPSILON);
            (size, refill)
        };
        for (form, documented) in [
            // Non-mutating, and unfiltered and unpaginated non-mutating.
            ("Action=DescribeHosts", (100.0, 20.0)),
            ("Action=GetConsoleOutput", (100.0, 20.0)),
            ("Action=ListImagesInRecycleBin", (100.0, 20.0)),
            ("Action=SearchTransitGatewayRoutes", (100.0, 20.0)),
            ("Action=DescribeInstances&MaxResults=5", (100.0, 20.0)),
            ("Action=DescribeInstances&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1", (100.0, 20.0)),
            ("Action=DescribeInstances", (50.0, 10.0)),
            ("Action=DescribeInstances&InstanceId.1=i-1", (50.0, 10.0)),
            ("Action=DescribeInstanceStatus", (50.0, 10.0)),
            ("Action=DescribeNetworkInterfaces", (50.0, 10.0)),
            ("Action=DescribeSecurityGroups", (50.0, 10.0)),
            ("Action=DescribeSnapshots", (50.0, 10.0)),
            ("Action=DescribeSpotInstanceRequests", (50.0, 10.0)),
            ("Action=DescribeVolumes", (50.0, 10.0)),
            // Mutating and resource-intensive.
            ("Action=CreateSecurityGroup", (50.0, 5.0)),
            ("Action=CreateKeyPair", (50.0, 5.0)),
            ("Action=AuthorizeSecurityGroupIngress", (50.0, 5.0)),
            ("Action=RevokeSecurityGroupIngress", (50.0, 5.0)),
            // Uncategorised.
            ("Action=RunInstances", (5.0, 2.0)),
            ("Action=StartInstances", (5.0, 2.0)),
            ("Action=TerminateInstances", (100.0, 5.0)),
            ("Action=CreateTags", (100.0, 10.0)),
            ("Action=CreateVolume", (100.0, 5.0)),
            ("Action=CopyImage", (100.0, 1.0)),
            ("Action=CreateNatGateway", (10.0, 1.0)),
            ("Action=CreateVpcEndpoint", (4.0, 0.3)),
            ("Action=CreateDefaultVpc", (1.0, 1.0)),
            ("Action=DescribeReservedInstancesOfferings", (10.0, 10.0)),
            ("Action=DescribeInstanceTopology", (1.0, 1.0)),
            ("Action=DescribeCapacityBlockOfferings", (10.0, 0.15)),
            ("Action=AdvertiseByoipCidr", (1.0, 0.1)),
        ] {
            assert_eq!(requests(form), documented, "{form}");
        }
    }

    #[test]
    fn ec2_counts_instances_in_a_second_bucket() {
        for (form, documented) in [
            ("Action=RunInstances&MinCount=1&MaxCount=40", (1000.0, 2.0, 40.0)),
            ("Action=RunInstances&MinCount=1&MaxCount=99999999999", (1000.0, 2.0, 99_999_999_999.0)),
            ("Action=RunInstances&MinCount=1&MaxCount=many", (1000.0, 2.0, 1.0)),
            ("Action=StartInstances&InstanceId.1=i-1&InstanceId.2=i-2", (1000.0, 2.0, 2.0)),
            ("Action=StopInstances&InstanceId.1=i-1", (1000.0, 20.0, 1.0)),
            ("Action=TerminateInstances&InstanceId.1=i-1", (1000.0, 20.0, 1.0)),
        ] {
            assert_eq!(buckets(form)[1], documented, "{form}");
        }
        assert_eq!(buckets("Action=DescribeHosts").len(), 1);
    }

    #[test]
    fn dynamodb_charges_by_size_and_consistency() {
        let mut stage = Stage::new("dynamodb");
        let mut cost = |operation: &str, body: String| {
            let target = format!("DynamoDB_20120810.{operation}");
            let (attempt, _) = stage.send(request("POST", "/", &[("x-amz-target", &target)], &body));
            dynamodb(&attempt, 5.0, 5.0).first().map(|l| (l.size, l.cost))
        };
        let read = r#"{"TableName":"t","Key":{"id":{"S":"1"}}"#;
        assert_eq!(cost("GetItem", format!("{read}}}")), Some((1500.0, 0.5)));
        assert_eq!(cost("GetItem", format!("{read},\"ConsistentRead\":true}}")), Some((1500.0, 1.0)));
        let item = "x".repeat(3000);
        let write = format!(r#"{{"TableName":"t","Item":{{"id":{{"S":"{item}"}}}}}}"#);
        assert_eq!(cost("PutItem", write), Some((1500.0, 3.0)));
        assert_eq!(cost("DescribeTable", r#"{"TableName":"t"}"#.to_owned()), None);
    }
}
