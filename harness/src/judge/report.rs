//! What a judge says about one run.

use brownout_mocks::clock::Time;
use schemars::JsonSchema;
use serde::Serialize;

use crate::evidence::Slack;
use crate::fit::Fit;
use crate::rule::{Finding, Severity, Verdict};

use super::{Judge, Metrics, Summary};

/// What is said about one run: a scenario × a client × a clock.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RunReport {
    /// The scenario's name.
    pub scenario: String,
    /// Id of the client.
    pub client: String,
    /// Version of the client, where known.
    pub client_version: String,
    /// What else is known of the client, or what became of it, in a sentence: its settings, that it died.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_note: Option<String>,
    /// Name of the profile.
    pub profile: String,
    /// Virtual, warp or wall.
    pub time: Time,
    /// Why this clock and no faster one, or where it could not skip, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_note: Option<String>,
    /// The seed.
    pub seed: u64,
    /// How many trials were played.
    pub trials: u64,
    /// Pass, fail, inconclusive (a rule that the scenario asks for), or not applicable: nothing was judged.
    pub verdict: Verdict,
    /// 100 × weight(pass) ÷ weight(pass + fail); null if nothing was decided.
    pub score: Option<f64>,
    /// Every rule, in alphabetical order.
    pub rules: Vec<RuleReport>,
    /// What the scenario expects beyond the rules.
    pub expected: Expected,
    /// How a command first ended otherwise than with status 0. It decides nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Ids of the steps that never fired and are not optional: with any of these, the scenario was not played.
    pub unfired: Vec<String>,
    /// What was measured.
    pub metrics: Metrics,
    /// How far measured pauses may be off.
    pub slack: Slack,
    /// The same client with all faults off; null if it was not played.
    pub control: Option<Summary>,
    /// The profile's reference client with the faults on; null if there is none.
    pub reference: Option<Summary>,
    /// What policy was seen, from the evidence alone. It decides nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
}

/// One rule's part of a report.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RuleReport {
    /// The rule.
    pub id: &'static str,
    /// Its number in the guidance.
    pub code: &'static str,
    /// How much it weighs under the profile.
    pub severity: Severity,
    /// Its verdict.
    pub verdict: Verdict,
    /// Whether its failure is forgiven (`--allow`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allowed: bool,
    /// What was seen, or why nothing can be said; empty for a failure.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// How many trials in all would probably decide; absent if more would not help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trials_needed: Option<u64>,
    /// How strongly chance speaks against the client, where the rule is a test of chance: an e-value. A right client
    /// reaches 1/α with probability at most α, whenever one looks; 10⁸ blames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e_value: Option<f64>,
    /// How many breaches there were.
    #[serde(skip_serializing_if = "is_zero")]
    pub findings_total: u64,
    /// The first few of them.
    pub findings: Vec<Finding>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl RuleReport {
    /// Whether this is its id or its number.
    pub fn is(&self, name: &str) -> bool {
        name == self.id || name.eq_ignore_ascii_case(self.code)
    }

    /// Whether it fails the run.
    pub fn fails_run(&self) -> bool {
        self.verdict == Verdict::Fail && self.severity == Severity::Must && !self.allowed
    }
}

/// What the scenario expects beyond the rules, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Expected {
    /// How calls ended otherwise than expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The same of a command that makes more calls than the scenario was written for: it is told, and fails nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome_unasked: Option<String>,
    /// How the command ended otherwise than expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<String>,
    /// Rules that were to reach a decision and did not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<String>,
    /// Rules that were to reach a decision and do not apply to this client.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_applicable: Vec<String>,
}

impl RunReport {
    pub(super) fn new(judge: &Judge, rules: Vec<RuleReport>, unfired: Vec<String>, expected: Expected) -> Self {
        let header = &judge.header;
        let failed = expected.outcome.is_some() || expected.exit.is_some() || rules.iter().any(RuleReport::fails_run);
        let judged =
            judge.run.saw_anything() && rules.iter().any(|r| matches!(r.verdict, Verdict::Pass | Verdict::Fail));
        let verdict = if failed {
            Verdict::Fail
        } else if !judged {
            Verdict::NotApplicable
        } else if expected.undecided.is_empty() {
            Verdict::Pass
        } else {
            Verdict::Inconclusive
        };
        Self {
            scenario: header.scenario_name.clone(),
            client: header.client.clone(),
            client_version: header.client_version.clone(),
            client_note: judge.client_note.clone(),
            profile: judge.evidence.profile.name.clone(),
            time: header.time,
            time_note: judge.time_note.clone(),
            seed: header.seed,
            trials: judge.evidence.trials.len() as u64,
            verdict,
            score: score(&rules),
            rules,
            expected,
            ended: judge.ended.clone(),
            unfired,
            metrics: judge.run.metrics(),
            slack: judge.evidence.slack,
            control: judge.control.as_ref().map(super::metrics::Tally::summary),
            reference: judge.reference.as_ref().map(super::metrics::Tally::summary),
            fit: None,
        }
    }

    /// The exit code that this run asks for: 1 a failed must or expectation · 2 nothing was judged, or a
    /// step never fired · 3 a rule that was to decide did not · 0 otherwise.
    pub fn exit_code(&self) -> u8 {
        match self.verdict {
            Verdict::Fail => 1,
            Verdict::NotApplicable => 2,
            _ if !self.unfired.is_empty() => 2,
            Verdict::Inconclusive => 3,
            Verdict::Pass => 0,
        }
    }

    /// Whether more trials could still change something: the number of trials in all that would
    /// probably decide every rule that trials can decide.
    pub fn trials_needed(&self) -> Option<u64> {
        self.rules.iter().filter_map(|r| r.trials_needed).max()
    }

    /// Whether some rule is undecided that more trials can decide.
    pub fn undecided(&self) -> bool {
        self.trials_needed().is_some() || !self.unfired.is_empty()
    }

    /// The report of one rule.
    pub fn rule(&self, id: &str) -> Option<&RuleReport> {
        self.rules.iter().find(|r| r.id == id)
    }
}

/// 100 × weight(pass) ÷ weight(pass + fail), to one decimal.
fn score(rules: &[RuleReport]) -> Option<f64> {
    let weigh = |verdict| -> u32 { rules.iter().filter(|r| r.verdict == verdict).map(|r| r.severity.weight()).sum() };
    let (passed, failed) = (weigh(Verdict::Pass), weigh(Verdict::Fail));
    (passed + failed > 0).then(|| (1000.0 * f64::from(passed) / f64::from(passed + failed)).round() / 10.0)
}
