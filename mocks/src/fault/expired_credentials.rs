//! The credentials have expired: every request signed with them is refused until there are fresh ones.
//!
//! When the step first meets a request, all credentials handed out so far expire. Fresh ones come from the
//! container-credentials endpoint that brownout then serves at `/_brownout/credentials`; a command finds it
//! in `AWS_CONTAINER_CREDENTIALS_FULL_URI`. A request with fresh credentials is admitted. The right client
//! fetches new ones once; it does not back off and try the old ones again.
//!
//! ## Source
//! S1 (`ExpiredToken`); guidance 7 (STS)

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Decision, Inject};
use crate::request::session_of;

/// Parameters of `expired_credentials`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpiredCredentials {
    /// Error code. Default: the service's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Inject for ExpiredCredentials {
    fn admits(&self) -> bool {
        true
    }

    fn decide(&self, at: &mut At<'_>) -> Decision {
        let expired = *at.memory.expired.get_or_insert(at.world.sessions);
        // Credentials that are not from our endpoint are older than all of them.
        if session_of(&at.attempt.request).is_some_and(|session| session > expired) {
            return Decision::Admit;
        }
        let code = self.code.as_deref().unwrap_or_else(|| at.attempt.service.expired_code());
        super::error::answer(at, code, None, None, None, None)
    }
}
