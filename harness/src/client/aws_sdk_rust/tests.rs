//! The SDK against the endpoint: in virtual time, and once over TCP.

use std::future::Future;
use std::time::Duration;

use brownout_mocks::clock::Clock;
use brownout_mocks::endpoint::Endpoint;
use brownout_mocks::journal::{Answered, Event, EventKind, Received, Recorder};
use brownout_mocks::plan::{Plan, Step};
use brownout_mocks::random::Seed;
use brownout_mocks::request::CallTag;
use brownout_mocks::service;
use serde_json::{Value, json};

use super::*;

mod faults;
mod repeat;
mod timing;
mod wall;

/// A story: what goes wrong, in which trial, and with which settings of the SDK.
#[derive(Debug, Clone)]
struct Story {
    service: &'static str,
    operation: &'static str,
    params: Value,
    steps: Value,
    trial: u64,
    options: Options,
}

impl Story {
    fn new(steps: Value) -> Self {
        let params = json!({"TableName": "t"});
        Self { service: "dynamodb", operation: "ListTables", params, steps, trial: 0, options: Options::default() }
    }

    fn with(self, settings: &[(&str, &str)]) -> Self {
        let pairs: Vec<_> = settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self { options: Options::from_pairs(&pairs).unwrap(), ..self }
    }

    fn trial(self, trial: u64) -> Self {
        Self { trial, ..self }
    }

    fn plan(&self) -> Plan {
        let steps: Vec<Step> = serde_json::from_value(self.steps.clone()).unwrap();
        Plan::new(&steps, self.seed(), service::find(self.service).unwrap())
    }

    fn seed(&self) -> Seed {
        Seed { run: 1, trial: self.trial }
    }

    fn call(&self, client: u32, call: u64) -> Call {
        let tag = CallTag { client, call, ordinal: call };
        let service = service::find(self.service).unwrap();
        Call { tag, service, operation: self.operation.to_owned(), params: self.params.clone() }
    }

    /// Plays `calls` calls of one client, one after the other, in virtual time.
    fn play(&self, calls: u64) -> Played {
        self.play_with(async |client, story| {
            let mut heard = Vec::new();
            for call in 1..=calls {
                heard.push(client.call(&story.call(0, call)).await);
            }
            heard
        })
    }

    fn play_with<F: AsyncFnOnce(AwsSdkRust, Self) -> Vec<Heard>>(&self, workload: F) -> Played {
        virtually(async {
            let clock = Clock::simulated(Clock::virtual_epoch());
            let endpoint = Endpoint::new(self.plan(), clock.clone(), Recorder::new());
            let network = Network::Memory(endpoint.clone());
            let setting = Setting { network, clock: clock.clone(), seed: self.seed(), client: 0 };
            let heard = workload(AwsSdkRust::start(&setting, self.options.clone()), self.clone()).await;
            Played { heard, events: endpoint.recorder().take(), took: clock.now() }
        })
    }
}

/// Runs a future to its end on a paused clock.
fn virtually<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(future)
}

/// What became of a story.
#[derive(Debug)]
struct Played {
    heard: Vec<Heard>,
    events: Vec<Event>,
    took: Duration,
}

impl Played {
    fn attempts(&self) -> Vec<(Duration, &Received)> {
        self.events
            .iter()
            .filter_map(|e| match &e.kind {
                EventKind::AttemptReceived(received) => Some((Duration::from_micros(e.at_us), &**received)),
                _ => None,
            })
            .collect()
    }

    fn answers(&self) -> Vec<&Answered> {
        self.events
            .iter()
            .filter_map(|e| match &e.kind {
                EventKind::Answered(answered) => Some(&**answered),
                _ => None,
            })
            .collect()
    }

    /// Pauses between the attempts, in seconds.
    fn gaps(&self) -> Vec<f64> {
        self.attempts().windows(2).map(|w| w[1].0.as_secs_f64() - w[0].0.as_secs_f64()).collect()
    }

