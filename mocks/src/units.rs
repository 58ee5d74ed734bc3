//! Durations and rates as people write them: `250ms`, `1s`, `2/s`.
//!
//! Each type carries its own JSON Schema with a `format`, so that the scenario parser can check and
//! explain a value without knowing the type behind it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A length of time with its unit: `250ms`, `1s`, `5m`, `1h`, `1d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(pub Duration);

impl Span {
    /// The duration.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

/// The longest duration a scenario may name: thirty days. Longer ones are mistakes.
pub const SPAN_MAX: Duration = Duration::from_secs(30 * 86_400);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(number) = text.parse::<f64>() {
            return Err(format!("a duration needs its unit: `{number}s` or `{number}ms`"));
        }
        let duration = fraction(text)
            .map_or_else(|| humantime::parse_duration(text).map_err(|_| ()), Ok)
            .map_err(|()| format!("`{text}` is not a duration; write `250ms`, `1s`, `5m`, `1h` or `1d`"))?;
        if duration > SPAN_MAX {
            return Err(format!("`{text}` is longer than 30 days"));
        }
        Ok(Self(duration))
    }
}

/// Reads `1.5s`: a decimal fraction and one unit, which `humantime` does not take.
fn fraction(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = text.split_at(split);
    if !number.contains('.') {
        return None;
    }
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", short(self.0))
    }
}

/// A duration in the shortest single unit that is exact to the microsecond: `1.5s`, `250ms`, `12µs` as `0.012ms`.
pub fn short(duration: Duration) -> String {
    let micros = duration.as_micros();
    let (value, unit) = match micros {
        0 => return "0s".into(),
        m if m < 1_000_000 => (m as f64 / 1e3, "ms"),
        m if m >= 86_400_000_000 && m % 86_400_000_000 == 0 => (m as f64 / 86_400e6, "d"),
        m if m >= 3_600_000_000 && m % 3_600_000_000 == 0 => (m as f64 / 3_600e6, "h"),
        m if m >= 120_000_000 && m % 60_000_000 == 0 => (m as f64 / 60e6, "m"),
        m => (m as f64 / 1e6, "s"),
    };
    format!("{value}{unit}")
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "format": "duration-with-unit",
            "pattern": "^[0-9]", "description": "a duration with its unit: `250ms`, `1s`, `5m`, `1h`, `1d`"
        })
    }
}

/// So many per unit of time: `4/s`, `30/m`, `0.3/s`. Never zero, never negative.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Rate {
    /// Events per second.
    pub per_second: f64,
}

impl Rate {
    /// The time between two events.
    pub fn interval(self) -> Duration {
        Duration::from_secs_f64(1.0 / self.per_second)
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let explain = || format!("`{text}` is not a rate; write `4/s`, `30/m` or `100/h`");
        let (number, unit) = text.trim().split_once('/').ok_or_else(explain)?;
        let number: f64 = number.trim().parse().map_err(|_| explain())?;
        let per_second = match unit.trim() {
            "s" => number,
            "m" => number / 60.0,
            "h" => number / 3600.0,
            "d" => number / 86_400.0,
            _ => return Err(explain()),
        };
        if !(per_second > 0.0 && per_second <= 1e6) {
            return Err(format!("`{text}` is out of range; a rate lies above 0 and at most 1000000/s"));
        }
        Ok(Self { per_second })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per_second = self.per_second;
        for (factor, unit) in [(1.0, "s"), (60.0, "m"), (3600.0, "h"), (86_400.0, "d")] {
            let value = per_second * factor;
            if (value - value.round()).abs() < 1e-9 * value {
                return write!(f, "{}/{unit}", value.round());
            }
        }
        write!(f, "{per_second}/s")
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "format": "rate",
            "pattern": "^[0-9.]+ */ *[smhd]$", "description": "so many per unit of time: `4/s`, `30/m`, `0.3/s`"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_back_what_they_print() {
        for text in ["250ms", "1s", "1.5s", "5m", "1h", "1d", "0.5ms", "90s"] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.to_string().parse::<Span>().unwrap(), span, "{text}");
        }
        assert_eq!("90s".parse::<Span>().unwrap().to_string(), "90s");
    }

    #[test]
    fn a_number_without_a_unit_is_explained() {
        assert_eq!("5".parse::<Span>().unwrap_err(), "a duration needs its unit: `5s` or `5ms`");
        assert!("5 parsecs".parse::<Span>().is_err());
        assert!("-1s".parse::<Span>().is_err());
        assert!("400d".parse::<Span>().unwrap_err().contains("30 days"));
    }

    #[test]
    fn rates_read_back_what_they_print() {
        for text in ["4/s", "30/m", "0.3/s", "1/d", "100/h"] {
            let rate: Rate = text.parse().unwrap();
            let again: Rate = rate.to_string().parse().unwrap();
            assert!((again.per_second - rate.per_second).abs() < 1e-12, "{text} printed as {rate}");
        }
        assert!("0/s".parse::<Rate>().is_err());
        assert!("4 per second".parse::<Rate>().is_err());
    }
}
