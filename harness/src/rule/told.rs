//! Words for numbers, the same in every finding.

/// Microseconds as people say them: `0 ms`, `437 ms`, `1.50 s`, `3.0 min`, `24.0 h`.
pub(super) fn time(us: u64) -> String {
    match us {
        0..1_000_000 => format!("{} ms", us / 1_000),
        1_000_000..120_000_000 => format!("{:.2} s", us as f64 / 1e6),
        120_000_000..7_200_000_000 => format!("{:.1} min", us as f64 / 60e6),
        _ => format!("{:.1} h", us as f64 / 3600e6),
    }
}

/// Seconds as people say them.
pub(super) fn seconds(s: f64) -> String {
    time((s * 1e6) as u64)
}

/// `1 attempt`, `2 attempts`.
pub(super) fn count(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// `1 retry`, `2 retries`.
pub(super) fn retries(n: u64) -> String {
    if n == 1 { "1 retry".into() } else { format!("{n} retries") }
}

/// What an attempt was told: `ThrottlingException (400)`, `status 503`, `no answer`.
pub(super) fn answer(attempt: &crate::evidence::Attempt) -> String {
    match (attempt.code.as_deref(), attempt.status) {
        (Some(code), Some(status)) => format!("{code} ({status})"),
        (None, Some(status)) => format!("status {status}"),
        _ => "no answer".into(),
    }
}
