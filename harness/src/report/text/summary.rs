//! The last line of a text report.

use std::fmt::Write as _;

use brownout_mocks::clock::Time;

use crate::report::Report;

/// `12 scenarios: 11 passed, 1 failed · score 94 · 0.84 s (2 h 14 m virtual)`.
pub fn summary(report: &Report) -> String {
    let runs = &report.runs;
    let count = |code| runs.iter().filter(|r| r.report.exit_code() == code).count();
    let mut counts = vec![format!("{} passed", count(0))];
    for (n, word) in [
        (count(1), "failed"),
        (count(2), "not played"),
        (count(3), "open"),
        (report.broken.len(), "broken"),
        (usize::try_from(report.skipped).unwrap_or(usize::MAX), "skipped"),
    ] {
        if n > 0 {
            counts.push(format!("{n} {word}"));
        }
    }
    let total = runs.len() + report.broken.len();
    let noun = if total == 1 { "scenario" } else { "scenarios" };
    let mut text = format!("{total} {noun}: {}", counts.join(", "));
    if let Some(score) = report.score() {
        let _ = write!(text, " · score {:.0}", score.floor());
    }
    if let Some(ms) = report.wall_ms {
        let _ = write!(text, " · {:.2} s", ms as f64 / 1e3);
    }
    for time in [Time::Virtual, Time::Warp] {
        let played: u64 = runs.iter().filter(|r| r.report.time == time).map(|r| r.report.metrics.virtual_ms).sum();
        if played > 0 {
            let _ = write!(text, " ({} {})", lasted(played), if time == Time::Warp { "in warp" } else { "virtual" });
        }
    }
    text
}

/// Milliseconds as `2 h 14 m`, `3 m 2 s` or `4.2 s`.
pub(super) fn lasted(ms: u64) -> String {
    let s = ms / 1000;
    match s {
        0..60 => format!("{:.1} s", ms as f64 / 1e3),
        60..3600 => format!("{} m {} s", s / 60, s % 60),
        _ => format!("{} h {} m", s / 3600, s % 3600 / 60),
    }
}
