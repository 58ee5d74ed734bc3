//! Limits and visibility over random request patterns, asked of the endpoint itself in virtual time.

use std::time::Duration;

use brownout_mocks::clock::Clock;
use brownout_mocks::endpoint::{Behind, Endpoint};
use brownout_mocks::journal::Recorder;
use brownout_mocks::plan::{Plan, Step};
use brownout_mocks::random::Seed;
use brownout_mocks::request::Request;
use brownout_mocks::service::find;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

mod presets;

/// So many cases, the same in every run.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() }
}

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

    /// Status, error code and body of the answer to a request.
    fn ask(&self, method: &str, path: &str, headers: http::HeaderMap, body: String) -> (u16, Option<String>, String) {
        let method = method.parse().unwrap();
        let request =
            Request { method, path: path.into(), query: String::new(), headers, body: body.into(), http2: false };
        let reply = self.endpoint.receive(1, request).reply.unwrap();
        (reply.status, reply.code, String::from_utf8(reply.body.to_vec()).unwrap())
    }

    /// The same for an EC2 query.
    fn ec2(&self, form: &str) -> (u16, Option<String>, String) {
        self.ec2_of(0, form)
    }

    /// The same by one of the clients of our account.
    fn ec2_of(&self, client: u32, form: &str) -> (u16, Option<String>, String) {
        let headers = signed(&format!("AKIABROWNOUT{client:08}"), "ec2");
        self.ask("POST", "/", headers, format!("{form}&Version=2016-11-15"))
    }

    /// Waits until `ms` milliseconds after time zero.
    async fn until(&self, ms: u64) {
        self.clock.sleep(Duration::from_millis(ms).saturating_sub(self.clock.now())).await;
    }
}

/// The headers of a form, signed with this key.
fn signed(key: &str, service: &str) -> http::HeaderMap {
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    let scope = format!("AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/{service}/aws4_request, Signature=0");
    headers.insert("authorization", scope.parse().unwrap());
    headers
}

/// A bucket in whole numbers all the way: tokens in units of a millionth of a thousandth.
#[derive(Debug, Clone)]
struct Exact {
    full: u128,
    /// Units that come back each millisecond.
    refill: u128,
    tokens: u128,
    before: u64,
}

const TOKEN: u128 = 1_000_000_000;

impl Exact {
    /// A full bucket; the size in hundredths, the refill in thousandths a second.
    fn new(size: u64, refill: u64) -> Self {
        let full = u128::from(size) * TOKEN / 100;
        // A thousandth of a token a second is a millionth of a token a millisecond.
        Self { full, refill: u128::from(refill) * 1_000, tokens: full, before: 0 }
    }

    /// Whether so many hundredths of a token are there at this time.
    fn has(&mut self, cost: u64, at_ms: u64) -> bool {
        self.tokens = (self.tokens + u128::from(at_ms - self.before) * self.refill).min(self.full);
        self.before = at_ms;
        self.tokens >= u128::from(cost) * TOKEN / 100
    }

    fn take(&mut self, cost: u64) {
        self.tokens -= u128::from(cost) * TOKEN / 100;
    }

    /// Takes them if they are there.
    fn admits(&mut self, cost: u64, at_ms: u64) -> bool {
        let admits = self.has(cost, at_ms);
        if admits {
            self.take(cost);
        }
        admits
    }
}

/// Times from the pauses between them. Time zero is the first request.
fn times(gaps: &[u64]) -> Vec<u64> {
    let later = gaps.iter().skip(1).scan(0, |at, gap| {
        *at += gap;
        Some(*at)
    });
    std::iter::once(0).chain(later).collect()
}

/// A pause in milliseconds: mostly none or little, so that buckets run dry.
fn gap() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0u64), 0u64..50, 0u64..3_000]
}

