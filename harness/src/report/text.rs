//! Text for people: a line per run, each rule that failed with one finding in full, the sum in the last line.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use brownout_mocks::units::short;

use super::{Entry, Report, us};
use crate::judge::RuleReport;
use crate::rule::{Finding, Verdict};

mod explain;
mod fit;
mod summary;

pub use explain::explain;
pub use fit::{fit, seen};
pub use summary::summary;

use summary::lasted;

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const DIM: Style = Style::new().dimmed();

pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for entry in &report.runs {
        write!(out, "{}", anstream::adapter::strip_str(&run_text(entry, false)))?;
    }
    for broken in &report.broken {
        writeln!(out, "error {}: {}", broken.title(), broken.reason)?;
    }
    writeln!(out, "{}", summary(report))
}

/// One run: its line, then what failed; with `all`, every rule and its verdict. Coloured: the stream
/// strips what it cannot show.
pub fn run_text(entry: &Entry, all: bool) -> String {
    let run = &entry.report;
    let mut out = String::new();
    let (word, style) = match (run.verdict, run.exit_code()) {
        (Verdict::Fail, _) => ("FAIL", RED),
        (Verdict::Pass, 0) => ("pass", GREEN),
        (Verdict::Inconclusive, _) => ("open", YELLOW),
        _ => ("void", YELLOW),
    };
    let score = run.score.map_or_else(String::new, |s| format!(" · score {:.0}", s.floor()));
    let details = details(entry);
    let _ = writeln!(out, "{style}{word}{style:#}  {:<26} {}{score} {DIM}· {details}{DIM:#}", run.scenario, run.client);
    if let Some(note) = &run.client_note {
        let version = if run.client_version.is_empty() { String::new() } else { format!(" {}", run.client_version) };
        let _ = writeln!(out, "      {DIM}client: {}{version}; {note}{DIM:#}", run.client);
    }
    if let Some(note) = &run.time_note {
        let _ = writeln!(out, "      {DIM}clock: {note}{DIM:#}");
    }
    if all {
        for rule in run.rules.iter().filter(|r| r.verdict != Verdict::NotApplicable) {
            let verdict = rule.verdict.to_string();
            let _ = writeln!(out, "      {verdict:<13} {:<24} {DIM}{}{DIM:#}", rule.id, rule.reason);
        }
    }
    for rule in run.rules.iter().filter(|r| r.verdict == Verdict::Fail) {
        failed(&mut out, entry, rule);
    }
    expectations(&mut out, entry);
    if all || run.verdict == Verdict::Fail {
        out.push_str(&seen(entry));
    }
    out
}

fn details(entry: &Entry) -> String {
    let run = &entry.report;
    let count = |v| run.rules.iter().filter(|r| r.verdict == v).count();
    let kept = count(Verdict::Pass);
    let mut parts = vec![format!("{kept} {} kept", if kept == 1 { "rule" } else { "rules" })];
    if count(Verdict::Inconclusive) > 0 {
        parts.push(format!("{} open", count(Verdict::Inconclusive)));
    }
    if let Some(amplification) = run.metrics.amplification {
        parts.push(format!("{amplification:.2} attempts a call"));
    }
    for (effects, what) in [(run.metrics.effects_doubled, "doubled"), (run.metrics.effects_lost, "lost")] {
        if let Some(effects) = effects.filter(|n| *n > 0) {
            parts.push(format!("{effects} {} {what}", if effects == 1 { "effect" } else { "effects" }));
        }
    }
    if run.metrics.attempts == 0 && run.metrics.unseen > 0 {
        parts.push("no connection carried a request".to_owned());
    }
    if let Some(recovery) = run.metrics.recovery_latency_ms {
        parts.push(format!("recovers in {}", short(Duration::from_millis(recovery.p50.round() as u64))));
    }
    if let Some(ended) = &run.ended {
        parts.push(format!("the command ended with {ended}"));
    }
    let trials = if run.trials == 1 { "1 trial".to_owned() } else { format!("{} trials", run.trials) };
    parts.push(format!("{trials}, {} {}", lasted(run.metrics.virtual_ms), run.time.name()));
    parts.join(" · ")
}

