//! What the rules look at: trials → clients → invocations → attempts, built once from the journal.
//!
//! A **gap** is the pause before an attempt: its arrival minus the last byte of the answer before it,
//! or the end of the connection where the answer before it never came. Requests that an HTTP library
//! repeats by itself (`resend`) are no attempts; their answers belong to the attempt they repeat. An
//! attempt that came before its predecessor was over has no gap. An invocation that the end of the
//! journal cut off is *open*: what it did not do proves nothing.
//!
//! No journal, however mangled, makes this panic; it costs a constant per event, and a sort per client.

mod bounds;
mod build;
mod samples;
mod settle;
mod slack;

use std::collections::BTreeMap;
use std::sync::Arc;

use brownout_mocks::clock::Time;
use brownout_mocks::journal;
use brownout_mocks::service::Class;
use brownout_mocks::units::Span;

use crate::guidance::{Cited, Honours, Numbers, Profile, choose_honours};

use settle::{Entry, Shape, entry_of, shape};

pub use samples::Gap;
pub use slack::{Slack, SlackSource};

/// All that is known about one run: a scenario, a client, a clock, any number of trials.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// What it is judged by.
    pub profile: Profile,
    /// Virtual or wall.
    pub time: Time,
    /// What the client honours: by its profile, or by its own word.
    pub honours: Vec<Honours>,
    /// Whether the client owns its demand.
    pub owns_demand: bool,
    /// Whether a trap stood between the client and the world: where brownout started it as a command.
    pub trapped: bool,
    /// How far measured pauses may be off.
    pub slack: Slack,
    /// The trials.
    pub trials: Vec<Trial>,
    /// How long a call may last, where the scenario or the profile says so, and who says it.
    pub deadline: Option<Cited<Span>>,
    /// Requests for real hosts in the control, by the same client.
    pub control_escapes: Vec<Escape>,
    /// How many requests of each shape the control saw, by the same client; `None` without a control.
    demand: Option<BTreeMap<Shape, u64>>,
    /// How often the control sent each entry of a batch, by the same client.
    batched: BTreeMap<Entry, u64>,
    numbers: BTreeMap<Arc<str>, [Numbers; 2]>,
    names: build::Names,
}

/// One played trial.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    /// Which repetition.
    pub number: u64,
    /// The clients that were seen, by index.
    pub clients: Vec<Client>,
    /// Requests for real hosts.
    pub escapes: Vec<Escape>,
    /// Clients that fell silent.
    pub hung: Vec<Hung>,
    /// When the client ended, if it did so by itself.
    pub ended_us: Option<u64>,
    /// Exit status of a command.
    pub exit: Option<i32>,
    /// Signal that ended a command.
    pub signal: Option<i32>,
    /// When the last event was.
    pub last_us: u64,
    /// When connections failed before they could carry a request, from and until. A client may spend attempts
    /// and its retry quota on such connections, and nobody can see whose they were.
    pub unseen: Vec<(u64, u64)>,
}

/// A request for a real host that the trap caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escape {
    /// When.
    pub at_us: u64,
    /// Host and port.
    pub host: String,
    /// Method and path, or `CONNECT`.
    pub request: String,
}

/// A client that fell silent and was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hung {
    /// Index of the client.
    pub client: u32,
    /// For how long it had been silent.
    pub silent_us: u64,
}

/// Whether a client may run adaptive mode's rate limiter, whose waits are no backoff.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Adaptive {
    /// It is no AWS SDK, or its `User-Agent` names another mode.
    #[default]
    No,
    /// An AWS SDK that does not name its mode.
    Unknown,
    /// Its `User-Agent` says so.
    Yes,
}

/// One client of a trial.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// Its index.
    pub index: u32,
    /// What its SDK calls sent, in order of their first attempt.
    pub invocations: Vec<Invocation>,
    /// What its caller wanted, where the caller is ours.
    pub calls: Vec<Call>,
    /// Its `User-Agent`.
    pub user_agent: Option<String>,
    /// Whether it may run a rate limiter of its own.
    pub adaptive: Adaptive,
    /// When its first throttling answer was over.
    pub throttled_us: Option<u64>,
    /// The most calls that it had in progress at once, at least 1.
    pub peak: u32,
    /// Its last event.
    pub last_us: u64,
    /// When fresh credentials were handed out to it.
    pub issued: Vec<u64>,
}

