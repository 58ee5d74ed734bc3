//! API Gateway's management API: restJson1, APIs and keys that stay. What its APIs themselves answer is
//! `execute-api`.

use serde_json::{Value, json};

use super::Class::{Permanent, Throttling, Transient};
use super::{
    ALWAYS, Done, ErrorRow, ONCE, Operation, Service, epoch_seconds, line, operation, text, unmodelled, wire_error_with,
};
use crate::endpoint::World;
use crate::protocol::{Protocol, WireError};
use crate::request::Attempt;

/// The service.
#[derive(Debug)]
pub(super) struct ApiGateway;

const OPERATIONS: &[Operation] = &[
    operation("CreateApiKey", "POST", "/apikeys", true),
    operation("CreateDeployment", "POST", "/restapis/{restApiId}/deployments", true),
    operation("CreateRestApi", "POST", "/restapis", true),
    operation("DeleteRestApi", "DELETE", "/restapis/{restApiId}", true),
    operation("GetAccount", "GET", "/account", false),
    operation("GetApiKeys", "GET", "/apikeys", false),
    operation("GetDeployments", "GET", "/restapis/{restApiId}/deployments", false),
    operation("GetResources", "GET", "/restapis/{restApiId}/resources", false),
    operation("GetRestApi", "GET", "/restapis/{restApiId}", false),
    operation("GetRestApis", "GET", "/restapis", false),
    operation("GetStages", "GET", "/restapis/{restApiId}/stages", false),
    operation("GetUsagePlans", "GET", "/usageplans", false),
];

/// The kinds of entity that APIs, their deployments and keys are; a deployment's id is `api/deployment`.
const API: &str = "rest-api";
const DEPLOYMENT: &str = "deployment";
const KEY: &str = "api-key";

/// The account's limits that nobody raised (API Gateway developer guide, quotas; guidance 5.2).
const RATE: f64 = 10_000.0;
const BURST: u64 = 5_000;

/// Where the codes are documented.
const DOC: &str = "apigateway-api";

/// The first three may bring a `Retry-After` (guidance 5.3); a scenario says so by `retry_after:`.
const ERRORS: &[ErrorRow] = &[
    line("TooManyRequestsException", 429, Throttling, ALWAYS, DOC, "Too Many Requests"),
    line("LimitExceededException", 429, Throttling, ALWAYS, "S1", "A quota of the account is reached."),
    line("ServiceUnavailableException", 503, Transient, ALWAYS, "S1", "The service cannot answer at the moment."),
    line("ThrottlingException", 400, Throttling, ALWAYS, DOC, "Rate exceeded"),
    line("InternalFailure", 500, Transient, ALWAYS, DOC, "An unknown failure stopped the request."),
    line("BadRequestException", 400, Permanent, ONCE, "S2", "The request is not valid."),
    line("NotFoundException", 404, Permanent, ONCE, "S2", "The resource does not exist."),
    line("ConflictException", 409, Permanent, ONCE, "S2", "Another request changes the same resource."),
    line("UnauthorizedException", 401, Permanent, ONCE, DOC, "The caller may not do this."),
    line("AccessDeniedException", 403, Permanent, ONCE, "S2", "The user is not authorized to perform this action"),
    line("ExpiredTokenException", 403, Permanent, ONCE, DOC, "The security token of the request is expired"),
    line("InvalidSignatureException", 403, Permanent, ONCE, DOC, "The signature is not the one expected."),
    line("MissingAuthenticationTokenException", 403, Permanent, ONCE, DOC, "The authentication token is missing."),
    line("UnrecognizedClientException", 403, Permanent, ONCE, DOC, "The security token is not valid."),
    line("UnknownOperationException", 404, Permanent, ONCE, DOC, "The operation is not known."),
];

