//! One request and what became of it, laid out for those who walk over all of them.
//!
//! Each rule does so once at least, and there are dozens: what an attempt takes in memory is what judging costs. So what
//! few attempts have is kept apart, and read as if it stood among the rest; and text that recurs is shared.

use std::ops::Deref;
use std::sync::Arc;

use brownout_mocks::journal;
use brownout_mocks::service::Class;

/// One request, and what became of it.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Its number within the trial.
    pub seq: u64,
    /// Its number within the invocation, as recorded.
    pub number: u32,
    /// Which attempt in an unbroken row of retries it is, from 1: a success or a `NotFound` ends a row.
    pub row: u32,
    /// Arrival.
    pub at_us: u64,
    /// Last byte of its answer, or end of its connection.
    pub end_us: Option<u64>,
    /// Status of its answer.
    pub status: Option<u16>,
    /// Error code of its answer.
    pub code: Option<Arc<str>>,
    /// Class of its failure; `None` for a success, and while nothing came.
    pub class: Option<Class>,
    /// Whether it got a whole answer.
    pub answered: bool,
    /// Whether a fault broke its connection or its answer.
    pub broken: bool,
    /// The step that injected.
    pub step: Option<Arc<str>>,
    /// Names of the faults.
    pub faults: Faults,
    /// The pause before it: since the end of the attempt before it.
    pub gap_us: Option<u64>,
    /// Hash of its body.
    pub body_hash: Option<Arc<str>>,
    /// Date of its signature.
    pub date: Option<Arc<str>>,
    /// How often its operation took effect: more than once where an HTTP library sent it again.
    pub effects: u32,
    /// `max=` of its retry header.
    pub declared_max: Option<u32>,
    /// Whether what its answer shows is on its way to another state.
    pub unsettled: bool,
    /// What few attempts have.
    pub(super) rare: Option<Box<Rare>>,
}

/// What few attempts have; each of them can be asked for it.
#[derive(Debug, Clone, Default)]
pub struct Rare {
    /// `Retry-After`, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// `x-amz-retry-after`, in milliseconds.
    pub x_amz_retry_after_ms: Option<u64>,
    /// Hash of its idempotency token.
    pub token_hash: Option<Arc<str>>,
    /// Number of the session whose credentials signed it, where they are ours.
    pub session: Option<u64>,
    /// A retry hint of its answer that is no time.
    pub invalid_hint: Option<Arc<str>>,
    /// How far ahead of the run's clock the date of its answer was, in seconds.
    pub date_off_s: Option<i64>,
    /// Hashes of the entries of a batch.
    pub entries: Vec<Arc<str>>,
    /// Entries of a batch that failed inside a good answer: their indices, and their code.
    pub partly_failed: Option<Box<journal::PartlyFailed>>,
    /// Ids of what its answer says was made.
    pub created: Vec<Arc<str>>,
}

/// Nothing rare.
static COMMON: Rare = Rare {
    retry_after_ms: None,
    x_amz_retry_after_ms: None,
    token_hash: None,
    session: None,
    invalid_hint: None,
    date_off_s: None,
    entries: Vec::new(),
    partly_failed: None,
    created: Vec::new(),
};

impl Deref for Attempt {
    type Target = Rare;

    fn deref(&self) -> &Rare {
        self.rare.as_deref().unwrap_or(&COMMON)
    }
}

/// What a trial's attempts met, all in all: who looks for what is not there need not look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    classes: u16,
    /// Whether an answer had a retry hint that is no time.
    pub invalid_hint: bool,
    /// Whether an answer may have been an error in disguise.
    pub masked: bool,
}

impl Seen {
    /// Whether some attempt failed in this way.
    pub fn class(self, class: Class) -> bool {
        self.classes & bit(class) != 0
    }

    /// Takes in an attempt whose end is known.
    pub(super) fn take(&mut self, attempt: &Attempt) {
        self.classes |= attempt.class.map_or(0, bit);
        self.invalid_hint |= attempt.rare.as_ref().is_some_and(|r| r.invalid_hint.is_some());
        self.masked |= attempt.faults.iter().any(|f| &**f == "masked");
    }
}

fn bit(class: Class) -> u16 {
    1 << class as u16
}

/// Names of faults, shared by all attempts that met the same.
#[derive(Debug, Clone, Default)]
pub struct Faults(Option<Arc<[Arc<str>]>>);

impl FromIterator<Arc<str>> for Faults {
    fn from_iter<I: IntoIterator<Item = Arc<str>>>(names: I) -> Self {
        let names: Arc<[Arc<str>]> = names.into_iter().collect();
        Self((!names.is_empty()).then_some(names))
    }
}

impl Deref for Faults {
    type Target = [Arc<str>];

    fn deref(&self) -> &[Arc<str>] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl Attempt {
    /// Whether its answer said when to come back.
    pub fn hinted(&self) -> bool {
        self.rare.as_ref().is_some_and(|r| r.retry_after_ms.is_some() || r.x_amz_retry_after_ms.is_some())
    }

    /// Whether it was a good answer by a reader that does not know of the latest write.
    pub fn stale(&self) -> bool {
        self.answered && self.class.is_none() && self.faults.iter().any(|f| &**f == "not_visible")
    }

    /// Whether clients differ on which kind of failure it was: half an answer may be read either way, and so may a 429
    /// whose code says that it passes soon. Some go by its status and take it for a throttle (guidance 2.2).
    pub fn either_way(&self) -> bool {
        self.broken || !self.answered || (self.status == Some(429) && self.class == Some(Class::Transient))
    }

    /// Whether it failed in a way that calls for backoff.
    pub fn backs_off(&self) -> bool {
        matches!(self.class, Some(Class::Throttling | Class::Transient | Class::Quota))
    }
}
