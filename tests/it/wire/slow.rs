//! Answers that leave slowly, ports that are closed, and limits on what is in hand.

use serde_json::json;

use super::*;

/// What arrives on one connection, in virtual time: portions with the milliseconds at which they came.
fn portions(step: Step) -> Vec<(u64, Vec<u8>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = Clock::simulated(Clock::virtual_epoch());
        let (endpoint, _) = endpoint(&[step], clock.clone());
        let mut pipe = Pipe::connect(&endpoint);
        pipe.write_all(REQUEST).await.unwrap();
        let mut portions: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut length = usize::MAX;
        let mut seen = 0;
        while seen < length {
            let mut buffer = vec![0; 4096];
            let n = pipe.read(&mut buffer).await.unwrap();
            assert!(n > 0, "ended after {seen} bytes");
            seen += n;
            let at = u64::try_from(clock.now().as_millis()).unwrap();
            if let Some(end) = buffer[..n].windows(4).position(|w| w == b"\r\n\r\n").filter(|_| portions.is_empty()) {
                length = end + 4 + 10;
                portions.push((at, buffer[..end + 4].to_vec()));
                if n > end + 4 {
                    portions.push((at, buffer[end + 4..n].to_vec()));
                }
            } else {
                portions.push((at, buffer[..n].to_vec()));
            }
        }
        portions
    })
}

fn body(portions: &[(u64, Vec<u8>)]) -> Vec<(u64, &[u8])> {
    portions[1..].iter().map(|(at, bytes)| (*at, bytes.as_slice())).collect()
}

#[test]
fn drip_sends_so_many_bytes_a_second() {
    let seen = portions(broken_reply(&json!({"drip": {"rate": "10/s"}})));
    let bytes: Vec<(u64, &[u8])> = (0..10).map(|i| (i as u64 * 100, &b"0123456789"[i..=i])).collect();
    assert_eq!((seen[0].0, body(&seen)), (0, bytes));
    // Ten milliseconds between portions at the least: 300 a second leave in threes.
    let seen = portions(broken_reply(&json!({"drip": {"rate": "300/s"}})));
    let threes: [(u64, &[u8]); 4] = [(0, b"012"), (10, b"345"), (20, b"678"), (24, b"9")];
    assert_eq!(body(&seen), threes);
}

#[test]
fn stall_stops_in_the_middle_and_goes_on() {
    let seen = portions(broken_reply(&json!({"stall": {"after": 4, "for": "30s"}})));
    let expected: [(u64, &[u8]); 2] = [(0, b"0123"), (30_000, b"456789")];
    assert_eq!(body(&seen), expected);
    let seen = portions(broken_reply(&json!({"stall": {"for": "2s"}})));
    assert_eq!((seen[0].0, body(&seen)), (0, vec![(2_000, &b"0123456789"[..])]));
    // At least one byte comes after the pause.
    let seen = portions(broken_reply(&json!({"stall": {"after": 99, "for": "2s"}})));
    let expected: [(u64, &[u8]); 2] = [(0, b"012345678"), (2_000, b"9")];
    assert_eq!(body(&seen), expected);
}

#[test]
fn a_slow_answer_is_whole_over_tcp_too() {
    for fault in [json!({"drip": {"rate": "200/s"}}), json!({"stall": {"after": 3, "for": "40ms"}})] {
        let client = async |address| {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(REQUEST).await.unwrap();
            let mut bytes = Vec::new();
            while !bytes.ends_with(b"0123456789") {
                assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "cut: {bytes:?}");
            }
        };
        let ((), events) = over_tcp(&[broken_reply(&fault)], client);
        let answered = events.iter().find_map(|e| match &e.kind {
            EventKind::Answered(a) => Some(a.last_byte_us - a.first_byte_us),
            _ => None,
        });
        assert!(answered.unwrap() >= 40_000, "{fault}: {answered:?}");
    }
}