impl Service for ApiGateway {
    fn id(&self) -> &'static str {
        "apigateway"
    }

    fn title(&self) -> &'static str {
        "Amazon API Gateway (management)"
    }

    fn signing_names(&self) -> &'static [&'static str] {
        &["apigateway"]
    }

    fn protocols(&self) -> &'static [Protocol] {
        &[Protocol::RestJson1]
    }

    fn api_version(&self) -> &'static str {
        "2015-07-09"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn errors(&self) -> &'static [ErrorRow] {
        ERRORS
    }

    fn throttle_code(&self, _operation: &str) -> &'static str {
        "TooManyRequestsException"
    }

    fn not_found_code(&self, _operation: &str, _target: &str) -> &'static str {
        "NotFoundException"
    }

    fn unmodelled_code(&self) -> &'static str {
        "UnknownOperationException"
    }

    /// The API.
    fn target(&self, _operation: &str, params: &Value) -> Option<String> {
        Some(text(params, "restApiId").to_owned()).filter(|id| !id.is_empty())
    }

    fn perform(&self, attempt: &Attempt, world: &mut World) -> Result<Done, WireError> {
        let (account, params) = (&attempt.sender.account, &attempt.params);
        let api = attempt.target.clone().unwrap_or_default();
        let output = match attempt.operation.as_str() {
            "CreateRestApi" | "CreateApiKey" => return create(attempt, world),
            "CreateDeployment" => {
                let id = short_id(world);
                let output = json!({
                    "id": id,
                    "description": text(params, "description"),
                    "createdDate": epoch_seconds(world.date),
                });
                world.put(account, DEPLOYMENT, &format!("{api}/{id}"), output.clone());
                return Ok(Done { output, status: Some(201), created: vec![id], ..Done::default() });
            }
            "DeleteRestApi" => {
                world.remove(account, API, &api);
                return Ok(Done { status: Some(202), ..Done::default() });
            }
            "GetRestApi" => match world.get(account, API, &api) {
                Some(known) => known.value.clone(),
                // One that was never made exists all the same.
                None => described(&api, &json!({"name": api}), world),
            },
            "GetRestApis" => json!({"item": values(world, account, API, "")}),
            "GetApiKeys" => json!({"item": values(world, account, KEY, "")}),
            "GetDeployments" => json!({"item": values(world, account, DEPLOYMENT, &format!("{api}/"))}),
            "GetResources" => json!({"item": [{"id": "brownout00", "path": "/"}]}),
            "GetStages" | "GetUsagePlans" => json!({"item": []}),
            "GetAccount" => json!({"throttleSettings": {"burstLimit": BURST, "rateLimit": RATE}}),
            other => return Err(unmodelled(self, other)),
        };
        Ok(Done { output, ..Done::default() })
    }
}

fn create(attempt: &Attempt, world: &mut World) -> Result<Done, WireError> {
    let params = &attempt.params;
    if text(params, "name").is_empty() {
        return Err(wire_error_with(&ApiGateway, "BadRequestException", "name is missing"));
    }
    let id = short_id(world);
    let mut made = described(&id, params, world);
    let kind = if attempt.operation == "CreateApiKey" { KEY } else { API };
    if kind == KEY {
        // The value may be chosen; it is what a gateway's clients send as `x-api-key`.
        let chosen = Some(text(params, "value")).filter(|v| !v.is_empty());
        made["value"] = chosen.map_or_else(|| format!("brownout-key-{id}"), str::to_owned).into();
        made["enabled"] = true.into();
    }
    world.put(&attempt.sender.account, kind, &id, made.clone());
    Ok(Done { output: made, status: Some(201), created: vec![id], ..Done::default() })
}

fn described(id: &str, params: &Value, world: &World) -> Value {
    json!({"id": id, "name": text(params, "name"), "createdDate": epoch_seconds(world.date)})
}

/// Ids have ten letters and digits.
fn short_id(world: &mut World) -> String {
    world.id("").chars().take(10).collect()
}

fn values(world: &World, account: &str, kind: &'static str, prefix: &str) -> Vec<Value> {
    world.list(account, kind).filter(|(id, _)| id.starts_with(prefix)).map(|(_, e)| e.value.clone()).collect()
}

#[cfg(test)]
mod tests {
    use crate::service::testing::{Stage, request};

    #[test]
    fn a_request_of_boto3_is_recognised_and_answered() {
        let scope = (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIABROWNOUT00000000/20260101/us-east-1/apigateway/aws4_request, Signature=0",
        );
        let mut stage = Stage::new("ec2");
        let (attempt, done) = stage.send(request("POST", "/restapis", &[scope], r#"{"name":"shop"}"#));
        assert_eq!((attempt.service.id(), attempt.operation.as_str()), ("apigateway", "CreateRestApi"));
        let id = done.unwrap().created[0].clone();
        assert_eq!(id.len(), 10);
        let list = stage.send(request("GET", "/restapis?limit=5", &[scope], "")).1.unwrap().output;
        assert_eq!(list["item"][0]["id"], id.as_str());
        let path = format!("/restapis/{id}/deployments");
        let made = stage.reply(request("POST", &path, &[scope], r#"{"stageName":"prod"}"#));
        assert_eq!(made.status, 201);
        let list = stage.send(request("GET", &path, &[scope], "")).1.unwrap().output;
        assert_eq!(list["item"].as_array().map(Vec::len), Some(1));
        let gone = stage.reply(request("DELETE", &format!("/restapis/{id}"), &[scope], ""));
        assert_eq!((gone.status, gone.body.len()), (202, 0));
        assert_eq!(stage.reply(request("POST", "/apikeys", &[scope], "{}")).status, 400);
    }
}
