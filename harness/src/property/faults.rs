//! A strategy for every fault that can be played, written as in YAML. A fault that the list knows and
//! this file does not is named by a test.

use brownout_mocks::fault::Fault;
use brownout_mocks::plan::OneOrMany;
use brownout_mocks::service;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Map, Value, json};

use super::script::{rate, span};

/// What a step injects, as drawn before the service is known.
#[derive(Debug, Clone)]
pub(super) struct Injection {
    fault: Value,
    /// Which error of the service's catalogue it is, if it is one.
    error: Option<Index>,
    delay: Option<Value>,
}

impl Injection {
    /// For a scenario that asks this of this service; nothing if it has no place there.
    pub(super) fn of(mut self, service: &str, operation: &str) -> Option<OneOrMany<Fault>> {
        if let Some(index) = self.error {
            let errors = service::find(service)?.errors();
            let parameters = self.fault.as_object_mut()?.values_mut().next()?;
            parameters["code"] = errors[index.index(errors.len())].code.into();
        }
        let read = |fault| serde_json::from_value::<Fault>(fault).ok();
        let fault = read(self.fault)?;
        let streams = !service::find(service)?.stream_exceptions(operation).is_empty();
        if matches!(fault, Fault::StreamError(_)) && !streams {
            return None;
        }
        Some(match self.delay.and_then(read) {
            Some(delay) if fault.inject().answers() && !fault.inject().at_connect() => {
                OneOrMany::Many(vec![delay, fault])
            }
            _ => OneOrMany::One(fault),
        })
    }
}

/// A fault, or a delay before it; shrinks towards a plain throttle.
pub(super) fn injections() -> impl Strategy<Value = Injection> {
    let plain = fault().prop_map(|fault| (fault, None));
    let named = prop_oneof![
        6 => keys([retry_after(), hint_ms()]).prop_map(|more| json!({"error": more})),
        1 => Just(json!({"error_in_200": {}})),
        1 => (select(&[500, 503, 429][..]), subsequence(vec!["header", "type", "message"], 0..=3))
            .prop_map(|(status, keep)| json!({"masked": {"status": status, "keep": keep}})),
    ];
    let known = (any::<Index>(), named).prop_map(|(index, fault)| (fault, Some(index)));
    let delay = prop_oneof![3 => Just(None), 1 => latency().prop_map(Some)];
    (prop_oneof![6 => plain, 1 => known], delay).prop_map(|((fault, error), delay)| Injection { fault, error, delay })
}

/// Any fault but an error that a service knows; shrinks towards the first.
fn fault() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => keys([retry_after(), hint_ms()]).prop_map(|p| json!({"throttle": p})),
        2 => http(),
        2 => rate_limit(),
        1 => unknown_error(),
        1 => latency(),
        1 => Just(json!("close")),
        1 => reset(),
        1 => (0..=64u64).prop_map(|after| json!({"truncate": {"after": after}})),
        1 => Just(json!("black_hole")),
        1 => (0..=10u64, span(), scope())
            .prop_map(|(limit, period, scope)| json!({"quota": {"limit": limit, "period": period, "scope": scope}})),
        1 => (span(), span(), 1..=4u32)
            .prop_map(|(dark, flap, readers)| json!({"not_visible": {"for": dark, "flap": flap, "readers": readers}})),
        1 => (select(&[200, 503, 429, 404][..]), select(&["", "{}", "<a/>"][..]))
            .prop_map(|(status, body)| json!({"reply": {"status": status, "body": body}})),
        1 => Just(json!("pass")),
        3 => broken(),
        3 => odd(),
    ]
}

/// What else happens to connections.
fn broken() -> impl Strategy<Value = Value> {
    prop_oneof![
        select(&["status_line", "header", "chunk"][..]).prop_map(|part| json!({"garbage": part})),
        select(&["100ms", "2s"][..]).prop_map(|dark| json!({"refuse": {"for": dark}})),
        select(&["10/s", "1000/s"][..]).prop_map(|rate| json!({"drip": {"rate": rate}})),
        (0..=64u64, span()).prop_map(|(after, pause)| json!({"stall": {"after": after, "for": pause}})),
        Just(json!("goaway")),
        Just(json!("rst_stream")),
        (0..=64u64).prop_map(|after| json!({"rst_stream": {"after": after}})),
    ]
}

