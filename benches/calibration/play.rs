//! What is played, and what it adds to the tally.

use std::sync::OnceLock;

use brownout::client::{self, CLIENTS, ClientEntry, Options, Role};
use brownout::guidance;
use brownout::judge::RunReport;
use brownout::rule::Verdict;
use brownout::scenario::{Kind, Scenario, library};
use brownout::session::{self, Settings, Who};

use super::tally::Tally;

/// One run.
pub(crate) enum Task {
    /// A right client under a profile.
    Right { right: Right, scenario: usize, seed: u64 },
    /// A mutant where it is caught.
    Wrong { mutant: &'static ClientEntry, seed: u64 },
    /// The whole library as the command plays it.
    Command { seed: u64 },
}

/// A right client, and the profile it is judged by.
#[derive(Clone)]
pub(crate) struct Right {
    label: String,
    entry: &'static ClientEntry,
    options: Options,
    /// None for the scenario's own.
    profile: Option<String>,
}

/// Rules that a real client is known to break under the profile that documents it, with the line of its source that
/// makes it so: no false alarm, but a finding.
pub(crate) const KNOWN: &[(&str, &[&str], &str)] = &[(
    "aws-sdk-rust",
    &["retry_quota_missing", "retry_quota_refill_wrong", "throttle_quota_missing"],
    "aws-smithy-runtime 1.16.2, src/client/retries/strategy/standard.rs:57: the permit of a call that failed stays with \
     the strategy, which all calls of a client share, and goes back to the bucket at the next success",
)];

fn scenarios() -> &'static [Scenario] {
    static ALL: OnceLock<Vec<Scenario>> = OnceLock::new();
    ALL.get_or_init(|| library::all().iter().filter_map(|s| Scenario::parse(s.name, s.text).ok()).collect())
}

/// Settings of a client.
type Set = &'static [(&'static str, &'static str)];

/// The real SDK in both generations and in adaptive mode, each with the profile that documents it.
const GENERATIONS: [(&str, Set, &str); 3] = [
    ("aws-sdk-rust", &[], "std-2.0-1s"),
    ("aws-sdk-rust, 2026", &[("retries.spec", "2026")], "std-2026"),
    ("aws-sdk-rust, 2026, adaptive", &[("retries.spec", "2026"), ("retries.mode", "adaptive")], "adaptive"),
];

/// The right clients, each under its own profile and under the scenario's.
fn right() -> Vec<Right> {
    let mut right = Vec::new();
    let mut add = |label: &str, entry, options: &[(&str, &str)], own: Option<&str>| {
        let options: Options = options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        for profile in [own.map(str::to_owned), None].into_iter().filter(|p| p.is_none() || own.is_some()) {
            right.push(Right { label: label.to_owned(), entry, options: options.clone(), profile });
        }
    };
    if let Some(sdk) = client::find("aws-sdk-rust") {
        for (label, options, own) in GENERATIONS {
            add(label, sdk, options, Some(own));
        }
    }
    for entry in CLIENTS.iter().filter(|c| !matches!(c.role, Role::Mutant(_)) && c.id != "aws-sdk-rust") {
        let own = entry.under.unwrap_or(entry.id);
        add(entry.id, entry, &[], guidance::find(own).map(|_| own));
    }
    right
}

/// Everything to play.
pub(crate) fn tasks(first: u64, seeds: u64, runs: u64) -> Vec<Task> {
    let (right, mut tasks) = (right(), Vec::new());
    for seed in first..first + seeds {
        for right in &right {
            for (n, scenario) in scenarios().iter().enumerate() {
                // A profile that asks for more than a client claims is not the client's: a flow's own asks for more
                // than waiters do.
                let flow = scenario.kind() == Kind::Flow;
                let asks = right.profile.is_none()
                    && scenario.document.expect.profile.is_some()
                    && right.entry.honours.is_empty()
                    && !flow;
                if (right.entry.plays)(scenario.kind()) && !asks {
                    let mut right = right.clone();
                    if flow && right.entry.role == Role::Reference {
                        right.profile.get_or_insert_with(|| "documented".to_owned());
                    }
                    tasks.push(Task::Right { right, scenario: n, seed });
                }
            }
        }
        tasks.extend(
            CLIENTS.iter().filter(|c| matches!(c.role, Role::Mutant(_))).map(|mutant| Task::Wrong { mutant, seed }),
        );
    }
    tasks.extend((first..first + runs).map(|seed| Task::Command { seed }));
    tasks
}

