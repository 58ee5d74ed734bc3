//! State where a story needs it: what an operation did although its answer was lost, and what a reader sees
//! that is behind.

use std::collections::BTreeMap;

use brownout_mocks::protocol::event_stream;
use http::Method;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use super::answers::{Heard, Stage, play};
use super::*;

impl Stage {
    async fn ec2(&self, form: &str) -> Heard {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.ask(Method::POST, "/", &headers, &format!("{form}&Version=2016-11-15")).await
    }

    async fn wait(&self, seconds: u64) {
        self.clock.sleep(Duration::from_secs(seconds)).await;
    }

    /// How many requests took effect, told by an answer or by an event of their own.
    fn effects(&self) -> usize {
        let took = |event: &Event| match &event.kind {
            EventKind::Answered(answered) => answered.effect,
            EventKind::TookEffect { .. } => true,
            _ => false,
        };
        self.recorder.take().iter().filter(|e| took(e)).count()
    }
}

/// The text between two tags.
fn between<'a>(text: &'a str, tag: &str) -> &'a str {
    text.split_once(&format!("<{tag}>")).and_then(|(_, rest)| rest.split_once('<')).map_or("", |(inside, _)| inside)
}

#[test]
fn terminated_instances_count_for_a_while() {
    let steps = [json!({"inject": {"instance_limit": {"limit": 2, "lag": "60s"}}})];
    play("ec2", &steps, async |stage| {
        let run = "Action=RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1";
        let first = stage.ec2(run).await;
        let id = between(&first.body, "instanceId").to_owned();
        let again = format!("{run}&ClientToken=t");
        assert_eq!((first.status, stage.ec2(&again).await.status), (200, 200));
        let refused = stage.ec2(run).await;
        assert_eq!((refused.status, between(&refused.body, "Code")), (400, "InstanceLimitExceeded"));
        assert_eq!(stage.ec2(&again).await.status, 200, "a repeated token starts nothing");
        stage.wait(10).await;
        assert_eq!(stage.ec2(&format!("Action=TerminateInstances&InstanceId.1={id}")).await.status, 200);
        // Five seconds until it is terminated, sixty more in which it counts.
        stage.wait(64).await;
        assert_eq!(stage.ec2(run).await.status, 400);
        stage.wait(1).await;
        assert_eq!(stage.ec2(run).await.status, 200);
        assert_eq!(stage.ec2(run).await.status, 400, "and that one counts");
        // Of three launches and one termination the refused and the repeated did nothing.
        assert_eq!(stage.effects(), 4);
    });
}

#[test]
fn who_only_asks_whether_it_may_meets_no_limit() {
    let steps = [json!({"inject": {"instance_limit": {"limit": 0}}})];
    play("ec2", &steps, async |stage| {
        let run = "Action=RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1";
        let refused = stage.ec2(run).await;
        assert_eq!((refused.status, between(&refused.body, "Code")), (400, "InstanceLimitExceeded"));
        let dry = stage.ec2(&format!("{run}&DryRun=true")).await;
        assert_eq!((dry.status, between(&dry.body, "Code")), (412, "DryRunOperation"));
        let wet = stage.ec2(&format!("{run}&DryRun=false")).await;
        assert_eq!(between(&wet.body, "Code"), "InstanceLimitExceeded");
        assert_eq!(stage.effects(), 0);
    });
}

#[test]
fn a_terminate_that_is_not_found_terminates_nothing() {
    let hidden = json!({"not_visible": {"for": "1m"}});
    let said = json!({"error": {"code": "InvalidInstanceID.NotFound"}});
    for fault in [hidden, said] {
        let steps = [json!({"when": {"operation": "TerminateInstances"}, "times": 1, "inject": fault})];
        play("ec2", &steps, async |stage| {
            let ran = stage.ec2("Action=RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1").await;
            let id = between(&ran.body, "instanceId").to_owned();
            stage.wait(10).await;
            let terminate = format!("Action=TerminateInstances&InstanceId.1={id}");
            let refused = stage.ec2(&terminate).await;
            assert_eq!((refused.status, between(&refused.body, "Code")), (400, "InvalidInstanceID.NotFound"));
            assert_eq!(stage.effects(), 1, "the launch alone");
            stage.wait(30).await;
            let describe = format!("Action=DescribeInstances&InstanceId.1={id}");
            assert_eq!(between(&stage.ec2(&describe).await.body, "name"), "running");
            stage.recorder.take();
            assert_eq!(stage.ec2(&terminate).await.status, 200);
            assert_eq!(stage.effects(), 1);
            stage.wait(30).await;
            assert_eq!(between(&stage.ec2(&describe).await.body, "name"), "terminated");
        });
    }
}

/// Sends a request whose answer is lost after its head.
async fn lost(stage: &Stage, path: &str, headers: &[(&str, &str)], body: &str) {
    let whole = match stage.send(Method::POST, path, headers, body).await {
        Ok(answer) => answer.into_body().collect().await.is_ok(),
        Err(_) => false,
    };
    assert!(!whole, "the answer was to be lost");
}

