//! CloudWatch in each of its three protocols.

use serde_json::{Value, json};

use crate::protocol::Protocol;
use crate::service::testing::{Stage, request};

const SCOPE: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=AKIABROWNOUT00000000/20260101/us-east-1/monitoring/aws4_request, Signature=0",
);

#[test]
fn the_query_protocol_writes_members_and_dates() {
    let mut stage = Stage::new("ec2");
    let form = [SCOPE, ("content-type", "application/x-www-form-urlencoded")];
    let put = "Action=PutMetricData&Version=2010-08-01&Namespace=shop&MetricData.member.1.MetricName=sold\
               &MetricData.member.1.Value=2.5&MetricData.member.2.MetricName=seen&MetricData.member.2.Value=9";
    let (attempt, done) = stage.send(request("POST", "/", &form, put));
    assert_eq!((attempt.service.id(), attempt.protocol), ("cloudwatch", Protocol::AwsQuery));
    assert!(done.unwrap().output.is_null());
    let get = "Action=GetMetricData&Version=2010-08-01&MetricDataQueries.member.1.Id=a\
               &MetricDataQueries.member.1.MetricStat.Metric.Namespace=shop\
               &MetricDataQueries.member.1.MetricStat.Metric.MetricName=sold";
    let reply = stage.reply(request("POST", "/", &form, get));
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    let dates = "<Timestamps><member>2026-01-01T00:00:00.000Z</member></Timestamps>";
    assert!(text.contains("<MetricDataResults><member><Id>a</Id>") && text.contains(dates), "{text}");
    assert!(text.contains("<Values><member>2.5</member></Values>"), "{text}");
}

#[test]
fn json_and_cbor_read_the_same_world() {
    let mut stage = Stage::new("cloudwatch");
    let put = json!({"Namespace": "shop", "MetricData": [{"MetricName": "sold", "Values": [1.0, 3.0]}]});
    stage.json("PutMetricData", &put).unwrap();
    let ask = json!({"Namespace": "shop", "MetricName": "sold"});
    let got = stage.json("GetMetricStatistics", &ask).unwrap().output;
    assert_eq!(
        (got["Datapoints"][0]["Sum"].as_f64(), got["Datapoints"][0]["Maximum"].as_f64()),
        (Some(4.0), Some(3.0))
    );
    let listed = stage.json("ListMetrics", &json!({})).unwrap().output;
    assert_eq!(listed["Metrics"], json!([{"Namespace": "shop", "MetricName": "sold", "Dimensions": []}]));
    let cbor = [
        SCOPE,
        ("smithy-protocol", "rpc-v2-cbor"),
        ("content-type", "application/cbor"),
        ("accept", "application/cbor"),
    ];
    let path = "/service/GraniteServiceVersion20100801/operation/GetMetricStatistics";
    let mut asked = request("POST", path, &cbor, "");
    asked.body = crate::protocol::cbor::encode(&ask, &[]).into();
    let (attempt, done) = stage.send(asked.clone());
    assert_eq!((attempt.protocol, &attempt.params), (Protocol::RpcV2Cbor, &ask));
    assert_eq!(done.unwrap().output, got);
    let reply = stage.reply(asked);
    assert_eq!(reply.header("smithy-protocol"), Some("rpc-v2-cbor"));
    // The date is tagged as one: tag 1, and a number.
    let at = reply.body.windows(10).position(|w| w == b"iTimestamp").unwrap_or_default();
    assert_eq!(reply.body.get(at + 10), Some(&0xc1));
    let empty = stage.reply(request("POST", &path.replace("GetMetricStatistics", "DeleteAlarms"), &cbor, ""));
    assert_eq!((empty.status, empty.body.len(), empty.header("content-type")), (200, 0, None));
}

#[test]
fn errors_keep_their_old_names_beside_the_new() {
    let cloudwatch = crate::service::find("cloudwatch").unwrap();
    let error = crate::service::wire_error(cloudwatch, "InvalidParameterValue");
    let json = Protocol::AwsJson10.error(cloudwatch, &error, "id", false);
    assert_eq!(json.header("x-amzn-query-error"), Some("InvalidParameterValue;Sender"));
    let members: Value = serde_json::from_slice(&json.body).unwrap();
    assert_eq!(members["__type"], "com.amazonaws.cloudwatch#InvalidParameterValueException");
    let query = Protocol::AwsQuery.error(cloudwatch, &error, "id", false);
    assert!(String::from_utf8_lossy(&query.body).contains("<Code>InvalidParameterValue</Code>"));
    // Whoever asks for the shape gets the same error.
    let shape = crate::service::wire_error(cloudwatch, "InternalServiceFault");
    assert_eq!((shape.code.as_str(), shape.status), ("InternalServiceError", 500));
}