impl Task {
    /// Plays it.
    pub(crate) fn play(&self, tally: &mut Tally) {
        match self {
            Self::Right { right, scenario, seed } => right_run(right, &scenarios()[*scenario], *seed, tally),
            Self::Wrong { mutant, seed } => wrong_run(mutant, *seed, tally),
            Self::Command { seed } => command_run(*seed, tally),
        }
    }
}

fn run(scenario: &Scenario, who: &Who, profile: Option<&str>, seed: u64) -> RunReport {
    let settings = Settings { seed, profile: profile.map(str::to_owned), ..Settings::default() };
    session::run(scenario, who, &settings, 0).unwrap_or_else(|e| panic!("{}: {e}", scenario.document.name)).report
}

fn right_run(right: &Right, scenario: &Scenario, seed: u64, tally: &mut Tally) {
    let who = Who::Client(right.entry, right.options.clone());
    let report = run(scenario, &who, right.profile.as_deref(), seed);
    let known = KNOWN.iter().filter(|(id, ..)| right.profile.is_some() && *id == right.entry.id);
    let known: Vec<&str> = known.flat_map(|(_, rules, _)| rules.iter().copied()).collect();
    let profile = right.profile.clone().unwrap_or_else(|| report.profile.clone());
    tally.right(&right.label, &profile, &scenario.document.name, seed, &report, &known);
}

/// The scenario in which a mutant breaks its rule with seed 1, best one that is meant for it: there it is to be caught.
fn caught_in(mutant: &'static ClientEntry, rule: &str) -> Option<usize> {
    type Found = std::collections::BTreeMap<&'static str, Option<usize>>;
    static FOUND: std::sync::Mutex<Found> = std::sync::Mutex::new(Found::new());
    let lock = || FOUND.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(found) = lock().get(mutant.id) {
        return *found;
    }
    let who = Who::Client(mutant, Vec::new());
    let catches = |n: &usize| {
        let scenario = &scenarios()[*n];
        (mutant.plays)(scenario.kind())
            && run(scenario, &who, mutant.under, 1).rule(rule).is_some_and(|r| r.verdict == Verdict::Fail)
    };
    // A scenario that asks for a decision on the rule is meant for it; others may catch it by chance.
    let asks = |n: &usize| scenarios()[*n].document.expect.judge.iter().any(|asked| asked == rule);
    let (meant, others): (Vec<usize>, Vec<usize>) = (0..scenarios().len()).partition(asks);
    let found = meant.into_iter().chain(others).find(catches);
    lock().insert(mutant.id, found);
    found
}

fn wrong_run(mutant: &'static ClientEntry, seed: u64, tally: &mut Tally) {
    let Role::Mutant(rule) = mutant.role else { return };
    let Some(scenario) = caught_in(mutant, rule).map(|n| &scenarios()[n]) else {
        tally.wrong(mutant.id, rule, "", None);
        return;
    };
    let report = run(scenario, &Who::Client(mutant, Vec::new()), mutant.under, seed);
    tally.wrong(mutant.id, rule, &scenario.document.name, Some(&report));
}

/// The whole library with its default clients.
fn command_run(seed: u64, tally: &mut Tally) {
    let mut blamed = Vec::new();
    for scenario in scenarios() {
        let Some(who) = Who::default_for(scenario.kind()) else { continue };
        let settings = Settings { seed, ..Settings::default() };
        let report = session::run(scenario, &who, &settings, 0).unwrap_or_else(|e| panic!("{e}")).report;
        for rule in report.rules.iter().filter(|r| r.verdict == Verdict::Fail) {
            blamed.push(format!("{} in {} with seed {seed}: {}", who.id(), scenario.document.name, rule.id));
        }
    }
    tally.command(seed, blamed);
}
