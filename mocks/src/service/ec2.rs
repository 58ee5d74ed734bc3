//! Amazon EC2: ec2Query, instances and groups that take their time.

use serde_json::{Value, json};

use super::form::{numbered, structures};
use super::{Done, ErrorRow, Operation, Service, iso_date, operation, text, unmodelled, wire_error_with};
use crate::endpoint::World;
use crate::protocol::{Protocol, WireError};
use crate::request::{Attempt, Sender};

mod errors;
mod groups;
mod instances;
mod keys;

pub(crate) use instances::{Limited, count};

/// The service.
#[derive(Debug)]
pub(super) struct Ec2;

const OPERATIONS: &[Operation] = &[
    operation("AuthorizeSecurityGroupIngress", "POST", "/", true),
    operation("CreateKeyPair", "POST", "/", true),
    operation("CreateSecurityGroup", "POST", "/", true),
    operation("CreateTags", "POST", "/", true),
    operation("DeleteKeyPair", "POST", "/", true),
    operation("DeleteSecurityGroup", "POST", "/", true),
    operation("DescribeImages", "POST", "/", false),
    operation("DescribeInstanceStatus", "POST", "/", false),
    operation("DescribeInstances", "POST", "/", false),
    operation("DescribeKeyPairs", "POST", "/", false),
    operation("DescribeRegions", "POST", "/", false),
    operation("DescribeSecurityGroups", "POST", "/", false),
    operation("DescribeSubnets", "POST", "/", false),
    operation("DescribeVolumes", "POST", "/", false),
    operation("DescribeVpcs", "POST", "/", false),
    operation("GetConsoleOutput", "POST", "/", false),
    operation("RevokeSecurityGroupIngress", "POST", "/", true),
    operation("RunInstances", "POST", "/", true),
    operation("StartInstances", "POST", "/", true),
    operation("StopInstances", "POST", "/", true),
    operation("TerminateInstances", "POST", "/", true),
];

/// The parameters that name something that exists, in the order in which they make the target.
const IDS: &[&str] = &["InstanceId", "GroupId", "ResourceId", "VolumeId"];

