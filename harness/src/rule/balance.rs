//! What the rules about retry quotas share: the most tokens that a client can have had.

use brownout_mocks::service::Class;

use crate::evidence::{Attempt, Client, Evidence, Invocation, Moment, Trial};

use super::{Finding, Findings, Ruling, told};

/// A quota in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    pub(super) capacity: i64,
    pub(super) throttling: i64,
    pub(super) transient: i64,
}

/// The most generous of the published quotas (guidance 1.4): the standard mode's before 2026.
const GENEROUS: Quota = Quota { capacity: 500, throttling: 5, transient: 5 };

/// The quota that the profile asks for: an envelope asks for the most generous of those that are published.
pub(super) fn quota(evidence: &Evidence) -> Option<Quota> {
    let exact = |q: &crate::guidance::RetryQuota| Quota {
        capacity: q.capacity.into(),
        throttling: q.throttling.into(),
        transient: q.transient.into(),
    };
    if evidence.profile.exact { evidence.profile.quota.as_ref().map(exact) } else { Some(GENEROUS) }
}

/// What happens to the tokens; at the same time, refunds come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Refund(i64),
    Failure { invocation: usize, at: usize },
}

/// What a timeout costs where it has a price of its own (guidance 1.4, before 2026): the most that a success after a
/// broken attempt can give back.
const DEAREST: i64 = 14;

/// The moments at which the tokens of the quota that the profile asks for were spent.
pub(super) fn spent<'a>(evidence: &Evidence, client: &'a Client) -> &'a [Moment] {
    client.notes.spent.get_or_init(|| quota(evidence).map_or_else(Vec::new, |quota| moments(evidence, quota, client)))
}

/// The moments at which the tokens were spent, as generously reckoned as the evidence allows: each retry takes the least
/// that it can have cost, each success gives back the most, and calls in progress at the same time may have been paid for
/// in any order.
fn moments(evidence: &Evidence, quota: Quota, client: &Client) -> Vec<Moment> {
    let cost = |failed: &Attempt| match failed.class {
        _ if failed.either_way() => quota.throttling.min(quota.transient),
        Some(Class::Throttling | Class::Quota) => quota.throttling,
        _ => quota.transient,
    };
    // A quota that all failures together cannot spend was never short.
    let failures = client.invocations.iter().flat_map(|i| &i.attempts).filter(|a| a.backs_off()).count();
    let all = i64::try_from(failures).unwrap_or(i64::MAX).saturating_mul(quota.throttling.max(quota.transient));
    if all <= quota.capacity {
        return Vec::new();
    }
    let mut changes: Vec<(u64, Change)> = Vec::new();
    for (i, invocation) in client.invocations.iter().enumerate() {
        for (at, attempt) in invocation.attempts.iter().enumerate() {
            let when = attempt.end_us.unwrap_or(attempt.at_us);
            if attempt.answered && attempt.class.is_none() {
                let before = at.checked_sub(1).and_then(|b| invocation.attempts.get(b));
                let back = before.map_or(1, |b| if b.either_way() { DEAREST } else { cost(b) });
                changes.push((when, Change::Refund(back)));
            } else if attempt.backs_off() {
                changes.push((when, Change::Failure { invocation: i, at }));
            }
        }
    }
    changes.sort_unstable();
    let dearest = quota.throttling.max(quota.transient).max(DEAREST);
    let tolerance = i64::from(client.peak.saturating_sub(1)) * dearest;
    let (mut tokens, mut paid, mut refunded, mut stopped) = (quota.capacity, 0, 0, false);
    let mut moments = Vec::new();
    for (_, change) in changes {
        match change {
            Change::Refund(back) => {
                let back = back.min(quota.capacity - tokens);
                refunded += back;
                tokens += back;
            }
            Change::Failure { invocation, at } => {
                let attempts = &client.invocations[invocation].attempts;
                let failed = &attempts[at];
                let retried = attempts.get(at + 1).is_some_and(|a| a.row > 1);
                let cost = cost(failed);
                let class = if failed.class == Some(Class::Transient) { Class::Transient } else { Class::Throttling };
                if tokens < cost && (!retried || tokens + tolerance < cost) {
                    moments.push(Moment {
                        invocation,
                        at,
                        class,
                        retried,
                        retries: paid,
                        refunded,
                        stopped_before: stopped,
                    });
                    let limit = evidence.profile.attempts_max(&client.invocations[invocation].service).value;
                    stopped |= !retried && at as u64 + 1 < u64::from(limit);
                }
                if retried {
                    paid += 1;
                    // Who has no quota must not pay off a debt before a finding can be made again.
                    tokens = (tokens - cost).max(-tolerance);
                }
            }
        }
    }
    moments
}

/// The most that the retry after this failure takes: what the profile says, where all agree on what the failure is.
/// A broken answer, a timeout and a throttle that looks like a fault of the server have prices of their own with some.
pub(super) fn dearest(quota: Quota, failed: &Attempt) -> i64 {
    let server = failed.status.is_some_and(|s| s >= 500);
    match failed.class {
        Some(Class::Throttling) if failed.answered && !failed.broken && !server => quota.throttling,
        Some(Class::Transient) if failed.answered && !failed.broken && server => quota.transient,
        Some(Class::Throttling) if failed.answered && !failed.broken => quota.throttling.max(quota.transient),
        _ => quota.throttling.max(quota.transient).max(DEAREST),
    }
}

