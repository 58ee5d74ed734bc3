//! Tests of the judge: score, expectations, metrics, exit codes, cost.
#![allow(clippy::unwrap_used, clippy::float_cmp, clippy::print_stdout, clippy::wildcard_imports, reason = "tests")]

use brownout_mocks::clock::Stopwatch;
use brownout_mocks::journal::{EventKind, Segment, Trial};

use crate::guidance;
use crate::rule::{Severity, Verdict};
use crate::scenario::Document;

use super::*;

#[expect(clippy::needless_pass_by_value, reason = "reads better at the call")]
fn document(more: serde_json::Value) -> Document {
    let mut value = serde_json::json!({"brownout": 1, "name": "t", "title": "t", "service": "s3"});
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(value).unwrap()
}

/// A throttled call that succeeds on its second attempt, `pause` later.
fn trial(number: u64, segment: Segment, pause_us: u64) -> Trial {
    let text = format!(
        r#"{{"journal":1,"run":0,"segment":"run","trial":{number},"scenario_name":"t","scenario_text":"","seed":1,"client":"c","client_version":"","profile":"documented","time":"virtual","tool":"t"}}
{{"at_us":0,"event":"call_started","call":1,"client":0,"service":"s3","operation":"GetObject"}}
{{"at_us":0,"event":"attempt_received","seq":1,"connection":1,"client":0,"account":"0","call":1,"invocation":1,"attempt":1,"service":"s3","operation":"GetObject","protocol":"rest_xml","body_bytes":0}}
{{"at_us":0,"event":"step_decided","seq":1,"step":"burst","faults":["throttle"]}}
{{"at_us":0,"event":"answered","seq":1,"status":503,"code":"SlowDown","class":"throttling","body_bytes":0,"first_byte_us":0,"last_byte_us":0}}
{{"at_us":{pause_us},"event":"attempt_received","seq":2,"connection":1,"client":0,"account":"0","call":1,"invocation":1,"attempt":2,"service":"s3","operation":"GetObject","protocol":"rest_xml","body_bytes":0}}
{{"at_us":{pause_us},"event":"step_decided","seq":2,"admitted":["later"]}}
{{"at_us":{pause_us},"event":"answered","seq":2,"status":200,"body_bytes":0,"first_byte_us":{pause_us},"last_byte_us":{pause_us}}}
{{"at_us":{pause_us},"event":"call_finished","call":1,"client":0,"outcome":"success"}}
{{"at_us":{pause_us},"event":"client_ended","exit":0}}
"#
    );
    let mut trial = journal::read(&mut text.as_bytes()).unwrap().remove(0);
    trial.header.segment = segment;
    trial
}

fn burst() -> serde_json::Value {
    serde_json::json!([{"id": "burst", "times": 1, "inject": {"throttle": {}}}])
}

/// Calls of an operation, each a list of requests: whether it took effect, and how it ended.
fn changing(operation: &str, calls: &[&[(bool, &str)]]) -> journal::Trial {
    let mut trial = trial(0, Segment::Run, 0);
    trial.events.clear();
    let mut add = |event: serde_json::Value| trial.events.push(serde_json::from_value(event).unwrap());
    let mut seq = 0;
    for (call, requests) in (1..).zip(calls) {
        let name = serde_json::json!({"at_us": 0, "call": call, "client": 0, "service": "ec2", "operation": operation});
        let with = |event: &str, more: serde_json::Value| {
            let mut event = serde_json::json!({"event": event, "at_us": 0});
            for members in [&name, &more] {
                event.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            }
            event
        };
        add(with("call_started", serde_json::json!({})));
        for (attempt, (effect, end)) in (1..).zip(*requests) {
            seq += 1;
            let received = serde_json::json!({"seq": seq, "connection": 1, "account": "0", "invocation": call,
                "attempt": attempt, "protocol": "ec2Query", "body_bytes": 0});
            add(with("attempt_received", received));
            if *end == "lost" {
                if *effect {
                    add(with("took_effect", serde_json::json!({"seq": seq})));
                }
                let closed = serde_json::json!({"seq": seq, "connection": 1, "by": "fault", "how": "reset"});
                add(with("connection_closed", closed));
            } else {
                let answered = serde_json::json!({"seq": seq, "status": 200, "body_bytes": 0, "effect": effect,
                    "cut": *end == "cut", "first_byte_us": 0, "last_byte_us": 0});
                add(with("answered", answered));
            }
        }
        add(with("call_finished", serde_json::json!({"outcome": "success"})));
    }
    trial
}

fn judged(trial: &journal::Trial) -> RunReport {
    let document = document(serde_json::json!({}));
    judge(&document, std::slice::from_ref(trial), guidance::find("documented").unwrap()).unwrap()
}

