//! Trials out of nothing: every kind of event, with values that no endpoint would write.
//!
//! Numbers come from a few that collide and a few at the end of their range, so that attempts meet their answers now
//! and then; the rest is whatever comes.

use brownout_mocks::clock::Time;
use brownout_mocks::journal::{
    Answered, By, Event, EventKind, Header, How, Outcome, PartlyFailed, Received, Segment, Trial,
};
use brownout_mocks::service::Class;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

/// A run: up to four trials of one header, and which scenario of the library it claims to be.
pub(super) fn runs(longest: usize) -> impl Strategy<Value = (usize, Vec<Trial>)> {
    (any::<prop::sample::Index>().prop_map(|i| i.index(1_000)), vec(trials(longest), 1..5))
}

fn trials(longest: usize) -> impl Strategy<Value = Trial> {
    (headers(), vec((times(), kinds()), 0..longest), any::<bool>()).prop_map(|(header, events, forward)| {
        let mut now = 0u64;
        let events = events.into_iter().map(|(at_us, kind)| {
            // Half of the trials go forward in time, so that there are pauses to measure.
            now = now.wrapping_add(at_us % 5_000_000);
            Event { at_us: if forward { now } else { at_us }, kind }
        });
        Trial { header, events: events.collect() }
    })
}

fn headers() -> impl Strategy<Value = Header> {
    let segment = prop_oneof![6 => Just(Segment::Run), 1 => Just(Segment::Control), 1 => Just(Segment::Reference)];
    let honours = vec(select(&["retry_after", "x_amz_retry_after", "moon_phase", ""][..]), 0..3);
    let time = prop_oneof![Just(Time::Virtual), Just(Time::Warp), Just(Time::Wall)];
    let client = select(&["command", "std-2026", ""][..]);
    (segment, numbers(), honours, time, client, any::<bool>(), any::<bool>()).prop_map(
        |(segment, trial, honours, time, client, owns_demand, estimated)| Header {
            journal: 1,
            run: 0,
            segment,
            trial,
            scenario_name: String::new(),
            scenario_text: String::new(),
            seed: trial,
            client: client.into(),
            client_version: String::new(),
            client_note: None,
            profile: String::new(),
            profile_text: None,
            time,
            time_note: None,
            epoch: None,
            tool: String::new(),
            honours: honours.into_iter().map(str::to_owned).collect(),
            owns_demand,
            repeat: None,
            estimated,
        },
    )
}

fn times() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => 0u64..5_000_000,
        2 => 0u64..600_000_000,
        1 => select(&[0, 1, u64::MAX, u64::MAX - 1, u64::MAX / 2, i64::MAX as u64, 1 << 53][..]),
        1 => any::<u64>(),
    ]
}

fn numbers() -> impl Strategy<Value = u64> {
    prop_oneof![12 => 0u64..12, 1 => select(&[u64::MAX, u64::MAX - 1, 1 << 32][..]), 1 => any::<u64>()]
}

fn clients() -> impl Strategy<Value = u32> {
    prop_oneof![8 => 0u32..3, 1 => select(&[u32::MAX, u32::MAX - 1][..]), 1 => any::<u32>()]
}

fn counts() -> impl Strategy<Value = u32> {
    prop_oneof![8 => 0u32..6, 1 => Just(u32::MAX), 1 => any::<u32>()]
}

fn texts(known: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![
        10 => select(known).prop_map(str::to_owned),
        1 => Just(String::new()),
        1 => "\\PC{0,12}",
        1 => Just("/".repeat(300)),
    ]
}

fn services() -> impl Strategy<Value = String> {
    texts(&["s3", "dynamodb", "sqs", "ec2", "execute-api", "iam", "batch"])
}

fn operations() -> impl Strategy<Value = String> {
    texts(&["GetObject", "PutItem", "ReceiveMessage", "RunInstances", "TerminateInstances", "GET /pets", "POST /pets"])
}

fn codes() -> impl Strategy<Value = String> {
    texts(&[
        "ThrottlingException",
        "SlowDown",
        "InternalError",
        "NoSuchKey",
        "LimitExceededException",
        "InvalidInstanceID.NotFound",
        "AccessDenied",
        "ExpiredToken",
        "RequestTimeTooSkewed",
        "InsufficientInstanceCapacity",
    ])
}

fn steps() -> impl Strategy<Value = String> {
    texts(&["burst", "step-1", "step-2", "outage"])
}

fn faults() -> impl Strategy<Value = Vec<String>> {
    vec(texts(&["throttle", "not_visible", "garbage", "rst_stream", "skew", "reset", "partial"]), 0..3)
}

fn hashes() -> impl Strategy<Value = Option<String>> {
    of(texts(&["0123456789abcdef", "fedcba9876543210"]))
}

fn classes() -> impl Strategy<Value = Class> {
    select(&[Class::Throttling, Class::Transient, Class::Permanent, Class::Quota, Class::NotVisible][..])
}

