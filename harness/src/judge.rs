//! From trials to a report: every rule's ruling, its severity, the score, and what was expected here.
//!
//! A [`Judge`] takes trials one by one and can report at any time: the tests behind the rules are valid
//! whenever one looks. It holds no clock and no randomness; the same trials give the same report, byte
//! for byte.

mod metrics;
mod report;

use std::collections::BTreeSet;

use brownout_mocks::journal::{self, EventKind, Header, Segment};

use crate::evidence::Evidence;
use crate::fit::Fit;
use crate::guidance::{Cited, Profile};
use crate::rule::{RULES, RuleDoc, Ruling, Severity, Verdict, severity};
use crate::scenario::{Document, ExpectOutcome, WorkItem};

pub use metrics::{Metrics, Percentiles, Summary};
pub use report::{Expected, RuleReport, RunReport};

/// Judges one run: a scenario × a client × a clock.
#[derive(Debug, Clone)]
pub struct Judge {
    document: Document,
    header: Header,
    evidence: Evidence,
    allowed: Vec<String>,
    fired: BTreeSet<String>,
    run: metrics::Tally,
    control: Option<metrics::Tally>,
    reference: Option<metrics::Tally>,
    outcome_broken: Option<String>,
    outcome_unasked: Option<String>,
    exit_broken: Option<String>,
    ended: Option<String>,
    time_note: Option<String>,
    client_note: Option<String>,
}

impl Judge {
    /// Nothing seen yet. `header` is that of any trial of the client under test.
    pub fn new(document: &Document, profile: &Profile, header: &Header) -> Self {
        let mut evidence = Evidence::new(profile.clone(), header);
        if let Some(deadline) = document.expect.deadline {
            evidence.deadline = Some(Cited { value: deadline, source: "the scenario's own deadline".into() });
        }
        Self {
            document: document.clone(),
            header: header.clone(),
            evidence,
            allowed: Vec::new(),
            fired: BTreeSet::new(),
            run: metrics::Tally::default(),
            control: None,
            reference: None,
            outcome_broken: None,
            outcome_unasked: None,
            exit_broken: None,
            ended: None,
            time_note: header.time_note.clone(),
            client_note: header.client_note.clone(),
        }
    }

    /// Rules whose failure is reported and forgiven (`--allow`).
    pub fn allow(&mut self, rules: &[String]) {
        self.allowed.extend_from_slice(rules);
    }

    /// One more trial: of the run, of its control, or of its reference, as its header says.
    pub fn push(&mut self, trial: &journal::Trial) {
        match trial.header.segment {
            Segment::Control => {
                let built = self.evidence.build(trial);
                self.control.get_or_insert_default().add(&built, None);
                self.evidence.use_control(&built);
            }
            Segment::Reference => {
                let built = self.evidence.build(trial);
                let end = metrics::fault_end(&self.document, trial);
                self.reference.get_or_insert_default().add(&built, end);
            }
            Segment::Run => {
                self.time_note = self.time_note.take().or_else(|| trial.header.time_note.clone());
                // The same in each trial, but for one in which something became of the client.
                let longer = |note: &Option<String>| note.as_ref().map_or(0, String::len);
                if longer(&trial.header.client_note) > longer(&self.client_note) {
                    self.client_note.clone_from(&trial.header.client_note);
                }
                for event in &trial.events {
                    match &event.kind {
                        EventKind::StepDecided { step, admitted, .. } => {
                            self.fire(step.as_deref());
                            for step in admitted {
                                self.fire(Some(step));
                            }
                        }
                        EventKind::ConnectionClosed { step, .. } => self.fire(step.as_deref()),
                        EventKind::PortClosed { step, .. } => self.fire(Some(step)),
                        _ => {}
                    }
                }
                let end = metrics::fault_end(&self.document, trial);
                self.evidence.push(trial);
                if let Some(built) = self.evidence.trials.last() {
                    self.run.add(built, end);
                    if let Some(broken) = outcome_broken(&self.document, built) {
                        match planned(&self.document).filter(|n| self.evidence.trapped && metrics::calls(built) > *n) {
                            None => _ = self.outcome_broken.get_or_insert(broken),
                            Some(n) => _ = self.outcome_unasked.get_or_insert_with(|| {
                                format!(
                                    "{broken}, which the scenario asks of its own {n} and of no program that makes more; \
                                     `exit: 0` under `expect` asks the program itself"
                                )
                            }),
                        }
                    }
                    self.exit_broken = self.exit_broken.take().or_else(|| exit_broken(&self.document, built));
                    self.ended = self.ended.take().or_else(|| ended_badly(built));
                }
            }
        }
    }

    fn fire(&mut self, step: Option<&str>) {
        if let Some(step) = step.filter(|s| !self.fired.contains(*s)) {
            self.fired.insert(step.to_owned());
        }
    }

