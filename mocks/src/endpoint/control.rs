//! Requests to brownout itself, below `/_brownout/`: they are no attempts and count for nothing.

use std::time::Duration;

use serde_json::json;

use super::Endpoint;
use crate::journal::EventKind;
use crate::protocol::Reply;
use crate::request::{Request, access_key, session_token};
use crate::service::iso_date;

/// Where fresh credentials are handed out, in the shape of a container's credentials endpoint.
pub const CREDENTIALS: &str = "/_brownout/credentials";

/// Everything below it is brownout's own.
const OWN: &str = "/_brownout/";

/// How long credentials say they are valid.
const VALID: Duration = Duration::from_secs(3600);

impl Endpoint {
    /// The answer to a request to brownout itself; `None` if it is one to a service.
    pub fn control(&self, request: &Request) -> Option<Reply> {
        if !request.path.starts_with(OWN) {
            return None;
        }
        if request.path != CREDENTIALS {
            let text = format!("brownout: there is nothing at {}; there is {CREDENTIALS}\n", request.path);
            return Some(Reply::ok(404, "text/plain", text));
        }
        let client = request.query_value("client").and_then(|n| n.parse().ok()).unwrap_or(0);
        let mut inner = self.lock();
        inner.world.sessions += 1;
        let session = inner.world.sessions;
        self.recorder.push(self.clock.now(), EventKind::CredentialsIssued { client, session });
        let body = json!({
            "AccessKeyId": access_key(client),
            "SecretAccessKey": "brownout-secret-brownout-secret-00000000",
            "Token": session_token(session),
            "Expiration": iso_date(self.clock.date() + VALID),
        });
        Some(Reply::ok(200, "application/json", body.to_string()))
    }
}
