//! What no client should send: each gets a clear answer and an event, and the next client is served as ever.

use super::*;

/// Sends all of it, ends its side, and reads to the end.
async fn send(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (mut from, mut to) = stream.split();
    let mut heard = Vec::new();
    let send = async {
        // The answer may come, and the connection end, before all is sent.
        let _ = to.write_all(bytes).await;
        let _ = to.shutdown().await;
    };
    let hear = async { from.read_to_end(&mut heard).await };
    let both = async { tokio::join!(send, hear) };
    let ((), end) = tokio::time::timeout(Duration::from_secs(20), both).await.expect("it hangs");
    end.unwrap_or_else(|e| panic!("{e} after {:?}", String::from_utf8_lossy(&heard[..heard.len().min(300)])));
    String::from_utf8_lossy(&heard).into_owned()
}

fn refusals(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .filter_map(|e| if let EventKind::Refused { why, .. } = &e.kind { Some(why.clone()) } else { None })
        .collect()
}

/// Sends `bytes`; the answers must begin with these statuses, and exactly these words be in the journal.
fn told(name: &str, bytes: &[u8], statuses: &[&str], whys: &[&str]) {
    let (heard, events) = over_tcp(&[], async |address| {
        let heard = send(address, bytes).await;
        let next = exchange_once(address).await;
        assert!(next.starts_with(b"HTTP/1.1 200"), "{name}: the next client is not served");
        heard
    });
    let found: Vec<&str> = heard.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(found, statuses, "{name}: {heard}");
    let refused = refusals(&events);
    assert_eq!(refused.len(), whys.len(), "{name}: {refused:?}");
    for (refused, why) in refused.iter().zip(whys) {
        assert!(refused.contains(why), "{name}: {refused}");
    }
}

#[test]
fn a_head_that_cannot_be_read_is_refused() {
    let unreadable = &["its head could not be read"];
    told("no HTTP", b"\x00\x01\x02\r\n\r\n", &["400"], unreadable);
    told("no colon", b"GET / HTTP/1.1\r\nhost x\r\n\r\n", &["400"], unreadable);
    told("a version of the future", b"GET / HTTP/7.5\r\n\r\n", &["400"], unreadable);
    told("a length in words", b"POST / HTTP/1.1\r\ncontent-length: ten\r\n\r\n", &["400"], unreadable);
    told("two lengths", b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", &["400"], unreadable);
    told("a negative length", b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", &["400"], unreadable);
    told("an odd coding", b"POST / HTTP/1.1\r\ntransfer-encoding: rot13\r\n\r\n", &["400"], unreadable);
    told("half a head", b"POST / HTTP/1.1\r\nhost: loc", &["400"], &["its head is not whole"]);
    let (heard, events) =
        over_tcp(&[], async |address| send(address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nno frame").await);
    assert!(!heard.is_empty(), "HTTP/2 says goodbye");
    assert!(refusals(&events)[0].contains("its HTTP/2 frames could not be read"), "{events:?}");
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let large = &["its head could not be read"];
    let header = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(10 << 20));
    told("10 MB in one header", header.as_bytes(), &["431"], large);
    let lines = format!("GET / HTTP/1.1\r\n{}\r\n", format!("x: {}\r\n", "a".repeat(1000)).repeat(10 << 10));
    told("10 MB in ten thousand headers", lines.as_bytes(), &["431"], large);
    let target = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(100_000));
    told("100 kB of path", target.as_bytes(), &["414"], large);
}

#[test]
fn a_body_that_lies_about_its_length_is_refused() {
    let head = "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: DynamoDB_20120810.ListTables\r\n";
    let lie = |length: &str, body: &str| format!("{head}{length}\r\n\r\n{body}").into_bytes();
    let unreadable = &["its body could not be read"];
    told("too short", &lie("content-length: 50", "{}"), &["400"], unreadable);
    told("chunks that are none", &lie("transfer-encoding: chunked", "{}\r\n\r\n"), &["400"], unreadable);
    told("a chunk that is cut", &lie("transfer-encoding: chunked", "5\r\n{}"), &["400"], unreadable);
    told("a huge chunk", &lie("transfer-encoding: chunked", "ffffffffffffffffff\r\n{}"), &["400"], unreadable);
    // What is too much is taken for the next request.
    told("too long", &lie("content-length: 2", "{}nonsense\r\n\r\n"), &["200", "400"], &["its head could not be read"]);
}

#[test]
fn a_body_over_the_limit_is_read_and_refused() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let heard = runtime.block_on(async {
        let (endpoint, recorder) = endpoint(&[], Clock::wall());
        let endpoint = endpoint.with_limits(Limits { body_bytes: 1 << 20, ..Limits::default() });
        let tcp = TcpTransport::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = tcp.address();
        let mut whole = b"PUT /b/k HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 8388608\r\n\r\n".to_vec();
        whole.resize(whole.len() + (8 << 20), b'x');
        let asks = b"PUT /b/k HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: 8388608\r\n\r\n";
        let client = async {
            let heard = [send(address, &whole).await, send(address, asks).await];
            (heard, refusals(&recorder.take()))
        };
        tokio::select! {
            heard = client => heard,
            () = tcp.serve(endpoint) => unreachable!(),
        }
    });
    for answer in &heard.0 {
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("longer than 1048576 bytes"), "{answer}");
    }
    assert_eq!(heard.1.len(), 2, "{:?}", heard.1);
}

