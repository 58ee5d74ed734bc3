//! The documented limits over random patterns of requests, against the same limits in whole numbers.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Exact, Stage, cases, gap, signed, times};

/// An EC2 request: its form, its bucket, and how many instances it is about, if they count.
#[derive(Debug, Clone)]
struct Asked {
    form: String,
    requests: (&'static str, u64, u64),
    instances: Option<((&'static str, u64, u64), u64)>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let plain = |form: &str, requests| Asked { form: format!("Action={form}"), requests, instances: None };
    // Size and refill a second, by the table of the EC2 developer guide. A dry run draws as any other.
    let run = |count: u64| Asked {
        form: format!("Action=RunInstances&DryRun=true&ImageId=ami-1&MinCount=1&MaxCount={count}"),
        requests: ("run", 5, 2),
        instances: Some((("run instances", 1000, 2), count)),
    };
    let named = |action: &str, requests, instances, count: u64| Asked {
        form: (1..=count).fold(format!("Action={action}"), |form, n| format!("{form}&InstanceId.{n}=i-{n:x}")),
        requests,
        instances: Some((instances, count)),
    };
    prop_oneof![
        3 => prop_oneof![1u64..4, 200u64..700].prop_map(run),
        3 => (1u64..40).prop_map(move |n| named("StopInstances", ("stop", 50, 5), ("stop instances", 1000, 20), n)),
        2 => (1u64..40)
            .prop_map(move |n| named("TerminateInstances", ("terminate", 100, 5), ("terminate instances", 1000, 20), n)),
        2 => Just(plain("DescribeInstances", ("describe unfiltered", 50, 10))),
        2 => Just(plain("DescribeInstances&MaxResults=5", ("describe", 100, 20))),
        1 => Just(plain("CreateKeyPair&KeyName=k", ("key", 50, 5))),
    ]
}

/// Sends bursts of equal requests, each after its pause, and says how many of each burst were admitted.
async fn bursts(
    stage: &Stage,
    bursts: &[(u64, u32)],
    mut send: impl FnMut(&Stage, u32) -> (u16, Option<String>, String),
) -> Vec<u32> {
    let at_ms = times(&bursts.iter().map(|(gap, _)| *gap).collect::<Vec<_>>());
    let mut admitted = Vec::new();
    for (at, (_, count)) in at_ms.iter().zip(bursts) {
        stage.until(*at).await;
        admitted.push((0..*count).filter(|n| !matches!(send(stage, *n).0, 429 | 503)).count() as u32);
    }
    admitted
}

/// The same by exact arithmetic.
fn exactly(size: u64, refill: u64, bursts: &[(u64, u32)]) -> Vec<u32> {
    let mut bucket = Exact::new(size * 100, refill * 1_000);
    let at_ms = times(&bursts.iter().map(|(gap, _)| *gap).collect::<Vec<_>>());
    let admitted =
        |(at, (_, count)): (&u64, &(u64, u32))| (0..*count).filter(|_| bucket.admits(100, *at)).count() as u32;
    at_ms.iter().zip(bursts).map(admitted).collect()
}

/// Few bursts and large ones: these limits are wide.
fn wide() -> impl Strategy<Value = Vec<(u64, u32)>> {
    prop::collection::vec((0u64..900, 1u32..6_000), 1..4)
}

proptest! {
    #![proptest_config(cases(60))]

    /// A request draws a token from the bucket of its action and one per instance from a second, from both or
    /// from neither; two clients of the account share them.
    #[test]
    fn ec2_draws_from_both_buckets_or_from_none(
        asked in prop::collection::vec((gap(), asked(), 0u32..2), 1..200),
    ) {
        let at_ms = times(&asked.iter().map(|(gap, ..)| *gap).collect::<Vec<_>>());
        Stage::play("ec2", &json!({"inject": {"rate_limit": "ec2"}}), 1, async |stage| {
            let mut buckets: BTreeMap<&str, Exact> = BTreeMap::new();
            for (at, (_, Asked { form, requests, instances }, client)) in at_ms.iter().zip(&asked) {
                stage.until(*at).await;
                let (status, code, _) = stage.ec2_of(*client, form);
                let refused = (status, code.as_deref()) == (503, Some("RequestLimitExceeded"));
                let draws = [Some((*requests, 1)), *instances];
                let mut enough = true;
                for ((name, size, refill), cost) in draws.iter().flatten() {
                    let bucket = buckets.entry(name).or_insert_with(|| {
                        Exact { before: *at, ..Exact::new(size * 100, refill * 1_000) }
                    });
                    enough &= bucket.has(cost * 100, *at);
                }
                for ((name, ..), cost) in draws.iter().flatten().filter(|_| enough) {
                    buckets.get_mut(name).unwrap().take(cost * 100);
                }
                prop_assert_eq!(!refused, enough, "{} at {} ms: {} {:?}", form, at, status, code);
            }
            Ok(())
        })?;
    }

    /// A table spends its throughput, and later what it did not use in five minutes; consistent reads cost
    /// twice what others do, and a write a unit for each begun kilobyte of its body.
    #[test]
    fn dynamodb_spends_five_minutes_of_unused_throughput(
        read in 10u64..200,
        write in 10u64..200,
        asked in prop::collection::vec(
            (prop_oneof![4 => Just(0u64), 2 => 0u64..5_000, 1 => 0u64..600_000], 0usize..3, 0usize..3_000),
            1..150,
        ),
    ) {
        let at_ms = times(&asked.iter().map(|(gap, ..)| *gap).collect::<Vec<_>>());
        let rate = |thousandths: u64| format!("{}/s", thousandths as f64 / 1e3);
        let limit = json!({"preset": "dynamodb", "read": rate(read), "write": rate(write)});
        Stage::play("dynamodb", &json!({"inject": {"rate_limit": limit}}), 1, async |stage| {
            // Three hundred seconds of so many thousandths, in hundredths.
            let mut buckets = [read, write].map(|rate| Exact::new(rate * 30, rate));
            for (at, (_, kind, size)) in at_ms.iter().zip(&asked) {
                stage.until(*at).await;
                let mut body = json!({"TableName": "t"});
                let operation = if *kind == 2 { "PutItem" } else { "GetItem" };
                if *kind == 2 {
                    body["Item"] = json!({"id": {"S": "1"}, "text": {"S": "x".repeat(*size)}});
                } else {
                    body["Key"] = json!({"id": {"S": "1"}});
                    body["ConsistentRead"] = Value::Bool(*kind == 1);
                }
                let body = body.to_string();
                let cost = [50, 100, body.len().div_ceil(1_024) as u64 * 100][*kind];
                let mut headers = signed("AKIABROWNOUT00000000", "dynamodb");
                headers.insert("x-amz-target", format!("DynamoDB_20120810.{operation}").parse().unwrap());
                let (status, code, said) = stage.ask("POST", "/", headers, body);
                let refused = (status, code.as_deref()) == (400, Some("ProvisionedThroughputExceededException"));
                prop_assert!(refused || status == 200, "{}", said);
                let enough = buckets[usize::from(*kind == 2)].admits(cost, *at);
                prop_assert_eq!(!refused, enough, "{} for {} hundredths at {} ms", operation, cost, at);
            }
            Ok(())
        })?;
    }
}

proptest! {
    #![proptest_config(cases(4))]

    /// All methods and paths of an account share its throttle.
    #[test]
    fn an_api_of_the_gateway_shares_the_accounts_throttle(pattern in wide()) {
        let seen = Stage::play("execute-api", &json!({"inject": {"rate_limit": "api_gateway"}}), 1, async |stage| {
            bursts(stage, &pattern, |stage, n| {
                let (method, path) = [("GET", "/prod/orders"), ("PUT", "/prod/carts/7")][n as usize % 2];
                stage.ask(method, path, http::HeaderMap::new(), String::new())
            })
            .await
        });
        prop_assert_eq!(seen, exactly(5_000, 10_000, &pattern));
    }

    /// Each prefix has its own rates, one for reading and one for writing.
    #[test]
    fn a_prefix_of_s3_has_its_own_rates(pattern in wide()) {
        let step = json!({"inject": {"rate_limit": "s3"}});
        for (method, rate) in [("GET", 5_500), ("PUT", 3_500)] {
            let seen = Stage::play("s3", &step, 1, async |stage| {
                let ask = |stage: &Stage, method: &str, path: &str| {
                    stage.ask(method, path, signed("AKIABROWNOUT00000000", "s3"), String::new())
                };
                let seen = bursts(stage, &pattern, |stage, _| ask(stage, method, "/b/one/key")).await;
                let other = if method == "GET" { "PUT" } else { "GET" };
                for (method, path) in [(other, "/b/one/key"), (method, "/b/two/key"), (method, "/c/one/key")] {
                    prop_assert!(ask(stage, method, path).0 != 503, "{} {} has rates of its own", method, path);
                }
                Ok(seen)
            })?;
            prop_assert_eq!(seen, exactly(rate, rate, &pattern), "{}", method);
        }
    }
}
