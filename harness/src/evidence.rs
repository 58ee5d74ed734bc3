//! What the rules look at: trials → clients → invocations → attempts, built once from the journal.
//!
//! A **gap** is the pause before an attempt: its arrival minus the last byte of the answer before it,
//! or the end of the connection where the answer before it never came. Requests that an HTTP library
//! repeats by itself (`resend`) are no attempts; their answers belong to the attempt they repeat. An
//! attempt that came before its predecessor was over has no gap. An invocation that the end of the
//! journal cut off is *open*: what it did not do proves nothing.
//!
//! No journal, however mangled, makes this panic; it costs a constant per event, and a sort per client.

mod attempt;
mod bounds;
mod build;
mod doubtful;
mod moves;
mod names;
mod notes;
mod numbered;
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

pub(crate) use notes::{Moment, Notes, Prover};

pub use attempt::{Attempt, Faults, Rare, Seen};
pub use moves::Moves;
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
    /// How often the control asked for each operation, by client.
    meant: BTreeMap<(u32, Arc<str>), u64>,
    /// How often the control sent each entry of a batch, by the same client.
    batched: BTreeMap<Entry, u64>,
    numbers: BTreeMap<Arc<str>, [Numbers; 2]>,
    names: names::Names,
}

/// One played trial.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    /// How the clock was moved, in warp time.
    pub moves: Moves,
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
    /// What its attempts met, all in all.
    pub seen: Seen,
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
    /// Whether some of its calls were left out because nobody knows what they sent: new calls of ours are among its
    /// invocations, then.
    pub doubtful: bool,
    /// What rules have found out about it.
    pub(crate) notes: Notes,
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
    /// Whether what was asked for changes something.
    pub mutates: bool,
    /// All that it names, where that is more than the target.
    pub ids: Vec<Arc<str>>,
    /// Whether the client itself marks what belongs together: by retry headers, or by a call of ours.
    /// Without a mark the endpoint guesses, and two calls may look like one.
    pub marked: bool,
    /// Its attempts, resends left out.
    pub attempts: Vec<Attempt>,
    /// How many of its repeats, and of those of all invocations of its operation, may be calls of their own. Nothing
    /// where the client marks what belongs together; else as many as the control, where no retry was due, allows.
    pub joints: usize,
    /// Whether the same was asked again later, where the caller is not ours: by a loop above, or as a new call.
    pub asked_again: bool,
    /// When it was certainly over; `None` while it may go on.
    pub over_us: Option<u64>,
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
        call_of(&self.calls, number)
    }
}

/// The call of this number among calls in order of theirs.
fn call_of(calls: &[Call], number: u64) -> Option<&Call> {
    // Numbered from 1 and without a gap, as they nearly always are, it is found without a search.
    let place = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
    if let Some(call) = place.and_then(|i| calls.get(i)).filter(|c| c.number == number) {
        return Some(call);
    }
    calls.binary_search_by_key(&number, |c| c.number).ok().map(|i| &calls[i])
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
            trapped: crate::client::is_outside(&header.client),
            slack: Slack::new(header.time, header.estimated, crate::client::is_outside(&header.client)),
            trials: Vec::new(),
            control_escapes: Vec::new(),
            demand: None,
            meant: BTreeMap::new(),
            batched: BTreeMap::new(),
            numbers: BTreeMap::new(),
            names: names::Names::default(),
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
        let mut known: Option<&Arc<str>> = None;
        for (_, invocation) in built.invocations() {
            if known.replace(&invocation.service).is_some_and(|service| Arc::ptr_eq(service, &invocation.service)) {
                continue;
            }
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

    /// Whether some attempt of the client under test failed in this way.
    pub fn saw(&self, class: Class) -> bool {
        self.trials.iter().any(|t| t.seen.class(class))
    }

    /// Uses a control trial: the same client without faults.
    pub fn use_control(&mut self, control: &Trial) {
        self.control_escapes.extend(control.escapes.iter().cloned());
        let demand = self.demand.get_or_insert_default();
        for (client, invocation) in control.invocations() {
            *demand.entry(shape(client, invocation)).or_default() += invocation.attempts.len() as u64;
            let operation = (client.index, Arc::clone(&invocation.operation));
            *self.meant.entry(operation).or_default() += settle::requests(invocation);
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
