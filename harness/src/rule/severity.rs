//! The table rule × profile → must, should or not applicable, each with its reason.

use schemars::JsonSchema;
use serde::Serialize;

/// How much a broken rule weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy)]
pub struct SeverityRow {
    /// The rule.
    pub rule: &'static str,
    /// Under every profile that is not named in `except`.
    pub severity: Severity,
    /// Why.
    pub reason: &'static str,
    /// Profiles with another severity, and why.
    pub except: &'static [(&'static str, Severity, &'static str)],
}

use Severity::{Must, NotApplicable, Should};

/// The table, by rule in alphabetical order (guidance 13.5).
pub const SEVERITIES: &[SeverityRow] = &[
    SeverityRow {
        rule: "attempts_exceeded",
        severity: Must,
        reason: "every guidance limits the attempts of a call",
        except: &[],
    },
    SeverityRow { rule: "backoff_over_bound", severity: Must, reason: "every guidance bounds its pauses", except: &[] },
    SeverityRow { rule: "client_hung", severity: Must, reason: "a call must end, in success or in error", except: &[] },
    SeverityRow {
        rule: "early_retry",
        severity: Must,
        reason: "a client that says that it honours a hint must; the rule does not speak where it does not say so",
        except: &[],
    },
    SeverityRow {
        rule: "escaped_endpoint",
        severity: Must,
        reason: "nothing may leave the mock for a real account",
        except: &[],
    },
    SeverityRow {
        rule: "fixed_backoff",
        severity: Must,
        reason: "the profile's pauses grow",
        except: &[(
            "documented",
            Should,
            "guidance agrees on growth, but EC2's and DynamoDB's pages call its details the client's choice",
        )],
    },
    SeverityRow {
        rule: "idempotency_token_changed",
        severity: Must,
        reason: "every guidance repeats a call that has an effect only under one token",
        except: &[],
    },
    SeverityRow { rule: "no_backoff", severity: Must, reason: "every guidance pauses before a retry", except: &[] },
    SeverityRow {
        rule: "not_found_gave_up",
        severity: NotApplicable,
        reason: "the profile speaks of SDK calls, which never repeat a NotFound",
        except: &[
            ("documented", Should, "pages disagree on whether a NotFound is final (C7)"),
            ("ec2-poll", Must, "S0 asks for polling until the resource is visible"),
        ],
    },
    SeverityRow {
        rule: "not_found_hammered",
        severity: Must,
        reason: "no guidance polls without slowing down, below five seconds",
        except: &[],
    },
    SeverityRow {
        rule: "quota_hammered",
        severity: Must,
        reason: "a spent quota does not come back within the minute",
        except: &[],
    },
    SeverityRow {
        rule: "retried_permanent_error",
        severity: Must,
        reason: "no guidance repeats a request that can never succeed",
        except: &[],
    },
    SeverityRow {
        rule: "throttle_not_retried",
        severity: Must,
        reason: "every guidance retries a throttle",
        except: &[],
    },
    SeverityRow {
        rule: "transient_not_retried",
        severity: Should,
        reason: "one seed says that a retry of a 500 rarely helps (C6)",
        except: &[],
    },
    SeverityRow {
        rule: "unjittered_backoff",
        severity: Must,
        reason: "the profile's pauses are drawn at random",
        except: &[
            ("documented", Should, "EC2's and DynamoDB's pages call jitter optional (C4, C22)"),
            ("ec2-poll", Should, "S0 asks for growth, not for chance"),
        ],
    },
];

/// The severity of a rule under a profile (its family, see [`crate::guidance::Profile::family`]), and why.
pub fn severity(rule: &str, profile: &str) -> (Severity, &'static str) {
    let Some(row) = SEVERITIES.iter().find(|r| r.rule == rule) else {
        return (NotApplicable, "there is no such rule");
    };
    let except = row.except.iter().find(|(name, _, _)| *name == profile);
    except.map_or((row.severity, row.reason), |(_, severity, reason)| (*severity, reason))
}
