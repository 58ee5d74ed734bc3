//! What a scenario says, as a checked value.

use std::collections::BTreeMap;

use brownout_mocks::endpoint::{Capacity, Upstream};
use brownout_mocks::plan::{Accounts, OneOrMany, Step};
use brownout_mocks::units::{Rate, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::guidance::ProfileChoice;

/// A scripted story, as it stands in its YAML file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Version of the scenario language: 1.
    #[schemars(range(min = 1, max = 1))]
    pub brownout: u32,
    /// Unique name in kebab-case.
    #[schemars(regex(pattern = r"^[a-z0-9]+(-[a-z0-9]+)*$"))]
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Why the story matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Where the story comes from: keys of `docs/sources.md`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// The service that is asked; requests without a signature belong to it.
    pub service: String,
    /// How many clients share the story. Default: 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1, max = 100_000))]
    pub clients: u32,
    /// The date at which virtual time starts, RFC 3339. Default: 2026-01-01T00:00:00Z.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub start: Option<String>,
    /// What brownout's own clients are asked to do; an external program brings its own demand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workload: Vec<WorkItem>,
    /// What goes wrong, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// What is asked of the client, and by which guidance it is judged.
    #[serde(default, skip_serializing_if = "Expect::is_default")]
    pub expect: Expect,
    /// Which clients belong to which account: `{"111111111111": [0, 1]}`. Default: all to one.
    #[serde(default, skip_serializing_if = "Accounts::is_empty")]
    pub accounts: Accounts,
    /// Whether brownout's own clients speak HTTP/2 (a command speaks what it likes). Default: HTTP/1.1.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub http2: bool,
    /// Who answers, under the faults, instead of our own services: an emulator such as moto, at
    /// `http://127.0.0.1:5000`. Not in virtual time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Upstream>,
    /// How much the service behind the faults can do. Default: everything at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
}

impl Document {
    /// As a YAML file that [`Scenario::parse`](super::Scenario::parse) reads back.
    /// (One exception: an input member named `<<` would be taken for a merge key.)
    pub fn to_yaml(&self) -> String {
        serde_yaml::to_string(self).unwrap_or_default()
    }
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_one(n: &u32) -> bool {
    *n == 1
}

/// One item of a workload: calls, or a flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum WorkItem {
    /// Calls of one operation.
    Call(CallItem),
    /// Calls that build on each other, played by an application-level client.
    Flow(FlowItem),
}

/// Calls of one operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallItem {
    /// Operation; for `execute-api`, method and path: `GET /orders`.
    pub call: String,
    /// Service, if it is not the scenario's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Input members, named as in the service's model.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Value>,
    /// How many calls each client makes. Default: 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub count: u32,
    /// Open loop: so many calls per unit of time, whether or not earlier ones have ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Open loop: a call each so often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// Closed loop: so many calls at a time. Default, without `rate` and `every`: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub concurrency: Option<u32>,
}

/// Calls that build on each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowItem {
    /// What is done, in order.
    pub flow: Vec<FlowStep>,
    /// How often the flow is played. Default: 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1, max = 100_000))]
    pub repeat: u32,
    /// Time between the starts of two repeats. Default: one begins when the other ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<Span>,
}

/// One step of a flow: a call, or a poll until something is so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FlowStep {
    /// A call; what it creates can be bound to a name.
    Call(FlowCall),
    /// Ask again until something is so; the client decides how long and how often.
    Poll(FlowPoll),
}

/// A call in a flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowCall {
    /// Operation.
    pub call: String,
    /// Name under which the id that it creates is kept, for `$name.id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#as: Option<String>,
    /// Ids that it is about: `$vm.id`, or literal. For `execute-api` they end the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<OneOrMany<String>>,
    /// Input members; a value `$vm.id` is replaced by what is bound.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Value>,
}

/// A poll in a flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowPoll {
    /// Operation.
    pub poll: String,
    /// Ids that it is about: `$vm.id`, or literal. For `execute-api` they end the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<OneOrMany<String>>,
    /// Input members.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Value>,
    /// The state to wait for (`running`), or `found`: the answer is no error. Default: found.
    #[serde(default = "found")]
    pub until: String,
}

fn found() -> String {
    "found".into()
}

/// What is asked of the client.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// How the calls must end. Default: any.
    #[serde(default, skip_serializing_if = "ExpectOutcome::is_any")]
    pub outcome: ExpectOutcome,
    /// The guidance to judge by: a profile's name, or a base with changes. Default: documented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileChoice>,
    /// How long a call may last, with all of its attempts and pauses. Default: as the profile says, and most say
    /// nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Span>,
    /// Rules that must reach a decision here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judge: Vec<String>,
    /// Exit status that a command must end with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 255))]
    pub exit: Option<i32>,
}

impl Expect {
    /// Whether it asks for nothing.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How the calls must end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpectOutcome {
    /// All succeed.
    Success,
    /// All fail.
    Failure,
    /// No matter.
    #[default]
    Any,
}

impl ExpectOutcome {
    /// Whether every outcome will do.
    pub fn is_any(&self) -> bool {
        *self == Self::Any
    }
}
