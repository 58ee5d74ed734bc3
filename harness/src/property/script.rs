//! What is generated: scripts of up to six steps over every fault that can be played, with a small
//! workload. Everything is drawn such that the result is a valid scenario, and shrinks to a shorter,
//! plainer one.

use std::collections::BTreeMap;
use std::time::Duration;

use brownout_mocks::plan::{Glob, OneOrMany, Ordinals, Per, Step, When};
use brownout_mocks::units::{Rate, Span};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::faults::{Injection, injections};
use crate::scenario::{CallItem, Document, Expect, WorkItem};

/// A call that succeeds where nothing is injected: service, operation, input.
type Demand = (&'static str, &'static str, &'static str);

const DEMANDS: &[Demand] = &[
    ("dynamodb", "GetItem", r#"{"TableName": "orders", "Key": {"id": {"S": "1"}}}"#),
    ("dynamodb", "PutItem", r#"{"TableName": "orders", "Item": {"id": {"S": "1"}}}"#),
    ("ec2", "DescribeInstances", r#"{"MaxResults": 5}"#),
    ("s3", "PutObject", r#"{"Bucket": "photos", "Key": "cat.png", "Body": "miaow"}"#),
    (
        "sqs",
        "SendMessage",
        r#"{"QueueUrl": "https://sqs.us-east-1.amazonaws.com/000000000000/jobs", "MessageBody": "a"}"#,
    ),
    ("sts", "GetCallerIdentity", "{}"),
    ("lambda", "Invoke", r#"{"FunctionName": "resize", "Payload": {"image": "cat.png"}}"#),
    ("execute-api", "GET /prod/orders", "{}"),
    ("apigateway", "GetRestApis", "{}"),
    ("bedrock-agent-runtime", "Retrieve", r#"{"knowledgeBaseId": "KB12345678", "retrievalQuery": {"text": "why?"}}"#),
    ("bedrock-runtime", "InvokeModel", r#"{"modelId": "some.model", "body": {"prompt": "hello"}}"#),
    (
        "bedrock-runtime",
        "ConverseStream",
        r#"{"modelId": "some.model", "messages": [{"role": "user", "content": [{"text": "hello"}]}]}"#,
    ),
    ("cloudwatch", "PutMetricData", r#"{"Namespace": "shop", "MetricData": [{"MetricName": "sold", "Value": 1.0}]}"#),
    ("events", "PutEvents", r#"{"Entries": [{"Source": "shop", "DetailType": "order", "Detail": "{}"}]}"#),
    ("iam", "GetUser", r#"{"UserName": "ann"}"#),
    ("kinesis", "PutRecord", r#"{"StreamName": "clicks", "Data": "aGVsbG8=", "PartitionKey": "a"}"#),
    (
        "logs",
        "PutLogEvents",
        r#"{"logGroupName": "app", "logStreamName": "web", "logEvents": [{"timestamp": 1, "message": "hello"}]}"#,
    ),
];

/// Valid scenarios: one service, up to six steps, up to twelve calls by up to two clients.
pub fn scripts() -> impl Strategy<Value = Document> {
    // What makes a play long comes first: it is shrunk first, too.
    (1..=2u32, workload(), select(DEMANDS), vec(draft(), 1..=6)).prop_map(|(clients, item, demand, drafts)| {
        let (service, operation, params) = demand;
        let params = serde_json::from_str::<BTreeMap<String, Value>>(params).unwrap_or_default();
        let steps = drafts.into_iter().filter_map(|draft| draft.step(service, operation));
        Document {
            capacity: None,
            upstream: None,
            http2: false,
            brownout: 1,
            name: "counter-example".to_owned(),
            title: "Made by a property test".to_owned(),
            why: None,
            sources: Vec::new(),
            service: service.to_owned(),
            clients,
            start: None,
            workload: vec![WorkItem::Call(CallItem { call: operation.to_owned(), params, ..item })],
            steps: reachable(steps),
            expect: Expect::default(),
            accounts: BTreeMap::new(),
        }
    })
}

/// Spans that people write; shrinks to the shortest.
pub(super) fn span() -> impl Strategy<Value = Span> {
    const MILLIS: &[u64] = &[10, 50, 100, 250, 500, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 20_000, 45_000, 120_000];
    select(MILLIS).prop_map(|ms| Span(Duration::from_millis(ms)))
}

pub(super) fn rate() -> impl Strategy<Value = Rate> {
    select(&[10.0, 5.0, 2.0, 1.0, 0.5, 0.1][..]).prop_map(|per_second| Rate { per_second })
}

/// How the calls of a workload follow each other.
#[derive(Debug, Clone)]
enum Pace {
    OneByOne,
    AtATime(u32),
    Rate(Rate),
    Every(Span),
}

/// How often something is called, and at what pace.
fn workload() -> impl Strategy<Value = CallItem> {
    let pace = prop_oneof![
        Just(Pace::OneByOne),
        (2..=4u32).prop_map(Pace::AtATime),
        rate().prop_map(Pace::Rate),
        span().prop_map(Pace::Every),
    ];
    (1..=12u32, pace).prop_map(|(count, pace)| {
        let mut item = CallItem {
            call: String::new(),
            service: None,
            params: BTreeMap::new(),
            count,
            rate: None,
            every: None,
            concurrency: None,
        };
        match pace {
            Pace::OneByOne => {}
            Pace::AtATime(n) => item.concurrency = Some(n),
            Pace::Rate(rate) => item.rate = Some(rate),
            Pace::Every(span) => item.every = Some(span),
        }
        item
    })
}

/// `1`, `1..3`, `2..`.
fn ordinals() -> impl Strategy<Value = Ordinals> {
    (1..=4u64, of(0..=3u64)).prop_map(|(from, more)| Ordinals { from, to: more.map(|more| from + more) })
}

fn window() -> impl Strategy<Value = (Option<Span>, Option<Span>)> {
    (of(span()), of(span())).prop_map(|(after, lasts)| {
        let start = after.map(Span::get).unwrap_or_default();
        (after, lasts.map(|lasts| Span(start + lasts.get())))
    })
}

/// A step before service and operation are known.
#[derive(Debug, Clone)]
struct Draft {
    injection: Injection,
    /// Whether it names the operation.
    named: bool,
    when: When,
    times: Option<u64>,
    every: Option<u64>,
    per: Option<Per>,
    probability: Option<f64>,
}

impl Draft {
    fn step(self, service: &str, operation: &str) -> Option<Step> {
        let counted = self.times.is_some() || self.every.is_some();
        let named = self.named.then(|| OneOrMany::One(Glob(operation.to_owned())));
        let step = Step {
            id: None,
            when: When { operation: named, ..self.when },
            times: self.times,
            per: self.per.filter(|_| counted),
            every: self.every,
            probability: self.probability,
            inject: Some(self.injection.of(service, operation)?),
            pass: None,
            effect: None,
            // A script need not fit its workload: what never fires is no mistake here.
            optional: true,
        };
        // What lint refuses is no script.
        let faults = step.faults();
        let foreign = brownout_mocks::service::find(service)
            .is_some_and(|service| faults.iter().any(|f| f.inject().foreign_to(service).is_some()));
        if foreign || faults.iter().filter(|f| f.inject().paces()).count() > 1 {
            return None;
        }
        Some(if step.at_connect() { at_connect(step) } else { step })
    }
}

fn draft() -> impl Strategy<Value = Draft> {
    let per = select(&[Per::Run, Per::Call, Per::Resource, Per::Client][..]);
    let counts = (of(1..=8u64), of(2..=4u64), of(per), of((1..=19u32).prop_map(|n| f64::from(n) / 20.0)));
    (injections(), proptest::bool::ANY, when(), counts).prop_map(
        |(injection, named, when, (times, every, per, probability))| Draft {
            injection,
            named,
            when,
            times,
            every,
            per,
            probability,
        },
    )
}

fn when() -> impl Strategy<Value = When> {
    (of(ordinals()), of(ordinals()), of(0..=1u64), window()).prop_map(|(attempt, call, client, (after, until))| When {
        attempt,
        call,
        client: client.map(|c| Ordinals { from: c, to: Some(c) }),
        after,
        until,
        ..When::default()
    })
}

/// A fault on connections knows only times and clients.
fn at_connect(step: Step) -> Step {
    let When { after, until, client, .. } = step.when;
    Step { when: When { after, until, client, ..When::default() }, per: None, ..step }
}

/// Leaves out what no request can reach, and names the rest apart.
fn reachable(steps: impl Iterator<Item = Step>) -> Vec<Step> {
    let mut kept: Vec<Step> = Vec::new();
    for step in steps {
        let hidden = kept.iter().any(|wall| {
            let ends = !wall.admits() && wall.when.after.is_none() && wall.when.until.is_none();
            ends && (wall.at_connect() || !step.at_connect()) && wall.when.covers(&step.when)
        });
        if !hidden {
            kept.push(Step { id: Some(format!("step-{}", kept.len() + 1)), ..step });
        }
    }
    kept
}