/// The least that the client can have had left at the end of each of its invocations: each retry at its dearest, each
/// success at what it gives back at least. `None` where it cannot be reckoned: calls that overlap may have been paid
/// for in any order, and of repeats that nobody marks it is not known which were retries.
pub(super) fn least(quota: Quota, client: &Client) -> Option<Vec<i64>> {
    if client.peak > 1 || client.invocations.iter().any(|i| !i.marked) {
        return None;
    }
    let cheapest = quota.throttling.min(quota.transient);
    let mut tokens = quota.capacity;
    let mut left = Vec::with_capacity(client.invocations.len());
    for invocation in &client.invocations {
        let mut before: Option<&Attempt> = None;
        for attempt in &invocation.attempts {
            let failed = before.filter(|b| !b.answered || b.class.is_some());
            if let Some(failed) = failed {
                tokens = tokens.saturating_sub(dearest(quota, failed)).max(0);
            }
            if attempt.answered && attempt.class.is_none() {
                let back = failed.map_or(1, |b| if b.either_way() { cheapest } else { cheap(quota, b) });
                tokens = tokens.saturating_add(back).min(quota.capacity);
            }
            before = Some(attempt);
        }
        left.push(tokens);
    }
    Some(left)
}

/// The least that the retry after this failure takes, and a success after that gives back.
fn cheap(quota: Quota, failed: &Attempt) -> i64 {
    match failed.class {
        Some(Class::Throttling) if failed.status.is_some_and(|s| s >= 500) => quota.throttling.min(quota.transient),
        Some(Class::Throttling | Class::Quota) => quota.throttling,
        _ => quota.transient,
    }
}

/// Judges the retries after failures of `class`: none may be made when the tokens are spent.
pub(super) fn judge(evidence: &Evidence, class: Class, word: &str) -> Ruling {
    let Some(quota) = quota(evidence) else {
        return Ruling::NotApplicable("the profile has no retry quota".into());
    };
    let (mut findings, mut kept) = (Findings::default(), 0);
    for trial in &evidence.trials {
        for client in trial.clients.iter().filter(|c| c.invocations.iter().any(|i| i.marked)) {
            for moment in spent(evidence, client).iter().filter(|m| m.class == class && !m.stopped_before) {
                if !moment.retried {
                    kept += 1;
                    continue;
                }
                let invocation = &client.invocations[moment.invocation];
                findings.add(|| finding(evidence, trial, client, invocation, moment, quota));
            }
        }
    }
    Ruling::of(
        findings,
        kept,
        "failures left alone with the quota spent",
        &format!("{word} errors never spent the quota"),
    )
}

fn finding(
    evidence: &Evidence,
    trial: &Trial,
    client: &Client,
    invocation: &Invocation,
    moment: &Moment,
    quota: Quota,
) -> Finding {
    let failed = &invocation.attempts[moment.at];
    let cost = if moment.class == Class::Transient { quota.transient } else { quota.throttling };
    Finding {
        message: format!(
            "{} was retried after {} when {} before it had spent the retry quota of {} tokens",
            invocation.operation,
            told::answer(failed),
            told::retries(moment.retries),
            quota.capacity
        ),
        expected: format!("no retry until successes have given back {cost} tokens"),
        observed: format!("{} retries, {} tokens given back", moment.retries + 1, moment.refunded),
        source: evidence.profile.quota.as_ref().map_or_else(
            || "AWS SDKs and Tools Reference Guide, retry behavior: retry quota; guidance 1.4".to_owned(),
            |q| q.source.clone(),
        ),
        ..Finding::about(trial, client.index, invocation, moment.at)
    }
}

/// Failures that were left alone although the tokens of a retry must have been there again: the client had stopped with
/// its tokens spent, and since then successes gave back at least as much as a retry costs. Clients with one call at a
/// time only, and failures that every allowed client retries.
pub(super) fn short(evidence: &Evidence, quota: Quota, client: &Client) -> Vec<(usize, usize)> {
    let stopped = spent(evidence, client).iter().find(|m| m.stopped_before || !m.retried);
    let Some(stopped) = stopped.filter(|m| !m.retried && client.peak <= 1) else { return Vec::new() };
    let dearest = quota.throttling.max(quota.transient).max(DEAREST);
    let cheapest = quota.throttling.min(quota.transient);
    let (mut tokens, mut left) = (0, Vec::new());
    for (index, invocation) in client.invocations.iter().enumerate().skip(stopped.invocation + 1) {
        let retries = i64::try_from(invocation.attempts.len().saturating_sub(1)).unwrap_or(i64::MAX);
        let limit = evidence.profile.attempts_max(&invocation.service).value;
        let Some(last) = invocation.attempts.last() else { continue };
        if retries == 0
            && limit > 1
            && tokens >= dearest
            && super::not_retried::left_alone(evidence, client, invocation)
        {
            left.push((index, 0));
        }
        tokens = (tokens - retries.saturating_mul(dearest)).max(0);
        if last.answered && last.class.is_none() {
            tokens = (tokens + if retries == 0 { 1 } else { cheapest }).min(quota.capacity);
        }
    }
    left
}
