//! The rules: the contract and the list.
//!
//! A rule is one file under `rule/` plus one line in the `rules!` list below. Its file's `//!` block is
//! its documentation, with the same headings in each: what it checks, why it matters, its source, and
//! why it cannot blame a right client. A rule is a pure function from [`Evidence`] to a [`Ruling`].

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::evidence::Evidence;
use crate::stats::Duel;

mod balance;
mod breaker;
mod called;
mod drawn;
mod finding;
mod groups;
mod not_retried;
mod permanent;
mod polls;
mod severity;
mod slowing;
mod told;
mod tripped;

pub use finding::{Finding, Findings, TimelineEntry};
pub use severity::{Except, Severity, SeverityRow, severities, severity};

/// Worst last, so that the verdict of many is the maximum of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The rule says nothing about this client here.
    NotApplicable,
    /// The client kept to it.
    Pass,
    /// The evidence does not suffice.
    Inconclusive,
    /// The client broke it.
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotApplicable => "not-applicable",
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        })
    }
}

/// What would decide an undecided rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// What was seen, and why that does not suffice.
    pub reason: String,
    /// How many trials in all would probably decide; absent if more trials would not help.
    pub trials: Option<u64>,
    /// What would decide where more trials would not help.
    pub remedy: &'static str,
}

impl Needs {
    /// More of the same. `seen` says what there is of it.
    fn more(seen: &str, trials: Option<u64>) -> Self {
        let reason = format!("{seen}, too few to tell a right client from a wrong one");
        Self { reason, trials, remedy: "use a scenario in which more calls fail" }
    }

    /// A clock that is too coarse for what was seen.
    fn coarse(seen: u64) -> Self {
        Self {
            reason: format!("{seen} pauses were seen, and none that this run's clock is exact enough for"),
            trials: None,
            remedy: "play it in virtual or warp time, or use a scenario with longer pauses",
        }
    }

    /// What was seen, what a right client does, and what to do to decide it, in one sentence.
    pub fn told(&self, advice: &str) -> String {
        let expected = advice.trim_end_matches('.');
        let mut first = expected.chars();
        let expected = first.next().map_or_else(String::new, |c| c.to_lowercase().chain(first).collect());
        let remedy = match self.trials {
            Some(n) => format!("play more of it (`--trials {n}` would probably do)"),
            None => self.remedy.to_owned(),
        };
        format!("{}; asked of a client: {expected}; to decide it, {remedy}", self.reason)
    }
}

/// What a rule says, with its reason.
#[derive(Debug, Clone, PartialEq)]
pub enum Ruling {
    /// The rule says nothing about this client here.
    NotApplicable(String),
    /// The client kept to it: what was seen.
    Pass(String),
    /// The evidence does not suffice.
    Inconclusive(Needs),
    /// The client broke it.
    Fail(Findings),
    /// A ruling by a test of chance, with its e-value: how strongly the evidence speaks against the client.
    Weighed(Box<Ruling>, f64),
}

impl Ruling {
    /// The bare verdict.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::NotApplicable(_) => Verdict::NotApplicable,
            Self::Pass(_) => Verdict::Pass,
            Self::Inconclusive(_) => Verdict::Inconclusive,
            Self::Fail(_) => Verdict::Fail,
            Self::Weighed(ruling, _) => ruling.verdict(),
        }
    }

    /// Undecided, and more trials would not help: what was seen, and what would help.
    fn stuck(reason: impl Into<String>, remedy: &'static str) -> Self {
        Self::Inconclusive(Needs { reason: reason.into(), trials: None, remedy })
    }

    /// The same, with the e-values of the tests behind it: the largest of them, since they share one error.
    fn weighed<'a>(self, duels: impl IntoIterator<Item = &'a Duel>) -> Self {
        match duels.into_iter().filter(|d| d.samples() > 0).map(Duel::e_value).max_by(f64::total_cmp) {
            Some(e_value) => Self::Weighed(Box::new(self), e_value),
            None => self,
        }
    }

    /// Fails if anything was found, else passes if anything was looked at.
    fn of(findings: Findings, seen: u64, what: &str, nothing: &str) -> Self {
        if !findings.is_empty() {
            Self::Fail(findings)
        } else if seen > 0 {
            Self::Pass(format!("{what}: {seen}"))
        } else {
            Self::NotApplicable(nothing.to_owned())
        }
    }
}

/// A rule.
pub trait Rule: fmt::Debug + Send + Sync {
    /// Looks at the evidence.
    fn check(&self, evidence: &Evidence) -> Ruling;
}

/// A rule's entry in the list.
#[derive(Debug, Clone, Copy)]
pub struct RuleDoc {
    /// Its id in `snake_case`: the name of the breach, of its file, and of its documentation.
    pub id: &'static str,
    /// Its number in the guidance.
    pub code: &'static str,
    /// Its source, whose `//!` block is its documentation.
    pub source: &'static str,
    /// The rule.
    pub rule: &'static dyn Rule,
}

impl RuleDoc {
    /// Its documentation in Markdown: the `//!` block of its file.
    pub fn documentation(&self) -> String {
        crate::docs::block(self.source)
    }

