//! AWS IAM: awsQuery, users and roles that exist without being made; lists hold those that were.

use serde_json::{Value, json};

use super::{Done, ErrorRow, Operation, Service, iso_date, operation, text, unmodelled, wire_error_with};
use crate::endpoint::World;
use crate::protocol::{Protocol, WireError};
use crate::request::{Attempt, access_key};

mod errors;

/// The service.
#[derive(Debug)]
pub(super) struct Iam;

const OPERATIONS: &[Operation] = &[
    operation("AttachRolePolicy", "POST", "/", true),
    operation("CreateAccessKey", "POST", "/", true),
    operation("CreateRole", "POST", "/", true),
    operation("CreateUser", "POST", "/", true),
    operation("DeleteRole", "POST", "/", true),
    operation("DeleteUser", "POST", "/", true),
    operation("GetRole", "POST", "/", false),
    operation("GetUser", "POST", "/", false),
    operation("ListAccessKeys", "POST", "/", false),
    operation("ListAttachedRolePolicies", "POST", "/", false),
    operation("ListRoles", "POST", "/", false),
    operation("ListUsers", "POST", "/", false),
    operation("PutRolePolicy", "POST", "/", true),
];

/// The kinds of entity that users and roles are.
const USER: &str = "iam-user";
const ROLE: &str = "iam-role";

impl Service for Iam {
    fn id(&self) -> &'static str {
        "iam"
    }

    fn title(&self) -> &'static str {
        "AWS IAM"
    }

    fn signing_names(&self) -> &'static [&'static str] {
        &["iam"]
    }

    fn protocols(&self) -> &'static [Protocol] {
        &[Protocol::AwsQuery]
    }

    fn api_version(&self) -> &'static str {
        "2010-05-08"
    }

    fn xml_namespace(&self) -> &'static str {
        "https://iam.amazonaws.com/doc/2010-05-08/"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn errors(&self) -> &'static [ErrorRow] {
        errors::ROWS
    }

    fn throttle_code(&self, _operation: &str) -> &'static str {
        "Throttling"
    }

    fn not_found_code(&self, _operation: &str, _target: &str) -> &'static str {
        "NoSuchEntity"
    }

    fn skew_code(&self) -> &'static str {
        "SignatureDoesNotMatch"
    }

    fn expired_code(&self) -> &'static str {
        "ExpiredToken"
    }

    fn unmodelled_code(&self) -> &'static str {
        "InvalidAction"
    }

    /// The name of the user or role.
    fn target(&self, _operation: &str, params: &Value) -> Option<String> {
        let names = ["RoleName", "UserName"].map(|key| text(params, key));
        names.into_iter().find(|name| !name.is_empty()).map(str::to_owned)
    }

    fn perform(&self, attempt: &Attempt, world: &mut World) -> Result<Done, WireError> {
        let account = &attempt.sender.account;
        let name = attempt.target.clone().unwrap_or_default();
        let operation = attempt.operation.as_str();
        if name.is_empty() && OPERATIONS.iter().any(|o| o.name == operation && !o.name.starts_with("List")) {
            // Only these mean the caller by leaving the name out.
            if !matches!(operation, "GetUser" | "CreateAccessKey") {
                return Err(wire_error_with(self, "ValidationError", "The request must name a user or a role"));
            }
        }
        let output = match operation {
            "CreateUser" | "CreateRole" => return create(attempt, world, &name),
            "GetUser" if name.is_empty() => {
                json!({"User": described(attempt, world, USER, &format!("client-{}", attempt.sender.client))})
            }
            "GetUser" => json!({"User": described(attempt, world, USER, &name)}),
            "GetRole" => json!({"Role": described(attempt, world, ROLE, &name)}),
            "ListUsers" => listed(attempt, world, USER, "Users"),
            "ListRoles" => listed(attempt, world, ROLE, "Roles"),
            "DeleteUser" | "DeleteRole" => {
                world.remove(account, if operation == "DeleteUser" { USER } else { ROLE }, &name);
                Value::Null
            }
            "AttachRolePolicy" | "PutRolePolicy" => Value::Null,
            "ListAttachedRolePolicies" => json!({"AttachedPolicies": {"member": []}, "IsTruncated": false}),
            "ListAccessKeys" => json!({"AccessKeyMetadata": {"member": []}, "IsTruncated": false}),
            // The caller's own key, so that whoever uses it stays the same client of the same account.
            "CreateAccessKey" => json!({"AccessKey": {
                "UserName": if name.is_empty() { format!("client-{}", attempt.sender.client) } else { name },
                "AccessKeyId": access_key(attempt.sender.client),
                "Status": "Active",
                "SecretAccessKey": "brownout-secret",
                "CreateDate": iso_date(world.date),
            }}),
            other => return Err(unmodelled(self, other)),
        };
        Ok(Done { output, ..Done::default() })
    }
}

