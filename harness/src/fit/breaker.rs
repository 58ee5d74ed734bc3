//! A circuit breaker, from failures and from calls that were refused before anything was sent.
//!
//! Nothing is drawn here: each refused call proves that the breaker was open then, each one that was sent that it was
//! not. So the ends of all intervals are certain, and how close they lie is a matter of how often calls were made.

use std::collections::BTreeMap;

use brownout_mocks::service::Class;
use schemars::JsonSchema;
use serde::Serialize;

use super::number::Number;
use crate::evidence::{Attempt, Client, Evidence};

/// A circuit breaker, one for each operation.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Breaker {
    /// Whether one was seen open: calls failed without any request.
    pub seen: bool,
    /// Failures in a row that open it; a bound where it never opened.
    pub threshold: Number,
    /// How long it stays open, in seconds.
    pub open: Number,
    /// Calls at a time that it lets through while half-open.
    pub probes: Number,
    /// Successes of such calls that close it.
    pub closes_after: Number,
}

/// A call as a breaker sees it.
#[derive(Debug, Clone, Copy)]
struct Call {
    start: u64,
    end: u64,
    /// Whether it succeeded; `None` if its failure may not count.
    well: Option<bool>,
    /// Whether it was refused.
    refused: bool,
}

/// Ends that narrow with each thing seen.
#[derive(Debug, Clone, Copy)]
struct Ends {
    low: u64,
    high: u64,
}

impl Ends {
    const OPEN: Self = Self { low: 0, high: u64::MAX };

    fn at_least(&mut self, bound: u64) {
        self.low = self.low.max(bound);
    }

    fn at_most(&mut self, bound: u64) {
        self.high = self.high.min(bound);
    }

    fn number(self, scale: f64) -> Number {
        match (self.low, self.high) {
            // What contradicts itself is no breaker of this make.
            (low, high) if low > high => Number::default(),
            (0, u64::MAX) => Number::default(),
            (low, u64::MAX) => Number::at_least(low as f64 / scale),
            (low, high) => {
                Number::between(f64::midpoint(low as f64, high as f64) / scale, low as f64 / scale, high as f64 / scale)
            }
        }
    }
}

#[derive(Debug)]
struct Watched {
    seen: bool,
    threshold: Ends,
    open: Ends,
    probes: Ends,
    closes_after: Ends,
}

/// Fits; `None` where no call of the client's caller is known.
pub(super) fn fit(evidence: &Evidence) -> Option<Breaker> {
    let mut watched =
        Watched { seen: false, threshold: Ends::OPEN, open: Ends::OPEN, probes: Ends::OPEN, closes_after: Ends::OPEN };
    let mut any = false;
    // What failed on connections that nobody saw looks like a refusal.
    for trial in evidence.trials.iter().filter(|t| t.unseen.is_empty()) {
        for client in &trial.clients {
            for calls in by_operation(client).values() {
                any = true;
                watched.watch(calls, evidence);
            }
        }
    }
    any.then(|| Breaker {
        seen: watched.seen,
        threshold: watched.threshold.number(1.0),
        open: if watched.seen { watched.open.number(1e6) } else { Number::default() },
        probes: if watched.seen { watched.probes.number(1.0) } else { Number::default() },
        closes_after: if watched.seen { watched.closes_after.number(1.0) } else { Number::default() },
    })
}

/// Whether every breaker counts this failure.
fn counts(attempt: &Attempt) -> bool {
    matches!(attempt.class, Some(Class::Throttling | Class::Transient))
}

fn by_operation(client: &Client) -> BTreeMap<(&str, &str), Vec<Call>> {
    let mut operations: BTreeMap<(&str, &str), Vec<Call>> = BTreeMap::new();
    for call in &client.calls {
        let Some((end, well)) = call.finished else { continue };
        let last = call.invocations.last().and_then(|i| client.invocations.get(*i)?.attempts.last());
        let well = if well { Some(true) } else { last.is_some_and(counts).then_some(false) };
        let refused = call.invocations.is_empty() && well != Some(true);
        let (start, end) = (call.started_us, end.max(call.started_us));
        operations.entry((&call.service, &call.operation)).or_default().push(Call { start, end, well, refused });
    }
    for calls in operations.values_mut() {
        calls.sort_by_key(|c| (c.start, c.end));
    }
    operations
}

/// The shortest time that a published breaker stays open: Polly's (guidance 8.2). After so long a silence it may have
/// opened and be closed again.
const OPEN_US: u64 = 5_000_000;