#[test]
fn what_was_executed_conflicts_with_its_own_retry() {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for at in ["headers", "request"] {
        let steps = [json!({"times": 1, "effect": "before", "inject": {"reset": {"at": at}}})];
        for (service, headers, path, body, status, code) in [
            ("execute-api", [("idempotency-key", "k")], "/prod/orders", "{}", 409, "ConflictException"),
            ("iam", form, "/", "Action=CreateUser&Version=2010-05-08&UserName=ann", 409, "EntityAlreadyExists"),
            (
                "ec2",
                form,
                "/",
                "Action=CreateSecurityGroup&Version=2016-11-15&GroupName=g&GroupDescription=d",
                400,
                "InvalidGroup.Duplicate",
            ),
            ("ec2", form, "/", "Action=CreateKeyPair&Version=2016-11-15&KeyName=k", 400, "InvalidKeyPair.Duplicate"),
        ] {
            play(service, &steps, async |stage| {
                lost(stage, path, &headers, body).await;
                let retried = stage.ask(Method::POST, path, &headers, body).await;
                assert_eq!(retried.status, status, "{service}: {}", retried.body);
                assert!(retried.body.contains(code) || retried.header("x-amzn-errortype") == code, "{}", retried.body);
                if service == "execute-api" {
                    // What it made is named, and can be read.
                    let id = retried.json()["id"].as_str().unwrap().to_owned();
                    let made = stage.ask(Method::GET, retried.header("location"), &[], "").await.json();
                    assert_eq!(made["id"], id.as_str());
                }
                let reads = usize::from(service == "execute-api");
                assert_eq!(stage.effects(), 1 + reads, "{service}, reset at {at}");
            });
        }
    }
}

/// What happens to the items of a table, and who looks.
#[derive(Debug, Clone)]
enum Deed {
    Write(u8, u32),
    Delete(u8),
    Look(u8),
    Wait(u64),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        3 => (0..3u8, any::<u32>()).prop_map(|(key, value)| Deed::Write(key, value)),
        1 => (0..3u8).prop_map(Deed::Delete),
        4 => (0..3u8).prop_map(Deed::Look),
        2 => (0..4_000u64).prop_map(Deed::Wait),
    ];
    proptest::collection::vec(deed, 1..24)
}

fn key(n: u8) -> Value {
    json!({"id": {"S": n.to_string()}})
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    /// A consistent read is never stale; any other shows something that the item once was, and is as it was
    /// for the scripted time and as it is after all that a reader may be behind.
    #[test]
    fn a_consistent_read_is_never_stale(deeds in deeds()) {
        let (dark, flap) = (Duration::from_secs(2), Duration::from_secs(2));
        play("dynamodb", &[json!({"inject": {"not_visible": {"for": "2s", "flap": "2s"}}})], async |stage| {
            // All that each item was, with the time from which on.
            let mut history: BTreeMap<u8, Vec<(Duration, Option<u32>)>> = BTreeMap::new();
            for deed in deeds {
                let now = stage.clock.now();
                match deed {
                    Deed::Write(n, value) => {
                        let mut item = key(n);
                        item["v"] = json!({"N": value.to_string()});
                        stage.dynamodb("PutItem", &json!({"TableName": "t", "Item": item})).await;
                        history.entry(n).or_default().push((now, Some(value)));
                    }
                    Deed::Delete(n) => {
                        stage.dynamodb("DeleteItem", &json!({"TableName": "t", "Key": key(n)})).await;
                        history.entry(n).or_default().push((now, None));
                    }
                    Deed::Wait(ms) => stage.clock.sleep(Duration::from_millis(ms)).await,
                    Deed::Look(n) => {
                        let versions = history.get(&n).cloned().unwrap_or_default();
                        let value = |heard: &Value| heard["v"]["N"].as_str().map(|v| v.parse::<u32>().unwrap());
                        let get = async |strong: bool| {
                            let ask = json!({"TableName": "t", "Key": key(n), "ConsistentRead": strong});
                            value(&stage.dynamodb("GetItem", &ask).await.json()["Item"])
                        };
                        let latest = versions.last().and_then(|(_, v)| *v);
                        assert_eq!(get(true).await, latest);
                        let scan = stage.dynamodb("Scan", &json!({"TableName": "t", "ConsistentRead": true})).await.json();
                        let live = history.values().filter(|v| v.last().is_some_and(|(_, v)| v.is_some())).count();
                        assert_eq!(scan["Count"], live);
                        let known = |age: Duration| versions.iter().rev().find(|(at, _)| now.saturating_sub(*at) >= age);
                        let settled = known(dark + flap).and_then(|(_, v)| *v);
                        let newest = known(dark).and_then(|(_, v)| *v);
                        let seen = get(false).await;
                        let flickering = versions.iter().filter(|(at, _)| now.saturating_sub(*at) >= dark && now.saturating_sub(*at) < dark + flap);
                        let may_be: Vec<Option<u32>> = flickering.map(|(_, v)| *v).chain([settled, newest]).collect();
                        assert!(may_be.contains(&seen), "saw {seen:?} at {now:?}, of {versions:?}");
                    }
                }
            }
        });
    }
}