    fn connections(&self) -> usize {
        self.events.iter().filter(|e| matches!(e.kind, EventKind::Connected { .. })).count()
    }

    /// The events as they stand in a journal.
    fn bytes(&self) -> String {
        self.events.iter().map(|e| serde_json::to_string(e).unwrap() + "\n").collect()
    }
}

fn throttle(times: u64) -> Value {
    json!([{"times": times, "inject": {"throttle": {}}}])
}

#[test]
fn a_throttle_is_retried_until_it_ends() {
    let played = Story::new(throttle(2)).play(1);
    let attempts = played.attempts();
    assert_eq!(played.heard[0].outcome, Outcome::Success, "{:?}", played.heard);
    assert_eq!(attempts.len(), 3, "{:#?}", played.events);
    for (i, (_, attempt)) in (1..).zip(&attempts) {
        assert_eq!((attempt.invocation, attempt.attempt), (1, i));
        assert_eq!((attempt.sdk_attempt, attempt.sdk_max), (Some(i), Some(3)));
        assert_eq!((attempt.call, attempt.client, attempt.resend), (Some(1), 0, false));
    }
    let gaps = played.gaps();
    assert!(gaps[0] < 1.001 && gaps[1] < 2.001, "{gaps:?}");
    assert_eq!(played.connections(), 1, "a throttle poisons no connection");
    let agent = attempts[0].1.user_agent.as_deref().unwrap();
    assert!(agent.starts_with("aws-sdk-rust/") && agent.contains(" api/dynamodb/") && agent.contains(" m/"), "{agent}");
}

#[test]
fn the_error_of_the_last_attempt_is_heard() {
    let played = Story::new(json!([{"inject": {"throttle": {}}}])).play(1);
    assert_eq!(played.attempts().len(), 3);
    assert_eq!(played.heard[0].outcome, Outcome::Error);
    assert_eq!(played.heard[0].code.as_deref(), Some(service::find("dynamodb").unwrap().throttle_code("ListTables")));
    assert_eq!(played.heard[0].status, played.answers().last().map(|a| a.status));
    assert!(!played.heard[0].body.is_empty());
}

#[test]
fn a_permanent_error_is_not_retried() {
    let played = Story::new(json!([{"inject": {"error": {"code": "ValidationException"}}}])).play(1);
    assert_eq!(played.attempts().len(), 1);
    assert_eq!(played.heard[0].code.as_deref(), Some("ValidationException"));
    assert_eq!(played.heard[0].status, Some(400));
}

#[test]
fn calls_may_overlap() {
    let story = Story::new(json!([{"times": 1, "per": "call", "inject": [{"latency": "100ms"}, {"http": 503}]}]));
    let played = story.play_with(async |client, story| {
        let client = Arc::new(client);
        let calls: Vec<_> = (1..=20)
            .map(|n| {
                let (client, call) = (Arc::clone(&client), story.call(0, n));
                tokio::spawn(async move { client.call(&call).await })
            })
            .collect();
        let mut heard = Vec::new();
        for call in calls {
            heard.push(call.await.unwrap());
        }
        heard
    });
    assert!(played.heard.iter().all(|h| h.outcome == Outcome::Success), "{:?}", played.heard);
    assert_eq!(played.attempts().len(), 40);
    let mut calls: Vec<_> = played.attempts().iter().map(|(_, a)| (a.call, a.invocation)).collect();
    calls.sort_unstable();
    calls.dedup();
    assert_eq!(calls.len(), 20, "each call is one invocation");
}

#[test]
fn a_workload_that_cannot_be_sent_is_said_so() {
    let played = Story { params: json!("TableName"), ..Story::new(json!([])) }.play(1);
    assert_eq!(played.attempts().len(), 0);
    assert_eq!(played.heard[0].code.as_deref(), Some("ConstructionFailure"));
}
