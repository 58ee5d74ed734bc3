//! What people and programs read, as a whole: a change of wording shows as a change of a file.
//!
//! `INSTA_UPDATE=always cargo test -p brownout-tests snapshots` takes new ones; look at the difference
//! before it is committed. In CI a snapshot that differs fails and nothing is written.

use brownout::report::{Entry, FORMATS, Report};
use brownout::scenario::{Scenario, library};
use brownout::session::{self, Settings, Who};

use crate::command::brownout;

/// One file, five mistakes of different kinds.
const FIVE_MISTAKES: &str = "\
brownout: 1
name: five-mistakes
title: Five mistakes in one file
service: dynamodb
clints: 2
workload:
  - call: GetItme
    count: 10
steps:
  - when: {operation: GetItem, until: 5}
    inject: {latncy: 200ms}
expect:
  judge: [early_rety]
";

#[test]
fn five_mistakes() {
    let mistakes = Scenario::parse("scenarios/five-mistakes.yaml", FIVE_MISTAKES).unwrap_err();
    assert_eq!(mistakes.count(), 5);
    insta::assert_snapshot!(mistakes.render(false));
}

/// A run in virtual time: the same bytes on every machine.
fn report(name: &str, client: &str) -> Report {
    let shipped = library::find(name).unwrap();
    let scenario = Scenario::parse(shipped.name, shipped.text).unwrap();
    let settings = Settings { trials: Some(1), ..Settings::default() };
    let who = Who::Client(brownout::client::find(client).unwrap(), Vec::new());
    let ran = session::run(&scenario, &who, &settings, 0).unwrap();
    let repeat = format!("brownout run {name} --client {client} --seed 0x1 --trials 1");
    Report { runs: vec![Entry::new(&scenario, ran.report, repeat)], ..Report::default() }
}

fn rendered(format: &str, report: &Report) -> String {
    let mut out = Vec::new();
    (FORMATS.iter().find(|f| f.name == format).unwrap().render)(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn text_of_the_naive_client() {
    insta::assert_snapshot!(rendered("text", &report("throttle-burst", "naive")));
}

#[test]
fn json_of_a_small_run() {
    insta::assert_snapshot!(rendered("json", &report("gateway-retry-after", "ignores-retry-after")));
}

#[test]
fn junit_of_a_run() {
    let mut report = report("throttle-burst", "naive");
    report.runs.extend(self::report("access-denied", "retries-everything").runs);
    let xml = rendered("junit", &report);
    well_formed(&xml);
    insta::assert_snapshot!(xml);
}

/// Just enough of an XML reader: tags close in order, attributes are quoted, and suites hold cases.
fn well_formed(xml: &str) {
    let body = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").unwrap();
    let (mut open, mut cases, mut rest): (Vec<&str>, usize, &str) = (Vec::new(), 0, body.trim_start());
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        assert!(!text.contains('>') && (!open.is_empty() || text.trim().is_empty()), "stray text: {text}");
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closes out of order");
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap();
        let parent = match name {
            "testsuites" => None,
            "testsuite" => Some("testsuites"),
            "testcase" => Some("testsuite"),
            "failure" | "error" | "skipped" => Some("testcase"),
            other => panic!("<{other}> is no element of JUnit"),
        };
        assert_eq!(open.last().copied(), parent, "<{name}>");
        assert!(tag.matches('"').count().is_multiple_of(2) && !tag.contains('&') || tag.contains(';'), "{tag}");
        cases += usize::from(name == "testcase");
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty() && cases > 0);
    let counted: usize = xml
        .split("<testsuites ")
        .nth(1)
        .unwrap()
        .split("tests=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(counted, cases);
}

#[test]
fn help() {
    insta::assert_snapshot!("help", brownout(&["--help"]).stdout);
    insta::assert_snapshot!("help_run", brownout(&["run", "--help"]).stdout);
}
