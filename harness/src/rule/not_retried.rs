//! What `throttle_not_retried` and `transient_not_retried` share: which calls prove that a client gave up.

use brownout_mocks::service::{Class, THROTTLING_CODES};

use crate::evidence::{Attempt, Client, Evidence, Invocation, Prover, Trial};

use super::balance::{dearest, least, quota};
use super::{Finding, Findings, Ruling, told};

/// The most that any retry quota takes for one retry (guidance 1.4).
const DEAREST: u32 = 14;

/// Judges the calls that ended on an error of `class`.
pub(super) fn judge(evidence: &Evidence, class: Class, nothing: &str) -> Ruling {
    let (mut proven, mut seen, mut open) = (Proven::default(), 0, 0);
    for asked in asked_to_retry(evidence) {
        let first = &asked.invocation.attempts[0];
        if asked.retried {
            seen += u64::from(first.class == Some(class));
        } else if first.class == Some(class) {
            match asked.gave_up {
                Some(true) => {
                    proven.add(asked.alone, || finding(evidence, asked.trial, asked.client, asked.invocation, RETRIED));
                }
                Some(false) => {}
                None => open += 1,
            }
        }
    }
    let findings = proven.findings();
    if findings.is_empty() && seen == 0 && open > 0 {
        return Ruling::stuck(
            "the journal does not show that the call was over",
            "use a client that marks its calls (retry headers), or let the program run to its end",
        );
    }
    Ruling::of(findings, seen, "calls retried", nothing)
}

/// A call whose first answer asks every allowed client for a retry.
pub(super) struct Asked<'a> {
    pub(super) trial: &'a Trial,
    pub(super) client: &'a Client,
    pub(super) invocation: &'a Invocation,
    /// Whether there was a retry.
    pub(super) retried: bool,
    /// Whether the client ended the call there, as far as is known.
    pub(super) gave_up: Option<bool>,
    /// Whether that alone proves something.
    pub(super) alone: bool,
}

/// The calls that were to be retried, and whose end proves something.
pub(super) fn asked_to_retry(evidence: &Evidence) -> impl Iterator<Item = Asked<'_>> {
    let clients = evidence.trials.iter().flat_map(|trial| trial.clients.iter().map(move |client| (trial, client)));
    clients.flat_map(move |(trial, client)| {
        provers(evidence, trial, client).iter().filter_map(move |&Prover { index, alone }| {
            let invocation = &client.invocations[index];
            let first = invocation.attempts.first()?;
            if !matches!(first.class, Some(Class::Throttling | Class::Transient))
                || !must_retry(evidence, invocation, first)
            {
                return None;
            }
            let retried = invocation.attempts.len() as u64 >= RETRIED;
            let gave_up = if retried { Some(false) } else { gave_up(evidence, client, invocation, first) };
            Some(Asked { trial, client, invocation, retried, gave_up, alone })
        })
    })
}

/// The calls that were retried after a first answer that every allowed client retries: that proves itself.
pub(super) fn retried(evidence: &Evidence) -> impl Iterator<Item = &Attempt> {
    evidence.trials.iter().flat_map(Trial::invocations).filter_map(|(_, invocation)| {
        let first = invocation.attempts.first()?;
        let again = invocation.attempts.len() as u64 >= RETRIED && invocation.joints == 0;
        (again && first.backs_off() && must_retry(evidence, invocation, first)).then_some(first)
    })
}

/// Findings of which some are proof alone, and some only together.
#[derive(Default)]
pub(super) struct Proven {
    sure: Findings,
    likely: Findings,
}

impl Proven {
    /// One more.
    pub(super) fn add(&mut self, alone: bool, make: impl FnOnce() -> Finding) {
        if alone { self.sure.add(make) } else { self.likely.add(make) }
    }

    /// What is proven.
    pub(super) fn findings(mut self) -> Findings {
        if self.likely.total >= TOGETHER {
            self.sure.join(self.likely);
        }
        self.sure
    }
}

/// A call that was attempted so often was retried.
const RETRIED: u64 = 2;

/// Judges the calls that were retried less often than an exact profile says.
pub(super) fn early(evidence: &Evidence) -> Ruling {
    if !evidence.profile.exact {
        return Ruling::NotApplicable("published policies make between three and ten attempts".into());
    }
    let (mut findings, mut seen) = (Findings::default(), 0);
    for trial in &evidence.trials {
        for client in &trial.clients {
            for Prover { index, .. } in provers(evidence, trial, client) {
                let invocation = &client.invocations[*index];
                let Some(last) = invocation.attempts.last() else { continue };
                let made = invocation.attempts.len() as u64;
                let asked = u64::from(evidence.profile.attempts_max(&invocation.service).value);
                if made < RETRIED || !last.backs_off() || !must_retry(evidence, invocation, last) {
                    continue;
                }
                if made >= asked {
                    seen += 1;
                } else if gave_up(evidence, client, invocation, last) == Some(true) {
                    findings.add(|| finding(evidence, trial, client, invocation, asked));
                }
            }
        }
    }
    Ruling::of(findings, seen, "calls attempted as often as the profile says", "no call failed at every attempt")
}

