//! The rows of the SDKs' own tables, their grammar, and the arithmetic that they hold everybody to.
//!
//! A row is what is answered and what the client does then, with the level of its retry quota after it:
//! `500 50=486` retries after 50 ms, `500 ?` after a pause that the table leaves open, `200 ok` succeeds, and
//! `502 max`, `500 quota`, `404 fail` end the call; `quota:50` sleeps first. `500+1500` brings `x-amz-retry-after`,
//! `400/Name` a code, and `!t` or `!x` says what the service's model makes of it. `x100` and `t500` are short for a
//! transient error and a throttle that are retried.

use brownout::guidance::{self, Jitter, Profile};
use brownout_mocks::service::{Class, class_of};
use brownout_mocks::units::Span;

/// One table.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The profile that its numbers belong to.
    pub(super) base: &'static str,
    /// What all of its cases change in that.
    pub(super) given: &'static str,
    pub(super) cases: &'static [Case],
}

/// One case: the rows of one call after the other, and of a second thread beside it.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) given: &'static str,
    pub(super) threads: [&'static str; 2],
}

/// What a client does after an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Then {
    /// It tries again after so many milliseconds.
    Retry(u64),
    /// The caller hears of the error after so many milliseconds.
    Stop(u64),
    /// The call succeeded.
    Done,
}

/// One answer, and what comes after it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Its name in the journal: that of the step which injects it.
    pub(super) id: String,
    pub(super) status: u16,
    pub(super) code: Option<String>,
    pub(super) hint_ms: Option<u64>,
    pub(super) class: Option<Class>,
    pub(super) then: Then,
    /// Tokens left, where the table says.
    pub(super) tokens: Option<i64>,
}

/// A case, ready to be played and changed.
#[derive(Debug, Clone)]
pub(super) struct Play {
    pub(super) profile: Profile,
    pub(super) service: &'static str,
    pub(super) operation: &'static str,
    pub(super) threads: Vec<Vec<Row>>,
}

impl Play {
    pub(super) fn new(table: &Table, case: &Case) -> Self {
        let mut profile = guidance::find(table.base).unwrap().clone();
        profile.name = format!("{} with changes", table.base);
        profile.based_on = Some(table.base.into());
        profile.services.clear();
        let mut long_poll = false;
        for word in table.given.split_whitespace().chain(case.given.split_whitespace()) {
            let Some((key, value)) = word.split_once('=') else {
                assert_eq!(word, "long-poll");
                long_poll = true;
                continue;
            };
            let number: u32 = value.parse().unwrap();
            let span = Span(std::time::Duration::from_millis(number.into()));
            let quota = profile.quota.as_mut().unwrap();
            let ladders = [&mut profile.backoff.throttling.value, &mut profile.backoff.transient.value];
            match key {
                "max" => profile.attempts_max.value = number,
                "tokens" => quota.capacity = number,
                "price" => (quota.throttling, quota.transient) = (number, number),
                "base" => ladders.map(|l| l.base = span).into_iter().collect(),
                "cap" => ladders.map(|l| l.cap = span).into_iter().collect(),
                "factor" => ladders.map(|l| l.factor = number.into()).into_iter().collect(),
                other => panic!("{other} is no given"),
            }
        }
        let (service, operation) = if long_poll { ("sqs", "ReceiveMessage") } else { ("cloudwatch", "ListMetrics") };
        let mut play = Self { profile, service, operation, threads: Vec::new() };
        for text in case.threads.iter().filter(|t| !t.is_empty()) {
            let first = play.threads.iter().map(Vec::len).sum::<usize>() + 1;
            let mut retry = 0;
            let rows = text.split(", ").enumerate().map(|(i, row)| {
                let row = play.row(format!("row-{}", first + i), row, retry);
                retry = if matches!(row.then, Then::Retry(_)) { retry + 1 } else { 0 };
                row
            });
            let rows = rows.collect();
            play.threads.push(rows);
        }
        play
    }

