//! AWS STS: awsQuery, identities and credentials that never change who the caller is.

use std::time::Duration;

use serde_json::{Value, json};

use super::Class::{Permanent, Throttling, Transient};
use super::{
    ALWAYS, Done, ErrorRow, ONCE, Operation, Service, iso_date, line, operation, text, unmodelled, wire_error_with,
};
use crate::endpoint::World;
use crate::protocol::{Protocol, WireError};
use crate::request::{Attempt, access_key};

/// The service.
#[derive(Debug)]
pub(super) struct Sts;

const OPERATIONS: &[Operation] = &[
    operation("AssumeRole", "POST", "/", false),
    operation("AssumeRoleWithWebIdentity", "POST", "/", false),
    operation("DecodeAuthorizationMessage", "POST", "/", false),
    operation("GetAccessKeyInfo", "POST", "/", false),
    operation("GetCallerIdentity", "POST", "/", false),
    operation("GetSessionToken", "POST", "/", false),
];

/// Where the codes are documented.
const DOC: &str = "sts-api";

const ERRORS: &[ErrorRow] = &[
    line("Throttling", 400, Throttling, ALWAYS, DOC, "Rate exceeded"),
    line("IDPCommunicationError", 400, Transient, ALWAYS, DOC, "The identity provider could not be reached."),
    line("ServiceUnavailable", 503, Transient, ALWAYS, "S1", "The service cannot answer at the moment."),
    line("InternalFailure", 500, Transient, ALWAYS, DOC, "An unknown failure stopped the request."),
    line("AccessDenied", 403, Permanent, ONCE, "S1", "The user is not authorized to perform this action"),
    line("SignatureDoesNotMatch", 403, Permanent, ONCE, "S1", "The signature is not the one expected."),
    line("ExpiredToken", 403, Permanent, ONCE, "S1", "The security token of the request is expired"),
    line("ExpiredTokenException", 400, Permanent, ONCE, DOC, "The web identity token is expired"),
    line("InvalidIdentityToken", 400, Permanent, ONCE, DOC, "The web identity token could not be validated."),
    line("IDPRejectedClaim", 403, Permanent, ONCE, DOC, "The identity provider rejected the claim."),
    line("InvalidClientTokenId", 403, Permanent, ONCE, DOC, "The access key does not exist."),
    line("IncompleteSignature", 400, Permanent, ONCE, DOC, "The signature lacks a part."),
    line("MissingAuthenticationToken", 403, Permanent, ONCE, DOC, "The request has no authentication token."),
    line("RequestExpired", 400, Permanent, ONCE, DOC, "The request has expired."),
    line("RegionDisabledException", 403, Permanent, ONCE, DOC, "STS is not active in this Region."),
    line("MalformedPolicyDocument", 400, Permanent, ONCE, DOC, "The policy document is malformed."),
    line("PackedPolicyTooLarge", 400, Permanent, ONCE, DOC, "The policies are too large."),
    line("ValidationError", 400, Permanent, ONCE, DOC, "The input does not satisfy the constraints."),
    line("NoSuchEntity", 404, Permanent, ONCE, "S1", "The role does not exist."),
    line(
        "InvalidUserID.NotFound",
        400,
        Permanent,
        ONCE,
        "S1: no code of AWS",
        "The user ID does not exist. (The seed names this code; AWS itself says NoSuchEntity, 404.)",
    ),
    line("InvalidAction", 400, Permanent, ONCE, DOC, "The action is not valid for this service."),
];

impl Service for Sts {
    fn id(&self) -> &'static str {
        "sts"
    }

    fn title(&self) -> &'static str {
        "AWS STS"
    }

    fn signing_names(&self) -> &'static [&'static str] {
        &["sts"]
    }

    fn protocols(&self) -> &'static [Protocol] {
        &[Protocol::AwsQuery]
    }

    fn api_version(&self) -> &'static str {
        "2011-06-15"
    }

    fn xml_namespace(&self) -> &'static str {
        "https://sts.amazonaws.com/doc/2011-06-15/"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn errors(&self) -> &'static [ErrorRow] {
        ERRORS
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

    fn target(&self, _operation: &str, params: &Value) -> Option<String> {
        Some(text(params, "RoleArn").to_owned()).filter(|arn| !arn.is_empty())
    }

    fn perform(&self, attempt: &Attempt, world: &mut World) -> Result<Done, WireError> {
        let account = &attempt.sender.account;
        let output = match attempt.operation.as_str() {
            "GetCallerIdentity" => json!({
                "Arn": format!("arn:aws:iam::{account}:user/client-{}", attempt.sender.client),
                "UserId": "AIDABROWNOUT",
                "Account": account,
            }),
            "GetAccessKeyInfo" => json!({"Account": account}),
            "DecodeAuthorizationMessage" => json!({"DecodedMessage": "{\"allowed\":false}"}),
            "GetSessionToken" => json!({"Credentials": credentials(attempt, world)}),
            "AssumeRole" | "AssumeRoleWithWebIdentity" => {
                let (role, session) = (text(&attempt.params, "RoleArn"), text(&attempt.params, "RoleSessionName"));
                if role.is_empty() || session.is_empty() {
                    return Err(wire_error_with(self, "ValidationError", "RoleArn and RoleSessionName are required"));
                }
                let name = role.rsplit('/').next().unwrap_or_default();
                json!({
                    "Credentials": credentials(attempt, world),
                    "AssumedRoleUser": {
                        "AssumedRoleId": format!("AROABROWNOUT:{session}"),
                        "Arn": format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
                    },
                })
            }
            other => return Err(unmodelled(self, other)),
        };
        Ok(Done { output, ..Done::default() })
    }
}

/// Temporary credentials. They carry the caller's own access key, so that whoever assumes a role stays
/// the same client of the same account.
fn credentials(attempt: &Attempt, world: &World) -> Value {
    let own = &attempt.sender.access_key;
    let seconds = text(&attempt.params, "DurationSeconds").parse::<u32>().unwrap_or(3600).min(129_600);
    json!({
        "AccessKeyId": if own.is_empty() { access_key(attempt.sender.client) } else { own.clone() },
        "SecretAccessKey": "brownout-secret",
        "SessionToken": "brownout-session",
        "Expiration": iso_date(world.date + Duration::from_secs(u64::from(seconds))),
    })
}

#[cfg(test)]
mod tests {
    use crate::service::testing::{Stage, request};

    #[test]
    fn a_request_of_boto3_is_recognised_and_answered() {
        let mut stage = Stage::new("ec2");
        let headers = [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIABROWNOUT00000002/20260101/us-east-1/sts/aws4_request, Signature=0",
            ),
        ];
        let role = "arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fr";
        let body = format!("Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=s&DurationSeconds=900");
        let (attempt, done) = stage.send(request("POST", "/", &headers, &body));
        assert_eq!((attempt.service.id(), attempt.operation.as_str()), ("sts", "AssumeRole"));
        assert_eq!(attempt.target.as_deref(), Some("arn:aws:iam::000000000000:role/r"));
        let output = done.unwrap().output;
        assert_eq!(output["Credentials"]["AccessKeyId"], "AKIABROWNOUT00000002");
        assert_eq!(output["Credentials"]["Expiration"], "2026-01-01T00:15:00.000Z");
        assert_eq!(output["AssumedRoleUser"]["Arn"], "arn:aws:sts::000000000000:assumed-role/r/s");
    }
}