#[test]
fn an_overwritten_item_is_what_it_was_for_the_scripted_time() {
    play("dynamodb", &[json!({"inject": {"not_visible": {"for": "5s"}}})], async |stage| {
        let put = async |state: &str| {
            let item = json!({"id": {"S": "1"}, "state": {"S": state}});
            stage.dynamodb("PutItem", &json!({"TableName": "t", "Item": item})).await;
        };
        let read = async |operation: &str, strong: bool| {
            let mut ask = json!({"TableName": "t", "Key": {"id": {"S": "1"}}, "ConsistentRead": strong});
            if operation == "Query" {
                ask["KeyConditionExpression"] = "id = :id".into();
                ask["ExpressionAttributeValues"] = json!({":id": {"S": "1"}});
            }
            let answer = stage.dynamodb(operation, &ask).await;
            assert_eq!(answer.status, 200);
            let answer = answer.json();
            let item = if operation == "GetItem" { &answer["Item"] } else { &answer["Items"][0] };
            item["state"]["S"].as_str().map(str::to_owned)
        };
        put("new").await;
        for operation in ["GetItem", "Scan", "Query"] {
            assert_eq!(read(operation, false).await, None, "{operation} of an item that is new");
            assert_eq!(read(operation, true).await.as_deref(), Some("new"));
        }
        stage.wait(6).await;
        put("paid").await;
        for (wait, seen) in [(0, "new"), (4, "new"), (1, "paid")] {
            stage.wait(wait).await;
            for operation in ["GetItem", "Scan", "Query"] {
                assert_eq!(read(operation, false).await.as_deref(), Some(seen), "{operation}");
                assert_eq!(read(operation, true).await.as_deref(), Some("paid"));
            }
        }
        let stale = stage
            .recorder
            .take()
            .iter()
            .filter(|e| matches!(&e.kind, EventKind::StepDecided { step: Some(_), .. }))
            .count();
        assert_eq!(stale, 9, "the step has injected where something else was seen, and nowhere else");
    });
}

#[test]
fn a_stream_ends_with_its_exception() {
    for (path, operation) in [("converse-stream", "ConverseStream"), ("invoke-with-response-stream", "Invoke*Stream")] {
        let fault = json!({"stream_error": {"code": "throttlingException", "after": 3}});
        let steps = [json!({"when": {"operation": operation}, "inject": fault})];
        play("bedrock-runtime", &steps, async |stage| {
            let body = r#"{"messages":[]}"#;
            let answer = stage.send(Method::POST, &format!("/model/m/{path}"), &[], body).await.unwrap();
            let bytes = answer.into_body().collect().await.unwrap().to_bytes();
            let events = event_stream::decode(&bytes).unwrap();
            let exceptions: Vec<Option<&str>> = events.iter().map(|e| e.exception_type()).collect();
            assert_eq!(exceptions, [None, None, None, Some("throttlingException")]);
            let payload: Value = serde_json::from_slice(&events[3].payload).unwrap();
            assert!(payload["message"].as_str().is_some_and(|m| !m.is_empty()));
            // It is no step about what does not stream.
            let whole = stage.ask(Method::POST, "/model/m/converse", &[], body).await;
            assert_eq!((whole.status, whole.json()["stopReason"].clone()), (200, json!("end_turn")));
            let answers: Vec<(Option<String>, bool)> = stage
                .recorder
                .take()
                .iter()
                .filter_map(|e| {
                    if let EventKind::Answered(a) = &e.kind { Some((a.code.clone(), a.class.is_some())) } else { None }
                })
                .collect();
            assert_eq!(answers, [(Some("throttlingException".to_owned()), false), (None, false)], "no retry is due");
        });
    }
}

#[test]
fn lambda_says_which_concurrency_is_used_up_and_when_to_come_back() {
    for (scope, reason) in [
        (json!(["account", "function"]), "ReservedFunctionConcurrentInvocationLimitExceeded"),
        (json!(["account", "region"]), "ConcurrentInvocationLimitExceeded"),
    ] {
        let steps =
            [json!({"inject": {"concurrency": {"limit": 1, "scope": scope}}}), json!({"inject": {"latency": "1s"}})];
        play("lambda", &steps, async |stage| {
            let invoke = || stage.ask(Method::POST, "/2015-03-31/functions/f/invocations", &[], "{}");
            let (one, other) = tokio::join!(invoke(), invoke());
            let (done, refused) = if one.status == 200 { (one, other) } else { (other, one) };
            assert_eq!((done.status, refused.status), (200, 429));
            let headers = ["retry-after", "x-amzn-errortype"].map(|name| refused.header(name));
            assert_eq!(headers, ["1", "TooManyRequestsException"]);
            assert_eq!(refused.json()["Reason"], reason);
        });
    }
}
