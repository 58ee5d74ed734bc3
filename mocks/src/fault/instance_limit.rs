//! So many instances at a time: a request for more gets `InstanceLimitExceeded`.
//!
//! It counts what exists, per account and Region: instances that start, run, stop or shut down, and those
//! that are terminated for another `lag`. Whoever launches and terminates in quick succession meets the limit
//! that way. All that a request asks for must fit (`MaxCount`). A repeated `ClientToken` and a `DryRun` start
//! nothing and are admitted; requests that a step refused have started nothing and do not count.
//!
//! ## Source
//! S0 (`InstanceLimitExceeded`: terminated instances count for a while); guidance 4.5

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Decision, Inject};
use crate::request::Attempt;
use crate::service::{Limited, Service, dry_run};
use crate::units::Span;

/// Parameters of `instance_limit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceLimit {
    /// Instances at a time.
    #[schemars(range(max = 1_000_000))]
    pub limit: u64,
    /// How long a terminated instance goes on counting. Default: not at all.
    #[serde(default)]
    pub lag: Span,
}

impl Inject for InstanceLimit {
    fn admits(&self) -> bool {
        true
    }

    fn unfit(&self, attempt: &Attempt) -> Option<&'static str> {
        let starts = matches!(attempt.operation.as_str(), "RunInstances" | "StartInstances");
        (attempt.service.id() != "ec2" || !starts || dry_run(attempt)).then_some("it starts no instances")
    }

    fn foreign_to(&self, service: &dyn Service) -> Option<&'static str> {
        (service.id() != "ec2").then_some("only `ec2` starts instances")
    }

    fn decide(&self, at: &mut At<'_>) -> Decision {
        let Limited { standing, wanted } = Limited::of(at.attempt, at.world, self.lag.get());
        if wanted == 0 || standing + wanted <= self.limit {
            return Decision::Admit;
        }
        let limit = self.limit;
        let message = format!("{wanted} more would exceed the limit of {limit} instances, of which {standing} are taken");
        super::error::answer(at, "InstanceLimitExceeded", None, Some(&message), None, None)
    }
}
