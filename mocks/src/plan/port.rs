//! When the port is closed: the windows of `refuse` steps.

use std::time::Duration;

use super::{Plan, PlanState, PlannedStep};
use crate::fault::{Fault, Refuse};
use crate::journal::EventKind;
use crate::random::Key;
use crate::units::Span;

/// A time during which connecting is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Id of the step.
    pub step: String,
    /// Index of the step.
    pub index: usize,
    /// From when, since time zero.
    pub from: Duration,
    /// Until when; absent for ever.
    pub until: Option<Duration>,
}

impl Closed {
    /// What the journal says of it.
    pub fn event(&self) -> EventKind {
        EventKind::PortClosed { step: self.step.clone(), until_us: self.until.map(crate::journal::micros) }
    }

    /// Whether `now` lies in it.
    pub fn holds(&self, now: Duration) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

fn refuse(planned: &PlannedStep) -> Option<&Refuse> {
    planned.faults.iter().find_map(|f| if let Fault::Refuse(refuse) = f { Some(refuse) } else { None })
}

/// Whether a step counts connections, and so is more than a window.
fn counts(planned: &PlannedStep) -> bool {
    let step = &planned.step;
    step.times.is_some() || step.every.is_some() || step.probability.is_some()
}

/// The window of a step from `from` on.
fn window(planned: &PlannedStep, index: usize, refuse: &Refuse, from: Duration) -> Closed {
    let ends = [refuse.r#for.map(|span| from + span.get()), planned.step.when.until.map(Span::get)];
    Closed { step: planned.id.clone(), index, from, until: ends.into_iter().flatten().min() }
}

impl Plan {
    /// The times at which the port is closed, whoever connects.
    pub fn closed(&self) -> Vec<Closed> {
        let windows = self.steps.iter().enumerate().filter_map(|(index, planned)| {
            let refuse = refuse(planned).filter(|_| !counts(planned))?;
            let from = planned.step.when.after.map(Span::get).unwrap_or_default();
            Some(window(planned, index, refuse, from))
        });
        windows.collect()
    }

    /// Whether any step refuses connections: then time zero is the start of the program.
    pub fn refuses(&self) -> bool {
        self.steps.iter().any(|s| refuse(s).is_some())
    }

    /// The id of a step that can only be played in virtual time, since it counts refused connections.
    pub fn only_virtual(&self) -> Option<&str> {
        self.steps.iter().find(|s| refuse(s).is_some() && counts(s)).map(|s| s.id.as_str())
    }
}

impl PlanState {
    /// The window that refuses a connection made now, and whether this is the first one it refuses.
    pub fn refuse(&mut self, now: Duration) -> Option<(Closed, bool)> {
        for index in 0..self.plan.steps.len() {
            let planned = &self.plan.steps[index];
            let Some(refuse) = refuse(planned) else { continue };
            let state = &mut self.states[index];
            if let Some(open) = state.closed.as_ref().filter(|closed| closed.holds(now)) {
                return Some((open.clone(), false));
            }
            let found = if counts(planned) {
                if !planned.step.when.in_time(now) || !state.count(&self.plan, index) {
                    continue;
                }
                let planned = &self.plan.steps[index];
                // Without `for` it is this connection alone.
                let mut found = window(planned, index, refuse, now);
                if refuse.r#for.is_none() {
                    found.until = Some(now);
                }
                found
            } else {
                let from = planned.step.when.after.map(Span::get).unwrap_or_default();
                let found = window(planned, index, refuse, from);
                if !found.holds(now) {
                    continue;
                }
                found
            };
            state.fired = true;
            state.closed = Some(found.clone());
            return Some((found, true));
        }
        None
    }

    /// The port was closed for this step.
    pub fn refused(&mut self, index: usize) {
        if let Some(state) = self.states.get_mut(index) {
            state.fired = true;
        }
    }
}

impl super::state::StepState {
    /// Counts one more connection; whether `every`, `times` and `probability` choose it.
    pub(super) fn count(&mut self, plan: &Plan, index: usize) -> bool {
        let planned = &plan.steps[index];
        let step = &planned.step;
        let matched = self.matched.entry(String::new()).or_default();
        *matched += 1;
        let connection = *matched;
        if step.every.is_some_and(|every| !connection.is_multiple_of(every)) {
            return false;
        }
        let injected = self.injected.entry(String::new()).or_default();
        if step.times.is_some_and(|times| *injected >= times) {
            return false;
        }
        if let Some(probability) = step.probability {
            self.fired = true;
            let key = Key { step: &planned.id, client: 0, operation: "", call: connection, attempt: 0 };
            if plan.seed.stream(key).unit() >= probability {
                return false;
            }
        }
        *injected += 1;
        true
    }
}