/// Answers that are wrong in a way that not every client sees.
fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        (1..=4u32).prop_map(|limit| json!({"concurrency": limit})),
        span().prop_map(|time| json!({"accepted": {"for": time}})),
        (1..=3u32).prop_map(|fail| json!({"partial": {"fail": fail}})),
        select(&["1h", "10s"][..]).prop_map(|by| json!({"skew": {"by": by}})),
        Just(json!("bad_checksum")),
        (0..=3u32, span()).prop_map(|(limit, lag)| json!({"instance_limit": {"limit": limit, "lag": lag}})),
        (0..=9u32).prop_map(|after| json!({"stream_error": {"after": after}})),
        Just(json!("expired_credentials")),
    ]
}

/// A key of a fault that may be left out.
type Key = BoxedStrategy<Option<(&'static str, Value)>>;

fn optional<S>(name: &'static str, value: S) -> Key
where
    S: Strategy<Value = Value> + 'static,
{
    proptest::option::of(value.prop_map(move |v| (name, v))).boxed()
}

/// The keys that were drawn, as one map.
fn keys<const N: usize>(keys: [Key; N]) -> impl Strategy<Value = Map<String, Value>> {
    Vec::from(keys).prop_map(|keys| keys.into_iter().flatten().map(|(name, v)| (name.to_owned(), v)).collect())
}

fn retry_after() -> Key {
    let seconds = span().prop_map(|s| json!(s));
    optional("retry_after", prop_oneof![seconds, span().prop_map(|s| json!({"date": s}))])
}

fn hint_ms() -> Key {
    optional("retry_after_ms", select(&[200, 0, 1_500, 60_000][..]).prop_map(Value::from))
}

/// An error that nobody knows.
fn unknown_error() -> impl Strategy<Value = Value> {
    let status = select(&[500, 503, 429, 400, 409][..]);
    status.prop_map(|status| json!({"error": {"code": "NobodyKnowsThis", "status": status}}))
}

fn http() -> impl Strategy<Value = Value> {
    let status = || select(&[503, 502, 504, 500, 429, 408, 404, 400][..]);
    let body = select(&["html", "json", "empty"][..]);
    prop_oneof![
        status().prop_map(|status| json!({"http": status})),
        (status(), body).prop_map(|(status, body)| json!({"http": {"status": status, "body": body}})),
    ]
}

fn latency() -> impl Strategy<Value = Value> {
    let uniform = (span(), span()).prop_map(|(a, b)| json!({"uniform": [a.min(b), a.max(b)]}));
    let lognormal = (span(), 2..=10u32).prop_map(|(median, factor)| {
        let p99 = brownout_mocks::units::Span(median.get() * factor);
        json!({"lognormal": {"median": median, "p99": p99}})
    });
    prop_oneof![2 => span().prop_map(|s| json!(s)), 1 => uniform, 1 => lognormal].prop_map(|l| json!({"latency": l}))
}

fn scope() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(vec!["account", "region", "action", "client", "api_key"], 1..=5)
}

fn rate_limit() -> impl Strategy<Value = Value> {
    (1..=10u32, rate(), scope(), keys([retry_after()])).prop_map(|(bucket, refill, scope, mut limit)| {
        limit.extend([("bucket", json!(bucket)), ("refill", json!(refill)), ("scope", json!(scope))].map(named));
        json!({"rate_limit": limit})
    })
}

fn named((name, value): (&str, Value)) -> (String, Value) {
    (name.to_owned(), value)
}

fn reset() -> impl Strategy<Value = Value> {
    prop_oneof![
        select(&["request", "headers", "connect"][..]).prop_map(|at| json!({"reset": {"at": at}})),
        (0..=64u64).prop_map(|after| json!({"reset": {"at": "body", "after": after}})),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use brownout_mocks::fault::FAULTS;
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    use super::*;

    #[test]
    fn every_fault_that_can_be_played_is_drawn() {
        let mut runner = TestRunner::deterministic();
        let strategy = injections();
        let mut drawn: BTreeSet<String> = BTreeSet::new();
        for _ in 0..4_000 {
            let injection = strategy.new_tree(&mut runner).unwrap().current();
            let faults = injection.clone().of("bedrock-runtime", "ConverseStream");
            let faults = faults.unwrap_or_else(|| panic!("{injection:?} is no fault"));
            drawn.extend(faults.iter().map(|f| f.name().to_owned()));
        }
        assert_eq!(drawn, FAULTS.iter().map(|f| f.name.to_owned()).collect::<BTreeSet<_>>());
    }
}
