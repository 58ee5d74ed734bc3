//! What the rules about programs share: their requests in order, the same question asked again, and how soon.

use std::collections::BTreeMap;

use brownout_mocks::service::{self, Class};

use crate::evidence::{Attempt, Client, Evidence, Invocation, Trial};
use crate::guidance::Pacing;
use crate::stats::Duel;

use super::{Findings, Needs, Ruling, groups};

/// One request of a program.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) attempt: &'a Attempt,
    pub(super) invocation: &'a Invocation,
    pub(super) index: usize,
}

impl<'a> Asked<'a> {
    /// Whether its answer said that what it asks about does not exist, although it does.
    pub(super) fn hidden(&self) -> bool {
        self.attempt.class == Some(Class::NotVisible)
    }

    /// Whether it got a good and whole answer.
    pub(super) fn good(&self) -> bool {
        self.attempt.answered && self.attempt.class.is_none()
    }

    /// Whether its answer said: not yet.
    pub(super) fn waits(&self) -> bool {
        self.hidden() || (self.good() && self.attempt.unsettled)
    }

    /// Its place among the requests of its client.
    pub(super) fn place(&self) -> (u64, u64) {
        (self.attempt.at_us, self.attempt.seq)
    }

    /// When its answer was over.
    pub(super) fn end(&self) -> Option<u64> {
        self.attempt.end_us
    }

    /// Whether it only reads, as far as we know the operation.
    pub(super) fn reads(&self) -> bool {
        reads(self.invocation) == Some(true)
    }

    /// Whether it certainly changes something.
    pub(super) fn changes(&self) -> bool {
        reads(self.invocation) == Some(false)
    }

    /// Whether it names this.
    pub(super) fn names(&self, id: &str) -> bool {
        self.invocation.names().any(|name| &**name == id)
    }

    /// The same question: operation, target and body.
    pub(super) fn same(&self, other: &Asked<'a>) -> bool {
        let (a, b) = (self.invocation, other.invocation);
        a.service == b.service
            && a.operation == b.operation
            && a.target == b.target
            && self.attempt.body_hash == other.attempt.body_hash
    }
}

/// Whether an operation only reads; `None` where we do not know it.
fn reads(invocation: &Invocation) -> Option<bool> {
    let service = service::find(&invocation.service)?;
    // Somebody's own API: the method says so.
    let name = invocation.operation.split(' ').next().unwrap_or_default();
    service.operations().iter().find(|o| o.name == name).map(|o| !o.mutates)
}

/// All requests of a client, in order of arrival.
pub(super) fn requests(client: &Client) -> Vec<Asked<'_>> {
    let mut all: Vec<Asked<'_>> = client
        .invocations
        .iter()
        .flat_map(|invocation| {
            let attempts = invocation.attempts.iter().enumerate();
            attempts.map(move |(index, attempt)| Asked { attempt, invocation, index })
        })
        .collect();
    all.sort_by_key(Asked::place);
    all
}

/// The same question again and again, with nothing else in between, for as long as the answer is "not yet"; the request
/// that ended the wait stands last, if there was one. A row that holds one request is no wait, and is left out.
pub(super) fn waits<'r, 'a>(requests: &'r [Asked<'a>]) -> impl Iterator<Item = &'r [Asked<'a>]> {
    requests.chunk_by(|a, b| a.waits() && a.same(b)).filter(|row| row.len() > 1)
}

/// The pauses of one wait, in microseconds, each with the request after it. Where a program may have `threads` that ask
/// in turn, from a request to the one that the same thread must have sent at the latest.
pub(super) fn pauses<'a>(row: &[Asked<'a>], threads: usize) -> Vec<(u64, Asked<'a>)> {
    let steps = row.iter().step_by(threads).zip(row.iter().skip(threads).step_by(threads));
    steps.filter_map(|(before, after)| Some((after.attempt.at_us.checked_sub(before.end()?)?, *after))).collect()
}

/// How many threads may stand behind a client's requests: one where the calls are ours. A program that never had two
/// requests in progress may still have two that ask in turn; where more was seen, nobody can tell who waited for whom.
pub(super) fn threads(client: &Client) -> Option<usize> {
    match (client.calls.is_empty(), client.peak) {
        (false, _) => Some(1),
        (true, 0 | 1) => Some(2),
        (true, _) => None,
    }
}

/// Below this, in microseconds, a pause is shorter than the profile's guidance allows between two looks, or between two
/// commands that depend on each other: a couple of seconds (S0), Smithy's `minDelay`, the shortest delay of botocore's
/// waiters. The envelope takes one second.
pub(super) fn soonest(evidence: &Evidence) -> u64 {
    match &evidence.profile.polling {
        Some(polling) if polling.pacing == Pacing::Fixed => 5_000_000,
        Some(polling) => u64::try_from(polling.start.get().as_micros()).unwrap_or(u64::MAX),
        None => 1_000_000,
    }
}

/// Whether a pause is certainly shorter than `least`.
pub(super) fn shorter(evidence: &Evidence, pause: u64, least: u64) -> bool {
    pause.saturating_add(evidence.slack.below_us) < least
}

