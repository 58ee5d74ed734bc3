//! Application-level clients: they create, wait, poll and use, and decide whether to go on after an error.
//!
//! S0's advice is for programs, not SDKs. The reference client follows it: it gives a request time before
//! the first poll, polls with growing pauses, confirms before it modifies, and stops at a quota answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use brownout_mocks::journal::Outcome;
use brownout_mocks::plan::OneOrMany;
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
    /// Knows a spent quota by its code, whatever the status beside it.
    pub reads_masked: bool,
    /// What it does with the entries of a batch that failed inside a good answer.
    pub unprocessed: Unprocessed,
}

/// What a program does with the entries of a batch that failed inside a good answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unprocessed {
    /// Sends them again, after a pause that grows.
    Resends,
    /// Sends the whole batch again, after a pause that grows.
    ResendsAll,
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
        let mut at = 0;
        // Since when a command has not found what the program made itself, and the pause before the next try.
        let mut lost: Option<(Duration, Duration)> = None;
        while let Some(step) = flow.flow.get(at) {
            if self.quota_spent.load(Ordering::Relaxed) {
                return;
            }
            let went_on = match step {
                FlowStep::Call(call) => {
                    let heard = self.ask(&call.call, &call.params, call.ids.as_ref(), &bound, session, random).await;
                    let not_found = binding::is_not_found(heard.code.as_deref()) && call.ids.is_some();
                    if not_found && self.policy.polls_not_found && heard.outcome == Outcome::Error {
                        let Some(waited) = self.wait_for_visible(lost, session, random).await else { return };
                        lost = Some(waited);
                        at = confirming(&flow.flow, at);
                        fresh = false;
                        continue;
                    }
                    if heard.outcome == Outcome::Success {
                        if let (Some(name), Some(id)) = (&call.r#as, binding::created(&call.call, &heard.body)) {
                            bound.insert(name.clone(), id);
                        }
                        fresh = true;
                        lost = None;
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
            at += 1;
        }
    }

    /// One call of the flow.
    async fn ask(
        &self,
        operation: &str,
        params: &BTreeMap<String, Value>,
        ids: Option<&OneOrMany<String>>,
        bound: &Bindings,
        session: &dyn Session,
        random: &mut Stream,
    ) -> Heard {
        let (operation, mut params) = binding::request(session.service(), operation, params, ids, bound);
        let mut pause = self.policy.polling.start.get();
        let deadline = session.now() + self.policy.polling.deadline.get();
        loop {
            let heard = session.call(&operation, params.clone()).await;
            self.note_quota(&heard);
            let Some(rest) = binding::unprocessed(session.service(), &operation, &params, &heard) else { return heard };
            let wait = jittered(pause, random);
            if session.now() + wait > deadline {
                return heard;
            }
            session.sleep(wait).await;
            pause = pause.mul_f64(self.policy.polling.factor).min(self.policy.polling.cap.get());
            if self.policy.unprocessed == Unprocessed::Resends {
                params = rest;
            }
        }
    }

    /// A command did not find what the program made: pauses, longer each time, until the deadline.
    async fn wait_for_visible(
        &self,
        lost: Option<(Duration, Duration)>,
        session: &dyn Session,
        random: &mut Stream,
    ) -> Option<(Duration, Duration)> {
        let polling = &self.policy.polling;
        let (since, pause) = lost.unwrap_or((session.now(), polling.start.get()));
        let wait = jittered(pause, random);
        if session.now() + wait > since + polling.deadline.get() {
            return None;
        }
        session.sleep(wait).await;
        Some((since, pause.mul_f64(polling.factor).min(polling.cap.get())))
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
            let heard = self.ask(&poll.poll, &poll.params, poll.ids.as_ref(), bound, session, random).await;
            match heard.outcome {
                Outcome::Success if binding::is_so(&poll.until, &heard.body) => return true,
                Outcome::Success => {}
                Outcome::Error if binding::is_not_found(heard.code.as_deref()) && self.policy.polls_not_found => {}
                Outcome::Error => return false,
            }
            let wait = jittered(pause, random);
            if session.now() + wait > deadline {
                return false;
            }
            session.sleep(wait).await;
            pause = pause.mul_f64(polling.factor).min(polling.cap.get());
        }
    }

    fn note_quota(&self, heard: &Heard) {
        let shown = heard.status == Some(429) || self.policy.reads_masked;
        if self.policy.stops_at_quota && shown && binding::is_quota(heard) {
            self.quota_spent.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the client has decided to make no further calls.
    pub fn stopped(&self) -> bool {
        self.quota_spent.load(Ordering::Relaxed)
    }
}

/// A little jitter above the step keeps many programs apart without undercutting the start.
fn jittered(pause: Duration, random: &mut Stream) -> Duration {
    pause.mul_f64(1.0 + 0.25 * random.unit())
}

/// Where a flow goes on after a command has not found its ids: at the last poll of the same ids, which
/// confirms their state before the command is sent again (S0), or else at the command.
fn confirming(flow: &[FlowStep], at: usize) -> usize {
    let FlowStep::Call(call) = &flow[at] else { return at };
    let same = |step: &FlowStep| matches!(step, FlowStep::Poll(poll) if poll.ids == call.ids);
    flow[..at].iter().rposition(same).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use brownout_mocks::random::Seed;
    use bytes::Bytes;

    use super::*;

    /// Answers from a list, and writes down what was asked when.
    #[derive(Debug)]
    struct Script {
        answers: Mutex<VecDeque<&'static str>>,
        asked: Mutex<Vec<String>>,
        now: Mutex<Duration>,
        service: &'static str,
    }

    impl Session for Script {
        fn call<'a>(&'a self, operation: &'a str, params: Value) -> BoxFuture<'a, Heard> {
            let at = self.now().as_secs();
            let id = params.pointer("/InstanceId/0").and_then(Value::as_str).unwrap_or_default();
            self.asked.lock().unwrap().push(format!("{at} {operation} {id}").trim_end().to_owned());
            let answer = self.answers.lock().unwrap().pop_front().expect("an answer for every call");
            let not_found = answer.ends_with("NotFound") || answer.ends_with("NotFoundException");
            let heard = Heard {
                outcome: if not_found { Outcome::Error } else { Outcome::Success },
                code: not_found.then(|| answer.to_owned()),
                status: Some(if not_found { 400 } else { 200 }),
                body: Bytes::from_static(answer.as_bytes()),
            };
            Box::pin(async move { heard })
        }

        fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
            *self.now.lock().unwrap() += pause;
            Box::pin(async {})
        }

        fn now(&self) -> Duration {
            *self.now.lock().unwrap()
        }

        fn service(&self) -> &'static dyn Service {
            brownout_mocks::service::find(self.service).unwrap()
        }
    }

    fn asked(service: &'static str, polls_not_found: bool, flow: &Value, answers: &[&'static str]) -> Vec<String> {
        let polling = crate::guidance::find("ec2-poll").unwrap().polling.clone().unwrap();
        let client = FlowClient::new(FlowPolicy {
            polling,
            polls_not_found,
            stops_at_quota: true,
            reads_masked: true,
            unprocessed: Unprocessed::Resends,
        });
        let flow: FlowItem = serde_json::from_value(serde_json::json!({"flow": flow})).unwrap();
        let script = Script {
            answers: Mutex::new(answers.iter().copied().collect()),
            asked: Mutex::default(),
            now: Mutex::default(),
            service,
        };
        let mut random = Seed { run: 1, trial: 0 }.named("flow", 0);
        let played = tokio::runtime::Builder::new_current_thread().build().unwrap();
        played.block_on(client.play(&flow, &script, &mut random));
        script.asked.into_inner().unwrap()
    }

    /// S0: NotFound from a terminate does not say that the instance is gone.
    #[test]
    fn a_command_that_does_not_find_its_id_is_confirmed_and_sent_again() {
        const LOST: &str = "InvalidInstanceID.NotFound";
        let flow = serde_json::json!([
            {"call": "RunInstances", "as": "vm"},
            {"poll": "DescribeInstances", "ids": "$vm.id", "until": "running"},
            {"call": "TerminateInstances", "ids": "$vm.id"},
        ]);
        let made = "<instanceId>i-1</instanceId>";
        let answers = [made, "<name>running</name>", LOST, "<name>running</name>", LOST, "<name>running</name>", made];
        let all = asked("ec2", true, &flow, &answers);
        let operations: Vec<&str> = all.iter().filter_map(|a| a.split(' ').nth(1)).collect();
        let (describe, terminate) = ("DescribeInstances", "TerminateInstances");
        assert_eq!(operations, ["RunInstances", describe, terminate, describe, terminate, describe, terminate]);
        assert!(all[1..].iter().all(|a| a.ends_with(" i-1")), "{all:?}");
        let at = |n: usize| all[n].split(' ').next().unwrap().parse::<u64>().unwrap();
        assert!(at(3) - at(2) >= 2 && at(5) - at(4) > at(3) - at(2), "pauses grow: {all:?}");
        assert_eq!(asked("ec2", false, &flow, &answers[..3]).len(), 3, "who takes NotFound for an answer is done");
    }

    #[test]
    fn the_id_of_an_apis_resource_is_the_end_of_its_path() {
        let flow = serde_json::json!([
            {"call": "POST /prod/orders", "as": "order"},
            {"poll": "GET /prod/orders", "ids": "$order.id"},
        ]);
        let all = asked("execute-api", true, &flow, &["{\"id\":\"7\"}", "NotFoundException", "{\"id\":\"7\"}"]);
        assert_eq!(all[1], "2 GET /prod/orders/7");
        assert_eq!(all.len(), 3, "{all:?}");
    }
}
