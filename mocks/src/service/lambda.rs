//! AWS Lambda: restJson1, functions that exist without being made and give back what they are sent.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Done, ErrorRow, Operation, Service, operation, row, text, unmodelled, wire_error_with};
use crate::endpoint::World;
use crate::protocol::{Protocol, WireError};
use crate::request::Attempt;

mod errors;

/// The service.
#[derive(Debug)]
pub(super) struct Lambda;

const OPERATIONS: &[Operation] = &[
    operation("CreateFunction", "POST", "/2015-03-31/functions", true),
    operation("DeleteFunction", "DELETE", "/2015-03-31/functions/{FunctionName}", true),
    operation("GetAccountSettings", "GET", "/2016-08-19/account-settings", false),
    operation("GetFunction", "GET", "/2015-03-31/functions/{FunctionName}", false),
    operation("GetFunctionConfiguration", "GET", "/2015-03-31/functions/{FunctionName}/configuration", false),
    operation("Invoke", "POST", "/2015-03-31/functions/{FunctionName}/invocations", true),
    operation("ListFunctions", "GET", "/2015-03-31/functions", false),
    operation("UpdateFunctionCode", "PUT", "/2015-03-31/functions/{FunctionName}/code", true),
    operation("UpdateFunctionConfiguration", "PUT", "/2015-03-31/functions/{FunctionName}/configuration", true),
];

/// The kind of entity that a function is.
const FUNCTION: &str = "function";

/// Errors whose message the model spells with a small letter; all others of the model have a capital.
const SMALL_MESSAGE: &[&str] = &[
    "CodeStorageExceededException",
    "InvalidParameterValueException",
    "InvalidRequestContentException",
    "PreconditionFailedException",
    "RequestTooLargeException",
    "ResourceConflictException",
    "ResourceNotReadyException",
    "TooManyRequestsException",
    "UnsupportedMediaTypeException",
];

/// Errors that come from AWS's common front end and not from Lambda's model: a bare message.
const FRONT_END: &[&str] = &[
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "ServiceUnavailableException",
    "ThrottlingException",
    "UnknownOperationException",
    "UnrecognizedClientException",
];

/// Lambda's one throttling error.
const THROTTLE: &str = "TooManyRequestsException";

/// Why Lambda throttles (guidance 6.3). The first is what an account meets that says nothing of itself.
const REASONS: &[&str] = &[
    "ConcurrentInvocationLimitExceeded",
    "CallerRateLimitExceeded",
    "ConcurrentSnapshotCreateLimitExceeded",
    "FunctionInvocationRateLimitExceeded",
    "ReservedFunctionConcurrentInvocationLimitExceeded",
    "ReservedFunctionInvocationRateLimitExceeded",
];

/// The `Reason` that an error gives, if it is a throttle.
fn reason(code: &str) -> Option<&'static str> {
    let code = if code == THROTTLE { REASONS[0] } else { code };
    REASONS.iter().copied().find(|r| *r == code)
}

