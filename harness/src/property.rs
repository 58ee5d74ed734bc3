//! Property tests of retry policies (feature `proptest`): a strategy for fault scripts, and one property
//! that is ready to use.
//!
//! [`scripts`] draws valid scenarios over every fault that can be played. [`Property`] plays a client
//! against so many of them, in virtual time, and asks that it **always ends and never hammers**: no
//! script makes it hang or go on without end, and none of the [`HAMMERING`] rules is broken. A script that
//! says otherwise is shrunk, and the failure shows it as YAML that `brownout run` plays.
//!
//! ```
//! use std::time::Duration;
//!
//! use brownout::client::policy::{Failed, RetryPolicy};
//! use brownout::property::Property;
//! use brownout_mocks::random::Stream;
//! use brownout_mocks::service::Class;
//!
//! struct FullJitter;
//!
//! impl RetryPolicy for FullJitter {
//!     fn next_pause(&mut self, failed: Failed<'_>, random: &mut Stream) -> Option<Duration> {
//!         let retryable = matches!(failed.failure.class, Class::Throttling | Class::Transient);
//!         let bound = Duration::from_secs(1 << (failed.attempt - 1));
//!         (retryable && failed.attempt < 4).then(|| bound.mul_f64(random.unit()))
//!     }
//! }
//!
//! Property::new().cases(20).always_ends_never_hammers(|| FullJitter);
//! ```
//!
//! Cases are drawn from a fixed seed and nothing is written to disk, so that a run repeats; give another
//! [`Property::seed`] to look elsewhere. For a property of your own, use [`scripts`] in `proptest!`.

use std::fmt;

use brownout_mocks::clock::Time;
use brownout_mocks::journal::Segment;
use brownout_mocks::random::Seed;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::client::policy::RetryPolicy;
use crate::client::{Player, find};
use crate::guidance::{self, Profile};
use crate::judge::{Judge, RuleReport};
use crate::runner::Play;
use crate::scenario::{Document, ProfileChoice, Scenario, WorkItem};

mod faults;
mod script;

pub use script::scripts;

/// The rules that a client breaks which never ends or loads a service that is in trouble.
pub const HAMMERING: &[&str] = &[
    "attempts_exceeded",
    "client_hung",
    "early_retry",
    "no_backoff",
    "not_found_hammered",
    "quota_hammered",
    "retried_permanent_error",
];

/// A play is cut off after so many events for each call. Twelve attempts, more than any guidance allows,
/// make sixty, each on a connection of its own.
const EVENTS_PER_CALL: usize = 100;

/// So many plainer scripts are tried at most: a count, not a time, so that shrinking repeats.
const SHRINKS_MAX: u32 = 1_000;

/// How the property is tested.
#[derive(Debug, Clone)]
pub struct Property {
    cases: u32,
    seed: u64,
    profile: String,
}

impl Default for Property {
    fn default() -> Self {
        Self { cases: 256, seed: 1, profile: guidance::DEFAULT.to_owned() }
    }
}

impl Property {
    /// 256 cases from seed 1, judged by the default profile.
    pub fn new() -> Self {
        Self::default()
    }

    /// Play so many scripts.
    #[must_use]
    pub fn cases(mut self, cases: u32) -> Self {
        self.cases = cases;
        self
    }

    /// Draw the scripts, and play them, from another seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Judge by another profile; the counter-example then names it.
    #[must_use]
    pub fn profile(mut self, name: &str) -> Self {
        name.clone_into(&mut self.profile);
        self
    }

    /// Panics with a shrunk counter-example unless the property holds for this policy.
    #[track_caller]
    pub fn always_ends_never_hammers<P, F>(&self, maker: F)
    where
        P: RetryPolicy + 'static,
        F: Fn() -> P + Send + Sync + 'static,
    {
        if let Err(falsified) = self.check(&Player::of_policy("policy", maker)) {
            panic!("{falsified}");
        }
    }

