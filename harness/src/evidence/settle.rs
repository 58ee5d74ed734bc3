//! What only a look back over the whole trial can tell: which invocations are over, and which repeats may be
//! calls of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Client, Evidence, Invocation, Trial};

/// How many requests the program may have meant by it.
pub(super) fn requests(invocation: &Invocation) -> u64 {
    if invocation.marked { 1 } else { invocation.attempts.len() as u64 }
}

/// What like requests have in common: client, operation, target and body.
pub(super) type Shape = (u32, Arc<str>, Option<Arc<str>>, Option<Arc<str>>);

pub(super) fn shape(client: &Client, invocation: &Invocation) -> Shape {
    let body = invocation.attempts.first().and_then(|a| a.body_hash.clone());
    (client.index, Arc::clone(&invocation.operation), invocation.target.clone(), body)
}

/// What the same entry of a batch has in common wherever it is sent: client, operation, target and hash.
pub(super) type Entry = (u32, Arc<str>, Option<Arc<str>>, Arc<str>);

pub(super) fn entry_of(client: &Client, invocation: &Invocation, entry: &Arc<str>) -> Entry {
    (client.index, Arc::clone(&invocation.operation), invocation.target.clone(), Arc::clone(entry))
}

impl Evidence {
    /// Whether the control sent this entry of a batch, and only once: then the program means it once.
    pub(crate) fn batched_once(&self, client: &Client, invocation: &Invocation, entry: &Arc<str>) -> bool {
        self.batched.get(&entry_of(client, invocation, entry)) == Some(&1)
    }

    /// Whether so many entries are more than the control sent in batches of this operation.
    pub(crate) fn batched_more(&self, client: &Client, invocation: &Invocation, entries: u64) -> bool {
        let own = |key: &Entry| key.0 == client.index && key.1 == invocation.operation;
        entries > self.batched.iter().filter(|(key, _)| own(key)).map(|(_, n)| n).sum::<u64>()
    }

    /// Whether there was a control.
    pub(crate) fn controlled(&self) -> bool {
        self.demand.is_some()
    }

    /// Whether the client asked for this operation more often, all targets together, than the control: by more than a
    /// fifth, which is no accident of a program that stops after a time and not after a number of calls. So it seems
    /// where there was no control.
    pub(crate) fn asked_more(&self, client: &Client, invocation: &Invocation) -> bool {
        self.demand.is_none() || client.notes.asked_more.contains(&invocation.operation)
    }

    /// Whether the control made this request, and only once: then further ones are repeats. A program that asks for what
    /// chance tells it may ask for one thing twice without any repeat, but not more often in all.
    pub(crate) fn asked_once(&self, client: &Client, invocation: &Invocation) -> bool {
        self.asked_more(client, invocation)
            && self.demand.as_ref().is_some_and(|demand| demand.get(&shape(client, invocation)) == Some(&1))
    }

    /// Finds out which invocations are certainly over.
    pub(super) fn settle(&self, trial: &mut Trial) {
        let left = trial.ended_us.filter(|_| trial.signal.is_none() && trial.hung.is_empty());
        for client in &mut trial.clients {
            let mut over = Vec::with_capacity(client.invocations.len());
            for invocation in &client.invocations {
                over.push(self.over(client, invocation, left));
            }
            for (invocation, over_us) in client.invocations.iter_mut().zip(over) {
                invocation.over_us = over_us;
            }
        }
    }

    /// Finds out which repeats may be calls of their own. A client that marks nothing and asks for the same
    /// thing fourteen times without any fault may do so with faults as well, and have retried nothing.
    pub(super) fn doubt(&self, trial: &mut Trial) {
        for client in &mut trial.clients {
            let (mut rows, mut asked) = (BTreeMap::<&Arc<str>, u64>::new(), BTreeMap::<&Arc<str>, u64>::new());
            for invocation in &client.invocations {
                *asked.entry(&invocation.operation).or_default() += requests(invocation);
                *rows.entry(&invocation.operation).or_default() += u64::from(!invocation.marked);
            }
            let meant = |operation: &Arc<str>| self.meant.get(&(client.index, Arc::clone(operation))).copied();
            let more = |(operation, asked): (&&Arc<str>, &u64)| {
                let meant = meant(operation)?;
                (*asked > meant + meant / 5).then(|| Arc::clone(operation))
            };
            let asked_more =
                if self.demand.is_some() { asked.iter().filter_map(more).collect() } else { BTreeSet::new() };
            let mut joints = Vec::with_capacity(client.invocations.len());
            for invocation in &client.invocations {
                let repeats = invocation.attempts.len().saturating_sub(1);
                joints.push(match &self.demand {
                    _ if invocation.marked || repeats == 0 => 0,
                    None => repeats,
                    // Of calls at the same time, parts of several may lie in one row, and one in several rows.
                    Some(_) if client.peak > 1 => {
                        let meant = meant(&invocation.operation).unwrap_or(0);
                        repeats.min(usize::try_from(meant.saturating_sub(1)).unwrap_or(usize::MAX))
                    }
                    Some(_) => {
                        // Each row of requests is one call at least; what was meant beyond that may be anywhere in them.
                        // What a program asks for may be left to chance: only how often it asks is held against it.
                        let rows = rows.get(&invocation.operation).copied().unwrap_or(1);
                        let hidden = meant(&invocation.operation).unwrap_or(0).saturating_sub(rows);
                        usize::try_from(hidden).unwrap_or(usize::MAX)
                    }
                });
            }
            for (invocation, joints) in client.invocations.iter_mut().zip(joints) {
                invocation.joints = joints;
            }
            client.notes.asked_more = asked_more;
            if client.calls.is_empty() {
                let mut later = BTreeSet::new();
                let shapes: Vec<Shape> = client.invocations.iter().map(|i| shape(client, i)).collect();
                for (invocation, shape) in client.invocations.iter_mut().zip(shapes).rev() {
                    invocation.asked_again = !later.insert(shape);
                }
            }
        }
    }

    fn over(&self, client: &Client, invocation: &Invocation, left: Option<u64>) -> Option<u64> {
        let last = invocation.attempts.last()?;
        let end = last.end_us?;
        if invocation.succeeded() {
            return Some(end);
        }
        if let Some(number) = invocation.call {
            return client.call(number)?.finished.map(|(at, _)| at);
        }
        // By its own word this was the last attempt …
        if last.declared_max.is_some_and(|max| invocation.attempts.len() >= max as usize) {
            return Some(end);
        }
        // … or the client went on for longer than any pause it may make …
        let pause = self.pause_max(client, invocation, last).or(last.class.is_some().then_some(300_000_000))?;
        if client.last_us > end.saturating_add(pause) {
            return Some(client.last_us);
        }
        // … or it did one thing at a time, this was the last of them, and it left by itself.
        left.filter(|_| client.peak <= 1 && client.last_us <= end.max(last.at_us))
    }
}
