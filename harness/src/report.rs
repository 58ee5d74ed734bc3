//! Reports: a plain value, and the list of formats that render it. A format only reads.

use std::io::{self, Write};

use brownout_mocks::units::short;

use crate::exit::ExitStatus;
use crate::judge::RunReport;
use crate::scenario::Scenario;

mod json;
mod junit;
mod text;

pub use text::{explain, fit as fit_text, run_text, seen, summary};

/// All that a command found out.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The runs, in order.
    pub runs: Vec<Entry>,
    /// Runs that could not be played, with the reason.
    pub broken: Vec<Broken>,
    /// Scenarios that a named client could not play.
    pub skipped: u64,
    /// `--fail-under`.
    pub fail_under: Option<f64>,
    /// How long the command took, in milliseconds; no part of what is judged.
    pub wall_ms: Option<u64>,
}

/// One run, with what a reader needs to find his way back to the scenario.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The verdict.
    pub report: RunReport,
    /// Path or name of the scenario.
    pub origin: String,
    /// Lines of the scenario's steps, by step id, with their text.
    pub places: Vec<Place>,
    /// The command that repeats the run.
    pub repeat: String,
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Id of the step.
    pub step: String,
    /// Line of its `inject`, from 1.
    pub line: usize,
    /// That line.
    pub text: String,
}

/// A run that could not be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The scenario; its path or name if it could not be read.
    pub scenario: String,
    /// The client, if it came to one.
    pub client: Option<String>,
    /// Why.
    pub reason: String,
}

impl Entry {
    /// A run of `scenario`.
    pub fn new(scenario: &Scenario, report: RunReport, repeat: String) -> Self {
        let place = |(index, step): (usize, &brownout_mocks::plan::Step)| {
            let line = scenario.line_of_step(index);
            Place { step: step.id(), line, text: scenario.excerpt(line).to_owned() }
        };
        let places = scenario.document.steps.iter().enumerate().map(place).collect();
        Self { report, origin: scenario.origin.clone(), places, repeat }
    }

    /// Where a step stands.
    pub fn place(&self, step: &str) -> Option<&Place> {
        self.places.iter().find(|p| p.step == step)
    }
}

impl Report {
    /// The exit code that all of it asks for.
    pub fn exit(&self) -> ExitStatus {
        let mut exit = if self.runs.is_empty() { ExitStatus::Unusable } else { ExitStatus::Pass };
        if !self.broken.is_empty() {
            exit = exit.and(ExitStatus::Unusable);
        }
        for run in &self.runs {
            exit = exit.and(ExitStatus::of(run.report.exit_code()));
        }
        match (self.fail_under, self.score()) {
            (Some(bar), Some(score)) if score < bar => exit.and(ExitStatus::Fail),
            _ => exit,
        }
    }

    /// The mean score of the runs that have one.
    pub fn score(&self) -> Option<f64> {
        let scores: Vec<f64> = self.runs.iter().filter_map(|r| r.report.score).collect();
        (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
    }
}

impl Broken {
    /// Scenario and client, for people.
    pub fn title(&self) -> String {
        self.client.as_ref().map_or_else(|| self.scenario.clone(), |client| format!("{} with {client}", self.scenario))
    }
}

/// A report format.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Its name, as in `--report FORMAT=PATH`.
    pub name: &'static str,
    /// One line for people.
    pub title: &'static str,
    /// Writes a report.
    pub render: fn(&Report, &mut dyn Write) -> io::Result<()>,
}

/// The formats, in alphabetical order.
pub const FORMATS: &[Format] = &[
    Format { name: "json", title: "all that was found, for programs (docs/report.md)", render: json::render },
    Format { name: "junit", title: "one test case per rule, for CI servers", render: junit::render },
    Format { name: "text", title: "for people", render: text::render },
];

/// Microseconds as people read them.
fn us(us: u64) -> String {
    short(std::time::Duration::from_micros(us))
}