/// The failures in a row before a moment.
#[derive(Debug, Default)]
struct Row {
    /// When those ended that every breaker counts, since anything else came.
    certain: Vec<u64>,
    /// How many failures of any kind since the last success.
    any: u64,
    /// Whether it may have opened and nobody asked it while it was: then a single failure may open it again.
    doubtful: bool,
}

impl Row {
    fn add(&mut self, call: &Call) {
        match call.well {
            _ if call.refused => {}
            Some(true) => *self = Self { doubtful: self.doubtful, ..Self::default() },
            Some(false) => {
                self.certain.push(call.end);
                self.any += 1;
            }
            // It may count, and it may as well end the row.
            None => {
                self.certain.clear();
                self.any += 1;
            }
        }
    }
}

impl Watched {
    fn watch(&mut self, calls: &[Call], evidence: &Evidence) {
        let slack = evidence.slack.above(0);
        let mut by_end: Vec<&Call> = calls.iter().collect();
        by_end.sort_by_key(|c| (c.end, c.start));
        // A call that took no time was not over before it began.
        let before = |c: &Call, start: u64| c.end <= start && c.start < start;
        let (mut at, mut over, mut latest) = (0, 0, 0);
        let mut row = Row::default();
        while let Some(call) = calls.get(at) {
            while let Some(ended) = by_end.get(over).filter(|c| before(c, call.start)) {
                row.add(ended);
                over += 1;
            }
            if row.certain.last().is_some_and(|last| call.start.saturating_sub(*last) >= OPEN_US) {
                row.certain.clear();
                row.doubtful = true;
            }
            if !call.refused {
                self.threshold.at_least(row.certain.len() as u64 + 1);
                latest = latest.max(call.end);
                at += 1;
                continue;
            }
            if row.any == 0 {
                // Refused without a failure before it: something else than a breaker.
                at += 1;
                continue;
            }
            self.seen = true;
            if !row.doubtful {
                self.threshold.at_most(row.any);
            }
            // Only so late a failure can have opened it.
            let least = usize::try_from(self.threshold.low).unwrap_or(1).max(1) - 1;
            let first = row.certain.get(least).or(row.certain.last()).copied().unwrap_or(0);
            let (next, sure) = self.opened(calls, at, first, latest, slack);
            at = next;
            // What ended the watch may not have closed it.
            row = Row { doubtful: !sure, ..Row::default() };
            let now = calls.get(at).map_or(u64::MAX, |c| c.start);
            over += by_end[over..].iter().take_while(|c| before(c, now)).count();
        }
    }

    /// Refused calls from `calls[at]` on. Returns where counting begins anew, and whether it has closed by then.
    fn opened(&mut self, calls: &[Call], at: usize, first: u64, last: u64, slack: u64) -> (usize, bool) {
        let (mut first, mut last, mut at) = (first, last, at);
        loop {
            let refused = calls[at..].iter().take_while(|c| c.refused);
            let shut = refused.clone().count();
            if let Some(latest) = refused.last() {
                self.open.at_least(latest.start.saturating_sub(last));
            }
            at += shut;
            let Some(probe) = calls.get(at) else { return (calls.len(), false) };
            self.open.at_most(probe.start.saturating_sub(first).saturating_add(slack));
            // Calls beside the first probe, before it was over.
            let beside = calls[at + 1..].iter().take_while(|c| c.start < probe.end);
            let (through, held) =
                beside.fold((1u64, false), |(n, held), c| (n + u64::from(!c.refused), held | c.refused));
            self.probes.at_least(through);
            if held {
                self.probes.at_most(through);
            }
            // One after another until it has certainly closed, or is open again.
            let (mut successes, mut next) = (0u64, at);
            loop {
                let Some(call) = calls.get(next) else { return (calls.len(), false) };
                next += 1;
                match call.well {
                    _ if call.refused => {}
                    Some(true) => successes += 1,
                    Some(false) => {
                        let again = calls[next..].iter().position(|c| c.start >= call.end);
                        let Some(again) = again.map(|n| next + n) else { return (calls.len(), false) };
                        if calls[again].refused {
                            if successes > 0 && self.threshold.low > 1 {
                                self.closes_after.at_least(successes + 1);
                            }
                            (first, last, at) = (call.end, call.end, again);
                            break;
                        }
                        // One failure did not open it again: it had closed.
                        self.closes_after.at_most(successes.max(1));
                        return (next - 1, true);
                    }
                    None => return (next, false),
                }
                if successes >= 8 {
                    self.closes_after.at_least(1);
                    return (next, true);
                }
            }
        }
    }
}