/// One logical operation, as its caller saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its number within the client.
    pub number: u64,
    /// Service asked.
    pub service: Arc<str>,
    /// Operation asked for.
    pub operation: Arc<str>,
    /// When it was asked for.
    pub started_us: u64,
    /// When the caller heard, and whether it was a success.
    pub finished: Option<(u64, bool)>,
    /// Indices of its invocations.
    pub invocations: Vec<usize>,
}

/// What one SDK call sent.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Its number within the trial.
    pub id: u64,
    /// The call it belongs to.
    pub call: Option<u64>,
    /// Service asked.
    pub service: Arc<str>,
    /// Operation asked for.
    pub operation: Arc<str>,
    /// What it is about.
    pub target: Option<Arc<str>>,
    /// All that it names, where that is more than the target.
    pub ids: Vec<Arc<str>>,
    /// Whether the client itself marks what belongs together: by retry headers, or by a call of ours.
    /// Without a mark the endpoint guesses, and two calls may look like one.
    pub marked: bool,
    /// Its attempts, resends left out.
    pub attempts: Vec<Attempt>,
    /// How many of its repeats may be calls of their own. Nothing where the client marks what belongs
    /// together; else as many as like requests in the control, where no retry was due, allow.
    pub joints: usize,
    /// Whether the same was asked again later, where the caller is not ours: by a loop above, or as a new call.
    pub asked_again: bool,
    /// When it was certainly over; `None` while it may go on.
    pub over_us: Option<u64>,
}

/// One request, and what became of it.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Its number within the trial.
    pub seq: u64,
    /// Its number within the invocation, as recorded.
    pub number: u32,
    /// Which attempt in an unbroken row of retries it is, from 1: a success or a `NotFound` ends a row.
    pub row: u32,
    /// Arrival.
    pub at_us: u64,
    /// Last byte of its answer, or end of its connection.
    pub end_us: Option<u64>,
    /// Status of its answer.
    pub status: Option<u16>,
    /// Error code of its answer.
    pub code: Option<Arc<str>>,
    /// Class of its failure; `None` for a success, and while nothing came.
    pub class: Option<Class>,
    /// Whether it got a whole answer.
    pub answered: bool,
    /// Whether a fault broke its connection or its answer.
    pub broken: bool,
    /// `Retry-After`, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// `x-amz-retry-after`, in milliseconds.
    pub x_amz_retry_after_ms: Option<u64>,
    /// The step that injected.
    pub step: Option<Arc<str>>,
    /// Names of the faults.
    pub faults: Vec<Arc<str>>,
    /// The pause before it: since the end of the attempt before it.
    pub gap_us: Option<u64>,
    /// Hash of its body.
    pub body_hash: Option<Arc<str>>,
    /// Hash of its idempotency token.
    pub token_hash: Option<Arc<str>>,
    /// Date of its signature.
    pub date: Option<Arc<str>>,
    /// Number of the session whose credentials signed it, where they are ours.
    pub session: Option<u64>,
    /// A retry hint of its answer that is no time.
    pub invalid_hint: Option<Arc<str>>,
    /// How far ahead of the run's clock the date of its answer was, in seconds.
    pub date_off_s: Option<i64>,
    /// Hashes of the entries of a batch.
    pub entries: Vec<Arc<str>>,
    /// Entries of a batch that failed inside a good answer: their indices, and their code.
    pub partly_failed: Option<Box<journal::PartlyFailed>>,
    /// How often its operation took effect: more than once where an HTTP library sent it again.
    pub effects: u32,
    /// `max=` of its retry header.
    pub declared_max: Option<u32>,
    /// Ids of what its answer says was made.
    pub created: Vec<Arc<str>>,
    /// Whether what its answer shows is on its way to another state.
    pub unsettled: bool,
}

impl Attempt {
    /// Whether its answer said when to come back.
    pub fn hinted(&self) -> bool {
        self.retry_after_ms.is_some() || self.x_amz_retry_after_ms.is_some()
    }

