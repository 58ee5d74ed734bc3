//! From rows to a journal: each thread's calls one after the other, answered at once, all in virtual time.

use brownout::guidance::Profile;
use brownout::judge::{RunReport, judge};
use brownout::scenario::Document;
use brownout_mocks::clock::Time;
use brownout_mocks::journal::{
    Answered, Event, EventKind, Header, Outcome, Received, Segment, Trial, read, write_trial,
};

use super::cases::{Play, Row, Then};

/// The second thread begins so much later, in microseconds.
const STAGGER_US: u64 = 10_000;

/// The journal of `times` trials of the same rows, as its lines.
pub(super) fn journal(play: &Play, threads: &[Vec<Row>], times: u64) -> Vec<u8> {
    let mut lines = Vec::new();
    for trial in 0..times {
        write_trial(&mut lines, &header(trial), &events(play, threads)).unwrap();
    }
    lines
}

/// Reads a journal and judges it, twice.
pub(super) fn judged(lines: &[u8], profile: &Profile) -> RunReport {
    let document: Document =
        serde_json::from_value(serde_json::json!({"brownout": 1, "name": "t", "title": "t", "service": "s3"})).unwrap();
    let trials: Vec<Trial> = read(&mut &*lines).unwrap();
    let report = judge(&document, &trials, profile).unwrap();
    let again = judge(&document, &trials, profile).unwrap();
    assert_eq!(serde_json::to_vec(&report).unwrap(), serde_json::to_vec(&again).unwrap());
    report
}

fn header(trial: u64) -> Header {
    Header {
        journal: 1,
        run: 0,
        segment: Segment::Run,
        trial,
        scenario_name: "t".into(),
        scenario_text: String::new(),
        seed: 1,
        client: "conformance".into(),
        client_version: String::new(),
        client_note: None,
        profile: String::new(),
        profile_text: None,
        time: Time::Virtual,
        time_note: None,
        epoch: None,
        tool: "test".into(),
        honours: Vec::new(),
        owns_demand: false,
        repeat: None,
        estimated: false,
    }
}

fn events(play: &Play, threads: &[Vec<Row>]) -> Vec<Event> {
    let (mut events, mut seq, mut call) = (Vec::new(), 0, 0);
    let mut latest = 0;
    for (thread, rows) in threads.iter().enumerate() {
        let mut now = thread as u64 * STAGGER_US;
        let mut attempt = 0;
        for row in rows {
            let mut push = |at_us, kind| events.push(Event { at_us, kind });
            if attempt == 0 {
                call += 1;
                let (service, operation) = (play.service.to_owned(), play.operation.to_owned());
                push(now, EventKind::CallStarted { call, client: 0, service, operation, target: None });
            }
            seq += 1;
            attempt += 1;
            push(now, received(play, seq, call, attempt));
            if row.class.is_some() {
                let faults = vec!["http".to_owned()];
                let step = Some(row.id.clone());
                push(now, EventKind::StepDecided { seq, step, faults, admitted: Vec::new(), why: Vec::new() });
            }
            push(now, answered(row, seq, now));
            let pause = match row.then {
                Then::Retry(ms) | Then::Stop(ms) => ms * 1_000,
                Then::Done => 0,
            };
            now += pause;
            if !matches!(row.then, Then::Retry(_)) {
                let outcome = if row.then == Then::Done { Outcome::Success } else { Outcome::Error };
                push(now, EventKind::CallFinished { call, client: 0, outcome, code: row.code.clone() });
                attempt = 0;
            }
        }
        latest = latest.max(now);
    }
    events.sort_by_key(|e| e.at_us);
    events.push(Event { at_us: latest, kind: EventKind::ClientEnded { exit: None, signal: None } });
    events
}

fn received(play: &Play, seq: u64, call: u64, attempt: u32) -> EventKind {
    EventKind::AttemptReceived(Box::new(Received {
        seq,
        connection: call,
        client: 0,
        account: "000000000000".into(),
        call: Some(call),
        invocation: call,
        attempt,
        resend: false,
        service: play.service.into(),
        operation: play.operation.into(),
        target: None,
        protocol: "rpc_v2_cbor".into(),
        body_bytes: 0,
        body_hash: None,
        token_hash: None,
        sdk_attempt: Some(attempt),
        sdk_max: Some(play.profile.attempts_max.value),
        date: None,
        user_agent: (attempt == 1).then(|| "aws-sdk/1.0 m/E".into()),
        unmodelled: false,
        ..Received::default()
    }))
}

fn answered(row: &Row, seq: u64, now: u64) -> EventKind {
    EventKind::Answered(Box::new(Answered {
        seq,
        status: row.status,
        code: row.code.clone(),
        class: row.class,
        retry_after_ms: None,
        x_amz_retry_after_ms: row.hint_ms,
        body_bytes: 0,
        cut: false,
        first_byte_us: now,
        last_byte_us: now,
        effect: false,
        ..Answered::default()
    }))
}
