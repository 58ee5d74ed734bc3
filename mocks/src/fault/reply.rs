//! Answer literally: a status, headers and a body of the author's own.
//!
//! For operations that brownout does not model, and for answers that no catalogue lists. A status of
//! 400 and above counts as an error of the class that its status has.
//!
//! ## Source
//! The scenario language; nothing that AWS does.

use std::collections::BTreeMap;

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Decision, Effect, Inject};
use crate::protocol::Reply;
use crate::service::class_of;

/// Parameters of `reply`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptedReply {
    /// HTTP status. Default: 200.
    #[serde(default = "default_status")]
    #[schemars(range(min = 200, max = 599))]
    pub status: u16,
    /// Headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Body, as text. Default: empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

fn default_status() -> u16 {
    200
}

impl Inject for ScriptedReply {
    fn effect(&self) -> Effect {
        if self.status < 400 { Effect::Before } else { Effect::None }
    }

    fn mistakes(&self) -> Vec<(&'static str, String)> {
        let valid = |name: &str, value: &str| {
            http::HeaderName::try_from(name).is_ok() && http::HeaderValue::try_from(value).is_ok()
        };
        let framing = |name: &str| {
            let of_the_body = self.body.is_empty() && name == "content-length";
            ["content-length", "transfer-encoding", "connection", "upgrade"].contains(&name) && !of_the_body
        };
        self.headers
            .iter()
            .filter_map(|(name, value)| {
                if !valid(name, value) {
                    Some(("headers", format!("`{name}` is no valid header")))
                } else if framing(&name.to_ascii_lowercase()) {
                    Some(("headers", format!("`{name}` belongs to the connection; `truncate`, `garbage` and `close` break it")))
                } else {
                    None
                }
            })
            .collect()
    }

    fn decide(&self, _: &mut At<'_>) -> Decision {
        let class = (self.status >= 400).then(|| class_of("", self.status));
        let headers = self.headers.iter().map(|(n, v)| (n.to_ascii_lowercase(), v.clone())).collect();
        let body = Bytes::from(self.body.clone());
        Decision::Answer(Box::new(Reply { headers, class, ..Reply::ok(self.status, "", body) }))
    }
}
