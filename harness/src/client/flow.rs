//! Application-level clients: they create, wait, poll and use, and decide whether to go on after an error.
//!
//! S0's advice is for programs, not SDKs. The reference client follows it: it gives a request time before
//! the first poll, polls with growing pauses, confirms and waits before it modifies, paces what it does to
//! many resources, and stops at a quota answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use brownout_mocks::journal::Outcome;
use brownout_mocks::plan::OneOrMany;
use brownout_mocks::random::Stream;
use brownout_mocks::service::Service;
use serde_json::Value;

use super::{BoxFuture, Heard};
use crate::guidance::{Pacing, Polling};
use crate::scenario::{FlowCall, FlowItem, FlowPoll, FlowStep};

mod binding;
mod schedule;

use schedule::Schedule;

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
    /// How long a command is given to spread before the next one that depends on it, or before the first poll.
    pub settle: Duration,
    /// What it does not do as advised.
    pub lapse: Option<Lapse>,
}

/// One thing that an application does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lapse {
    /// Takes `NotFound` on an id that it has made itself for an answer.
    TakesNotFound,
    /// Polls after `NotFound` on ids of which it knows nothing.
    PollsStrangers,
    /// Takes `NotFound` from a command that ends something for success.
    TakesMissingForGone,
    /// Sends its first poll at once.
    PollsAtOnce,
    /// Modifies what no Describe has shown yet.
    ModifiesUnconfirmed,
    /// Sends commands that depend on each other at once.
    NeverSettles,
    /// Makes the same request for many resources without a pause.
    Unpaced,
    /// Makes the next call at once after one that was throttled to its end.
    KeepsLaunching,
    /// Takes work that was accepted for done.
    TakesAcceptedForDone,
    /// Sends a whole batch again when some of its entries failed.
    ResendsWholeBatch,
    /// Knows a spent quota by its status 429 only, and not by its code behind another.
    MisreadsMasked,
    /// Goes on calling when a quota is spent.
    IgnoresQuota,
}

/// Plays a flow; the same for the reference client and its mutants, but for the policy.
#[derive(Debug)]
pub struct FlowClient {
    policy: FlowPolicy,
    quota_spent: AtomicBool,
    /// The last request: operation and input members.
    last: Mutex<Option<(String, Value)>>,
    /// The next pause before a new call of each operation that was throttled to its end.
    slower: Mutex<BTreeMap<String, Duration>>,
}

/// Ids by the name that the flow gave them.
type Bindings = BTreeMap<String, String>;

/// One play of a flow, as far as it has come.
struct Playing<'a> {
    session: &'a dyn Session,
    random: &'a mut Stream,
    bound: Bindings,
    /// Ids that a Describe has shown.
    confirmed: BTreeSet<String>,
    /// When each id was last looked at or changed.
    touched: BTreeMap<String, Duration>,
    /// Whether something was asked for just now.
    fresh: bool,
    /// Whether work was accepted and is taken for done.
    done: bool,
    /// The wait for something that a command has not found although the program has made it.
    lost: Option<Schedule>,
}

impl Playing<'_> {
    /// The ids that a step names, filled in, if they are all ones that this flow has made.
    fn own(&self, ids: Option<&OneOrMany<String>>) -> Option<Vec<String>> {
        let ids = ids?;
        let named: Vec<String> = ids.iter().filter_map(|id| binding::bound(id, &self.bound)).cloned().collect();
        (named.len() == ids.iter().count()).then_some(named)
    }

    fn touch(&mut self, ids: &[String]) {
        let now = self.session.now();
        self.touched.extend(ids.iter().map(|id| (id.clone(), now)));
    }
}

/// How a step of a flow ended.
enum Went {
    /// On to the next.
    On,
    /// Once more from this step.
    Back(usize),
    /// The program cannot get past it, or takes itself to be done.
    Out,
}

impl FlowClient {
    /// A client with this policy.
    pub fn new(policy: FlowPolicy) -> Self {
        Self { policy, quota_spent: AtomicBool::new(false), last: Mutex::default(), slower: Mutex::default() }
    }

    fn lapses(&self, lapse: Lapse) -> bool {
        self.policy.lapse == Some(lapse)
    }

