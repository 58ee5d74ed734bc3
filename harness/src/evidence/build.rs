//! From the events of one trial to its clients, invocations and attempts.

use std::sync::Arc;

use brownout_mocks::journal::{self, Answered, By, EventKind, Outcome, Received};
use brownout_mocks::service::Class;

use crate::guidance::auto::{self, Mode};

use super::attempt::{Faults, Rare, Seen};
use super::doubtful::{Spans, leave_doubtful_out};
use super::names::{Names, Table};
use super::numbered::Numbered;
use super::{Adaptive, Attempt, Call, Client, Escape, Hung, Invocation, Trial, call_of};

/// Where an attempt is: client, invocation, attempt.
type Place = (u32, u32, u32);

#[derive(Default)]
struct Builder {
    trial: Trial,
    clients: Numbered<u32>,
    /// By number: client and place among its invocations.
    invocations: Numbered<(u32, u32)>,
    /// Those whose number another client had first, as mangled journals have them.
    shared: Table<(u32, u64), u32>,
    /// Of each client, by number.
    calls: Vec<Numbered<u32>>,
    attempts: Numbered<Place>,
}

pub(super) fn build(trial: &journal::Trial, names: &mut Names) -> Trial {
    let mut builder = Builder { trial: Trial { number: trial.header.trial, ..Trial::default() }, ..Builder::default() };
    for event in &trial.events {
        builder.trial.last_us = builder.trial.last_us.max(event.at_us);
        builder.event(event.at_us, &event.kind, names);
    }
    let mut trial = builder.trial;
    trial.unseen.sort_unstable();
    let unseen = Spans::new(&trial.unseen);
    for client in &mut trial.clients {
        finish(client, &unseen, &mut trial.seen);
    }
    trial.clients.sort_by_key(|c| c.index);
    trial
}

impl Builder {
    /// The place of a client.
    fn client(&mut self, index: u32) -> usize {
        if let Some(place) = self.clients.get(index.into()) {
            return place as usize;
        }
        let place = self.trial.clients.len();
        self.clients.insert(index.into(), place as u32);
        self.trial.clients.push(Client { index, peak: 1, ..Client::default() });
        self.calls.push(Numbered::default());
        place
    }