impl Service for Ec2 {
    fn id(&self) -> &'static str {
        "ec2"
    }

    fn title(&self) -> &'static str {
        "Amazon EC2"
    }

    fn signing_names(&self) -> &'static [&'static str] {
        &["ec2"]
    }

    fn protocols(&self) -> &'static [Protocol] {
        &[Protocol::Ec2Query]
    }

    fn api_version(&self) -> &'static str {
        "2016-11-15"
    }

    fn xml_namespace(&self) -> &'static str {
        "http://ec2.amazonaws.com/doc/2016-11-15/"
    }

    fn token_member(&self, operation: &str) -> Option<&'static str> {
        matches!(operation, "RunInstances" | "CreateVolume" | "CreateNetworkInterface").then_some("ClientToken")
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn errors(&self) -> &'static [ErrorRow] {
        errors::ROWS
    }

    fn throttle_code(&self, _operation: &str) -> &'static str {
        "RequestLimitExceeded"
    }

    fn not_found_code(&self, operation: &str, target: &str) -> &'static str {
        match target.split_once('-').map_or("", |(kind, _)| kind) {
            "i" => "InvalidInstanceID.NotFound",
            "sg" => "InvalidGroup.NotFound",
            "vol" => "InvalidVolume.NotFound",
            "snap" => "InvalidSnapshot.NotFound",
            "ami" => "InvalidAMIID.NotFound",
            "vpc" => "InvalidVpcID.NotFound",
            "subnet" => "InvalidSubnetID.NotFound",
            "eni" => "InvalidNetworkInterfaceID.NotFound",
            _ if operation.contains("SecurityGroup") => "InvalidGroup.NotFound",
            _ if operation.contains("KeyPair") => "InvalidKeyPair.NotFound",
            _ => "InvalidInstanceID.NotFound",
        }
    }

    /// What is made in one Region is not known in another.
    fn realm(&self, sender: &Sender) -> String {
        format!("{}/{}", sender.account, sender.region)
    }

    fn skew_code(&self) -> &'static str {
        "AuthFailure"
    }

    fn expired_code(&self) -> &'static str {
        "RequestExpired"
    }

    fn unmodelled_code(&self) -> &'static str {
        "InvalidAction"
    }

    fn target(&self, _operation: &str, params: &Value) -> Option<String> {
        let id = IDS.iter().find_map(|name| numbered(params, name).into_iter().next());
        id.or_else(|| {
            ["GroupName", "KeyName", "KeyPairId"].iter().find_map(|name| numbered(params, name).into_iter().next())
        })
    }

    fn refers_to(&self, attempt: &Attempt) -> Vec<String> {
        let names = IDS.iter().chain(&["SecurityGroupId"]);
        let mut ids: Vec<String> = names.flat_map(|name| numbered(&attempt.params, name)).collect();
        if matches!(attempt.operation.as_str(), "DeleteKeyPair" | "DescribeKeyPairs") {
            // A key pair is kept by its name.
            ids.extend(numbered(&attempt.params, "KeyName"));
        }
        let filtered = filters(&attempt.params);
        ids.extend(filtered.into_iter().filter(|(name, _)| name.ends_with("-id")).flat_map(|(_, values)| values));
        ids
    }

    fn perform(&self, attempt: &Attempt, world: &mut World) -> Result<Done, WireError> {
        let home = self.realm(&attempt.sender);
        let mut stage = Stage { attempt, params: &attempt.params, account: &attempt.sender.account, home, world };
        if dry_run(attempt) {
            return Err(wire_error_with(self, "DryRunOperation", "The request would have succeeded without DryRun."));
        }
        match attempt.operation.as_str() {
            "RunInstances" => stage.run_instances(),
            "DescribeInstances" => stage.describe_instances(),
            "DescribeInstanceStatus" => stage.describe_instance_status(),
            "StartInstances" | "StopInstances" | "TerminateInstances" => stage.change_instances(),
            "GetConsoleOutput" => stage.console_output(),
            "CreateSecurityGroup" => stage.create_group(),
            "DescribeSecurityGroups" => stage.describe_groups(),
            "DeleteSecurityGroup" => stage.delete_group(),
            "AuthorizeSecurityGroupIngress" => stage.authorize_ingress(),
            "RevokeSecurityGroupIngress" => stage.revoke_ingress(),
            "CreateTags" => stage.create_tags(),
            "CreateKeyPair" => stage.create_key_pair(),
            "DescribeKeyPairs" => stage.describe_key_pairs(),
            "DeleteKeyPair" => stage.delete_key_pair(),
            "DescribeVolumes" => stage.describe_volumes(),
            "DescribeRegions" => Ok(done(regions())),
            "DescribeImages" => Ok(done(json!({"imagesSet": []}))),
            "DescribeSubnets" => Ok(done(json!({"subnetSet": []}))),
            "DescribeVpcs" => Ok(done(json!({"vpcSet": []}))),
            other => Err(unmodelled(self, other)),
        }
    }
}

/// Whether a request only asks if it may.
pub(crate) fn dry_run(attempt: &Attempt) -> bool {
    text(&attempt.params, "DryRun").eq_ignore_ascii_case("true")
}

/// One operation on its way: what was asked, and the world that it acts on.
struct Stage<'a> {
    attempt: &'a Attempt,
    params: &'a Value,
    account: &'a str,
    /// Under what the world keeps what it finds here.
    home: String,
    world: &'a mut World,
}

