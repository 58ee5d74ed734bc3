//! Tests of the application-level client against answers from a list.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::VecDeque;
use std::sync::Mutex;

use brownout_mocks::random::Seed;
use bytes::Bytes;

use super::*;

/// Answers from a list, and writes down what was asked when.
#[derive(Debug)]
struct Script {
    answers: Mutex<VecDeque<&'static str>>,
    asked: Mutex<Vec<String>>,
    now: Mutex<Duration>,
    service: &'static str,
}

impl Session for Script {
    fn call<'a>(&'a self, operation: &'a str, params: Value) -> BoxFuture<'a, Heard> {
        let at = self.now().as_secs();
        let id = params.pointer("/InstanceId/0").and_then(Value::as_str).unwrap_or_default();
        self.asked.lock().unwrap().push(format!("{at} {operation} {id}").trim_end().to_owned());
        let answer = self.answers.lock().unwrap().pop_front().expect("an answer for every call");
        let not_found = answer.ends_with("NotFound") || answer.ends_with("NotFoundException");
        let heard = Heard {
            outcome: if not_found { Outcome::Error } else { Outcome::Success },
            code: not_found.then(|| answer.to_owned()),
            status: Some(if not_found { 400 } else { 200 }),
            body: Bytes::from_static(answer.as_bytes()),
        };
        Box::pin(async move { heard })
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        *self.now.lock().unwrap() += pause;
        Box::pin(async {})
    }

    fn now(&self) -> Duration {
        *self.now.lock().unwrap()
    }

    fn service(&self) -> &'static dyn Service {
        brownout_mocks::service::find(self.service).unwrap()
    }
}

fn asked(service: &'static str, lapse: Option<Lapse>, flow: &Value, answers: &[&'static str]) -> Vec<String> {
    let polling = crate::guidance::find("ec2-poll").unwrap().polling.clone().unwrap();
    let client = FlowClient::new(FlowPolicy { polling, settle: Duration::from_secs(2), lapse });
    let flow: FlowItem = serde_json::from_value(serde_json::json!({"flow": flow})).unwrap();
    let script = Script {
        answers: Mutex::new(answers.iter().copied().collect()),
        asked: Mutex::default(),
        now: Mutex::default(),
        service,
    };
    let mut random = Seed { run: 1, trial: 0 }.named("flow", 0);
    let played = tokio::runtime::Builder::new_current_thread().build().unwrap();
    played.block_on(client.play(&flow, &script, &mut random));
    script.asked.into_inner().unwrap()
}

/// S0: NotFound from a terminate does not say that the instance is gone.
#[test]
fn a_command_that_does_not_find_its_id_is_confirmed_and_sent_again() {
    const LOST: &str = "InvalidInstanceID.NotFound";
    let flow = serde_json::json!([
        {"call": "RunInstances", "as": "vm"},
        {"poll": "DescribeInstances", "ids": "$vm.id", "until": "running"},
        {"call": "TerminateInstances", "ids": "$vm.id"},
    ]);
    let made = "<instanceId>i-1</instanceId>";
    let answers = [made, "<name>running</name>", LOST, "<name>running</name>", LOST, "<name>running</name>", made];
    let all = asked("ec2", None, &flow, &answers);
    let operations: Vec<&str> = all.iter().filter_map(|a| a.split(' ').nth(1)).collect();
    let (describe, terminate) = ("DescribeInstances", "TerminateInstances");
    assert_eq!(operations, ["RunInstances", describe, terminate, describe, terminate, describe, terminate]);
    assert!(all[1..].iter().all(|a| a.ends_with(" i-1")), "{all:?}");
    let at = |n: usize| all[n].split(' ').next().unwrap().parse::<u64>().unwrap();
    assert!(at(3) - at(2) >= 2 && at(5) - at(4) > at(3) - at(2), "pauses grow: {all:?}");
    assert_eq!(
        asked("ec2", Some(Lapse::TakesNotFound), &flow, &answers[..3]).len(),
        3,
        "who takes NotFound for an answer is done"
    );
}

#[test]
fn the_id_of_an_apis_resource_is_the_end_of_its_path() {
    let flow = serde_json::json!([
        {"call": "POST /prod/orders", "as": "order"},
        {"poll": "GET /prod/orders", "ids": "$order.id"},
    ]);
    let all = asked("execute-api", None, &flow, &["{\"id\":\"7\"}", "NotFoundException", "{\"id\":\"7\"}"]);
    assert_eq!(all[1], "2 GET /prod/orders/7");
    assert_eq!(all.len(), 3, "{all:?}");
}
