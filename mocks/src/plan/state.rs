//! A plan while it is played: what each step has counted and remembers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Closed, Per, Plan, PlannedStep};
use crate::endpoint::{Behind, World};
use crate::fault::{At, Break, Decision, Effect, Fault, Memory, Pace, Shift};
use crate::journal::Seq;
use crate::protocol::Reply;
use crate::random::Key;
use crate::request::Attempt;

/// What the steps decided about one attempt.
#[derive(Debug, Default)]
pub struct Decided {
    /// Index of the step that injected, if one did.
    pub step: Option<usize>,
    /// Names of its faults.
    pub faults: Vec<&'static str>,
    /// Indices of the steps that were consulted and admitted.
    pub admitted: Vec<usize>,
    /// How long to wait before the answer.
    pub delay: Duration,
    /// How the body of the answer leaves.
    pub pace: Option<Pace>,
    /// How far the clock that dates the answer is off.
    pub shift: Option<Shift>,
    /// Whether the checksum of the normal answer is wrong.
    pub corrupt: bool,
    /// Which entries of a batch fail, and with which code.
    pub partial: Option<(BTreeSet<usize>, String)>,
    /// The reader that answers normally, if it is behind.
    pub behind: Option<Behind>,
    /// What to answer in place of the normal answer.
    pub answer: Option<Reply>,
    /// How to break the connection.
    pub r#break: Option<Break>,
    /// When the operation takes effect; without a step, before.
    pub effect: Option<Effect>,
    /// Why each step did or did not decide, if the plan is explained.
    pub why: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct StepState {
    /// Injections, by `per` key.
    pub(super) injected: BTreeMap<String, u64>,
    /// Matching requests, by `per` key.
    pub(super) matched: BTreeMap<String, u64>,
    /// The time for which it has closed the port.
    pub(super) closed: Option<Closed>,
    /// What each fault of the step remembers.
    memories: Vec<Memory>,
    /// Whether it has fired: injected, or been consulted if it may admit.
    pub(super) fired: bool,
}

/// A plan while it is played.
#[derive(Debug)]
pub struct PlanState {
    pub(super) plan: Plan,
    pub(super) states: Vec<StepState>,
    /// Whether any fault counts what is in hand.
    counts_in_hand: bool,
}

impl PlanState {
    /// Nothing counted yet.
    pub fn new(plan: Plan) -> Self {
        let states = plan
            .steps
            .iter()
            .map(|s| StepState {
                memories: s.faults.iter().map(|_| Memory::default()).collect(),
                ..StepState::default()
            })
            .collect();
        let counts_in_hand = plan.steps.iter().flat_map(|s| &s.faults).any(|f| matches!(f, Fault::Concurrency(_)));
        Self { plan, states, counts_in_hand }
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether step `index` has fired.
    pub fn fired(&self, index: usize) -> bool {
        self.states.get(index).is_some_and(|s| s.fired)
    }

    /// Decides about a request.
    pub fn decide(&mut self, attempt: &Attempt, now: Duration, world: &mut World) -> Decided {
        let mut decided = Decided::default();
        let explain = self.plan.explain;
        for index in 0..self.plan.steps.len() {
            let planned = &self.plan.steps[index];
            if planned.at_connect {
                continue;
            }
            if let Some(key) = planned.step.when.misfit(attempt, now) {
                if explain {
                    decided.why.push(format!("{}: not about this request (`{key}`)", planned.id));
                }
                continue;
            }
            if let Some(reason) = planned.faults.iter().find_map(|f| f.inject().unfit(attempt)) {
                if explain {
                    decided.why.push(format!("{}: not about this request ({reason})", planned.id));
                }
                continue;
            }
            let verdict = self.consult(index, attempt, now, world, &mut decided);
            if explain {
                decided.why.push(format!("{}: {verdict}", self.plan.steps[index].id));
            }
            if decided.step.is_some() {
                break;
            }
            decided.admitted.push(index);
        }
        decided
    }

    /// Asks one step that is about the request; says what it decided.
    fn consult(
        &mut self,
        index: usize,
        attempt: &Attempt,
        now: Duration,
        world: &mut World,
        decided: &mut Decided,
    ) -> &'static str {
        let (planned, state) = (&self.plan.steps[index], &mut self.states[index]);
        let step = &planned.step;
        let key = per_key(step.per.unwrap_or_default(), attempt);
        if planned.faults.iter().any(|f| f.inject().admits()) || step.probability.is_some() {
            state.fired = true;
        }
        if let Some(every) = step.every {
            let matched = state.matched.entry(key.clone()).or_default();
            *matched += 1;
            if !matched.is_multiple_of(every) {
                return "admitted (`every`)";
            }
        }
        if step.times.is_some_and(|times| state.injected.get(&key).is_some_and(|n| *n >= times)) {
            return "admitted (`times` used up)";
        }
        let seed = self.plan.seed;
        let mut stream = seed.stream(Key {
            step: &planned.id,
            client: attempt.sender.client,
            operation: &attempt.operation,
            call: attempt.call_ordinal,
            attempt: attempt.attempt,
        });
        if step.probability.is_some_and(|p| stream.unit() >= p) {
            return "admitted (`probability` missed)";
        }
        let mut decisions = Vec::with_capacity(planned.faults.len());
        for (fault, memory) in planned.faults.iter().zip(&mut state.memories) {
            let mut at = At {
                attempt,
                now,
                memory,
                world,
                shift: &mut decided.shift,
                stream: &mut stream,
                seed,
                step: &planned.id,
            };
            let decision = fault.inject().decide(&mut at);
            if decision == Decision::Admit {
                return "admitted (the fault admits it)";
            }
            decisions.push(decision);
        }
        state.fired = true;
        *state.injected.entry(key).or_default() += 1;
        decided.step = Some(index);
        decided.faults = planned.faults.iter().map(Fault::name).collect();
        decided.effect = Some(step.effect.unwrap_or_else(|| effect(planned)));
        for decision in decisions {
            match decision {
                Decision::Admit | Decision::Pass => {}
                Decision::Delay(delay) => decided.delay += delay,
                Decision::Pace(pace) => decided.pace = Some(pace),
                Decision::Corrupt => decided.corrupt = true,
                Decision::Partial { failed, code } => decided.partial = Some((failed, code)),
                Decision::Answer(reply) => decided.answer = Some(*reply),
                Decision::Break(how) => decided.r#break = Some(how),
                Decision::Behind(behind) => {
                    // It is the normal answer, by a reader that knows less.
                    decided.effect = Some(step.effect.unwrap_or(Effect::Before));
                    decided.behind = Some(behind);
                }
            }
        }
        "injects"
    }

