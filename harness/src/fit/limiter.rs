//! A client-side rate limiter, as adaptive mode has: after a throttle it holds first requests back, which no backoff does.

use schemars::JsonSchema;
use serde::Serialize;

use super::number::Number;
use crate::evidence::{Adaptive, Client, Evidence};

/// A client-side rate limiter (guidance 1.9).
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Limiter {
    /// Whether one was seen; null where no first request was asked for after a throttle by a caller that brownout knows.
    pub seen: Option<bool>,
    /// Whether the client says that it runs adaptive mode; null where it does not name its mode.
    pub declared: Option<bool>,
    /// Share of first requests that were held back, of those asked for after a throttle.
    pub held_back: Number,
    /// The longest that one was held back, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest: Option<f64>,
}

impl Limiter {
    /// Whether waits of a limiter must be reckoned with.
    pub(super) fn limits(&self, client: &Client) -> bool {
        match client.adaptive {
            Adaptive::Yes => true,
            Adaptive::No => false,
            Adaptive::Unknown => self.seen == Some(true),
        }
    }
}

pub(super) fn fit(evidence: &Evidence) -> Limiter {
    let (mut asked, mut held, mut longest) = (0u64, 0u64, 0u64);
    let (mut before, mut early) = (0u64, 0u64);
    let mut declared = None;
    for client in evidence.trials.iter().flat_map(|t| &t.clients) {
        declared = declared.max(match client.adaptive {
            Adaptive::Yes => Some(true),
            Adaptive::No => Some(false),
            Adaptive::Unknown => None,
        });
        for call in &client.calls {
            let first = call.invocations.first().and_then(|i| client.invocations.get(*i)?.attempts.first());
            let Some(first) = first else { continue };
            let waited = first.at_us.saturating_sub(call.started_us);
            let late = waited > evidence.slack.above(0);
            if client.throttled_us.is_some_and(|t| call.started_us >= t) {
                asked += 1;
                held += u64::from(late);
                longest = longest.max(if late { waited } else { 0 });
            } else {
                before += 1;
                early += u64::from(late);
            }
        }
    }
    // Who is late without any throttle is slow, and holds nothing back.
    let slow = early * 2 > before;
    Limiter {
        seen: (asked > 0).then_some(held > 0 && !slow),
        declared,
        held_back: if asked > 0 { share(held, asked) } else { Number::default() },
        longest: (longest > 0).then_some(longest as f64 / 1e6),
    }
}

/// A share with its exact interval (Clopper and Pearson).
fn share(hits: u64, of: u64) -> Number {
    let (k, n) = (hits as f64, of as f64);
    let log_choose = |j: f64| ln_factorial(n) - ln_factorial(j) - ln_factorial(n - j);
    let at_most = |k: u64, p: f64| -> f64 {
        if p <= 0.0 {
            return 1.0;
        }
        if p >= 1.0 {
            return f64::from(u8::from(k == of));
        }
        (0..=k).map(|j| (log_choose(j as f64) + j as f64 * p.ln() + (n - j as f64) * (1.0 - p).ln()).exp()).sum()
    };
    let solve = |rises: &dyn Fn(f64) -> bool| {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..40 {
            let middle = f64::midpoint(low, high);
            if rises(middle) { high = middle } else { low = middle }
        }
        f64::midpoint(low, high)
    };
    let low = if hits == 0 { 0.0 } else { solve(&|p| 1.0 - at_most(hits - 1, p) > 0.025) };
    let high = if hits == of { 1.0 } else { solve(&|p| at_most(hits, p) < 0.025) };
    Number::between(k / n, low, high)
}

/// By Stirling's series, exact enough from 0 on.
fn ln_factorial(n: f64) -> f64 {
    if n < 16.0 {
        return (2..=n as u32).map(|k| f64::from(k).ln()).sum();
    }
    n * n.ln() - n + 0.5 * (2.0 * std::f64::consts::PI * n).ln() + 1.0 / (12.0 * n) - 1.0 / (360.0 * n.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_their_exact_intervals() {
        // From tables of Clopper and Pearson's interval.
        for (hits, of, low, high) in [(0, 10, 0.0, 0.3085), (3, 10, 0.0667, 0.6525), (10, 10, 0.6915, 1.0)] {
            let share = share(hits, of);
            assert!((share.low.unwrap() - low).abs() < 1e-3, "{share:?}");
            assert!((share.high.unwrap() - high).abs() < 1e-3, "{share:?}");
        }
        assert!((ln_factorial(20.0) - 42.335_616_460_753_485).abs() < 1e-9);
    }
}
