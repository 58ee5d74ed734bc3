//! Requests of the shared builder, as each protocol wants them.

use brownout_mocks::request::pairs;
use brownout_mocks::service;
use serde_json::json;

use super::*;

fn op(method: &'static str, path: &'static str) -> Operation {
    Operation { name: "Op", method, path, mutates: false }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn body(request: &Request<Bytes>) -> String {
    String::from_utf8(request.body().to_vec()).unwrap()
}

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> &'a str {
    request.headers().get(name).map_or("", |v| v.to_str().unwrap())
}

#[test]
fn aws_json_names_its_target() {
    let dynamodb = service::find("dynamodb").unwrap();
    let params = json!({"TableName": "t", "Key": {"id": {"S": "1"}}});
    let request = build(dynamodb, "GetItem", &params, 0, None).unwrap();
    assert_eq!((request.method(), request.uri().to_string().as_str()), (&Method::POST, "/"));
    assert_eq!(header(&request, "x-amz-target"), "DynamoDB_20120810.GetItem");
    assert_eq!(header(&request, "content-type"), "application/x-amz-json-1.0");
    assert_eq!(serde_json::from_slice::<Value>(request.body()).unwrap(), params);
    assert_eq!(body(&build(dynamodb, "ListTables", &Value::Null, 0, None).unwrap()), "{}");
    assert!(build(dynamodb, "ListTables", &json!([1]), 0, None).is_err());
}

