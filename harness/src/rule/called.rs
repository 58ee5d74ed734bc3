//! What the rules about the caller's side share: calls of ours with all that they sent.

use crate::evidence::{Attempt, Call, Client, Evidence, Invocation, Trial};

/// A call of ours that sent something, and nothing of which can have gone unseen.
pub(super) struct Called<'a> {
    pub(super) trial: &'a Trial,
    pub(super) client: &'a Client,
    pub(super) call: &'a Call,
    pub(super) first: &'a Invocation,
    pub(super) last: &'a Invocation,
}

impl<'a> Called<'a> {
    /// Its last attempt, and that one's place in its invocation.
    pub(super) fn end(&self) -> Option<(usize, &'a Attempt)> {
        let at = self.last.attempts.len().checked_sub(1)?;
        Some((at, &self.last.attempts[at]))
    }

    /// How long after its last answer the caller heard, in microseconds: only where a whole answer came, and nothing
    /// but an answer can have ended the call.
    pub(super) fn heard_after(&self) -> Option<u64> {
        let (finished, succeeded) = self.call.finished?;
        let (_, last) = self.end().filter(|(_, last)| last.answered && !last.broken)?;
        if succeeded != last.class.is_none() {
            return None;
        }
        finished.checked_sub(last.end_us?)
    }
}

/// The calls of ours, where all connections were seen.
pub(super) fn calls(evidence: &Evidence) -> impl Iterator<Item = Called<'_>> {
    let trials = evidence.trials.iter().filter(|t| t.unseen.is_empty());
    trials.flat_map(|trial| trial.clients.iter().map(move |client| (trial, client))).flat_map(|(trial, client)| {
        client.calls.iter().filter_map(move |call| {
            let sent = || call.invocations.iter().filter_map(|i| client.invocations.get(*i));
            Some(Called { trial, client, call, first: sent().next()?, last: sent().next_back()? })
        })
    })
}

/// Why a rule about the caller's side has nothing to say.
pub(super) const NOTHING: &str = "the journal does not show the caller's side of such a call";
