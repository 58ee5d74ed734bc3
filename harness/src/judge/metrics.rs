//! What is measured beside the rules: calls, attempts, amplification, recovery.

use std::collections::BTreeMap;

use brownout_mocks::fault::Fault;
use brownout_mocks::journal::{self, EventKind};
use brownout_mocks::plan::Step;
use brownout_mocks::service::Class;
use schemars::JsonSchema;
use serde::Serialize;

use crate::evidence::{Client, Trial};
use crate::scenario::Document;

/// What was measured, over all trials.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Metrics {
    /// Calls asked for; where the caller is not ours, SDK calls seen.
    pub calls: u64,
    /// Of these, successful.
    pub succeeded: u64,
    /// Of these, given up: ended in an error.
    pub give_ups: u64,
    /// Requests on the wire, repeats by HTTP libraries left out.
    pub attempts: u64,
    /// Connections that a fault broke before they could carry a request, and times at which the port was closed:
    /// what was tried on them is in no other number.
    pub unseen: u64,
    /// Attempts ÷ calls.
    pub amplification: Option<f64>,
    /// Requests that changed something: whose operation does, and took effect. Of what an upstream answered well
    /// it is taken to have.
    pub effects: u64,
    /// Calls that changed something more than once, among those whose client marks what belongs to one call: by
    /// retry headers, or as one of brownout's own. Others are not counted, since two of them may look like one;
    /// null if something was to be changed by such calls alone. Harmless where the operation is idempotent, as
    /// `PutItem` is, and a second order, mail or instance where it is not.
    pub effects_doubled: Option<u64>,
    /// Calls, among the same, of an operation that changes something which succeeded though nothing took effect:
    /// told of a success that was none, or of what an earlier call did under the same idempotency token. Null as
    /// `effects_doubled` is.
    pub effects_lost: Option<u64>,
    /// Retries, by class of the error before them.
    pub retries_by_class: BTreeMap<Class, u64>,
    /// From the end of the last fault to the success of each call in progress then; null where the
    /// faults have no end, or no call was in progress.
    pub recovery_latency_ms: Option<Percentiles>,
    /// Calls in progress at the end of the last fault that ended in an error.
    pub recovery_give_ups: u64,
    /// From the end of the last fault to the first success, the median over trials.
    pub first_success_ms: Option<f64>,
    /// Time on the run's clock, over all trials.
    pub virtual_ms: u64,
}

/// Percentiles of a set of times, in milliseconds (nearest rank).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Percentiles {
    /// Median.
    pub p50: f64,
    /// Nine tenths.
    pub p90: f64,
    /// Ninety-nine hundredths.
    pub p99: f64,
    /// Longest.
    pub max: f64,
}

/// A control or a reference in short.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Summary {
    /// How many trials.
    pub trials: u64,
    /// What was measured.
    pub metrics: Metrics,
    /// Whether every call succeeded.
    pub won: bool,
}

/// Sums over trials.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    trials: u64,
    sums: Metrics,
    recoveries_us: Vec<u64>,
    first_us: Vec<u64>,
    /// Invocations that were to change something: marked ones, and others.
    changing: [u64; 2],
    doubled: u64,
    lost: u64,
}

/// When a call started, and how it ended.
struct Span {
    started_us: u64,
    end: Option<(u64, bool)>,
}

/// The calls of a client; where the caller is not ours, its SDK calls.
fn spans(client: &Client) -> Vec<Span> {
    let calls = client.calls.iter().map(|c| Span { started_us: c.started_us, end: c.finished });
    let loose = client.invocations.iter().filter(|i| i.call.is_none_or(|number| client.call(number).is_none()));
    let loose = loose.filter_map(|i| {
        let (first, last) = (i.attempts.first()?, i.attempts.last()?);
        let end = if i.succeeded() { last.end_us.map(|at| (at, true)) } else { i.over_us.map(|at| (at, false)) };
        Some(Span { started_us: first.at_us, end })
    });
    calls.chain(loose).collect()
}

/// How many calls succeeded, and how many failed: what a client had not got when it left, it never got.
pub(super) fn outcomes(trial: &Trial) -> (u64, u64) {
    let mut counts = (0, 0);
    for span in trial.clients.iter().flat_map(spans) {
        match span.end {
            Some((_, true)) => counts.0 += 1,
            Some((_, false)) => counts.1 += 1,
            None => counts.1 += u64::from(trial.ended_us.is_some() && trial.hung.is_empty()),
        }
    }
    counts
}

/// How many calls were made.
pub(super) fn calls(trial: &Trial) -> u64 {
    trial.clients.iter().map(|client| spans(client).len() as u64).sum()
}