impl Service for Lambda {
    fn id(&self) -> &'static str {
        "lambda"
    }

    fn title(&self) -> &'static str {
        "AWS Lambda"
    }

    fn signing_names(&self) -> &'static [&'static str] {
        &["lambda"]
    }

    fn protocols(&self) -> &'static [Protocol] {
        &[Protocol::RestJson1]
    }

    fn api_version(&self) -> &'static str {
        "2015-03-31"
    }

    /// A throttle is called by its reason where it is not the usual one; all have the same type.
    fn wire_code<'a>(&self, code: &'a str, _protocol: Protocol) -> &'a str {
        if reason(code).is_some() { THROTTLE } else { code }
    }

    fn message_key(&self, code: &str) -> &'static str {
        let code = self.wire_code(code, Protocol::RestJson1);
        if SMALL_MESSAGE.contains(&code) || FRONT_END.contains(&code) { "message" } else { "Message" }
    }

    fn error_members(&self, code: &str) -> Vec<(String, Value)> {
        let Some(row) = row(self, code).filter(|row| row.status >= 400 && !FRONT_END.contains(&row.code)) else {
            return Vec::new();
        };
        let mut members = vec![("Type".to_owned(), if row.status < 500 { "User" } else { "Service" }.into())];
        if let Some(reason) = reason(code) {
            members.push(("Reason".to_owned(), reason.into()));
        }
        members
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn errors(&self) -> &'static [ErrorRow] {
        errors::ROWS
    }

    fn throttle_code(&self, _operation: &str) -> &'static str {
        THROTTLE
    }

    /// A limit of one function is its reserved concurrency.
    fn concurrency_code(&self, operation: &str, function: bool) -> &'static str {
        match (operation, function) {
            ("Invoke", true) => "ReservedFunctionConcurrentInvocationLimitExceeded",
            _ => THROTTLE,
        }
    }

    /// Lambda says when to come back; which number it says is not documented, so it is the smallest.
    fn concurrency_retry_after(&self) -> Option<u32> {
        Some(1)
    }

    fn not_found_code(&self, _operation: &str, _target: &str) -> &'static str {
        "ResourceNotFoundException"
    }

    fn unmodelled_code(&self) -> &'static str {
        "UnknownOperationException"
    }

    /// The function's name, also where the request spells it as an ARN or with a qualifier.
    fn target(&self, _operation: &str, params: &Value) -> Option<String> {
        let name = text(params, "FunctionName");
        let name = name.split_once(":function:").map_or(name, |(_, name)| name);
        name.split(':').next().filter(|name| !name.is_empty()).map(str::to_owned)
    }

    fn perform(&self, attempt: &Attempt, world: &mut World) -> Result<Done, WireError> {
        let account = &attempt.sender.account;
        let name = attempt.target.clone().unwrap_or_default();
        let output = match attempt.operation.as_str() {
            "Invoke" => return Ok(invoke(attempt)),
            "ListFunctions" => {
                let names: Vec<String> = world.list(account, FUNCTION).map(|(name, _)| name.to_owned()).collect();
                json!({"Functions": names.iter().map(|n| configuration(attempt, world, n)).collect::<Vec<_>>()})
            }
            "GetFunction" => json!({
                "Configuration": configuration(attempt, world, &name),
                "Code": {"RepositoryType": "S3", "Location": "https://brownout.invalid/code.zip"},
            }),
            // An account that nobody raised (Lambda developer guide, quotas).
            "GetAccountSettings" => json!({
                "AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000},
                "AccountUsage": {"FunctionCount": world.list(account, FUNCTION).count(), "TotalCodeSize": 0},
            }),
            "GetFunctionConfiguration" | "UpdateFunctionCode" | "UpdateFunctionConfiguration" => {
                configuration(attempt, world, &name)
            }
            "CreateFunction" if name.is_empty() => {
                return Err(wire_error_with(self, "InvalidParameterValueException", "FunctionName is missing"));
            }
            "CreateFunction" => {
                if world.get(account, FUNCTION, &name).is_some() {
                    let message = format!("Function already exist: {name}");
                    return Err(wire_error_with(self, "ResourceConflictException", message));
                }
                world.put(
                    account,
                    FUNCTION,
                    &name,
                    json!({
                        "Runtime": attempt.params.get("Runtime"),
                        "Handler": attempt.params.get("Handler"),
                        "Role": attempt.params.get("Role"),
                    }),
                );
                let output = configuration(attempt, world, &name);
                return Ok(Done { output, status: Some(201), created: vec![name], ..Done::default() });
            }
            "DeleteFunction" => {
                world.remove(account, FUNCTION, &name);
                return Ok(Done { status: Some(204), ..Done::default() });
            }
            other => return Err(unmodelled(self, other)),
        };
        Ok(Done { output, ..Done::default() })
    }
}

