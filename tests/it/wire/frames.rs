//! Bytes that are no HTTP, and the frames of HTTP/2, by a raw socket and by hyper.

use brownout_mocks::fault::Part;
use serde_json::json;

use super::*;

#[test]
fn garbage_arrives_byte_for_byte() {
    for (name, part) in [("status_line", Part::StatusLine), ("header", Part::Header), ("chunk", Part::Chunk)] {
        let step = step(json!({"garbage": name}));
        let ((bytes, end), events) = over_tcp(std::slice::from_ref(&step), exchange);
        assert_eq!((bytes.as_slice(), end), (&part.bytes(false)[..], None), "{name}");
        assert_eq!(closes(&events), [(By::Fault, How::Fin)]);
        for memory in [false, true] {
            let steps = [step.clone()];
            let text =
                if memory { by_hyper_in_memory(&steps) } else { over_tcp(&steps, |a| by_hyper(Network::Tcp(a))).0 };
            let expected = if name == "chunk" { "invalid chunk size" } else { "invalid HTTP" };
            assert!(text.to_lowercase().contains(&expected.to_lowercase()), "{name}, in memory: {memory}: {text}");
        }
    }
}

/// One frame: type, flags, stream, payload.
type Frame = (u8, u8, u32, Vec<u8>);

/// A GetItem over HTTP/2 as raw frames, with the static table of HPACK and literals (RFC 7541).
fn request(stream: u32) -> Vec<u8> {
    let mut block = vec![0x83, 0x86, 0x84]; // POST, http, /
    for (name, value) in [("x-amz-target", "DynamoDB_20120810.ListTables"), ("content-length", "2")] {
        block.push(0x00);
        block.push(name.len() as u8);
        block.extend(name.as_bytes());
        block.push(value.len() as u8);
        block.extend(value.as_bytes());
    }
    let mut bytes = frame(1, 0x4, stream, &block);
    bytes.extend(frame(0, 0x1, stream, b"{}"));
    bytes
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Reads frames until `wanted` says enough or the connection ends. Bytes that are no whole frame come last.
async fn frames(socket: &mut TcpStream, wanted: impl Fn(&Frame) -> bool) -> (Vec<Frame>, Vec<u8>) {
    let (mut bytes, mut seen) = (Vec::new(), Vec::new());
    loop {
        while bytes.len() >= 9 {
            let length = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]) as usize;
            if bytes.len() < 9 + length {
                break;
            }
            let stream = u32::from_be_bytes([bytes[5], bytes[6], bytes[7], bytes[8]]);
            let frame = (bytes[3], bytes[4], stream, bytes[9..9 + length].to_vec());
            bytes.drain(..9 + length);
            let enough = wanted(&frame);
            seen.push(frame);
            if enough {
                return (seen, bytes);
            }
        }
        if socket.read_buf(&mut bytes).await.unwrap() == 0 {
            return (seen, bytes);
        }
    }
}

async fn http2(address: SocketAddr) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    socket.write_all(&frame(4, 0, 0, b"")).await.unwrap();
    socket
}

fn without_settings(frames: Vec<Frame>) -> Vec<Frame> {
    // SETTINGS, PING and WINDOW_UPDATE are hyper's own conversation.
    frames.into_iter().filter(|f| !matches!(f.0, 4 | 6 | 8)).collect()
}

#[test]
fn goaway_names_the_last_stream_that_was_looked_at() {
    // The first request is served; the second one is not.
    let second: Step =
        serde_json::from_value(json!({"when": {"call": 2}, "inject": {"goaway": {"code": "enhance_your_calm"}}}))
            .unwrap();
    let client = async |address| {
        let mut socket = http2(address).await;
        socket.write_all(&request(1)).await.unwrap();
        let (first, _) = frames(&mut socket, |f| f.2 == 1 && f.1 & 1 == 1).await;
        socket.write_all(&request(3)).await.unwrap();
        let (second, rest) = frames(&mut socket, |_| false).await;
        (without_settings(first).len(), without_settings(second), rest)
    };
    let ((first, second, rest), events) = over_tcp(&[second], client);
    assert!(first >= 1 && rest.is_empty());
    assert_eq!(second, [(7, 0, 0, vec![0, 0, 0, 1, 0, 0, 0, 0xb])]);
    assert_eq!(closes(&events), [(By::Fault, How::Fin)]);
}

