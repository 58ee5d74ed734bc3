//! Tests of the whole path from text to scenario.

use std::time::Duration;

use brownout_mocks::random::Seed;
use serde_json::json;

use super::*;

const SEED: Seed = Seed { run: 1, trial: 0 };

const HEAD: &str = "brownout: 1\nname: x\ntitle: X\nservice: dynamodb\n";

fn mistakes(text: &str) -> Vec<Diagnostic> {
    Scenario::parse("x.yaml", text).map_or_else(|d| d.list, |_| Vec::new())
}

/// The one mistake of a scenario that begins with the usual head.
#[track_caller]
fn only(body: &str) -> Diagnostic {
    let list = mistakes(&format!("{HEAD}{body}"));
    assert_eq!(list.len(), 1, "{body}: {list:#?}");
    list.into_iter().next().unwrap()
}

#[track_caller]
fn good(body: &str) -> Scenario {
    Scenario::parse("x.yaml", &format!("{HEAD}{body}")).unwrap_or_else(|d| panic!("{d}"))
}

#[test]
fn all_mistakes_of_a_file_are_shown_in_one_go() {
    let text = "\
brownout: 1
name: Größe
title: X
service: dynamo
clints: 2
steps:
  - when: {operation: GetItem, until: 5}
    inject: {latncy: 200ms}
  - inject: {throttle: {retry_after: 1s}}
  - inject: {http: 503}
";
    let found = Scenario::parse("scenarios/x.yaml", text).unwrap_err();
    assert_eq!(
        found.render(false),
        "\
error: `name`: `Größe` is not in kebab-case: lower-case letters, digits and single hyphens
 --> scenarios/x.yaml:2:7
  |
2 | name: Größe
  |       ^^^^^

error: there is no service `dynamo`
 --> scenarios/x.yaml:4:10
  |
4 | service: dynamo
  |          ^^^^^^
  |
  = help: did you mean `dynamodb`?
  = help: services: dynamodb, ec2, execute-api, lambda, s3, sqs, sts

error: unknown key `clints` in the scenario
 --> scenarios/x.yaml:5:1
  |
5 | clints: 2
  | ^^^^^^ not part of this block
  |
  = help: did you mean `clients`?
  = help: known keys: accounts, brownout, clients, expect, name, service, sources, start, steps, title, why, workload

error: `until`: a duration needs its unit: `5s` or `5ms`
 --> scenarios/x.yaml:7:37
  |
7 |   - when: {operation: GetItem, until: 5}
  |                                     ^

error: unknown fault `latncy`
 --> scenarios/x.yaml:8:14
  |
8 |     inject: {latncy: 200ms}
  |              ^^^^^^ no such fault
  |
  = help: did you mean `latency`?
"
        .replace("7:37", "7:37")
    );
}