/// Gives back the payload: a client can tell that its own request was carried out.
fn invoke(attempt: &Attempt) -> Done {
    let version = ("x-amz-executed-version".to_owned(), "$LATEST".to_owned());
    match attempt.request.header("x-amz-invocation-type") {
        Some("Event") => Done { status: Some(202), body: Some(Bytes::new()), ..Done::default() },
        Some("DryRun") => Done { status: Some(204), ..Done::default() },
        _ => {
            let json = serde_json::from_slice::<serde::de::IgnoredAny>(&attempt.request.body).is_ok();
            let body = if json { attempt.request.body.clone() } else { Bytes::from_static(b"{}") };
            let content_type = ("content-type".to_owned(), "application/json".to_owned());
            Done { body: Some(body), headers: vec![content_type, version], ..Done::default() }
        }
    }
}

/// A function as the Get calls show it. One that was never made is active.
fn configuration(attempt: &Attempt, world: &World, name: &str) -> Value {
    let account = &attempt.sender.account;
    let made = world.get(account, FUNCTION, name);
    let member = |key: &str, default: &str| {
        let value = made.map(|f| text(&f.value, key)).filter(|v| !v.is_empty());
        value.unwrap_or(default).to_owned()
    };
    let modified = world.date_of(made.map_or(std::time::Duration::ZERO, |f| f.created));
    json!({
        "FunctionName": name,
        "FunctionArn": format!("arn:aws:lambda:{}:{account}:function:{name}", attempt.sender.region),
        "Runtime": member("Runtime", "python3.13"),
        "Handler": member("Handler", "app.handler"),
        "Role": member("Role", "arn:aws:iam::000000000000:role/brownout"),
        "CodeSize": 0,
        "Timeout": 3,
        "MemorySize": 128,
        "LastModified": super::iso_date(modified).replace('Z', "+0000"),
        "Version": "$LATEST",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
    })
}

#[cfg(test)]
mod tests {
    use crate::service::testing::{Stage, request};

    const SCOPE: (&str, &str) = (
        "authorization",
        "AWS4-HMAC-SHA256 Credential=AKIABROWNOUT00000000/20260101/us-east-1/lambda/aws4_request, Signature=0",
    );

    #[test]
    fn a_request_of_boto3_is_recognised_and_answered() {
        let mut stage = Stage::new("ec2");
        let path =
            "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A0%3Afunction%3Afn%3Alive/invocations?Qualifier=1";
        let ask = request("POST", path, &[SCOPE], "{\"n\":1}");
        let (attempt, done) = stage.send(ask.clone());
        assert_eq!((attempt.service.id(), attempt.operation.as_str()), ("lambda", "Invoke"));
        assert_eq!(attempt.target.as_deref(), Some("fn"));
        assert_eq!(done.unwrap().body.unwrap(), "{\"n\":1}");
        assert_eq!(stage.reply(ask).header("content-type"), Some("application/json"));
        let event = request("POST", path, &[SCOPE, ("x-amz-invocation-type", "Event")], "{}");
        assert_eq!(stage.reply(event).status, 202);
    }

    #[test]
    fn functions_are_made_once() {
        let mut stage = Stage::new("lambda");
        let create =
            request("POST", "/2015-03-31/functions", &[SCOPE], r#"{"FunctionName":"fn","Runtime":"nodejs22.x"}"#);
        assert_eq!(stage.send(create.clone()).1.unwrap().created, ["fn"]);
        assert_eq!(stage.send(create).1.unwrap_err().code, "ResourceConflictException");
        let list = stage.send(request("GET", "/2015-03-31/functions/?MaxItems=5", &[SCOPE], "")).1.unwrap().output;
        assert_eq!(list["Functions"][0]["Runtime"], "nodejs22.x");
        let gone = stage.reply(request("DELETE", "/2015-03-31/functions/fn", &[SCOPE], ""));
        assert_eq!((gone.status, gone.body.len()), (204, 0));
    }
}
