//! Virtual equals wall: the real SDK's pauses in virtual time are those over TCP, gap by gap.
//!
//! A binary of its own, so that no other test of ours keeps the machine busy while it measures.
#![expect(clippy::unwrap_used, reason = "a test that unwraps says where it failed")]

use std::collections::BTreeMap;

use brownout::client::{self, Options, Player};
use brownout::runner::{EVENTS_MAX, Play};
use brownout::scenario::Scenario;
use brownout_mocks::clock::Time;
use brownout_mocks::journal::{EventKind, Segment};
use brownout_mocks::random::Seed;

/// How far a gap in wall time may lie from the one in virtual time, in the median of three runs.
const TOLERANCE_US: u64 = 10_000;

/// Gaps before each retry, by call and attempt, in microseconds.
type Gaps = BTreeMap<(u64, u32), u64>;

fn gaps(scenario: &Scenario, time: Time, options: &Options) -> Gaps {
    let play = Play {
        scenario,
        client: &Player::listed(client::find("aws-sdk-rust").unwrap(), options),
        time,
        seed: Seed { run: 11, trial: 0 },
        segment: Segment::Run,
        run: 0,
        profile: "documented",
        clients: None,
        explain: false,
        client_timeout: None,
        tls: false,
        events_max: EVENTS_MAX,
    };
    let trial = play.play().unwrap();
    let mut ended: BTreeMap<u64, u64> = BTreeMap::new();
    let mut last: BTreeMap<u64, u64> = BTreeMap::new();
    let mut gaps = Gaps::new();
    for event in &trial.events {
        match &event.kind {
            EventKind::AttemptReceived(r) => {
                let call = r.call.unwrap();
                if let Some(before) = last.insert(call, r.seq) {
                    gaps.insert((call, r.attempt), event.at_us.saturating_sub(ended[&before]));
                }
            }
            EventKind::Answered(a) => {
                ended.insert(a.seq, a.last_byte_us);
            }
            EventKind::ConnectionClosed { seq: Some(seq), .. } => {
                ended.insert(*seq, event.at_us);
            }
            _ => {}
        }
    }
    gaps
}

fn assert_same_gaps(text: &str, options: &[(&str, &str)], expected: usize) {
    let scenario = Scenario::parse("test", text).unwrap_or_else(|d| panic!("{}", d.render(false)));
    let options: Options = options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let simulated = gaps(&scenario, Time::Virtual, &options);
    assert_eq!(simulated.len(), expected, "so many gaps were to be compared");
    let runs: Vec<Gaps> = (0..3).map(|_| gaps(&scenario, Time::Wall, &options)).collect();
    for (key, simulated) in &simulated {
        let mut wall: Vec<u64> = runs.iter().map(|r| r[key]).collect();
        wall.sort_unstable();
        let off = wall[1].abs_diff(*simulated);
        assert!(off <= TOLERANCE_US, "call {} attempt {}: virtual {simulated} µs, wall {wall:?} µs", key.0, key.1);
    }
}

#[test]
fn throttles_on_dynamodb() {
    let text = "
brownout: 1
name: throttles
title: Two throttles a call
service: dynamodb
workload:
  - {call: GetItem, params: {TableName: orders, Key: {id: {S: '1'}}}, count: 4, rate: 10/s}
steps:
  - {times: 2, per: call, inject: throttle}
";
    assert_same_gaps(text, &[], 8);
}

#[test]
fn broken_connections_on_sqs() {
    let text = "
brownout: 1
name: broken
title: A reset, then an answer without an end
service: sqs
workload:
  - {call: SendMessage, params: {QueueUrl: 'http://127.0.0.1/000000000000/q', MessageBody: m}, count: 4, rate: 10/s}
steps:
  - {when: {attempt: 1}, inject: {reset: {at: request}}}
  - {when: {attempt: 2}, inject: {truncate: {after: 3}}}
";
    assert_same_gaps(text, &[], 8);
}

#[test]
fn slow_errors_on_s3_by_the_ladder_of_2026() {
    let text = "
brownout: 1
name: slow-errors
title: A slow 503, three times a call
service: s3
workload:
  - {call: PutObject, params: {Bucket: b, Key: k, Body: x}, count: 4, rate: 10/s}
steps:
  - {when: {attempt: 1..3}, inject: [{latency: 50ms}, {error: {code: ServiceUnavailable}}]}
";
    assert_same_gaps(text, &[("retries.spec", "2026"), ("retries.max_attempts", "4")], 12);
}
