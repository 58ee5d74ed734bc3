//! An emulator behind the faults, seen from both sides by raw sockets: what one hop owns stays on its hop, all else
//! passes byte for byte, and big bodies are not held.

use std::net::SocketAddr;

use brownout_mocks::clock::Clock;
use brownout_mocks::endpoint::{Endpoint, Upstream};
use brownout_mocks::journal::{Event, EventKind, Recorder};
use brownout_mocks::plan::{Plan, Step};
use brownout_mocks::random::Seed;
use brownout_mocks::service::find;
use brownout_mocks::transport::TcpTransport;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::command::{brownout, scratch};

/// Lets `client` talk to an endpoint whose upstream is `emulator`.
fn between<E, C>(
    steps: &[serde_json::Value],
    emulator: impl AsyncFnOnce(TcpListener) -> E,
    client: impl AsyncFnOnce(SocketAddr) -> C,
) -> (E, C, Vec<Event>) {
    let steps: Vec<Step> = steps.iter().map(|s| serde_json::from_value(s.clone()).unwrap()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let upstream = format!("http://{}", listener.local_addr().unwrap());
        let mut plan = Plan::new(&steps, Seed { run: 1, trial: 0 }, find("s3").unwrap());
        plan.upstream = Some(Upstream::At(upstream.parse().unwrap()));
        let recorder = Recorder::new();
        let endpoint = Endpoint::new(plan, Clock::wall(), recorder.clone());
        let tcp = TcpTransport::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = tcp.address();
        let (heard, said) = tokio::select! {
            both = async { tokio::join!(emulator(listener), client(address)) } => both,
            () = tcp.serve(endpoint) => unreachable!(),
        };
        (heard, said, recorder.take())
    })
}

/// A connection that is read in pieces.
struct Peer {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Peer {
    async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), read: Vec::new() }
    }

    async fn accept(listener: &TcpListener) -> Self {
        Self { stream: listener.accept().await.unwrap().0, read: Vec::new() }
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Exactly so many bytes.
    async fn hear(&mut self, bytes: usize) -> Vec<u8> {
        while self.read.len() < bytes {
            assert_ne!(self.stream.read_buf(&mut self.read).await.unwrap(), 0, "ended early");
        }
        self.read.drain(..bytes).collect()
    }

    /// A head, in lower case.
    async fn head(&mut self) -> String {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            assert_ne!(self.stream.read_buf(&mut self.read).await.unwrap(), 0, "ended early");
        };
        String::from_utf8_lossy(&self.read.drain(..end).collect::<Vec<_>>()).to_lowercase()
    }

    /// Whether the other side has ended.
    async fn over(&mut self) -> bool {
        self.stream.read_buf(&mut self.read).await.is_ok_and(|n| n == 0)
    }
}

fn lines(head: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = head.split("\r\n").filter(|l| !l.is_empty()).collect();
    lines[1..].sort_unstable();
    lines
}

fn answers(events: &[Event]) -> Vec<(u16, u64, bool, bool)> {
    let answered = |e: &Event| match &e.kind {
        EventKind::Answered(a) => Some((a.status, a.body_bytes, a.cut, a.effect)),
        _ => None,
    };
    events.iter().filter_map(answered).collect()
}