    /// An attempt is no longer in hand.
    pub fn over(&mut self, seq: Seq) {
        if !self.counts_in_hand {
            return;
        }
        for memory in self.states.iter_mut().flat_map(|s| &mut s.memories) {
            for in_hand in memory.in_hand.values_mut() {
                in_hand.remove(&seq);
            }
        }
    }

    /// Whether a step resets a connection that is accepted now.
    pub fn at_connect(&mut self, now: Duration) -> Option<usize> {
        for (index, planned) in self.plan.steps.iter().enumerate() {
            let refuses = planned.faults.iter().any(|f| matches!(f, Fault::Refuse(_)));
            if !planned.at_connect || refuses || !planned.step.when.in_time(now) {
                continue;
            }
            if self.states[index].count(&self.plan, index) {
                self.states[index].fired = true;
                return Some(index);
            }
        }
        None
    }
}

/// The effect of a step that does not say: the earliest among what its answering faults say.
fn effect(planned: &PlannedStep) -> Effect {
    let mut effects = planned.faults.iter().filter(|f| f.inject().answers()).map(|f| f.inject().effect());
    // A list without an answering fault (latency alone) delays the normal answer, which has its effect.
    effects.next().unwrap_or(Effect::Before)
}

fn per_key(per: Per, attempt: &Attempt) -> String {
    match per {
        Per::Run => String::new(),
        Per::Call => attempt.invocation.to_string(),
        Per::Resource => attempt.target.clone().unwrap_or_default(),
        Per::Client => attempt.sender.client.to_string(),
    }
}
