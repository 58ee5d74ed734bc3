//! Each connection-level fault seen from the client's side, by a raw socket and by hyper; HTTP/1.1 and
//! HTTP/2 with prior knowledge on one port; one segment per answer; the run's clock in `Date`.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use brownout_mocks::clock::Clock;
use brownout_mocks::endpoint::{Endpoint, Limits};
use brownout_mocks::fault::Fault;
use brownout_mocks::journal::{By, Event, EventKind, How, Recorder};
use brownout_mocks::plan::{OneOrMany, Plan, Step};
use brownout_mocks::random::Seed;
use brownout_mocks::service::find;
use brownout_mocks::transport::{Network, Pipe, TcpTransport};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

mod answers;
mod badly;
mod frames;
mod slow;
mod state;

/// A `GetItem` as botocore sends it, without a signature.
const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: DynamoDB_20120810.GetItem\r\n\
content-type: application/x-amz-json-1.0\r\ncontent-length: 45\r\n\r\n{\"TableName\":\"orders\",\"Key\":{\"id\":{\"S\":\"1\"}}}";

fn step(fault: serde_json::Value) -> Step {
    let fault: Fault = serde_json::from_value(fault).unwrap();
    let inject = Some(OneOrMany::One(fault));
    let empty: Step = serde_json::from_str("{}").unwrap();
    Step { inject, ..empty }
}

fn endpoint(steps: &[Step], clock: Clock) -> (Endpoint, Recorder) {
    let recorder = Recorder::new();
    let plan = Plan::new(steps, Seed { run: 1, trial: 0 }, find("dynamodb").unwrap());
    (Endpoint::new(plan, clock, recorder.clone()), recorder)
}

/// Runs `client` against an endpoint over TCP, in wall time.
fn over_tcp<T>(steps: &[Step], client: impl AsyncFnOnce(SocketAddr) -> T) -> (T, Vec<Event>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (endpoint, recorder) = endpoint(steps, Clock::wall());
        let tcp = TcpTransport::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        tcp.ready(&endpoint);
        let address = tcp.address();
        let result = tokio::select! {
            result = client(address) => result,
            () = tcp.serve(endpoint) => unreachable!(),
        };
        (result, recorder.take())
    })
}

/// Sends one request on a new socket and reads to the end: the bytes, and how the reading ended.
async fn exchange(address: SocketAddr) -> (Vec<u8>, Option<ErrorKind>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    if let Err(e) = stream.write_all(REQUEST).await {
        return (Vec::new(), Some(e.kind()));
    }
    let mut bytes = Vec::new();
    let end = loop {
        match stream.read_buf(&mut bytes).await {
            Ok(0) => break None,
            Ok(_) => {}
            Err(e) => break Some(e.kind()),
        }
    };
    (bytes, end)
}

fn closes(events: &[Event]) -> Vec<(By, How)> {
    events
        .iter()
        .filter_map(|e| match e.kind {
            EventKind::ConnectionClosed { by, how, .. } => Some((by, how)),
            _ => None,
        })
        .collect()
}

fn split(bytes: &[u8]) -> (String, Vec<u8>) {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").map_or(bytes.len(), |p| p + 4);
    (String::from_utf8_lossy(&bytes[..end]).to_lowercase(), bytes[end..].to_vec())
}

#[test]
fn close_ends_in_good_order_without_a_byte() {
    let ((bytes, end), events) = over_tcp(&[step(serde_json::json!("close"))], exchange);
    assert_eq!((bytes.len(), end), (0, None));
    assert_eq!(closes(&events), [(By::Fault, How::Fin)]);
}

#[test]
fn a_reset_after_the_request_reaches_the_client_as_a_reset() {
    let ((bytes, end), events) = over_tcp(&[step(serde_json::json!({"reset": {"at": "request"}}))], exchange);
    assert_eq!((bytes.len(), end), (0, Some(ErrorKind::ConnectionReset)));
    assert_eq!(closes(&events), [(By::Fault, How::Reset)]);
}

#[test]
fn a_reset_at_connect_reaches_the_client_as_a_reset() {
    let ((bytes, end), events) = over_tcp(&[step(serde_json::json!({"reset": {"at": "connect"}}))], exchange);
    assert!(bytes.is_empty());
    // Whether writing or reading meets the reset first is the kernel's choice.
    assert!(matches!(end, Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)), "{end:?}");
    assert!(!events.iter().any(|e| matches!(e.kind, EventKind::AttemptReceived(_))));
}

