//! From the events of one trial to its clients, invocations and attempts.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use brownout_mocks::journal::{self, Answered, By, EventKind, Outcome, Received};
use brownout_mocks::service::Class;

use crate::guidance::auto::{self, Mode};

use super::{Adaptive, Attempt, Call, Client, Escape, Hung, Invocation, Trial};

/// Hashes what a journal numbers: the table is never walked through, so its order is nobody's, and a few
/// multiplications do where the default hash takes as long as all else that is done with an event.
#[derive(Debug, Clone, Copy, Default)]
struct Quick(u64);

impl Quick {
    /// The fraction of the golden ratio: odd, and far from any pattern in numbers that are given in a row.
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

    fn mix(&mut self, n: u64) {
        let product = u128::from(self.0.rotate_left(23) ^ n ^ Self::GOLDEN) * u128::from(Self::GOLDEN);
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
    }

    fn write_u32(&mut self, n: u32) {
        self.mix(n.into());
    }

    fn write_u64(&mut self, n: u64) {
        self.mix(n);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type Table<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;

/// Names that occur over and over, kept once.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(Table<Box<str>, Arc<str>>);

impl Names {
    fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(name) = self.0.get(text) {
            return Arc::clone(name);
        }
        let name: Arc<str> = text.into();
        self.0.insert(text.into(), Arc::clone(&name));
        name
    }
}

/// Where an attempt is: client, invocation, attempt.
type Place = (usize, usize, usize);

#[derive(Default)]
struct Builder {
    trial: Trial,
    clients: Table<u32, usize>,
    invocations: Table<(u32, u64), (usize, usize)>,
    calls: Table<(u32, u64), usize>,
    attempts: Table<u64, Place>,
}

pub(super) fn build(trial: &journal::Trial, names: &mut Names) -> Trial {
    let mut builder = Builder { trial: Trial { number: trial.header.trial, ..Trial::default() }, ..Builder::default() };
    for event in &trial.events {
        builder.trial.last_us = builder.trial.last_us.max(event.at_us);
        builder.event(event.at_us, &event.kind, names);
    }
    let mut trial = builder.trial;
    trial.unseen.sort_unstable();
    let unseen = Unseen::new(&trial.unseen);
    for client in &mut trial.clients {
        finish(client, &unseen);
    }
    trial.clients.sort_by_key(|c| c.index);
    trial
}

impl Builder {
    fn client(&mut self, index: u32) -> usize {
        let clients = &mut self.trial.clients;
        *self.clients.entry(index).or_insert_with(|| {
            clients.push(Client { index, peak: 1, ..Client::default() });
            clients.len() - 1
        })
    }

    fn event(&mut self, at_us: u64, kind: &EventKind, names: &mut Names) {
        match kind {
            EventKind::CallStarted { call, client, service, operation, .. } => {
                let c = self.client(*client);
                let calls = &mut self.trial.clients[c].calls;
                self.calls.entry((*client, *call)).or_insert_with(|| {
                    calls.push(Call {
                        number: *call,
                        service: names.get(service),
                        operation: names.get(operation),
                        started_us: at_us,
                        finished: None,
                        invocations: Vec::new(),
                    });
                    calls.len() - 1
                });
            }
            EventKind::CallFinished { call, client, outcome, .. } => {
                let c = self.client(*client);
                let client = &mut self.trial.clients[c];
                client.last_us = client.last_us.max(at_us);
                if let Some(call) = self.calls.get(&(client.index, *call)).and_then(|i| client.calls.get_mut(*i)) {
                    call.finished.get_or_insert((at_us, *outcome == Outcome::Success));
                }
            }
            EventKind::AttemptReceived(received) => self.received(at_us, received, names),
            EventKind::StepDecided { seq, step, faults, .. } => {
                if let Some(attempt) = self.attempt(*seq) {
                    attempt.step = step.as_deref().map(|s| names.get(s));
                    attempt.faults = faults.iter().map(|f| names.get(f)).collect();
                }
            }
            EventKind::Answered(answered) => self.answered(answered, names),
            EventKind::TookEffect { seq } => {
                if let Some(attempt) = self.attempt(*seq) {
                    attempt.effects += 1;
                }
            }
            EventKind::ConnectionClosed { seq: Some(seq), by, .. } => {
                if let Some(attempt) = self.attempt(*seq) {
                    closed(attempt, at_us, *by);
                }
            }
            EventKind::StreamReset { seq, .. } => {
                if let Some(attempt) = self.attempt(*seq) {
                    closed(attempt, at_us, By::Fault);
                }
            }
            EventKind::PortClosed { until_us, .. } => {
                self.trial.unseen.push((at_us, until_us.unwrap_or(u64::MAX)));
            }
            EventKind::ConnectionClosed { seq: None, step: Some(_), .. } => {
                self.trial.unseen.push((at_us, at_us));
            }
            EventKind::Escaped { host, request } => {
                self.trial.escapes.push(Escape { at_us, host: host.clone(), request: request.clone() });
            }
            EventKind::ClientHung { client, silent_us } => {
                self.trial.hung.push(Hung { client: *client, silent_us: *silent_us });
            }
            EventKind::ClientEnded { exit, signal } => {
                self.trial.ended_us = self.trial.ended_us.max(Some(at_us));
                self.trial.exit = exit.or(self.trial.exit);
                self.trial.signal = signal.or(self.trial.signal);
            }
            EventKind::CredentialsIssued { client, .. } => {
                let c = self.client(*client);
                self.trial.clients[c].issued.push(at_us);
            }
            EventKind::Refused { .. }
            | EventKind::UpstreamFailed { .. }
            | EventKind::Connected { .. }
            | EventKind::ConnectionClosed { seq: None, .. } => {}
        }
    }

