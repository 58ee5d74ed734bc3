//! The endpoint: match → step → fault → answer → record, the one loop.
//!
//! It knows nothing of sockets: a transport hands it requests and carries out what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::fault::{Break, Effect, Pace, Shift};
use crate::journal::{Answered, EventKind, PartlyFailed, Recorder, Seq};
use crate::plan::{Plan, PlanState};
use crate::protocol::Reply;
use crate::random::Key;
use crate::request::{Attempt, Request};

mod arrival;
mod callers;
mod capacity;
mod connections;
mod control;
mod normal;
mod sent;
mod upstream;
mod versions;
mod world;

pub use callers::{Callers, Calling};
pub use capacity::Capacity;
pub use control::CREDENTIALS;
pub use sent::Sent;
pub use upstream::{Address, Forward, ResetPath, Upstream};
pub use versions::Behind;
pub use world::{Entity, World};

use arrival::Arrivals;
use capacity::Workers;
use normal::{Normal, perform, perform_partly};

/// Limits of the endpoint, each answered with a clear error when it is passed.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest request body, in bytes.
    pub body_bytes: usize,
    /// Longest request head, in bytes.
    pub head_bytes: usize,
    /// Most connections at a time.
    pub connections: usize,
    /// Longest time between two pieces of a request: of its head as a whole, and of its body each.
    pub request_time: Duration,
    /// Most invocations remembered that have not succeeded. When there are more, all are forgotten.
    pub remembered: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 64 << 20,
            head_bytes: 128 << 10,
            connections: 10_000,
            request_time: Duration::from_secs(60),
            remembered: 200_000,
        }
    }
}

/// What a transport has to do for one request.
#[derive(Debug)]
pub struct Served {
    /// The attempt.
    pub seq: Seq,
    /// How long to wait first.
    pub delay: Duration,
    /// What to send; nothing if the connection is broken before an answer.
    pub reply: Option<Reply>,
    /// How its body leaves, if not at once.
    pub pace: Option<Pace>,
    /// How far the clock that dates it is off.
    pub shift: Option<Shift>,
    /// How to break the connection.
    pub r#break: Option<Break>,
    /// Whether the operation takes effect only after the answer; then call [`Endpoint::complete`].
    pub effect_after: bool,
    /// What the upstream is to be asked: at once, or with a late effect after the fault. What it says is the
    /// answer unless there is a `reply`.
    pub forward: Option<Box<Forward>>,
}

/// The mock AWS endpoint of one play. Cheap to clone; all clones are the same endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    clock: Clock,
    recorder: Recorder,
    limits: Limits,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    state: PlanState,
    world: World,
    arrivals: Arrivals,
    workers: Option<Workers>,
    connections: u64,
    /// Attempts whose effect waits for the answer.
    pending: Vec<(Attempt, bool)>,
    /// Attempts that took effect and whose answer has not left yet.
    untold: BTreeSet<Seq>,
    /// What else is to be noted with an answer when it leaves.
    notes: BTreeMap<Seq, Note>,
}

/// What a fault did to an answer that does not show in its head.
#[derive(Debug, Default)]
struct Note {
    /// How far its date is off, in seconds.
    date_off_s: Option<i64>,
    /// Entries that failed.
    partly_failed: Option<PartlyFailed>,
}

impl Endpoint {
    /// An endpoint that plays `plan`.
    pub fn new(plan: Plan, clock: Clock, recorder: Recorder) -> Self {
        let mut world = World::new(plan.seed.named("world", 0));
        world.keep_versions(plan.behind());
        let inner = Inner {
            world,
            arrivals: Arrivals::default(),
            workers: plan.capacity.clone().map(Workers::new),
            state: PlanState::new(plan),
            connections: 0,
            pending: Vec::new(),
            untold: BTreeSet::new(),
            notes: BTreeMap::new(),
        };
        Self { clock, recorder, limits: Limits::default(), inner: Arc::new(Mutex::new(inner)) }
    }

    /// With other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Its limits.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Its clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Where those are told of whose requests do not say which call they belong to.
    pub fn callers(&self) -> Callers {
        self.lock().arrivals.callers()
    }

    /// Its recorder.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// An attempt is no longer in hand: answered, or its connection is gone.
    pub fn over(&self, seq: Seq) {
        let mut inner = self.lock();
        inner.state.over(seq);
        inner.notes.remove(&seq);
    }

