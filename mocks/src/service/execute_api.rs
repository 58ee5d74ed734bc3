//! API Gateway's data plane: any method and path of somebody's API, and the gateway's own responses.

use serde_json::{Value, json};

use super::Class::{Permanent, Quota, Throttling, Transient};
use super::{ALWAYS, Done, ErrorRow, ONCE, Operation, Service, line, operation, text, wire_error_with};
use crate::endpoint::World;
use crate::protocol::{Protocol, WireError};
use crate::request::Attempt;

/// The service.
#[derive(Debug)]
pub(super) struct ExecuteApi;

/// Every method and path is an operation; these are the methods.
const OPERATIONS: &[Operation] = &[
    operation("DELETE", "DELETE", "/{Path+}", true),
    operation("GET", "GET", "/{Path+}", false),
    operation("HEAD", "HEAD", "/{Path+}", false),
    operation("OPTIONS", "OPTIONS", "/{Path+}", false),
    operation("PATCH", "PATCH", "/{Path+}", true),
    operation("POST", "POST", "/{Path+}", true),
    operation("PUT", "PUT", "/{Path+}", true),
];

/// The kind of entity that a POST makes.
const RESOURCE: &str = "api-resource";

/// The kind of entity that a request is which was executed under a reference of its caller's.
const REFERENCE: &str = "api-reference";

/// The kind of entity that work accepted for later is, by its path.
pub const JOB: &str = "api-job";

/// Where the gateway responses are documented.
const GATEWAY: &str = "apigateway-responses";

/// A row is called by the error type that clients see, and once more by its gateway response type, which
/// tells apart those that share one; [`ExecuteApi::wire_code`] says what these send.
const ERRORS: &[ErrorRow] = &[
    line("TooManyRequestsException", 429, Throttling, ALWAYS, "S2", "Too Many Requests"),
    // SDK lists call this code throttling; the quota is spent all the same, and repeating does not help.
    line("LimitExceededException", 429, Quota, ALWAYS, "S2", "Limit Exceeded"),
    line("THROTTLED", 429, Throttling, ALWAYS, GATEWAY, "Too Many Requests"),
    line("QUOTA_EXCEEDED", 429, Quota, ALWAYS, GATEWAY, "Limit Exceeded"),
    line("INTEGRATION_FAILURE", 504, Transient, ALWAYS, "S2", "Internal server error"),
    line("INTEGRATION_TIMEOUT", 504, Transient, ALWAYS, "S2", "Endpoint request timed out"),
    line("InternalServerErrorException", 500, Transient, ALWAYS, "S2", "Internal server error"),
    line("MALFORMED_PROXY_RESPONSE", 502, Transient, ALWAYS, "S2", "Internal server error"),
    line("ServiceUnavailableException", 503, Transient, ALWAYS, "S2", "Service Unavailable"),
    line("ExpiredTokenException", 403, Permanent, ONCE, GATEWAY, "The security token is expired"),
    line("InvalidSignatureException", 403, Permanent, ONCE, GATEWAY, "The signature does not match the request."),
    line("MissingAuthenticationTokenException", 403, Permanent, ONCE, GATEWAY, "Missing Authentication Token"),
    line("ForbiddenException", 403, Permanent, ONCE, GATEWAY, "Forbidden"),
    line("AccessDeniedException", 403, Permanent, ONCE, GATEWAY, "User is not authorized to access this resource"),
    line("UnauthorizedException", 401, Permanent, [0; 3], GATEWAY, "Unauthorized"),
    line("AuthorizerConfigurationException", 500, Transient, ALWAYS, GATEWAY, ""),
    line("AuthorizerFailureException", 500, Transient, ALWAYS, GATEWAY, ""),
    line("AUTHORIZER_CONFIGURATION_ERROR", 500, Transient, ALWAYS, GATEWAY, ""),
    line("AUTHORIZER_FAILURE", 500, Transient, ALWAYS, GATEWAY, ""),
    line("EXPIRED_TOKEN", 403, Permanent, ONCE, GATEWAY, "The security token is expired"),
    line("INVALID_SIGNATURE", 403, Permanent, ONCE, GATEWAY, "The signature does not match the request."),
    line("MISSING_AUTHENTICATION_TOKEN", 403, Permanent, ONCE, GATEWAY, "Missing Authentication Token"),
    line("ACCESS_DENIED", 403, Permanent, ONCE, GATEWAY, "User is not authorized to access this resource"),
    line("UNAUTHORIZED", 401, Permanent, [0; 3], GATEWAY, "Unauthorized"),
    line("BAD_REQUEST_BODY", 400, Permanent, ONCE, GATEWAY, "Invalid request body"),
    line("RESOURCE_NOT_FOUND", 404, Permanent, ONCE, GATEWAY, "Not Found"),
    line("REQUEST_TOO_LARGE", 413, Permanent, [0; 3], GATEWAY, "Request Too Long"),
    line("UNSUPPORTED_MEDIA_TYPE", 415, Permanent, [0; 3], GATEWAY, "Unsupported Media Type"),
    line("API_CONFIGURATION_ERROR", 500, Transient, ALWAYS, GATEWAY, "Internal server error"),
    line("INVALID_API_KEY", 403, Permanent, ONCE, GATEWAY, "Forbidden"),
    line("WAF_FILTERED", 403, Permanent, ONCE, GATEWAY, "Forbidden"),
    line("BadRequestException", 400, Permanent, ONCE, GATEWAY, "Invalid request body"),
    line("BAD_REQUEST_PARAMETERS", 400, Permanent, ONCE, GATEWAY, "Missing required request parameters"),
    line("NotFoundException", 404, Permanent, ONCE, GATEWAY, "Not Found"),
    line("ConflictException", 409, Permanent, ONCE, "S2", "Conflict"),
    line("RequestTooLargeException", 413, Permanent, [0; 3], GATEWAY, "Request Too Long"),
    line("UnsupportedMediaTypeException", 415, Permanent, [0; 3], GATEWAY, "Unsupported Media Type"),
];

