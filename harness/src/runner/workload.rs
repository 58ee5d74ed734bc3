//! The demand: which call is due when, for clients whose calls we make.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use brownout_mocks::journal::{EventKind, Recorder};
use brownout_mocks::request::CallTag;
use brownout_mocks::service::{Service, find};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::client::flow::{FlowClient, Session};
use crate::client::{BoxFuture, Call, CallClient, Heard, Setting};
use crate::scenario::Scenario;
use crate::scenario::{CallItem, FlowItem, GATEWAY, WorkItem};

/// One client's part of a scenario.
#[derive(Debug)]
pub(super) struct Part {
    items: Vec<WorkItem>,
    setting: Setting,
    ledger: Arc<Ledger>,
    service: &'static dyn Service,
    /// Where a client of somebody else's finds the endpoint.
    endpoint: Option<String>,
}

/// The services that a scenario's workload asks for, each once.
pub(super) fn services(scenario: &Scenario) -> Vec<String> {
    let mut services = Vec::new();
    for item in &scenario.document.workload {
        if let WorkItem::Call(item) = item {
            let service = item.service.as_ref().unwrap_or(&scenario.document.service);
            if !services.contains(service) {
                services.push(service.clone());
            }
        }
    }
    services
}

/// Numbers a client's calls and records them.
#[derive(Debug)]
struct Ledger {
    client: u32,
    calls: AtomicU64,
    ordinals: Mutex<HashMap<String, u64>>,
    recorder: Recorder,
    clock: brownout_mocks::clock::Clock,
}

impl Ledger {
    fn next(&self, service: &'static dyn Service, operation: &str, params: Value) -> Call {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let mut ordinals = self.ordinals.lock().unwrap_or_else(PoisonError::into_inner);
        let ordinal = ordinals.entry(operation.to_owned()).or_default();
        *ordinal += 1;
        let tag = CallTag { client: self.client, call, ordinal: *ordinal };
        Call { tag, service, operation: operation.to_owned(), params }
    }

    async fn make(&self, client: &dyn CallClient, call: &Call) -> Heard {
        let _turn = client.turn().await;
        self.recorder.push(
            self.clock.now(),
            EventKind::CallStarted {
                call: call.tag.call,
                client: self.client,
                service: call.service.id().to_owned(),
                operation: call.operation.clone(),
                target: call.service.target(&call.operation, &call.params),
            },
        );
        let heard = client.call(call).await;
        self.recorder.push(
            self.clock.now(),
            EventKind::CallFinished {
                call: call.tag.call,
                client: self.client,
                outcome: heard.outcome,
                code: heard.code.clone(),
            },
        );
        heard
    }
}

impl Part {
    pub(super) fn new(scenario: &Scenario, setting: Setting, recorder: Recorder) -> Self {
        let ledger = Ledger {
            client: setting.client,
            calls: AtomicU64::new(0),
            ordinals: Mutex::default(),
            recorder,
            clock: setting.clock.clone(),
        };
        Self {
            items: scenario.document.workload.clone(),
            service: scenario.service(),
            setting,
            ledger: Arc::new(ledger),
            endpoint: None,
        }
    }

    /// For a client of somebody else's, which is given whole values and finds the endpoint here.
    pub(super) fn asking(mut self, endpoint: &str) -> Self {
        self.endpoint = Some(endpoint.to_owned());
        self
    }

    /// The input of an item's calls.
    fn params(&self, item: &CallItem, service: &dyn Service) -> Value {
        let value = |name: &str, value: &Value| match (&self.endpoint, value) {
            (Some(endpoint), Value::String(url)) if name == "QueueUrl" && service.id() == "sqs" => here(endpoint, url),
            // A document in place of bytes.
            (Some(_), Value::Object(_)) if matches!(name, "Payload" | "body") && service.id() != GATEWAY => {
                value.to_string().into()
            }
            _ => value.clone(),
        };
        let name = |name: &String, value: &Value| match (&self.endpoint, value) {
            (Some(_), Value::Array(_)) if service.id() == "ec2" => of_the_model(name).to_owned(),
            _ => name.clone(),
        };
        Value::Object(item.params.iter().map(|(k, v)| (name(k, v), value(k, v))).collect())
    }

    /// Plays the items that are calls, one after another.
    pub(super) async fn calls(self, client: Arc<dyn CallClient>) {
        for item in &self.items {
            if let WorkItem::Call(item) = item {
                let service = item.service.as_deref().and_then(find).unwrap_or(self.service);
                let interval = item
                    .rate
                    .map(brownout_mocks::units::Rate::interval)
                    .or(item.every.map(brownout_mocks::units::Span::get));
                match interval {
                    Some(interval) => self.open_loop(item, service, interval, &client).await,
                    None => self.closed_loop(item, service, &client).await,
                }
            }
        }
    }

