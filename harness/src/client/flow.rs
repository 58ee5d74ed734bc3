//! Application-level clients: they create, wait, poll and use, and decide whether to go on after an error.
//!
//! S0's advice is for programs, not SDKs. The reference client follows it: it gives a request time before
//! the first poll, polls with growing pauses, confirms before it modifies, and stops at a quota answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use brownout_mocks::journal::Outcome;
use brownout_mocks::random::Stream;
use brownout_mocks::service::Service;
use serde_json::Value;

use super::{BoxFuture, Heard};
use crate::guidance::Polling;
use crate::scenario::{FlowItem, FlowPoll, FlowStep};

mod binding;

/// What a flow client is given to play with.
pub trait Session: Send + Sync {
    /// Makes one call through the program's SDK, and records that it was made.
    fn call<'a>(&'a self, operation: &'a str, params: Value) -> BoxFuture<'a, Heard>;
    /// Waits on the run's clock.
    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()>;
    /// Time since the play began.
    fn now(&self) -> Duration;
    /// The service of the flow.
    fn service(&self) -> &'static dyn Service;
}

/// How an application behaves around its SDK.
#[derive(Debug, Clone)]
pub struct FlowPolicy {
    /// Waits and polls.
    pub polling: Polling,
    /// Polls again after `NotFound` on an id that it has made itself.
    pub polls_not_found: bool,
    /// Stops all further calls once a quota is spent.
    pub stops_at_quota: bool,
}

/// Plays a flow; the same for the reference client and its mutants, but for the policy.
#[derive(Debug)]
pub struct FlowClient {
    policy: FlowPolicy,
    quota_spent: AtomicBool,
}

/// Ids by the name that the flow gave them.
type Bindings = BTreeMap<String, String>;

impl FlowClient {
    /// A client with this policy.
    pub fn new(policy: FlowPolicy) -> Self {
        Self { policy, quota_spent: AtomicBool::new(false) }
    }

    /// Plays the flow once. It ends early at an error that the client cannot get past.
    pub async fn play(&self, flow: &FlowItem, session: &dyn Session, random: &mut Stream) {
        let mut bound = Bindings::new();
        let mut fresh = false;
        for step in &flow.flow {
            if self.quota_spent.load(Ordering::Relaxed) {
                return;
            }
            let went_on = match step {
                FlowStep::Call(call) => {
                    let params =
                        binding::params(session.service(), &call.call, &call.params, call.ids.as_ref(), &bound);
                    let heard = session.call(&call.call, params).await;
                    self.note_quota(&heard);
                    if heard.outcome == Outcome::Success {
                        if let (Some(name), Some(id)) = (&call.r#as, binding::created(&call.call, &heard.body)) {
                            bound.insert(name.clone(), id);
                        }
                        fresh = true;
                    }
                    heard.outcome == Outcome::Success
                }
                FlowStep::Poll(poll) => {
                    let done = self.poll(poll, &bound, session, fresh, random).await;
                    fresh = false;
                    done
                }
            };
            if !went_on {
                return;
            }
        }
    }

    /// Polls until it is so, or until the deadline. `fresh` says that something was asked for just now.
    async fn poll(
        &self,
        poll: &FlowPoll,
        bound: &Bindings,
        session: &dyn Session,
        fresh: bool,
        random: &mut Stream,
    ) -> bool {
        let polling = &self.policy.polling;
        let mut pause = polling.start.get();
        let deadline = session.now() + polling.deadline.get();
        if fresh && !pause.is_zero() {
            session.sleep(pause).await;
        }
        loop {
            let params = binding::params(session.service(), &poll.poll, &poll.params, poll.ids.as_ref(), bound);
            let heard = session.call(&poll.poll, params).await;
            self.note_quota(&heard);
            match heard.outcome {
                Outcome::Success if binding::is_so(&poll.until, &heard.body) => return true,
                Outcome::Success => {}
                Outcome::Error if binding::is_not_found(heard.code.as_deref()) && self.policy.polls_not_found => {}
                Outcome::Error => return false,
            }
            // A little jitter above the step keeps many programs apart without undercutting the start.
            let wait = pause.mul_f64(1.0 + 0.25 * random.unit());
            if session.now() + wait > deadline {
                return false;
            }
            session.sleep(wait).await;
            pause = pause.mul_f64(polling.factor).min(polling.cap.get());
        }
    }

    fn note_quota(&self, heard: &Heard) {
        if self.policy.stops_at_quota && binding::is_quota(heard) {
            self.quota_spent.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the client has decided to make no further calls.
    pub fn stopped(&self) -> bool {
        self.quota_spent.load(Ordering::Relaxed)
    }
}