    /// Decides about a request that came on `connection`, does what the operation does, and records it.
    pub fn receive(&self, connection: u64, request: Request) -> Served {
        self.clock.set_zero();
        let now = self.clock.now();
        let inner = &mut *self.lock();
        inner.world.now = now;
        inner.world.date = self.clock.date();
        let (attempt, mut received) =
            inner.arrivals.arrive(inner.state.plan(), self.limits.remembered, connection, request);
        let upstream = inner.state.plan().upstream.is_some();
        // An upstream answers whatever it is asked.
        received.unmodelled &= !upstream;
        let unmodelled = received.unmodelled;
        let head = attempt.request.method == http::Method::HEAD;
        self.recorder.push(now, EventKind::AttemptReceived(Box::new(received)));

        let decided = inner.state.decide(&attempt, now, &mut inner.world);
        let steps = &inner.state.plan().steps;
        let id = |i: usize| steps[i].id.clone();
        self.recorder.push(
            now,
            EventKind::StepDecided {
                seq: attempt.seq,
                step: decided.step.map(id),
                faults: decided.faults.iter().map(|&f| f.to_owned()).collect(),
                admitted: decided.admitted.iter().map(|&i| id(i)).collect(),
                why: decided.why,
            },
        );

        let effect = decided.effect.unwrap_or(Effect::Before);
        let breaks = decided.r#break;
        let mut delay = decided.delay;
        let mut overload = None;
        if let Some(workers) = &mut inner.workers
            && (effect != Effect::None || decided.step.is_none())
        {
            // Only what reaches the service keeps a worker busy.
            let mut stream = inner.state.plan().seed.stream(Key {
                step: "capacity",
                client: attempt.sender.client,
                operation: &attempt.operation,
                call: attempt.call_ordinal,
                attempt: attempt.attempt,
            });
            match workers.take(now, &mut stream) {
                Some(served) => delay += served,
                None => overload = Some(capacity::refusal(&attempt, &mut inner.world)),
            }
        }
        let mut served = Served {
            seq: attempt.seq,
            delay,
            reply: decided.answer,
            pace: decided.pace,
            shift: decided.shift,
            r#break: breaks,
            effect_after: effect == Effect::After,
            forward: None,
        };
        if let Some(shift) = decided.shift {
            inner.notes.entry(served.seq).or_default().date_off_s = Some(shift.seconds());
        }
        let answers = breaks.is_none_or(Break::answers);
        if let Some(refusal) = overload {
            served.reply = Some(refusal);
            served.effect_after = false;
        } else if upstream && effect != Effect::None {
            served.forward = Some(Box::new(Forward { attempt, corrupt: decided.corrupt }));
        } else if effect == Effect::Before || (served.reply.is_none() && answers && effect == Effect::None) {
            // Without an answering fault the normal answer is due; with `effect: none` it is a lie, as scripted.
            let normal = if let Some((failed, code)) = &decided.partial {
                let normal = perform_partly(&attempt, &mut inner.world, failed, code);
                if normal.happened() {
                    let entries = failed.iter().map(|&index| index as u64).collect();
                    let note = inner.notes.entry(served.seq).or_default();
                    note.partly_failed = Some(PartlyFailed { entries, code: code.clone() });
                }
                normal
            } else if effect == Effect::Before {
                inner.world.look_as(decided.behind);
                let normal = perform(&attempt, &mut inner.world, unmodelled);
                inner.world.look_as(None);
                normal
            } else {
                Normal::lie(&mut inner.world)
            };
            if effect == Effect::Before && normal.happened() {
                inner.untold.insert(served.seq);
            }
            if answers && served.reply.is_none() {
                let mut reply = normal.dress(&attempt);
                if decided.corrupt && reply.class.is_none() {
                    attempt.service.corrupt(&attempt, &mut reply);
                }
                served.reply = Some(reply);
            }
        } else if served.effect_after {
            inner.pending.push((attempt, unmodelled));
        }
        if let (Some(reply), Some(Break::Truncate(after) | Break::ResetInBody(after))) = (&served.reply, breaks) {
            // Of a body that is not sent, or ends before that, there is nothing to cut: the answer is whole.
            let bodiless = head || matches!(reply.status, 204 | 304);
            if bodiless || after >= reply.body.len() as u64 {
                served.r#break = None;
            }
        }
        if !answers {
            served.reply = None;
        }
        if breaks == Some(Break::BlackHole) {
            // Its connection may outlive the journal.
            self.tell(inner, served.seq);
        }
        served
    }

    /// The operation of an attempt with a late effect happens now; returns its normal answer.
    pub fn complete(&self, seq: Seq) -> Option<Reply> {
        let inner = &mut *self.lock();
        let index = inner.pending.iter().position(|(a, _)| a.seq == seq)?;
        let (attempt, unmodelled) = inner.pending.swap_remove(index);
        inner.world.now = self.clock.now();
        inner.world.date = self.clock.date();
        let normal = perform(&attempt, &mut inner.world, unmodelled);
        if normal.happened() {
            inner.untold.insert(seq);
        }
        Some(normal.dress(&attempt))
    }

    /// An answer was sent, whole or cut.
    pub fn answered(&self, seq: Seq, reply: &Sent) {
        self.answered_at(seq, reply, self.clock.now());
    }

    /// An answer leaves at `at`, for transports that cannot see it leave. Its event stands where this is
    /// called, so that such a journal has to be sorted by time.
    pub fn answered_at(&self, seq: Seq, reply: &Sent, at: Duration) {
        let (untold, note) = {
            let mut inner = self.lock();
            inner.arrivals.answered(seq, reply.class.is_none(), reply.cut);
            inner.state.over(seq);
            (inner.untold.remove(&seq), inner.notes.remove(&seq).unwrap_or_default())
        };
        self.recorder.push(
            at,
            EventKind::Answered(Box::new(Answered {
                seq,
                status: reply.status,
                code: reply.code.clone(),
                class: reply.class,
                retry_after_ms: reply.retry_after_ms,
                x_amz_retry_after_ms: reply.x_amz_retry_after_ms,
                invalid_hint: reply.invalid_hint.clone(),
                date_off_s: note.date_off_s,
                partly_failed: note.partly_failed,
                body_bytes: reply.body_bytes,
                cut: reply.cut,
                first_byte_us: crate::journal::micros(reply.first_byte),
                last_byte_us: crate::journal::micros(at),
                effect: untold,
                created: reply.created.clone(),
                unsettled: reply.unsettled,
            })),
        );
    }

    /// Whether each step has fired, in order.
    pub fn fired(&self) -> Vec<bool> {
        let inner = self.lock();
        (0..inner.state.plan().steps.len()).map(|i| inner.state.fired(i)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
