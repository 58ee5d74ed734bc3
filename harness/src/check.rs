//! The front door for a Rust user's own retry policy: one trait, one call, a verdict in a `#[test]`.
//!
//! Implement [`RetryPolicy`], pick a scenario, and
//! [`assert_policy`] plays it as `brownout run` would: in virtual time, with its paired control and the
//! profile's reference client, as often as the rules need to decide. Minutes of backoff take
//! milliseconds, and the same seed gives the same verdict. Call it from a plain `#[test]`: each play starts
//! an async runtime of its own.
//!
//! ```
//! use std::time::Duration;
//!
//! use brownout::check;
//! use brownout::client::policy::{Failed, RetryPolicy};
//! use brownout::scenario::library;
//! use brownout_mocks::random::Stream;
//! use brownout_mocks::service::Class;
//!
//! /// Four attempts, full jitter from one second, at most twenty.
//! struct FullJitter;
//!
//! impl RetryPolicy for FullJitter {
//!     fn next_pause(&mut self, failed: Failed<'_>, random: &mut Stream) -> Option<Duration> {
//!         let retryable = matches!(failed.failure.class, Class::Throttling | Class::Transient);
//!         if !retryable || failed.attempt >= 4 {
//!             return None;
//!         }
//!         let bound = Duration::from_secs(1 << (failed.attempt - 1)).min(Duration::from_secs(20));
//!         Some(bound.mul_f64(random.unit()))
//!     }
//! }
//!
//! let scenario = library::scenario("throttle-burst")?;
//! check::assert_policy(&scenario, || FullJitter);
//! # Ok::<(), String>(())
//! ```
//!
//! A policy that breaks a rule fails the test with the finding that `brownout run` prints: the rule, the
//! line of the scenario, the attempts with their pauses, and the guidance that says otherwise. For more
//! than that, [`Check`] takes another profile, seed or number of trials, and [`policy`] returns the whole
//! [`RunReport`].

use crate::client::Player;
use crate::client::policy::RetryPolicy;
use crate::judge::RunReport;
use crate::report::{Entry, run_text};
use crate::scenario::{Kind, Scenario};
use crate::session::{self, SessionError, Settings, Who};

/// Why a policy could not be checked. Never the policy's fault.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The scenario asks for more than calls.
    #[error("`{scenario}` cannot be played by a retry policy: {reason}")]
    NotForPolicies {
        /// The scenario.
        scenario: String,
        /// What it asks for.
        reason: &'static str,
    },
    /// It could not be played or judged.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// Plays a scenario with a client that carries this policy, and judges it; `maker` is asked once per
/// client index and trial.
pub fn policy<P, F>(scenario: &Scenario, maker: F) -> Result<RunReport, CheckError>
where
    P: RetryPolicy + 'static,
    F: Fn() -> P + Send + Sync + 'static,
{
    Check::new().policy(scenario, maker)
}

/// Panics, with the findings for people to read, unless the policy passes.
#[track_caller]
pub fn assert_policy<P, F>(scenario: &Scenario, maker: F)
where
    P: RetryPolicy + 'static,
    F: Fn() -> P + Send + Sync + 'static,
{
    Check::new().assert_policy(scenario, maker);
}

/// How a policy is checked, where the defaults will not do.
#[derive(Debug, Clone)]
pub struct Check {
    name: String,
    honours: Vec<&'static str>,
    settings: Settings,
}

impl Default for Check {
    fn default() -> Self {
        Self { name: "policy".to_owned(), honours: Vec::new(), settings: Settings::default() }
    }
}

impl Check {
    /// As `brownout run` does it: virtual time, seed 1, the scenario's own profile, trials until decided.
    pub fn new() -> Self {
        Self::default()
    }

    /// The policy's name, as in reports.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// The policy says that it honours `Retry-After`; the rule `early_retry` then takes it at its word.
    #[must_use]
    pub fn honours_retry_after(mut self) -> Self {
        self.honours.push("retry_after");
        self
    }

    /// Judge by this profile instead of the scenario's.
    #[must_use]
    pub fn profile(mut self, name: &str) -> Self {
        self.settings.profile = Some(name.to_owned());
        self
    }

    /// Another seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Play so many trials instead of as many as decide.
    #[must_use]
    pub fn trials(mut self, trials: u64) -> Self {
        self.settings.trials = Some(trials.max(1));
        self
    }

    /// All other settings of a run.
    #[must_use]
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Plays a scenario with a client that carries this policy, and judges it.
    pub fn policy<P, F>(&self, scenario: &Scenario, maker: F) -> Result<RunReport, CheckError>
    where
        P: RetryPolicy + 'static,
        F: Fn() -> P + Send + Sync + 'static,
    {
        self.player(scenario, Player::of_policy(&self.name, maker))
    }

    /// Plays a scenario with any client in process, and judges it.
    pub fn player(&self, scenario: &Scenario, player: Player) -> Result<RunReport, CheckError> {
        let player = self.honours.iter().fold(player, |player, hint| player.honouring(hint));
        if !player.plays(scenario.kind()) {
            let reason = match scenario.kind() {
                Kind::Empty => "it has no workload",
                Kind::Flow => "its workload is a flow, which an application plays",
                Kind::Calls | Kind::Gateway => "this client does not play its kind of call",
            };
            return Err(CheckError::NotForPolicies { scenario: scenario.document.name.clone(), reason });
        }
        Ok(session::run(scenario, &Who::Own(player), &self.settings, 0)?.report)
    }

    /// Panics, with the findings for people to read, unless the policy passes.
    #[track_caller]
    pub fn assert_policy<P, F>(&self, scenario: &Scenario, maker: F)
    where
        P: RetryPolicy + 'static,
        F: Fn() -> P + Send + Sync + 'static,
    {
        match self.policy(scenario, maker) {
            Ok(report) if report.exit_code() == 0 => {}
            Ok(report) => panic!("{}", self.text(scenario, report)),
            Err(error) => panic!("{error}"),
        }
    }

    /// A report as people read it, without colours.
    pub fn text(&self, scenario: &Scenario, report: RunReport) -> String {
        let repeat = format!("play `{}` with this policy and seed {:#x}", scenario.origin, self.settings.seed);
        let text = run_text(&Entry::new(scenario, report, repeat), false);
        anstream::adapter::strip_str(&text).to_string()
    }
}
