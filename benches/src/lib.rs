//! What the benchmarks share: medians, and the comparison of two things by alternating pairs.
//!
//! | benchmark | clock | answers |
//! |---|---|---|
//! | `recovery_latency` | virtual | how long a *client* takes to recover, per scenario |
//! | `endpoint_throughput` | wall | what the *endpoint* costs, against a bare hyper server and wiremock |
//! | `harness_overhead` | wall | what the *harness* costs: trials, requests, property cases a second |
//! | `judge_speed` | wall | what *judging* costs, from a thousand events to ten million |
//!
//! Wall time is noisy and differs between machines, so it is only ever compared as a ratio within one run.

pub mod cpu;

/// The median; `NaN` of nothing.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// Median and quartiles of some values.
pub fn spread(values: &[f64]) -> Spread {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted.get(((sorted.len() as f64 - 1.0) * share).round() as usize).copied();
    let of = |share| at(share).unwrap_or(f64::NAN);
    Spread { low: of(0.25), median: median(&sorted), high: of(0.75) }
}

/// The spread of what stands pairwise in both, first divided by second.
pub fn ratio(first: &[f64], second: &[f64]) -> Spread {
    spread(&first.iter().zip(second).map(|(a, b)| a / b).collect::<Vec<_>>())
}

/// A median with its quartiles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// A quarter of the values lie below.
    pub low: f64,
    /// Half of the values lie below.
    pub median: f64,
    /// Three quarters of the values lie below.
    pub high: f64,
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} ({:.2}–{:.2})", self.median, self.low, self.high)
    }
}

/// Whether a goal is reached, as a word.
pub fn verdict(reached: bool) -> &'static str {
    if reached { "reached" } else { "MISSED" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_ratios() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-12);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-12);
        assert!(median(&[]).is_nan());
        let ratio = ratio(&[1.0, 2.0, 3.0], &[2.0, 2.0, 2.0]);
        assert_eq!(ratio, Spread { low: 1.0, median: 1.0, high: 1.5 });
    }
}