    /// A call each interval, whether or not earlier ones have ended.
    async fn open_loop(
        &self,
        item: &CallItem,
        service: &'static dyn Service,
        interval: Duration,
        client: &Arc<dyn CallClient>,
    ) {
        let mut tasks = JoinSet::new();
        let start = self.setting.clock.since_start();
        for index in 0..item.count {
            let due = start + interval * index;
            let now = self.setting.clock.since_start();
            if due > now {
                self.setting.clock.sleep(due.saturating_sub(now)).await;
            }
            let call = self.ledger.next(service, &item.call, self.params(item, service));
            let (ledger, client) = (Arc::clone(&self.ledger), Arc::clone(client));
            tasks.spawn(async move {
                ledger.make(&*client, &call).await;
            });
        }
        all(tasks).await;
    }

    /// So many calls at a time.
    async fn closed_loop(&self, item: &CallItem, service: &'static dyn Service, client: &Arc<dyn CallClient>) {
        let mut tasks = JoinSet::new();
        let left = Arc::new(AtomicU32::new(item.count));
        for _ in 0..item.concurrency.unwrap_or(1).min(item.count) {
            let (ledger, client, left) = (Arc::clone(&self.ledger), Arc::clone(client), Arc::clone(&left));
            let (operation, params) = (item.call.clone(), self.params(item, service));
            tasks.spawn(async move {
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                    let call = ledger.next(service, &operation, params.clone());
                    ledger.make(&*client, &call).await;
                }
            });
        }
        all(tasks).await;
    }

    /// Plays the items that are flows.
    pub(super) async fn flows(self, flow: FlowClient, calls: Arc<dyn CallClient>) {
        let mut random = self.setting.seed.named("flow", self.setting.client);
        let session = CallSession {
            ledger: Arc::clone(&self.ledger),
            calls,
            clock: self.setting.clock.clone(),
            service: self.service,
        };
        for item in &self.items {
            if let WorkItem::Flow(item) = item {
                self.repeat(item, &flow, &session, &mut random).await;
            }
        }
    }

    async fn repeat(
        &self,
        item: &FlowItem,
        flow: &FlowClient,
        session: &CallSession,
        random: &mut brownout_mocks::random::Stream,
    ) {
        let start = self.setting.clock.since_start();
        for index in 0..item.repeat {
            if flow.stopped() {
                return;
            }
            if let Some(pace) = item.pace {
                let (due, now) = (start + pace.get() * index, self.setting.clock.since_start());
                if due > now {
                    self.setting.clock.sleep(due.saturating_sub(now)).await;
                }
            }
            flow.play(item, session, random).await;
        }
    }
}

/// Waits for all. A panic in a client's own code is its author's to see: it goes on to whoever plays.
pub(super) async fn all(mut tasks: JoinSet<()>) {
    while let Some(done) = tasks.join_next().await {
        if let Err(Ok(panic)) = done.map_err(tokio::task::JoinError::try_into_panic) {
            std::panic::resume_unwind(panic);
        }
    }
}

/// EC2's lists have another name on the wire, which is the scenario's, than in the model, which SDKs go by.
const LISTS: &[(&str, &str)] = &[
    ("Filter", "Filters"),
    ("GroupId", "GroupIds"),
    ("ImageId", "ImageIds"),
    ("InstanceId", "InstanceIds"),
    ("ResourceId", "Resources"),
    ("SecurityGroupId", "SecurityGroupIds"),
    ("Tag", "Tags"),
];

fn of_the_model(name: &str) -> &str {
    LISTS.iter().find(|(wire, _)| *wire == name).map_or(name, |(_, model)| model)
}

/// An address with its host replaced by the endpoint: SDKs call a queue where its address says.
fn here(endpoint: &str, url: &str) -> Value {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest).split_once('/').map_or("", |(_, path)| path);
    format!("{endpoint}/{path}").into()
}

/// A flow's way to make calls.
struct CallSession {
    ledger: Arc<Ledger>,
    calls: Arc<dyn CallClient>,
    clock: brownout_mocks::clock::Clock,
    service: &'static dyn Service,
}

impl Session for CallSession {
    fn call<'a>(&'a self, operation: &'a str, params: Value) -> BoxFuture<'a, Heard> {
        Box::pin(async move {
            let call = self.ledger.next(self.service, operation, params);
            self.ledger.make(&*self.calls, &call).await
        })
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        Box::pin(self.clock.sleep(pause))
    }

    fn now(&self) -> Duration {
        self.clock.since_start()
    }

    fn service(&self) -> &'static dyn Service {
        self.service
    }
}
