//! Over TCP, on the machine's clock.

use std::net::{Ipv4Addr, SocketAddr};

use brownout_mocks::transport::TcpTransport;

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
        assert_eq!(played.attempts().iter().map(|(_, a)| a.sdk_attempt).collect::<Vec<_>>(), [Some(1), Some(2), Some(3), Some(4)]);
        // 25, 50 and 100 ms of backoff at most; the rest is the machine's.
        assert!(played.took < Duration::from_secs(5), "{:?}", played.took);
    });
}
