//! Limits and visibility over random request patterns, asked of the endpoint itself in virtual time.

use std::time::Duration;

use brownout_mocks::clock::Clock;
use brownout_mocks::endpoint::Endpoint;
use brownout_mocks::journal::Recorder;
use brownout_mocks::plan::{Plan, Step};
use brownout_mocks::random::Seed;
use brownout_mocks::request::Request;
use brownout_mocks::service::find;
use proptest::prelude::*;
use serde_json::{Value, json};

/// An endpoint with one step, and a clock that only moves when it is told to.
struct Stage {
    endpoint: Endpoint,
    clock: Clock,
}

impl Stage {
    fn play<T>(service: &str, step: &Value, seed: u64, story: impl AsyncFnOnce(&Self) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let clock = Clock::simulated(Clock::virtual_epoch());
            let steps: Vec<Step> = vec![serde_json::from_value(step.clone()).unwrap()];
            let plan = Plan::new(&steps, Seed { run: seed, trial: 0 }, find(service).unwrap());
            let endpoint = Endpoint::new(plan, clock.clone(), Recorder::new());
            story(&Self { endpoint, clock }).await
        })
    }

    /// Status, error code and body of the answer to an EC2 query.
    fn ec2(&self, form: &str) -> (u16, Option<String>, String) {
        let request = Request {
            method: http::Method::POST,
            path: "/".into(),
            query: String::new(),
            headers: form_headers(),
            body: format!("{form}&Version=2016-11-15").into(),
            http2: false,
        };
        let reply = self.endpoint.receive(1, request).reply.unwrap();
        (reply.status, reply.code, String::from_utf8(reply.body.to_vec()).unwrap())
    }

    /// Waits until `ms` milliseconds after time zero.
    async fn until(&self, ms: u64) {
        self.clock.sleep(Duration::from_millis(ms).saturating_sub(self.clock.now())).await;
    }
}

fn form_headers() -> http::HeaderMap {
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    headers
}

/// Whole numbers all the way: tokens in units of a millionth of a thousandth.
const TOKEN: u128 = 1_000_000_000;