    fn event(&mut self, at_us: u64, kind: &EventKind, names: &mut Names) {
        match kind {
            EventKind::CallStarted { call, client, service, operation, .. } => {
                let c = self.client(*client);
                let calls = &mut self.trial.clients[c].calls;
                if self.calls[c].get(*call).is_none() {
                    self.calls[c].insert(*call, calls.len() as u32);
                    calls.push(Call {
                        number: *call,
                        service: names.get(service),
                        operation: names.get(operation),
                        started_us: at_us,
                        finished: None,
                        invocations: Vec::new(),
                    });
                }
            }
            EventKind::CallFinished { call, client, outcome, .. } => {
                let c = self.client(*client);
                let client = &mut self.trial.clients[c];
                client.last_us = client.last_us.max(at_us);
                if let Some(call) = self.calls[c].get(*call).and_then(|i| client.calls.get_mut(i as usize)) {
                    call.finished.get_or_insert((at_us, *outcome == Outcome::Success));
                }
            }
            EventKind::AttemptReceived(received) => self.received(at_us, received, names),
            EventKind::StepDecided { seq, step, faults, .. } => {
                if let Some(attempt) = self.attempt(*seq) {
                    attempt.step = names.of(step.as_ref());
                    attempt.faults = names.faults(faults);
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
            EventKind::ClockMoved { by_us } => self.trial.moves.push(at_us, *by_us),
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
        let (c, i, a) = self.attempts.get(seq)?;
        self.trial.clients.get_mut(c as usize)?.invocations.get_mut(i as usize)?.attempts.get_mut(a as usize)
    }

    /// The place of an invocation among those of its client.
    fn invocation(&mut self, c: usize, received: &Received, names: &mut Names) -> usize {
        let first = self.invocations.get(received.invocation);
        let known = match first {
            Some((client, i)) if client as usize == c => Some(i),
            Some(_) => self.shared.get(&(c as u32, received.invocation)).copied(),
            None => None,
        };
        if let Some(i) = known {
            return i as usize;
        }
        let client = &mut self.trial.clients[c];
        let i = client.invocations.len();
        if first.is_none() {
            self.invocations.insert(received.invocation, (c as u32, i as u32));
        } else {
            self.shared.insert((c as u32, received.invocation), i as u32);
        }
        let call = received.call.and_then(|call| self.calls[c].get(call)).map(|call| &mut client.calls[call as usize]);
        // Most ask for what their call asks for; to see that is quicker than to look the names up.
        let like = |text: &str, name: Option<&Arc<str>>| name.filter(|n| ***n == *text).cloned();
        let service = like(&received.service, call.as_ref().map(|c| &c.service));
        let operation = like(&received.operation, call.as_ref().map(|c| &c.operation));
        let service = service.unwrap_or_else(|| names.get(&received.service));
        let operation = operation.unwrap_or_else(|| names.get(&received.operation));
        client.invocations.push(Invocation {
            id: received.invocation,
            call: received.call,
            mutates: names.mutates(&service, &operation),
            service,
            operation,
            target: names.of(received.target.as_ref()),
            ids: names.all(&received.ids),
            marked: false,
            joints: 0,
            asked_again: false,
            attempts: Vec::new(),
            over_us: None,
        });
        if let Some(call) = call {
            call.invocations.reserve_exact(1);
            call.invocations.push(i);
        }
        i
    }

    fn received(&mut self, at_us: u64, received: &Received, names: &mut Names) {
        let c = self.client(received.client);
        let i = self.invocation(c, received, names);
        let client = &mut self.trial.clients[c];
        client.last_us = client.last_us.max(at_us);
        let sdk = received.sdk_attempt.is_some() || received.sdk_max.is_some();
        adaptive(client, received.user_agent.as_deref(), sdk);
        let invocation = &mut client.invocations[i];
        invocation.marked |= sdk || received.call.is_some();
        let place = |a: usize| (c as u32, i as u32, a as u32);
        if let (true, Some(attempt)) = (received.resend, invocation.attempts.last_mut()) {
            // Below the retry policy: its answer is the answer to the attempt that it repeats.
            (attempt.end_us, attempt.class, attempt.broken, attempt.answered) = (None, None, false, false);
            self.attempts.insert(received.seq, place(invocation.attempts.len() - 1));
            return;
        }
        let attempts = &mut invocation.attempts;
        // A retry mostly has the body of the attempt before it.
        let before = attempts.last().and_then(|a| a.body_hash.as_ref());
        let body_hash = received.body_hash.as_ref().map(|hash| match before {
            Some(before) if **before == **hash => Arc::clone(before),
            _ => hash.as_str().into(),
        });
        let rare = received.token_hash.is_some() || received.session.is_some() || !received.entries.is_empty();
        let rare = rare.then(|| {
            Box::new(Rare {
                token_hash: received.token_hash.as_deref().map(Into::into),
                session: received.session,
                entries: names.all(&received.entries),
                ..Rare::default()
            })
        });
        if attempts.len() == attempts.capacity() {
            // Most have one attempt, and few more than two: a vector left to itself begins with four.
            attempts.reserve_exact(attempts.len().max(1));
        }
        attempts.push(Attempt {
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
            step: None,
            faults: Faults::default(),
            gap_us: None,
            body_hash,
            date: names.of(received.date.as_ref()),
            effects: 0,
            declared_max: received.sdk_max.filter(|m| *m > 0),
            unsettled: false,
            rare,
        });
        self.attempts.insert(received.seq, place(attempts.len() - 1));
    }

    fn answered(&mut self, answered: &Answered, names: &mut Names) {
        let Some(place) = self.attempts.get(answered.seq) else { return };
        let Some(attempt) = self.attempt(answered.seq) else { return };
        attempt.unsettled = answered.unsettled;
        attempt.status = Some(answered.status);
        attempt.code = names.of(answered.code.as_ref());
        attempt.end_us = Some(answered.last_byte_us.max(answered.first_byte_us));
        attempt.answered = !answered.cut;
        attempt.effects += u32::from(answered.effect);
        attempt.broken |= answered.cut;
        attempt.class = if answered.cut { Some(Class::Transient) } else { answered.class };
        let rare = answered.retry_after_ms.is_some()
            || answered.x_amz_retry_after_ms.is_some()
            || answered.invalid_hint.is_some()
            || answered.date_off_s.is_some()
            || answered.partly_failed.is_some()
            || !answered.created.is_empty();
        if rare || attempt.rare.is_some() {
            let rare = attempt.rare.get_or_insert_default();
            rare.retry_after_ms = answered.retry_after_ms;
            rare.x_amz_retry_after_ms = answered.x_amz_retry_after_ms;
            rare.invalid_hint = names.of(answered.invalid_hint.as_ref());
            rare.date_off_s = answered.date_off_s;
            rare.partly_failed = answered.partly_failed.clone().map(Box::new);
            rare.created = names.all(&answered.created);
        }
        // What some take for a throttle starts their rate limiter.
        if matches!(attempt.class, Some(Class::Throttling | Class::Quota)) || attempt.status == Some(429) {
            let end = attempt.end_us;
            let client = &mut self.trial.clients[place.0 as usize];
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

/// Derives what needs the whole trial: rows, pauses, how much was in progress at once.
fn finish(client: &mut Client, unseen: &Spans, seen: &mut Seen) {
    client.calls.sort_by_key(|c| c.number);
    leave_doubtful_out(client);
    let mut edges: Vec<(u64, i32)> = Vec::with_capacity(2 * (client.calls.len() + client.invocations.len()));
    for invocation in &mut client.invocations {
        // Once an attempt may have failed unseen, neither pauses nor their number are known for this row.
        let (mut row, mut blind) = (0, false);
        let call = invocation.call.filter(|_| !unseen.is_empty());
        let started = call.and_then(|number| call_of(&client.calls, number)).map(|c| c.started_us);
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
            seen.take(attempt);
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