#[test]
fn a_reset_at_headers_sends_the_whole_head_and_nothing_of_the_body() {
    let ((bytes, end), _) = over_tcp(&[step(serde_json::json!({"reset": {"at": "headers"}}))], exchange);
    let (head, body) = split(&bytes);
    assert!(head.starts_with("http/1.1 200 ok\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    assert!(head.contains("content-length: 2\r\n"), "{head}");
    assert_eq!((body.len(), end), (0, Some(ErrorKind::ConnectionReset)));
}

/// A step that answers ten bytes and breaks the connection on the way.
fn broken_reply(fault: &serde_json::Value) -> Step {
    let list = serde_json::json!([fault, {"reply": {"body": "0123456789"}}]);
    let empty: Step = serde_json::from_str("{}").unwrap();
    Step { inject: Some(serde_json::from_value(list).unwrap()), ..empty }
}

#[test]
fn a_reset_in_the_body_sends_exactly_so_many_bytes() {
    for after in [1usize, 4, 9] {
        let fault = serde_json::json!({"reset": {"at": "body", "after": after}});
        let ((bytes, end), _) = over_tcp(&[broken_reply(&fault)], exchange);
        let (_, body) = split(&bytes);
        assert_eq!((body.as_slice(), end), (&b"0123456789"[..after], Some(ErrorKind::ConnectionReset)));
    }
}

#[test]
fn truncate_announces_the_whole_and_sends_a_part() {
    let fault = serde_json::json!({"truncate": {"after": 4}});
    let ((bytes, end), events) = over_tcp(&[broken_reply(&fault)], exchange);
    let (head, body) = split(&bytes);
    assert!(head.contains("content-length: 10\r\n"), "{head}");
    assert_eq!((body.as_slice(), end), (&b"0123"[..], None));
    assert_eq!(closes(&events), [(By::Fault, How::Fin)]);
    let cut = events.iter().any(|e| matches!(&e.kind, EventKind::Answered(a) if a.cut && a.body_bytes == 10));
    assert!(cut, "the journal says that the answer was cut");
}

#[test]
fn a_black_hole_never_answers_and_stays_open() {
    let client = async |address| {
        let waited = tokio::time::timeout(Duration::from_millis(200), exchange(address)).await;
        // The client gives up; let the endpoint see it go.
        tokio::time::sleep(Duration::from_millis(50)).await;
        waited.is_err()
    };
    let (timed_out, events) = over_tcp(&[step(serde_json::json!("black_hole"))], client);
    assert!(timed_out);
    assert_eq!(closes(&events), [(By::Client, How::Fin)]);
}

#[test]
fn hyper_sees_each_break_as_the_error_that_it_is() {
    let cases = [
        (step(serde_json::json!("close")), "connection closed before message completed"),
        (step(serde_json::json!({"reset": {"at": "request"}})), "reset"),
        (broken_reply(&serde_json::json!({"reset": {"at": "headers"}})), "reset"),
        (broken_reply(&serde_json::json!({"reset": {"at": "body", "after": 3}})), "reset"),
        (broken_reply(&serde_json::json!({"truncate": {"after": 3}})), "end of file before message length reached"),
    ];
    for (step, expected) in cases {
        for memory in [false, true] {
            let steps = [step.clone()];
            let text =
                if memory { by_hyper_in_memory(&steps) } else { over_tcp(&steps, |a| by_hyper(Network::Tcp(a))).0 };
            assert!(text.contains(expected), "in memory: {memory}; expected `{expected}`, got `{text}`");
        }
    }
}

fn by_hyper_in_memory(steps: &[Step]) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (endpoint, _) = endpoint(steps, Clock::simulated(Clock::virtual_epoch()));
        by_hyper(Network::Memory(endpoint)).await
    })
}

/// The text of the error, with all its sources, that hyper's client makes of one exchange.
async fn by_hyper(network: Network) -> String {
    let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .retry_canceled_requests(false)
        .build::<_, Full<bytes::Bytes>>(network);
    let request = http::Request::post("http://localhost/")
        .header("x-amz-target", "DynamoDB_20120810.GetItem")
        .body(Full::from("{}"))
        .unwrap();
    let error: Box<dyn std::error::Error> = match client.request(request).await {
        Err(e) => e.into(),
        Ok(response) => match response.into_body().collect().await {
            Err(e) => e.into(),
            Ok(body) => return format!("no error: {:?}", body.to_bytes()),
        },
    };
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(e) = source {
        text = format!("{text}: {e}");
        source = e.source();
    }
    text
}

#[test]
fn an_answer_is_one_segment() {
    // Head and body arrive in one read of the socket; ten times over, so that luck does not pass.
    let client = async |address| {
        for _ in 0..10 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(REQUEST).await.unwrap();
            let mut buffer = vec![0; 64 << 10];
            let n = stream.read(&mut buffer).await.unwrap();
            let (head, body) = split(&buffer[..n]);
            assert!(head.contains("content-length: 2\r\n"), "{head}");
            assert_eq!(body, b"{}");
        }
    };
    over_tcp(&[], client);
}

