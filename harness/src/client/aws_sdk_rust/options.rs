//! What can be set on the SDK: `--client-config retries.mode=adaptive`.

use std::time::Duration;

use aws_smithy_types::retry::{RetryConfig, RetrySpec};
use aws_smithy_types::timeout::TimeoutConfig;
use brownout_mocks::units::Span;

/// Retry mode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Exponential backoff with a retry quota.
    #[default]
    Standard,
    /// The same behind a client-side rate limiter.
    Adaptive,
}

/// Generation of the retry behaviour (guidance 1.6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Spec {
    /// The default of behaviour version 2026-01-12: every class of error backs off from 1 s.
    #[default]
    V2_0,
    /// What `AWS_NEW_RETRIES_2026=true` turns on: 50 ms for transient errors, other quota costs.
    V2_1,
}

/// Settings of the SDK; the default is an SDK that nobody configured, but for `read_timeout`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Retry mode.
    pub mode: Mode,
    /// Attempts per call, the first included. Default: the SDK's, which is 3, or 4 for `DynamoDB` under 2.1.
    pub max_attempts: Option<u32>,
    /// Generation of the retry behaviour.
    pub spec: Spec,
    /// Longest wait for a connection. Default: the SDK's, 3.1 s.
    pub connect_timeout: Option<Duration>,
    /// Longest wait for the head of an answer. Default: [`READ_TIMEOUT`]; the SDK alone has none.
    pub read_timeout: Option<Duration>,
    /// Longest attempt. Default: the SDK's, none.
    pub attempt_timeout: Option<Duration>,
    /// Longest call, retries included. Default: the SDK's, none.
    pub operation_timeout: Option<Duration>,
}

/// The one setting that is not the SDK's: without a read timeout a black hole holds a call for ever.
/// AWS tells users to set one (Builders' Library, "Timeouts, retries, and backoff with jitter").
pub const READ_TIMEOUT: Duration = Duration::from_secs(30);

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            max_attempts: None,
            spec: Spec::default(),
            connect_timeout: None,
            read_timeout: Some(READ_TIMEOUT),
            attempt_timeout: None,
            operation_timeout: None,
        }
    }
}

/// The keys that [`Options::from_pairs`] knows, each with its values.
pub const KEYS: &[(&str, &str)] = &[
    ("retries.mode", "standard or adaptive"),
    ("retries.max_attempts", "a number from 1"),
    ("retries.spec", "2.0 or 2.1 (also written 2026)"),
    ("timeouts.connect", "a duration"),
    ("timeouts.read", "a duration, or none"),
    ("timeouts.attempt", "a duration, or none"),
    ("timeouts.operation", "a duration, or none"),
];

impl Options {
    /// Reads `KEY=VALUE` settings; the last of a key wins. The error is a sentence for the user.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, String> {
        let mut options = Self::default();
        for (key, value) in pairs {
            options.set(key, value)?;
        }
        Ok(options)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let wrong = || {
            let values = KEYS.iter().find(|(k, _)| *k == key).map_or("", |(_, values)| values);
            format!("`{value}` is no value of `{key}`, which takes {values}")
        };
        let duration = || match value {
            "none" => Ok(None),
            _ => value.parse::<Span>().ok().map(Span::get).filter(|d| !d.is_zero()).map(Some).ok_or_else(wrong),
        };
        match key {
            "retries.mode" => {
                self.mode = match value {
                    "standard" => Mode::Standard,
                    "adaptive" => Mode::Adaptive,
                    _ => return Err(wrong()),
                }
            }
            "retries.max_attempts" => {
                self.max_attempts = Some(value.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)?);
            }
            "retries.spec" => {
                self.spec = match value {
                    "2.0" => Spec::V2_0,
                    "2.1" | "2026" => Spec::V2_1,
                    _ => return Err(wrong()),
                }
            }
            "timeouts.connect" => self.connect_timeout = Some(duration()?.ok_or_else(wrong)?),
            "timeouts.read" => self.read_timeout = duration()?,
            "timeouts.attempt" => self.attempt_timeout = duration()?,
            "timeouts.operation" => self.operation_timeout = duration()?,
            _ => return Err(unknown(key)),
        }
        Ok(())
    }

    /// The retry settings of a client of `service`, as `aws-config` and the service crates make them.
    pub(super) fn retry_config(&self, service: &str) -> RetryConfig {
        let mut config = match self.mode {
            Mode::Standard => RetryConfig::standard(),
            Mode::Adaptive => RetryConfig::adaptive(),
        };
        if self.spec == Spec::V2_1 {
            let mut spec = RetrySpec::v2_1();
            if service == "dynamodb" {
                // aws-sdk-dynamodb, `impl From<&SdkConfig> for Builder`.
                spec = spec.with_non_throttling_initial_backoff(Duration::from_millis(25));
                config = config.with_max_attempts(4);
            }
            config = config.with_retry_spec(spec);
        }
        match self.max_attempts {
            Some(attempts) => config.with_max_attempts(attempts),
            None => config,
        }
    }

    /// The timeouts that are set here; the SDK adds its own connect timeout.
    pub(super) fn timeout_config(&self) -> TimeoutConfig {
        let mut config = TimeoutConfig::builder();
        config.set_connect_timeout(self.connect_timeout);
        config.set_read_timeout(self.read_timeout);
        config.set_operation_attempt_timeout(self.attempt_timeout);
        config.set_operation_timeout(self.operation_timeout);
        config.build()
    }
}

