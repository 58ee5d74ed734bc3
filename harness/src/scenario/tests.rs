//! Tests of the whole path from text to scenario.

use brownout_mocks::random::Seed;

use super::*;

mod contradictions;
mod hostile;
mod mistakes;

const HEAD: &str = "brownout: 1\nname: x\ntitle: X\nservice: dynamodb\n";

/// What is wrong with a body below the usual head, as `line:column message`.
fn mistakes(body: &str) -> Vec<String> {
    let found = Scenario::parse("x.yaml", &format!("{HEAD}{body}"));
    let list = found.map_or_else(|d| d.list, |_| Vec::new());
    list.into_iter().map(|d| format!("{}:{} {}", d.line, d.column, d.message)).collect()
}

/// The one mistake of a body.
#[track_caller]
fn only(body: &str) -> Diagnostic {
    let found = Scenario::parse("x.yaml", &format!("{HEAD}{body}"));
    let list = found.map_or_else(|d| d.list, |_| Vec::new());
    assert_eq!(list.len(), 1, "{body}: {:?}", mistakes(body));
    list.into_iter().next().unwrap()
}

#[track_caller]
fn good(body: &str) -> Scenario {
    Scenario::parse("x.yaml", &format!("{HEAD}{body}")).unwrap_or_else(|d| panic!("{d}"))
}

#[test]
fn a_scenario_knows_its_lines_and_its_kind() {
    let scenario = good("steps:\n  - when: {attempt: 1}\n    inject:\n      throttle: {}\n  - pass: true\n");
    assert_eq!(scenario.line_of_step(0), 8);
    assert_eq!(scenario.line_of_step(1), 9);
    assert_eq!(scenario.line_of_step(7), 1);
    assert_eq!(scenario.line_of("/steps/0/when/attempt"), Some(6));
    assert_eq!(scenario.line_of("/nowhere"), None);
    assert_eq!(scenario.excerpt(8), "      throttle: {}");
    assert_eq!(scenario.kind(), Kind::Empty);
    assert_eq!(good("workload: [{call: GetItem}]").kind(), Kind::Calls);
    assert_eq!(good("workload: [{call: GET /x, service: execute-api}]").kind(), Kind::Gateway);
    assert_eq!(good("workload: [{flow: [{call: GetItem}]}]").kind(), Kind::Flow);
}

#[test]
fn a_scenario_becomes_a_plan() {
    let scenario = good(
        "clients: 2\nstart: 2030-02-03T04:05:06Z\naccounts: {111111111111: [1]}\nsteps: [{inject: throttle, id: a}]\n",
    );
    let seed = Seed { run: 7, trial: 3 };
    let plan = scenario.plan(seed);
    assert_eq!((plan.steps.len(), plan.steps[0].id.as_str(), plan.seed), (1, "a", seed));
    assert_eq!(plan.service.id(), "dynamodb");
    let control = scenario.control_plan(seed);
    assert!(control.steps.is_empty() && control.accounts == plan.accounts);
    assert_eq!(scenario.epoch(), validate::date("2030-02-03T04:05:06Z").unwrap());
    assert_eq!(good("").epoch(), Clock::virtual_epoch());
}

#[test]
fn every_scenario_of_the_library_is_right() {
    assert!(!library::all().is_empty());
    for shipped in library::all() {
        let scenario = Scenario::parse(shipped.name, shipped.text).unwrap_or_else(|d| panic!("{d}"));
        assert_eq!(scenario.document.name, shipped.name, "a scenario is named like its file");
        assert!(
            !scenario.document.sources.is_empty() && scenario.document.why.is_some(),
            "{} lacks why or sources",
            shipped.name
        );
        let again = Scenario::from_document("again", &scenario.document).unwrap_or_else(|d| panic!("{d}"));
        assert_eq!(again.document, scenario.document);
    }
}

#[test]
fn what_is_printed_reads_back() {
    let texts = [
        "yes", "012", "0x1F", "0o17", "1_000", "~", "null", "1e3", "+1", ".5", "1.", ".inf", "true", "", " a ", "a: b",
        "# x",
    ];
    let more = [
        "- a",
        "<<",
        "*a",
        "&a",
        "!t",
        "%x",
        "@x",
        "`x",
        "'",
        "\"",
        "a\nb\n\nc",
        "a\n",
        "\n a",
        "\u{0}\u{7}\u{1b}",
        "é\u{2028}\u{85}",
        "\u{feff}x",
        "2026-01-01",
        "---",
        "...",
        "\t",
        "a #b",
        "[",
        "{",
        "|",
        ">",
        "=",
        "0b1",
        "1:30",
        "\r\n",
    ];
    for text in texts.iter().chain(&more) {
        let mut document = good("workload: [{call: PutItem}]").document;
        document.why = Some((*text).to_owned());
        if let Some(WorkItem::Call(call)) = document.workload.first_mut() {
            // A key `<<` is printed bare and then read as a merge key; no service has such a member.
            let key = text.replace('<', "x");
            call.params.insert(key.clone(), serde_json::json!([text, { key: text }, 1.5, -3, u64::MAX, null, true]));
        }
        let again = Scenario::from_document("again", &document)
            .unwrap_or_else(|d| panic!("{text:?}: {d}\n{}", document.to_yaml()));
        assert_eq!(again.document, document, "{text:?}\n{}", document.to_yaml());
    }
}