    /// The evidence so far, for those who look at pauses themselves (`fit`).
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// What can be said by now.
    pub fn report(&self) -> RunReport {
        let rules: Vec<RuleReport> = RULES.iter().map(|doc| self.rule_report(doc)).collect();
        let steps = self.document.steps.iter().filter(|s| !s.optional).map(brownout_mocks::plan::Step::id);
        let unfired: Vec<String> = steps.filter(|id| !self.fired.contains(id)).collect();
        let undecided = rules
            .iter()
            .filter(|r| r.verdict == Verdict::Inconclusive && self.asked_for(r))
            .map(|r| r.id.into())
            .collect();
        let not_applicable = self
            .document
            .expect
            .judge
            .iter()
            .filter(|j| rules.iter().any(|r| r.is(j) && r.verdict == Verdict::NotApplicable))
            .cloned()
            .collect();
        let expected = Expected {
            outcome: self.outcome_broken.clone(),
            outcome_unasked: self.outcome_unasked.clone(),
            exit: self.exit_broken.clone(),
            undecided,
            not_applicable,
        };
        RunReport::new(self, rules, unfired, expected)
    }

    /// What can be said at the end: a report, with what policy was seen. That takes longer than a verdict, and is asked
    /// for once a run.
    pub fn last_report(&self) -> RunReport {
        RunReport { fit: Some(Fit::of(&self.evidence)), ..self.report() }
    }

    /// What can be said by now about one rule; `None` if there is no such rule.
    pub fn rule(&self, id: &str) -> Option<RuleReport> {
        crate::rule::find(id).map(|doc| self.rule_report(doc))
    }

    fn asked_for(&self, rule: &RuleReport) -> bool {
        self.document.expect.judge.iter().any(|name| rule.is(name))
    }

    fn rule_report(&self, doc: &RuleDoc) -> RuleReport {
        let RuleDoc { id, code, .. } = *doc;
        let (severity, why) = severity(id, self.evidence.profile.family());
        let ruling = if severity == Severity::NotApplicable {
            Ruling::NotApplicable(why.into())
        } else {
            doc.rule.check(&self.evidence)
        };
        let verdict = ruling.verdict();
        let (ruling, e_value) = match ruling {
            Ruling::Weighed(ruling, e_value) => (*ruling, Some(e_value)),
            ruling => (ruling, None),
        };
        let mut report = RuleReport {
            id,
            code,
            severity,
            verdict,
            allowed: self.allowed.iter().any(|a| a == id || a.eq_ignore_ascii_case(code)),
            reason: String::new(),
            trials_needed: None,
            e_value,
            findings_total: 0,
            findings: Vec::new(),
        };
        match ruling {
            Ruling::NotApplicable(reason) | Ruling::Pass(reason) => report.reason = reason,
            Ruling::Inconclusive(needs) => {
                report.reason = needs.told(&doc.advice());
                report.trials_needed = needs.trials;
            }
            Ruling::Fail(findings) => {
                report.findings_total = findings.total;
                report.findings = findings.kept;
                report.findings.iter_mut().for_each(|finding| finding.advice = doc.advice());
            }
            Ruling::Weighed(..) => {}
        }
        report
    }
}

/// Judges all trials of one run at once.
pub fn judge(document: &Document, trials: &[journal::Trial], profile: &Profile) -> Option<RunReport> {
    let header = trials.iter().find(|t| t.header.segment == Segment::Run).or_else(|| trials.first())?;
    let mut judge = Judge::new(document, profile, &header.header);
    for trial in trials {
        judge.push(trial);
    }
    Some(judge.last_report())
}

/// How a trial's calls ended otherwise than expected, in words.
fn outcome_broken(document: &Document, trial: &crate::evidence::Trial) -> Option<String> {
    if document.expect.outcome.is_any() {
        return None;
    }
    let (succeeded, failed) = metrics::outcomes(trial);
    let calls = succeeded + failed;
    let place = if trial.number == 0 { String::new() } else { format!(" in trial {}", trial.number) };
    match document.expect.outcome {
        ExpectOutcome::Success if failed > 0 => {
            Some(format!("{failed} of {calls} calls failed{place}; all were to succeed"))
        }
        ExpectOutcome::Failure if succeeded > 0 => {
            Some(format!("{succeeded} of {calls} calls succeeded{place}; all were to fail"))
        }
        _ => None,
    }
}

/// How many calls the scenario makes by itself, where it says so.
fn planned(document: &Document) -> Option<u64> {
    let count = |item: &WorkItem| match item {
        WorkItem::Call(call) => Some(u64::from(call.count)),
        WorkItem::Flow(_) => None,
    };
    document.workload.iter().map(count).sum::<Option<u64>>().filter(|n| *n > 0)
}

/// How a command ended otherwise than expected, in words.
fn exit_broken(document: &Document, trial: &crate::evidence::Trial) -> Option<String> {
    let wanted = document.expect.exit?;
    match (trial.exit, trial.signal) {
        (Some(exit), _) if exit == wanted => None,
        (Some(exit), _) => {
            Some(format!("the command exited with status {exit}, not {wanted}, in trial {}", trial.number))
        }
        (None, Some(signal)) => Some(format!("the command was ended by signal {signal} in trial {}", trial.number)),
        (None, None) => None,
    }
}

/// How a command ended, if not with status 0. It is told and decides nothing.
fn ended_badly(trial: &crate::evidence::Trial) -> Option<String> {
    match (trial.exit, trial.signal) {
        (Some(0) | None, None) => None,
        (Some(exit), _) => Some(format!("status {exit}")),
        (None, Some(signal)) => Some(format!("signal {signal}")),
    }
}

#[cfg(test)]
mod tests;
