//! The list of clients that brownout can play by itself.

use std::time::Duration;

use brownout_mocks::units::Span;

use super::altered::Change;
use super::breaker::Flaw;
use super::flow::{FlowClient, Lapse};
use super::mutant::Fault;
use super::{CallClient, Setting};
use crate::scenario::Kind;

mod make;

use make::{
    adaptive, altered, application, breaker, by_profile, calls, flows, gateway, mutant, own_version, pauses, same_seed,
    whatever,
};

/// What a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Somebody's real client.
    Real,
    /// Right on purpose, by the profile of the same name.
    Reference,
    /// Wrong on purpose: it breaks this rule.
    Mutant(&'static str),
}

/// A made client.
pub enum Made {
    /// It plays calls.
    Calls(Box<dyn CallClient>),
    /// It plays flows, over this client for the single calls; a workload of calls is left to that alone.
    Flow(Box<FlowClient>, Box<dyn CallClient>),
}

/// Settings from `--client-config`.
pub type Options = Vec<(String, String)>;

/// A client's entry in the list.
#[derive(Clone, Copy)]
pub struct ClientEntry {
    /// Its id, as on the command line.
    pub id: &'static str,
    /// One line for people.
    pub title: &'static str,
    /// Real, reference or mutant.
    pub role: Role,
    /// What it can play.
    pub plays: fn(Kind) -> bool,
    /// The profile by which a mutant's breach is one; `documented` does not forbid it. None for those that every
    /// guidance forbids.
    pub under: Option<&'static str>,
    /// What it says it honours beyond its profile.
    pub honours: &'static [&'static str],
    /// Its version, where it has one of its own.
    pub version: fn() -> String,
    /// Makes one for a trial and client index.
    pub make: fn(&Setting, &Options) -> Result<Made, String>,
}

impl std::fmt::Debug for ClientEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientEntry").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The client with this id.
pub fn find(id: &str) -> Option<&'static ClientEntry> {
    CLIENTS.iter().find(|c| c.id == id)
}

macro_rules! references {
    ($($name:literal: $title:literal, $plays:ident, $honours:expr;)*) => {
        [$(ClientEntry {
            id: $name, title: $title, role: Role::Reference, plays: $plays, under: None, honours: $honours,
            version: own_version, make: |s, o| by_profile(s, o, $name),
        },)*]
    };
}

macro_rules! mutants {
    ($($name:literal: $fault:ident breaks $rule:literal, $title:literal, $plays:ident, $honours:expr;)*) => {
        [$(ClientEntry {
            id: $name, title: $title, role: Role::Mutant($rule), plays: $plays, under: None, honours: $honours,
            version: own_version, make: |s, o| mutant(s, o, Fault::$fault),
        },)*]
    };
}

macro_rules! altered {
    ($($name:literal: $change:ident of $profile:literal breaks $rule:literal, $title:literal;)*) => {
        [$(ClientEntry {
            id: $name, title: $title, role: Role::Mutant($rule), plays: calls, under: Some($profile), honours: &[],
            version: own_version, make: |s, o| altered(s, o, $profile, Change::$change),
        },)*]
    };
}

macro_rules! breakers {
    ($($name:literal: $flaw:ident of $profile:literal, $role:expr, $title:literal;)*) => {
        [$(ClientEntry {
            id: $name, title: $title, role: $role, plays: calls, under: Some($profile), honours: &[],
            version: own_version, make: |s, o| breaker(s, o, $profile, Flaw::$flaw),
        },)*]
    };
}

macro_rules! applications {
    ($($name:literal: $role:expr, $title:literal, $profile:literal, $change:expr;)*) => {
        [$(ClientEntry {
            id: $name, title: $title, role: $role, plays: flows, under: None, honours: &[],
            version: own_version, make: |s, o| application(s, o, $profile, $change),
        },)*]
    };
}

const REAL: [ClientEntry; 2] = [
    ClientEntry {
        id: "aws-sdk-rust",
        title: "the real AWS SDK for Rust's runtime: its retry strategy, classifiers and signing",
        role: Role::Real,
        plays: |kind| kind == Kind::Calls,
        under: None,
        honours: &[],
        version: || super::aws_sdk_rust::VERSION.to_owned(),
        make: |s, o| {
            let options = super::aws_sdk_rust::Options::from_pairs(o)?;
            Ok(Made::Calls(Box::new(super::aws_sdk_rust::AwsSdkRust::start(s, options))))
        },
    },
    ClientEntry {
        id: "http",
        title: "a plain HTTP client for API Gateway: full jitter from 1 s, honours Retry-After",
        role: Role::Real,
        plays: gateway,
        under: None,
        honours: &["retry_after"],
        version: own_version,
        make: |s, o| by_profile(s, o, "http-retry-after"),
    },
];

