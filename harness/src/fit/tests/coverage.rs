//! How often the intervals hold the truth, over random policies; how wide they are; how often the kind is right.
//!
//! `.ci/long fit` runs it with thousands of policies and writes `docs/fit.md`.

use brownout_mocks::service::Class;

use super::policies::{drawn, ladders};
use super::truth::*;
use crate::fit::{Backoff, Fit, Number};
use crate::guidance::{Jitter, Ladder};

/// How many policies of each kind to draw: `BROWNOUT_SEEDS`, where somebody wants to be surer.
pub(super) fn seeds(usual: u64) -> u64 {
    std::env::var("BROWNOUT_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(usual)
}

/// What became of one number over many policies.
#[derive(Debug, Default)]
struct Tally {
    policies: u64,
    held: u64,
    bounds: u64,
    widths: Vec<f64>,
}

impl Tally {
    fn see(&mut self, number: &Number, truth: f64) -> bool {
        self.policies += 1;
        let held = number.allows(truth);
        self.held += u64::from(held);
        match (number.low, number.high) {
            (Some(low), Some(high)) => self.widths.push((high - low) / truth),
            _ => self.bounds += 1,
        }
        held
    }

    fn coverage(&self) -> f64 {
        self.held as f64 / self.policies.max(1) as f64
    }

    /// Four standard deviations of a share of 95 % below it.
    fn bar(&self) -> f64 {
        0.95 - 4.0 * (0.95 * 0.05 / self.policies.max(1) as f64).sqrt()
    }

    fn median(&mut self) -> Option<f64> {
        self.widths.sort_by(f64::total_cmp);
        self.widths.get(self.widths.len() / 2).copied()
    }

    fn row(&mut self, what: &str) -> String {
        let width = self.median().map_or("–".to_owned(), |w| format!("{:.1} %", w * 100.0));
        format!("| {what} | {} | {:.1} % | {width} | {} |", self.policies, self.coverage() * 100.0, self.bounds)
    }
}

fn of_class(fit: &Fit, class: Class) -> &Backoff {
    fit.ladder(class).unwrap()
}

/// One random policy of a kind, and what is inferred from about so many of its pauses.
fn one(kind: Jitter, gaps: u32, seed: u64) -> (Ladder, Fit) {
    let seed = seed * 8 + kind as u64;
    let (ladder, retries) = drawn(&ladders(kind), seed);
    let calls = storms(gaps.div_ceil(retries) as usize, &[Class::Transient]);
    let trial = play(&Truth::of(ladder, retries + 1), "s3", 0, &calls, &mut random("fit", seed));
    (ladder, fitted(&[trial]))
}

/// What was measured over random policies.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// Of numbers: rows of a table.
    pub(super) rows: Vec<String>,
    /// Of kinds of jitter.
    pub(super) kinds: Vec<String>,
    /// At a hundred pauses and more: how often the kind was right, of how many.
    right: (u64, u64),
}

/// Draws so many policies of each kind.
pub(super) fn measure(policies: u64) -> Measured {
    let mut measured = Measured::default();
    for gaps in [25, 100, 400] {
        for kind in KINDS {
            let mut tallies = [("base", Tally::default()), ("factor", Tally::default()), ("cap", Tally::default())];
            let (mut named, mut possible) = (0, 0);
            for seed in 0..policies {
                let (truth, fit) = one(kind, gaps, seed);
                let seen = of_class(&fit, Class::Transient);
                named += u64::from(seen.jitter == Some(kind));
                possible += u64::from(seen.jitter_possible.contains(&kind));
                tallies[0].1.see(&seen.base, truth.base.get().as_secs_f64());
                if kind != Jitter::Decorrelated {
                    tallies[1].1.see(&seen.factor, truth.factor);
                }
                tallies[2].1.see(&seen.cap, truth.cap.get().as_secs_f64());
            }
            if gaps >= 100 {
                measured.right = (measured.right.0 + named, measured.right.1 + policies);
            }
            for (what, tally) in tallies.iter_mut().filter(|(_, t)| t.policies > 0) {
                assert!(tally.coverage() >= tally.bar(), "{gaps} {kind:?} {what}: {tally:?}");
                measured.rows.push(tally.row(&format!("{gaps} | {} | {what}", name(kind))));
            }
            let share = |n: u64| format!("{:.1} %", n as f64 * 100.0 / policies as f64);
            let row = format!("| {gaps} | {} | {policies} | {} | {} |", name(kind), share(named), share(possible));
            measured.kinds.push(row);
        }
    }
    measured
}

#[test]
fn intervals_hold_the_truth_and_the_kind_is_right() {
    let Measured { rows, kinds, right: (right, all) } = measure(seeds(40));
    println!("{}\n\n{}", rows.join("\n"), kinds.join("\n"));
    assert!(right as f64 >= 0.99 * all as f64 - 3.0, "the kind was right in {right} of {all}");
}

fn name(kind: Jitter) -> &'static str {
    match kind {
        Jitter::None => "none",
        Jitter::Full => "full",
        Jitter::Equal => "equal",
        Jitter::Decorrelated => "decorrelated",
        Jitter::Additive => "additive",
    }
}
