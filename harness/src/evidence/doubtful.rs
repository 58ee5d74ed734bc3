//! What may have gone unseen, and whose calls are in doubt because of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Call, Client};

/// Stretches of time in order of their beginnings, each with the latest end so far.
pub(super) struct Spans(Vec<(u64, u64)>);

impl Spans {
    pub(super) fn new(sorted: &[(u64, u64)]) -> Self {
        let mut latest = 0;
        Self(
            sorted
                .iter()
                .map(|(from, until)| {
                    latest = latest.max(*until);
                    (*from, latest)
                })
                .collect(),
        )
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them has a part between two times.
    pub(super) fn between(&self, since: u64, at: u64) -> bool {
        let begun = self.0.partition_point(|(from, _)| *from <= at);
        begun.checked_sub(1).is_some_and(|i| self.0[i].1 >= since)
    }
}

/// A service and an operation.
type Asked = (Arc<str>, Arc<str>);

/// Where a request does not say which call it was made for, and several could have made it, nobody knows what each of
/// these sent: none of them is a call of ours any more, and what they sent stands for itself. A driver's client that
/// makes several calls at a time and marks none of its requests is seen like this.
pub(super) fn leave_doubtful_out(client: &mut Client) {
    if client.calls.is_empty() || client.invocations.iter().all(|i| i.call.is_some()) {
        return;
    }
    let mut loose: BTreeMap<Asked, Vec<(u64, u64)>> = BTreeMap::new();
    for invocation in client.invocations.iter().filter(|i| i.call.is_none()) {
        if let (Some(first), Some(last)) = (invocation.attempts.first(), invocation.attempts.last()) {
            let kind = (Arc::clone(&invocation.service), Arc::clone(&invocation.operation));
            loose.entry(kind).or_default().push((first.at_us, last.at_us));
        }
    }
    let loose: BTreeMap<Asked, Spans> = loose
        .into_iter()
        .map(|(kind, mut spans)| {
            spans.sort_unstable();
            (kind, Spans::new(&spans))
        })
        .collect();
    let doubtful = |call: &Call| {
        let end = call.finished.map_or(u64::MAX, |(at, _)| at);
        let kind = (Arc::clone(&call.service), Arc::clone(&call.operation));
        loose.get(&kind).is_some_and(|spans| spans.between(call.started_us, end))
    };
    // In order of their numbers, as the calls are.
    let gone: Vec<u64> = client.calls.iter().filter(|c| doubtful(c)).map(|c| c.number).collect();
    client.doubtful = !gone.is_empty();
    client.calls.retain(|c| gone.binary_search(&c.number).is_err());
    for invocation in &mut client.invocations {
        invocation.call = invocation.call.filter(|number| gone.binary_search(number).is_err());
    }
}