const REFERENCES: [ClientEntry; 12] = references! {
    "arch-blog-decorrelated": "five attempts with decorrelated jitter", calls, &[];
    "botocore-legacy": "the legacy mode of boto3, by its published numbers", calls, &[];
    "go-pre2026": "the AWS SDK for Go 2 before 2026, by its published numbers", calls, &[];
    "http-retry-after": "full jitter from 1 s, honours Retry-After", calls, &["retry_after"];
    "java-legacy": "the legacy mode of the AWS SDK for Java 2, by its published numbers", calls, &[];
    "java-std-2.0": "the standard mode of the AWS SDK for Java 2 before 2026, by its published numbers", calls, &[];
    "js-pre2026": "the AWS SDK for JavaScript 3 before 2026, by its published numbers", calls, &["retry_after"];
    "kotlin-pre2026": "the AWS SDK for Kotlin before 2026, by its published numbers", calls, &[];
    "seed-a": "three attempts, two to the power of the retry plus up to a second", calls, &[];
    "seed-b": "five attempts, full jitter from 1 s, cap 32 s", calls, &[];
    "std-2.0-1s": "the standard mode of the SDKs before 2026, by its published numbers", calls, &[];
    "std-2026": "the standard mode of the SDKs since 2026, by its published numbers", calls, &[];
};

const APPLICATIONS: [ClientEntry; 19] = applications! {
    "botocore-waiter": Role::Reference, "a program that waits as boto3's waiters do, always the same pause", "botocore-waiter", |_| {};
    "ec2-poll": Role::Reference, "a program that waits, polls with growing pauses, confirms and paces, and stops at a quota", "ec2-poll", |_| {};
    "gives-up-on-not-found": Role::Mutant("not_found_gave_up"), "takes the first NotFound for an answer", "ec2-poll", |p| p.lapse = Some(Lapse::TakesNotFound);
    "hammers-not-found": Role::Mutant("not_found_hammered"), "polls ten times a second", "ec2-poll", |p| pauses(&mut p.polling, 100, 1.0);
    "ignores-quota": Role::Mutant("quota_hammered"), "goes on calling when its quota is spent", "ec2-poll", |p| p.lapse = Some(Lapse::IgnoresQuota);
    "keeps-launching": Role::Mutant("bucket_overrun"), "makes the next call at once after one that was throttled to its end", "ec2-poll", |p| p.lapse = Some(Lapse::KeepsLaunching);
    "misreads-masked": Role::Mutant("masked_error_misread"), "knows a spent quota by its 429 only", "ec2-poll", |p| p.lapse = Some(Lapse::MisreadsMasked);
    "modifies-unconfirmed": Role::Mutant("modified_unconfirmed"), "modifies what no Describe has shown yet", "ec2-poll", |p| p.lapse = Some(Lapse::ModifiesUnconfirmed);
    "never-settles": Role::Mutant("no_settle_wait"), "sends commands that depend on each other without a wait", "ec2-poll", |p| p.lapse = Some(Lapse::NeverSettles);
    "never-slows": Role::Mutant("polling_not_slowing"), "polls every two seconds, however long it takes", "ec2-poll", |p| pauses(&mut p.polling, 2_000, 1.0);
    "polls-at-once": Role::Mutant("polled_at_once"), "sends its first poll at once", "ec2-poll", |p| p.lapse = Some(Lapse::PollsAtOnce);
    "polls-forever": Role::Mutant("polled_forever"), "goes on polling for a day", "ec2-poll", |p| p.polling.deadline = Span(Duration::from_hours(24));
    "polls-strangers": Role::Mutant("retried_real_not_found"), "waits for what it has not made and what does not exist", "ec2-poll", |p| p.lapse = Some(Lapse::PollsStrangers);
    "polls-too-soon": Role::Mutant("polled_too_soon"), "looks again half a second after NotFound", "ec2-poll", |p| pauses(&mut p.polling, 500, 3.0);
    "resends-batch": Role::Mutant("batch_resent_whole"), "sends a whole batch again when some of it failed", "ec2-poll", |p| p.lapse = Some(Lapse::ResendsWholeBatch);
    "smithy-waiter": Role::Reference, "a program that waits as the waiters of the newer SDKs do", "smithy-waiter", |_| {};
    "takes-accepted-for-done": Role::Mutant("accepted_not_polled"), "takes work that was accepted for done", "ec2-poll", |p| p.lapse = Some(Lapse::TakesAcceptedForDone);
    "takes-missing-for-gone": Role::Mutant("terminate_unconfirmed"), "takes NotFound from a terminate for success", "ec2-poll", |p| p.lapse = Some(Lapse::TakesMissingForGone);
    "unpaced": Role::Mutant("unpaced_batch"), "asks the same of many resources without a pause", "ec2-poll", |p| p.lapse = Some(Lapse::Unpaced);
};

