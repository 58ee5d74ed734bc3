//! Delay the answer: by a fixed time, uniformly between two times, or log-normally.
//!
//! Shorthand: `latency: 200ms`. A log-normal delay is given by its median and its 99th percentile, the
//! two numbers that people know of a service.
//!
//! ## Source
//! S2 (503 and 504: slow integrations); guidance 3.2

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Decision, Effect, Inject};
use crate::random::Stream;
use crate::units::{SPAN_MAX, Span};

/// Parameters of `latency`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Latency {
    /// Always the same.
    Fixed(Span),
    /// `{uniform: [a, b]}`.
    Uniform(Uniform),
    /// `{lognormal: {median, p99}}`.
    Lognormal(Lognormal),
}

/// Uniformly between two times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uniform {
    /// Shortest and longest delay.
    pub uniform: [Span; 2],
}

/// Log-normally.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lognormal {
    /// Its two numbers.
    pub lognormal: MedianP99,
}

/// A median and a 99th percentile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MedianP99 {
    /// Half of the answers are faster.
    pub median: Span,
    /// One in a hundred is slower.
    pub p99: Span,
}

/// The standard normal quantile at 0.99.
const Z99: f64 = 2.326_347_874_040_841;

impl Latency {
    /// Draws one delay.
    pub fn draw(&self, stream: &mut Stream) -> Duration {
        match self {
            Self::Fixed(span) => span.get(),
            Self::Uniform(Uniform { uniform: [low, high] }) => {
                low.get() + high.get().saturating_sub(low.get()).mul_f64(stream.unit())
            }
            Self::Lognormal(Lognormal { lognormal: MedianP99 { median, p99 } }) => {
                let median = median.get().as_secs_f64();
                let sigma = (p99.get().as_secs_f64() / median).ln() / Z99;
                let seconds = median * (sigma * stream.normal()).exp();
                Duration::try_from_secs_f64(seconds).unwrap_or(SPAN_MAX).min(SPAN_MAX)
            }
        }
    }
}

impl Inject for Latency {
    fn effect(&self) -> Effect {
        Effect::Before
    }

    fn answers(&self) -> bool {
        false
    }

    /// For a log-normal one the 99th percentile.
    fn longest(&self) -> Duration {
        match self {
            Self::Fixed(span) => span.get(),
            Self::Uniform(Uniform { uniform: [_, high] }) => high.get(),
            Self::Lognormal(Lognormal { lognormal }) => lognormal.p99.get(),
        }
    }

    fn mistakes(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Uniform(Uniform { uniform: [low, high] }) if low > high => {
                vec![("uniform", format!("the shortest delay {low} is longer than the longest, {high}"))]
            }
            Self::Lognormal(Lognormal { lognormal: MedianP99 { median, p99 } }) if median >= p99 || median.get().is_zero() => {
                vec![("lognormal", format!("the median must lie above 0 and below the p99; here {median} and {p99}"))]
            }
            _ => Vec::new(),
        }
    }

    fn decide(&self, at: &mut At<'_>) -> Decision {
        Decision::Delay(self.draw(at.stream))
    }
}