    fn attempt(&mut self, seq: u64) -> Option<&mut Attempt> {
        let (c, i, a) = *self.attempts.get(&seq)?;
        self.trial.clients.get_mut(c)?.invocations.get_mut(i)?.attempts.get_mut(a)
    }

    fn received(&mut self, at_us: u64, received: &Received, names: &mut Names) {
        let c = self.client(received.client);
        let place = *self.invocations.entry((received.client, received.invocation)).or_insert_with(|| {
            let client = &mut self.trial.clients[c];
            client.invocations.push(Invocation {
                id: received.invocation,
                call: received.call,
                service: names.get(&received.service),
                operation: names.get(&received.operation),
                target: received.target.as_deref().map(|t| names.get(t)),
                ids: received.ids.iter().map(|id| names.get(id)).collect(),
                marked: false,
                joints: 0,
                asked_again: false,
                attempts: Vec::new(),
                over_us: None,
            });
            let i = client.invocations.len() - 1;
            if let Some(call) = received.call.and_then(|call| self.calls.get(&(received.client, call))) {
                client.calls[*call].invocations.push(i);
            }
            (c, i)
        });
        let client = &mut self.trial.clients[place.0];
        client.last_us = client.last_us.max(at_us);
        let sdk = received.sdk_attempt.is_some() || received.sdk_max.is_some();
        adaptive(client, received.user_agent.as_deref(), sdk);
        let invocation = &mut client.invocations[place.1];
        invocation.marked |= sdk || received.call.is_some();
        if received.resend && !invocation.attempts.is_empty() {
            // Below the retry policy: its answer is the answer to the attempt that it repeats.
            let a = invocation.attempts.len() - 1;
            let attempt = &mut invocation.attempts[a];
            (attempt.end_us, attempt.class, attempt.broken, attempt.answered) = (None, None, false, false);
            self.attempts.insert(received.seq, (place.0, place.1, a));
            return;
        }
        invocation.attempts.push(Attempt {
            seq: received.seq,
            number: received.attempt,
            row: 1,
            at_us,
            end_us: None,
            status: None,
            code: None,
            class: None,
            answered: false,
            broken: false,
            retry_after_ms: None,
            x_amz_retry_after_ms: None,
            step: None,
            faults: Vec::new(),
            gap_us: None,
            body_hash: received.body_hash.as_deref().map(Into::into),
            token_hash: received.token_hash.as_deref().map(Into::into),
            date: received.date.as_deref().map(|d| names.get(d)),
            session: received.session,
            invalid_hint: None,
            date_off_s: None,
            entries: received.entries.iter().map(|e| names.get(e)).collect(),
            partly_failed: None,
            effects: 0,
            declared_max: received.sdk_max.filter(|m| *m > 0),
            created: Vec::new(),
            unsettled: false,
        });
        self.attempts.insert(received.seq, (place.0, place.1, invocation.attempts.len() - 1));
    }

