//! Every kind of fault, and what the SDK makes of it.

use super::*;

fn attempts_under(inject: &Value) -> Played {
    let played = Story::new(json!([{"times": 2, "inject": inject}])).play(1);
    assert_eq!(played.heard[0].outcome, Outcome::Success, "{inject}: {:#?}", played.events);
    assert_eq!(played.heard[0].status, Some(200), "{inject}");
    played
}

#[test]
fn transient_faults_are_retried() {
    for inject in [
        json!({"reset": {"at": "request"}}),
        json!({"reset": {"at": "headers"}}),
        json!({"reset": {"at": "body", "after": 1}}),
        json!("close"),
        json!({"truncate": {"after": 1}}),
        json!({"http": 503}),
        json!({"http": {"status": 500, "body": "empty"}}),
        json!({"http": {"status": 504, "body": "json"}}),
        json!([{"latency": "200ms"}, {"http": 502}]),
    ] {
        let played = attempts_under(&inject);
        let sdk: Vec<_> = played.attempts().iter().map(|(_, a)| (a.sdk_attempt, a.resend)).collect();
        assert_eq!(sdk, [(Some(1), false), (Some(2), false), (Some(3), false)], "{inject}: {:#?}", played.events);
        assert_eq!(played.connections(), 3, "{inject}: a transient error poisons its connection");
    }
}

#[test]
fn a_refused_handshake_is_retried() {
    let played = attempts_under(&json!({"reset": {"at": "connect"}}));
    assert_eq!(played.connections(), 3);
    assert_eq!(played.attempts().len(), 1);
    assert_eq!(played.attempts()[0].1.sdk_attempt, Some(3));
}

#[test]
fn a_black_hole_ends_with_the_read_timeout() {
    let played = attempts_under(&json!("black_hole"));
    assert_eq!(played.attempts().len(), 3);
    for (gap, bound) in played.gaps().into_iter().zip([1.0, 2.0]) {
        assert!((30.0..30.002 + bound).contains(&gap), "{:?}", played.gaps());
    }
    let story =
        Story::new(json!([{"inject": "black_hole"}])).with(&[("timeouts.read", "none"), ("timeouts.operation", "7s")]);
    let played = story.play(1);
    assert_eq!((played.attempts().len(), played.heard[0].outcome), (1, Outcome::Error));
    assert!(played.took < Duration::from_millis(7010), "{:?}", played.took);
}

#[test]
fn an_attempt_timeout_covers_latency() {
    let story = Story::new(json!([{"times": 2, "inject": {"latency": "9s"}}])).with(&[("timeouts.attempt", "2s")]);
    let played = story.play(1);
    assert_eq!((played.attempts().len(), played.heard[0].outcome), (3, Outcome::Success));
    assert!(played.gaps().iter().all(|gap| *gap >= 2.0 && *gap < 4.01), "{:?}", played.gaps());
}

#[test]
fn status_alone_decides_where_there_is_no_code() {
    let attempts = |status: u16| Story::new(json!([{"inject": {"http": status}}])).play(1).attempts().len();
    let counted: Vec<_> = [400, 404, 429, 500, 501, 502, 503, 504, 505].into_iter().map(|s| (s, attempts(s))).collect();
    assert_eq!(counted, [(400, 1), (404, 1), (429, 1), (500, 3), (501, 1), (502, 3), (503, 3), (504, 3), (505, 1)]);
}

#[test]
fn a_code_beats_its_status() {
    let code = |code: &str, status: u16| {
        let played = Story::new(json!([{"inject": {"error": {"code": code, "status": status}}}])).play(1);
        assert_eq!(played.heard[0].code.as_deref(), Some(code));
        played.attempts().len()
    };
    assert_eq!(code("ThrottlingException", 400), 3);
    assert_eq!(code("RequestTimeout", 400), 3);
    assert_eq!(code("SomethingElse", 500), 3);
    assert_eq!(code("SomethingElse", 400), 1);
}

#[test]
fn the_servers_hint_is_followed() {
    let hint = |ms: u64, spec: &str| {
        let steps = json!([{"times": 1, "inject": {"error": {"code": "ThrottlingException", "retry_after_ms": ms}}}]);
        Story::new(steps).with(&[("retries.spec", spec)]).play(1).gaps()[0]
    };
    assert!((hint(3000, "2.0") - 3.0).abs() < 0.002);
    assert!((hint(60_000, "2.0") - 20.0).abs() < 0.002, "no longer than the longest backoff");
    assert!((hint(3000, "2.1") - 3.0).abs() < 0.002);
    let late = hint(60_000, "2.1");
    assert!((5.0..6.002).contains(&late), "at most 5 s more than the backoff: {late}");
}

