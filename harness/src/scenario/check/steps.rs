//! What is wrong within one step.

use brownout_mocks::fault::{Effect, Fault, StreamError};
use brownout_mocks::plan::{OneOrMany, Ordinals, Per, Step};
use brownout_mocks::service::{self, SERVICES, Service, THROTTLING_CODES};
use brownout_mocks::units::Span;

use super::{Checker, Draft, GATEWAY, clip};

impl Checker<'_, '_, '_> {
    pub(super) fn steps(&mut self) {
        for (index, step) in &self.draft.steps {
            let here = format!("/steps/{index}");
            self.purpose(step, &here);
            self.conditions(step, &here);
            self.names(step, &here);
            self.faults(step, &here);
            if step.at_connect() {
                self.at_connect(step, &here);
            }
        }
    }

    /// Something to inject, or a pass, and not both.
    fn purpose(&mut self, step: &Step, here: &str) {
        match (&step.inject, step.pass) {
            (None, None | Some(false)) => {
                let span = self.at(here);
                self.findings.add(&span, "this step does nothing").help("give it a fault to `inject`, or `pass: true`");
            }
            (Some(_), Some(_)) => {
                let (span, other) = (self.key(&format!("{here}/pass")), self.key(&format!("{here}/inject")));
                self.findings.add(&span, "a step injects or passes, not both");
                self.findings.second_place(&other, "injects");
            }
            (Some(OneOrMany::Many(faults)), None) if faults.is_empty() => {
                let span = self.at(&format!("{here}/inject"));
                self.findings.add(&span, "the list of faults is empty").help("name a fault, or write `pass: true`");
            }
            _ => {}
        }
    }

    fn conditions(&mut self, step: &Step, here: &str) {
        if step.per.is_some() && step.times.is_none() && step.every.is_none() {
            let span = self.key(&format!("{here}/per"));
            self.findings.add(&span, "`per` says what `times` and `every` are counted by; this step has neither");
        }
        if step.probability.is_some_and(|p| p == 0.0) {
            let span = self.at(&format!("{here}/probability"));
            self.findings.add(&span, "with probability 0 this step never injects").help("remove the step");
        }
        let after = step.when.after.map(Span::get).unwrap_or_default();
        if let Some(until) = step.when.until.filter(|u| u.get() <= after) {
            let span = self.at(&format!("{here}/when/until"));
            let message = match step.when.after {
                Some(after) => format!("this window is empty: it ends at {until}, before it begins at {after}"),
                None => format!("this window is empty: it ends at {until}"),
            };
            self.findings.add(&span, message);
        }
        let from_zero = |o: Option<Ordinals>| o.is_some_and(|o| o.from == 0);
        for (key, zero) in [("attempt", from_zero(step.when.attempt)), ("call", from_zero(step.when.call))] {
            if zero {
                let span = self.at(&format!("{here}/when/{key}"));
                self.findings.add(&span, format!("`{key}` counts from 1"));
            }
        }
    }

    /// Services, operations and bound names in `when`.
    fn names(&mut self, step: &Step, here: &str) {
        let ids: Vec<&str> = SERVICES.iter().map(|s| s.id()).collect();
        for (index, glob) in step.when.service.iter().flat_map(OneOrMany::iter).enumerate() {
            if !ids.iter().any(|id| glob.matches(id)) {
                let span = self.item(&format!("{here}/when/service"), index);
                let meant = self.findings.meant(&glob.0, ids.iter().copied());
                let finding = self.findings.add(&span, format!("no service matches `{}`", clip(&glob.0)));
                finding.meant(meant).help(format!("services: {}", ids.join(", ")));
            }
        }
        for (index, glob) in step.when.resource.iter().flat_map(OneOrMany::iter).enumerate() {
            if glob.0.starts_with('$') {
                let span = self.item(&format!("{here}/when/resource"), index);
                let message = "bound names in `resource` are part of the language, but this version of brownout does not play them yet";
                self.findings.add(&span, message).help("use a pattern, such as `i-*`");
            }
        }
        self.operation_globs(step, here);
    }

    fn operation_globs(&mut self, step: &Step, here: &str) {
        // A scripted reply is for operations that we do not model, so any name will do there; an upstream knows
        // operations of its own.
        let scripted = step.faults().iter().any(|f| f.name() == "reply");
        let services = self.services_of(step);
        if scripted
            || self.upstream()
            || services.is_empty()
            || step.when.operation.is_none()
            || !self.draft.whole_workload
        {
            return;
        }
        let draft = self.draft;
        let Some(operations) = operations(draft, &services) else { return };
        for (index, glob) in step.when.operation.iter().flat_map(OneOrMany::iter).enumerate() {
            if !self.spend(operations.len()) {
                return;
            }
            if !operations.iter().any(|o| glob.matches(o)) {
                let span = self.item(&format!("{here}/when/operation"), index);
                let titles: Vec<&str> = services.iter().map(|s| s.id()).collect();
                let message = format!("no operation of {} matches `{}`", titles.join(" or "), clip(&glob.0));
                let meant = self.findings.meant(&glob.0, operations.iter().copied());
                self.findings.add(&span, message).meant(meant);
            }
        }
    }

    fn faults(&mut self, step: &Step, here: &str) {
        let Some(inject) = &step.inject else { return };
        let many = matches!(inject, OneOrMany::Many(_));
        let services = self.services_of(step);
        let (mut answering, mut pacing): (Option<usize>, Option<usize>) = (None, None);
        for (index, fault) in inject.iter().enumerate() {
            let at = if many { format!("{here}/inject/{index}") } else { format!("{here}/inject") };
            for (key, message) in fault.inject().mistakes() {
                let span = self.at(&format!("{at}/{}/{key}", fault.name()));
                self.findings.add(&span, message);
            }
            if self.upstream()
                && let Some(why) = fault.inject().needs_own_service()
            {
                let (span, upstream) = (self.at(&at), self.key("/upstream"));
                self.findings.add(&span, format!("`{}` cannot stand before an upstream: {why}", fault.name()));
                self.findings.second_place(&upstream, "who answers");
            }
            let foreign = |s: &&dyn Service| fault.inject().foreign_to(*s);
            if !services.is_empty()
                && let Some(why) = services.iter().map(foreign).collect::<Option<Vec<_>>>()
            {
                let (span, ids) = (self.at(&at), services.iter().map(|s| s.id()).collect::<Vec<_>>().join(" or "));
                let message = format!("`{}` can never act here, on {ids}: {}", fault.name(), why[0]);
                self.findings.add(&span, message);
            }
            if fault.name() == "black_hole" && step.effect == Some(Effect::After) {
                let (span, effect) = (self.at(&at), self.key(&format!("{here}/effect")));
                let message = "`black_hole` never ends, so an effect after it would never happen";
                self.findings.add(&span, message).help("say `effect: before`, or let `reset` end the connection");
                self.findings.second_place(&effect, "asked for here");
            }
            if fault.inject().paces()
                && let Some(mute) = inject.iter().position(|f| f.inject().mute())
            {
                let (span, other) = (self.at(&at), self.at(&format!("{here}/inject/{mute}")));
                let message = format!("`{}` can never act here: no body is sent that it could be about", fault.name());
                self.findings.add(&span, message).help("use two steps, or leave one of the two out");
                self.findings.second_place(&other, "breaks the connection before");
            }
            if fault.inject().paces() {
                if let Some(first) = pacing {
                    let (span, other) = (self.at(&at), self.at(&format!("{here}/inject/{first}")));
                    let message = format!("`{}` is a second pace of one body", fault.name());
                    self.findings
                        .add(&span, message)
                        .help("at most one fault of a list may slow the body; use two steps");
                    self.findings.second_place(&other, "the first");
                }
                pacing = pacing.or(Some(index));
            }
            self.code(fault, &services, &at);
            if let Fault::StreamError(error) = fault {
                self.stream(error, step, &services, &at);
            }
            if fault.inject().answers() {
                if let Some(first) = answering {
                    let (span, other) = (self.at(&at), self.at(&format!("{here}/inject/{first}")));
                    let finding =
                        self.findings.add(&span, format!("`{}` is a second answer in one step", fault.name()));
                    finding.help("at most one fault of a list may answer or break the connection; use two steps");
                    self.findings.second_place(&other, "the first");
                }
                answering = answering.or(Some(index));
            }
        }
    }

    /// Error codes that no service in question sends.
    fn code(&mut self, fault: &Fault, services: &[&'static dyn Service], at: &str) {
        let (code, any_throttle) = match fault {
            Fault::Error(error) if error.status.is_none() => (Some(&error.code), false),
            Fault::Throttle(throttle) => (throttle.code.as_ref(), true),
            Fault::RateLimit(limit) => (limit.code(), true),
            Fault::Concurrency(limit) => (limit.code(), true),
            Fault::ErrorIn200(error) => (Some(&error.code), false),
            Fault::Masked(error) => (Some(&error.code), false),
            Fault::NotVisible(hidden) => (hidden.code.as_ref(), false),
            _ => (None, false),
        };
        let Some(code) = code else { return };
        let known = services.is_empty() || services.iter().any(|s| service::row(*s, code).is_some());
        if known || (any_throttle && THROTTLING_CODES.contains(&code.as_str())) {
            return;
        }
        let span = self.at(&format!("{at}/{}/code", fault.name()));
        let ids: Vec<&str> = services.iter().map(|s| s.id()).collect();
        let message = format!("{} sends no error `{}` that we know of", ids.join(" or "), clip(code));
        if let Some((name, what)) = services.iter().flat_map(|s| s.no_errors()).find(|(n, _)| n == code) {
            self.findings.add(&span, format!("`{name}` is no error of its own")).help(format!("it is {what}"));
            return;
        }
        let meant = self.findings.meant(code, services.iter().flat_map(|s| s.errors()).map(|r| r.code));
        self.findings.add(&span, message).meant(meant).help(match fault {
            Fault::Error(_) => "give it a `status` if it is meant so",
            Fault::ErrorIn200(_) => "an error in a 200 is dressed as the service would; `reply` sends any body",
            Fault::Masked(_) => "what is masked is an error of the service; `brownout list errors` shows them",
            _ => "`error` with a `status` sends any code",
        });
    }

    /// A stream that ends with an exception: it takes an operation that streams, and one of its exceptions.
    fn stream(&mut self, error: &StreamError, step: &Step, services: &[&'static dyn Service], at: &str) {
        if services.is_empty() {
            return;
        }
        let meets = |name: &str| step.when.operation.as_ref().is_none_or(|globs| globs.iter().any(|g| g.matches(name)));
        let operations = services.iter().flat_map(|s| s.operations().iter().map(move |o| (*s, o.name)));
        let met: Vec<_> = operations.filter(|(_, name)| meets(name)).collect();
        let mut exceptions: Vec<&str> =
            met.iter().flat_map(|(service, name)| service.stream_exceptions(name)).copied().collect();
        exceptions.sort_unstable();
        exceptions.dedup();
        if exceptions.is_empty() {
            let span = self.at(at);
            let message = "no operation that this step meets answers with a stream";
            let streams: Vec<&str> = SERVICES
                .iter()
                .flat_map(|s| s.operations().iter().filter(|o| !s.stream_exceptions(o.name).is_empty()))
                .map(|o| o.name)
                .collect();
            self.findings.add(&span, message).help(format!("operations that stream: {}", streams.join(", ")));
        } else if let Some(code) = error.code.as_deref().filter(|code| !exceptions.contains(code)) {
            let span = self.at(&format!("{at}/stream_error/code"));
            let meant = self.findings.meant(code, exceptions.iter().copied());
            let finding = self.findings.add(&span, format!("no such stream ends with `{}`", clip(code)));
            finding.meant(meant).help(format!("exceptions in it: {}", exceptions.join(", ")));
        }
    }

    /// A fault that acts on connections knows no operation.
    fn at_connect(&mut self, step: &Step, here: &str) {
        let name = step.faults().iter().find(|f| f.inject().at_connect()).map_or("reset", Fault::name);
        let when = &step.when;
        let foreign = [
            ("when/service", when.service.is_some()),
            ("when/operation", when.operation.is_some()),
            ("when/resource", when.resource.is_some()),
            ("when/attempt", when.attempt.is_some()),
            ("when/call", when.call.is_some()),
            ("when/header", when.header.is_some()),
            ("effect", step.effect.is_some()),
            ("per", step.per.is_some_and(|p| p != Per::Run)),
        ];
        for (key, _) in foreign.iter().filter(|(_, given)| *given) {
            let span = self.key(&format!("{here}/{key}"));
            let word = key.trim_start_matches("when/");
            let message = format!("`{name}` acts when a connection is accepted, where `{word}` is not known yet");
            let finding = self.findings.add(&span, message);
            finding.help("it takes only `after`, `until`, `client`, `times`, `every` and `probability`");
        }
        if step.faults().len() > 1 {
            let span = self.key(&format!("{here}/inject"));
            let message = format!("`{name}` acts when a connection is accepted, and stands alone in its step");
            self.findings.add(&span, message);
        }
    }

    fn upstream(&self) -> bool {
        self.tree.find("/upstream").is_some()
    }

    /// The place of an item of a list, or of the one thing that stands for a list.
    fn item(&self, pointer: &str, index: usize) -> crate::scenario::text::ByteSpan {
        let item = format!("{pointer}/{index}");
        if self.tree.find(&item).is_some() { self.at(&item) } else { self.at(pointer) }
    }
}

/// The operations that requests can have; none if that cannot be said.
fn operations<'d>(draft: &'d Draft, services: &[&'static dyn Service]) -> Option<Vec<&'d str>> {
    let mut names = Vec::new();
    for service in services {
        names.extend(draft.calls.iter().filter(|(id, _)| *id == service.id()).map(|(_, name)| name.as_str()));
        let modelled = if service.id() == GATEWAY { &[] } else { service.operations() };
        names.extend(modelled.iter().map(|o| o.name));
        if modelled.is_empty() && !draft.calls.iter().any(|(id, _)| *id == service.id()) {
            return None;
        }
    }
    Some(names)
}
