//! The schema for editors, seen by somebody else's validator.

use brownout::scenario::{Scenario, library, schema};
use jsonschema::{Draft, Validator};
use serde_json::Value;

fn validator() -> Validator {
    jsonschema::options().with_draft(Draft::Draft202012).build(schema()).unwrap()
}

fn json(yaml: &str) -> Value {
    serde_yaml::from_str(yaml).unwrap()
}

#[test]
fn the_schema_is_valid_by_its_own_draft() {
    let named = schema()["$schema"].as_str().unwrap();
    assert!(named.contains("2020-12"), "{named}");
    assert!(jsonschema::draft202012::meta::is_valid(schema()));
}

#[test]
fn every_shipped_scenario_is_valid() {
    let validator = validator();
    for shipped in library::all() {
        let errors: Vec<String> = validator.iter_errors(&json(shipped.text)).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", shipped.name);
    }
}

const HEAD: &str = "brownout: 1\nname: x\ntitle: X\nservice: dynamodb\n";

#[test]
fn what_the_schema_refuses_the_parser_refuses_too() {
    let validator = validator();
    for body in [
        "clients: 0",
        "clients: two",
        "clints: 2",
        "steps: {inject: close}",
        "steps: [{inject: {latncy: 1s}}]",
        "steps: [{inject: clsoe}]",
        "steps: [{inject: {http: 200}}]",
        "steps: [{inject: {http: {status: 503, body: htm}}}]",
        "steps: [{inject: {rate_limit: {bucket: 5}}}]",
        "steps: [{inject: {throttle: {}, close: {}}}]",
        "steps: [{inject: {}}]",
        "steps: [{inject: {stream_error: {behind: 1}}}]",
        "steps: [{inject: {instance_limit: {lag: 60s}}}]",
        "steps: [{inject: close, probability: 2}]",
        "steps: [{inject: close, per: cal}]",
        "steps: [{inject: close, when: {untill: 5s}}]",
        "workload: [{count: 5}]",
        "workload: [{call: GetItem, count: 0}]",
        "workload: [{flow: [{pol: GetItem}]}]",
        "expect: {outcome: sucess}",
        "expect: {exit: 300}",
        "upstream: https://x",
        "upstream: {url: http://x}",
        "upstream: {url: http://x, reset: y}",
    ] {
        let text = format!("{HEAD}{body}");
        assert!(!validator.is_valid(&json(&text)), "the schema lets pass: {body}");
        assert!(Scenario::parse("x", &text).is_err(), "the parser lets pass: {body}");
    }
}

#[test]
fn what_the_parser_takes_the_schema_takes_too() {
    let validator = validator();
    for body in [
        "",
        "steps: [{inject: throttle}]",
        "steps: [{inject: {throttle: }}]",
        "steps: [{inject: {rate_limit: {preset: dynamodb, read: 5/s, write: 5/s}}}]",
        "steps: [{when: {service: ec2}, inject: {instance_limit: {limit: 3, lag: 60s}}}]",
        "steps: [{inject: {throttle: {retry_after: {date: 3s}}}}]",
        "steps: [{inject: [{latency: {lognormal: {median: 10ms, p99: 1s}}}, {http: 503}]}]",
        "steps: [{inject: close, when: {call: 2..5, attempt: 1, operation: [Get*, PutItem]}}]",
        "steps: [{pass: true, when: {attempt: 1}}, {inject: close}]",
        "workload: [{call: PutItem, params: {a: {b: [1, null]}}, rate: 4/s}]",
        "workload: [{flow: [{call: PutItem, as: t}, {poll: GetItem, ids: [$t.id], until: found}], repeat: 2, pace: 1s}]",
        "expect: {profile: {base: std-2026, attempts_max: 5, backoff: {jitter: full}, honours: [retry_after]}}",
        "clients: 2\naccounts: {111111111111: [0], 222222222222: [1]}",
    ] {
        let text = format!("{HEAD}{body}");
        Scenario::parse("x", &text).unwrap_or_else(|d| panic!("{d}"));
        let errors: Vec<String> = validator.iter_errors(&json(&text)).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{body}: {errors:?}");
    }
}