impl Stage<'_> {
    /// The error that says that `id` does not exist.
    fn not_found(&self, kind: &str, id: &str) -> WireError {
        let code = Ec2.not_found_code(&self.attempt.operation, id);
        wire_error_with(&Ec2, code, format!("The {kind} '{id}' does not exist"))
    }

    /// The one id that the request must name.
    fn required(&self, name: &str) -> Result<String, WireError> {
        numbered(self.params, name).into_iter().next().filter(|v| !v.is_empty()).ok_or_else(|| {
            let message = format!("The request must contain the parameter {name}");
            wire_error_with(&Ec2, "MissingParameter", message)
        })
    }

    fn create_tags(&mut self) -> Result<Done, WireError> {
        let tags = structures(self.params, "Tag");
        for id in numbered(self.params, "ResourceId") {
            let kind = match id.split_once('-').map(|(kind, _)| kind) {
                Some("i") => ("instance ID", instances::KIND),
                Some("sg") => ("security group", groups::KIND),
                _ => continue,
            };
            let Some(entity) = self.world.get_mut(&self.home, kind.1, &id) else {
                return Err(self.not_found(kind.0, &id));
            };
            let known = entity.value.get_mut("tags").and_then(Value::as_array_mut);
            if let Some(known) = known {
                for tag in &tags {
                    known.retain(|t| text(t, "key") != text(tag, "Key"));
                    known.push(json!({"key": text(tag, "Key"), "value": text(tag, "Value")}));
                }
            }
        }
        Ok(done(json!({"return": true})))
    }

    /// There are no volumes, so any that is named does not exist.
    fn describe_volumes(&mut self) -> Result<Done, WireError> {
        match numbered(self.params, "VolumeId").first() {
            Some(id) => {
                Err(wire_error_with(&Ec2, "InvalidVolume.NotFound", format!("The volume '{id}' does not exist.")))
            }
            None => Ok(done(json!({"volumeSet": []}))),
        }
    }

    fn created_at(&self, created: std::time::Duration) -> String {
        iso_date(self.world.date_of(created))
    }
}

fn done(output: Value) -> Done {
    Done { output, ..Done::default() }
}

fn regions() -> Value {
    let names = ["eu-central-1", "eu-west-1", "us-east-1", "us-west-2"];
    let region = |name: &&str| {
        json!({
            "regionName": name,
            "regionEndpoint": format!("ec2.{name}.amazonaws.com"),
            "optInStatus": "opt-in-not-required",
        })
    };
    json!({"regionInfo": names.iter().map(region).collect::<Vec<_>>()})
}

/// The filters of a Describe call: name and accepted values.
fn filters(params: &Value) -> Vec<(String, Vec<String>)> {
    structures(params, "Filter")
        .iter()
        .map(|filter| (text(filter, "Name").to_owned(), numbered(filter, "Value")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{Stage, request};

    #[test]
    fn a_request_of_boto3_is_recognised() {
        let mut stage = Stage::new("dynamodb");
        let headers = [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIABROWNOUT00000003/20260101/eu-west-1/ec2/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date, Signature=ab",
            ),
        ];
        let body = "Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-1&InstanceId.2=i-2&Filter.1.Name=group-id&Filter.1.Value.1=sg-1";
        let (attempt, result) = stage.send(request("POST", "/", &headers, body));
        assert_eq!((attempt.service.id(), attempt.operation.as_str()), ("ec2", "DescribeInstances"));
        assert_eq!((attempt.sender.region.as_str(), attempt.target.as_deref()), ("eu-west-1", Some("i-1")));
        assert_eq!(Ec2.refers_to(&attempt), ["i-1", "i-2", "sg-1"]);
        let error = result.unwrap_err();
        assert_eq!((error.code.as_str(), error.status), ("InvalidInstanceID.NotFound", 400));
        assert_eq!(error.message, "The instance IDs 'i-1, i-2' do not exist");
    }

    #[test]
    fn tags_and_volumes_answer() {
        let mut stage = Stage::new("ec2");
        let id = stage.form("Action=RunInstances&MinCount=1&MaxCount=1").unwrap().created[0].clone();
        stage.form(&format!("Action=CreateTags&ResourceId.1={id}&Tag.1.Key=a&Tag.1.Value=b")).unwrap();
        let seen = stage.form("Action=DescribeInstances").unwrap().output;
        assert_eq!(seen["reservationSet"][0]["instancesSet"][0]["tagSet"], json!([{"key": "a", "value": "b"}]));
        let code = |result: Result<Done, WireError>| result.unwrap_err().code;
        assert_eq!(code(stage.form("Action=CreateTags&ResourceId.1=i-0")), "InvalidInstanceID.NotFound");
        assert_eq!(code(stage.form("Action=DescribeVolumes&VolumeId.1=vol-0")), "InvalidVolume.NotFound");
        assert_eq!(code(stage.form("Action=DescribeRegions&DryRun=true")), "DryRunOperation");
        assert_eq!(stage.form("Action=DescribeRegions").unwrap().output["regionInfo"][2]["regionName"], "us-east-1");
    }
}
