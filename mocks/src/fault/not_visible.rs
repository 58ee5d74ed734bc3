//! A created id is NotFound for a while, then flickers, then settles.
//!
//! Behind an eventually consistent API stand several readers that learn of a new resource at different
//! times. For `for` after its creation no reader knows the id; during `flap` each reader learns of it
//! at a moment of its own; every request goes to a reader drawn at random. Requests for ids that were
//! never created, or that have settled, are admitted.
//!
//! An item of a DynamoDB table is not NotFound but old: for the same times an eventually consistent read
//! (`GetItem`, `BatchGetItem`, `Query`, `Scan`) is answered with a 200 that holds what the item was before it
//! was last written, or nothing if it is new. A read with `ConsistentRead: true` is never behind.
//!
//! ## Source
//! S0 (eventual consistency: `InvalidInstanceID.NotFound`, `InvalidGroup.NotFound`); guidance 4.3; S2 (404: a
//! read that came too soon, and the consistent reads of DynamoDB)


use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Decision, Inject};
use crate::endpoint::Behind;
use crate::service::Class;
use crate::units::Span;

/// Parameters of `not_visible`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotVisible {
    /// How long no reader knows a new id.
    pub r#for: Span,
    /// How long it then flickers. Default: not at all.
    #[serde(default)]
    pub flap: Span,
    /// How many readers there are. Default: 3.
    #[serde(default = "default_readers")]
    #[schemars(range(min = 1, max = 100))]
    pub readers: u32,
    /// Error code. Default: the service's own for the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

fn default_readers() -> u32 {
    3
}

impl NotVisible {
    /// The reader that serves this request.
    fn reader(&self, at: &mut At<'_>) -> Behind {
        Behind {
            dark: self.r#for.get(),
            flap: self.flap.get(),
            reader: at.stream.below(u64::from(self.readers)),
            seed: at.seed,
            step: at.step.to_owned(),
        }
    }
}

impl Inject for NotVisible {
    fn admits(&self) -> bool {
        true
    }

    fn needs_own_service(&self) -> Option<&'static str> {
        Some("it needs to know when things were created, which only our own services tell")
    }

    fn decide(&self, at: &mut At<'_>) -> Decision {
        let realm = at.attempt.service.realm(&at.attempt.sender);
        for id in at.attempt.service.refers_to(at.attempt) {
            let Some(created) = at.world.created(&realm, &id) else { continue };
            let age = at.now.saturating_sub(created);
            let settled = age >= self.r#for.get() + self.flap.get();
            if !settled && !self.reader(at).knows(&id, age) {
                let service = at.attempt.service;
                let code = self.code.clone().unwrap_or_else(|| service.not_found_code(&at.attempt.operation, &id).into());
                let message = format!("The ID '{id}' does not exist");
                let mut decision = super::error::answer(at, &code, None, Some(&message), None, None);
                if let Decision::Answer(reply) = &mut decision {
                    reply.class = Some(Class::NotVisible);
                }
                return decision;
            }
        }
        if at.world.has_versions() {
            let behind = self.reader(at);
            if at.attempt.service.stale(at.attempt, at.world, &behind) {
                return Decision::Behind(behind);
            }
        }
        Decision::Admit
    }
}
