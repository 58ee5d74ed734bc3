//! What judging costs, by the length of the journal: events a second of CPU on one core, and bytes of evidence an
//! event, from a thousand events to ten million.
//!
//! Two shapes are measured: one trial that grows (up to the most events that a trial may record), and ever more trials
//! of a thousand events. Each number is CPU time of this thread for [`Judge::push`] of all trials and one report; the
//! median over the rounds, and the quartiles. Bytes are those that the judge holds when all trials are pushed and
//! their journals are gone. The last table reads the journal's lines as well, which has no goal.
//!
//! `cargo bench -p brownout-benches --bench judge_speed`
#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run stops")]

use std::alloc::System;
use std::hint::black_box;

use brownout::guidance::{self, Profile};
use brownout::judge::Judge;
use brownout::scenario::{Document, Scenario};
use brownout_benches::{Spread, cpu, spread, verdict};
use brownout_mocks::clock::Time;
use brownout_mocks::journal::{
    Answered, EVENTS_MAX, Event, EventKind, Header, Outcome, Received, Segment, Trial, read, write_trial,
};
use brownout_mocks::random::{Seed, Stream};
use brownout_mocks::service::Class;
use cap::Cap;

/// Counts the bytes in use.
#[global_allocator]
static IN_USE: Cap<System> = Cap::new(System, usize::MAX);

/// The goal, at every length.
const GOAL: f64 = 1e6;
/// Of two lengths, the longer journal may take this much more per event. A thousand events lie in the nearest cache, and
/// ten million in none; what grew with the square of them would take ten thousand times as long.
const LINEAR: f64 = 2.0;
/// Events of a trial where there are many.
const SHORT: usize = 1_000;
/// About so many events are judged for each number, in rounds.
const EFFORT: usize = 6_000_000;
/// Clients of a trial.
const CLIENTS: u64 = 16;