/// Gateway response types that are not sent by themselves (guidance 5.1).
const DEFAULTS: &[(&str, &str)] = &[
    (
        "DEFAULT_4XX",
        "the gateway response that an API may set for every 4xx type that it has not set by itself: the status stays \
         that of the type unless it sets one, and so do header and body; script the type that is meant, such as THROTTLED",
    ),
    (
        "DEFAULT_5XX",
        "the gateway response that an API may set for every 5xx type that it has not set by itself: the status stays \
         that of the type unless it sets one, and so do header and body; script the type that is meant, such as \
         INTEGRATION_TIMEOUT",
    ),
];

impl Service for ExecuteApi {
    fn id(&self) -> &'static str {
        "execute-api"
    }

    fn title(&self) -> &'static str {
        "Amazon API Gateway (data plane)"
    }

    fn signing_names(&self) -> &'static [&'static str] {
        &["execute-api"]
    }

    fn protocols(&self) -> &'static [Protocol] {
        &[Protocol::ApiGateway]
    }

    fn wire_code<'a>(&self, code: &'a str, _protocol: Protocol) -> &'a str {
        match code {
            "ACCESS_DENIED" => "AccessDeniedException",
            "API_CONFIGURATION_ERROR" | "INTEGRATION_FAILURE" | "INTEGRATION_TIMEOUT" | "MALFORMED_PROXY_RESPONSE" => {
                "InternalServerErrorException"
            }
            "AUTHORIZER_CONFIGURATION_ERROR" => "AuthorizerConfigurationException",
            "AUTHORIZER_FAILURE" => "AuthorizerFailureException",
            "BAD_REQUEST_BODY" | "BAD_REQUEST_PARAMETERS" => "BadRequestException",
            "EXPIRED_TOKEN" => "ExpiredTokenException",
            "INVALID_API_KEY" | "WAF_FILTERED" => "ForbiddenException",
            "INVALID_SIGNATURE" => "InvalidSignatureException",
            "MISSING_AUTHENTICATION_TOKEN" => "MissingAuthenticationTokenException",
            "QUOTA_EXCEEDED" => "LimitExceededException",
            "REQUEST_TOO_LARGE" => "RequestTooLargeException",
            "RESOURCE_NOT_FOUND" => "NotFoundException",
            "THROTTLED" => "TooManyRequestsException",
            "UNAUTHORIZED" => "UnauthorizedException",
            "UNSUPPORTED_MEDIA_TYPE" => "UnsupportedMediaTypeException",
            other => other,
        }
    }

    fn message_key(&self, code: &str) -> &'static str {
        if matches!(code, "AccessDeniedException" | "ACCESS_DENIED") { "Message" } else { "message" }
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn errors(&self) -> &'static [ErrorRow] {
        ERRORS
    }

    fn no_errors(&self) -> &'static [(&'static str, &'static str)] {
        DEFAULTS
    }

    fn throttle_code(&self, _operation: &str) -> &'static str {
        "TooManyRequestsException"
    }

    fn not_found_code(&self, _operation: &str, _target: &str) -> &'static str {
        "NotFoundException"
    }

    fn unmodelled_code(&self) -> &'static str {
        "NotFoundException"
    }

    fn target(&self, _operation: &str, params: &Value) -> Option<String> {
        Some(text(params, "path").to_owned()).filter(|path| !path.is_empty())
    }

    /// A POST makes something below its path; everything else is fine. A request that carries a reference of
    /// its caller's is executed once: later it conflicts with itself, and the answer says what it made.
    fn perform(&self, attempt: &Attempt, world: &mut World) -> Result<Done, WireError> {
        let path = text(&attempt.params, "path");
        let account = &attempt.sender.account;
        let reference = reference(attempt);
        if let Some(executed) = reference.as_ref().and_then(|r| world.get(account, REFERENCE, r)) {
            return Err(WireError {
                members: vec![("id".to_owned(), executed.value["id"].clone())],
                headers: vec![("location".to_owned(), text(&executed.value, "path").to_owned())],
                ..wire_error_with(self, "ConflictException", "A request with this reference was executed before")
            });
        }
        let executed = |world: &mut World, id: &str, made: &str| {
            if let Some(reference) = &reference {
                world.put(account, REFERENCE, reference, json!({"id": id, "path": made}));
            }
        };
        if attempt.request.method == http::Method::POST {
            let id = world.id("");
            let made = format!("{}/{id}", path.trim_end_matches('/'));
            world.put(account, RESOURCE, &made, json!({"id": id}));
            executed(world, &id, &made);
            let output = json!({"id": id});
            return Ok(Done { output, status: Some(201), created: vec![made], ..Done::default() });
        }
        executed(world, path.rsplit('/').next().unwrap_or_default(), path);
        if let Some(job) = world.get(account, JOB, path) {
            let done = job.value["ready_us"].as_u64().is_some_and(|ready| crate::journal::micros(world.now) >= ready);
            let output = json!({"id": job.value["id"], "status": if done { "SUCCEEDED" } else { "PENDING" }});
            return Ok(Done { output, unsettled: !done, ..Done::default() });
        }
        let known = world.get(account, RESOURCE, path).and_then(|e| e.value.get("id")).cloned();
        if attempt.request.method == http::Method::DELETE {
            world.remove(account, RESOURCE, path);
        }
        let output = known.map_or_else(|| json!({"ok": true}), |id| json!({"id": id, "ok": true}));
        Ok(Done { output, ..Done::default() })
    }
}

