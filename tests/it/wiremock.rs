//! A scenario on a `wiremock::MockServer`: played, journalled with estimated times, judged; and what
//! wiremock cannot play is refused by name and line.

use std::time::Duration;

use brownout::client::policy::{Failed, PolicyClient, RetryPolicy};
use brownout::client::{Call, CallClient as _, Heard, Setting};
use brownout::rule::Verdict;
use brownout::scenario::Scenario;
use brownout::wiremock::{MountError, Mounted};
use brownout_mocks::clock::Clock;
use brownout_mocks::journal::{EventKind, How, Outcome, Trial};
use brownout_mocks::random::{Seed, Stream};
use brownout_mocks::request::CallTag;
use brownout_mocks::service::{Class, find};
use brownout_mocks::transport::Network;
use serde_json::json;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Five attempts with full jitter from a second, times `share`: 0 is the loop that everybody writes first.
struct Jitter {
    share: f64,
}

impl RetryPolicy for Jitter {
    fn next_pause(&mut self, failed: Failed<'_>, random: &mut Stream) -> Option<Duration> {
        let bound = Duration::from_secs(1 << (failed.attempt - 1)).mul_f64(self.share);
        (failed.attempt < 5).then(|| bound.mul_f64(random.unit()))
    }
}

fn scenario(steps: &str) -> Scenario {
    let text = format!("brownout: 1\nname: mounted\ntitle: On wiremock\nservice: dynamodb\nsteps:\n{steps}");
    Scenario::parse("mounted.yaml", &text).unwrap()
}

fn client(server: &MockServer, share: f64) -> PolicyClient {
    let seed = Seed { run: 1, trial: 0 };
    let setting = Setting { network: Network::Tcp(*server.address()), clock: Clock::wall(), seed, client: 0 };
    PolicyClient::new(&setting, Box::new(Jitter { share }))
}

async fn get_item(client: &PolicyClient, number: u64) -> Heard {
    let params = json!({"TableName": "orders", "Key": {"id": {"S": "1"}}});
    let tag = CallTag { client: 0, call: number, ordinal: number };
    client.call(&Call { tag, service: find("dynamodb").unwrap(), operation: "GetItem".into(), params }).await
}

fn statuses(trial: &Trial) -> Vec<u16> {
    let answered = |kind: &EventKind| if let EventKind::Answered(a) = kind { Some(a.status) } else { None };
    trial.events.iter().filter_map(|e| answered(&e.kind)).collect()
}

#[tokio::test]
async fn a_throttled_client_is_journalled_and_judged() {
    let server = MockServer::start().await;
    let scenario = scenario("  - times: 2\n    per: call\n    inject: throttle\n");
    let mounted = Mounted::mount(&scenario, &server, 1).await.unwrap();
    let client = client(&server, 1.0);
    let (a, b, c) = tokio::join!(get_item(&client, 1), get_item(&client, 2), get_item(&client, 3));
    assert!([a, b, c].iter().all(|heard| heard.outcome == Outcome::Success));

    let journal = mounted.journal();
    assert!(journal.header.estimated && journal.events.is_sorted_by_key(|e| e.at_us));
    let mut statuses = statuses(&journal);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 400, 400, 400, 400, 400, 400]);

    let report = mounted.judge();
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    assert_eq!(report.rule("throttle_not_retried").unwrap().verdict, Verdict::Pass);
    assert!(report.unfired.is_empty() && report.control.is_none());
    assert_eq!((report.metrics.attempts, report.metrics.succeeded), (9, 3));
}

#[tokio::test]
async fn a_client_that_does_not_back_off_fails() {
    let server = MockServer::start().await;
    // A named profile bounds the first pause by a second; `documented` allows ten milliseconds.
    let steps = "  - inject: throttle\nexpect: {profile: seed-b}\n";
    let mounted = Mounted::mount(&scenario(steps), &server, 1).await.unwrap();
    let client = client(&server, 0.0);
    for number in 1..=10 {
        assert_eq!(get_item(&client, number).await.outcome, Outcome::Error);
    }
    let report = mounted.judge();
    assert_eq!(report.rule("no_backoff").unwrap().verdict, Verdict::Fail, "{report:#?}");
    assert_eq!(report.exit_code(), 1);
}

#[tokio::test]
async fn a_delay_and_a_close_are_played() {
    let server = MockServer::start().await;
    let steps = "  - when: {attempt: 1}\n    inject: close\n  - when: {attempt: 2}\n    inject: {latency: 300ms}\n";
    let mounted = Mounted::mount(&scenario(steps), &server, 1).await.unwrap();
    let heard = get_item(&client(&server, 0.1), 1).await;
    assert_eq!(heard.outcome, Outcome::Success);

    let journal = mounted.journal();
    let closed = |kind: &EventKind| matches!(kind, EventKind::ConnectionClosed { seq: Some(1), how: How::Fin, .. });
    assert!(journal.events.iter().any(|e| closed(&e.kind)));
    let at = |seq| {
        let found = |e: &&brownout_mocks::journal::Event| match &e.kind {
            EventKind::AttemptReceived(r) => r.seq == seq,
            _ => false,
        };
        journal.events.iter().find(found).unwrap().at_us
    };
    let answered = journal.events.iter().find_map(|e| match &e.kind {
        EventKind::Answered(answered) => Some(answered.last_byte_us),
        _ => None,
    });
    assert!(answered.unwrap() - at(2) >= 300_000, "{journal:#?}");
    let retried = mounted.judge();
    assert_eq!(retried.metrics.retries_by_class.get(&Class::Transient), Some(&1));
}

#[tokio::test]
async fn what_wiremock_cannot_play_is_refused_by_name_and_line() {
    let server = MockServer::start().await;
    let steps = "  - times: 1\n    inject: black_hole\n  - times: 1\n    inject:\n      - latency: 1s\n      - close\n  \
                 - inject: {reset: {at: request}}\n";
    let error = Mounted::mount(&scenario(steps), &server, 1).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("`mounted` cannot be mounted on wiremock: `black_hole` on line 7 needs"), "{text}");
    assert!(text.contains("`close` on line 11 cannot wait"), "{text}");
    assert!(text.contains("`reset` on line 12 needs"), "{text}");
    let MountError::Refused { faults, .. } = error else { panic!("{error}") };
    assert_eq!(faults.len(), 3);
}

#[tokio::test]
async fn a_mock_of_the_suite_goes_first_if_it_asks_to() {
    let server = MockServer::start().await;
    let own = Mock::given(path("/")).respond_with(ResponseTemplate::new(200).set_body_string("{}"));
    own.up_to_n_times(1).with_priority(1).mount(&server).await;
    let mounted = Mounted::mount(&scenario("  - inject: throttle\n"), &server, 1).await.unwrap();
    let client = client(&server, 0.0);
    assert_eq!(get_item(&client, 1).await.outcome, Outcome::Success);
    assert_eq!(get_item(&client, 2).await.code.as_deref(), Some("ProvisionedThroughputExceededException"));
    assert_eq!(statuses(&mounted.journal()), [400; 5]);
}