#[test]
fn who_stops_in_the_middle_of_a_request_is_told_so() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let told = runtime.block_on(async {
        let (endpoint, recorder) = endpoint(&[], Clock::wall());
        let endpoint = endpoint.with_limits(Limits { request_time: Duration::from_millis(200), ..Limits::default() });
        let tcp = TcpTransport::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = tcp.address();
        let client = async {
            let mut heard = Vec::new();
            for begun in [
                "GET /b",
                "POST / HTTP/1.1\r\ncontent-length: 100\r\n\r\nabc",
                "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
            ] {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.write_all(begun.as_bytes()).await.unwrap();
                let mut bytes = Vec::new();
                stream.read_to_end(&mut bytes).await.unwrap();
                heard.push(String::from_utf8_lossy(&bytes).into_owned());
            }
            // Idle is no mistake: before a request, and between two.
            let mut idle = TcpStream::connect(address).await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
            for _ in 0..2 {
                idle.write_all(REQUEST).await.unwrap();
                let n = idle.read(&mut [0; 4096]).await.unwrap();
                assert!(n > 0, "an idle connection was ended");
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            (heard, refusals(&recorder.take()))
        };
        tokio::select! {
            told = client => told,
            () = tcp.serve(endpoint) => unreachable!(),
        }
    });
    for answer in &told.0 {
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
    let [unfinished, body, chunk] = told.1.as_slice() else { panic!("{:?}", told.1) };
    assert_eq!(unfinished, "its head is not whole after 200ms");
    assert_eq!((body.as_str(), chunk), ("nothing more of its body came for 200ms", body));
}

#[test]
fn a_client_that_gives_up_waiting_has_made_no_mistake() {
    let client = async |address| {
        let gone = tokio::time::timeout(Duration::from_millis(100), exchange(address)).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        gone.is_err()
    };
    for fault in [serde_json::json!("black_hole"), serde_json::json!({"latency": "10s"})] {
        let (gave_up, events) = over_tcp(&[step(fault.clone())], client);
        assert!(gave_up && refusals(&events).is_empty(), "{fault}: {events:?}");
        assert_eq!(closes(&events), [(By::Client, How::Fin)]);
    }
}

#[test]
fn one_connection_too_many_is_told_so() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (heard, refused) = runtime.block_on(async {
        let (endpoint, recorder) = endpoint(&[], Clock::wall());
        let endpoint = endpoint.with_limits(Limits { connections: 2, ..Limits::default() });
        let tcp = TcpTransport::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = tcp.address();
        let client = async {
            // Two that are there and say nothing.
            let silent = [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
            let mut third = Vec::new();
            let _ = TcpStream::connect(address).await.unwrap().read_to_end(&mut third).await;
            drop(silent);
            let fourth = loop {
                let heard = exchange_once(address).await;
                if !heard.starts_with(b"HTTP/1.1 503") {
                    break heard;
                }
            };
            assert!(fourth.starts_with(b"HTTP/1.1 200"), "there is room again");
            (String::from_utf8_lossy(&third).into_owned(), refusals(&recorder.take()))
        };
        tokio::select! {
            heard = client => heard,
            () = tcp.serve(endpoint) => unreachable!(),
        }
    });
    assert!(heard.starts_with("HTTP/1.1 503 ") && heard.contains("2 are open already"), "{heard}");
    assert!(refused[0].contains("2 connections are open already"), "{refused:?}");
}

#[test]
fn an_unknown_service_or_operation_gets_an_error_of_its_protocol() {
    let scope = |service: &str| {
        format!(
            "authorization: AWS4-HMAC-SHA256 Credential=AKIABROWNOUT00000000/20260101/us-east-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=00\r\n"
        )
    };
    let ask = |start: &str, headers: &str, body: &str| {
        let head = format!("{start} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}");
        format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    };
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    for (name, bytes, status, says) in [
        (
            "a JSON operation",
            ask("POST /", &format!("{}x-amz-target: DynamoDB_20120810.Nonsense\r\n", scope("dynamodb")), "{}"),
            "400",
            "\"__type\"",
        ),
        (
            "an EC2 operation",
            ask("POST /", &format!("{}{form}", scope("ec2")), "Action=Nonsense"),
            "400",
            "<Error><Code>",
        ),
        ("a query operation", ask("POST /", &format!("{}{form}", scope("sts")), "Action=Nonsense"), "400", "<Code>"),
        ("a REST operation", ask("PATCH /b/k", &scope("s3"), ""), "501", "<Code>NotImplemented</Code>"),
        (
            "a JSON service",
            ask("POST /", &format!("{}x-amz-target: Nonsense.Do\r\n", scope("nonsense")), "{}"),
            "4",
            "the operation Do of the service `Nonsense`",
        ),
        ("a REST service", ask("GET /things/1", &scope("nonsense"), ""), "4", "of the service `nonsense`"),
    ] {
        let (heard, events) = over_tcp(&[], async |address| send(address, &bytes).await);
        assert!(heard.starts_with(&format!("HTTP/1.1 {status}")), "{name}: {heard}");
        assert!(heard.contains(says) && heard.contains("brownout does not model"), "{name}: {heard}");
        let unmodelled = |e: &Event| matches!(&e.kind, EventKind::AttemptReceived(r) if r.unmodelled);
        assert!(events.iter().any(unmodelled), "{name}: {events:?}");
    }
}