const MUTANTS: [ClientEntry; 20] = mutants! {
    "by-status": ByStatus breaks "classified_by_status", "looks at the status alone", calls, &[];
    "endless": Endless breaks "attempts_exceeded", "retries up to fifty times", calls, &[];
    "exact-doubling": NoJitter breaks "unjittered_backoff", "doubles its pause without jitter", calls, &[];
    "hammers-refusals": AuthLoop breaks "auth_error_hammered", "retries 401 and 403 as if a pause could mend them", calls, &[];
    "hangs": Hangs breaks "client_hung", "never returns after an error", calls, &[];
    "ignores-retry-after": IgnoresRetryAfter breaks "early_retry", "claims to honour Retry-After and does not", calls, &["retry_after"];
    "naive": NoPause breaks "no_backoff", "retries at once, five times: the loop that everybody writes first", calls, &[];
    "new-token": NewToken breaks "idempotency_token_changed", "fills a new idempotency token into each attempt", calls, &[];
    "no-throttle-retry": NoThrottleRetry breaks "throttle_not_retried", "gives up at the first throttle", calls, &[];
    "no-transient-retry": NoTransientRetry breaks "transient_not_retried", "gives up at the first transient error", calls, &[];
    "outstays": Outstays breaks "deadline_overrun", "retries for minutes, ten attempts in all", calls, &[];
    "oversleeps": TooLong breaks "backoff_over_bound", "pauses one to two minutes", calls, &[];
    "quota-as-throttle": QuotaAsThrottle breaks "quota_taken_for_throttle", "retries a spent quota like a throttle", whatever, &[];
    "retries-everything": Everything breaks "retried_permanent_error", "retries whatever the error", whatever, &[];
    "same-bound": SameBound breaks "fixed_backoff", "pauses at random within one second, without growth", calls, &[];
    "same-clock": SameClock breaks "skew_uncorrected", "repeats by the same clock what was refused for its date", calls, &[];
    "same-pause": SamePause breaks "fixed_backoff", "pauses exactly one second each time", calls, &[];
    "stale-token": StaleToken breaks "stale_credentials_looped", "sends an expired token again and again", calls, &[];
    "trips-over-hint": TripsOverHint breaks "invalid_hint_obeyed", "gives up where it cannot read a retry hint", calls, &[];
    "unknown-forever": UnknownForever breaks "unknown_error_overretried", "retries without end what it does not know", calls, &[];
};

const ALTERED: [ClientEntry; 22] = altered! {
    "changes-body": OtherBody of "std-2026" breaks "body_changed_on_retry", "sends other bytes with each retry";
    "equal-jitter": EqualJitter of "std-2.0-1s" breaks "jitter_kind_mismatch", "draws from the upper half of each interval";
    "fills-at-once": FillsAtOnce of "std-2026" breaks "retry_quota_refill_wrong", "fills its retry quota at any success";
    "general-ladder": NoOwnNumbers of "std-2026" breaks "dynamodb_ladder_ignored", "has no numbers of its own for DynamoDB";
    "grows-slowly": GrowsSlowly of "seed-b" breaks "backoff_not_exponential", "lets its pauses grow by a tenth each time";
    "half-base": HalfBase of "std-2.0-1s" breaks "backoff_too_short", "begins with half of the base";
    "hesitates": Hesitates of "std-2026" breaks "first_attempt_delayed", "waits before each call";
    "ignores-hint": Deaf of "std-2026" breaks "retry_hint_ignored", "heeds no retry hint";
    "keeps-permit": KeepsPermit of "std-2026" breaks "retry_quota_refill_wrong", "gets back what a failed call took at the next success, as the SDK for Rust does";
    "layered": Layered of "std-2026" breaks "nested_retries", "retries five times above three attempts";
    "never-fills": NeverFills of "std-2026" breaks "retry_quota_refill_wrong", "never fills its retry quota again";
    "no-quota": NoQuota of "std-2026" breaks "retry_quota_missing", "has no retry quota";
    "no-throttle-quota": NoQuota of "std-2.0-1s" breaks "throttle_quota_missing", "has no retry quota";
    "one-ladder": OneLadder of "std-2026" breaks "throttle_not_slower", "backs off from throttles as from other errors";
    "one-less": OneLess of "std-2026" breaks "gave_up_early", "makes one attempt less";
    "over-cap": OverCap of "std-2.0-1s" breaks "backoff_over_cap", "pauses half a minute before its last attempt";
    "sleeps-last": SleepsLast of "std-2026" breaks "slept_before_giving_up", "pauses once more before it gives up";
    "sleeps-on-final": SleepsOnFinal of "std-2026" breaks "delayed_permanent_error", "pauses before it hands on a final error";
    "spins": Spins of "std-2026" breaks "long_poll_spun", "lets a long poll fail at once when its retry quota is spent";
    "status-first": StatusFirst of "std-2026" breaks "throttling_5xx_as_transient", "looks at the status before the code";
    "storms-on": NoQuota of "js-pre2026" breaks "storm_amplified", "retries every call of a storm";
    "trusts-status": TrustsStatus of "std-2026" breaks "effect_lost_or_doubled", "takes a 200 for a success whatever it holds";
};