#[test]
fn the_retry_quota_runs_dry_within_a_trial_only() {
    let story = Story::new(json!([{"inject": {"http": 503}}]));
    let played = story.play(40);
    // 500 tokens, 10 for each retry: fifty retries, then first attempts alone.
    assert_eq!(played.attempts().len(), 40 + 50);
    assert_eq!(story.play(1).attempts().len(), 3, "the next play has a quota of its own");
    let cheap = story.with(&[("retries.spec", "2.1"), ("retries.max_attempts", "3")]).play(40);
    assert_eq!(cheap.attempts().len(), 40 + 35, "14 tokens for each retry");
}

#[test]
fn a_connection_that_was_used_before_may_break_too() {
    let steps = json!([
        {"times": 1, "inject": {"throttle": {}}},
        {"times": 1, "inject": "close"},
        {"times": 1, "inject": {"throttle": {}}, "id": "again"},
        {"times": 1, "inject": {"reset": {"at": "request"}}},
    ]);
    let played = Story::new(steps).with(&[("retries.max_attempts", "5")]).play(1);
    let seen: Vec<_> = played.attempts().iter().map(|(_, a)| (a.connection, a.sdk_attempt, a.resend)).collect();
    let expected =
        [(1, 1), (1, 2), (2, 3), (2, 4), (3, 5)].map(|(connection, attempt)| (connection, Some(attempt), false));
    assert_eq!(seen, expected, "{:#?}", played.events);
}

#[test]
fn a_stream_that_breaks_is_the_callers_to_retry() {
    let s3 = |operation, params| Story { service: "s3", operation, params, ..Story::new(json!([])) };
    let steps = json!([{"when": {"operation": "GetObject"}, "times": 1, "inject": {"truncate": {"after": 1}}}]);
    let get = Story { steps, ..s3("GetObject", json!({"Bucket": "b", "Key": "k"})) };
    let played = get.play_with(async |client, story| {
        client.call(&s3("CreateBucket", json!({"Bucket": "b"})).call(0, 1)).await;
        client.call(&s3("PutObject", json!({"Bucket": "b", "Key": "k", "Body": "hello"})).call(0, 2)).await;
        vec![client.call(&story.call(0, 3)).await, client.call(&story.call(0, 4)).await]
    });
    let gets = played.attempts().iter().filter(|(_, a)| a.operation == "GetObject").count();
    assert_eq!(gets, 2, "{:#?}", played.events);
    assert_eq!((played.heard[0].outcome, played.heard[0].status), (Outcome::Error, Some(200)));
    assert_eq!((played.heard[1].outcome, played.heard[1].body.as_ref()), (Outcome::Success, &b"hello"[..]));
}

#[test]
fn an_error_in_a_good_answer_of_s3_is_seen() {
    let body = r#"<?xml version="1.0"?><Error><Code>InternalError</Code><Message>m</Message></Error>"#;
    let steps = json!([{"inject": {"reply": {"status": 200, "body": body}}}]);
    let params = json!({"Bucket": "b", "Key": "k", "Body": "hello"});
    let played = Story { service: "s3", operation: "PutObject", params, ..Story::new(steps) }.play(1);
    assert_eq!(played.attempts().len(), 3);
    assert_eq!((played.heard[0].outcome, played.heard[0].code.as_deref()), (Outcome::Error, Some("InternalError")));
}

#[test]
fn a_token_is_the_same_in_all_attempts_and_another_in_each_call() {
    let steps = json!([{"times": 2, "per": "call", "inject": {"http": 503}}]);
    let params = json!({"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1});
    let played = Story { service: "ec2", operation: "RunInstances", params, ..Story::new(steps) }.play(2);
    let bodies: Vec<_> = played.attempts().iter().map(|(_, a)| a.body_hash.clone()).collect();
    assert_eq!(bodies.len(), 6);
    assert!(bodies[..3].iter().all(|b| *b == bodies[0]) && bodies[3..].iter().all(|b| *b == bodies[3]), "{bodies:?}");
    assert_ne!(bodies[0], bodies[3]);
}

#[test]
fn a_throttle_before_a_stream_is_retried_and_an_exception_within_it_is_not() {
    let steps = json!([
        {"when": {"attempt": 1}, "inject": "throttle"},
        {"when": {"call": 2}, "inject": "stream_error"},
    ]);
    let params = json!({"modelId": "m", "messages": []});
    let story = Story { service: "bedrock-runtime", operation: "ConverseStream", params, ..Story::new(steps) };
    let played = story.play(2);
    assert_eq!(played.attempts().len(), 4, "two of each call");
    let codes: Vec<_> = played.heard.iter().map(|h| (h.outcome, h.status, h.code.as_deref())).collect();
    let broken = (Outcome::Error, Some(200), Some("modelStreamErrorException"));
    assert_eq!(codes, [(Outcome::Success, Some(200), None), broken]);
}
