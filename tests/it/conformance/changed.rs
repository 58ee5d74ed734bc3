//! The same traces with one step changed: what a judge must blame, and where.

use brownout_mocks::service::{Class, THROTTLING_CODES};

use super::cases::{Play, Row, Then};

/// A changed trace.
pub(super) struct Changed {
    /// What was changed, for people.
    pub(super) what: String,
    pub(super) play: Play,
    /// The row that the finding must name.
    pub(super) at: String,
    /// The rules one of which must fail there.
    pub(super) rules: &'static [&'static str],
    /// So many trials of it, where the rule wants more than one sample.
    pub(super) trials: u64,
}

const LATE: &[&str] = &["backoff_over_bound"];
const TOO_MANY: &[&str] =
    &["attempts_exceeded", "retried_permanent_error", "retry_quota_missing", "throttle_quota_missing"];
const TOO_FEW: &[&str] = &["gave_up_early", "throttle_not_retried", "transient_not_retried"];
const HEARD_LATE: &[&str] = &["slept_before_giving_up", "delayed_permanent_error"];
const NO_QUOTA: &[&str] = &["retry_quota_missing", "throttle_quota_missing"];
const EARLY: &[&str] = &["retry_hint_ignored"];

/// All changes of one step, and those that the wire alone cannot tell from right ones: what a code means that only the
/// service's model knows.
pub(super) fn all(play: &Play) -> (Vec<Changed>, Vec<String>) {
    let (mut all, mut untold) = (Vec::new(), Vec::new());
    for (thread, rows) in play.threads.iter().enumerate() {
        let mut retry = 0;
        for (k, row) in rows.iter().enumerate() {
            let change = |what: &str, at: &str, rules, changed: Vec<Row>| {
                let mut play = play.clone();
                play.threads[thread] = changed;
                Changed { what: format!("{what} at {}", row.id), play, at: at.to_owned(), rules, trials: 1 }
            };
            let with = |then| {
                let mut rows = rows.clone();
                rows[k].then = then;
                rows
            };
            match row.then {
                Then::Retry(pause) => {
                    all.push(change("pause × 3", &row.id, LATE, with(Then::Retry(3 * pause))));
                    let mut stopped = with(Then::Stop(0));
                    stopped.truncate(k + 1);
                    if demanded(row) {
                        all.push(change("stopped although it might go on", &row.id, TOO_FEW, stopped));
                    } else {
                        untold.push(format!("stopped at {} after {:?}", row.id, row.code));
                    }
                    let own = play.bound_ms(row.class.unwrap(), retry);
                    if row.hint_ms.is_some_and(|hint| hint > own) {
                        let mut early = change("came before its hint", &row.id, EARLY, with(Then::Retry(own)));
                        early.trials = 3;
                        all.push(early);
                    }
                    retry += 1;
                }
                Then::Stop(pause) => {
                    let mut more = with(Then::Retry(play.bound_ms(row.class.unwrap(), retry)));
                    more.insert(k + 1, fine());
                    if row.class == Some(Class::Permanent) && row.code.is_some() {
                        untold.push(format!("retried at {} after {:?}", row.id, row.code));
                    } else {
                        all.push(change("one attempt more", &row.id, TOO_MANY, more));
                    }
                    if pause > 0 {
                        all.push(change("slept × 3", &row.id, HEARD_LATE, with(Then::Stop(3 * pause))));
                    } else if row.class == Some(Class::Permanent) || retry + 1 >= play.profile.attempts_max.value {
                        all.push(change("slept before it gave up", &row.id, HEARD_LATE, with(Then::Stop(50))));
                    }
                    retry = 0;
                }
                Then::Done => {
                    if let Some((at, more)) = failing_on(play, rows, k, retry) {
                        all.push(change("attempts without end", &at, TOO_MANY, more));
                    }
                    retry = 0;
                }
            }
        }
    }
    all.extend(poorer(play));
    (all, untold)
}

/// Instead of succeeding, the call fails on until a retry is made that is forbidden.
fn failing_on(play: &Play, rows: &[Row], done: usize, retries: u32) -> Option<(String, Vec<Row>)> {
    // The tokens of two threads are not reckoned here.
    if retries == 0 || play.threads.len() > 1 {
        return None;
    }
    let mut more = rows[..=done].to_vec();
    for n in 0..64 {
        let mut row = rows[done - 1].clone();
        row.id = format!("more-{n}");
        row.hint_ms = None;
        row.then = Then::Retry(play.bound_ms(row.class?, retries + n));
        more.insert(more.len() - 1, row);
        if let Some(at) = Play::forbidden(&more, play, |_, _| {}) {
            return Some((at, more));
        }
    }
    None
}

/// One token less than the dearest moment of the trace needs: the judge must keep the same account as the table. Calls
/// in progress at the same time are reckoned in any order, so this is for one thread only.
fn poorer(play: &Play) -> Option<Changed> {
    let [rows] = play.threads.as_slice() else {
        return None;
    };
    let mut lowest: Option<(i64, String)> = None;
    Play::forbidden(rows, play, |row, tokens| {
        if matches!(row.then, Then::Retry(_)) && lowest.as_ref().is_none_or(|(least, _)| tokens < *least) {
            lowest = Some((tokens, row.id.clone()));
        }
    });
    let (least, at) = lowest?;
    let mut play = play.clone();
    let quota = play.profile.quota.as_mut()?;
    quota.capacity = (i64::from(quota.capacity) - least - 1).try_into().ok()?;
    Some(Changed { what: format!("one token less than {at} takes"), play, at, rules: NO_QUOTA, trials: 1 })
}

/// Whether every client of the profile must retry this answer: one that does not know the service's model need not
/// know that an error of its own may be retried (C17).
fn demanded(row: &Row) -> bool {
    let code = row.code.as_deref().unwrap_or_default();
    matches!(row.status, 500 | 502 | 503 | 504) || THROTTLING_CODES.contains(&code)
}

fn fine() -> Row {
    let id = "fine".to_owned();
    Row { id, status: 200, code: None, hint_ms: None, class: None, then: Then::Done, tokens: None }
}
