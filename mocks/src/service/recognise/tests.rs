//! Requests of real clients, of odd ones, and of none.

use super::*;
use crate::service::find;
use crate::service::testing::{Lcg, request};

fn default_service(id: &str) -> &'static dyn Service {
    find(id).unwrap()
}

#[test]
fn a_target_header_beats_the_default_service() {
    let headers = [("x-amz-target", "DynamoDB_20120810.ListTables"), ("content-type", "application/x-amz-json-1.0")];
    let got = recognise(&request("POST", "/", &headers, "{\"Limit\":1}"), default_service("ec2"));
    assert_eq!((got.service.id(), got.operation.as_str(), got.modelled), ("dynamodb", "ListTables", true));
    assert_eq!((got.protocol, got.params["Limit"].as_u64()), (Protocol::AwsJson10, Some(1)));
    let headers = [("x-amz-target", "AWSStepFunctions.StartExecution"), ("content-type", "application/x-amz-json-1.1")];
    let got = recognise(&request("POST", "/", &headers, "{}"), default_service("ec2"));
    assert_eq!((got.operation.as_str(), got.modelled, got.protocol), ("StartExecution", false, Protocol::AwsJson11));
}

#[test]
fn forms_go_by_scope_then_version_then_default() {
    let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    let scope = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0";
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    for headers in [&[form, ("authorization", scope)][..], &[form]] {
        let got = recognise(&request("POST", "/", headers, body), default_service("ec2"));
        assert_eq!((got.service.id(), got.operation.as_str(), got.modelled), ("sts", "GetCallerIdentity", true));
        assert_eq!(got.protocol, Protocol::AwsQuery);
    }
    let foreign = scope.replace("/sts/", "/rds/");
    let got = recognise(
        &request("POST", "/", &[form, ("authorization", &foreign)], "Action=DescribeRegions"),
        default_service("ec2"),
    );
    assert!(!got.modelled, "RDS is not ours, whatever its actions are called");
    let got = recognise(&request("POST", "/", &[form], "Action=DescribeRegions"), default_service("ec2"));
    assert_eq!((got.protocol, got.modelled), (Protocol::Ec2Query, true));
}

#[test]
fn a_gateway_answers_for_every_path() {
    let form = ("content-type", "application/x-www-form-urlencoded");
    let got = recognise(&request("POST", "/prod/a%20b?x=1", &[form], "Action=Buy"), default_service("execute-api"));
    assert_eq!((got.operation.as_str(), got.modelled), ("POST /prod/a b", true));
    assert_eq!(got.target.as_deref(), Some("/prod/a b"));
}

#[test]
fn cbor_is_answered_in_cbor() {
    let headers = [("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor")];
    let path = "/service/GraniteServiceVersion20100801/operation/ListMetrics";
    let got = recognise(&request("POST", path, &headers, "\u{0}"), default_service("ec2"));
    assert_eq!((got.service.id(), got.operation.as_str(), got.modelled), ("cloudwatch", "ListMetrics", true));
    assert_eq!((got.protocol, got.params), (Protocol::RpcV2Cbor, Value::Object(Map::new())));
    let got = recognise(&request("POST", "/service/X/operation/Y", &headers, ""), default_service("ec2"));
    assert_eq!((got.protocol, got.modelled), (Protocol::RpcV2Cbor, false));
    let plain = recognise(&request("POST", "/x", &[], ""), default_service("cloudwatch"));
    assert_eq!(plain.protocol, Protocol::AwsJson10);
}

#[test]
fn labels_are_decoded() {
    assert_eq!(labels("/{Bucket}/{Key+}", "/b/a%2Fb/c%20d/").unwrap()["Key"], "a/b/c d/");
    assert!(labels("/{Bucket}/{Key+}", "/b").is_none());
    assert!(labels("/{Bucket}/{Key+}", "/b/").is_none());
    assert_eq!(labels("/{Bucket}", "/b/").unwrap()["Bucket"], "b");
    assert!(labels("/", "/").unwrap().is_empty());
    assert!(labels("/", "*").is_none());
}

/// Where a header or the body names the operation, all have the path `/`: a request without a name is for none.
#[test]
fn a_request_that_names_no_operation_is_for_none() {
    for service in SERVICES {
        let got = recognise(&request("POST", "/", &[], ""), *service);
        let gateway = service.id() == "execute-api";
        assert!(gateway || !got.modelled, "{}: {}", service.id(), got.operation);
    }
}

#[test]
fn no_request_makes_it_panic() {
    const PARTS: &[&str] = &[
        "/",
        "?",
        "&",
        "=",
        "%",
        "%zz",
        "%00",
        "Action=",
        "Version=2016-11-15",
        "list-type=2",
        "delete",
        "x-id=GetObject",
        "2015-03-31",
        "functions",
        "invocations",
        "InstanceId.1",
        "InstanceId.99999999999999999999",
        "X-Amz-Credential=a/b/c/d/aws4_request",
        "RunInstances",
        "DynamoDB_20120810.",
        "AmazonSQS.",
        "bucket",
        "ü",
        "{",
        "}",
        "\"",
        "[[[[",
        "\u{1}",
        ".",
        "..",
        "//",
        "service/x/operation/y",
        "application/x-www-form-urlencoded",
        "application/x-amz-json-1.1",
        "AWS4-HMAC-SHA256 Credential=",
        "{\"TableName\":\"t\"}",
        "{\"TableName\":[]}",
        "{\"Key\":{\"a\":{\"S\":\"b\"}}}",
        "{\"QueueUrl\":7}",
        "s3",
        "STREAMING-",
    ];
    const HEADERS: &[&str] = &[
        "x-amz-target",
        "authorization",
        "content-type",
        "host",
        "smithy-protocol",
        "x-amz-content-sha256",
        "x-amz-copy-source",
        "content-encoding",
        "x-amz-invocation-type",
    ];
    let mut lcg = Lcg(7);
    let mut world = crate::service::testing::world();
    for round in 0..6000 {
        let mut text = |most: u64| {
            let n = lcg.below(most);
            (0..n).map(|_| PARTS[lcg.below(PARTS.len() as u64) as usize]).collect::<String>()
        };
        let (path, body) = (format!("/{}", text(6)), text(8));
        let values: Vec<String> = (0..3).map(|_| text(4)).collect();
        let method = ["GET", "PUT", "POST", "HEAD", "DELETE", "PATCH"][lcg.below(6) as usize];
        let headers: Vec<(&str, &str)> =
            values.iter().map(|v| (HEADERS[lcg.below(HEADERS.len() as u64) as usize], v.as_str())).collect();
        let service = SERVICES[round % SERVICES.len()];
        let request = request(method, &path, &headers, &body);
        let got = recognise(&request, service);
        let attempt = crate::service::testing::attempt_of(request, got);
        let _ = attempt.service.refers_to(&attempt);
        match attempt.service.perform(&attempt, &mut world) {
            Ok(done) => _ = attempt.protocol.answer(attempt.service, &attempt.operation, &done, "id"),
            Err(error) => _ = attempt.protocol.error(attempt.service, &error, "id", method == "HEAD"),
        }
    }
}