/// A rule that failed. One finding tells the story; the others say that it was no accident.
fn failed(out: &mut String, entry: &Entry, rule: &RuleReport) {
    let style = if rule.fails_run() { RED } else { YELLOW };
    let weight = if rule.allowed { "allowed".to_owned() } else { rule.severity.to_string() };
    if let Some(finding) = rule.findings.first() {
        let _ = writeln!(out, "\n  {style}{}{style:#} ({}, {weight}): {}", rule.id, rule.code, finding.message);
        place(out, entry, finding);
        let _ = writeln!(out, "     expected  {}", finding.expected);
        let _ = writeln!(out, "     observed  {}", finding.observed);
        timeline(out, finding);
        let _ = writeln!(out, "     advice    {}", finding.advice);
        let _ = writeln!(out, "     source    {}", finding.source);
    }
    if rule.findings_total > 1 {
        let _ = writeln!(out, "     and       {} more like it", rule.findings_total - 1);
    }
    let _ = writeln!(out, "     explain   brownout explain {}", rule.id);
    let _ = writeln!(out, "     repeat    {}\n", entry.repeat);
}

fn place(out: &mut String, entry: &Entry, finding: &Finding) {
    if let Some(place) = finding.step.as_deref().and_then(|s| entry.place(s)) {
        let width = place.line.to_string().len();
        let _ = writeln!(out, "    {DIM}-->{DIM:#} {}:{}", entry.origin, place.line);
        let _ = writeln!(out, "    {DIM}{:width$} |{DIM:#}", "");
        let _ = writeln!(out, "    {DIM}{} |{DIM:#} {}", place.line, place.text);
        let _ = writeln!(out, "    {DIM}{:width$} |{DIM:#}", "");
    }
}

fn timeline(out: &mut String, finding: &Finding) {
    for (index, attempt) in finding.attempts.iter().enumerate() {
        let label = if index == 0 { "attempts" } else { "" };
        let gap = attempt.gap_us.map_or_else(String::new, |g| format!(" after a pause of {}", us(g)));
        let answer = match (attempt.status, attempt.code.as_deref()) {
            (Some(status), Some(code)) => format!("{status} {code}"),
            (Some(status), None) => status.to_string(),
            _ => "no answer".to_owned(),
        };
        let faults =
            if attempt.faults.is_empty() { String::new() } else { format!(" ({})", attempt.faults.join(", ")) };
        let (at, number, operation) = (us(attempt.at_us), attempt.attempt, &attempt.operation);
        let _ = writeln!(
            out,
            "     {label:<9} {at:>10}  attempt {number:<2} {operation} → {answer}{faults}{DIM}{gap}{DIM:#}"
        );
    }
}

fn expectations(out: &mut String, entry: &Entry) {
    let expected = &entry.report.expected;
    for broken in [&expected.outcome, &expected.exit].into_iter().flatten() {
        let _ = writeln!(out, "  {RED}expect{RED:#}: {broken}\n     repeat    {}", entry.repeat);
    }
    if let Some(unasked) = &expected.outcome_unasked {
        let _ = writeln!(out, "  {DIM}note: {unasked}{DIM:#}");
    }
    for rule in &expected.undecided {
        let ruling = entry.report.rule(rule);
        let reason = ruling.map_or("", |r| r.reason.as_str());
        let _ = writeln!(out, "  {YELLOW}open{YELLOW:#}: {rule} was to be decided here and is not: {reason}");
    }
    for rule in &expected.not_applicable {
        let reason = entry.report.rule(rule).map_or("", |r| r.reason.as_str());
        let _ = writeln!(out, "  {DIM}note: {rule} does not apply here: {reason}{DIM:#}");
    }
    if entry.report.verdict == Verdict::NotApplicable && entry.report.metrics.attempts == 0 {
        let _ = writeln!(out, "  {YELLOW}void{YELLOW:#}: no request arrived, so there is nothing to judge");
    }
    for step in &entry.report.unfired {
        let line = entry.place(step).map_or_else(String::new, |p| format!(" ({}:{})", entry.origin, p.line));
        let _ = writeln!(
            out,
            "  {YELLOW}void{YELLOW:#}: step `{step}`{line} never fired, so the story was not played; \
             `optional: true` says that a step may stay unused"
        );
    }
}