fn parties() -> impl Strategy<Value = By> {
    select(&[By::Fault, By::Client, By::Endpoint][..])
}

fn kinds() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        6 => received(),
        6 => answered(),
        2 => (numbers(), of(steps()), faults(), vec(steps(), 0..2)).prop_map(|(seq, step, faults, admitted)| {
            EventKind::StepDecided { seq, step, faults, admitted, why: Vec::new() }
        }),
        2 => (numbers(), clients(), services(), operations(), of(codes())).prop_map(
            |(call, client, service, operation, target)| {
                EventKind::CallStarted { call, client, service, operation, target }
            }
        ),
        2 => (numbers(), clients(), any::<bool>(), of(codes())).prop_map(|(call, client, fine, code)| {
            let outcome = if fine { Outcome::Success } else { Outcome::Error };
            EventKind::CallFinished { call, client, outcome, code }
        }),
        1 => (numbers(), of(numbers()), of(steps()), parties(), any::<bool>()).prop_map(
            |(connection, seq, step, by, reset)| {
                let how = if reset { How::Reset } else { How::Fin };
                EventKind::ConnectionClosed { connection, seq, step, by, how }
            }
        ),
        1 => (numbers(), numbers(), any::<u32>()).prop_map(|(connection, seq, code)| {
            EventKind::StreamReset { connection, seq, code }
        }),
        1 => numbers().prop_map(|seq| EventKind::TookEffect { seq }),
        1 => numbers().prop_map(|connection| EventKind::Connected { connection }),
        1 => times().prop_map(|by_us| EventKind::ClockMoved { by_us }),
        1 => prop_oneof![
            (steps(), of(times())).prop_map(|(step, until_us)| EventKind::PortClosed { step, until_us }),
            (clients(), numbers()).prop_map(|(client, session)| EventKind::CredentialsIssued { client, session }),
            (services(), operations()).prop_map(|(host, request)| EventKind::Escaped { host, request }),
            (clients(), times()).prop_map(|(client, silent_us)| EventKind::ClientHung { client, silent_us }),
            (of(any::<i32>()), of(any::<i32>())).prop_map(|(exit, signal)| EventKind::ClientEnded { exit, signal }),
        ],
    ]
}

fn received() -> impl Strategy<Value = EventKind> {
    let who = (numbers(), clients(), of(numbers()), numbers(), counts());
    let what = (services(), operations(), of(texts(&["orders", "i-1", "q"])), hashes(), hashes());
    let agents = &["boto3/1 m/E", "aws-sdk-rust cfg/retry-mode#adaptive", "m/F,D", "curl", "retry-mode"];
    let sdk = (of(counts()), of(counts()), hashes(), of(texts(agents)), any::<bool>(), any::<bool>());
    (who, what, sdk).prop_map(|(who, what, sdk)| {
        let (seq, client, call, invocation, attempt) = who;
        let (service, operation, target, body_hash, token_hash) = what;
        let (sdk_attempt, sdk_max, date, user_agent, resend, unmodelled) = sdk;
        EventKind::AttemptReceived(Box::new(Received {
            seq,
            connection: seq,
            client,
            account: String::new(),
            call,
            invocation,
            attempt,
            resend: resend && unmodelled,
            service,
            operation,
            ids: target.iter().cloned().chain(date.clone()).collect(),
            entries: body_hash.iter().cycle().take(usize::from(unmodelled) * 3).cloned().collect(),
            session: call,
            target,
            protocol: String::new(),
            body_bytes: seq,
            body_hash,
            token_hash,
            sdk_attempt,
            sdk_max,
            date,
            user_agent,
            unmodelled,
        }))
    })
}

fn answered() -> impl Strategy<Value = EventKind> {
    let status = prop_oneof![8 => select(&[200u16, 400, 403, 404, 429, 500, 503][..]), 1 => any::<u16>()];
    let what = (numbers(), status, of(codes()), of(classes()), of(times()), of(times()));
    (what, times(), times(), any::<bool>(), any::<bool>()).prop_map(
        |(what, first_byte_us, last_byte_us, cut, effect)| {
            let (seq, status, code, class, retry_after_ms, x_amz_retry_after_ms) = what;
            EventKind::Answered(Box::new(Answered {
                seq,
                status,
                class,
                retry_after_ms,
                x_amz_retry_after_ms,
                invalid_hint: code.clone().filter(|_| cut),
                date_off_s: retry_after_ms.map(u64::cast_signed),
                partly_failed: code
                    .clone()
                    .filter(|_| effect)
                    .map(|code| PartlyFailed { entries: vec![0, seq, first_byte_us], code }),
                created: code.clone().into_iter().collect(),
                unsettled: cut && !effect,
                code,
                body_bytes: last_byte_us,
                cut: cut && effect,
                first_byte_us,
                last_byte_us,
                effect,
            }))
        },
    )
}