impl Tally {
    pub(super) fn add(&mut self, trial: &Trial, fault_end: Option<u64>) {
        self.trials += 1;
        self.sums.virtual_ms = self.sums.virtual_ms.saturating_add(trial.last_us / 1_000);
        self.sums.unseen += trial.unseen.len() as u64;
        let mut first_success: Option<u64> = None;
        for client in &trial.clients {
            for span in spans(client) {
                self.sums.calls += 1;
                self.sums.succeeded += u64::from(span.end.is_some_and(|(_, ok)| ok));
                self.sums.give_ups += u64::from(span.end.is_some_and(|(_, ok)| !ok));
                let (Some(fault_end), Some((at, ok))) = (fault_end, span.end) else { continue };
                if at < fault_end {
                    continue;
                }
                if ok {
                    first_success = Some(first_success.map_or(at, |f| f.min(at)));
                }
                if span.started_us <= fault_end {
                    if ok {
                        self.recoveries_us.push(at - fault_end);
                    } else {
                        self.sums.recovery_give_ups += 1;
                    }
                }
            }
            self.effects(client);
            for invocation in &client.invocations {
                self.sums.attempts += invocation.attempts.len() as u64;
                for pair in invocation.attempts.windows(2) {
                    if let Some(class) = pair[0].class {
                        *self.sums.retries_by_class.entry(class).or_default() += 1;
                    }
                }
            }
        }
        if let (Some(end), Some(at)) = (fault_end, first_success) {
            self.first_us.push(at - end);
        }
    }

    fn effects(&mut self, client: &Client) {
        // Invocations of one call of ours together; else each by itself.
        let mut by_call: Vec<((Option<u64>, u64), u64, bool)> = Vec::new();
        for invocation in client.invocations.iter().filter(|i| i.mutates) {
            let effects: u64 = invocation.attempts.iter().map(|a| u64::from(a.effects)).sum();
            self.sums.effects += effects;
            self.changing[usize::from(!invocation.marked)] += 1;
            // Where nobody marks what belongs together, two calls may look like one.
            if invocation.marked {
                let alone = if invocation.call.is_some() { 0 } else { invocation.id };
                by_call.push(((invocation.call, alone), effects, invocation.succeeded()));
            }
        }
        by_call.sort_unstable();
        for call in by_call.chunk_by(|a, b| a.0 == b.0) {
            let effects: u64 = call.iter().map(|c| c.1).sum();
            self.doubled += u64::from(effects > 1);
            self.lost += u64::from(effects == 0 && call.iter().any(|c| c.2));
        }
    }

    /// Whether anything of the client was seen: a request, or a connection that a fault broke before it.
    pub(super) fn saw_anything(&self) -> bool {
        self.sums.attempts > 0 || self.sums.unseen > 0
    }

    pub(super) fn metrics(&self) -> Metrics {
        let mut metrics = self.sums.clone();
        metrics.amplification =
            (metrics.calls > 0).then(|| (metrics.attempts as f64 / metrics.calls as f64 * 1e4).round() / 1e4);
        let known = self.changing[0] > 0 || self.changing[1] == 0;
        metrics.effects_doubled = known.then_some(self.doubled);
        metrics.effects_lost = known.then_some(self.lost);
        metrics.recovery_latency_ms = percentiles(&self.recoveries_us);
        metrics.first_success_ms = percentiles(&self.first_us).map(|p| p.p50);
        metrics
    }

    pub(super) fn summary(&self) -> Summary {
        let metrics = self.metrics();
        Summary { trials: self.trials, won: metrics.calls > 0 && metrics.succeeded == metrics.calls, metrics }
    }
}

fn percentiles(times: &[u64]) -> Option<Percentiles> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let at = |share: f64| {
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.max(1) - 1).map(|us| *us as f64 / 1e3)
    };
    Some(Percentiles { p50: at(0.5)?, p90: at(0.9)?, p99: at(0.99)?, max: at(1.0)? })
}

/// When the last fault ended in this trial: at its `until`; with `times`, when its last answer's last
/// byte, or its end of a connection, was sent. `None` if some fault has no end, or none was injected.
pub(super) fn fault_end(document: &Document, trial: &journal::Trial) -> Option<u64> {
    let injects = |s: &&Step| s.faults().iter().any(|f| !matches!(f, Fault::Pass(_)));
    if document.steps.iter().filter(injects).any(|s| s.when.until.is_none() && s.times.is_none()) {
        return None;
    }
    let mut ends: BTreeMap<&str, u64> = BTreeMap::new();
    let mut step_of: BTreeMap<u64, &str> = BTreeMap::new();
    for event in &trial.events {
        let (seq, at) = match &event.kind {
            EventKind::StepDecided { seq, step: Some(step), .. } => {
                step_of.insert(*seq, step);
                continue;
            }
            EventKind::Answered(answered) => (answered.seq, answered.last_byte_us),
            EventKind::ConnectionClosed { seq: Some(seq), .. } | EventKind::StreamReset { seq, .. } => {
                (*seq, event.at_us)
            }
            _ => continue,
        };
        // What ends a faulty answer first is its end: a connection may close long after.
        if let Some(step) = step_of.remove(&seq) {
            let end = ends.entry(step).or_default();
            *end = (*end).max(at);
        }
    }
    let mut last = None;
    for step in &document.steps {
        let faults = step.faults();
        if faults.is_empty() || faults.iter().all(|f| matches!(f, Fault::Pass(_))) {
            continue;
        }
        let until = step.when.until.map(|u| journal::micros(u.get()));
        let id = step.id();
        let end = match (until, step.times, ends.get(id.as_str())) {
            (Some(until), None, _) => until,
            (Some(until), Some(_), Some(end)) => until.min(*end),
            (None, Some(_), Some(end)) => *end,
            // It did not come to this step; one without an end was seen above.
            (_, Some(_), None) | (None, None, _) => continue,
        };
        last = last.max(Some(end));
    }
    last
}
