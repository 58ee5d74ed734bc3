//! What a failed rule shows: a sentence, two numbers, a source, and the attempts it is about.

use schemars::JsonSchema;
use serde::Serialize;

use crate::evidence::{Invocation, Trial};

/// The most findings that are kept per rule; all are counted.
const KEPT: usize = 5;
/// The most attempts that a finding shows.
const TIMELINE: usize = 16;

/// One breach.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// What happened, for a newcomer.
    pub message: String,
    /// What the guidance asks for.
    pub expected: String,
    /// What was seen.
    pub observed: String,
    /// What to do in the client.
    pub advice: String,
    /// Where it is documented.
    pub source: String,
    /// The trial it is from.
    pub trial: u64,
    /// Index of the client.
    pub client: u32,
    /// Id of the step whose fault the client met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The attempts it is about.
    pub attempts: Vec<TimelineEntry>,
}

/// One attempt, as a finding shows it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TimelineEntry {
    /// Its number within the trial.
    pub seq: u64,
    /// Its number within the invocation.
    pub attempt: u32,
    /// The operation.
    pub operation: String,
    /// When it arrived, in microseconds since time zero.
    pub at_us: u64,
    /// The pause before it, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_us: Option<u64>,
    /// Status of its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Error code of its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Faults that were injected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

impl Finding {
    /// A finding about `invocation`; `at` is the index of the attempt that met the fault.
    pub(super) fn about(trial: &Trial, client: u32, invocation: &Invocation, at: usize) -> Self {
        let step = invocation.attempts.get(at).and_then(|a| a.step.as_deref()).map(str::to_owned);
        let from = (at + 2).saturating_sub(TIMELINE);
        let attempts = timeline(invocation).skip(from).take(TIMELINE).collect();
        Self { step, attempts, ..Self::bare(trial, client) }
    }

    /// A finding without an invocation.
    pub(super) fn bare(trial: &Trial, client: u32) -> Self {
        Self {
            message: String::new(),
            expected: String::new(),
            observed: String::new(),
            advice: String::new(),
            source: String::new(),
            trial: trial.number,
            client,
            step: None,
            attempts: Vec::new(),
        }
    }
}

/// The attempts of an invocation, as findings show them.
pub(super) fn timeline(invocation: &Invocation) -> impl Iterator<Item = TimelineEntry> {
    invocation.attempts.iter().map(|a| TimelineEntry {
        seq: a.seq,
        attempt: a.number,
        operation: invocation.operation.to_string(),
        at_us: a.at_us,
        gap_us: a.gap_us,
        status: a.status,
        code: a.code.as_deref().map(str::to_owned),
        faults: a.faults.iter().map(ToString::to_string).collect(),
    })
}

/// The findings of a rule: the first few, and how many there were.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// The first few.
    pub kept: Vec<Finding>,
    /// How many there were.
    pub total: u64,
}

impl Findings {
    /// Adds one; it is only made if it will be kept.
    pub(super) fn add(&mut self, make: impl FnOnce() -> Finding) {
        self.total += 1;
        if self.kept.len() < KEPT {
            self.kept.push(make());
        }
    }

    /// Takes in those of another list.
    pub(super) fn join(&mut self, other: Self) {
        self.total += other.total;
        self.kept.extend(other.kept);
        self.kept.truncate(KEPT);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }
}

impl From<Finding> for Findings {
    fn from(finding: Finding) -> Self {
        Self { kept: vec![finding], total: 1 }
    }
}