    /// Plays the flow once. It ends early at an error that the client cannot get past.
    pub async fn play(&self, flow: &FlowItem, session: &dyn Session, random: &mut Stream) {
        let mut playing = Playing {
            session,
            random,
            bound: Bindings::new(),
            confirmed: BTreeSet::new(),
            touched: BTreeMap::new(),
            fresh: false,
            done: false,
            lost: None,
        };
        let mut at = 0;
        while let Some(step) = flow.flow.get(at) {
            if self.stopped() {
                return;
            }
            let went = match step {
                FlowStep::Call(call) => self.command(call, flow, at, &mut playing).await,
                FlowStep::Poll(_) if playing.done => Went::On,
                FlowStep::Poll(poll) if self.poll(poll, &mut playing).await => Went::On,
                FlowStep::Poll(_) => Went::Out,
            };
            at = match went {
                Went::On => at + 1,
                Went::Back(to) => to,
                Went::Out => return,
            };
        }
    }

    /// A call of the flow, with what has to come before it.
    async fn command(&self, call: &FlowCall, flow: &FlowItem, at: usize, playing: &mut Playing<'_>) -> Went {
        let own = playing.own(call.ids.as_ref());
        if let Some(ids) = own.as_deref().filter(|_| binding::modifies(playing.session.service(), &call.call))
            && !self.prepare(call, ids, playing).await
        {
            return Went::Out;
        }
        let heard = self.ask(&call.call, &call.params, call.ids.as_ref(), playing).await;
        if heard.outcome == Outcome::Success {
            if let Some(id) = binding::created(&call.call, &heard.body) {
                playing.touch(std::slice::from_ref(&id));
                playing.bound.extend(call.r#as.iter().map(|name| (name.clone(), id.clone())));
            }
            playing.touch(own.as_deref().unwrap_or_default());
            playing.fresh = true;
            playing.lost = None;
            playing.done = heard.status == Some(202) && self.lapses(Lapse::TakesAcceptedForDone);
            return Went::On;
        }
        let not_found = call.ids.is_some() && binding::is_not_found(heard.code.as_deref());
        if !not_found || !self.waits_for(own.is_some()) {
            return Went::Out;
        }
        if self.lapses(Lapse::TakesMissingForGone) && binding::ends(&call.call) {
            return Went::Out;
        }
        // Pauses, longer each time, until the deadline; then its state is confirmed before the command is
        // sent again.
        let now = playing.session.now();
        let schedule = playing.lost.get_or_insert_with(|| Schedule::new(&self.policy.polling, now));
        let Some(wait) = schedule.next(now, playing.random) else { return Went::Out };
        playing.session.sleep(wait).await;
        playing.confirmed.retain(|id| !own.as_ref().is_some_and(|ids| ids.contains(id)));
        playing.fresh = false;
        Went::Back(confirming(&flow.flow, at))
    }

    /// Whether it asks again after `NotFound`.
    fn waits_for(&self, own: bool) -> bool {
        !self.lapses(Lapse::TakesNotFound) && (own || self.lapses(Lapse::PollsStrangers))
    }

    /// Before a command that modifies what the program made: a Describe that shows it, and time to spread.
    async fn prepare(&self, call: &FlowCall, ids: &[String], playing: &mut Playing<'_>) -> bool {
        let unknown = ids.iter().any(|id| !playing.confirmed.contains(id));
        if unknown
            && !self.lapses(Lapse::ModifiesUnconfirmed)
            && let Some(describe) = binding::describe(playing.session.service(), ids)
        {
            let (params, until) = (BTreeMap::new(), "found".to_owned());
            let poll = FlowPoll { poll: describe.into(), ids: call.ids.clone(), params, until };
            if !self.poll(&poll, playing).await {
                return false;
            }
        }
        if !self.lapses(Lapse::NeverSettles) {
            let last = ids.iter().filter_map(|id| playing.touched.get(id)).max();
            let wait =
                last.map_or(Duration::ZERO, |at| (*at + self.policy.settle).saturating_sub(playing.session.now()));
            if !wait.is_zero() {
                playing.session.sleep(wait).await;
            }
        }
        true
    }

    /// One call through the SDK. The same request for another resource waits a moment first.
    async fn ask(
        &self,
        operation: &str,
        params: &BTreeMap<String, Value>,
        ids: Option<&OneOrMany<String>>,
        playing: &mut Playing<'_>,
    ) -> Heard {
        let session = playing.session;
        let (path, members) = binding::request(session.service(), operation, params, ids, &playing.bound);
        let before =
            self.last.lock().unwrap_or_else(PoisonError::into_inner).replace((operation.to_owned(), members.clone()));
        let batch = before.is_some_and(|(like, other)| like == operation && other != members);
        if batch && !self.lapses(Lapse::Unpaced) {
            session.sleep(BATCH_PAUSE.mul_f64(0.5 + playing.random.unit())).await;
        }
        if let Some(pause) = self.slower(operation) {
            session.sleep(pause.mul_f64(1.0 + 0.25 * playing.random.unit())).await;
        }
        let (mut members, mut schedule) = (members, None);
        loop {
            let heard = session.call(&path, members.clone()).await;
            self.heed(operation, binding::is_throttled(&heard));
            let shown = heard.status == Some(429) || !self.lapses(Lapse::MisreadsMasked);
            if shown && !self.lapses(Lapse::IgnoresQuota) && binding::is_quota(&heard) {
                self.quota_spent.store(true, Ordering::Relaxed);
            }
            // What failed of a batch inside a good answer is sent again, after a pause that grows.
            let Some(rest) = binding::unprocessed(session.service(), &path, &members, &heard) else { return heard };
            let schedule = schedule.get_or_insert_with(|| Schedule::new(&self.policy.polling, session.now()));
            let Some(wait) = schedule.next(session.now(), playing.random) else { return heard };
            session.sleep(wait).await;
            if !self.lapses(Lapse::ResendsWholeBatch) {
                members = rest;
            }
        }
    }

    /// How long it waits before a new call of an operation whose last call was throttled to its end.
    fn slower(&self, operation: &str) -> Option<Duration> {
        self.slower.lock().unwrap_or_else(PoisonError::into_inner).get(operation).copied()
    }

    /// Slows down after a call that was throttled to its end: by pauses that double.
    fn heed(&self, operation: &str, throttled: bool) {
        let mut slower = self.slower.lock().unwrap_or_else(PoisonError::into_inner);
        if throttled && !self.lapses(Lapse::KeepsLaunching) {
            let next = slower.get(operation).map_or(BATCH_PAUSE, |pause| *pause * 2);
            slower.insert(operation.to_owned(), next.min(SLOWEST));
        } else {
            slower.remove(operation);
        }
    }

    /// Polls until it is so, or until the deadline.
    async fn poll(&self, poll: &FlowPoll, playing: &mut Playing<'_>) -> bool {
        let (polling, session) = (&self.policy.polling, playing.session);
        let own = playing.own(poll.ids.as_ref());
        let at_once = polling.pacing != Pacing::Growing || self.lapses(Lapse::PollsAtOnce);
        if std::mem::take(&mut playing.fresh) && !at_once {
            session.sleep(self.policy.settle).await;
        }
        let mut schedule = Schedule::new(polling, session.now());
        loop {
            let heard = self.ask(&poll.poll, &poll.params, poll.ids.as_ref(), playing).await;
            match heard.outcome {
                Outcome::Success if binding::is_so(&poll.until, &heard.body) => {
                    let ids = own.unwrap_or_default();
                    playing.touch(&ids);
                    playing.confirmed.extend(ids);
                    return true;
                }
                Outcome::Success => {}
                Outcome::Error if binding::is_not_found(heard.code.as_deref()) && self.waits_for(own.is_some()) => {}
                Outcome::Error => return false,
            }
            let Some(wait) = schedule.next(session.now(), playing.random) else { return false };
            session.sleep(wait).await;
        }
    }

    /// Whether the client has decided to make no further calls.
    pub fn stopped(&self) -> bool {
        self.quota_spent.load(Ordering::Relaxed)
    }
}

/// About how long it waits between the same request for one resource and for the next. S0 asks for a pause
/// and calls a varying one best; how long it is, is the program's choice.
const BATCH_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause before a new call of what was throttled: as long as S0 lets polls be apart.
const SLOWEST: Duration = Duration::from_secs(300);

/// Where a flow goes on after a command has not found its ids: at the last poll of the same ids, which
/// confirms their state before the command is sent again (S0), or else at the command.
fn confirming(flow: &[FlowStep], at: usize) -> usize {
    let FlowStep::Call(call) = &flow[at] else { return at };
    let same = |step: &FlowStep| matches!(step, FlowStep::Poll(poll) if poll.ids == call.ids);
    flow[..at].iter().rposition(same).unwrap_or(at)
}

#[cfg(test)]
mod tests;