#[test]
fn what_one_hop_owns_stays_there_and_the_rest_passes() {
    let emulator = async |listener: TcpListener| {
        let mut peer = Peer::accept(&listener).await;
        let head = peer.head().await;
        let body = peer.hear(5).await;
        peer.say(
            b"HTTP/1.1 201 Created\r\nx-amz-id-2: kept\r\nset-cookie: a\r\nset-cookie: b\r\nconnection: x-hop\r\n\
              x-hop: 1\r\nkeep-alive: timeout=5\r\ndate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\
              transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        )
        .await;
        (head, body)
    };
    let client = async |address| {
        let mut peer = Peer::connect(address).await;
        peer.say(
            b"PUT /bucket/a%2Fb%20c?x-id=PutObject&list=%2F HTTP/1.1\r\nHost: signed.example:1\r\nauthorization: kept\r\n\
              x-meta: one\r\nx-meta: two\r\nConnection: keep-alive, X-Mine\r\nx-mine: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n\
              Proxy-Authorization: secret\r\nUpgrade: h2c\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
        )
        .await;
        let mut head = peer.head().await;
        if head.starts_with("http/1.1 100") {
            head = peer.head().await;
        }
        // Its length is not known, so it comes in chunks.
        let body = peer.hear("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".len()).await;
        (head, body)
    };
    let ((asked, body), (heard, chunks), events) = between(&[], emulator, client);
    let expected = [
        "put /bucket/a%2fb%20c?x-id=putobject&list=%2f http/1.1",
        "authorization: kept",
        "content-length: 5",
        "host: signed.example:1",
        "via: 1.1 brownout",
        "x-meta: one",
        "x-meta: two",
    ];
    assert_eq!((lines(&asked), body.as_slice()), (expected.to_vec(), &b"hello"[..]));
    let expected = [
        "http/1.1 201 created",
        "date: thu, 01 jan 2026 00:00:00 gmt",
        "set-cookie: a",
        "set-cookie: b",
        "transfer-encoding: chunked",
        "x-amz-id-2: kept",
    ];
    assert_eq!((lines(&heard), chunks.as_slice()), (expected.to_vec(), &b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"[..]));
    assert_eq!(answers(&events), [(201, 5, false, true)]);
}

/// More than any buffer on the way holds.
const BIG: usize = 64 << 20;

/// Neither side can go on before the other has most of what was sent: this ends only if nothing is held.
#[test]
fn big_bodies_pass_without_being_held() {
    let piece = vec![b'x'; 1 << 20];
    let half = BIG / 2;
    let (middle, reached) = tokio::sync::oneshot::channel::<()>();
    let (has_half, halfway) = tokio::sync::oneshot::channel::<()>();
    let emulator = async |listener: TcpListener| {
        let mut peer = Peer::accept(&listener).await;
        peer.head().await;
        peer.hear(half).await;
        middle.send(()).unwrap();
        peer.hear(BIG - half).await;
        peer.say(format!("HTTP/1.1 200 OK\r\ncontent-length: {BIG}\r\n\r\n").as_bytes()).await;
        for _ in 0..half / piece.len() {
            peer.say(&piece).await;
        }
        halfway.await.unwrap();
        for _ in 0..half / piece.len() {
            peer.say(&piece).await;
        }
    };
    let client = async |address| {
        let mut peer = Peer::connect(address).await;
        peer.say(format!("PUT /bucket/big HTTP/1.1\r\nhost: x\r\ncontent-length: {BIG}\r\n\r\n").as_bytes()).await;
        for _ in 0..=half / piece.len() {
            peer.say(&piece).await;
        }
        reached.await.unwrap();
        for _ in 1..half / piece.len() {
            peer.say(&piece).await;
        }
        let head = peer.head().await;
        peer.hear(half).await;
        has_half.send(()).unwrap();
        peer.hear(BIG - half).await;
        head
    };
    let ((), head, events) = between(&[], emulator, client);
    assert!(head.contains(&format!("content-length: {BIG}\r\n")), "{head}");
    assert_eq!(answers(&events), [(200, BIG as u64, false, true)]);
    let received = events.iter().find_map(|e| match &e.kind {
        EventKind::AttemptReceived(r) => Some((r.body_bytes, r.body_hash.clone(), r.unmodelled)),
        _ => None,
    });
    assert_eq!(received, Some((BIG as u64, None, false)));
}

#[test]
fn a_throttle_does_not_reach_the_upstream_and_reads_the_whole_upload() {
    let steps = [json!({"times": 1, "inject": "throttle"})];
    let emulator = async |listener: TcpListener| {
        let mut peer = Peer::accept(&listener).await;
        let head = peer.head().await;
        peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n").await;
        head
    };
    let client = async |address| {
        let mut peer = Peer::connect(address).await;
        peer.say(b"PUT /bucket/big HTTP/1.1\r\nhost: x\r\ncontent-length: 2097152\r\n\r\n").await;
        peer.say(&vec![b'x'; 2 << 20]).await;
        let first = peer.head().await;
        let length = first.split("content-length: ").nth(1).and_then(|l| l.split("\r\n").next()).unwrap();
        peer.hear(length.parse().unwrap()).await;
        // The connection lives on. The answer to a HEAD tells a length and has no body.
        peer.say(b"HEAD /bucket/big HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        let second = peer.head().await;
        (first, second, peer.over().await)
    };
    let (asked, (first, second, over), events) = between(&steps, emulator, client);
    assert!(first.starts_with("http/1.1 503 "), "{first}");
    assert!(asked.starts_with("head /bucket/big "), "the throttled PUT went on: {asked}");
    assert!(second.contains("content-length: 1234\r\n") && over, "{second}");
    let statuses: Vec<u16> = answers(&events).iter().map(|a| a.0).collect();
    assert_eq!(statuses, [503, 200]);
}

#[test]
fn a_fault_after_the_effect_lets_the_upstream_do_it() {
    for (fault, late) in [
        (json!({"inject": {"reset": {"at": "headers"}}}), false),
        (json!({"effect": "after", "inject": {"reset": {"at": "request"}}}), true),
        (json!({"inject": {"latency": "5ms"}}), false),
        (json!({"inject": {"stall": {"after": 2, "for": "5ms"}}}), false),
    ] {
        let emulator = async |listener: TcpListener| {
            let mut peer = Peer::accept(&listener).await;
            let head = peer.head().await;
            peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody").await;
            head
        };
        let client = async |address| {
            let mut peer = Peer::connect(address).await;
            peer.say(b"DELETE /bucket/key HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
            let mut bytes = Vec::new();
            let end = loop {
                match peer.stream.read_buf(&mut bytes).await {
                    Ok(0) => break None,
                    Ok(_) => {}
                    Err(e) => break Some(e.kind()),
                }
            };
            (String::from_utf8_lossy(&bytes).into_owned(), end)
        };
        let (asked, (heard, end), events) = between(std::slice::from_ref(&fault), emulator, client);
        assert!(asked.starts_with("delete /bucket/key "), "{fault}: {asked}");
        let reset = fault["inject"].get("reset").is_some();
        assert_eq!(end.is_some(), reset, "{fault}: {end:?}");
        assert_eq!(heard.ends_with("body"), !reset, "{fault}: {heard}");
        assert_eq!(answers(&events).len(), usize::from(!late), "{fault}");
        assert!(answers(&events).iter().all(|a| a.2 == reset && a.3), "{fault}");
    }
}

#[test]
fn an_error_of_the_upstream_has_its_code_in_the_journal() {
    let emulator = async |listener: TcpListener| {
        let mut peer = Peer::accept(&listener).await;
        peer.head().await;
        peer.say(b"HTTP/1.1 404 Not Found\r\ncontent-length: 41\r\n\r\n<Error><Code>NoSuchBucket</Code></Error>\n\n")
            .await;
    };
    let client = async |address| {
        let mut peer = Peer::connect(address).await;
        peer.say(b"GET /bucket/key HTTP/1.1\r\nhost: x\r\n\r\n").await;
        peer.head().await;
        peer.hear(41).await
    };
    let ((), body, events) = between(&[], emulator, client);
    assert!(body.starts_with(b"<Error>"));
    let code = events.iter().find_map(|e| if let EventKind::Answered(a) = &e.kind { a.code.clone() } else { None });
    assert_eq!(code.as_deref(), Some("NoSuchBucket"));
}

#[test]
fn an_upstream_that_fails_is_an_event_and_a_502() {
    let ask = async |address: SocketAddr| {
        let mut peer = Peer::connect(address).await;
        peer.say(b"GET /bucket/key HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        let mut bytes = Vec::new();
        let _ = peer.stream.read_to_end(&mut bytes).await;
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let gone = async |listener: TcpListener| drop(listener);
    let hangs_up = async |listener: TcpListener| drop(listener.accept().await);
    let lies = async |listener: TcpListener| {
        let mut peer = Peer::accept(&listener).await;
        peer.head().await;
        peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
    };
    let why = |events: &[Event]| {
        events
            .iter()
            .find_map(|e| if let EventKind::UpstreamFailed { why, .. } = &e.kind { Some(why.clone()) } else { None })
    };
    let ((), heard, events) = between(&[], gone, ask);
    assert!(heard.starts_with("HTTP/1.1 502 ") && heard.contains("did not answer: "), "{heard}");
    assert!(why(&events).unwrap().contains("Connection refused"), "{events:?}");
    let ((), heard, events) = between(&[], hangs_up, ask);
    assert!(heard.starts_with("HTTP/1.1 502 "), "{heard}");
    assert!(why(&events).unwrap().starts_with("did not answer: "), "{events:?}");
    // Its head has left already: all that is left is to break off as well.
    let ((), heard, events) = between(&[], lies, ask);
    assert!(heard.starts_with("HTTP/1.1 200 ") && heard.ends_with("half"), "{heard}");
    assert!(why(&events).unwrap().starts_with("broke off its answer: "), "{events:?}");
    assert_eq!(answers(&events), [(200, 10, true, true)]);
}

#[test]
fn a_run_whose_upstream_is_gone_has_no_verdict() {
    let folder = scratch("upstream");
    let story = |name: &str, upstream: &str, step: &str| {
        let path = folder.join(format!("{name}.yaml"));
        let text = format!(
            "brownout: 1\nname: {name}\ntitle: t\nservice: dynamodb\nupstream: {upstream}\n\
             workload: [{{call: ListTables}}]\nsteps: [{{optional: true, times: 1, inject: {step}}}]\n"
        );
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    // Nothing listens on port 1 of the loopback interface.
    let gone = story("gone", "http://127.0.0.1:1", "throttle");
    let said = brownout(&["run", &gone, "--time", "wall", "--no-control", "--trials", "1"]);
    assert_eq!(said.exit, 2, "{}", said.stderr);
    assert!(
        said.stderr.contains("the upstream http://127.0.0.1:1 did not answer: Connection refused"),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("is it running?"), "{}", said.stderr);
    let said = brownout(&["run", &gone]);
    assert_eq!(said.exit, 2, "{}", said.stderr);
    assert!(said.stderr.contains("cannot be played in virtual time"), "{}", said.stderr);

    let reset = story("reset", "{url: http://127.0.0.1:1, reset: /moto-api/reset}", "throttle");
    let said = brownout(&["run", &reset, "--", "true"]);
    assert_eq!(said.exit, 2, "{}", said.stderr);
    assert!(said.stderr.contains("is it running?"), "{}", said.stderr);

    let partial = story("partial", "http://127.0.0.1:1", "{partial: {fail: 1}}");
    let said = brownout(&["lint", &partial]);
    assert_eq!(said.exit, 2, "{}", said.stderr);
    assert!(said.stderr.contains("`partial` cannot stand before an upstream"), "{}", said.stderr);
}