#[test]
fn rst_stream_ends_the_stream_and_the_connection_lives() {
    let first: Step = serde_json::from_value(json!({"times": 1, "inject": "rst_stream"})).unwrap();
    let client = async |address| {
        let mut socket = http2(address).await;
        socket.write_all(&request(1)).await.unwrap();
        let (first, _) = frames(&mut socket, |f| f.0 == 3).await;
        socket.write_all(&request(3)).await.unwrap();
        let (second, _) = frames(&mut socket, |f| f.2 == 3 && f.1 & 1 == 1).await;
        (without_settings(first), without_settings(second).len())
    };
    let ((first, second), events) = over_tcp(&[first], client);
    assert_eq!(first, [(3, 0, 1, vec![0, 0, 0, 7])], "REFUSED_STREAM and nothing else");
    assert!(second >= 1, "the next request on the connection is answered");
    assert!(events.iter().any(|e| matches!(e.kind, EventKind::StreamReset { seq: 1, code: 7, .. })));
}

#[test]
fn rst_stream_in_the_body_sends_exactly_so_many_bytes() {
    let fault = json!({"rst_stream": {"after": 4, "code": "cancel"}});
    let client = async |address| {
        let mut socket = http2(address).await;
        socket.write_all(&request(1)).await.unwrap();
        without_settings(frames(&mut socket, |f| f.0 == 3).await.0)
    };
    let (seen, events) = over_tcp(&[broken_reply(&fault)], client);
    assert_eq!((seen[0].0, seen[0].2), (1, 1), "the head comes first");
    let data: Vec<u8> = seen.iter().filter(|f| f.0 == 0).flat_map(|f| f.3.clone()).collect();
    assert_eq!((data.as_slice(), seen.last().unwrap()), (&b"0123"[..], &(3, 0, 1, vec![0, 0, 0, 8])));
    let cut = events.iter().any(|e| matches!(&e.kind, EventKind::Answered(a) if a.cut && a.body_bytes == 10));
    assert!(cut, "the journal says that the answer was cut");
}

#[test]
fn garbage_over_http2_is_a_frame_that_the_protocol_forbids() {
    let client = async |address| {
        let mut socket = http2(address).await;
        socket.write_all(&request(1)).await.unwrap();
        let (seen, rest) = frames(&mut socket, |_| false).await;
        (without_settings(seen), rest)
    };
    let ((seen, rest), _) = over_tcp(&[step(json!({"garbage": "header"}))], client);
    assert_eq!((seen, rest), (vec![(0, 0, 0, vec![0xff, 0xfe, 0xfd, 0xfc])], vec![]));
}

#[test]
fn hyper_reads_the_frames_as_what_they_are() {
    for (fault, expected) in [
        (json!("goaway"), "not a result of an error"),
        (json!({"goaway": {"code": "enhance_your_calm"}}), "excessive load"),
        (json!("rst_stream"), "refused"),
        (json!({"rst_stream": {"code": "internal_error"}}), "internal error"),
        (json!({"garbage": "status_line"}), "protocol error"),
    ] {
        let client = async |address: SocketAddr| {
            let stream = TcpStream::connect(address).await.unwrap();
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            let request = http::Request::post("http://localhost/")
                .header("x-amz-target", "DynamoDB_20120810.ListTables")
                .body(Full::new(bytes::Bytes::from_static(b"{}")))
                .unwrap();
            all_of(&sender.send_request(request).await.unwrap_err())
        };
        let (text, _) = over_tcp(&[step(fault.clone())], client);
        assert!(text.contains(expected), "{fault}: {text}");
    }
}

/// An error with all its sources.
fn all_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(e) = source {
        text = format!("{text}: {e}");
        source = e.source();
    }
    text
}

#[test]
fn frames_pass_requests_over_http1_by() {
    for fault in ["goaway", "rst_stream"] {
        let (head, events) = over_tcp(&[step(json!(fault))], async |address| {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(REQUEST).await.unwrap();
            let mut buffer = vec![0; 4096];
            let n = stream.read(&mut buffer).await.unwrap();
            split(&buffer[..n]).0
        });
        assert!(head.starts_with("http/1.1 200"), "{fault}: {head}");
        let unused =
            |e: &Event| matches!(&e.kind, EventKind::StepDecided { step: None, admitted, .. } if admitted.is_empty());
        assert!(events.iter().any(unused), "{fault} counts as never fired");
    }
}