/// The ruling of a rule about pauses that are too short: under an exact profile one is enough, under an envelope the bet
/// decides, for there a pause may be drawn from zero on.
pub(super) fn rule_short(
    evidence: &Evidence,
    mut findings: Findings,
    seen: u64,
    duel: &Duel,
    what: &str,
    nothing: &str,
) -> Ruling {
    if evidence.profile.exact || seen == 0 {
        return Ruling::of(findings, seen, what, nothing);
    }
    match duel.decision() {
        Some(true) => Ruling::Fail(findings),
        Some(false) => {
            findings = Findings::default();
            Ruling::of(findings, seen, what, nothing)
        }
        None => Ruling::Inconclusive(Needs::more(
            &format!("{} of {} pauses were short", duel.hits(), duel.samples()),
            groups::trials_for(evidence, duel.samples(), duel.needs()),
        )),
    }
}

/// Up to here a pause between two requests is a program's own work and no wait, in microseconds.
pub(super) const NO_PAUSE_US: u64 = 50_000;

/// Whether a program ended by itself, and did not say that it had failed.
pub(super) fn content(trial: &Trial) -> bool {
    trial.ended_us.is_some() && trial.signal.is_none() && trial.hung.is_empty() && trial.exit.unwrap_or(0) == 0
}

/// Why a rule about programs has nothing to say about calls of ours.
pub(super) const OURS: &str = "brownout's workload does the calling; the rule speaks of programs";

/// Why a program cannot be judged whose requests overlap.
pub(super) const AT_ONCE: &str =
    "the program had several requests in progress at once, and nobody can tell which waited for which";

/// What would help there.
pub(super) const ONE_AT_A_TIME: &str = "let the program do one thing at a time";

/// What would help where a journal ends too soon.
pub(super) const TO_ITS_END: &str = "let the program run to its end, and judge the whole journal";

/// What became of one EC2 resource that a client made.
#[derive(Debug)]
pub(super) struct Story<'a> {
    /// Its id.
    pub(super) id: &'a str,
    /// Index of the client that made it.
    pub(super) client: u32,
    /// Whether that client is one of ours, which does one thing at a time.
    pub(super) ours: bool,
    /// The request that made it.
    pub(super) made: Asked<'a>,
    /// The requests that name it, after that answer, by whatever client, in order.
    pub(super) after: Vec<(u32, Asked<'a>)>,
}

impl<'a> Story<'a> {
    /// Whether this is a command of the same client about it, and no repeat of one. What makes something else only
    /// uses it.
    pub(super) fn commands(&self, client: u32, asked: &Asked<'a>) -> bool {
        client == self.client && asked.index == 0 && asked.changes() && asked.attempt.created.is_empty()
    }
}

/// The stories of a trial, in order, and when good answers about everything were asked for and over.
pub(super) fn stories(trial: &Trial) -> (Vec<Story<'_>>, Vec<(u64, u64)>) {
    let mut all: Vec<(&Client, Asked<'_>)> =
        trial.clients.iter().flat_map(|c| requests(c).into_iter().map(move |r| (c, r))).collect();
    all.retain(|(_, r)| *r.invocation.service == *"ec2");
    all.sort_by_key(|(_, r)| r.place());
    let (mut stories, mut lists): (Vec<Story<'_>>, Vec<(u64, u64)>) = (Vec::new(), Vec::new());
    let mut by_id: BTreeMap<&str, usize> = BTreeMap::new();
    for (client, asked) in all {
        if let (None, Some(end), true) = (asked.invocation.names().next(), asked.end(), asked.good() && asked.reads()) {
            lists.push((asked.attempt.at_us, end));
        }
        for id in asked.invocation.names() {
            if let Some(story) = by_id.get(&**id) {
                stories[*story].after.push((client.index, asked));
            }
        }
        for id in asked.attempt.created.iter().filter(|_| asked.good()) {
            by_id.entry(id).or_insert_with(|| {
                let ours = !client.calls.is_empty();
                stories.push(Story { id, client: client.index, ours, made: asked, after: Vec::new() });
                stories.len() - 1
            });
        }
    }
    (stories, lists)
}

/// The last request of a trial about each thing, and the last about everything, by service.
#[derive(Debug, Default)]
pub(super) struct Last<'a> {
    named: BTreeMap<(&'a str, &'a str), (u64, u64)>,
    lists: BTreeMap<&'a str, (u64, u64)>,
}

impl<'a> Last<'a> {
    pub(super) fn of(trial: &'a Trial) -> Self {
        let mut last = Self::default();
        for asked in trial.clients.iter().flat_map(requests) {
            let (service, place) = (&*asked.invocation.service, asked.place());
            if asked.invocation.names().next().is_none() && asked.reads() {
                let known = last.lists.entry(service).or_default();
                *known = place.max(*known);
            }
            for id in asked.invocation.names() {
                let known = last.named.entry((service, id)).or_default();
                *known = place.max(*known);
            }
        }
        last
    }

    /// Whether it was asked about after this request.
    pub(super) fn asked_after(&self, asked: &Asked<'_>, id: &str) -> bool {
        let service = &*asked.invocation.service;
        let named = self.named.get(&(service, id));
        named.max(self.lists.get(service)).is_some_and(|place| *place > asked.place())
    }
}
