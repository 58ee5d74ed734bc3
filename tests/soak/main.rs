//! A soak: random garbage for as long as is asked, and then everything must be as before.
//!
//! `BROWNOUT_SOAK_SECONDS=600 cargo test -p brownout-tests --test soak -- --nocapture` is the whole of it; without
//! the variable a few thousand connections are. A binary of its own: it counts panics, memory and descriptors of its
//! process.
#![expect(clippy::unwrap_used, reason = "a test that unwraps says where it failed")]

use std::alloc::System;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use brownout_mocks::clock::{Clock, Stopwatch};
use brownout_mocks::endpoint::{Endpoint, Limits};
use brownout_mocks::journal::{Event, EventKind, Recorder};
use brownout_mocks::plan::{Plan, Step};
use brownout_mocks::random::{Seed, Stream};
use brownout_mocks::service::find;
use brownout_mocks::transport::TcpTransport;
use cap::Cap;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

mod garbage;

use garbage::Garbage;

/// Without a time, so many connections for each of the talkers.
const FEW: u64 = 1_000;

/// How many talk at a time.
const TALKERS: u32 = 8;

/// Longer than any answer takes; whoever waits so long hangs.
const HANG: Duration = Duration::from_secs(30);

/// What is in use may grow by so much between the middle third of the time and the last, for what is in flight
/// differs. A leak of a kilobyte a connection is a hundred megabytes and more in ten minutes.
const SLACK_BYTES: usize = 8 << 20;

/// How many invocations the endpoint remembers here: few, so that it is full of them long before memory is first
/// looked at, and what grows then is a leak.
const REMEMBERED: usize = 5_000;

/// After so many connections of one talker, the journal is emptied and memory is looked at.
const LOOK: u64 = 16;

/// Counts the bytes in use; what an allocator keeps of freed ones tells nothing.
#[global_allocator]
static IN_USE: Cap<System> = Cap::new(System, usize::MAX);

static PANICS: AtomicU64 = AtomicU64::new(0);

/// Faults of all kinds in the way, now and then, none of which waits for long.
fn faults() -> Vec<Step> {
    let kinds = [
        json!("throttle"),
        json!({"http": 503}),
        json!({"http": {"status": 502, "body": "html"}}),
        json!({"latency": "3ms"}),
        json!({"reset": {"at": "request"}}),
        json!({"reset": {"at": "headers"}}),
        json!({"reset": {"at": "body", "after": 5}}),
        json!("close"),
        json!({"truncate": {"after": 7}}),
        json!({"garbage": "status_line"}),
        json!({"garbage": "header"}),
        json!({"garbage": "chunk"}),
        json!({"drip": {"rate": "20000/s"}}),
        json!({"stall": {"after": 9, "for": "4ms"}}),
        json!("rst_stream"),
        json!("goaway"),
        json!("bad_checksum"),
        json!("expired_credentials"),
        json!({"skew": {"by": "1h"}}),
        json!({"partial": {"fail": 1}}),
        json!({"error_in_200": {"code": "SlowDown"}}),
        json!({"not_visible": {"for": "1s", "flap": "1s"}}),
        json!({"rate_limit": {"bucket": 50, "refill": "5000/s"}}),
        json!({"concurrency": 5}),
    ];
    let step = |(number, kind)| {
        serde_json::from_value(json!({"id": format!("fault-{number}"), "probability": 0.01, "inject": kind})).unwrap()
    };
    kinds.into_iter().enumerate().map(step).collect()
}

#[derive(Debug, Default)]
struct Tally {
    events: BTreeMap<&'static str, u64>,
    connected: u64,
    closed: u64,
    received: u64,
}