proptest! {
    #![proptest_config(cases(200))]

    /// In no stretch of time are more admitted than size + refill × time, and never does the count differ by
    /// more than one from what exact arithmetic says; sizes, refills and costs may be fractions, and several
    /// clients share the bucket.
    #[test]
    fn a_bucket_admits_its_size_and_its_refill_and_no_more(
        size in 100u64..2_000,
        refill in 100u64..20_000,
        cost in prop_oneof![Just(100u64), 25u64..100],
        clients in 1u32..4,
        asked in prop::collection::vec((gap(), any::<u32>()), 1..120),
    ) {
        let at_ms = times(&asked.iter().map(|(gap, _)| *gap).collect::<Vec<_>>());
        // As people write it: hundredths of a token, thousandths of one a second.
        let limit = json!({
            "bucket": size as f64 / 1e2,
            "refill": format!("{}/s", refill as f64 / 1e3),
            "cost": cost as f64 / 1e2,
        });
        let step = json!({"inject": {"rate_limit": limit}});
        let seen: Vec<bool> = Stage::play("ec2", &step, 1, async |stage| {
            let mut seen = Vec::new();
            for (at, (_, client)) in at_ms.iter().zip(&asked) {
                stage.until(*at).await;
                let (status, code, _) = stage.ec2_of(client % clients, "Action=DescribeRegions");
                let refused = (status, code.as_deref()) == (503, Some("RequestLimitExceeded"));
                prop_assert!(refused || status != 503);
                seen.push(!refused);
            }
            Ok(seen)
        })?;
        let (tokens, each, per_ms) = (size as f64 / 1e2, cost as f64 / 1e2, refill as f64 / 1e6);
        for (i, from) in at_ms.iter().enumerate() {
            let mut count = 0.0;
            for (j, to) in at_ms.iter().enumerate().skip(i) {
                count += if seen[j] { each } else { 0.0 };
                let most = tokens + per_ms * (to - from) as f64;
                prop_assert!(count <= most + 1e-6, "{count} taken from {from} to {to} ms, at most {most}");
            }
        }
        let mut exact = Exact::new(size, refill);
        let (mut ours, mut theirs) = (0i64, 0i64);
        for (index, (admitted, at)) in seen.iter().zip(&at_ms).enumerate() {
            ours += i64::from(*admitted);
            theirs += i64::from(exact.admits(cost, *at));
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
                let body = "Action=DescribeRegions&Version=2016-11-15".to_owned();
                let (status, _, _) = stage.ask("POST", "/", signed(&key, "ec2"), body);
                counts[usize::from(*client >= 2)] += usize::from(status != 503);
            }
            counts
        });
        let asked = |mine: bool| pattern.iter().filter(|c| (**c < 2) == mine).count();
        prop_assert_eq!(counts, [asked(true).min(10), asked(false).min(10)]);
    }

    /// A created id is never seen before its time, always after it has settled, and flickers only between; one
    /// reader that has seen it goes on seeing it. That holds for each of several ids, made at times of their own.
    #[test]
    fn an_id_is_dark_then_flickers_then_settles(
        seed in any::<u64>(),
        dark in 0u64..10_000,
        flap in 0u64..10_000,
        readers in 1u32..6,
        made in prop::collection::vec(0u64..12_000, 0..4),
        reads in prop::collection::vec((0u64..35_000, any::<usize>()), 1..60),
    ) {
        let step = json!({
            "when": {"operation": "DescribeInstances"},
            "inject": {"not_visible": {"for": format!("{dark}ms"), "flap": format!("{flap}ms"), "readers": readers}},
        });
        // The first is made at time zero.
        let made: Vec<u64> = std::iter::once(0).chain(made).collect();
        let makes = made.iter().enumerate().map(|(index, at)| (*at, true, index));
        let looks = reads.iter().map(|(at, which)| (*at, false, which % made.len()));
        let mut deeds: Vec<(u64, bool, usize)> = makes.chain(looks).collect();
        // At the same moment it is made first, then looked at.
        deeds.sort_by_key(|(at, makes, index)| (*at, !makes, *index));
        let seen: Vec<(usize, u64, bool)> = Stage::play("ec2", &step, seed, async |stage| {
            let mut ids = vec![String::new(); made.len()];
            let mut seen = Vec::new();
            for (at, makes, index) in deeds {
                stage.until(at).await;
                if makes {
                    let (_, _, made) = stage.ec2("Action=RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1");
                    let id = made.split("<instanceId>").nth(1).and_then(|rest| rest.split('<').next());
                    ids[index] = id.unwrap_or_else(|| panic!("no instance in {made}")).to_owned();
                } else if at >= made[index] {
                    let (status, code, _) =
                        stage.ec2(&format!("Action=DescribeInstances&InstanceId.1={}", ids[index]));
                    prop_assert!(status == 200 || code.as_deref() == Some("InvalidInstanceID.NotFound"));
                    seen.push((index, at - made[index], status == 200));
                }
            }
            Ok(seen)
        })?;
        let mut known = vec![false; made.len()];
        for (index, age, visible) in seen {
            if age < dark {
                prop_assert!(!visible, "seen {age} ms after it was made, dark for {dark} ms");
            }
            if age >= dark + flap {
                prop_assert!(visible, "not seen {age} ms after it was made, settled at {} ms", dark + flap);
            }
            if readers == 1 {
                prop_assert!(visible || !known[index], "the only reader forgot it {age} ms after it was made");
                known[index] |= visible;
            }
        }
    }

    /// Each reader learns of an id at one moment between, and never forgets it; the moments of others are others.
    #[test]
    fn each_reader_has_a_moment_of_its_own(
        seed in any::<u64>(),
        dark in 0u64..10_000,
        flap in 1_000u64..10_000,
        readers in 2u64..8,
    ) {
        let ms = Duration::from_millis;
        let moment = |reader: u64, id: &str| {
            let seed = Seed { run: seed, trial: 0 };
            let behind = Behind { dark: ms(dark), flap: ms(flap), reader, seed, step: "hidden".into() };
            let ages = (0..dark + flap).step_by(41).chain([dark + flap]);
            let knows: Vec<(u64, bool)> = ages.map(|age| (age, behind.knows(id, ms(age)))).collect();
            prop_assert!(knows.is_sorted_by_key(|(_, known)| *known), "reader {reader} forgot {id}");
            let first = knows.iter().find(|(_, known)| *known).map(|(age, _)| *age);
            Ok(first.unwrap_or_else(|| panic!("reader {reader} never learns of {id}")))
        };
        let mut moments = Vec::new();
        for (reader, id) in (0..readers).flat_map(|reader| [(reader, "i-1"), (reader, "i-2")]) {
            let at = moment(reader, id)?;
            prop_assert!((dark..=dark + flap).contains(&at), "{at} is not between {dark} and {}", dark + flap);
            moments.push(at);
        }
        moments.sort_unstable();
        moments.dedup();
        prop_assert!(moments.len() > 1, "all at once");
    }
}