    /// Whether it was a good answer by a reader that does not know of the latest write.
    pub fn stale(&self) -> bool {
        self.answered && self.class.is_none() && self.faults.iter().any(|f| &**f == "not_visible")
    }

    /// Whether clients differ on which kind of failure it was: half an answer may be read either way, and so may a 429
    /// whose code says that it passes soon. Some go by its status and take it for a throttle (guidance 2.2).
    pub fn either_way(&self) -> bool {
        self.broken || !self.answered || (self.status == Some(429) && self.class == Some(Class::Transient))
    }

    /// Whether it failed in a way that calls for backoff.
    pub fn backs_off(&self) -> bool {
        matches!(self.class, Some(Class::Throttling | Class::Transient | Class::Quota))
    }
}

impl Invocation {
    /// The ids of all that it names.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.ids.iter().chain(self.target.as_ref().filter(|_| self.ids.is_empty()))
    }

    /// Whether its last attempt succeeded.
    pub fn succeeded(&self) -> bool {
        self.attempts.last().is_some_and(|a| a.answered && a.class.is_none())
    }
}

impl Client {
    /// The call of this number.
    pub fn call(&self, number: u64) -> Option<&Call> {
        self.calls.binary_search_by_key(&number, |c| c.number).ok().map(|i| &self.calls[i])
    }
}

impl Trial {
    /// All invocations, with their clients.
    pub fn invocations(&self) -> impl Iterator<Item = (&Client, &Invocation)> {
        self.clients.iter().flat_map(|c| c.invocations.iter().map(move |i| (c, i)))
    }

    /// All attempts.
    pub fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.clients.iter().flat_map(|c| &c.invocations).flat_map(|i| &i.attempts)
    }
}

impl Evidence {
    /// Nothing seen yet. `header` is that of any trial of the run.
    pub fn new(profile: Profile, header: &journal::Header) -> Self {
        let mut honours = profile.honours.clone();
        for honoured in header.honours.iter().filter_map(|h| choose_honours(h)) {
            if !honours.contains(&honoured) {
                honours.push(honoured);
            }
        }
        Self {
            deadline: profile.deadline.clone(),
            profile,
            time: header.time,
            honours,
            owns_demand: header.owns_demand,
            trapped: header.client == "command",
            slack: Slack::new(header.time, header.estimated),
            trials: Vec::new(),
            control_escapes: Vec::new(),
            demand: None,
            batched: BTreeMap::new(),
            numbers: BTreeMap::new(),
            names: build::Names::default(),
        }
    }

    /// Adds a trial of the client under test.
    pub fn push(&mut self, trial: &journal::Trial) {
        let built = self.build(trial);
        self.trials.push(built);
    }

    /// Builds a trial without adding it: a control's, or a reference's.
    pub fn build(&mut self, trial: &journal::Trial) -> Trial {
        let mut built = build::build(trial, &mut self.names);
        for (_, invocation) in built.invocations() {
            if !self.numbers.contains_key(&invocation.service) {
                let [throttling, transient] =
                    [true, false].map(|t| Numbers::new(&self.profile, &invocation.service, t));
                self.numbers.insert(Arc::clone(&invocation.service), [throttling, transient]);
            }
        }
        self.settle(&mut built);
        self.doubt(&mut built);
        built
    }

    /// Uses a control trial: the same client without faults.
    pub fn use_control(&mut self, control: &Trial) {
        self.control_escapes.extend(control.escapes.iter().cloned());
        let demand = self.demand.get_or_insert_default();
        for (client, invocation) in control.invocations() {
            *demand.entry(shape(client, invocation)).or_default() += invocation.attempts.len() as u64;
            for entry in invocation.attempts.iter().flat_map(|a| &a.entries) {
                *self.batched.entry(entry_of(client, invocation, entry)).or_default() += 1;
            }
        }
        self.slack.calibrate(control);
    }

    /// The ladders against `service` after an error of this class.
    pub fn numbers(&self, service: &str, class: Class) -> Option<&Numbers> {
        let [throttling, transient] = self.numbers.get(service)?;
        Some(if matches!(class, Class::Throttling | Class::Quota) { throttling } else { transient })
    }
}