/// The reference under which a request that changes something is to be executed once: its header
/// `Idempotency-Key`, or the member `CallerReference` of its JSON body. It holds for one method and path, and
/// the rest of the body does not matter to it.
fn reference(attempt: &Attempt) -> Option<String> {
    let request = &attempt.request;
    if !matches!(request.method, http::Method::POST | http::Method::PUT | http::Method::PATCH) {
        return None;
    }
    let in_body = || {
        let body: Value = serde_json::from_slice(&request.body).ok()?;
        let names = ["CallerReference", "callerReference"];
        names.iter().find_map(|name| body.get(name)?.as_str()).map(str::to_owned)
    };
    let given = request.header("idempotency-key").map(str::to_owned).or_else(in_body).filter(|r| !r.is_empty())?;
    Some(format!("{} {} {given}", request.method, request.path))
}

#[cfg(test)]
mod tests {
    use crate::service::testing::{Stage, request};

    #[test]
    fn a_reference_is_executed_once() {
        let mut stage = Stage::new("execute-api");
        let mut ask = |method: &str, path: &str, key: &str, body: &str| {
            let headers = [("idempotency-key", key)];
            let reply = stage.reply(request(method, path, &headers[..usize::from(!key.is_empty())], body));
            let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
            (reply.status, body["id"].clone(), reply.header("location").map(str::to_owned))
        };
        let (status, id, _) = ask("POST", "/orders", "a", "{}");
        assert_eq!(status, 201);
        let location = format!("/orders/{}", id.as_str().unwrap());
        assert_eq!(ask("POST", "/orders", "a", "{}"), (409, id, Some(location)));
        for other in
            [ask("POST", "/orders", "b", "{}"), ask("POST", "/carts", "a", "{}"), ask("POST", "/orders", "", "{}")]
        {
            assert_eq!(other.0, 201, "another reference, another path, none");
        }
        assert_eq!(ask("PUT", "/orders/7", "a", "{}").0, 200);
        assert_eq!(ask("PUT", "/orders/7", "a", "{}"), (409, "7".into(), Some("/orders/7".to_owned())));
        let named = r#"{"CallerReference":"c","Name":"x"}"#;
        assert_eq!((ask("POST", "/zones", "", named).0, ask("POST", "/zones", "", named).0), (201, 409));
    }

    #[test]
    fn a_post_makes_something_below_its_path() {
        let mut stage = Stage::new("execute-api");
        let (attempt, done) = stage.send(request("POST", "/prod/orders/", &[], "{\"n\":1}"));
        assert_eq!(attempt.operation, "POST /prod/orders/");
        let done = done.unwrap();
        let path = &done.created[0];
        assert_eq!((done.status, path.rsplit_once('/').unwrap().0), (Some(201), "/prod/orders"));
        let reply = stage.reply(request("GET", path, &[], ""));
        assert_eq!(reply.status, 200);
        assert!(String::from_utf8_lossy(&reply.body).contains("\"ok\":true"));
        assert!(reply.header("x-amz-apigw-id").is_some());
    }
}