#[test]
fn ec2_lists_are_numbered_in_the_singular() {
    let ec2 = service::find("ec2").unwrap();
    let params = json!({
        "MaxResults": 5,
        "DryRun": false,
        "InstanceIds": ["i-1", "i-2"],
        "GroupId.1": "sg-1",
        "Filters": [{"Name": "tag:a b", "Values": ["x&y", "z"]}],
        "IpPermissions": [{"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
        "NextToken": null,
    });
    let request = build(ec2, "DescribeInstances", &params, 0, None).unwrap();
    let form: std::collections::BTreeMap<String, String> = pairs(&body(&request)).into_iter().collect();
    let value = |name: &str| form.get(name).map(String::as_str);
    assert_eq!(value("Action"), Some("DescribeInstances"));
    assert_eq!(value("Version"), Some(ec2.api_version()));
    assert_eq!(value("MaxResults"), Some("5"));
    assert_eq!(value("DryRun"), Some("false"));
    assert_eq!(value("InstanceId.1"), Some("i-1"));
    assert_eq!(value("InstanceId.2"), Some("i-2"));
    assert_eq!(value("GroupId.1"), Some("sg-1"));
    assert_eq!(value("Filter.1.Name"), Some("tag:a b"));
    assert_eq!(value("Filter.1.Value.1"), Some("x&y"));
    assert_eq!(value("IpPermissions.1.IpRanges.1.CidrIp"), Some("0.0.0.0/0"));
    assert_eq!(form.len(), 12, "{form:?}");
    assert_eq!(header(&request, "content-type"), "application/x-www-form-urlencoded");
}

#[test]
fn aws_query_lists_have_members() {
    let params = object(json!({"RoleArn": "a", "PolicyArns": [{"arn": "x"}, {"arn": "y"}]}));
    let request = query::request(query::Style::Aws, "2011-06-15", "AssumeRole", &params);
    let form = pairs(&body(&request));
    assert!(form.contains(&("PolicyArns.member.2.arn".to_owned(), "y".to_owned())), "{form:?}");
    assert!(form.contains(&("Version".to_owned(), "2011-06-15".to_owned())));
}

#[test]
fn labels_are_encoded_and_taken_out() {
    let params = object(json!({"Bucket": "b", "Key": "a b/c+d", "VersionId": "v", "Range": "bytes=0-9"}));
    let request = rest::request(rest::Body::Xml, &op("GET", "/{Bucket}/{Key+}"), params).unwrap();
    assert_eq!(request.uri().to_string(), "/b/a%20b/c%2Bd?versionId=v");
    assert_eq!(header(&request, "range"), "bytes=0-9");
    assert!(request.body().is_empty());
    let error =
        rest::request(rest::Body::Xml, &op("GET", "/{Bucket}/{Key+}"), object(json!({"Bucket": "b"}))).unwrap_err();
    assert_eq!(error.to_string(), "Op needs the member Key, which names what it is about");
}

#[test]
fn a_marking_query_key_stays_first() {
    let params = object(json!({"Bucket": "b", "Prefix": "logs/", "MaxKeys": 2}));
    let request = rest::request(rest::Body::Xml, &op("GET", "/{Bucket}?list-type=2"), params).unwrap();
    let query = request.uri().query().unwrap();
    assert!(query.starts_with("list-type=2&"), "{query}");
    assert_eq!(pairs(query).len(), 3);
    assert!(query.contains("prefix=logs%2F") && query.contains("max-keys=2"), "{query}");
}

#[test]
fn s3_bodies_are_bytes_or_xml() {
    let params = object(json!({"Bucket": "b", "Key": "k", "Body": "hello", "Metadata": {"who": "me"}}));
    let put = rest::request(rest::Body::Xml, &op("PUT", "/{Bucket}/{Key+}"), params).unwrap();
    assert_eq!((body(&put).as_str(), header(&put, "x-amz-meta-who")), ("hello", "me"));
    let params = object(json!({"Bucket": "b", "Delete": {"Objects": [{"Key": "a&b"}, {"Key": "c"}]}}));
    let delete = rest::request(rest::Body::Xml, &op("POST", "/{Bucket}?delete"), params).unwrap();
    assert_eq!(body(&delete), "<Delete><Object><Key>a&amp;b</Key></Object><Object><Key>c</Key></Object></Delete>");
    assert_eq!(delete.uri().to_string(), "/b?delete");
}

#[test]
fn rest_json_has_a_payload_or_members() {
    let invoke = op("POST", "/2015-03-31/functions/{FunctionName}/invocations");
    let params =
        object(json!({"FunctionName": "f", "InvocationType": "Event", "Payload": {"n": 1}, "Qualifier": "live"}));
    let request = rest::request(rest::Body::Json, &invoke, params).unwrap();
    assert_eq!(request.uri().to_string(), "/2015-03-31/functions/f/invocations?Qualifier=live");
    assert_eq!((body(&request).as_str(), header(&request, "x-amz-invocation-type")), (r#"{"n":1}"#, "Event"));
    let params = object(json!({"FunctionName": "f"}));
    let create = rest::request(rest::Body::Json, &op("POST", "/2015-03-31/functions"), params).unwrap();
    assert_eq!(body(&create), r#"{"FunctionName":"f"}"#);
    let list =
        rest::request(rest::Body::Json, &op("GET", "/2015-03-31/functions"), object(json!({"MaxItems": 3}))).unwrap();
    assert_eq!((list.uri().to_string().as_str(), list.body().len()), ("/2015-03-31/functions?MaxItems=3", 0));
}

#[test]
fn execute_api_names_itself_by_key() {
    let params = object(json!({"body": {"a": 1}, "query": {"q": "x y"}}));
    let request = api_gateway("POST /orders", params, 7, None).unwrap();
    assert_eq!((request.method(), request.uri().to_string().as_str()), (&Method::POST, "/orders?q=x%20y"));
    assert_eq!((header(&request, "x-api-key"), body(&request).as_str()), ("brownout-key-7", r#"{"a":1}"#));
    for wrong in ["GET", "GET orders", "G\u{e9}T /orders"] {
        assert_eq!(api_gateway(wrong, Map::new(), 0, None).unwrap_err(), Unbuildable::NotAPath(wrong.to_owned()));
    }
    assert!(api_gateway("GET /a b", Map::new(), 0, None).is_err());
}

#[test]
fn idempotency_tokens_are_filled_but_never_replaced() {
    let ec2 = service::find("ec2").unwrap();
    let token = |params: Value| {
        let request = build(ec2, "RunInstances", &params, 0, Some("fresh")).unwrap();
        pairs(&body(&request)).into_iter().find(|(k, _)| k == "ClientToken").map(|(_, v)| v)
    };
    assert_eq!(token(json!({})).as_deref(), Some("fresh"));
    assert_eq!(token(json!({"ClientToken": "mine"})).as_deref(), Some("mine"));
    let plain = build(ec2, "DescribeInstances", &json!({}), 0, Some("fresh")).unwrap();
    assert!(!body(&plain).contains("fresh"));
}

#[test]
fn a_gateway_request_may_carry_a_key_of_its_own_or_a_given_one() {
    let key = |given: Value| {
        let params = members("x", &json!({"idempotency_key": given})).unwrap();
        let request = api_gateway("POST /orders", params, 0, Some("own")).unwrap();
        request.headers().get("idempotency-key").map(|v| v.to_str().unwrap().to_owned())
    };
    assert_eq!(key(json!(true)).as_deref(), Some("own"));
    assert_eq!(key(json!("given")).as_deref(), Some("given"));
    assert_eq!(key(json!(false)), None);
}
