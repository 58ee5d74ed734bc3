//! `docs/coverage.md`: what the seed documents advise, line by line, and where it is played and judged.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{code, head, table};
use crate::scenario::{library, sources};

/// What the seeds advise, as `harness/coverage.yaml` lists it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Why something cannot be seen at the endpoint, by a word.
    pub reasons: BTreeMap<String, String>,
    /// The seeds by their keys in `docs/sources.md`.
    pub seeds: BTreeMap<String, Seed>,
}

/// One seed document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// How many lines it has.
    pub lines: u32,
    /// Lines that say nothing to do: headings, empty ones, advertising.
    pub silent: Vec<Lines>,
    /// Sentences of advice and error codes, in their order.
    pub entries: Vec<Entry>,
}

/// A sentence of advice, or an error code.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Where it stands in the seed.
    pub lines: Lines,
    /// The error code that it is about.
    #[serde(default)]
    pub code: Option<String>,
    /// The HTTP status that it is about, where the seed names no code.
    #[serde(default)]
    pub status: Option<u16>,
    /// The service that sends the code or status.
    #[serde(default)]
    pub service: Option<String>,
    /// What it says, in our words.
    pub says: String,
    /// The scenarios that play it.
    #[serde(default)]
    pub scenarios: Vec<String>,
    /// The rules that judge it there; none: no rule does yet.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Why it is not played: a word of [`Coverage::reasons`].
    #[serde(default)]
    pub not_observable: Option<String>,
}

impl Entry {
    /// Whether it is about an error, not advice.
    pub fn is_error(&self) -> bool {
        self.code.is_some() || self.status.is_some()
    }
}

/// A line or a range of lines, both ends included: `7`, `15-21`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lines {
    /// The first.
    pub from: u32,
    /// The last.
    pub to: u32,
}

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = match serde_json::Value::deserialize(d)? {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        let (from, to) = text.split_once('-').unwrap_or((&text, &text));
        match (from.parse(), to.parse()) {
            (Ok(from), Ok(to)) if from <= to => Ok(Self { from, to }),
            _ => Err(D::Error::custom(format!("`{text}` is no line; write `7` or `15-21`"))),
        }
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to { write!(f, "{}", self.from) } else { write!(f, "{}–{}", self.from, self.to) }
    }
}

/// What the seeds advise. A test keeps the embedded file readable.
pub fn coverage() -> &'static Coverage {
    static READ: LazyLock<Coverage> =
        LazyLock::new(|| serde_yaml::from_str(include_str!("../../coverage.yaml")).unwrap_or_default());
    &READ
}

const INTRODUCTION: &str = "
Three documents on the errors of AWS, the seeds, are where brownout began. This page goes through them line by line:
each sentence of advice and each error code that they name, the scenarios that play it, and the rules that judge a
client by it there. Tests hold it to its word: a scenario named beside a code sends it, a rule named beside a
scenario applies there, and every line of a seed is below or has nothing to say.

";

const LEGEND: &str = "
- **Judged**: a rule decides whether a client follows the advice.
- **Played**: a scenario puts a client into the situation, and what it does stands in the journal; judged by no rule
  yet.
- **Not observable**: it does not show at the endpoint, for one of these reasons.

";

pub(super) fn page() -> String {
    let coverage = coverage();
    let mut out = head("Coverage", "`harness/coverage.yaml`");
    out.push_str(INTRODUCTION);
    out.push_str(&totals(coverage));
    out.push_str(LEGEND);
    let reasons = coverage.reasons.iter().map(|(word, why)| [word.clone(), why.clone()]);
    out.push_str(&table(["reason", "what it means"], reasons));
    for (key, seed) in &coverage.seeds {
        let title = sources().iter().find(|s| s.key == key).map_or("", |s| s.title);
        let _ = write!(out, "\n## {key}\n\n{title}. {} lines.\n\n", seed.lines);
        out.push_str(&table(["line", "what it says", "scenario", "rule"], seed.entries.iter().map(row)));
    }
    out.push_str(&beyond(coverage));
    out
}

