//! Accept the work with a 202, and have the result fetched later.
//!
//! API Gateway's answer to work that takes longer than its 30 s: `202 Accepted` and where to ask. The
//! `Location` names a job below the path that was asked; `GET` there says `PENDING` until the job's time is
//! over, then `SUCCEEDED`. A client that takes 202 for done has missed the result. Only for `execute-api`.
//!
//! ## Source
//! S2 (503: respond with 202 accepted and give the client a way to fetch the results later)

use bytes::Bytes;
use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::error::RetryAfter;
use super::{At, Decision, Effect, Inject};
use crate::protocol::Reply;
use crate::request::Attempt;
use crate::service::{JOB, Service};
use crate::units::Span;

/// Parameters of `accepted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// How long the work takes.
    pub r#for: Span,
    /// `Retry-After` of the 202 answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
}

impl Inject for Accepted {
    /// What is accepted will happen; nobody can tell when it did.
    fn effect(&self) -> Effect {
        Effect::Before
    }

    fn unfit(&self, attempt: &Attempt) -> Option<&'static str> {
        if attempt.service.id() != "execute-api" {
            Some("only `execute-api` accepts work for later")
        } else if attempt.request.method == Method::GET || attempt.request.method == Method::HEAD {
            Some("it reads; there is no work to accept")
        } else {
            None
        }
    }

    fn needs_own_service(&self) -> Option<&'static str> {
        Some("it makes a job, which only our own service knows")
    }

    fn foreign_to(&self, service: &dyn Service) -> Option<&'static str> {
        (service.id() != "execute-api").then_some("only `execute-api` accepts work for later")
    }

    fn decide(&self, at: &mut At<'_>) -> Decision {
        let id = at.world.id("job-");
        let path = format!("{}/{id}", at.attempt.request.path.trim_end_matches('/'));
        let ready = crate::journal::micros(at.now + self.r#for.get());
        at.world.put(&at.attempt.sender.account, JOB, &path, json!({ "id": id, "ready_us": ready }));
        let body = Bytes::from(json!({ "id": id, "status": "PENDING" }).to_string());
        let mut reply = Reply::ok(202, "application/json", body).with("location", path.clone());
        reply.created.push(path);
        if let Some(after) = &self.retry_after {
            reply = reply.with("retry-after", after.header(at.world.date));
        }
        Decision::Answer(Box::new(reply))
    }
}