fn window(json: serde_json::Value) -> Step {
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_closed_port_refuses_in_its_window_over_tcp() {
    let step = window(json!({"inject": {"refuse": {"for": "150ms"}}}));
    let client = async |address: SocketAddr| {
        let mut refused = 0;
        loop {
            match TcpStream::connect(address).await {
                Ok(mut stream) => {
                    stream.write_all(REQUEST).await.unwrap();
                    break (refused, stream.read(&mut [0; 4096]).await.unwrap() > 0);
                }
                Err(e) => assert_eq!(e.kind(), ErrorKind::ConnectionRefused),
            }
            refused += 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let ((refused, answered), events) = over_tcp(&[step], client);
    assert!(answered && refused >= 1, "refused {refused} times");
    assert!(matches!(&events[0].kind, EventKind::PortClosed { until_us: Some(150_000), .. }), "{:?}", events[0]);
    let opened = events.iter().find(|e| matches!(e.kind, EventKind::Connected { .. })).unwrap().at_us;
    assert!(opened >= 150_000, "accepted at {opened} µs");
}

#[test]
fn a_port_closes_and_opens_again_and_open_connections_live_on() {
    let step = window(json!({"when": {"after": "50ms"}, "inject": {"refuse": {"for": "400ms"}}}));
    let client = async |address: SocketAddr| {
        let mut before = TcpStream::connect(address).await.unwrap();
        // Connects until it is refused, and then until it is not.
        until(address, false).await;
        before.write_all(REQUEST).await.unwrap();
        let n = before.read(&mut [0; 4096]).await.unwrap();
        until(address, true).await;
        (n > 0, exchange_head(address).await)
    };
    let ((lives, after), _) = over_tcp(&[step], client);
    assert!(lives && after.starts_with("http/1.1 200"), "{after}");
}

async fn until(address: SocketAddr, connects: bool) {
    while TcpStream::connect(address).await.is_ok() != connects {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn exchange_head(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    let mut buffer = vec![0; 4096];
    let n = stream.read(&mut buffer).await.unwrap();
    split(&buffer[..n]).0
}

#[test]
fn a_closed_port_refuses_the_same_in_virtual_time() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let story = |step: Step, at_ms: &[u64]| {
        runtime.block_on(async {
            let clock = Clock::simulated(Clock::virtual_epoch());
            let (endpoint, recorder) = endpoint(&[step], clock.clone());
            let network = Network::Memory(endpoint.clone());
            let mut seen = Vec::new();
            for at in at_ms {
                clock.sleep(Duration::from_millis(*at).saturating_sub(clock.now())).await;
                let refused = network.connect().await.err().map(|e| e.kind());
                assert!(refused.is_none_or(|kind| kind == ErrorKind::ConnectionRefused));
                seen.push(refused.is_some());
            }
            (seen, endpoint.fired(), recorder.take())
        })
    };
    let step = window(json!({"when": {"after": "1s"}, "inject": {"refuse": {"for": "2s"}}}));
    let (seen, fired, events) = story(step, &[0, 999, 1_000, 2_999, 3_000]);
    assert_eq!((seen, fired), (vec![false, false, true, true, false], vec![true]));
    let closed = events.iter().filter(|e| matches!(e.kind, EventKind::PortClosed { .. })).count();
    assert_eq!(closed, 1, "one event for the window");
    // Only in memory can connections be counted.
    let (seen, ..) = story(window(json!({"times": 2, "inject": "refuse"})), &[0, 0, 0]);
    assert_eq!(seen, [true, true, false]);
    let (seen, ..) = story(window(json!({"every": 2, "inject": "refuse"})), &[0, 0, 0, 0]);
    assert_eq!(seen, [false, true, false, true]);
}

#[test]
fn concurrency_counts_what_is_in_hand() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = Clock::simulated(Clock::virtual_epoch());
        let steps = [step(json!({"concurrency": 2})), step(json!({"latency": "1s"}))];
        let (endpoint, _) = endpoint(&steps, clock.clone());
        let ask = async || {
            let mut pipe = Pipe::connect(&endpoint);
            pipe.write_all(REQUEST).await.unwrap();
            let mut buffer = vec![0; 4096];
            let n = pipe.read(&mut buffer).await.unwrap();
            (split(&buffer[..n]).0[9..12].to_owned(), clock.now().as_millis())
        };
        let (a, b, c) = tokio::join!(ask(), ask(), ask());
        assert_eq!([a, b], [("200".to_owned(), 1_000), ("200".to_owned(), 1_000)]);
        assert_eq!(c, ("400".to_owned(), 0), "the third at a time is refused at once");
        assert_eq!(ask().await, ("200".to_owned(), 2_000), "there is room again");
        // A client that goes away leaves its place.
        for _ in 0..5 {
            let mut pipe = Pipe::connect(&endpoint);
            pipe.write_all(REQUEST).await.unwrap();
            clock.sleep(Duration::from_millis(1)).await;
            drop(pipe);
            clock.sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(ask().await.0, "200");
    });
}