/// Whether the client certainly ended this call on an error that every allowed client retries.
pub(super) fn left_alone(evidence: &Evidence, client: &Client, invocation: &Invocation) -> bool {
    invocation.attempts.last().is_some_and(|last| {
        last.backs_off()
            && must_retry(evidence, invocation, last)
            && gave_up(evidence, client, invocation, last) == Some(true)
    })
}

/// The smallest capacity of a published retry quota (guidance 1.4).
const CAPACITY: u32 = 500;

/// The shortest time that a published breaker stays open: Polly's (guidance 8.2).
const OPEN_US: u64 = 5_000_000;

/// So many calls prove together what one of them does not prove alone.
const TOGETHER: u64 = 3;

/// The invocations whose end proves something: nothing before them can have spent the client's quota or
/// opened a breaker. With an exact profile that holds where the account of a client that marks its calls, and makes
/// one at a time, has the price of another retry left; and for other clients as long as the quota cannot be spent
/// even if every retry so far took the dearest price and nothing came back. In an envelope it holds for the first
/// failed one; and for later ones while the quota cannot be spent and requests for the same operation
/// arrive shortly before and after, which an open breaker would have held back.
fn provers<'a>(evidence: &Evidence, trial: &Trial, client: &'a Client) -> &'a [Prover] {
    client.notes.provers.get_or_init(|| find_provers(evidence, trial, client))
}

fn find_provers(evidence: &Evidence, trial: &Trial, client: &Client) -> Vec<Prover> {
    let unseen = trial.unseen.iter().map(|(from, _)| *from).min();
    let mut order: Vec<(u64, usize)> = client
        .invocations
        .iter()
        .enumerate()
        .filter_map(|(i, inv)| Some((inv.attempts.iter().find(|a| a.class.is_some())?.end_us?, i)))
        // What failed connections cost its quota is not known,
        // nor whether a call that was not over by then was retried.
        .filter(|(_, i)| {
            let over = client.invocations[*i].over_us.unwrap_or(u64::MAX);
            unseen.is_none_or(|from| over < from)
        })
        .collect();
    order.sort_unstable();
    if !evidence.profile.exact {
        return in_envelope(client, &order);
    }
    let (mut failures, mut spent) = (0u32, 0u32);
    let capacity = evidence.profile.quota.as_ref().map_or(u32::MAX, |q| q.capacity);
    let threshold = evidence.profile.breaker.as_ref().map_or(u32::MAX, |b| b.threshold);
    let account = quota(evidence).and_then(|quota| Some((quota, least(quota, client)?)));
    let mut provers = Vec::new();
    for (_, index) in order {
        let attempts = client.invocations[index].attempts.len();
        let failed = client.invocations[index].attempts.iter().filter(|a| a.class.is_some()).count();
        let retries = u32::try_from(attempts).unwrap_or(u32::MAX);
        failures = failures.saturating_add(u32::try_from(failed).unwrap_or(u32::MAX));
        // Calls in progress at the same time spend from the same quota, and are reckoned as if all did first.
        spent = spent.saturating_add(retries.saturating_mul(DEAREST));
        let ahead = client.peak.saturating_mul(evidence.profile.attempts_max.value).saturating_mul(DEAREST);
        if failures >= threshold || (account.is_none() && spent.saturating_add(ahead) > capacity) {
            break;
        }
        let last = client.invocations[index].attempts.last();
        if let (Some((quota, left)), Some(last)) = (&account, last)
            && left[index] < dearest(*quota, last)
        {
            continue;
        }
        provers.push(Prover { index, alone: true });
    }
    provers
}

fn in_envelope(client: &Client, order: &[(u64, usize)]) -> Vec<Prover> {
    let mut arrivals: Vec<(&str, u64, usize)> = client
        .invocations
        .iter()
        .enumerate()
        .flat_map(|(i, inv)| inv.attempts.iter().map(move |a| (&*inv.operation, a.at_us, i)))
        .collect();
    arrivals.sort_unstable();
    let mut provers = Vec::new();
    let mut spent = client.peak.saturating_mul(DEAREST);
    for (nth, &(_, index)) in order.iter().enumerate() {
        let invocation = &client.invocations[index];
        let retries = u32::try_from(invocation.attempts.len().saturating_sub(1)).unwrap_or(u32::MAX);
        spent = spent.saturating_add(retries.saturating_mul(DEAREST));
        if nth == 0 {
            provers.push(Prover { index, alone: true });
        } else if spent >= CAPACITY {
            break;
        } else if flows_on(&arrivals, invocation, index) {
            provers.push(Prover { index, alone: false });
        }
    }
    provers
}

