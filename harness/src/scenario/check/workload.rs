//! What is wrong with a workload: operations, pacing, bindings, sizes.

use brownout_mocks::service::{self, SERVICES, Service};

use super::{Checker, GATEWAY, clip};
use crate::scenario::suggest::one_of;
use crate::scenario::yaml::{Data, Node};
use crate::scenario::{CallItem, FlowItem, FlowStep, WorkItem};

/// So many calls may a scenario make, over all its clients.
const CALLS_MAX: u64 = 1_000_000;

const METHODS: &[&str] = &["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// States that the services' resources are known to have.
const STATES: &[&str] = &[
    "found",
    "pending",
    "running",
    "stopping",
    "stopped",
    "shutting-down",
    "terminated",
    "available",
    "active",
    "deleted",
    "succeeded",
];

impl Checker<'_, '_, '_> {
    pub(super) fn workload(&mut self) {
        for (index, item) in &self.draft.workload {
            let here = format!("/workload/{index}");
            match item {
                WorkItem::Call(call) => self.call(call, &here),
                WorkItem::Flow(flow) => self.flow(flow, &here),
            }
        }
        self.mixture();
        self.size();
    }

    fn call(&mut self, call: &CallItem, here: &str) {
        let service = match call.service.as_deref() {
            Some(id) => {
                let found = service::find(id);
                if found.is_none() {
                    let ids = SERVICES.iter().map(|s| s.id());
                    let (span, meant) = (self.at(&format!("{here}/service")), self.findings.meant(id, ids.clone()));
                    let finding = self.findings.add(&span, format!("there is no service `{}`", clip(id)));
                    finding.meant(meant).help(format!("one of {}", one_of(ids)));
                }
                found
            }
            None => self.draft.service,
        };
        if let Some(service) = service {
            self.operation(service, &call.call, &format!("{here}/call"));
        }
        let paces = [
            ("rate", call.rate.is_some()),
            ("every", call.every.is_some()),
            ("concurrency", call.concurrency.is_some()),
        ];
        let given: Vec<&str> = paces.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect();
        if let [first, rest @ ..] = given.as_slice() {
            for other in rest {
                let (span, there) = (self.key(&format!("{here}/{other}")), self.key(&format!("{here}/{first}")));
                let finding = self.findings.add(&span, format!("`{other}` and `{first}` exclude each other"));
                finding.help("`rate` and `every` pace calls by time, `concurrency` by their ends");
                self.findings.second_place(&there, "given here");
            }
        }
        if call.every.is_some_and(|e| e.get().is_zero()) {
            let span = self.at(&format!("{here}/every"));
            self.findings.add(&span, "the time between two calls must be longer than 0s");
        }
    }

    fn operation(&mut self, service: &'static dyn Service, name: &str, pointer: &str) {
        let span = self.at(pointer);
        if service.id() == GATEWAY {
            let valid = name
                .split_once(' ')
                .is_some_and(|(m, p)| METHODS.contains(&m) && p.starts_with('/') && !p.contains(' '));
            if !valid {
                let message = format!("`{}` is no call to {GATEWAY}", clip(name));
                self.findings.add(&span, message).help("write method and path: `GET /orders`");
            }
            return;
        }
        let operations = service.operations();
        if operations.is_empty() || operations.iter().any(|o| o.name == name) {
            return;
        }
        if !self.spend(self.draft.replies.len()) || self.scripted(name) {
            return;
        }
        let meant = self.findings.meant(name, operations.iter().map(|o| o.name));
        let message = format!("{} has no operation `{}` that we model", service.id(), clip(name));
        let finding = self.findings.add(&span, message).meant(meant);
        finding.help("`inject: {reply: …}` in a step for this operation scripts its answer");
    }

    /// Whether a step scripts the answer of this operation.
    fn scripted(&self, name: &str) -> bool {
        self.draft.replies.iter().any(|index| {
            let globs = self.draft.steps[*index].1.when.operation.as_ref();
            globs.is_none_or(|globs| globs.iter().any(|g| g.matches(name)))
        })
    }

    fn flow(&mut self, flow: &FlowItem, here: &str) {
        if flow.flow.is_empty() {
            let span = self.key(&format!("{here}/flow"));
            self.findings.add(&span, "this flow has no steps").help("`flow: [{call: RunInstances, as: vm}, …]`");
        }
        let mut bound: Vec<&str> = Vec::new();
        for (index, step) in flow.flow.iter().enumerate() {
            let at = format!("{here}/flow/{index}");
            let (key, operation) = match step {
                FlowStep::Call(call) => ("call", &call.call),
                FlowStep::Poll(poll) => ("poll", &poll.poll),
            };
            if let Some(service) = self.draft.service {
                self.operation(service, operation, &format!("{at}/{key}"));
            }
            self.references(&at, &bound);
            match step {
                FlowStep::Call(call) => {
                    if let Some(name) = &call.r#as {
                        self.binding(name, &bound, &format!("{at}/as"));
                        bound.push(name);
                    }
                }
                FlowStep::Poll(poll) => self.until(&poll.until, &format!("{at}/until")),
            }
        }
    }

    fn binding(&mut self, name: &str, bound: &[&str], pointer: &str) {
        let span = self.at(pointer);
        if !is_word(name) {
            let message = format!("`{}` cannot be a name: letters, digits and underscores, a letter first", clip(name));
            self.findings.add(&span, message);
        } else if bound.contains(&name) {
            self.findings.add(&span, format!("`{name}` is bound twice in this flow"));
        }
    }

    fn until(&mut self, state: &str, pointer: &str) {
        let mut chars = state.chars();
        let word = chars.next().is_some_and(|c| c.is_ascii_alphabetic())
            && chars.all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        let known = STATES.iter().any(|s| s.eq_ignore_ascii_case(state));
        let near =
            STATES.iter().copied().find(|s| !known && strsim::damerau_levenshtein(s, &state.to_lowercase()) == 1);
        let span = self.at(pointer);
        if !word {
            let message = format!("`until` takes a state such as `running`, or `found`; not `{}`", clip(state));
            self.findings.add(&span, message);
        } else if near.is_some() {
            self.findings.add(&span, format!("there is no state `{}`", clip(state))).meant(near);
        }
    }

    /// Names in `ids` and `params` that no earlier step has bound.
    fn references(&mut self, at: &str, bound: &[&str]) {
        let mut texts = Vec::new();
        for (key, strict) in [("ids", true), ("params", false)] {
            if let Some((node, _)) = self.tree.find(&format!("{at}/{key}")) {
                collect(node, strict, &mut texts);
            }
        }
        for (text, node, strict) in texts {
            let Some(path) = text.strip_prefix('$') else { continue };
            let (name, member) = path.split_once('.').map_or((path, None), |(n, m)| (n, Some(m)));
            // In `params` a dollar may be just a dollar: only what looks like a reference is one.
            if !(strict || (is_word(name) && (bound.contains(&name) || member == Some("id")))) {
                continue;
            }
            if !self.spend(bound.len()) {
                return;
            }
            if !bound.contains(&name) {
                let message = format!("`${}` is bound by no earlier `as` of this flow", clip(name));
                let meant =
                    self.findings.meant(name, bound.iter().rev().take(100).copied()).map(|n| format!("${n}.id"));
                self.findings.add(&node.span, message).meant(meant.as_deref());
            } else if member != Some("id") {
                self.findings
                    .add(&node.span, format!("of `${name}` only the id is known"))
                    .help(format!("write `${name}.id`"));
            }
        }
    }

    /// Calls and flows, or gateways and signed services, are played by different clients.
    fn mixture(&mut self) {
        let kind = |item: &WorkItem| match item {
            WorkItem::Flow(_) => "a flow",
            WorkItem::Call(call) => {
                let gateway = call.service.as_deref().or(self.draft.service.map(Service::id)) == Some(GATEWAY);
                if gateway { "a call to a gateway" } else { "a call to a signed service" }
            }
        };
        let Some((first, item)) = self.draft.workload.first() else { return };
        let wanted = kind(item);
        let Some((index, other)) = self.draft.workload.iter().find(|(_, i)| kind(i) != wanted) else { return };
        let message = format!("{} cannot stand in one workload with {wanted}", kind(other));
        let (span, there) = (self.at(&format!("/workload/{index}")), self.at(&format!("/workload/{first}")));
        self.findings.add(&span, message).help("different clients play them; write two scenarios");
        self.findings.second_place(&there, wanted);
    }

    fn size(&mut self) {
        let calls = |item: &WorkItem| match item {
            WorkItem::Call(call) => u64::from(call.count),
            WorkItem::Flow(flow) => u64::from(flow.repeat).saturating_mul(flow.flow.len() as u64),
        };
        let each = self.draft.workload.iter().map(|(_, i)| calls(i)).fold(0, u64::saturating_add);
        let all = each.saturating_mul(self.draft.clients);
        if all > CALLS_MAX {
            let span = self.key("/workload");
            let message = format!("this workload makes {all} calls; a scenario makes at most {CALLS_MAX}");
            self.findings.add(&span, message).help("the count of each item, times `clients`");
        }
    }
}

fn collect<'n>(node: &'n Node, strict: bool, out: &mut Vec<(&'n str, &'n Node, bool)>) {
    match &node.data {
        Data::Text(text) => out.push((text, node, strict)),
        Data::List(items) => items.iter().for_each(|n| collect(n, strict, out)),
        Data::Map(entries) => entries.iter().for_each(|e| collect(&e.value, strict, out)),
        _ => {}
    }
}

fn is_word(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