/// A throttle for every third attempt, as a judge's document has it.
const STORY: &str = "brownout: 1
name: throttled
title: Throttled calls
service: dynamodb
workload:
  - {call: GetItem, params: {TableName: orders, Key: {id: {S: \"1\"}}}, count: 1000}
steps:
  - {id: burst, inject: throttle, every: 3}
";

fn header(trial: u64) -> Header {
    Header {
        journal: 1,
        run: 0,
        segment: Segment::Run,
        trial,
        scenario_name: "throttled".into(),
        scenario_text: STORY.into(),
        seed: 1,
        client: "std-2026".into(),
        client_version: String::new(),
        client_note: None,
        profile: "std-2026".into(),
        profile_text: None,
        time: Time::Virtual,
        time_note: None,
        epoch: None,
        tool: "bench".into(),
        honours: Vec::new(),
        owns_demand: false,
        repeat: None,
        estimated: false,
    }
}

/// A trial of about so many events: calls of sixteen clients, one in three attempts throttled or failed, retried as
/// the profile of 2026 says, in order of time.
fn trial(number: u64, events_wanted: usize) -> Trial {
    let mut stream = Seed { run: 1, trial: number }.named("bench", 0);
    let mut writer = Writer { events: Vec::with_capacity(events_wanted + 32), seq: 0, invocation: 0 };
    let mut now = [0u64; CLIENTS as usize];
    let mut calls = [0u64; CLIENTS as usize];
    while writer.events.len() < events_wanted {
        let client = stream.below(CLIENTS) as usize;
        calls[client] += 1;
        now[client] = writer.call(&mut stream, client as u32, calls[client], now[client]) + stream.below(500_000);
    }
    let mut events = writer.events;
    events.truncate(events_wanted);
    events.sort_by_key(|e| e.at_us);
    // Laid out in memory in their order, as the reader of a journal leaves them.
    let events = events.clone();
    Trial { header: header(number), events }
}

struct Writer {
    events: Vec<Event>,
    seq: u64,
    invocation: u64,
}

impl Writer {
    /// One call from its start to its end; says when that was.
    fn call(&mut self, stream: &mut Stream, client: u32, call: u64, start: u64) -> u64 {
        let operation = ["GetItem", "PutItem", "Query", "BatchGetItem"][stream.below(4) as usize].to_owned();
        let service = "dynamodb".to_owned();
        let mut push = |at_us, kind| self.events.push(Event { at_us, kind });
        let target = Some(format!("orders-{}", stream.below(8)));
        push(
            start,
            EventKind::CallStarted { call, client, service, operation: operation.clone(), target: target.clone() },
        );
        self.invocation += 1;
        let (mut now, mut fine) = (start, false);
        for attempt in 1..=4u32 {
            self.seq += 1;
            let seq = self.seq;
            push(now, received(seq, client, call, self.invocation, attempt, &operation, target.clone()));
            let fault = match stream.below(9) {
                0 | 1 => Some(("ProvisionedThroughputExceededException", 400, Class::Throttling, 1_000_000)),
                2 => Some(("InternalServerError", 500, Class::Transient, 25_000)),
                _ => None,
            };
            if let Some((name, ..)) = fault {
                let step = Some("burst".to_owned());
                let faults = vec![if name.starts_with('P') { "throttle".to_owned() } else { "error".to_owned() }];
                push(now, EventKind::StepDecided { seq, step, faults, admitted: Vec::new(), why: Vec::new() });
            }
            let end = now + 1_000 + stream.below(20_000);
            push(
                now,
                EventKind::Answered(Box::new(Answered {
                    seq,
                    status: fault.map_or(200, |f| f.1),
                    code: fault.map(|f| f.0.to_owned()),
                    class: fault.map(|f| f.2),
                    retry_after_ms: None,
                    x_amz_retry_after_ms: None,
                    body_bytes: 120,
                    cut: false,
                    first_byte_us: end,
                    last_byte_us: end,
                    effect: fault.is_none() && operation == "PutItem",
                    ..Answered::default()
                })),
            );
            now = end;
            let Some((.., base)) = fault else {
                fine = true;
                break;
            };
            if attempt < 4 {
                // Timers tick in milliseconds.
                now += (stream.unit() * f64::from(base << (attempt - 1))) as u64 / 1_000 * 1_000 + 1_000;
            }
        }
        let outcome = if fine { Outcome::Success } else { Outcome::Error };
        push(now, EventKind::CallFinished { call, client, outcome, code: None });
        now
    }
}

fn received(
    seq: u64,
    client: u32,
    call: u64,
    invocation: u64,
    attempt: u32,
    operation: &str,
    target: Option<String>,
) -> EventKind {
    EventKind::AttemptReceived(Box::new(Received {
        seq,
        connection: u64::from(client) + 1,
        client,
        account: "000000000000".into(),
        call: Some(call),
        invocation,
        attempt,
        resend: false,
        service: "dynamodb".into(),
        operation: operation.into(),
        target,
        protocol: "aws_json_1_0".into(),
        body_bytes: 60,
        body_hash: Some("0123456789abcdef".into()),
        token_hash: None,
        sdk_attempt: Some(attempt),
        sdk_max: Some(4),
        date: Some("20260801T120000Z".into()),
        user_agent: (attempt == 1 && call == 1).then(|| "aws-sdk-rust/1.0 m/E".into()),
        unmodelled: false,
        ..Received::default()
    }))
}

/// What was measured at one length.
struct Measured {
    events: usize,
    rates: Vec<f64>,
    bytes: f64,
}

/// Judges over and over what `give` pushes in each round.
fn measure(
    document: &Document,
    profile: &Profile,
    events: usize,
    mut give: impl FnMut(&mut Judge, usize) -> usize,
) -> Measured {
    let rounds = (EFFORT / events).clamp(3, 200);
    let (mut rates, mut bytes) = (Vec::new(), 0.0);
    for round in 0..rounds {
        let mut judge = Judge::new(document, profile, &header(0));
        let held = IN_USE.allocated();
        let before = cpu::of_this_thread();
        let pushed = give(&mut judge, round);
        let held = IN_USE.allocated().saturating_sub(held);
        black_box(judge.report());
        let took = cpu::of_this_thread().saturating_sub(before);
        rates.push(pushed as f64 / took.as_secs_f64());
        bytes = held as f64 / pushed as f64;
    }
    Measured { events, rates, bytes }
}

fn table(title: &str, rows: &[Measured], goal: Option<f64>) {
    println!("\n{title:<34} {:>12} {:>12} {:>12} {:>10}   goal", "quartile", "events/s", "quartile", "bytes");
    for row in rows {
        let Spread { low, median, high } = spread(&row.rates);
        let goal = goal.map_or_else(|| "none".to_owned(), |goal| format!("≥ {goal:.0} {}", verdict(median >= goal)));
        println!("{:>34} {low:>12.0} {median:>12.0} {high:>12.0} {:>10.0}   {goal}", row.events, row.bytes);
    }
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return };
    let ratio = spread(&first.rates).median / spread(&last.rates).median;
    println!(
        "{:>34} {ratio:>25.2} times the time per event, {:.2} times the bytes   ≤ {LINEAR} {}",
        format!("{} against {}", last.events, first.events),
        last.bytes / first.bytes,
        verdict(ratio <= LINEAR)
    );
}

fn main() {
    if !std::env::args().any(|a| a == "--bench") {
        // `cargo test --benches` only asks whether it starts.
        return;
    }
    let scenario = Scenario::parse("bench.yaml", STORY).unwrap();
    let document = &scenario.document;
    let trials: Vec<Trial> = (0..1_000).map(|number| trial(number, SHORT)).collect();
    for name in ["documented", "std-2026"] {
        let profile = guidance::find(name).unwrap();
        // The machine's first touch of the code and of the memory is not what is measured.
        measure(document, profile, SHORT, |judge, _| push(judge, &trials[..1]));
        let rows: Vec<Measured> = [1_000, 10_000, 100_000, 1_000_000, 10_000_000]
            .into_iter()
            .map(|events| measure(document, profile, events, |judge, round| over(judge, &trials, events, round)))
            .collect();
        table(&format!("{name}, trials of {SHORT}"), &rows, Some(GOAL));
        let rows: Vec<Measured> = [1_000, 10_000, 100_000, EVENTS_MAX]
            .into_iter()
            .map(|events| {
                let one = [trial(1, events)];
                measure(document, profile, events, |judge, _| push(judge, &one))
            })
            .collect();
        table(&format!("{name}, one trial"), &rows, Some(GOAL));
    }

    let profile = guidance::find(guidance::DEFAULT).unwrap();
    let lines: Vec<Vec<u8>> = trials.iter().map(lines).collect();
    let rows: Vec<Measured> = [1_000, 10_000, 100_000, 1_000_000]
        .into_iter()
        .map(|events| {
            measure(document, profile, events, |judge, _| {
                let texts = lines.iter().take(events / SHORT);
                texts.map(|text| push(judge, &read(&mut text.as_slice()).unwrap())).sum()
            })
        })
        .collect();
    table("read from lines, and documented", &rows, None);
}

fn push(judge: &mut Judge, trials: &[Trial]) -> usize {
    for trial in trials {
        judge.push(trial);
    }
    trials.iter().map(|t| t.events.len()).sum()
}

/// So many events, the same trials over and over. Each round begins with another one: a trial is judged once in its
/// life, and must not lie in the cache from the round before.
fn over(judge: &mut Judge, trials: &[Trial], events: usize, round: usize) -> usize {
    let trials = trials.iter().cycle().skip(round).take(events / SHORT);
    trials.map(|trial| push(judge, std::slice::from_ref(trial))).sum()
}

fn lines(trial: &Trial) -> Vec<u8> {
    let mut lines = Vec::new();
    write_trial(&mut lines, &trial.header, &trial.events).unwrap();
    lines
}