    /// Whether the property holds for this client, or a shrunk counter-example.
    pub fn check(&self, client: &Player) -> Result<(), Box<Falsified>> {
        let config =
            Config { cases: self.cases, failure_persistence: None, max_shrink_iters: SHRINKS_MAX, ..Config::default() };
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        let test = |document: Document| self.case(client, &document).map_err(TestCaseError::fail);
        let (reason, mut document) = match runner.run(&scripts(), test) {
            Ok(()) => return Ok(()),
            Err(TestError::Fail(reason, document)) => (reason.message().to_owned(), document),
            Err(TestError::Abort(reason)) => panic!("the scripts could not be drawn: {reason}"),
        };
        self.name_profile(&mut document);
        Err(Box::new(Falsified { client: client.id().to_owned(), seed: self.seed, reason, document }))
    }

    fn name_profile(&self, document: &mut Document) {
        if self.profile != guidance::DEFAULT {
            document.expect.profile = Some(ProfileChoice::Name(self.profile.clone()));
        }
    }

    /// Plays one script once: says what is wrong, if anything is.
    pub fn case(&self, client: &Player, document: &Document) -> Result<(), String> {
        let profile = guidance::find(&self.profile).ok_or_else(|| format!("there is no profile `{}`", self.profile))?;
        let scenario = Scenario::from_document("counter-example.yaml", document)
            .map_err(|mistakes| format!("brownout made an invalid script, please report it:\n{mistakes}"))?;
        holds(&scenario, client, profile, self.seed)
    }
}

/// Whether a client always ends and never hammers in this scenario: one play, its rules and its end.
pub fn holds(scenario: &Scenario, client: &Player, profile: &Profile, seed: u64) -> Result<(), String> {
    if !client.plays(scenario.kind()) {
        return Ok(());
    }
    let events_max = EVENTS_PER_CALL * (1 + calls(&scenario.document));
    let play = Play {
        scenario,
        client,
        time: Time::Virtual,
        seed: Seed { run: seed, trial: 0 },
        segment: Segment::Run,
        run: 0,
        profile: &profile.name,
        clients: None,
        explain: false,
        client_timeout: None,
        tls: false,
        events_max,
    };
    let trial = play.play().map_err(|e| e.to_string())?;
    let endless = trial.events.len() >= events_max;
    let mut judge = Judge::new(&scenario.document, profile, &trial.header);
    judge.push(&trial);
    for rule in HAMMERING.iter().filter_map(|id| judge.rule(id)) {
        if rule.fails_run() {
            return Err(told(&rule));
        }
    }
    if endless { Err(format!("the client was still busy after {events_max} events")) } else { Ok(()) }
}

/// How many calls a scenario's workload makes; a poll counts as a hundred.
fn calls(document: &Document) -> usize {
    let of_item = |item: &WorkItem| match item {
        WorkItem::Call(item) => item.count as usize,
        WorkItem::Flow(item) => item.repeat as usize * item.flow.len() * 100,
    };
    document.workload.iter().map(of_item).sum::<usize>() * document.clients as usize
}

fn told(rule: &RuleReport) -> String {
    let finding = rule.findings.first();
    let message = finding.map_or("", |f| f.message.as_str());
    let expected = finding.map_or("", |f| f.expected.as_str());
    format!("{} ({}): {message}; expected {expected}", rule.id, rule.code)
}

/// A client for which the property does not hold, with the plainest script that was found to show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Falsified {
    /// The client.
    pub client: String,
    /// The seed that it was played with.
    pub seed: u64,
    /// What it does wrong.
    pub reason: String,
    /// The script.
    pub document: Document,
}

impl Falsified {
    /// The script as a file for `brownout run`.
    pub fn yaml(&self) -> String {
        self.document.to_yaml()
    }
}

impl fmt::Display for Falsified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client, seed, reason, .. } = self;
        writeln!(f, "`{client}` does not always end without hammering:\n  {reason}\n")?;
        writeln!(f, "counter-example.yaml:\n\n{}", self.yaml())?;
        if find(client).is_some() {
            writeln!(f, "replay: brownout run counter-example.yaml --client {client} --seed {seed:#x}")
        } else {
            writeln!(f, "replay in process: `Property::case`, or `check::policy` over `Scenario::parse` of this file")?;
            writeln!(f, "replay with a client that brownout knows, to compare:")?;
            writeln!(f, "        brownout run counter-example.yaml --client std-2026 --seed {seed:#x}")
        }
    }
}

impl std::error::Error for Falsified {}
