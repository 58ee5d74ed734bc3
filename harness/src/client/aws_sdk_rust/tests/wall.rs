//! Over TCP, on the machine's clock.

use std::net::{Ipv4Addr, SocketAddr};

use brownout_mocks::transport::TcpTransport;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

#[test]
fn it_plays_over_tcp() {
    let story = Story::new(json!([
        {"times": 1, "inject": {"http": 503}},
        {"times": 1, "inject": {"reset": {"at": "request"}}},
        {"times": 1, "inject": {"truncate": {"after": 1}}},
    ]))
    .with(&[("retries.spec", "2.1")]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let endpoint = Endpoint::new(story.plan(), Clock::wall(), Recorder::new());
        let transport = TcpTransport::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let network = Network::Tcp(transport.address());
        let server = tokio::spawn({
            let endpoint = endpoint.clone();
            async move { transport.serve(endpoint).await }
        });
        let setting = Setting { network, clock: endpoint.clock().clone(), seed: story.seed(), client: 0 };
        let client = AwsSdkRust::start(&setting, story.options.clone());
        let heard = client.call(&story.call(0, 1)).await;
        server.abort();
        let played = Played { heard: vec![heard], events: endpoint.recorder().take(), took: endpoint.clock().now() };
        assert_eq!(played.heard[0].outcome, Outcome::Success, "{:#?}", played.events);
        assert_eq!(
            played.attempts().iter().map(|(_, a)| a.sdk_attempt).collect::<Vec<_>>(),
            [Some(1), Some(2), Some(3), Some(4)]
        );
        // 25, 50 and 100 ms of backoff at most; the rest is the machine's.
        assert!(played.took < Duration::from_secs(5), "{:?}", played.took);
    });
}

#[test]
fn what_it_sends_is_what_an_sdk_sends() {
    let story = Story { operation: "GetItem", params: json!({"TableName": "t", "Key": {}}), ..Story::new(json!([])) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let head = runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let network = Network::Tcp(listener.local_addr().unwrap());
        let setting = Setting { network, clock: Clock::wall(), seed: story.seed(), client: 7 };
        let client = AwsSdkRust::start(&setting, Options::default());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = Vec::new();
            while !seen.ends_with(br#"{"Key":{},"TableName":"t"}"#) {
                assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "{}", String::from_utf8_lossy(&seen));
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
            String::from_utf8(seen).unwrap()
        });
        let call = story.call(7, 1);
        let heard = client.call(&call).await;
        assert_eq!((heard.outcome, heard.body.as_ref()), (Outcome::Success, &b"{}"[..]));
        server.await.unwrap()
    });
    let header =
        |name: &str| head.lines().find_map(|l| l.split_once(": ").filter(|(n, _)| *n == name)).map_or("", |(_, v)| v);
    assert!(head.starts_with("POST / HTTP/1.1\r\n"), "{head}");
    assert_eq!(header("x-amz-target"), "DynamoDB_20120810.GetItem");
    assert_eq!(header("content-length"), "26");
    assert_eq!((header("amz-sdk-request"), header("amz-sdk-invocation-id").len()), ("attempt=1; max=3", 36));
    assert_eq!(header("brownout-call"), "7/1/1");
    let authorization = header("authorization");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIABROWNOUT00000007/"), "{head}");
    assert!(authorization.contains("/us-east-1/dynamodb/aws4_request, SignedHeaders="), "{head}");
    assert!(!authorization.contains("brownout-call"), "{head}");
}
