//! The load: kept-alive connections that each send a request and read its answer, over and over.
//!
//! Bytes are made once and written raw, with another invocation id each time, so that the generator costs
//! less than any server and the server is what is measured.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use brownout_mocks::clock::Stopwatch;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Connections at a time.
pub(super) const CONNECTIONS: usize = 16;

/// A `GetItem` as the SDKs send it; the id is filled in.
const HEAD: &str = "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-amz-json-1.0\r\n\
x-amz-target: DynamoDB_20120810.GetItem\r\namz-sdk-request: attempt=1; max=3\r\n\
x-amz-date: 20260101T000000Z\r\nauthorization: AWS4-HMAC-SHA256 \
Credential=AKIABROWNOUT00000000/20260101/us-east-1/dynamodb/aws4_request, \
SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-type;host;x-amz-date;x-amz-target, \
Signature=5f2c0f3d0c1b0a995f2c0f3d0c1b0a995f2c0f3d0c1b0a995f2c0f3d0c1b0a99\r\n\
user-agent: aws-sdk-rust/1.3.8 os/linux lang/rust/1.95.0\r\naccept: */*\r\n\
content-length: 60\r\namz-sdk-invocation-id: 8a4c2e1e-0000-4000-8000-";
const BODY: &str = "\r\n\r\n{\"TableName\":\"orders\",\"Key\":{\"id\":{\"S\":\"order-0000000001\"}}}";

/// Numbers the requests of the whole run.
static SENT: AtomicU64 = AtomicU64::new(0);

/// Sends so many requests and waits for their answers.
pub(super) fn run(address: SocketAddr, requests: u32) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().event_interval(8).enable_all().build().unwrap();
    runtime.block_on(tokio::task::LocalSet::new().run_until(async move {
        let mut streams = Vec::new();
        for _ in 0..CONNECTIONS {
            let stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            streams.push(stream);
        }
        let left = Rc::new(std::cell::Cell::new(requests));
        // The load never sleeps: waking it from another core costs a server more than a request does, and a
        // slow server, whose load waits, more than a fast one.
        let awake = tokio::task::spawn_local(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
        let watch = Stopwatch::start();
        let tasks: Vec<_> =
            streams.into_iter().map(|stream| tokio::task::spawn_local(connection(stream, Rc::clone(&left)))).collect();
        for task in tasks {
            task.await.unwrap();
        }
        let took = watch.elapsed();
        awake.abort();
        took
    }))
}

async fn connection(mut stream: TcpStream, left: Rc<std::cell::Cell<u32>>) {
    let mut request = format!("{HEAD}{:012}{BODY}", 0).into_bytes();
    let id = HEAD.len()..HEAD.len() + 12;
    let mut answer = vec![0; 16 << 10];
    let mut length = None;
    while let Some(rest) = left.get().checked_sub(1) {
        left.set(rest);
        // Never the same twice: a second request of one id would be a retry.
        let number = SENT.fetch_add(1, Ordering::Relaxed);
        request[id.clone()].copy_from_slice(format!("{number:012}").as_bytes());
        stream.write_all(&request).await.unwrap();
        let mut filled = 0;
        while length.is_none_or(|length| filled < length) {
            let n = stream.read(&mut answer[filled..]).await.unwrap();
            assert!(n > 0, "the server closed the connection");
            filled += n;
            if length.is_none() {
                length = whole(&answer[..filled]);
            }
        }
    }
}

/// The length of an answer, once its head is there. All answers of a server are of one length.
fn whole(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).unwrap().to_ascii_lowercase();
    assert!(text.starts_with("http/1.1 200"), "{text}");
    let (_, rest) = text.split_once("content-length: ").unwrap();
    Some(head + rest.split_once("\r\n").unwrap().0.parse::<usize>().unwrap())
}