    fn row(&self, id: String, text: &str, retry: u32) -> Row {
        let expanded = match text.as_bytes()[0] {
            b'x' => format!("500 {}", &text[1..]),
            b't' => format!("400/ThrottlingException {}", &text[1..]),
            _ => text.to_owned(),
        };
        let (answer, then) = expanded.split_once(' ').unwrap();
        let (answer, marked) = answer.split_once('!').map_or((answer, None), |(answer, mark)| (answer, Some(mark)));
        let (answer, hint) = answer.split_once('+').map_or((answer, None), |(answer, hint)| (answer, Some(hint)));
        let (status, code) = answer.split_once('/').map_or((answer, None), |(status, code)| (status, Some(code)));
        let (then, tokens) = then.split_once('=').map_or((then, None), |(then, tokens)| (then, Some(tokens)));
        let status = status.parse().unwrap();
        let class = match marked {
            Some("t") => Class::Throttling,
            Some("x") => Class::Transient,
            _ => class_of(code.unwrap_or_default(), status),
        };
        let then = match then {
            "ok" => Then::Done,
            // `x` and `t` alone: the last of them.
            "" | "max" | "quota" | "fail" => Then::Stop(0),
            "?" => Then::Retry(self.bound_ms(class, retry)),
            text => match text.strip_prefix("quota:") {
                Some(pause) => Then::Stop(pause.parse().unwrap()),
                None => Then::Retry(text.parse().unwrap()),
            },
        };
        Row {
            id,
            status,
            code: code.map(str::to_owned),
            hint_ms: hint.and_then(|h| h.parse().ok()),
            class: (status >= 300).then_some(class),
            then,
            tokens: tokens.map(|t| t.parse().unwrap()),
        }
    }

    /// The longest pause before retry `retry` from 0, in milliseconds: what a random factor of 1 makes of it.
    pub(super) fn bound_ms(&self, class: Class, retry: u32) -> u64 {
        self.profile.backoff(self.service).ladder(class).step(retry).as_millis() as u64
    }

    /// The profile without jitter, as the tables have it.
    pub(super) fn unjittered(&self) -> Profile {
        let mut profile = self.profile.clone();
        profile.backoff.throttling.value.jitter = Jitter::None;
        profile.backoff.transient.value.jitter = Jitter::None;
        profile
    }

    /// Tokens that a retry after this error takes.
    pub(super) fn price(&self, class: Class) -> i64 {
        let quota = self.profile.quota.as_ref().unwrap();
        i64::from(if class == Class::Throttling { quota.throttling } else { quota.transient })
    }

    /// The first row after which the profile forbids the retry that is made: for want of attempts, of tokens, or
    /// because no retry can mend the error. By the text of the guide (guidance 1.2 and 1.4), not by the judge.
    /// `level` hears the tokens left after each row.
    pub(super) fn forbidden(rows: &[Row], play: &Self, mut level: impl FnMut(&Row, i64)) -> Option<String> {
        let capacity = i64::from(play.profile.quota.as_ref().unwrap().capacity);
        let (mut tokens, mut attempt, mut paid) = (capacity, 1, None);
        let mut first = None;
        for row in rows {
            match row.then {
                Then::Retry(_) => {
                    let class = row.class.unwrap();
                    let price = play.price(class);
                    let retryable = matches!(class, Class::Throttling | Class::Transient);
                    if !retryable || attempt >= play.profile.attempts_max.value || tokens < price {
                        first.get_or_insert_with(|| row.id.clone());
                    }
                    tokens = (tokens - price).max(0);
                    (attempt, paid) = (attempt + 1, Some(price));
                }
                Then::Done => {
                    tokens = (tokens + paid.unwrap_or(1)).min(capacity);
                    (attempt, paid) = (1, None);
                }
                Then::Stop(_) => (attempt, paid) = (1, None),
            }
            level(row, tokens);
        }
        first
    }
}
