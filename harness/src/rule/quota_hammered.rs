//! A client whose quota is spent keeps calling as if nothing had happened.
//!
//! Counts the new calls that a client starts, to the same service, in the minute after the third answer
//! that said so. It may stop, ask once a minute, or slow down to a tenth of what it did before.
//!
//! ## Why it matters
//! A spent quota comes back when its period ends, in hours, not seconds. Until then every call is waste.
//! ## What to do
//! Make no more calls when a quota is spent, until its period ends.
//! ## Source
//! S2, 429 Limit Exceeded; guidance 5.1 and 10 (C9, C10)
//! ## Error probability
//! None: it is a count. Stock SDKs may repeat each call as often as the profile allows; only new calls
//! count, and only where the client owns its demand. Five calls are free, and so are those that were on
//! their way when the third answer came.

use std::collections::{BTreeMap, VecDeque};

use brownout_mocks::service::Class;

use crate::evidence::{Attempt, Client, Evidence, Invocation, Trial};

use super::{Finding, Findings, Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct QuotaHammered;

const MINUTE_US: u64 = 60_000_000;
/// New calls in a minute that are never too many.
const FREE: usize = 5;
/// Answers that a client may need to learn.
pub(super) const LESSONS: usize = 3;

impl Rule for QuotaHammered {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.owns_demand {
            return Ruling::NotApplicable("brownout's workload does the calling".into());
        }
        let (hammering, seen) = hammering(evidence, |attempt| attempt.class == Some(Class::Quota));
        let mut findings = Findings::default();
        for Hammering { trial, client, calls, allowed, last } in hammering {
            findings.add(|| Finding {
                message: format!(
                    "{calls} new calls within a minute although {LESSONS} answers had said that the quota is spent"
                ),
                expected: format!(
                    "at most {} a minute until the quota's period ends",
                    told::count(allowed as u64, "call")
                ),
                observed: told::count(calls as u64, "new call"),
                source: "S2, 429 Limit Exceeded; guidance 10 (C9)".into(),
                ..Finding::about(trial, client, last, 0)
            });
        }
        Ruling::of(findings, seen, "clients stopped or slowed down", "no client was told that its quota is spent")
    }
}

/// A client that went on calling.
pub(super) struct Hammering<'a> {
    pub(super) trial: &'a Trial,
    pub(super) client: u32,
    /// New calls in its worst minute, and how many are allowed.
    pub(super) calls: usize,
    pub(super) allowed: usize,
    pub(super) last: &'a Invocation,
}

/// The clients that went on calling after answers that are such a lesson, and how many clients had one.
pub(super) fn hammering(evidence: &Evidence, lesson: fn(&Attempt) -> bool) -> (Vec<Hammering<'_>>, u64) {
    let (mut all, mut seen) = (Vec::new(), 0);
    for trial in &evidence.trials {
        for client in &trial.clients {
            let mut services: BTreeMap<&str, Vec<&Invocation>> = BTreeMap::new();
            for invocation in &client.invocations {
                services.entry(&invocation.service).or_default().push(invocation);
            }
            for mut calls in services.into_values() {
                calls.sort_by_key(|i| i.attempts.first().map(|a| a.at_us));
                let Some((first, third)) = lessons(&calls, lesson) else { continue };
                seen += 1;
                // Told less often, it stopped by itself, or its time was up.
                let Some(third) = third else { continue };
                if let Some((calls, allowed, last)) = worst(evidence, client, &calls, first, third) {
                    all.push(Hammering { trial, client: client.index, calls, allowed, last });
                }
            }
        }
    }
    (all, seen)
}

/// When the first answer about the quota was over, and the third, if there was one.
fn lessons(calls: &[&Invocation], lesson: fn(&Attempt) -> bool) -> Option<(u64, Option<u64>)> {
    let told =
        calls.iter().filter_map(|i| i.attempts.iter().find(|a| lesson(a)).and_then(|a| a.end_us));
    let mut told: Vec<u64> = told.collect();
    told.sort_unstable();
    Some((*told.first()?, told.get(LESSONS - 1).copied()))
}

/// The worst minute after the third lesson, if it is too much: new calls, how many are allowed, the last.
fn worst<'a>(
    evidence: &Evidence,
    client: &Client,
    calls: &[&'a Invocation],
    first: u64,
    third: u64,
) -> Option<(usize, usize, &'a Invocation)> {
    let started = |i: &Invocation| i.attempts.first().map_or(0, |a| a.at_us);
    let before = calls.iter().filter(|i| started(i) <= first && started(i).saturating_add(MINUTE_US) >= first).count();
    // Those on their way when the third answer came are as many as it ever had in progress.
    let allowed = FREE.max(before.div_ceil(10)) + client.peak.min(1_000) as usize;
    let from = evidence.slack.above(third);
    let (mut window, mut most): (VecDeque<u64>, Option<(usize, usize, &Invocation)>) = (VecDeque::new(), None);
    for (at, call) in starts(evidence, calls).into_iter().filter(|(at, _)| *at > from) {
        window.push_back(at);
        while window.front().is_some_and(|t| t.saturating_add(MINUTE_US) <= at) {
            window.pop_front();
        }
        if window.len() > allowed && most.is_none_or(|(n, _, _)| window.len() > n) {
            most = Some((window.len(), allowed, call));
        }
    }
    most
}

/// When calls surely started. Where a client marks nothing, its requests may be repeats of one call; as many
/// as the profile allows are taken for one.
fn starts<'a>(evidence: &Evidence, calls: &[&'a Invocation]) -> Vec<(u64, &'a Invocation)> {
    let mut starts: Vec<(u64, &Invocation)> = Vec::new();
    for &call in calls {
        let most = evidence.profile.attempts_max(&call.service).value.max(1) as usize;
        let step = if call.marked { usize::MAX } else { most };
        starts.extend(call.attempts.iter().step_by(step).map(|a| (a.at_us, call)));
    }
    starts.sort_by_key(|(at, _)| *at);
    starts
}
