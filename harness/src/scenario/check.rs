//! What a schema cannot say about a scenario: unknown names, contradictions, steps that nothing reaches.
//!
//! Works on whatever parts of the file could be read, so that one mistyped step does not hide what is
//! wrong with the others.

use std::collections::{BTreeMap, BTreeSet};

use brownout_mocks::plan::Step;
use brownout_mocks::service::{self, SERVICES, Service};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::diagnostic::Findings;
use super::model::{FlowCall, FlowPoll, FlowStep, WorkItem};
use super::names::{known_profiles, known_rules, sources};
use super::text::{ByteSpan, clip};
use super::yaml::{Data, Node};
use crate::guidance::auto::NAME as AUTO;

mod profile;
mod reach;
mod steps;
mod workload;

/// The service whose operations are a method and a path.
pub(crate) const GATEWAY: &str = "execute-api";

/// So many steps may a scenario have.
const STEPS_MAX: usize = 10_000;

/// So many comparisons between parts of a file are made; beyond them, a huge file is not looked at as closely.
const WORK_MAX: usize = 2_000_000;

/// Reports every mistake that takes more than a schema to see.
pub(super) fn check(json: &Value, tree: &Node, findings: &mut Findings<'_>) {
    if findings.is_full() {
        return;
    }
    let draft = Draft::of(json);
    let mut checker = Checker { tree, findings, draft: &draft, work: WORK_MAX };
    checker.head();
    checker.accounts();
    checker.expect();
    if checker.few_enough_steps() {
        checker.steps();
        checker.reach();
    }
    checker.workload();
}

pub(super) use profile::check_profile;

/// The parts that could be read, each with its index in the file.
struct Draft {
    service: Option<&'static dyn Service>,
    clients: u64,
    steps: Vec<(usize, Step)>,
    workload: Vec<(usize, WorkItem)>,
    /// Whether all of the workload could be read.
    whole_workload: bool,
    /// The services that are asked: the scenario's and those of the calls.
    services: Vec<&'static dyn Service>,
    /// Service and operation of everything that the workload calls.
    calls: BTreeSet<(&'static str, String)>,
    /// Indices of the steps that script an answer.
    replies: Vec<usize>,
}

impl Draft {
    fn of(json: &Value) -> Self {
        let workload: Vec<(usize, WorkItem)> = parts(json.get("workload"), |v| read(v).or_else(|| bare_call(v)));
        let steps: Vec<(usize, Step)> = parts(json.get("steps"), read);
        let service = json.get("service").and_then(Value::as_str).and_then(service::find);
        let calls = calls(&workload, service);
        let asked =
            |s: &&dyn Service| service.is_some_and(|o| o.id() == s.id()) || calls.iter().any(|(id, _)| *id == s.id());
        Self {
            service,
            services: SERVICES.iter().copied().filter(asked).collect(),
            clients: json.get("clients").and_then(Value::as_u64).unwrap_or(1),
            replies: (0..steps.len()).filter(|i| steps[*i].1.faults().iter().any(|f| f.name() == "reply")).collect(),
            steps,
            calls,
            whole_workload: json
                .get("workload")
                .is_none_or(|w| w.as_array().is_some_and(|w| w.len() == workload.len())),
            workload,
        }
    }
}

fn calls(workload: &[(usize, WorkItem)], service: Option<&'static dyn Service>) -> BTreeSet<(&'static str, String)> {
    let mut calls = BTreeSet::new();
    for (_, item) in workload {
        match item {
            WorkItem::Call(call) => {
                let service = call.service.as_deref().map_or(service, service::find);
                calls.extend(service.map(|s| (s.id(), call.call.clone())));
            }
            WorkItem::Flow(flow) => calls.extend(flow.flow.iter().filter_map(|step| {
                let (FlowStep::Call(FlowCall { call: name, .. }) | FlowStep::Poll(FlowPoll { poll: name, .. })) = step;
                service.map(|s| (s.id(), name.clone()))
            })),
        }
    }
    calls
}

fn parts<T>(list: Option<&Value>, read: impl Fn(&Value) -> Option<T>) -> Vec<(usize, T)> {
    let items = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().take(STEPS_MAX).enumerate().filter_map(|(i, v)| read(v).map(|t| (i, t))).collect()
}

fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

/// A call with a mistyped key is still a call: what it calls can be checked.
fn bare_call(item: &Value) -> Option<WorkItem> {
    let keys = ["call", "service"].iter().filter_map(|key| Some(((*key).to_owned(), item.get(key)?.clone())));
    read(&Value::Object(keys.collect()))
}

struct Checker<'c, 'f, 't> {
    tree: &'c Node,
    findings: &'f mut Findings<'t>,
    draft: &'c Draft,
    work: usize,
}

impl<'c> Checker<'c, '_, '_> {
    /// Takes so many comparisons from the budget, if they are there.
    fn spend(&mut self, comparisons: usize) -> bool {
        let rest = self.work.checked_sub(comparisons);
        self.work = rest.unwrap_or(self.work);
        rest.is_some()
    }

