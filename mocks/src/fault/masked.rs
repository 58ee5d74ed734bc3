//! One error dressed as another status.
//!
//! Error mappings in gateways turn one error into another: a "limit exceeded" that arrives as a 500. What
//! `keep` names still betrays the true error: the `x-amzn-ErrorType` header, the code in the body, the
//! message. All else is what the service would say with the status that is shown. In the journal the
//! answer has the class of what a client can read: by the code where one is kept, else by the status.
//!
//! ## Source
//! S2 (500: inconsistent error mapping)

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{At, Decision, Inject};
use crate::protocol::{Protocol, WireError};
use crate::service::{class_of, wire_error};

/// Parameters of `masked`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Masked {
    /// Code of the true error.
    pub code: String,
    /// Status that is shown.
    #[schemars(range(min = 400, max = 599))]
    pub status: u16,
    /// What still betrays the true error. Default: the message.
    #[serde(default = "default_keep")]
    pub keep: Vec<Trace>,
}

/// What may betray a masked error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trace {
    /// The header `x-amzn-ErrorType`.
    Header,
    /// The code in the body.
    Type,
    /// The message.
    Message,
}

fn default_keep() -> Vec<Trace> {
    vec![Trace::Message]
}

const HEADER: &str = "x-amzn-errortype";

impl Inject for Masked {
    fn decide(&self, at: &mut At<'_>) -> Decision {
        let (service, protocol) = (at.attempt.service, at.attempt.protocol);
        let keeps = |trace| self.keep.contains(&trace);
        let truth = wire_error(service, &self.code);
        // What the service itself would say with that status.
        let mask = service.errors().iter().find(|row| row.status == self.status);
        let mask = mask.map_or(("InternalFailure", "Internal server error"), |row| (row.code, row.message));
        let shown = WireError {
            code: if keeps(Trace::Type) { self.code.clone() } else { mask.0.to_owned() },
            status: self.status,
            class: truth.class,
            message: if keeps(Trace::Message) { truth.message } else { mask.1.to_owned() },
            members: if keeps(Trace::Type) { truth.members } else { Vec::new() },
            headers: Vec::new(),
        };
        let head = at.attempt.request.method == http::Method::HEAD;
        let mut reply = protocol.error(service, &shown, &at.world.request_id(), head);
        let in_header = matches!(protocol, Protocol::RestJson1 | Protocol::ApiGateway);
        if in_header || keeps(Trace::Header) {
            let code = if keeps(Trace::Header) { &self.code } else { mask.0 };
            reply.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(HEADER));
            reply = reply.with(HEADER, service.wire_code(code, protocol));
        }
        if in_header && keeps(Trace::Type) && !head {
            // These protocols name the error in the header alone; clients also look for `__type`.
            if let Ok(Value::Object(mut body)) = serde_json::from_slice(&reply.body) {
                body.insert("__type".into(), service.wire_code(&self.code, protocol).into());
                reply.body = Value::Object(body).to_string().into();
            }
        }
        let by_code = if in_header { keeps(Trace::Header) } else { keeps(Trace::Type) };
        reply.class = Some(if by_code { truth.class } else { class_of("", self.status) });
        reply.code = Some(if by_code { self.code.as_str() } else { mask.0 }.to_owned());
        Decision::Answer(Box::new(reply))
    }
}