#[test]
fn effects_are_counted_by_call() {
    let calls: &[&[(bool, &str)]] = &[
        &[(true, "whole")],
        &[(true, "lost"), (true, "whole")],
        &[(true, "cut"), (false, "whole")],
        &[(false, "lost"), (true, "whole")],
        &[(false, "whole")],
        &[(false, "lost")],
    ];
    let metrics = judged(&changing("RunInstances", calls)).metrics;
    let counted = |m: &Metrics| (m.effects, m.effects_doubled, m.effects_lost);
    let told = "twice in the second call, never in the fifth, which was told of success";
    assert_eq!(counted(&metrics), (5, Some(1), Some(1)), "{told}");
    let reads = judged(&changing("DescribeInstances", calls)).metrics;
    assert_eq!(counted(&reads), (0, Some(0), Some(0)), "reading changes nothing");
    // Where nothing says which requests are one call, nobody knows.
    let mut trial = changing("RunInstances", calls);
    trial.events.retain(|e| !matches!(e.kind, EventKind::CallStarted { .. } | EventKind::CallFinished { .. }));
    for event in &mut trial.events {
        if let EventKind::AttemptReceived(received) = &mut event.kind {
            (received.call, received.sdk_attempt) = (None, None);
        }
    }
    assert_eq!(counted(&judged(&trial).metrics), (5, None, None));
    // One marked call among them is known.
    let first = trial
        .events
        .iter_mut()
        .find_map(|e| if let EventKind::AttemptReceived(received) = &mut e.kind { Some(received) } else { None });
    first.unwrap().sdk_attempt = Some(1);
    assert_eq!(counted(&judged(&trial).metrics), (5, Some(0), Some(0)));
}

#[test]
fn metrics_and_recovery_are_those_of_the_story() {
    let document = document(serde_json::json!({"steps": burst()}));
    let profile = guidance::find("documented").unwrap();
    let trials = [
        trial(0, Segment::Control, 1_000),
        trial(0, Segment::Reference, 200_000),
        trial(0, Segment::Run, 300_000),
        trial(1, Segment::Run, 700_000),
    ];
    let report = judge(&document, &trials, profile).unwrap();
    assert_eq!((report.metrics.calls, report.metrics.succeeded, report.metrics.attempts), (2, 2, 4));
    assert_eq!(report.metrics.amplification, Some(2.0));
    let recovery = report.metrics.recovery_latency_ms.unwrap();
    assert_eq!((recovery.p50, recovery.max), (300.0, 700.0));
    assert_eq!(report.metrics.first_success_ms, Some(300.0));
    assert_eq!(report.metrics.virtual_ms, 1_000);
    assert_eq!(report.reference.unwrap().metrics.recovery_latency_ms.unwrap().p50, 200.0);
    assert!(report.control.unwrap().won);
    assert!(report.unfired.is_empty());
    assert_eq!(report.verdict, Verdict::Pass);
}

#[test]
fn a_step_that_never_fired_means_the_scenario_was_not_played() {
    let mut steps = burst();
    steps.as_array_mut().unwrap().push(serde_json::json!({"id": "never", "inject": "close"}));
    steps.as_array_mut().unwrap().push(serde_json::json!({"id": "later", "inject": {"throttle": {}}, "times": 3}));
    steps.as_array_mut().unwrap().push(serde_json::json!({"id": "maybe", "inject": "close", "optional": true}));
    let document = document(serde_json::json!({"steps": steps}));
    let report = judge(&document, &[trial(0, Segment::Run, 300_000)], guidance::find("documented").unwrap()).unwrap();
    assert_eq!(report.unfired, ["never"]);
    assert_eq!(report.exit_code(), 2);
    assert!(report.undecided());
}

#[test]
fn what_a_scenario_asks_of_its_calls_it_asks_of_no_program_that_makes_more() {
    let three = [&[(false, "fine")][..]; 3];
    for (planned, fails) in [(1, false), (2, false), (3, true), (10, true)] {
        let call = serde_json::json!({"call": "GetObject", "params": {"Bucket": "b", "Key": "k"}, "count": planned});
        let document = document(serde_json::json!({"workload": [call], "expect": {"outcome": "failure"}}));
        let mut trial = changing("GetObject", &three);
        trial.header.client = "command".into();
        let report = judge(&document, &[trial], guidance::find("documented").unwrap()).unwrap();
        assert_eq!(report.expected.outcome.is_some(), fails, "{planned}: {:?}", report.expected);
        assert_eq!(report.expected.outcome_unasked.is_some(), !fails, "{planned}: {:?}", report.expected);
    }
}

#[test]
fn expectations_beyond_the_rules() {
    let profile = guidance::find("documented").unwrap();
    let expect = |expect: serde_json::Value| {
        let document = document(serde_json::json!({"steps": burst(), "expect": expect}));
        judge(&document, &[trial(0, Segment::Run, 300_000)], profile).unwrap()
    };
    assert_eq!(expect(serde_json::json!({"outcome": "success"})).exit_code(), 0);
    assert_eq!(expect(serde_json::json!({"outcome": "failure"})).exit_code(), 1);
    assert_eq!(expect(serde_json::json!({"exit": 0})).exit_code(), 0);
    assert_eq!(expect(serde_json::json!({"exit": 7})).exit_code(), 1);
    let undecided = expect(serde_json::json!({"judge": ["no_backoff"]}));
    assert_eq!((undecided.exit_code(), undecided.verdict), (3, Verdict::Inconclusive));
    assert_eq!(undecided.expected.undecided, ["no_backoff"]);
    assert!(undecided.undecided() && undecided.trials_needed().unwrap() > 1);
    let elsewhere = expect(serde_json::json!({"judge": ["R28"]}));
    assert_eq!((elsewhere.exit_code(), elsewhere.expected.not_applicable), (0, vec!["R28".to_owned()]));
}