    /// The value at this pointer, or the nearest one around it.
    fn at(&self, pointer: &str) -> ByteSpan {
        let mut pointer = pointer;
        loop {
            if let Some((node, key)) = self.tree.find(pointer) {
                return key.filter(|_| node.span.is_empty()).unwrap_or(&node.span).clone();
            }
            pointer = pointer.rsplit_once('/').map_or("", |(outer, _)| outer);
        }
    }

    /// The key at this pointer, or the value if it has none.
    fn key(&self, pointer: &str) -> ByteSpan {
        self.tree.find(pointer).and_then(|(_, key)| key.cloned()).unwrap_or_else(|| self.at(pointer))
    }

    fn line(&self, pointer: &str) -> usize {
        self.findings.lines.line(self.at(pointer).start)
    }

    /// The texts of a list, or the one text, each with its place.
    fn texts(&self, pointer: &str) -> Vec<(&'c str, &'c ByteSpan)> {
        fn text(node: &Node) -> Option<(&str, &ByteSpan)> {
            if let Data::Text(text) = &node.data { Some((text, &node.span)) } else { None }
        }
        let Some((node, _)) = self.tree.find(pointer) else { return Vec::new() };
        match &node.data {
            Data::List(items) => items.iter().filter_map(text).collect(),
            _ => text(node).into_iter().collect(),
        }
    }

    /// Reports each text that is not one of the known names.
    fn known(&mut self, pointer: &str, what: &str, known: &[&str], hint: &str) {
        for (name, span) in self.texts(pointer) {
            if !known.contains(&name) {
                let meant = self.findings.meant(name, known.iter().copied());
                let finding = self.findings.add(span, format!("there is no {what} `{}`", clip(name)));
                finding.meant(meant).help(hint);
            }
        }
    }

    fn head(&mut self) {
        for (title, span) in self.texts("/title") {
            if title.trim().is_empty() {
                self.findings.add(span, "the title is empty");
            }
        }
        let ids: Vec<&str> = SERVICES.iter().map(|s| s.id()).collect();
        self.known("/service", "service", &ids, &format!("services: {}", ids.join(", ")));
        let keys: Vec<&str> = sources().iter().map(|s| s.key).collect();
        self.known("/sources", "source", &keys, &format!("keys of docs/sources.md: {}", keys.join(", ")));
    }

    fn expect(&mut self) {
        self.known("/expect/judge", "rule", known_rules(), "`brownout list rules` names them all");
        let profiles: Vec<&str> = known_profiles().iter().copied().chain([AUTO]).collect();
        self.known("/expect/profile", "profile", &profiles, &format!("profiles: {}", profiles.join(", ")));
        self.custom_profile("/expect/profile");
        self.twice("/expect/judge", "rule");
    }

    /// Reports names that a list holds twice.
    fn twice(&mut self, pointer: &str, what: &str) {
        let mut seen: BTreeMap<&str, &ByteSpan> = BTreeMap::new();
        for (name, span) in self.texts(pointer) {
            if let Some(first) = seen.insert(name, span) {
                self.findings.add(span, format!("the {what} `{}` is named twice", clip(name)));
                self.findings.second_place(first, "first named here");
            }
        }
    }

    fn accounts(&mut self) {
        let Some((Node { data: Data::Map(accounts), .. }, _)) = self.tree.find("/accounts") else { return };
        let mut owners = BTreeMap::new();
        for account in accounts {
            if account.key.len() != 12 || !account.key.bytes().all(|b| b.is_ascii_digit()) {
                let message = format!("`{}` is no account; an account has twelve digits", clip(&account.key));
                self.findings.add(&account.key_span, message);
            }
            let Data::List(members) = &account.value.data else { continue };
            for member in members {
                let Data::Number(number) = &member.data else { continue };
                let Some(client) = number.as_u64() else { continue };
                if client >= self.draft.clients {
                    let message = match self.draft.clients {
                        1 => format!("there is no client {client}; the only one is 0"),
                        n => format!("there is no client {client}; they count from 0 to {}", n - 1),
                    };
                    self.findings.add(&member.span, message).help("`clients:` says how many there are");
                }
                if let Some(first) = owners.insert(client, &member.span) {
                    self.findings.add(&member.span, format!("client {client} belongs to two accounts"));
                    self.findings.second_place(first, "first placed here");
                }
            }
        }
    }

    fn few_enough_steps(&mut self) -> bool {
        let Some((Node { data: Data::List(steps), .. }, key)) = self.tree.find("/steps") else { return true };
        if steps.len() <= STEPS_MAX {
            return true;
        }
        let message = format!("{} steps are too many; a scenario has at most {STEPS_MAX}", steps.len());
        self.findings.add(&key.cloned().unwrap_or_default(), message);
        false
    }

    /// The services that a step can meet: those that its `when` names, else those of the scenario.
    fn services_of(&self, step: &Step) -> Vec<&'static dyn Service> {
        if let Some(globs) = &step.when.service {
            return SERVICES.iter().copied().filter(|s| globs.iter().any(|g| g.matches(s.id()))).collect();
        }
        self.draft.services.clone()
    }
}
