//! The generated pages are current, and every scenario in our documentation can be played.
//!
//! `UPDATE=1 cargo test -p brownout-tests docs` writes the pages anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use brownout::docs::PAGES;
use brownout::report::{Entry, FORMATS, Report};
use brownout::scenario::Scenario;
use brownout::session::{self, Settings, Who};
use serde_json::Value;

use crate::command::brownout;
use crate::tree::{files, root};

#[test]
fn generated_pages_are_current() {
    let mut stale = Vec::new();
    for page in PAGES {
        let (path, wanted) = (root().join("docs").join(page.file), (page.text)());
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != wanted {
            stale.push(page.file);
        }
    }
    assert!(stale.is_empty(), "stale in docs/: {stale:?}; run `UPDATE=1 cargo test -p brownout-tests docs`");
}

#[test]
fn generated_pages_are_whole() {
    for page in PAGES {
        let text = (page.text)();
        assert!(!text.contains("anything"), "docs/{} shows a type that has no words", page.file);
        assert!(!text.contains("\n\n\n"), "docs/{} has a gap", page.file);
        for line in text.lines().filter(|l| l.starts_with('|')) {
            assert!(!line.ends_with("|  |"), "docs/{}: a cell without meaning: {line}", page.file);
        }
        for anchor in text.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
            let heading = |l: &str| l.starts_with('#') && l.trim_start_matches(['#', ' ']).replace('.', "") == anchor;
            assert!(text.lines().any(heading), "docs/{} links to #{anchor}, which is no heading of it", page.file);
        }
    }
}

#[test]
fn the_page_on_reports_names_every_member_of_a_report() {
    let scenario = Scenario::parse("throttle-burst", brownout::scenario::library::find("throttle-burst").unwrap().text);
    let scenario = scenario.unwrap();
    let settings = Settings { trials: Some(1), ..Settings::default() };
    let who = Who::Client(brownout::client::find("naive").unwrap(), Vec::new());
    let ran = session::run(&scenario, &who, &settings, 0).unwrap();
    let report = Report { runs: vec![Entry::new(&scenario, ran.report, String::new())], ..Report::default() };
    let mut json = Vec::new();
    (FORMATS.iter().find(|f| f.name == "json").unwrap().render)(&report, &mut json).unwrap();
    let mut names = BTreeSet::new();
    keys(&serde_json::from_slice(&json).unwrap(), &mut names);
    let page = (PAGES.iter().find(|p| p.file == "report.md").unwrap().text)();
    // Classes of error are keys of one map.
    let missing: Vec<&String> = names
        .iter()
        .filter(|n| !page.contains(&format!("| `{n}` |")) && !["throttling", "transient"].contains(&n.as_str()))
        .collect();
    assert!(missing.is_empty(), "docs/report.md lacks {missing:?}");
}

fn keys(value: &Value, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            out.insert(key.clone());
            keys(value, out);
        }),
        Value::Array(items) => items.iter().for_each(|v| keys(v, out)),
        _ => {}
    }
}

/// Every page that people read: at the root and below `docs/`.
fn pages() -> Vec<PathBuf> {
    let mut pages = files("docs", "md");
    let root = std::fs::read_dir(root()).unwrap().map(|e| e.unwrap().path());
    pages.extend(root.filter(|p| p.extension().is_some_and(|e| e == "md")));
    pages
}

/// The YAML examples of a page that are whole scenarios, with their lines.
fn examples(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, bool, String)> = None;
    for (index, line) in text.lines().enumerate() {
        match (&mut open, line.trim().strip_prefix("```")) {
            (None, Some(language)) => open = Some((index + 2, language.starts_with("yaml"), String::new())),
            (Some((_, _, body)), None) => body.extend([line, "\n"]),
            (Some(_), Some(_)) => {
                let (line, yaml, body) = open.take().unwrap();
                if yaml && body.contains("brownout: 1") {
                    found.push((line, body));
                }
            }
            (None, None) => {}
        }
    }
    found
}

#[test]
fn every_scenario_in_our_documentation_is_played() {
    let mut played = 0;
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(root()).unwrap_or(Path::new("?")).display().to_string();
        for (line, example) in examples(&text) {
            let origin = format!("{name}:{line}");
            let scenario = Scenario::parse(&origin, &example).unwrap_or_else(|d| panic!("{d}"));
            let Some(who) = Who::default_for(scenario.kind()) else { continue };
            let ran =
                session::run(&scenario, &who, &Settings::default(), 0).unwrap_or_else(|e| panic!("{origin}: {e}"));
            assert_eq!(ran.report.exit_code(), 0, "{origin} with its default client: {:#?}", ran.report);
            played += 1;
        }
    }
    assert!(played > 0, "no example was found; has the fence changed?");
}

/// The README's two excerpts of output, line by line: `…` stands for the rest of a line, and the times of the
/// last line are the reader's own: a slow machine plays fewer trials.
#[test]
fn the_readme_shows_what_a_newcomer_sees() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let timeless = |line: &str| match line.rfind(" · ") {
        Some(dot) if line.contains("scenarios:") => line[..dot].to_owned(),
        _ => line.trim_end().to_owned(),
    };
    for (mark, arguments) in
        [("scenarios: ", &["run"][..]), ("FAIL  throttle-burst", &["run", "throttle-burst", "--client", "naive"][..])]
    {
        let said: Vec<String> = brownout(arguments).stderr.lines().map(timeless).collect();
        let block = readme.split("```text\n").skip(1).filter_map(|b| b.split("```").next()).find(|b| b.contains(mark));
        for line in block.unwrap_or_else(|| panic!("the README has no excerpt with {mark:?}")).lines() {
            let shown = match line.strip_suffix('…') {
                Some(start) => said.iter().any(|s| s.starts_with(start.trim_end())),
                None => said.contains(&timeless(line)),
            };
            assert!(shown, "`brownout {}` no longer prints what the README shows:\n{line}", arguments.join(" "));
        }
    }
}