    /// What a client that breaks it has to do: one sentence of its documentation.
    pub fn advice(&self) -> String {
        let text = self.documentation();
        let lines = text.lines().skip_while(|line| *line != "## What to do").skip(1);
        lines.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// The first sentence of its documentation.
    pub fn title(&self) -> String {
        self.documentation().lines().next().unwrap_or_default().to_owned()
    }
}

macro_rules! rules {
    ($($module:ident :: $type:ident = $code:literal,)*) => {
        $(mod $module;)*

        /// The rules, in alphabetical order.
        pub static RULES: &[RuleDoc] = &[$(RuleDoc {
            id: stringify!($module),
            code: $code,
            source: include_str!(concat!("rule/", stringify!($module), ".rs")),
            rule: &$module::$type,
        },)*];
    };
}

rules! {
    accepted_not_polled::AcceptedNotPolled = "R61",
    adaptive_rate_ignored::AdaptiveRateIgnored = "R44",
    attempts_exceeded::AttemptsExceeded = "R01",
    auth_error_hammered::AuthErrorHammered = "R26",
    backoff_not_exponential::BackoffNotExponential = "R05",
    backoff_over_bound::BackoffOverBound = "R04",
    backoff_over_cap::BackoffOverCap = "R06",
    backoff_too_short::BackoffTooShort = "R07",
    batch_resent_whole::BatchResentWhole = "R37",
    body_changed_on_retry::BodyChangedOnRetry = "R59",
    breaker_never_opened::BreakerNeverOpened = "R38",
    breaker_probed_early::BreakerProbedEarly = "R39",
    breaker_recovery_wrong::BreakerRecoveryWrong = "R40",
    breaker_scope_too_wide::BreakerScopeTooWide = "R42",
    breaker_tripped_by_wrong_error::BreakerTrippedByWrongError = "R41",
    bucket_overrun::BucketOverrun = "R43",
    classified_by_status::ClassifiedByStatus = "R25",
    client_hung::ClientHung = "R64",
    deadline_overrun::DeadlineOverrun = "R58",
    delayed_permanent_error::DelayedPermanentError = "R24",
    dynamodb_ladder_ignored::DynamodbLadderIgnored = "R14",
    early_retry::EarlyRetry = "R17",
    effect_lost_or_doubled::EffectLostOrDoubled = "R47",
    escaped_endpoint::EscapedEndpoint = "R62",
    first_attempt_delayed::FirstAttemptDelayed = "R03",
    fixed_backoff::FixedBackoff = "R50",
    gave_up_early::GaveUpEarly = "R02",
    idempotency_token_changed::IdempotencyTokenChanged = "R36",
    invalid_hint_obeyed::InvalidHintObeyed = "R16",
    jitter_kind_mismatch::JitterKindMismatch = "R10",
    long_poll_spun::LongPollSpun = "R45",
    masked_error_misread::MaskedErrorMisread = "R60",
    modified_unconfirmed::ModifiedUnconfirmed = "R54",
    nested_retries::NestedRetries = "R22",
    no_backoff::NoBackoff = "R08",
    no_settle_wait::NoSettleWait = "R55",
    not_found_gave_up::NotFoundGaveUp = "R30",
    not_found_hammered::NotFoundHammered = "R51",
    polled_at_once::PolledAtOnce = "R52",
    polled_forever::PolledForever = "R33",
    polled_too_soon::PolledTooSoon = "R31",
    polling_not_slowing::PollingNotSlowing = "R32",
    quota_hammered::QuotaHammered = "R28",
    quota_taken_for_throttle::QuotaTakenForThrottle = "R29",
    retried_permanent_error::RetriedPermanentError = "R23",
    retried_real_not_found::RetriedRealNotFound = "R34",
    retry_hint_ignored::RetryHintIgnored = "R15",
    retry_quota_missing::RetryQuotaMissing = "R18",
    retry_quota_refill_wrong::RetryQuotaRefillWrong = "R20",
    skew_uncorrected::SkewUncorrected = "R27",
    slept_before_giving_up::SleptBeforeGivingUp = "R57",
    slow_recovery::SlowRecovery = "R46",
    stale_credentials_looped::StaleCredentialsLooped = "R63",
    storm_amplified::StormAmplified = "R21",
    synchronised_retries::SynchronisedRetries = "R11",
    terminate_unconfirmed::TerminateUnconfirmed = "R35",
    throttle_not_retried::ThrottleNotRetried = "R48",
    throttle_not_slower::ThrottleNotSlower = "R12",
    throttle_quota_missing::ThrottleQuotaMissing = "R19",
    throttling_5xx_as_transient::Throttling5xxAsTransient = "R13",
    transient_not_retried::TransientNotRetried = "R49",
    unjittered_backoff::UnjitteredBackoff = "R09",
    unknown_error_overretried::UnknownErrorOverretried = "R56",
    unpaced_batch::UnpacedBatch = "R53",
}

/// The rule with this id, or with this number.
pub fn find(name: &str) -> Option<&'static RuleDoc> {
    RULES.iter().find(|r| r.id == name || r.code.eq_ignore_ascii_case(name))
}

#[cfg(test)]
pub(crate) mod tests;
