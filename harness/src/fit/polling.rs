//! How a program polls for what is not visible yet: its shortest pauses, their growth, where they end.
//!
//! Programs add jitter of many kinds to a poll, so that no kind is assumed but that the pauses before one poll are uniform
//! between two ends. Of such draws, (shortest − lower end) ÷ (longest − shortest) has the distribution
//! P(> t) = (1 + t)^(1 − n), whatever the ends are; so has the upper one.

use std::collections::BTreeMap;

use brownout_mocks::service::Class;
use schemars::JsonSchema;
use serde::Serialize;

use super::number::Number;
use super::region::{Cost, Range, Rung, region};
use crate::evidence::{Attempt, Client, Evidence};

/// A schedule of polls.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Polling {
    /// How many pauses between polls were seen.
    pub pauses: u64,
    /// Least pause before the second poll, in seconds.
    pub start: Number,
    /// Growth of the longest pauses per poll.
    pub factor: Number,
    /// Most of any pause, in seconds.
    pub cap: Number,
    /// The longest that one thing was polled for, in seconds.
    pub longest: f64,
}

/// Both ends of every rung together err with so little.
const ERROR: f64 = 0.05;

/// The pauses after `NotFound`, by thing asked for.
pub(super) fn polls(client: &Client) -> Vec<Vec<u64>> {
    let mut things: BTreeMap<(&str, Option<&str>), Vec<&Attempt>> = BTreeMap::new();
    for invocation in &client.invocations {
        let thing = (&*invocation.operation, invocation.target.as_deref());
        things.entry(thing).or_default().extend(&invocation.attempts);
    }
    let of = |mut asked: Vec<&Attempt>| {
        asked.sort_by_key(|a| (a.at_us, a.seq));
        let mut rows: Vec<Vec<u64>> = vec![Vec::new()];
        for pair in asked.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            let pause = before.end_us.and_then(|end| after.at_us.checked_sub(end));
            match (pause, rows.last_mut()) {
                (Some(pause), Some(row)) if before.class == Some(Class::NotVisible) => row.push(pause),
                _ => rows.push(Vec::new()),
            }
        }
        rows
    };
    things.into_values().flat_map(of).filter(|row| !row.is_empty()).collect()
}

/// Fits; `None` where nothing was polled by a client that owns its demand.
pub(super) fn fit(evidence: &Evidence) -> Option<Polling> {
    if !evidence.owns_demand {
        return None;
    }
    let clients = evidence.trials.iter().flat_map(|t| &t.clients);
    let rows: Vec<Vec<u64>> = clients.flat_map(polls).collect();
    let longest = rows.iter().map(|row| row.iter().fold(0, |sum: u64, us| sum.saturating_add(*us))).max()? as f64 / 1e6;
    let mut rungs: BTreeMap<u32, Vec<(f64, f64)>> = BTreeMap::new();
    for row in &rows {
        for (n, us) in (0..).zip(row) {
            let low = us.saturating_sub(evidence.slack.over(*us)) as f64 / 1e6;
            let high = us.saturating_add(evidence.slack.below_us) as f64 / 1e6;
            rungs.entry(n).or_default().push((low, high));
        }
    }
    let error = ERROR / (rungs.len() as f64 + 1.0);
    let ends: Vec<(u32, Ends)> = rungs.iter().map(|(n, pauses)| (*n, Ends::of(pauses, error))).collect();
    let first = ends.iter().find(|(n, _)| *n == 0).map(|(_, ends)| ends);
    let ladder: Vec<Rung> = ends
        .iter()
        .map(|(retry, e)| Rung {
            retry: *retry,
            low: e.most.low.max(1e-6).ln(),
            high: e.most.high.ln(),
            cost: Cost::Nothing,
        })
        .collect();
    let counts: Vec<f64> = rungs.values().map(|p| p.len() as f64).collect();
    let region = region(&ladder, &counts, 0.0);
    let seen = |range: Range, value: f64| Number::of(range.high.is_finite().then_some(value), range);
    Some(Polling {
        pauses: rows.iter().map(|r| r.len() as u64).sum(),
        start: first.map_or_else(Number::default, |e| {
            if e.least.low > 0.0 {
                Number::between(e.least.high, e.least.low, e.least.high)
            } else {
                Number::at_most(e.least.high)
            }
        }),
        factor: region.and_then(|r| r.factor.map(|f| Number::of(Some(r.best.factor), f))).unwrap_or_default(),
        cap: region.map_or_else(Number::default, |r| seen(r.cap, r.best.cap.unwrap_or(r.cap.low))),
        longest,
    })
}

/// Where the two ends of an interval lie from which pauses were drawn.
#[derive(Debug, Clone, Copy)]
struct Ends {
    least: Range,
    most: Range,
}

impl Ends {
    /// Each end is missed with probability `error` ÷ 2; one pause says little of either.
    fn of(pauses: &[(f64, f64)], error: f64) -> Self {
        let shortest = pauses.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
        let least = pauses.iter().map(|p| p.0).fold(f64::INFINITY, f64::min);
        let longest = pauses.iter().map(|p| p.0).fold(0.0, f64::max);
        let most = pauses.iter().map(|p| p.1).fold(0.0, f64::max);
        let n = pauses.len() as f64;
        let reach = if n < 2.0 { f64::INFINITY } else { ((error / 2.0).powf(-1.0 / (n - 1.0)) - 1.0) * (most - least) };
        Self {
            least: Range { low: (least - reach).max(0.0), high: shortest },
            most: Range { low: longest, high: most + reach },
        }
    }
}