/// Counts per seed and over all.
fn totals(coverage: &Coverage) -> String {
    let count = |key: String, entries: &[&Entry]| {
        let errors = entries.iter().filter(|e| e.is_error()).count();
        let exercised = entries.iter().filter(|e| !e.scenarios.is_empty()).count();
        let judged = entries.iter().filter(|e| !e.rules.is_empty()).count();
        let hidden = entries.iter().filter(|e| e.not_observable.is_some()).count();
        let numbers = [entries.len() - errors, errors, exercised, judged, exercised - judged, hidden];
        [vec![key], numbers.iter().map(ToString::to_string).collect()].concat()
    };
    let all: Vec<&Entry> = coverage.seeds.values().flat_map(|s| &s.entries).collect();
    let seeds = coverage.seeds.iter().map(|(key, seed)| count(key.clone(), &seed.entries.iter().collect::<Vec<_>>()));
    let columns =
        ["seed", "lines of advice", "error codes and statuses", "exercised", "judged", "only played", "not observable"];
    let mut out = format!("| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
    for cells in seeds.chain([count("all".to_owned(), &all)]) {
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out
}

fn row(entry: &Entry) -> [String; 4] {
    let error = match (&entry.code, entry.status) {
        (Some(name), _) => Some(code(name)),
        (None, Some(status)) => Some(code(&status.to_string())),
        (None, None) => None,
    };
    let service = entry.service.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
    let says = error.map_or_else(|| entry.says.clone(), |error| format!("{error}{service}: {}", entry.says));
    if let Some(reason) = &entry.not_observable {
        return [entry.lines.to_string(), says, "–".to_owned(), format!("not observable: {reason}")];
    }
    let rules: Vec<String> = entry.rules.iter().map(|rule| format!("[`{rule}`](rules.md#{rule})")).collect();
    let rules = if rules.is_empty() { "played; judged by no rule yet".to_owned() } else { rules.join(", ") };
    [entry.lines.to_string(), says, links(entry.scenarios.iter().map(String::as_str)), rules]
}

fn links<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let link = |name: &str| match library::find(name) {
        Some(shipped) => format!("[`{name}`](../scenarios/{}/{name}.yaml)", shipped.family),
        None => code(name),
    };
    names.map(link).collect::<Vec<_>>().join(", ")
}

/// Scenarios that no seed asks for.
fn beyond(coverage: &Coverage) -> String {
    let entries = coverage.seeds.values().flat_map(|s| &s.entries);
    let named: BTreeSet<&str> = entries.flat_map(|e| &e.scenarios).map(String::as_str).collect();
    let others: Vec<&str> = library::all().iter().map(|s| s.name).filter(|name| !named.contains(name)).collect();
    format!(
        "\n## Beyond the seeds\n\n{} of {} scenarios play what other documents tell ([sources](sources.md)): {}.\n",
        others.len(),
        library::all().len(),
        links(others.into_iter())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_file_is_readable() {
        let read: Result<Coverage, _> = serde_yaml::from_str(include_str!("../../coverage.yaml"));
        assert_eq!(read.unwrap().seeds.keys().collect::<Vec<_>>(), ["S0", "S1", "S2"]);
    }

    #[test]
    fn lines_are_read_and_written() {
        let lines = |text: &str| serde_yaml::from_str::<Lines>(text);
        assert_eq!(lines("7").unwrap().to_string(), "7");
        assert_eq!(lines("15-21").unwrap().to_string(), "15–21");
        assert!(lines("21-15").unwrap_err().to_string().contains("write `7` or `15-21`"));
        assert!(lines("seven").is_err());
    }

    #[test]
    fn what_is_not_judged_or_not_seen_says_so() {
        let read = |text: &str| row(&serde_yaml::from_str(text).unwrap());
        let hidden = read("{lines: 9, says: read the log, not_observable: people}");
        assert_eq!(hidden, ["9", "read the log", "–", "not observable: people"]);
        let [line, says, scenario, rule] = read(
            "{lines: 7-8, code: NoSuchKey, service: s3, says: no such object, scenarios: [s3-refuses], rules: []}",
        );
        assert_eq!((line.as_str(), says.as_str()), ("7–8", "`NoSuchKey` (s3): no such object"));
        assert_eq!(scenario, "[`s3-refuses`](../scenarios/permanent/s3-refuses.yaml)");
        assert_eq!(rule, "played; judged by no rule yet");
    }
}