    fn answered(&mut self, answered: &Answered, names: &mut Names) {
        let code = answered.code.as_deref().map(|c| names.get(c));
        let created = answered.created.iter().map(|id| names.get(id)).collect();
        let Some(attempt) = self.attempt(answered.seq) else { return };
        (attempt.created, attempt.unsettled) = (created, answered.unsettled);
        attempt.status = Some(answered.status);
        attempt.code = code;
        attempt.end_us = Some(answered.last_byte_us.max(answered.first_byte_us));
        attempt.retry_after_ms = answered.retry_after_ms;
        attempt.x_amz_retry_after_ms = answered.x_amz_retry_after_ms;
        attempt.invalid_hint = answered.invalid_hint.as_deref().map(|h| names.get(h));
        attempt.date_off_s = answered.date_off_s;
        attempt.partly_failed = answered.partly_failed.clone().map(Box::new);
        attempt.answered = !answered.cut;
        attempt.effects += u32::from(answered.effect);
        attempt.broken |= answered.cut;
        attempt.class = if answered.cut { Some(Class::Transient) } else { answered.class };
        // What some take for a throttle starts their rate limiter.
        if matches!(attempt.class, Some(Class::Throttling | Class::Quota)) || attempt.status == Some(429) {
            let end = attempt.end_us;
            let (c, _, _) = self.attempts[&answered.seq];
            let client = &mut self.trial.clients[c];
            client.throttled_us = client.throttled_us.or(end);
        }
    }
}

/// A connection ended while the attempt was in hand: a failure of the network to the client.
fn closed(attempt: &mut Attempt, at_us: u64, by: By) {
    if attempt.answered {
        return;
    }
    attempt.broken |= by == By::Fault;
    attempt.end_us = attempt.end_us.max(Some(at_us));
    // The endpoint itself hanging up (the end of the run, a malformed request) is no fault of anybody's.
    if by != By::Endpoint {
        attempt.class = Some(Class::Transient);
    }
}

/// Reads the retry mode out of a `User-Agent`.
fn adaptive(client: &mut Client, user_agent: Option<&str>, sdk: bool) {
    if sdk && client.user_agent.is_none() && client.adaptive == Adaptive::No {
        client.adaptive = Adaptive::Unknown;
    }
    let Some(text) = user_agent.filter(|_| client.user_agent.is_none()) else { return };
    let lower = text.to_ascii_lowercase();
    let known = || ["aws-sdk", "aws-cli", "boto3", "botocore"].iter().any(|sdk| lower.contains(sdk));
    client.adaptive = match auto::mode(text) {
        Some(Mode::Adaptive) => Adaptive::Yes,
        None if sdk || known() => Adaptive::Unknown,
        _ => Adaptive::No,
    };
    client.user_agent = Some(text.to_owned());
}

/// How long before its first request a call of unknown beginning may have failed unseen.
const UNSEEN_US: u64 = 60_000_000;

/// When connections failed unseen, in order of their beginnings, each with the latest end so far.
struct Unseen(Vec<(u64, u64)>);

impl Unseen {
    fn new(sorted: &[(u64, u64)]) -> Self {
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

    /// Whether one did so between two times.
    fn between(&self, since: u64, at: u64) -> bool {
        let begun = self.0.partition_point(|(from, _)| *from <= at);
        begun.checked_sub(1).is_some_and(|i| self.0[i].1 >= since)
    }
}

/// Derives what needs the whole trial: rows, pauses, how much was in progress at once.
fn finish(client: &mut Client, unseen: &Unseen) {
    client.calls.sort_by_key(|c| c.number);
    let mut edges: Vec<(u64, i32)> = Vec::with_capacity(2 * (client.calls.len() + client.invocations.len()));
    for invocation in &mut client.invocations {
        // Once an attempt may have failed unseen, neither pauses nor their number are known for this row.
        let (mut row, mut blind) = (0, false);
        let call = invocation.call.filter(|_| !unseen.0.is_empty());
        let call = call.and_then(|number| client.calls.binary_search_by_key(&number, |c| c.number).ok());
        let started = call.map(|i| client.calls[i].started_us);
        let mut before: Option<(Option<u64>, Option<Class>, bool)> = None;
        for attempt in &mut invocation.attempts {
            let broken_row = match before {
                Some((_, class, answered)) => (answered && class.is_none()) || class == Some(Class::NotVisible),
                None => true,
            };
            row = if broken_row { 1 } else { row + 1 };
            attempt.row = row;
            let end = before.and_then(|(end, _, _)| end);
            let since = end.or(started).unwrap_or(attempt.at_us.saturating_sub(UNSEEN_US));
            blind = (blind && !broken_row) || unseen.between(since, attempt.at_us);
            attempt.gap_us = end.filter(|_| !blind).and_then(|end| attempt.at_us.checked_sub(end));
            before = Some((attempt.end_us, attempt.class, attempt.answered));
        }
        let ends = (invocation.attempts.first(), invocation.attempts.last());
        if let ((Some(first), Some(last)), None) = (ends, invocation.call) {
            edges.push((first.at_us, 1));
            edges.push((last.end_us.unwrap_or(u64::MAX).max(last.at_us), -1));
        }
    }
    for call in &client.calls {
        edges.push((call.started_us, 1));
        edges.push((call.finished.map_or(u64::MAX, |(at, _)| at), -1));
    }
    // Ends sort before starts at the same moment: one after the other is not both at once.
    edges.sort_unstable();
    let (mut now, mut peak) = (0i32, 1i32);
    for (_, edge) in edges {
        now += edge;
        peak = peak.max(now);
    }
    client.peak = u32::try_from(peak).unwrap_or(1);
}