fn unknown(key: &str) -> String {
    let near = KEYS
        .iter()
        .map(|(known, _)| (strsim::damerau_levenshtein(key, known), *known))
        .filter(|(distance, _)| *distance <= 4)
        .min();
    let hint = near.map_or_else(|| ".".to_owned(), |(_, known)| format!("; did you mean `{known}`?"));
    let known: Vec<_> = KEYS.iter().map(|(known, _)| format!("`{known}`")).collect();
    format!("aws-sdk-rust has no setting `{key}`{hint} It knows {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Options, String> {
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Options::from_pairs(&pairs)
    }

    #[test]
    fn settings_are_read() {
        let options = read(&[
            ("retries.mode", "adaptive"),
            ("retries.max_attempts", "5"),
            ("retries.spec", "2026"),
            ("timeouts.connect", "1s"),
            ("timeouts.read", "none"),
            ("timeouts.attempt", "1.5s"),
        ])
        .unwrap();
        assert_eq!((options.mode, options.max_attempts, options.spec), (Mode::Adaptive, Some(5), Spec::V2_1));
        assert_eq!((options.connect_timeout, options.read_timeout), (Some(Duration::from_secs(1)), None));
        assert_eq!(options.attempt_timeout, Some(Duration::from_millis(1500)));
        assert_eq!(read(&[]).unwrap(), Options::default());
    }

    #[test]
    fn mistakes_are_explained() {
        let error = read(&[("retries.max_attempt", "5")]).unwrap_err();
        let start = "aws-sdk-rust has no setting `retries.max_attempt`; did you mean `retries.max_attempts`? It knows ";
        assert!(error.starts_with(start), "{error}");
        let error = read(&[("colour", "red")]).unwrap_err();
        assert!(error.starts_with("aws-sdk-rust has no setting `colour`. It knows `retries.mode`, "), "{error}");
        let error = read(&[("retries.mode", "legacy")]).unwrap_err();
        assert_eq!(error, "`legacy` is no value of `retries.mode`, which takes standard or adaptive");
        let wrong = [
            ("retries.max_attempts", "0"),
            ("timeouts.read", "10"),
            ("timeouts.connect", "none"),
            ("retries.spec", "3"),
        ];
        for pair in wrong {
            assert!(read(&[pair]).is_err(), "{pair:?}");
        }
    }

    #[test]
    fn dynamodb_has_numbers_of_its_own_under_spec_2_1() {
        let new = Options { spec: Spec::V2_1, ..Options::default() };
        let base = |options: &Options, service| {
            let config = options.retry_config(service);
            (config.max_attempts(), config.retry_spec().map(RetrySpec::non_throttling_initial_backoff))
        };
        assert_eq!(base(&new, "dynamodb"), (4, Some(Duration::from_millis(25))));
        assert_eq!(base(&new, "s3"), (3, Some(Duration::from_millis(50))));
        assert_eq!(base(&Options::default(), "dynamodb"), (3, None));
        assert_eq!(base(&Options { max_attempts: Some(7), ..new }, "dynamodb").0, 7);
    }
}
