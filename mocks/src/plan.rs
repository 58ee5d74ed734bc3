//! Steps: which fault meets which request.
//!
//! Steps are tried from the top. A step that *admits* (a bucket with tokens, a quota not yet spent, a
//! probability missed, `times` used up) falls through to the next; one that injects ends the search; if
//! none injects, the service answers normally.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::endpoint::{Capacity, Upstream};
use crate::fault::{Effect, Fault};

mod port;
mod select;
mod state;

pub use port::Closed;
pub use select::{Glob, OneOrMany, Ordinals, When};
pub use state::{Decided, PlanState};

/// One step of a scenario: when, how often, and what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// A name of the step's own. Its random draws hang on it; without it, on the step's content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Which requests it is about. Default: all.
    #[serde(default, skip_serializing_if = "When::is_any")]
    pub when: When,
    /// Inject at most so often, counted `per`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub times: Option<u64>,
    /// What `times` and `every` are counted per. Default: run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Per>,
    /// Inject into every n-th request only, counted `per`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub every: Option<u64>,
    /// Inject with this probability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub probability: Option<f64>,
    /// What to inject: one fault or a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inject: Option<OneOrMany<Fault>>,
    /// `true` answers normally and looks at no further step; the same as `inject: pass`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<bool>,
    /// When the operation takes effect. Default: as the fault says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// May stay unused without failing the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// What `times` and `every` are counted per.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// The whole run.
    #[default]
    Run,
    /// One invocation.
    Call,
    /// One target.
    Resource,
    /// One client.
    Client,
}

impl Step {
    /// Its faults; `pass: true` reads as the fault `pass`.
    pub fn faults(&self) -> Vec<Fault> {
        match (&self.inject, self.pass) {
            (Some(faults), _) => faults.iter().cloned().collect(),
            (None, Some(true)) => vec![Fault::Pass(crate::fault::Pass {})],
            (None, _) => Vec::new(),
        }
    }

    /// Its id: its own, or a hash of its content, never its position.
    pub fn id(&self) -> String {
        self.id.clone().unwrap_or_else(|| {
            let text = serde_json::to_string(self).unwrap_or_default();
            format!("step-{}", hex::encode(&Sha256::digest(text.as_bytes())[..4]))
        })
    }

    /// Whether it may admit a request that it matches, and so let later steps be reached.
    pub fn admits(&self) -> bool {
        self.times.is_some()
            || self.every.is_some()
            || self.probability.is_some_and(|p| p < 1.0)
            || self.faults().iter().any(|f| f.inject().admits())
    }

    /// Whether it acts when a connection is accepted.
    pub fn at_connect(&self) -> bool {
        self.faults().iter().any(|f| f.inject().at_connect())
    }
}

/// Which clients belong to which account, where the scenario regroups them.
pub type Accounts = BTreeMap<String, Vec<u32>>;

/// What the endpoint plays: the steps, ready to be asked.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The steps in their order, each with its id and its faults.
    pub steps: Vec<PlannedStep>,
    /// Seed and trial.
    pub seed: crate::random::Seed,
    /// The service of requests without a signature.
    pub service: &'static dyn crate::service::Service,
    /// Accounts by client, where the scenario regroups them.
    pub accounts: Accounts,
    /// How much the service behind the steps can do; without it, everything at once.
    pub capacity: Option<Capacity>,
    /// Who answers instead of our services, if anybody.
    pub upstream: Option<Upstream>,
    /// Whether brownout's own clients speak HTTP/2.
    pub http2: bool,
    /// Whether each decision is explained in the journal.
    pub explain: bool,
}

/// A step with what is derived from it once.
#[derive(Debug, Clone)]
pub struct PlannedStep {
    /// As written.
    pub step: Step,
    /// Its id.
    pub id: String,
    /// Its faults.
    pub faults: Vec<Fault>,
    /// Whether it acts when a connection is accepted.
    pub at_connect: bool,
}

impl Plan {
    /// The longest that a reader may be behind.
    pub fn behind(&self) -> std::time::Duration {
        let faults = self.steps.iter().flat_map(|s| &s.faults);
        let hidden = faults.filter_map(|f| if let Fault::NotVisible(hidden) = f { Some(hidden) } else { None });
        hidden.map(|hidden| hidden.r#for.get() + hidden.flap.get()).max().unwrap_or_default()
    }

    /// A plan over `steps`. An empty list is the control: all faults off.
    pub fn new(steps: &[Step], seed: crate::random::Seed, service: &'static dyn crate::service::Service) -> Self {
        let planned = |step: &Step| PlannedStep {
            id: step.id(),
            faults: step.faults(),
            at_connect: step.at_connect(),
            step: step.clone(),
        };
        let steps = steps.iter().map(planned).collect();
        Self {
            steps,
            seed,
            service,
            accounts: Accounts::new(),
            capacity: None,
            upstream: None,
            http2: false,
            explain: false,
        }
    }
}
