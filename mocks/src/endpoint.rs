//! The endpoint: match → step → fault → answer → record, the one loop.
//!
//! It knows nothing of sockets: a transport hands it requests and carries out what it says.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::fault::{Break, Effect};
use crate::journal::{Answered, By, EventKind, How, Recorder, Seq};
use crate::plan::{Plan, PlanState};
use crate::protocol::{Reply, WireError};
use crate::request::{Attempt, Request};
use crate::service::{Class, Done};

mod arrival;
mod world;

pub use world::{Entity, World};

use arrival::Arrivals;

/// Limits of the endpoint, each answered with a clear error when it is passed.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest request body, in bytes.
    pub body_bytes: usize,
    /// Longest request head, in bytes.
    pub head_bytes: usize,
    /// Most connections at a time.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes: 64 << 20, head_bytes: 128 << 10, connections: 10_000 }
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
    /// How to break the connection.
    pub r#break: Option<Break>,
    /// Whether the operation takes effect only after the answer; then call [`Endpoint::complete`].
    pub effect_after: bool,
    /// Whether it has taken effect.
    pub effect: bool,
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
    connections: u64,
    /// Attempts whose effect waits for the answer.
    pending: Vec<(Attempt, bool)>,
}

impl Endpoint {
    /// An endpoint that plays `plan`.
    pub fn new(plan: Plan, clock: Clock, recorder: Recorder) -> Self {
        let world = World::new(plan.seed.named("world", 0));
        let inner = Inner {
            state: PlanState::new(plan),
            world,
            arrivals: Arrivals::default(),
            connections: 0,
            pending: Vec::new(),
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

    /// Its recorder.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// A connection was accepted. Returns its number, and the id of a step that resets it at once.
    pub fn connected(&self) -> (u64, Option<String>) {
        self.clock.set_zero();
        let now = self.clock.now();
        let mut inner = self.lock();
        inner.connections += 1;
        let connection = inner.connections;
        self.recorder.push(now, EventKind::Connected { connection });
        let reset = inner.state.at_connect(connection, now);
        (connection, reset.map(|index| inner.state.plan().steps[index].id.clone()))
    }

    /// A connection ended.
    pub fn closed(&self, connection: u64, seq: Option<Seq>, by: By, how: How) {
        self.lock().arrivals.closed(connection, seq.is_some());
        self.recorder.push(self.clock.now(), EventKind::ConnectionClosed { connection, seq, step: None, by, how });
    }

    /// A connection was reset by a step as it was accepted.
    pub fn reset_at_connect(&self, connection: u64, step: String) {
        self.lock().arrivals.closed(connection, false);
        let (by, how) = (By::Fault, How::Reset);
        let closed = EventKind::ConnectionClosed { connection, seq: None, step: Some(step), by, how };
        self.recorder.push(self.clock.now(), closed);
    }

    /// A request on `connection` could not be read, or is too large.
    pub fn refused(&self, connection: u64, why: &str) {
        self.clock.set_zero();
        self.recorder.push(self.clock.now(), EventKind::Refused { connection, why: why.to_owned() });
    }

    /// Decides about a request that came on `connection`, does what the operation does, and records it.
    pub fn receive(&self, connection: u64, request: Request) -> Served {
        self.clock.set_zero();
        let now = self.clock.now();
        let inner = &mut *self.lock();
        inner.world.now = now;
        inner.world.date = self.clock.date();
        let (attempt, received) = inner.arrivals.arrive(inner.state.plan(), connection, request);
        let unmodelled = received.unmodelled;
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
        let mut served = Served {
            seq: attempt.seq,
            delay: decided.delay,
            reply: decided.answer,
            r#break: breaks,
            effect_after: effect == Effect::After,
            effect: effect == Effect::Before,
        };
        let answers =
            !matches!(breaks, Some(Break::Close | Break::ResetAtConnect | Break::ResetAtRequest | Break::BlackHole));
        if effect == Effect::Before || (served.reply.is_none() && answers && effect == Effect::None) {
            // Without an answering fault the normal answer is due; with `effect: none` it is a lie, as scripted.
            let normal = if effect == Effect::Before {
                perform(&attempt, &mut inner.world, unmodelled)
            } else {
                Normal::lie(&mut inner.world)
            };
            served.effect = effect == Effect::Before && normal.happened();
            if answers && served.reply.is_none() {
                served.reply = Some(normal.dress(&attempt));
            }
        } else if served.effect_after {
            inner.pending.push((attempt, unmodelled));
        }
        if !answers {
            served.reply = None;
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
        Some(perform(&attempt, &mut inner.world, unmodelled).dress(&attempt))
    }

    /// An answer was sent, whole or cut.
    pub fn answered(&self, seq: Seq, reply: &Sent) {
        self.answered_at(seq, reply, self.clock.now());
    }

    /// An answer leaves at `at`, for transports that cannot see it leave. Its event stands where this is
    /// called, so that such a journal has to be sorted by time.
    pub fn answered_at(&self, seq: Seq, reply: &Sent, at: Duration) {
        self.lock().arrivals.answered(seq, reply.class.is_none(), reply.cut);
        self.recorder.push(
            at,
            EventKind::Answered(Box::new(Answered {
                seq,
                status: reply.status,
                code: reply.code.clone(),
                class: reply.class,
                retry_after_ms: reply.retry_after_ms,
                x_amz_retry_after_ms: reply.x_amz_retry_after_ms,
                body_bytes: reply.body_bytes,
                cut: reply.cut,
                first_byte_us: crate::journal::micros(reply.first_byte),
                last_byte_us: crate::journal::micros(at),
                effect: reply.effect,
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

/// What a transport says of an answer when it has sent it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// HTTP status.
    pub status: u16,
    /// Error code.
    pub code: Option<String>,
    /// Retry class.
    pub class: Option<Class>,
    /// `Retry-After`, in milliseconds from the answer.
    pub retry_after_ms: Option<u64>,
    /// `x-amz-retry-after`.
    pub x_amz_retry_after_ms: Option<u64>,
    /// Announced length of the body.
    pub body_bytes: u64,
    /// Whether it was cut.
    pub cut: bool,
    /// When its first byte left.
    pub first_byte: Duration,
    /// Whether the operation took effect.
    pub effect: bool,
}

impl Sent {
    /// What there is to say of `reply` before it is sent.
    pub fn of(reply: &Reply, effect: bool, clock: &Clock) -> Self {
        Self {
            status: reply.status,
            code: reply.code.clone(),
            class: reply.class,
            retry_after_ms: reply.header("retry-after").and_then(|v| retry_after_ms(v, clock)),
            x_amz_retry_after_ms: reply.header("x-amz-retry-after").and_then(|v| v.parse().ok()),
            body_bytes: reply.body.len() as u64,
            cut: false,
            first_byte: clock.now(),
            effect,
        }
    }
}

fn retry_after_ms(value: &str, clock: &Clock) -> Option<u64> {
    if let Ok(seconds) = value.parse::<u64>() {
        return seconds.checked_mul(1000);
    }
    let date = crate::fault::read_http_date(value)?;
    date.duration_since(clock.date()).ok().map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

/// What an operation did: its normal answer, not yet dressed for the wire.
struct Normal {
    result: Result<Done, WireError>,
    request_id: String,
}

impl Normal {
    /// A good answer of an operation that did not happen: empty, in the right shape.
    fn lie(world: &mut World) -> Self {
        let output = serde_json::Value::Object(serde_json::Map::new());
        Self { result: Ok(Done { output, ..Done::default() }), request_id: world.request_id() }
    }

    fn happened(&self) -> bool {
        self.result.is_ok()
    }

    fn dress(&self, attempt: &Attempt) -> Reply {
        let (service, protocol) = (attempt.service, attempt.protocol);
        let head = attempt.request.method == http::Method::HEAD;
        match &self.result {
            Ok(done) => {
                let mut reply = protocol.answer(service, &attempt.operation, done, &self.request_id);
                if head {
                    reply.body = bytes::Bytes::new();
                }
                reply
            }
            Err(error) => protocol.error(service, error, &self.request_id, head),
        }
    }
}

/// The effect of an operation, and its normal answer.
fn perform(attempt: &Attempt, world: &mut World, unmodelled: bool) -> Normal {
    let result = if unmodelled {
        Err(crate::service::unmodelled(attempt.service, &attempt.operation))
    } else {
        attempt.service.perform(attempt, world)
    };
    Normal { result, request_id: world.request_id() }
}
