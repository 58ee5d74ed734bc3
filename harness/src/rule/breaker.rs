//! What the rules about circuit breakers share: what one is seen to do, from failures, silence and refused calls.
//!
//! A breaker is per client. What it is asked is the failures that it must have counted whatever it counts: calls of one
//! operation, one after the other, with no success of the same service in between. When it must have opened, no new call
//! may arrive for as long as it is to stay open; calls that were on their way are no new ones.

use std::collections::BTreeMap;

use crate::evidence::{Client, Evidence, Trial};
use crate::guidance::Breaker;

/// How a breaker went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breach {
    /// Calls went on as if nothing had happened.
    NeverOpened,
    /// Its first call after a silence came before the open time was over.
    Early,
    /// Calls were still refused long after it.
    Late,
    /// More calls at a time than it may probe with.
    Crowd,
    /// After a failed probe it did not stay silent for the whole open time again.
    Reopened,
    /// It refused calls although it had closed.
    StillShut,
}

/// One thing that a breaker did, right or wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Act {
    /// What it did wrong, if anything.
    pub(super) breach: Option<Breach>,
    /// What it was about: opening, probing, or closing.
    pub(super) phase: Phase,
    /// The invocation that shows it.
    pub(super) invocation: Option<usize>,
    /// The time that it took, in microseconds.
    pub(super) took_us: u64,
}

/// What a breaker is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Opening,
    Probing,
    Closing,
}

/// A call as a breaker sees it.
#[derive(Debug, Clone)]
pub(super) struct Deed {
    pub(super) service: String,
    pub(super) operation: String,
    /// When it was asked for, or first arrived.
    pub(super) start: u64,
    pub(super) end: u64,
    /// Whether it succeeded; `None` if its failure says nothing about the health of the service.
    pub(super) well: Option<bool>,
    /// Its invocation; none if it was refused before anything was sent.
    pub(super) invocation: Option<usize>,
}

impl Deed {
    /// What it is one of.
    fn kind(&self) -> (&str, &str) {
        (&self.service, &self.operation)
    }
}

/// The deeds of a client, in the order in which they ended.
pub(super) fn deeds(client: &Client) -> Vec<Deed> {
    let mut deeds: Vec<Deed> = client
        .invocations
        .iter()
        .enumerate()
        .filter_map(|(i, invocation)| {
            let (first, last) = (invocation.attempts.first()?, invocation.attempts.last()?);
            let well = if invocation.succeeded() { Some(true) } else { last.backs_off().then_some(false) };
            Some(Deed {
                service: invocation.service.to_string(),
                operation: invocation.operation.to_string(),
                start: first.at_us,
                // Never before it began, whatever the journal says: time must go on.
                end: last.end_us.or(invocation.over_us)?.max(first.at_us),
                well,
                invocation: Some(i),
            })
        })
        .collect();
    deeds.extend(client.calls.iter().filter(|c| c.invocations.is_empty()).filter_map(|call| {
        let (end, well) = call.finished?;
        (!well).then(|| Deed {
            service: call.service.to_string(),
            operation: call.operation.to_string(),
            start: call.started_us,
            end: end.max(call.started_us),
            well: None,
            invocation: None,
        })
    }));
    deeds.sort_by_key(|d| (d.end, d.start));
    deeds
}

/// What is allowed beside the open time: a fiftieth of it, a tenth of a second at least.
fn margin(open: u64) -> u64 {
    (open / 50).max(100_000)
}

/// All that the breaker of a client was seen to do.
pub(super) fn acts(evidence: &Evidence, breaker: &Breaker, trial: &Trial, client: &Client) -> Vec<Act> {
    let mut acts = Vec::new();
    // What failed unseen may have been counted too.
    if !trial.unseen.is_empty() {
        return acts;
    }
    let deeds = deeds(client);
    let open = u64::try_from(breaker.open.get().as_micros()).unwrap_or(u64::MAX);
    let watch = Watch { deeds: &deeds, starts: Starts::of(&deeds), open, slack: evidence.slack.above(0), breaker };
    let (mut at, mut count) = (0, 0u32);
    while let Some(deed) = deeds.get(at) {
        count = match deed.well {
            Some(false) if count == 0 || same(&deeds, at) => count + 1,
            Some(false) => 1,
            // Whether a failure of another kind counts is the breaker's own affair; nothing is asked of it then.
            Some(true) | None => 0,
        };
        at += 1;
        if count >= breaker.threshold {
            at = watch.opened(at - 1, &mut acts);
            count = 0;
        }
    }
    acts
}

/// Whether the failure before this one was of the same operation.
fn same(deeds: &[Deed], at: usize) -> bool {
    let this = &deeds[at];
    deeds[..at].iter().rev().find(|d| d.service == this.service).is_some_and(|d| d.operation == this.operation)
}

/// Deeds in order of their starts, so that no question about a time looks at all of them.
#[derive(Default)]
struct Starts<'a> {
    /// What was sent, by service and operation: start, and which deed.
    sent: BTreeMap<(&'a str, &'a str), Vec<(u64, usize)>>,
    /// What was refused, likewise.
    refused: BTreeMap<(&'a str, &'a str), Vec<(u64, usize)>>,
    /// All that was sent: start, and the latest end of those until then.
    ends: Vec<(u64, u64)>,
}

