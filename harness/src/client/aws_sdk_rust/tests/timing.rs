//! Pauses, dates and the adaptive limiter, on the virtual clock.

use std::time::SystemTime;

use brownout_mocks::journal::Event;

use super::*;

fn all_gaps(story: &Story, trials: u64) -> Vec<Vec<f64>> {
    (0..trials).map(|trial| story.clone().trial(trial).play(1).gaps()).collect()
}

fn highest(gaps: &[Vec<f64>], retry: usize) -> f64 {
    gaps.iter().map(|g| g[retry]).fold(0.0, f64::max)
}

#[test]
fn spec_2_0_backs_off_from_one_second_whatever_the_error() {
    for inject in [json!({"http": 503}), json!({"throttle": {}})] {
        let story = Story::new(json!([{"inject": inject}])).with(&[("retries.max_attempts", "7")]);
        let gaps = all_gaps(&story, 60);
        for (retry, bound) in [1.0, 2.0, 4.0, 8.0, 16.0, 20.0].into_iter().enumerate() {
            let highest = highest(&gaps, retry);
            assert!(highest > 0.8 * bound && highest < bound + 0.002, "{inject}: retry {retry} up to {highest}");
        }
    }
}

#[test]
fn spec_2_1_has_a_short_ladder_for_transient_errors() {
    let new = |inject: Value| Story::new(json!([{"inject": inject}])).with(&[("retries.spec", "2026")]);
    let dynamodb = all_gaps(&new(json!({"http": 503})), 80);
    assert!(dynamodb.iter().all(|gaps| gaps.len() == 3), "DynamoDB has four attempts");
    for (retry, bound) in [0.025, 0.05, 0.1].into_iter().enumerate() {
        let highest = highest(&dynamodb, retry);
        assert!(highest > 0.8 * bound && highest < bound + 0.002, "retry {retry} up to {highest}");
    }
    let throttled = all_gaps(&new(json!({"throttle": {}})), 80);
    for (retry, bound) in [1.0, 2.0, 4.0].into_iter().enumerate() {
        let highest = highest(&throttled, retry);
        assert!(highest > 0.8 * bound && highest < bound + 0.002, "retry {retry} up to {highest}");
    }
    let sqs = Story { service: "sqs", operation: "SendMessage", ..new(json!({"http": 503})) };
    let sqs = all_gaps(&sqs, 80);
    assert!(sqs.iter().all(|gaps| gaps.len() == 2), "and everybody else three");
    for (retry, bound) in [0.05, 0.1].into_iter().enumerate() {
        let highest = highest(&sqs, retry);
        assert!(highest > 0.8 * bound && highest < bound + 0.002, "retry {retry} up to {highest}");
    }
}

#[test]
fn a_long_poll_without_quota_waits_before_it_fails() {
    let story = Story { service: "sqs", operation: "ReceiveMessage", ..Story::new(json!([{"inject": {"http": 503}}])) };
    let story = story.with(&[("retries.spec", "2.1")]);
    let played = story.play(40);
    let last: Vec<_> = played.attempts().iter().rev().take(5).map(|(at, _)| *at).collect();
    // Sent one per call by now; each call still takes its backoff.
    assert!(last.windows(2).all(|w| w[0] > w[1]), "{last:?}");
    let other = Story { operation: "SendMessage", ..story }.play(40);
    let last: Vec<_> = other.attempts().iter().rev().take(5).map(|(at, _)| *at).collect();
    assert!(last.windows(2).all(|w| w[0] == w[1]), "{last:?}");
}

#[test]
fn adaptive_mode_holds_back_new_calls() {
    let steps = json!([{"when": {"until": "10s"}, "inject": {"throttle": {}}}]);
    let story = Story::new(steps.clone()).with(&[("retries.mode", "adaptive")]);
    let (adaptive, standard) = (story.play(6), Story::new(steps).play(6));
    let agent = |played: &Played| played.attempts()[0].1.user_agent.clone();
    assert_ne!(agent(&adaptive), agent(&standard), "each names its mode");
    // Ten tokens for a retry after a throttle, at half a token a second: each waits for the longest backoff.
    let gaps = adaptive.gaps();
    assert!(gaps[0] > 19.9 && gaps[0] < 20.1, "{gaps:?}");
    assert!(adaptive.took > standard.took, "{:?} {:?}", adaptive.took, standard.took);
}

#[test]
fn requests_are_dated_by_the_virtual_clock() {
    let slow = Story::new(json!([{"inject": [{"latency": "1300ms"}, {"http": 503}]}]));
    let played = slow.with(&[("retries.max_attempts", "8")]).play(3);
    assert_eq!(played.attempts().len(), 24);
    for Event { at_us, kind } in &played.events {
        let EventKind::AttemptReceived(received) = kind else { continue };
        let date = received.date.as_deref().unwrap();
        let due = Duration::from_micros(*at_us).as_secs_f64();
        // The SDK corrects by `Date` (whole seconds, when the answer left) against the middle of the request,
        // here 0.65 s earlier: it is at most so much ahead, a second behind, and drifts no further.
        let skew = seconds_after_epoch(date) - due;
        assert!(skew <= 0.66 && skew > -2.0, "signed {date} at {due} s");
    }
}

/// `20260101T000007Z` as seconds since the start of virtual time, within its first hours.
fn seconds_after_epoch(date: &str) -> f64 {
    let (day, time) = date.trim_end_matches('Z').split_once('T').unwrap();
    assert_eq!(day, "20260101");
    assert!(Clock::virtual_epoch() > SystemTime::UNIX_EPOCH);
    let part = |range: std::ops::Range<usize>| time[range].parse::<f64>().unwrap();
    part(0..2) * 3600.0 + part(2..4) * 60.0 + part(4..6)
}
