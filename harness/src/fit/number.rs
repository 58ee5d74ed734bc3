//! A number that was inferred, and how surely.

use schemars::JsonSchema;
use serde::Serialize;

use super::region::Range;

/// An inferred number with what is known of it: both ends at 95 % confidence, or a bound where the evidence ends on one
/// side. All members are absent where nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
pub struct Number {
    /// The likeliest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Lower end of its interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end of its interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// It is no less than this; nothing bounds it above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// It is no more than this; nothing bounds it below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

/// So many significant digits are written.
const DIGITS: i32 = 6;

fn rounded(x: f64, up: impl Fn(f64) -> f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let places = DIGITS - 1 - x.abs().log10().floor() as i32;
    // Powers of ten up to 10²² are exact; dividing by one gives the nearest number that has so few digits.
    let (scale, times) = (10f64.powi(places.abs()), places >= 0);
    if times { up(x * scale) / scale } else { up(x / scale) * scale }
}

impl Number {
    /// A value between two ends.
    pub fn between(value: f64, low: f64, high: f64) -> Self {
        let round = |x: f64| rounded(x, f64::round);
        Self {
            value: Some(round(value.clamp(low, high.max(low)))),
            low: Some(rounded(low, f64::floor)),
            high: Some(rounded(high, f64::ceil)),
            ..Self::default()
        }
    }

    /// A value without doubt.
    pub fn exactly(value: f64) -> Self {
        Self::between(value, value, value)
    }

    /// A bound from below.
    pub fn at_least(bound: f64) -> Self {
        Self { at_least: Some(rounded(bound, f64::floor)), ..Self::default() }
    }

    /// A bound from above.
    pub fn at_most(bound: f64) -> Self {
        Self { at_most: Some(rounded(bound, f64::ceil)), ..Self::default() }
    }

    /// Between two ends, of which the upper one may be out of sight.
    pub(super) fn of(value: Option<f64>, range: Range) -> Self {
        match value {
            Some(value) if range.high.is_finite() => Self::between(value, range.low, range.high),
            None if range.high.is_finite() => Self::between(range.low.midpoint(range.high), range.low, range.high),
            value => Self { value: value.map(|v| rounded(v.max(range.low), f64::round)), ..Self::at_least(range.low) },
        }
    }

    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// Whether this may be it.
    pub fn allows(&self, truth: f64) -> bool {
        let over = |bound: Option<f64>| bound.is_none_or(|b| truth >= b);
        let under = |bound: Option<f64>| bound.is_none_or(|b| truth <= b);
        over(self.low) && over(self.at_least) && under(self.high) && under(self.at_most)
    }

    /// Whether both may be the same.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let ends = |n: &Self| {
            (n.low.or(n.at_least).unwrap_or(f64::NEG_INFINITY), n.high.or(n.at_most).unwrap_or(f64::INFINITY))
        };
        let ((a, b), (c, d)) = (ends(self), ends(other));
        a <= d && c <= b
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_short_and_never_loses_its_truth() {
        let n = Number::between(0.123_456_789, 0.1, 0.199_999_99);
        assert_eq!((n.value, n.low, n.high), (Some(0.123_457), Some(0.1), Some(0.2)));
        assert!(n.allows(0.1) && n.allows(0.2) && !n.allows(0.21));
        assert!(Number::at_least(3.9).allows(1e9) && !Number::at_least(3.9).allows(3.8));
        assert_eq!(Number::exactly(500.0).value, Some(500.0));
        assert!(Number::default().is_unknown() && Number::default().allows(1.0));
        assert!(n.meets(&Number::at_most(0.15)) && !n.meets(&Number::at_least(0.21)));
    }
}
