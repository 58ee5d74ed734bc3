//! Instances, asked for by form.

use crate::service::testing::{Stage, request};

#[test]
fn an_instance_takes_its_time() {
    let mut stage = Stage::new("ec2");
    let id = stage.form("Action=RunInstances&MinCount=1&MaxCount=1&ImageId=ami-1").unwrap().created[0].clone();
    let ask = format!("Action=DescribeInstances&InstanceId.1={id}");
    let name_of = |stage: &mut Stage| {
        let output = stage.form(&ask).unwrap().output;
        output["reservationSet"][0]["instancesSet"][0]["instanceState"]["name"].as_str().unwrap().to_owned()
    };
    assert_eq!(name_of(&mut stage), "pending");
    let stop = format!("Action=StopInstances&InstanceId.1={id}");
    assert_eq!(stage.form(&stop).unwrap_err().code, "IncorrectInstanceState");
    stage.wait(5);
    assert_eq!(name_of(&mut stage), "running");
    let terminate = format!("Action=TerminateInstances&InstanceId.1={id}");
    let changed = stage.form(&terminate).unwrap().output;
    assert_eq!(changed["instancesSet"][0]["previousState"]["name"], "running");
    assert_eq!(changed["instancesSet"][0]["currentState"]["name"], "shutting-down");
    stage.wait(4);
    stage.form(&terminate).unwrap();
    stage.wait(1);
    assert_eq!(name_of(&mut stage), "terminated", "asking twice does not start it anew");
}

#[test]
fn a_token_makes_instances_once() {
    let mut stage = Stage::new("ec2");
    let ask = "Action=RunInstances&MinCount=2&MaxCount=2&ClientToken=abc&ImageId=ami-1";
    let first = stage.form(ask).unwrap();
    let second = stage.form(ask).unwrap();
    assert_eq!(
        (first.created.len(), second.created.len()),
        (2, 2),
        "the answer to a token that was used before names what it made"
    );
    assert_eq!(first.output, second.output);
    let error = stage.form(&ask.replace("ami-1", "ami-2")).unwrap_err();
    assert_eq!((error.code.as_str(), error.status), ("IdempotentParameterMismatch", 400));
}

#[test]
fn a_token_holds_for_its_account_region_and_zone() {
    let mut stage = Stage::new("ec2");
    let body = "Action=RunInstances&MinCount=1&MaxCount=1&ClientToken=abc&ImageId=ami-1";
    let mut made = |key: &str, region: &str, body: &str| {
        let scope = format!("AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/ec2/aws4_request, Signature=0");
        let headers = [("authorization", scope.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        let got = stage.send_as(&request("POST", "/", &headers, body)).unwrap();
        (got.created.len(), got.again)
    };
    assert_eq!(made("AKIABROWNOUT00000000", "us-east-1", body), (1, false));
    assert_eq!(made("AKIABROWNOUT00000000", "us-east-1", body), (1, true));
    assert_eq!(made("AKIABROWNOUT00000000", "eu-west-1", body), (1, false), "another Region");
    assert_eq!(made("AKIAOTHER", "us-east-1", body), (1, false), "another account");
    let zonal = format!("{body}&Placement.AvailabilityZone=us-east-1b");
    assert_eq!(made("AKIABROWNOUT00000000", "us-east-1", &zonal), (1, false), "a zone of its own");
    assert_eq!(made("AKIABROWNOUT00000000", "us-east-1", &zonal), (1, true));
}

#[test]
fn counts_have_limits() {
    let mut stage = Stage::new("ec2");
    for (counts, code) in [
        ("MinCount=4000000000&MaxCount=4000000000", "InstanceLimitExceeded"),
        ("MinCount=2&MaxCount=1", "InvalidParameterValue"),
        ("MinCount=1&MaxCount=1001", "InstanceLimitExceeded"),
        ("MinCount=1&MaxCount=99999999999", "InstanceLimitExceeded"),
        ("MinCount=1&MaxCount=99999999999999999999999", "InstanceLimitExceeded"),
        ("MinCount=1&MaxCount=many", "InvalidParameterValue"),
        ("MinCount=1&MaxCount=-1", "InvalidParameterValue"),
        ("MinCount=0&MaxCount=1", "InvalidParameterValue"),
    ] {
        assert_eq!(stage.form(&format!("Action=RunInstances&{counts}")).unwrap_err().code, code);
    }
}

#[test]
fn ids_that_no_instance_can_have_are_malformed() {
    let mut stage = Stage::new("ec2");
    for (id, code) in [
        ("i-0a1b", "InvalidInstanceID.NotFound"),
        ("i-", "InvalidInstanceID.Malformed"),
        ("i-xyz", "InvalidInstanceID.Malformed"),
        ("vol-0a1b", "InvalidInstanceID.Malformed"),
    ] {
        for action in ["DescribeInstances", "TerminateInstances"] {
            let error = stage.form(&format!("Action={action}&InstanceId.1={id}")).unwrap_err();
            assert_eq!(error.code, code, "{action} of {id}");
        }
    }
}

#[test]
fn only_running_instances_have_a_status() {
    let mut stage = Stage::new("ec2");
    stage.form("Action=RunInstances&MinCount=1&MaxCount=1").unwrap();
    let count =
        |stage: &mut Stage, ask: &str| stage.form(ask).unwrap().output["instanceStatusSet"].as_array().unwrap().len();
    assert_eq!(count(&mut stage, "Action=DescribeInstanceStatus"), 0);
    assert_eq!(count(&mut stage, "Action=DescribeInstanceStatus&IncludeAllInstances=true"), 1);
    stage.wait(5);
    assert_eq!(count(&mut stage, "Action=DescribeInstanceStatus"), 1);
}
