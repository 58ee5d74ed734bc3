//! Ladders: the pauses before retry 0, 1, 2, …, and what can be said about them without drawing.

use std::time::Duration;

use brownout_mocks::units::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Kinds of jitter (guidance 3.1), for a bound `e = min(cap, base × factor^i)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Jitter {
    /// None: always `e`.
    None,
    /// Uniform in [0, e).
    Full,
    /// Uniform in [e/2, e).
    Equal,
    /// Uniform in [base, 3 × the pause before), at most cap.
    Decorrelated,
    /// `e` plus uniform in [0, 1 s) (S1's first snippet).
    Additive,
}

/// The pauses before retry 0, 1, 2, …
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// Bound of the first pause.
    pub base: Span,
    /// Growth per retry.
    #[serde(default = "two")]
    pub factor: f64,
    /// Bound of every pause, before jitter.
    pub cap: Span,
    /// Kind of jitter.
    pub jitter: Jitter,
}

fn two() -> f64 {
    2.0
}

impl Ladder {
    /// `min(cap, base × factor^i)`: what the jitter is applied to, for retry `i` from 0.
    pub fn step(&self, retry: u32) -> Duration {
        let seconds = self.base.get().as_secs_f64() * self.factor.powi(i32::try_from(retry).unwrap_or(i32::MAX));
        Duration::try_from_secs_f64(seconds).unwrap_or(self.cap.get()).min(self.cap.get())
    }

    /// The longest pause before retry `i` from 0.
    pub fn bound(&self, retry: u32) -> Duration {
        match self.jitter {
            Jitter::None | Jitter::Full | Jitter::Equal => self.step(retry),
            Jitter::Additive => self.step(retry) + Duration::from_secs(1),
            Jitter::Decorrelated => {
                let seconds = self.base.get().as_secs_f64() * 3f64.powi(i32::try_from(retry + 1).unwrap_or(i32::MAX));
                Duration::try_from_secs_f64(seconds).unwrap_or(self.cap.get()).min(self.cap.get())
            }
        }
    }

    /// The interval, in seconds, that the pause before retry `i` from 0 is uniform in, given the pause before it.
    /// `None` where nothing is drawn: without jitter, and where decorrelated pauses may stand at the cap.
    pub fn interval(&self, retry: u32, before: Option<f64>) -> Option<(f64, f64)> {
        let step = self.step(retry).as_secs_f64();
        match self.jitter {
            Jitter::None => None,
            Jitter::Full => Some((0.0, step)),
            Jitter::Equal => Some((step / 2.0, step)),
            Jitter::Additive => Some((step, step + 1.0)),
            Jitter::Decorrelated => {
                let base = self.base.get().as_secs_f64();
                let top = 3.0 * before.unwrap_or(base).max(base);
                (top <= self.cap.get().as_secs_f64()).then_some((base, top))
            }
        }
    }

    /// Draws the pause before retry `i` from 0. `unit` is uniform in [0, 1); `before` is the pause before it.
    pub fn draw(&self, retry: u32, unit: f64, before: Option<Duration>) -> Duration {
        let step = self.step(retry);
        match self.jitter {
            Jitter::None => step,
            Jitter::Full => step.mul_f64(unit),
            Jitter::Equal => step / 2 + (step / 2).mul_f64(unit),
            Jitter::Additive => step + Duration::from_secs_f64(unit),
            Jitter::Decorrelated => {
                let base = self.base.get();
                // After an error of a class with a shorter base the pause before may be shorter than this base.
                let top = before.unwrap_or(base).max(base) * 3;
                (base + top.saturating_sub(base).mul_f64(unit)).min(self.cap.get())
            }
        }
    }
}