impl Tally {
    fn add(&mut self, events: &[Event]) {
        for event in events {
            let name = match &event.kind {
                EventKind::Connected { .. } => {
                    self.connected += 1;
                    continue;
                }
                EventKind::ConnectionClosed { .. } => {
                    self.closed += 1;
                    continue;
                }
                EventKind::AttemptReceived(received) => {
                    self.received += 1;
                    if received.unmodelled { "not modelled" } else { "understood" }
                }
                EventKind::Refused { .. } => "refused",
                EventKind::Answered(answered) if answered.cut => "cut",
                EventKind::Answered(_) => "answered",
                EventKind::StreamReset { .. } => "streams reset",
                _ => continue,
            };
            *self.events.entry(name).or_default() += 1;
        }
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "the figures of the soak")]
fn random_garbage_neither_stops_nor_fills_the_endpoint() {
    let seconds: Option<u64> = std::env::var("BROWNOUT_SOAK_SECONDS").ok().and_then(|s| s.parse().ok());
    let seed: u64 = std::env::var("BROWNOUT_SOAK_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        usual(info);
    }));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let watch = Stopwatch::start();
    let (tally, memory, talks, descriptors) = runtime.block_on(async {
        let recorder = Recorder::new();
        let plan = Plan::new(&faults(), Seed { run: seed, trial: 0 }, find("s3").unwrap());
        let endpoint = Endpoint::new(plan, Clock::wall(), recorder.clone())
            .with_limits(Limits { remembered: REMEMBERED, ..Limits::default() });
        let tcp = TcpTransport::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = tcp.address();
        let server = tokio::spawn(async move { tcp.serve(endpoint).await });
        let descriptors = process::descriptors();
        let talks = Arc::new(AtomicU64::new(0));
        let tally = Arc::new(Mutex::new(Tally::default()));
        let memory = Arc::new(Mutex::new(Vec::new()));
        let mut talkers = tokio::task::JoinSet::new();
        for talker in 0..TALKERS {
            let (talks, tally, memory) = (Arc::clone(&talks), Arc::clone(&tally), Arc::clone(&memory));
            let recorder = recorder.clone();
            talkers.spawn(async move {
                let mut garbage = Garbage::new(Seed { run: seed, trial: 0 }.named("soak", talker));
                for round in 0.. {
                    let over = seconds.map_or(round >= FEW, |most| watch.elapsed().as_secs() >= most);
                    if over {
                        break;
                    }
                    talk(address, &mut garbage).await;
                    talks.fetch_add(1, Ordering::Relaxed);
                    if round % LOOK == LOOK - 1 {
                        // A journal in memory grows; here it is looked at and let go.
                        tally.lock().unwrap().add(&recorder.take());
                        memory.lock().unwrap().push(IN_USE.allocated());
                    }
                }
            });
        }
        while let Some(talked) = talkers.join_next().await {
            talked.unwrap();
        }
        assert!(!server.is_finished(), "the endpoint stopped");
        // Whoever comes next is served as ever. A fault may meet it; most meet none.
        let mut next = Garbage::new(Seed { run: seed, trial: 1 }.named("soak", 0));
        let mut good = 0;
        for _ in 0..100 {
            good += u32::from(ask(address, &next.sound()).await.starts_with(b"HTTP/1.1 200"));
        }
        assert!(good > 60, "{good} of 100 sound requests were answered");
        let mut tally = std::mem::take(&mut *tally.lock().unwrap());
        let all_closed = async {
            loop {
                tally.add(&recorder.take());
                if tally.closed == tally.connected {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(HANG, all_closed).await.expect("a connection never ends");
        server.abort();
        let memory = std::mem::take(&mut *memory.lock().unwrap());
        (tally, memory, talks.load(Ordering::Relaxed), (descriptors, process::descriptors()))
    });
    let kilobytes = |bytes: usize| bytes >> 10;
    // Heads of 10 MB come and go: what counts is the least that was in use
    // in the middle third of the time and in the last.
    let floor = |third: usize| memory.iter().skip(memory.len() * third / 3).take(memory.len() / 3).min().copied();
    let (settled, last) = (floor(1).unwrap(), floor(2).unwrap());
    eprintln!(
        "{talks} connections in {} s, seed {seed}: {:?}; {} attempts; {} → {} kB in use; {} → {} descriptors; {} panics",
        watch.elapsed().as_secs(),
        tally.events,
        tally.received,
        kilobytes(settled),
        kilobytes(last),
        descriptors.0,
        descriptors.1,
        PANICS.load(Ordering::Relaxed),
    );
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
    assert!(tally.events["refused"] > 0 && tally.events["not modelled"] > 0 && tally.events["understood"] > 0);
    assert!(descriptors.1 <= descriptors.0 + 2, "descriptors leak: {descriptors:?}");
    assert!(last <= settled + SLACK_BYTES, "memory grows: {settled} → {last}");
}

/// One connection: garbage there, whatever comes back, an end.
async fn talk(address: SocketAddr, garbage: &mut Garbage) {
    let what = garbage.next();
    if what.vanishes {
        // Half open, then gone: with what it said unread, or with a reset.
        let mut stream = connect(address).await;
        let _ = stream.write_all(&what.bytes).await;
        garbage.keep(stream);
        return;
    }
    exchange(address, &what.bytes).await;
}

async fn connect(address: SocketAddr) -> TcpStream {
    // The queue of the listening socket may be full for a moment.
    tokio::time::timeout(HANG, TcpStream::connect(address)).await.expect("connecting hangs").unwrap()
}

/// Sends all of it, ends its side, and reads to the end.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(address).await;
    let (mut from, mut to) = stream.split();
    let mut heard = Vec::new();
    let both = async {
        tokio::join!(
            async {
                let _ = to.write_all(bytes).await;
                let _ = to.shutdown().await;
            },
            async {
                let _ = from.read_to_end(&mut heard).await;
            },
        )
    };
    let ended = tokio::time::timeout(HANG, both).await.is_ok();
    assert!(ended, "no end after {:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]));
    heard
}

/// Sends a request and reads the answer to its end, as a client does that leaves its side open meanwhile.
async fn ask(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let line = request.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let bytes = [&request[..line], b"connection: close\r\n", &request[line..]].concat();
    let mut stream = connect(address).await;
    let mut heard = Vec::new();
    let both = async {
        let _ = stream.write_all(&bytes).await;
        let _ = stream.read_to_end(&mut heard).await;
    };
    let ended = tokio::time::timeout(HANG, both).await.is_ok();
    assert!(ended, "no end after {:?}", String::from_utf8_lossy(&bytes));
    heard
}

/// What the system says of this process; nothing where it does not say it so.
mod process {
    pub(super) fn descriptors() -> usize {
        std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
    }
}

/// A choice among several.
fn pick<'a, T>(stream: &mut Stream, from: &'a [T]) -> &'a T {
    &from[usize::try_from(stream.below(from.len() as u64)).unwrap()]
}
