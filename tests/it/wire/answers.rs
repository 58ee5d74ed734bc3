//! Answers that are wrong in a way that only their bytes tell.

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::*;

/// What was answered.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) status: u16,
    headers: HeaderMap,
    pub(super) body: String,
}

impl Heard {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}

/// A client in virtual time against one service.
pub(super) struct Stage {
    pub(super) endpoint: Endpoint,
    pub(super) recorder: Recorder,
    pub(super) clock: Clock,
}

impl Stage {
    pub(super) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Heard {
        let (parts, body) = self.send(method, path, headers, body).await.unwrap().into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Heard { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Sends a request on a connection of its own, and hands on what comes.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<http::Response<hyper::body::Incoming>, hyper_util::client::legacy::Error> {
        let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .build::<_, Full<bytes::Bytes>>(Network::Memory(self.endpoint.clone()));
        let mut request = http::Request::builder().method(method).uri(format!("http://localhost{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        client.request(request.body(Full::from(body.to_owned())).unwrap()).await
    }

    pub(super) async fn dynamodb(&self, operation: &str, params: &Value) -> Heard {
        let target = format!("DynamoDB_20120810.{operation}");
        self.ask(Method::POST, "/", &[("x-amz-target", &target)], &params.to_string()).await
    }
}

pub(super) fn play<T>(service: &str, steps: &[Value], story: impl AsyncFnOnce(&Stage) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (clock, recorder) = (Clock::simulated(Clock::virtual_epoch()), Recorder::new());
        let steps: Vec<Step> = steps.iter().map(|s| serde_json::from_value(s.clone()).unwrap()).collect();
        let plan = Plan::new(&steps, Seed { run: 1, trial: 0 }, find(service).unwrap());
        let endpoint = Endpoint::new(plan, clock.clone(), recorder.clone());
        story(&Stage { endpoint, recorder, clock }).await
    })
}

#[test]
fn an_error_in_a_200_keeps_its_body() {
    let copy = [("x-amz-copy-source", "/b/from")];
    let steps = [json!({"inject": {"error_in_200": {"code": "InternalError"}}})];
    play("s3", &steps, async |stage| {
        let heard = stage.ask(Method::PUT, "/b/to", &copy, "").await;
        assert_eq!(heard.status, 200);
        assert!(heard.body.contains("<Error><Code>InternalError</Code>"), "{}", heard.body);
        // Clients look into the body of a copy, so there it counts as an error; elsewhere nobody looks.
        stage.ask(Method::GET, "/b/to", &[], "").await;
        let classes: Vec<bool> = stage
            .recorder
            .take()
            .iter()
            .filter_map(|e| if let EventKind::Answered(a) = &e.kind { Some(a.class.is_some()) } else { None })
            .collect();
        assert_eq!(classes, [true, false]);
    });
}

#[test]
fn a_masked_error_shows_only_what_it_keeps() {
    for (keep, header, message, class) in [
        (json!(["message"]), "InternalServerErrorException", "Limit Exceeded", "transient"),
        (json!(["header", "message"]), "LimitExceededException", "Limit Exceeded", "quota"),
        (json!([]), "InternalServerErrorException", "Internal server error", "transient"),
    ] {
        let masked = json!({"code": "LimitExceededException", "status": 500, "keep": keep});
        play("execute-api", &[json!({"inject": {"masked": masked}})], async |stage| {
            let heard = stage.ask(Method::GET, "/orders", &[], "").await;
            assert_eq!((heard.status, heard.header("x-amzn-errortype")), (500, header), "{keep}");
            assert_eq!(heard.json()["message"], message, "{keep}");
            let seen = stage.recorder.take().iter().find_map(|e| match &e.kind {
                EventKind::Answered(a) => Some(serde_json::to_value(a.class).unwrap()),
                _ => None,
            });
            assert_eq!(seen, Some(json!(class)), "{keep}");
        });
    }
}

#[test]
fn a_skewed_server_dates_its_answers_and_refuses_old_signatures() {
    play("s3", &[json!({"inject": {"skew": {"by": "1h"}}})], async |stage| {
        let at = |date| [("x-amz-date", date)];
        let refused = stage.ask(Method::GET, "/b/k", &at("20260101T000000Z"), "").await;
        assert_eq!((refused.status, refused.header("date")), (403, "Thu, 01 Jan 2026 01:00:00 GMT"));
        assert!(refused.body.contains("<Code>RequestTimeTooSkewed</Code>"), "{}", refused.body);
        // A client that corrects itself by that date gets through, and still sees the same clock.
        let through = stage.ask(Method::GET, "/b/k", &at("20260101T010000Z"), "").await;
        assert_eq!((through.status, through.header("date")), (404, "Thu, 01 Jan 2026 01:00:00 GMT"));
    });
    play("dynamodb", &[json!({"inject": {"skew": {"by": "10m", "direction": "behind"}}})], async |stage| {
        let heard = stage.ask(Method::POST, "/", &[("x-amz-date", "20260101T000000Z")], "{}").await;
        assert_eq!(heard.header("date"), "Wed, 31 Dec 2025 23:50:00 GMT");
        assert!(heard.body.contains("InvalidSignatureException"), "{}", heard.body);
    });
}

#[test]
fn a_bad_checksum_does_not_fit_the_body() {
    play("dynamodb", &[json!({"inject": "bad_checksum"})], async |stage| {
        let heard = stage.dynamodb("ListTables", &json!({})).await;
        let sent: u32 = heard.header("x-amz-crc32").parse().unwrap();
        assert_eq!((heard.status, sent == crc32(heard.body.as_bytes())), (200, false));
    });
    // Without the fault there is none, or a right one.
    play("dynamodb", &[], async |stage| {
        let heard = stage.dynamodb("ListTables", &json!({})).await;
        let sent = heard.header("x-amz-crc32");
        assert!(sent.is_empty() || sent.parse() == Ok(crc32(heard.body.as_bytes())));
    });
}

/// CRC-32 by its definition (ISO 3309), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[test]
fn accepted_work_is_pending_until_its_time() {
    let steps = [json!({"inject": {"accepted": {"for": "8s", "retry_after": "2s"}}})];
    play("execute-api", &steps, async |stage| {
        let accepted = stage.ask(Method::POST, "/prod/reports", &[], "{}").await;
        assert_eq!((accepted.status, accepted.header("retry-after")), (202, "2"));
        let job = accepted.header("location").to_owned();
        assert!(job.starts_with("/prod/reports/job-"), "{job}");
        let mut seen = Vec::new();
        for _ in 0..5 {
            seen.push(stage.ask(Method::GET, &job, &[], "").await.json()["status"].as_str().unwrap().to_owned());
            stage.clock.sleep(Duration::from_secs(2)).await;
        }
        assert_eq!(seen, ["PENDING", "PENDING", "PENDING", "PENDING", "SUCCEEDED"]);
    });
}

#[test]
fn some_entries_of_a_batch_fail_and_the_others_happen() {
    let put = |id: usize| json!({"PutRequest": {"Item": {"id": {"S": id.to_string()}}}});
    let steps = [json!({"when": {"operation": "BatchWriteItem"}, "times": 1, "inject": {"partial": {"fail": 2}}})];
    play("dynamodb", &steps, async |stage| {
        let entries: Vec<Value> = (0..5).map(put).collect();
        let first = stage.dynamodb("BatchWriteItem", &json!({"RequestItems": {"t": entries}})).await;
        let left = first.json()["UnprocessedItems"].clone();
        assert_eq!((first.status, left["t"].as_array().unwrap().len()), (200, 2));
        let count = async || stage.dynamodb("Scan", &json!({"TableName": "t"})).await.json()["Count"].clone();
        assert_eq!(count().await, 3);
        // What came back can be sent again as it is.
        let second = stage.dynamodb("BatchWriteItem", &json!({"RequestItems": left})).await;
        assert_eq!((&second.json()["UnprocessedItems"], count().await), (&json!({}), json!(5)));
    });
}

#[test]
fn expired_credentials_are_refused_until_fresh_ones_are_fetched() {
    play("dynamodb", &[json!({"inject": "expired_credentials"})], async |stage| {
        let fetch = async || stage.ask(Method::GET, "/_brownout/credentials", &[], "").await.json();
        let first = fetch().await;
        for member in ["AccessKeyId", "SecretAccessKey", "Token", "Expiration"] {
            assert!(first[member].as_str().is_some_and(|v| !v.is_empty()), "{member}");
        }
        let ask = async |credentials: &Value| {
            let token = credentials["Token"].as_str().unwrap();
            let headers = [("x-amz-target", "DynamoDB_20120810.ListTables"), ("x-amz-security-token", token)];
            stage.ask(Method::POST, "/", &headers, "{}").await
        };
        for _ in 0..2 {
            let refused = ask(&first).await;
            assert_eq!(refused.status, 400);
            assert!(refused.body.contains("ExpiredTokenException"), "{}", refused.body);
        }
        assert_eq!(ask(&fetch().await).await.status, 200);
        let events = stage.recorder.take();
        let attempts = events.iter().filter(|e| matches!(e.kind, EventKind::AttemptReceived(_))).count();
        assert_eq!(attempts, 3, "asking for credentials is no attempt");
        assert!(!serde_json::to_string(&events).unwrap().contains("brownout-session"), "no token in the journal");
    });
}
