//! `docs/rules.md`: every rule as its file describes it, and the table rule × profile.

use std::fmt::Write as _;

use super::{code, deeper, head, table};
use crate::guidance::PROFILES;
use crate::rule::{Except, RULES, RuleDoc, Severity, severities, severity};

pub(super) fn page() -> String {
    let mut out = head("Rules", "the `//!` block of each file in `harness/src/rule/`, and `harness/severities.yaml`");
    out.push_str(
        "\nA rule names a breach. It is `must` (a breach fails the run), `should` (it costs score) or not applicable \
         (–),\ndepending on the profile that judges. `--allow RULE` reports a breach and forgives it.\n\n",
    );
    let mut columns = vec!["rule".to_owned(), "code".to_owned()];
    columns.extend(PROFILES.iter().map(|(name, _)| code(name)));
    let _ = writeln!(out, "| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()));
    for rule in RULES {
        let mut cells = vec![format!("[`{0}`](#{0})", rule.id), rule.code.to_owned()];
        cells.extend(PROFILES.iter().map(|(profile, _)| short(severity(rule.id, profile).0)));
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    for doc in RULES {
        let _ = write!(out, "\n{}", deeper(&rule(doc)));
    }
    out
}

fn short(severity: Severity) -> String {
    if severity == Severity::NotApplicable { "–".to_owned() } else { severity.to_string() }
}

/// One rule: its documentation, and how much it weighs.
pub fn rule(doc: &RuleDoc) -> String {
    let mut out = format!("# {}\n\n{} · {}\n## Severity\n\n", doc.id, doc.code, doc.documentation());
    if let Some(row) = severities().iter().find(|r| r.rule == doc.id) {
        let usual = [["every other".to_owned(), row.severity.to_string(), row.because.clone()]];
        let names = |e: &Except| e.profiles.iter().map(|p| code(p)).collect::<Vec<_>>().join(", ");
        let except = row.except.iter().map(|e| [names(e), e.severity.to_string(), e.because.clone()]);
        if row.except.is_empty() {
            let _ = writeln!(out, "`{}` under every profile: {}.", row.severity, row.because);
        } else {
            out.push_str(&table(["profile", "severity", "because"], except.chain(usual)));
        }
    }
    out
}
