//! The table rule × profile → must, should or not applicable, each with its reason: `harness/severities.yaml`.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a broken rule weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The profile does not speak of it.
    NotApplicable,
    /// Advised: costs score.
    Should,
    /// Required: fails the run.
    Must,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::NotApplicable => "not applicable",
        })
    }
}

impl Severity {
    /// Its weight in the score.
    pub fn weight(self) -> u32 {
        match self {
            Self::Must => 5,
            Self::Should => 1,
            Self::NotApplicable => 0,
        }
    }
}

/// One rule's severities.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityRow {
    /// The rule.
    pub rule: String,
    /// Under every profile that is not named in `except`.
    pub severity: Severity,
    /// Why.
    pub because: String,
    /// Profiles with another severity.
    #[serde(default)]
    pub except: Vec<Except>,
}

/// Another severity under some profiles.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Except {
    /// Which.
    pub profiles: Vec<String>,
    /// How much it weighs there.
    pub severity: Severity,
    /// Why.
    pub because: String,
}

const TABLE: &str = include_str!("../../severities.yaml");

/// The table, by rule in alphabetical order. A test keeps it readable and whole.
pub fn severities() -> &'static [SeverityRow] {
    static PARSED: LazyLock<Vec<SeverityRow>> = LazyLock::new(|| serde_yaml::from_str(TABLE).unwrap_or_default());
    &PARSED
}

/// The severity of a rule under a profile (its family, see [`crate::guidance::Profile::family`]), and why.
pub fn severity(rule: &str, profile: &str) -> (Severity, &'static str) {
    let Some(row) = severities().iter().find(|r| r.rule == rule) else {
        return (Severity::NotApplicable, "there is no such rule");
    };
    let except = row.except.iter().find(|e| e.profiles.iter().any(|p| p == profile));
    except.map_or((row.severity, &row.because), |e| (e.severity, &e.because))
}