/// Whether other requests for the operation arrived within the shortest open time before the first
/// attempt and after the last.
fn flows_on(arrivals: &[(&str, u64, usize)], invocation: &Invocation, index: usize) -> bool {
    let (Some(first), Some(last)) = (invocation.attempts.first(), invocation.attempts.last()) else { return false };
    let operation = &*invocation.operation;
    let from = arrivals.partition_point(|a| (a.0, a.1) < (operation, first.at_us));
    let to = arrivals.partition_point(|a| (a.0, a.1) <= (operation, last.at_us));
    let near = |a: &(&str, u64, usize), at: u64| a.0 == operation && a.2 != index && a.1.abs_diff(at) < OPEN_US;
    let before = from.checked_sub(1).and_then(|i| arrivals.get(i)).is_some_and(|a| near(a, first.at_us));
    before && arrivals.get(to).is_some_and(|a| near(a, last.at_us))
}

/// Whether the allowed clients all retry this answer. Under `documented`, and for botocore's legacy mode,
/// which looks at code and status together, only what every list names.
fn must_retry(evidence: &Evidence, invocation: &Invocation, attempt: &Attempt) -> bool {
    if !attempt.answered {
        // Every SDK repeats a request whose connection broke; a plain HTTP client may not know if it may. The
        // SDK for Rust hands what it cannot parse, and streams that are reset, to its caller.
        let unread = attempt.faults.iter().any(|f| matches!(&**f, "garbage" | "rst_stream"));
        // An object's body is the caller's from its first byte; no SDK sends for it again.
        let streamed =
            attempt.status.is_some() && (&*invocation.service, &*invocation.operation) == ("s3", "GetObject");
        return attempt.broken && attempt.declared_max.is_some() && !unread && !streamed;
    }
    let (code, status) = (attempt.code.as_deref().unwrap_or_default(), attempt.status.unwrap_or_default());
    if attempt.class == Some(Class::Transient) && !repeatable(invocation) {
        return false;
    }
    // The guide of EC2 says to change the request instead (C15).
    if code == "InsufficientInstanceCapacity" {
        return false;
    }
    if matches!(status, 500 | 502 | 503 | 504) {
        return true;
    }
    let everywhere = !evidence.profile.exact || evidence.profile.family() == "botocore-legacy";
    match (status, code) {
        // Rust and Go do not retry a 429 without a code that they know (C17).
        (_, "") => false,
        (429, _) if everywhere => THROTTLED_EVERYWHERE.contains(&code),
        (400, _) if everywhere => {
            matches!(
                code,
                "Throttling" | "ThrottlingException" | "ThrottledException" | "ProvisionedThroughputExceededException"
            )
        }
        (403, "RequestThrottled") => true,
        _ if everywhere => false,
        _ if attempt.class == Some(Class::Throttling) => THROTTLING_CODES.contains(&code),
        _ => matches!(code, "RequestTimeout" | "RequestTimeoutException"),
    }
}

/// Codes that the oldest published list holds too (Java's).
const THROTTLED_EVERYWHERE: &[&str] = &[
    "BandwidthLimitExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// Whether a repeat does no harm if the first request took effect after all: a plain POST may.
fn repeatable(invocation: &Invocation) -> bool {
    &*invocation.service != "execute-api"
        || !(invocation.operation.starts_with("POST") || invocation.operation.starts_with("PATCH"))
}

/// Whether the client ended the call on this error: `None` if that is not known, `Some(false)` if
/// something else (a deadline) may have.
fn gave_up(evidence: &Evidence, client: &Client, invocation: &Invocation, last: &Attempt) -> Option<bool> {
    let over = invocation.over_us?;
    let Some(call) = invocation.call.and_then(|n| client.call(n)) else {
        // A like request later may be the same call, repeated by a loop above.
        return Some(!invocation.asked_again);
    };
    // More than one invocation: the caller's own loop went on.
    if call.invocations.len() > 1 {
        return Some(false);
    }
    // A call that ended while the client was waiting may have met its deadline.
    Some(over.saturating_sub(last.end_us?) <= evidence.slack.usual(5_000))
}

fn finding(evidence: &Evidence, trial: &Trial, client: &Client, invocation: &Invocation, allowed: u64) -> Finding {
    let at = invocation.attempts.len() - 1;
    let last = &invocation.attempts[at];
    let off = if last.declared_max == Some(1) { " (retries are turned off: the client announces `max=1`)" } else { "" };
    let profile = &evidence.profile;
    Finding {
        message: format!(
            "{} gave up after {}: {} asks for another try{off}",
            invocation.operation,
            told::count(at as u64 + 1, "attempt"),
            told::answer(last)
        ),
        expected: if profile.exact {
            format!("{allowed} attempts")
        } else {
            "at least one retry, after a pause".into()
        },
        observed: told::count(at as u64 + 1, "attempt"),
        source: if profile.exact {
            profile.attempts_max(&invocation.service).source.clone()
        } else {
            "S1, transient errors (retry recommended); AWS SDKs and Tools Reference Guide, retry behavior".into()
        },
        ..Finding::about(trial, client.index, invocation, at)
    }
}