/// Which requests a bucket that is full at first admits, by exact arithmetic; `refill` in thousandths a second.
fn admitted(size: u64, refill: u64, at_ms: &[u64]) -> Vec<bool> {
    let full = u128::from(size) * TOKEN;
    let (mut tokens, mut before) = (full, 0);
    let mut seen = Vec::new();
    for at in at_ms {
        // A thousandth of a token a second is a millionth of a token a millisecond.
        tokens = (tokens + u128::from(at - before) * u128::from(refill) * 1_000).min(full);
        before = *at;
        let admits = tokens >= TOKEN;
        tokens -= if admits { TOKEN } else { 0 };
        seen.push(admits);
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// In no stretch of time are more admitted than size + refill × time, and whenever one is refused, no more
    /// than one fewer was admitted since the bucket was last full.
    #[test]
    fn a_bucket_admits_its_size_and_its_refill_and_no_more(
        size in 1u64..20,
        refill in 100u64..20_000,
        gaps in prop::collection::vec(prop_oneof![Just(0u64), 0u64..50, 0u64..3_000], 1..120),
    ) {
        // Time zero is the first request.
        let at_ms: Vec<u64> = gaps.iter().skip(1).scan(0, |at, gap| { *at += gap; Some(*at) }).collect();
        let at_ms: Vec<u64> = std::iter::once(0).chain(at_ms).collect();
        // A thousandth of a request a second, as people write it.
        let step = json!({"inject": {"rate_limit": {"bucket": size, "refill": format!("{}/s", refill as f64 / 1e3)}}});
        let seen: Vec<bool> = Stage::play("ec2", &step, 1, async |stage| {
            let mut seen = Vec::new();
            for at in &at_ms {
                stage.until(*at).await;
                let (status, code, _) = stage.ec2("Action=DescribeRegions");
                let refused = (status, code.as_deref()) == (503, Some("RequestLimitExceeded"));
                prop_assert!(refused || status != 503);
                seen.push(!refused);
            }
            Ok(seen)
        })?;
        let (size, refill) = (size as f64, refill as f64 / 1e6);
        for (i, from) in at_ms.iter().enumerate() {
            let mut count = 0.0;
            for (j, to) in at_ms.iter().enumerate().skip(i) {
                count += f64::from(u8::from(seen[j]));
                let most = size + refill * (to - from) as f64;
                prop_assert!(count <= most + 1e-6, "{count} admitted from {from} to {to} ms, at most {most}");
            }
        }
        let exact = admitted(size as u64, (refill * 1e6).round() as u64, &at_ms);
        let (mut ours, mut theirs) = (0i64, 0i64);
        for (index, (a, b)) in seen.iter().zip(&exact).enumerate() {
            ours += i64::from(*a);
            theirs += i64::from(*b);
            prop_assert!((ours - theirs).abs() <= 1, "{ours} instead of {theirs} after request {index}");
        }
    }

    /// Several clients of one account share a bucket; those of another account have their own.
    #[test]
    fn accounts_share_and_do_not_share(pattern in prop::collection::vec(0u32..4, 20..60)) {
        let step = json!({"inject": {"rate_limit": {"bucket": 10, "refill": "1/h"}}});
        let counts = Stage::play("ec2", &step, 1, async |stage| {
            let mut counts = [0; 2];
            for client in &pattern {
                // Clients 0 and 1 are ours and belong to one account; any other key is an account of its own.
                let key = if *client < 2 { format!("AKIABROWNOUT{client:08}") } else { "AKIASOMEBODYELSE0000".to_owned() };
                let authorization = format!("AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/ec2/aws4_request, Signature=0");
                let mut headers = form_headers();
                headers.insert("authorization", authorization.parse().unwrap());
                let request = Request {
                    method: http::Method::POST,
                    path: "/".into(),
                    query: String::new(),
                    headers,
                    body: "Action=DescribeRegions&Version=2016-11-15".into(),
                    http2: false,
                };
                let reply = stage.endpoint.receive(1, request).reply.unwrap();
                counts[usize::from(*client >= 2)] += usize::from(reply.status != 503);
            }
            counts
        });
        let asked = |mine: bool| pattern.iter().filter(|c| (**c < 2) == mine).count();
        prop_assert_eq!(counts, [asked(true).min(10), asked(false).min(10)]);
    }

    /// A created id is never seen before its time, always after it has settled, and flickers only between; one
    /// reader that has seen it goes on seeing it.
    #[test]
    fn an_id_is_dark_then_flickers_then_settles(
        seed in any::<u64>(),
        dark in 0u64..10_000,
        flap in 0u64..10_000,
        readers in 1u32..6,
        reads in prop::collection::vec(0u64..25_000, 1..60),
    ) {
        let step = json!({
            "when": {"operation": "DescribeInstances"},
            "inject": {"not_visible": {"for": format!("{dark}ms"), "flap": format!("{flap}ms"), "readers": readers}},
        });
        let mut reads = reads;
        reads.sort_unstable();
        let seen: Vec<(u64, bool)> = Stage::play("ec2", &step, seed, async |stage| {
            let (_, _, made) = stage.ec2("Action=RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1");
            let id = made.split("<instanceId>").nth(1).and_then(|rest| rest.split('<').next());
            let id = id.unwrap_or_else(|| panic!("no instance in {made}")).to_owned();
            let mut seen = Vec::new();
            for at in &reads {
                stage.until(*at).await;
                let (status, code, _) = stage.ec2(&format!("Action=DescribeInstances&InstanceId.1={id}"));
                prop_assert!(status == 200 || code.as_deref() == Some("InvalidInstanceID.NotFound"));
                seen.push((*at, status == 200));
            }
            Ok(seen)
        })?;
        let mut known = false;
        for (at, visible) in seen {
            if at < dark {
                prop_assert!(!visible, "seen {at} ms after it was made, dark for {dark} ms");
            }
            if at >= dark + flap {
                prop_assert!(visible, "not seen {at} ms after it was made, settled at {} ms", dark + flap);
            }
            if readers == 1 {
                prop_assert!(visible || !known, "the only reader forgot it at {at} ms");
                known |= visible;
            }
        }
    }
}