#[test]
fn an_allowed_failure_is_reported_and_forgiven() {
    let document = document(serde_json::json!({"steps": burst()}));
    let trial = trial(0, Segment::Run, 90_000_000);
    let mut judge = Judge::new(&document, guidance::find("documented").unwrap(), &trial.header);
    judge.push(&trial);
    let report = judge.report();
    assert_eq!(report.exit_code(), 1);
    assert!(report.score.unwrap() < 100.0);
    judge.allow(&["R04".into()]);
    let report = judge.report();
    assert_eq!((report.exit_code(), report.rule("backoff_over_bound").unwrap().verdict), (0, Verdict::Fail));
}

#[test]
fn nothing_judged_is_no_pass() {
    let mut empty = trial(0, Segment::Run, 1);
    empty.events.clear();
    let report = judge(&document(serde_json::json!({})), &[empty], guidance::find("documented").unwrap()).unwrap();
    assert_eq!((report.verdict, report.score, report.exit_code()), (Verdict::NotApplicable, None, 2));
    assert!(judge(&document(serde_json::json!({})), &[], guidance::find("documented").unwrap()).is_none());
}

#[test]
fn wall_slack_is_measured_on_the_control() {
    let document = document(serde_json::json!({}));
    let wall = |segment, pause| {
        let mut trial = trial(0, segment, pause);
        trial.header.time = brownout_mocks::clock::Time::Wall;
        trial
    };
    let profile = guidance::find("std-2026").unwrap();
    let without = judge(&document, &[wall(Segment::Run, 1_300_000)], profile).unwrap();
    assert_eq!(without.rule("backoff_over_bound").unwrap().verdict, Verdict::Pass);
    let mut control = wall(Segment::Control, 1_000);
    for event in &mut control.events {
        if let EventKind::CallFinished { .. } = event.kind {
            event.at_us += 5_000;
        }
    }
    let with = judge(&document, &[control, wall(Segment::Run, 1_300_000)], profile).unwrap();
    assert_eq!(with.slack.above_us, 5_000 * 4 + 50_000);
    assert_eq!(with.rule("backoff_over_bound").unwrap().verdict, Verdict::Fail);
    assert_eq!(with.rule("backoff_over_bound").unwrap().severity, Severity::Must);
}

#[test]
fn judging_is_linear_and_cheap() {
    let document = document(serde_json::json!({"steps": burst()}));
    let profile = guidance::find("documented").unwrap();
    let mut cost = Vec::new();
    for trials in [500u64, 2_000] {
        let first = trial(0, Segment::Run, 300_000);
        let mut judge = Judge::new(&document, profile, &first.header);
        (0..trials).for_each(|i| judge.push(&trial(i, Segment::Run, 100_000 + i)));
        // The best of some: on a busy machine a single one may be held up for longer than it takes.
        let times = (0..9).map(|_| {
            let watch = Stopwatch::start();
            let _ = judge.report();
            watch.elapsed().as_secs_f64()
        });
        cost.push(times.fold(f64::MAX, f64::min));
    }
    println!("report over 500 trials {:.4} s, over 2000 trials {:.4} s", cost[0], cost[1]);
    assert!(cost[1] < 16.0 * cost[0].max(0.005), "{cost:?}");
}

#[test]
fn how_the_command_ended_is_told_and_decides_nothing() {
    let document = document(serde_json::json!({"steps": burst()}));
    let ends = |exit, signal| {
        let mut trial = trial(0, Segment::Run, 300_000);
        trial.events.last_mut().unwrap().kind = EventKind::ClientEnded { exit, signal };
        judge(&document, &[trial], guidance::find("documented").unwrap()).unwrap()
    };
    let well = ends(Some(0), None);
    assert_eq!(well.ended, None);
    for (badly, told) in [(ends(Some(3), None), "status 3"), (ends(None, Some(9)), "signal 9")] {
        assert_eq!((badly.ended.as_deref(), badly.exit_code()), (Some(told), well.exit_code()));
    }
}

#[test]
fn escapes_are_not_observable_where_somebody_else_started_the_client() {
    let document = document(serde_json::json!({"steps": burst()}));
    let mut trial = trial(0, Segment::Run, 300_000);
    trial.header.time = brownout_mocks::clock::Time::Wall;
    let verdict = |trial: &Trial| {
        let report = judge(&document, std::slice::from_ref(trial), guidance::find("documented").unwrap()).unwrap();
        report.rule("escaped_endpoint").unwrap().verdict
    };
    trial.header.client = "command".into();
    assert_eq!(verdict(&trial), Verdict::Pass);
    trial.header.client = "served".into();
    assert_eq!(verdict(&trial), Verdict::NotApplicable);
}
