//! Scenarios: scripted stories in YAML, read strictly, explained kindly.
//!
//! | module | owns |
//! |---|---|
//! | `model` | what a scenario says, as types |
//! | `yaml` | text to a tree in which everything remembers where it stood |
//! | `schema` | the JSON Schema of the types, for editors and for `validate` |
//! | `validate` | tree against schema: keys, kinds, ranges, units |
//! | `check` | what a schema cannot say: unreachable steps, unknown names, bindings |
//! | `names` | the names of rules, profiles and sources that a scenario may use |
//! | `profile_file` | a profile in a file of the user's own, read as strictly |
//! | `diagnostic` | mistakes and how they are shown |
//! | [`library`] | the scenarios that brownout ships |
//!
//! **Invariant:** nothing here is async, does I/O, reads a clock or draws an unseeded number, and no
//! text, however malformed, panics or hangs it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use brownout_mocks::clock::{Clock, Time};
use brownout_mocks::plan::{Plan, Step};
use brownout_mocks::random::Seed;
use brownout_mocks::service::{self, Service};
use brownout_mocks::units::{Rate, Span};

mod check;
mod diagnostic;
pub mod library;
mod model;
mod names;
mod profile_file;
mod schema;
mod suggest;
mod text;
mod validate;
mod yaml;

pub use crate::guidance::{CustomProfile, ProfileChoice};
pub(crate) use check::GATEWAY;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use model::{CallItem, Document, Expect, ExpectOutcome, FlowCall, FlowItem, FlowPoll, FlowStep, WorkItem};
pub use names::{Source, known_profiles, known_rules, sources};
pub use profile_file::ProfileFile;
pub use schema::{schema, tidy as tidy_schema};
pub use suggest::did_you_mean;
pub use text::ByteSpan;
pub use yaml::FILE_MAX;

use diagnostic::Findings;
use text::Lines;
use yaml::Node;

/// A scenario: a checked value that remembers where each part of it stood.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What it says.
    pub document: Document,
    /// Its YAML.
    pub text: String,
    /// Path, or the name in the library.
    pub origin: String,
    service: &'static dyn Service,
    lines: Arc<Lines>,
    tree: Arc<Node>,
}

/// What a scenario's workload consists of, and so who can play it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Calls to a signed service: SDK clients.
    Calls,
    /// Calls to API Gateway's data plane: HTTP clients.
    Gateway,
    /// A flow: application-level clients.
    Flow,
    /// None: only a program with its own demand.
    Empty,
}