#[test]
fn http2_with_prior_knowledge_is_served_on_the_same_port() {
    let client = async |address: SocketAddr| {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        for _ in 0..3 {
            let request = http::Request::post("http://localhost/")
                .header("x-amz-target", "DynamoDB_20120810.ListTables")
                .body(Full::new(bytes::Bytes::from_static(b"{}")))
                .unwrap();
            let response = sender.send_request(request).await.unwrap();
            assert_eq!(response.version(), http::Version::HTTP_2);
            assert_eq!(response.status(), 200);
        }
        let (bytes, _) = tokio::time::timeout(Duration::from_millis(200), exchange(address)).await.unwrap_or_default();
        bytes
    };
    let (_, events) = over_tcp(&[], client);
    let connections: Vec<u64> = events
        .iter()
        .filter_map(|e| match &e.kind {
            EventKind::AttemptReceived(r) => Some(r.connection),
            _ => None,
        })
        .collect();
    assert_eq!(connections, [1, 1, 1, 2], "three requests on one HTTP/2 connection, then HTTP/1.1 beside it");
}

#[test]
fn curl_speaks_http2_with_prior_knowledge() {
    let client = async |address: SocketAddr| {
        tokio::process::Command::new("curl")
            .args([
                "-sS",
                "--noproxy",
                "*",
                "--http2-prior-knowledge",
                "-w",
                " %{http_version} %{http_code}",
                "-d",
                "{}",
            ])
            .args(["-H", "x-amz-target: DynamoDB_20120810.ListTables", &format!("http://{address}/")])
            .output()
            .await
    };
    match over_tcp(&[], client).0 {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(text.ends_with(" 2 200"), "{text} {}", String::from_utf8_lossy(&output.stderr));
        }
        // A machine without curl has the same proof by hyper above.
        Err(e) => assert_eq!(e.kind(), ErrorKind::NotFound),
    }
}

#[test]
fn the_date_header_tells_the_runs_clock() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let text = runtime.block_on(async {
        let (endpoint, _) =
            endpoint(&[step(serde_json::json!({"latency": "1h"}))], Clock::simulated(Clock::virtual_epoch()));
        let mut pipe = Pipe::connect(&endpoint);
        pipe.write_all(REQUEST).await.unwrap();
        let mut buffer = vec![0; 4096];
        let n = pipe.read(&mut buffer).await.unwrap();
        String::from_utf8_lossy(&buffer[..n]).into_owned()
    });
    assert!(text.contains("date: Thu, 01 Jan 2026 01:00:00 GMT"), "{text}");
}

#[test]
fn a_body_over_the_limit_gets_a_clear_answer() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let text = runtime.block_on(async {
        let (endpoint, _) = endpoint(&[], Clock::simulated(Clock::virtual_epoch()));
        let endpoint = endpoint.with_limits(Limits { body_bytes: 10, ..Limits::default() });
        let mut pipe = Pipe::connect(&endpoint);
        pipe.write_all(REQUEST).await.unwrap();
        let mut buffer = vec![0; 4096];
        let n = pipe.read(&mut buffer).await.unwrap();
        String::from_utf8_lossy(&buffer[..n]).into_owned()
    });
    assert!(text.starts_with("HTTP/1.1 413") && text.contains("longer than 10 bytes"), "{text}");
}

#[test]
fn garbage_on_the_wire_never_stops_the_endpoint() {
    let client = async |address: SocketAddr| {
        for garbage in [
            &b"\x00\x01\x02\r\n\r\n"[..],
            b"GET",
            b"POST / HTTP/1.1\r\ncontent-length: ZZ\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
            &vec![b'A'; 200_000],
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let _ = stream.write_all(garbage).await;
            let _ = stream.shutdown().await;
            let mut bytes = Vec::new();
            let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes)).await.unwrap();
        }
        exchange_once(address).await
    };
    let (bytes, _) = over_tcp(&[], client);
    assert!(bytes.starts_with(b"HTTP/1.1 200"));
}

/// One answer, without waiting for the end of the connection.
async fn exchange_once(address: SocketAddr) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_buf(&mut bytes).await.unwrap();
    bytes
}

#[test]
fn a_request_that_cannot_be_read_is_refused_and_noted() {
    let bad = b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n";
    let (answer, events) = over_tcp(&[], async |address| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bad).await.unwrap();
        let mut bytes = vec![0; 4096];
        let n = stream.read(&mut bytes).await.unwrap();
        String::from_utf8_lossy(&bytes[..n]).into_owned()
    });
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("its body could not be read"), "{answer}");
    assert!(events.iter().any(|e| matches!(e.kind, EventKind::Refused { .. })));
}