const ADAPTIVE: [ClientEntry; 2] = [
    ClientEntry {
        id: "adaptive",
        title: "the adaptive mode of the SDKs since 2026: standard mode behind a rate limiter",
        role: Role::Reference,
        plays: calls,
        under: Some("adaptive"),
        honours: &[],
        version: own_version,
        make: |s, o| adaptive(s, o, 1.0),
    },
    ClientEntry {
        id: "unlimited",
        title: "says that it is in adaptive mode and has no rate limiter",
        role: Role::Mutant("adaptive_rate_ignored"),
        plays: calls,
        under: Some("adaptive"),
        honours: &[],
        version: own_version,
        make: |s, o| by_profile(s, o, "adaptive"),
    },
];

/// Wrong only beside others of its kind.
const HERD: [ClientEntry; 1] = [ClientEntry {
    id: "same-seed",
    title: "draws the same pauses as every other client of its kind",
    role: Role::Mutant("synchronised_retries"),
    plays: calls,
    under: None,
    honours: &[],
    version: own_version,
    make: same_seed,
}];

const BREAKERS: [ClientEntry; 8] = breakers! {
    "breaker-powertools": None of "breaker-powertools", Role::Reference, "opens for 30 s after five failures, closes after three successes";
    "breaker-seed": None of "breaker-seed", Role::Reference, "opens for a minute after five failures, closes after one success";
    "counts-everything": CountsEverything of "breaker-seed", Role::Mutant("breaker_tripped_by_wrong_error"), "opens at any five errors";
    "never-opens": NeverOpens of "breaker-seed", Role::Mutant("breaker_never_opened"), "has a breaker that never opens";
    "one-for-all": OneForAll of "breaker-seed", Role::Mutant("breaker_scope_too_wide"), "has one breaker for all operations";
    "reopens-briefly": ReopensBriefly of "breaker-seed", Role::Mutant("breaker_recovery_wrong"), "opens for six seconds after a failed probe";
    "stays-open": StaysOpen of "breaker-seed", Role::Mutant("slow_recovery"), "has a breaker that never closes again";
    "tries-early": TriesEarly of "breaker-seed", Role::Mutant("breaker_probed_early"), "tries again after half of the open time";
};

const COUNT: usize = REAL.len()
    + REFERENCES.len()
    + APPLICATIONS.len()
    + MUTANTS.len()
    + ALTERED.len()
    + ADAPTIVE.len()
    + HERD.len()
    + BREAKERS.len();

const fn joined() -> [ClientEntry; COUNT] {
    let lists: [&[ClientEntry]; 8] =
        [&REAL, &REFERENCES, &APPLICATIONS, &MUTANTS, &ALTERED, &ADAPTIVE, &HERD, &BREAKERS];
    let mut all = [REAL[0]; COUNT];
    let (mut list, mut n) = (0, 0);
    while list < lists.len() {
        let mut i = 0;
        while i < lists[list].len() {
            all[n] = lists[list][i];
            n += 1;
            i += 1;
        }
        list += 1;
    }
    all
}

/// All clients: real ones, then references, then mutants.
pub static CLIENTS: &[ClientEntry] = &joined();