impl Scenario {
    /// Reads a scenario, or reports all mistakes in it.
    pub fn parse(origin: &str, text: &str) -> Result<Self, Diagnostics> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = Lines::of(text);
        let mut findings = Findings::new(text, &lines);
        let Some(tree) = yaml::read(&mut findings) else { return Err(findings.finish(origin)) };
        validate::validate(schema(), "the scenario", &tree, &mut findings);
        let json = tree.json();
        check::check(&json, &tree, &mut findings);
        if !findings.is_empty() {
            return Err(findings.finish(origin));
        }
        let document = serde_json::from_value::<Document>(json).map_err(|e| e.to_string());
        let document = document.and_then(|d| match service::find(&d.service) {
            Some(service) => Ok((d, service)),
            None => Err(format!("there is no service `{}`", d.service)),
        });
        match document {
            Ok((document, service)) => {
                let (text, origin) = (text.to_owned(), origin.to_owned());
                Ok(Self { document, text, origin, service, lines: Arc::new(lines), tree: Arc::new(tree) })
            }
            // The schema and the types come from one source; should they ever differ, it is still no panic.
            Err(message) => {
                findings.add(&(0..0), message);
                Err(findings.finish(origin))
            }
        }
    }

    /// A scenario that was not written but made, for instance by a property test.
    pub fn from_document(origin: &str, document: &Document) -> Result<Self, Diagnostics> {
        Self::parse(origin, &document.to_yaml())
    }

    /// The service that is asked.
    pub fn service(&self) -> &'static dyn Service {
        self.service
    }

    /// The line of the value that a JSON pointer names: `/steps/0/inject`.
    pub fn line_of(&self, pointer: &str) -> Option<usize> {
        self.tree.find(pointer).map(|(node, key)| {
            // An empty value stands nowhere; its key does.
            let span = key.filter(|_| node.span.is_empty()).unwrap_or(&node.span);
            self.lines.line(span.start)
        })
    }

    /// The line of what a step injects, from 1.
    pub fn line_of_step(&self, index: usize) -> usize {
        let step = format!("/steps/{index}");
        [format!("{step}/inject"), format!("{step}/pass"), step].iter().find_map(|p| self.line_of(p)).unwrap_or(1)
    }

    /// The text of a line, from 1; empty for a line that does not exist.
    pub fn excerpt(&self, line: usize) -> &str {
        &self.text[self.lines.span(&self.text, line)]
    }

    /// What its workload consists of.
    pub fn kind(&self) -> Kind {
        match self.document.workload.first() {
            None => Kind::Empty,
            Some(WorkItem::Flow(_)) => Kind::Flow,
            Some(WorkItem::Call(call)) => {
                let id = call.service.as_deref().unwrap_or(&self.document.service);
                if id == check::GATEWAY { Kind::Gateway } else { Kind::Calls }
            }
        }
    }

    /// What the endpoint plays.
    pub fn plan(&self, seed: Seed) -> Plan {
        self.plan_of(&self.document.steps, seed)
    }

    /// The same with all faults off: the control.
    pub fn control_plan(&self, seed: Seed) -> Plan {
        self.plan_of(&[], seed)
    }

    /// For the reference client, in virtual time: our own services answer, where an upstream would.
    pub fn reference_plan(&self, seed: Seed) -> Plan {
        let mut plan = self.plan(seed);
        plan.upstream = None;
        plan
    }

    fn plan_of(&self, steps: &[Step], seed: Seed) -> Plan {
        let mut plan = Plan::new(steps, seed, self.service);
        plan.accounts.clone_from(&self.document.accounts);
        plan.capacity.clone_from(&self.document.capacity);
        plan.upstream.clone_from(&self.document.upstream);
        plan.http2 = self.document.http2;
        plan
    }

    /// Whether credentials expire, so that clients have to be able to fetch fresh ones.
    pub fn hands_out_credentials(&self) -> bool {
        self.document.steps.iter().flat_map(Step::faults).any(|f| f.name() == "expired_credentials")
    }

    /// Why it cannot be played in this kind of time, if it cannot.
    pub fn why_not(&self, time: Time) -> Option<String> {
        if let (Some(upstream), Time::Virtual) = (&self.document.upstream, time) {
            return Some(format!(
                "`{}` cannot be played in virtual time: the upstream {} lives in the machine's; play it with \
                 `--time wall`, or with a command after `--`",
                self.document.name,
                upstream.address()
            ));
        }
        let plan = self.plan(Seed { run: 1, trial: 0 });
        let step = plan.only_virtual().filter(|_| time != Time::Virtual)?;
        Some(format!(
            "`{}` cannot be played in {} time: step `{step}` counts refused connections, which over TCP only the \
             kernel sees; give `refuse` a time instead (`for`, `after`, `until`)",
            self.document.name,
            time.name()
        ))
    }

    /// The longest silence that the scenario itself makes: the start of its last step, its longest delay or
    /// hint, or the longest time between two calls of its workload.
    pub fn longest_silence(&self) -> Duration {
        let steps = self.document.steps.iter();
        let starts = steps.clone().filter_map(|s| s.when.after).map(Span::get);
        let delays = steps.flat_map(Step::faults).map(|f| f.inject().longest());
        let demand = self.document.workload.iter().filter_map(|item| match item {
            WorkItem::Call(call) => call.every.map(Span::get).or_else(|| call.rate.map(Rate::interval)),
            WorkItem::Flow(flow) => flow.pace.map(Span::get),
        });
        starts.chain(delays).chain(demand).max().unwrap_or_default()
    }

    /// The date at which virtual time starts.
    pub fn epoch(&self) -> SystemTime {
        let start = self.document.start.as_deref().and_then(|text| validate::date(text).ok());
        start.unwrap_or_else(Clock::virtual_epoch)
    }
}

#[cfg(test)]
mod tests;
