//! `JUnit` XML: a suite per run, a test case per rule that applies; undecided rules are skipped cases.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use super::{Entry, Report};
use crate::judge::RuleReport;
use crate::rule::Verdict;

pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut junit = Junit::new("brownout");
    for entry in &report.runs {
        junit.add_test_suite(suite(entry));
    }
    for broken in &report.broken {
        let mut suite = TestSuite::new(broken.title());
        suite.add_test_case(TestCase::new("played", not_ok(NonSuccessKind::Error, &broken.reason)));
        junit.add_test_suite(suite);
    }
    junit.serialize(&mut *out).map_err(io::Error::other)
}

fn suite(entry: &Entry) -> TestSuite {
    let run = &entry.report;
    let class = format!("{}.{}", run.scenario, run.client);
    let mut suite = TestSuite::new(format!("{} with {}", run.scenario, run.client));
    let mut add = |name: &str, status: TestCaseStatus| {
        let mut case = TestCase::new(name, status);
        case.set_classname(&class);
        suite.add_test_case(case);
    };
    for rule in run.rules.iter().filter(|r| r.verdict != Verdict::NotApplicable) {
        add(rule.id, status(entry, rule));
    }
    for broken in [&run.expected.outcome, &run.expected.exit].into_iter().flatten() {
        add("expect", not_ok(NonSuccessKind::Failure, broken));
    }
    for step in &run.unfired {
        add("played", not_ok(NonSuccessKind::Error, &format!("step {step} never fired")));
    }
    suite
}

fn status(entry: &Entry, rule: &RuleReport) -> TestCaseStatus {
    match rule.verdict {
        Verdict::NotApplicable | Verdict::Pass => TestCaseStatus::success(),
        Verdict::Inconclusive => skipped(&rule.reason),
        // A `should` that is not kept is told and does not fail the build; only a `must` does.
        Verdict::Fail if !rule.fails_run() => {
            let message = rule.findings.first().map_or("", |f| f.message.as_str());
            skipped(&format!("not kept, which does not fail the run: {message}"))
        }
        Verdict::Fail => {
            let Some(finding) = rule.findings.first() else { return not_ok(NonSuccessKind::Failure, rule.id) };
            let mut status = not_ok(NonSuccessKind::Failure, &finding.message);
            status.set_type(rule.code);
            let line = finding.step.as_deref().and_then(|s| entry.place(s)).map_or(0, |p| p.line);
            status.set_description(format!(
                "expected: {}\nobserved: {}\nadvice: {}\nsource: {}\nscenario: {}, line {line}\nrepeat: {}",
                finding.expected, finding.observed, finding.advice, finding.source, entry.report.scenario, entry.repeat
            ));
            status
        }
    }
}

fn not_ok(kind: NonSuccessKind, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message);
    status
}

fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(message);
    status
}
