//! The limiter against the rows of smithy-kotlin's tables for adaptive mode.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use super::*;

/// The rates of the tables are given to so many requests a second.
const TOLERANCE: f64 = 5e-7;

fn seconds(s: f64) -> Duration {
    Duration::from_micros((s * 1e6).round() as u64)
}

#[track_caller]
fn near(found: f64, wanted: f64, what: &str) {
    assert!((found - wanted).abs() < TOLERANCE, "{what}: {found}, not {wanted}");
}

/// Facts from smithy-lang/smithy-kotlin at 6373a5f7, `AdaptiveRetryIntegrationTestResources.kt` (Apache-2.0), both
/// sequences of the cubic alone: last refused at 5 s, at ten a second; then time, whether throttled, and the rate.
/// They look at the curve without a bucket or a measured rate, and can hold for nothing more: the SDK for Ruby
/// notes that they do not for a client from end to end. So `refused` is the rate computed just before.
const CUBIC: [&[(f64, bool, f64)]; 2] = [
    &[
        (5.0, false, 7.0),
        (6.0, false, 9.648_936_009_66),
        (7.0, false, 10.000_030_849_917_364),
        (8.0, false, 10.453_284_520_772_092),
        (9.0, false, 13.408_697_022_224_185),
        (10.0, false, 21.266_268_354_273_64),
        (11.0, false, 36.425_998_516_920_465),
    ],
    &[
        (5.0, false, 7.0),
        (6.0, false, 9.648_936_009_66),
        (7.0, true, 6.754_255_206_761_999),
        (8.0, true, 4.727_978_644_733_399),
        (9.0, false, 6.606_547_753_887_045),
        (10.0, false, 6.763_279_816_944_947),
        (11.0, false, 7.598_174_833_907_107),
        (12.0, false, 11.511_232_804_773_524),
    ],
];

/// The same file's sequence for a whole limiter: time, whether throttled, measured rate, rate of the bucket.
const WHOLE: [(f64, bool, f64, f64); 17] = [
    (0.2, false, 0.0, 0.5),
    (0.4, false, 0.0, 0.5),
    (0.6, false, 4.8, 0.5),
    (0.8, false, 4.8, 0.5),
    (1.0, false, 4.16, 0.5),
    (1.2, false, 4.16, 0.6912),
    (1.4, false, 4.16, 1.0976),
    (1.6, false, 5.632, 1.6384),
    (1.8, false, 5.632, 2.3328),
    (2.0, true, 4.3264, 3.02848),
    (2.2, false, 4.3264, 3.486_639),
    (2.4, false, 4.3264, 3.821_874),
    (2.6, false, 5.66528, 4.053_386),
    (2.8, false, 5.66528, 4.200_373),
    (3.0, false, 4.333_056, 4.282_037),
    (3.2, true, 4.333_056, 2.997_426),
    (3.4, false, 4.333_056, 3.452_226),
];

#[test]
fn every_row_of_the_published_tables_holds() {
    for rows in CUBIC {
        let mut cubic = Cubic { refused: 10.0, at: seconds(5.0) };
        let mut last = 10.0;
        for (at, throttled, wanted) in rows {
            last = if *throttled { cubic.throttled(seconds(*at), last) } else { cubic.rate(seconds(*at)) };
            near(last, *wanted, &format!("the cubic at {at} s"));
        }
    }
    let mut limiter = Limiter::new();
    for (at, throttled, measured, rate) in WHOLE {
        assert_eq!(limiter.acquire(seconds(at - 0.1), 0.0), Duration::ZERO);
        limiter.update(seconds(at), throttled);
        near(limiter.measured.rate, measured, &format!("measured at {at} s"));
        near(limiter.bucket.rate, rate, &format!("the bucket at {at} s"));
        assert_eq!(limiter.rate().is_some(), at >= 2.0, "off until the first throttle");
    }
    println!("{} rows hold", CUBIC.iter().map(|rows| rows.len()).sum::<usize>() + WHOLE.len());
}

#[test]
fn nobody_waits_before_the_first_throttle_and_all_queue_after_it() {
    let mut limiter = Limiter::new();
    for i in 0..40 {
        assert_eq!(limiter.acquire(seconds(f64::from(i) * 0.1), 5.0), Duration::ZERO);
        limiter.update(seconds(f64::from(i) * 0.1 + 0.05), false);
    }
    let before = limiter.measured.rate;
    limiter.update(seconds(4.0), true);
    let rate = limiter.rate().unwrap();
    near(rate, 0.7 * limiter.measured.rate, "a throttle leaves 0.7 of what was measured");
    assert!(before > 7.0, "{before}");
    // Thirty requests at once: the bucket is spent, and each waits for its turn.
    let waits: Vec<f64> = (0..30).map(|_| limiter.acquire(seconds(4.0), 1.0).as_secs_f64()).collect();
    assert!(waits.is_sorted() && waits[0] <= 0.0, "{waits:?}");
    near(waits[29] - waits[28], 1.0 / rate, "turns");
}

#[test]
fn throttle_upon_throttle_leaves_one_request_in_two_seconds() {
    let mut limiter = Limiter::new();
    for i in 0..200 {
        limiter.update(seconds(f64::from(i) * 0.3), true);
    }
    near(limiter.rate().unwrap(), 0.5, "the floor");
    limiter.acquire(seconds(90.0), 1.0);
    near(limiter.acquire(seconds(90.0), 1.0).as_secs_f64(), 2.0, "two seconds");
    // Ten tokens for a retry, as one SDK asks for, are more than the bucket holds: they come all the same.
    near(limiter.acquire(seconds(200.0), 10.0).as_secs_f64(), 18.0, "nine are missing");
}

#[test]
fn no_time_and_no_amount_upsets_it() {
    let mut limiter = Limiter::new();
    for at in [Duration::MAX, Duration::ZERO, Duration::from_nanos(1), Duration::MAX, Duration::from_secs(1 << 40)] {
        for throttled in [true, false, true] {
            limiter.update(at, throttled);
            for tokens in [0.0, 1.0, f64::MAX, f64::INFINITY] {
                limiter.clone().acquire(at, tokens);
            }
            assert!(limiter.rate().unwrap() >= 0.5);
        }
    }
}