fn create(attempt: &Attempt, world: &mut World, name: &str) -> Result<Done, WireError> {
    let account = &attempt.sender.account;
    let (kind, member, noun) =
        if attempt.operation == "CreateUser" { (USER, "User", "User") } else { (ROLE, "Role", "Role") };
    if world.get(account, kind, name).is_some() {
        let message = format!("{noun} with name {name} already exists.");
        return Err(wire_error_with(&Iam, "EntityAlreadyExists", message));
    }
    let id = world.id(if kind == USER { "AIDA" } else { "AROA" }).to_ascii_uppercase();
    let policy = attempt.params.get("AssumeRolePolicyDocument");
    world.put(account, kind, name, json!({"id": id, "path": text(&attempt.params, "Path"), "policy": policy}));
    let output = json!({member: described(attempt, world, kind, name)});
    Ok(Done { output, created: vec![name.to_owned()], ..Done::default() })
}

/// A user or a role as the calls show it; one that was never made has an id of no meaning.
fn described(attempt: &Attempt, world: &World, kind: &'static str, name: &str) -> Value {
    let account = &attempt.sender.account;
    let made = world.get(account, kind, name);
    let kept = |key: &str, default: &str| {
        let value = made.map(|e| text(&e.value, key)).filter(|v| !v.is_empty());
        value.unwrap_or(default).to_owned()
    };
    let path = kept("path", "/");
    let (noun, prefix) = if kind == USER { ("User", "AIDA") } else { ("Role", "AROA") };
    let mut out = json!({
        "Path": path,
        format!("{noun}Name"): name,
        format!("{noun}Id"): kept("id", &format!("{prefix}BROWNOUT000000000")),
        "Arn": format!("arn:aws:iam::{account}:{}{path}{name}", noun.to_ascii_lowercase()),
        "CreateDate": iso_date(world.date_of(made.map_or(std::time::Duration::ZERO, |e| e.created))),
    });
    if kind == ROLE {
        // Policies stand percent-encoded in IAM's answers (RFC 3986).
        let policy = kept("policy", "{\"Version\":\"2012-10-17\",\"Statement\":[]}");
        out["AssumeRolePolicyDocument"] = crate::request::percent_encode(&policy, false).into();
        out["MaxSessionDuration"] = 3600.into();
    }
    out
}

fn listed(attempt: &Attempt, world: &World, kind: &'static str, member: &str) -> Value {
    let names: Vec<String> = world.list(&attempt.sender.account, kind).map(|(name, _)| name.to_owned()).collect();
    let entries: Vec<Value> = names.iter().map(|name| described(attempt, world, kind, name)).collect();
    json!({member: {"member": entries}, "IsTruncated": false})
}

#[cfg(test)]
mod tests {
    use crate::protocol::Protocol;
    use crate::service::testing::{Stage, request};

    #[test]
    fn a_request_of_boto3_is_recognised_and_answered() {
        let mut stage = Stage::new("ec2");
        let headers = [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIABROWNOUT00000002/20260101/us-east-1/iam/aws4_request, Signature=0",
            ),
        ];
        let create = request("POST", "/", &headers, "Action=CreateUser&Version=2010-05-08&UserName=ann");
        let (attempt, done) = stage.send(create.clone());
        assert_eq!((attempt.service.id(), attempt.protocol), ("iam", Protocol::AwsQuery));
        let done = done.unwrap();
        assert_eq!(done.created, ["ann"]);
        assert_eq!(done.output["User"]["Arn"], "arn:aws:iam::000000000000:user/ann");
        assert_eq!(stage.send(create).1.unwrap_err().code, "EntityAlreadyExists");
        let list = stage.reply(request("POST", "/", &headers, "Action=ListUsers&Version=2010-05-08"));
        let text = String::from_utf8_lossy(&list.body).into_owned();
        assert!(text.contains("<Users><member><Arn>") && text.contains("<UserName>ann</UserName>"), "{text}");
    }

    #[test]
    fn roles_exist_without_being_made_and_callers_need_no_name() {
        let mut stage = Stage::new("iam");
        let role = stage.form("Action=GetRole&Version=2010-05-08&RoleName=reader").unwrap().output;
        assert_eq!(role["Role"]["Arn"], "arn:aws:iam::000000000000:role/reader");
        assert!(role["Role"]["AssumeRolePolicyDocument"].as_str().unwrap().starts_with("%7B%22Version"));
        let me = stage.form("Action=GetUser&Version=2010-05-08").unwrap().output;
        assert_eq!(me["User"]["UserName"], "client-0");
        assert_eq!(stage.form("Action=CreateUser&Version=2010-05-08").unwrap_err().code, "ValidationError");
    }
}