impl<'a> Starts<'a> {
    fn of(deeds: &'a [Deed]) -> Self {
        let mut order: Vec<usize> = (0..deeds.len()).collect();
        order.sort_by_key(|i| (deeds[*i].start, *i));
        let (mut starts, mut latest) = (Self::default(), 0);
        for i in order {
            let deed = &deeds[i];
            let sent = deed.invocation.is_some();
            let list = if sent { &mut starts.sent } else { &mut starts.refused };
            list.entry(deed.kind()).or_default().push((deed.start, i));
            if sent {
                latest = latest.max(deed.end);
                starts.ends.push((deed.start, latest));
            }
        }
        starts
    }
}

/// Those that start after a time.
fn after(starts: &[(u64, usize)], time: u64) -> &[(u64, usize)] {
    &starts[starts.partition_point(|(start, _)| *start <= time)..]
}

struct Watch<'a> {
    deeds: &'a [Deed],
    starts: Starts<'a>,
    open: u64,
    slack: u64,
    breaker: &'a Breaker,
}

impl Watch<'_> {
    /// The first call of the operation that was sent after `when`, in order of sending.
    fn next(&self, like: &Deed, when: u64) -> Option<(usize, &Deed)> {
        let sent = self.starts.sent.get(&like.kind())?;
        let (_, index) = after(sent, when.saturating_add(self.slack)).first()?;
        Some((*index, &self.deeds[*index]))
    }

    /// Whether a call of the operation was refused between two times.
    fn refused(&self, like: &Deed, from: u64, to: u64) -> Option<&Deed> {
        let (start, index) = after(self.starts.refused.get(&like.kind())?, from).first()?;
        (*start < to).then(|| &self.deeds[*index])
    }

    /// When the last of those ended that were sent until a time.
    fn ended(&self, until: u64) -> Option<u64> {
        let sent = self.starts.ends.partition_point(|(start, _)| *start <= until);
        Some(self.starts.ends[sent.checked_sub(1)?].1)
    }

    /// The breaker must be open since the end of `deeds[at]`. Returns where counting goes on.
    fn opened(&self, at: usize, acts: &mut Vec<Act>) -> usize {
        let (mut since, mut last) = (self.deeds[at].end, at);
        let mut reopened = false;
        loop {
            let like = &self.deeds[last];
            // Calls on their way may still fail; the open time may count from the last of them.
            let latest = self.ended(since.saturating_add(self.slack)).unwrap_or(since).max(since);
            let Some((index, probe)) = self.next(like, since) else {
                if self.refused(like, since, u64::MAX).is_some() {
                    acts.push(Act { breach: None, phase: Phase::Opening, invocation: like.invocation, took_us: 0 });
                }
                return self.deeds.len();
            };
            let took_us = probe.start.saturating_sub(since);
            let act = |breach, phase| Act { breach, phase, invocation: probe.invocation, took_us };
            if took_us.saturating_add(margin(self.open)) < self.open {
                let silent = took_us > self.open / 4 || self.refused(like, since, probe.start).is_some();
                acts.push(match (reopened, silent) {
                    (true, _) => act(Some(Breach::Reopened), Phase::Closing),
                    (false, true) => act(Some(Breach::Early), Phase::Probing),
                    (false, false) => act(Some(Breach::NeverOpened), Phase::Opening),
                });
                return index;
            }
            acts.push(act(None, if reopened { Phase::Closing } else { Phase::Opening }));
            let due = latest.saturating_add(self.open).saturating_add(margin(self.open));
            let late = self.refused(like, due, probe.start).is_some();
            let sent = self.starts.sent.get(&like.kind()).map_or(&[][..], |sent| sent);
            let crowd = sent.partition_point(|(start, _)| *start <= probe.end)
                - sent.partition_point(|(start, _)| *start < probe.start);
            let crowd = crowd > self.breaker.probes as usize;
            let breach = if late { Some(Breach::Late) } else { crowd.then_some(Breach::Crowd) };
            acts.push(act(breach, Phase::Probing));
            match self.half_open(index, acts) {
                Half::Open(again) => (since, last, reopened) = (self.deeds[again].end, again, true),
                Half::Closed(next) | Half::Unclear(next) => return next,
            }
        }
    }

    /// Follows the probes from `deeds[at]` on.
    fn half_open(&self, at: usize, acts: &mut Vec<Act>) -> Half {
        let like = &self.deeds[at];
        let mut successes = 0;
        for (index, deed) in self.deeds.iter().enumerate().skip(at) {
            if deed.invocation.is_none() || deed.service != like.service || deed.operation != like.operation {
                continue;
            }
            match deed.well {
                Some(true) => successes += 1,
                Some(false) => return Half::Open(index),
                None => return Half::Unclear(index + 1),
            }
            if successes < self.breaker.closes_after {
                continue;
            }
            // Closed: nothing may be refused until there are failures again.
            let until = self.deeds[index + 1..].iter().find(|d| d.well != Some(true) && d.invocation.is_some());
            let until = until.map_or(u64::MAX, |d| d.start);
            let shut = self.refused(like, deed.end.saturating_add(self.slack), until);
            let breach = shut.map(|_| Breach::StillShut);
            let took_us = shut.map_or(0, |d| d.start.saturating_sub(deed.end));
            acts.push(Act { breach, phase: Phase::Closing, invocation: deed.invocation, took_us });
            return Half::Closed(index + 1);
        }
        Half::Unclear(self.deeds.len())
    }
}

enum Half {
    /// A probe failed: this one.
    Open(usize),
    /// It has closed; counting goes on here.
    Closed(usize),
    /// Nothing more can be said; counting goes on here.
    Unclear(usize),
}
