//! Whether the pauses are too improbable for a published ladder, when another explains them better.
//!
//! For a ladder that is right, the likelihood of the pauses under whatever else, divided by their likelihood under it, is
//! a martingale that starts at one: it ever reaches 10⁶ with probability 10⁻⁶ at most, however many trials there are
//! (Ville). The stake is spread over all published ladders, and over narrower parts of the ladder's own intervals. What
//! the slack hides counts in favour of the ladder: the intervals of all others are taken wider by it, twice.

use brownout_mocks::service::Class;

use super::jitter::{Pause, Seen, uniform};
use crate::guidance::{Jitter, Ladder, Profile};

/// A right ladder is refuted with this probability at most by its likelihood, and by its shape.
pub(super) const ERROR: f64 = 1e-6;

/// Shapes are compared on so many pauses at most.
const SHAPE: usize = 1_000;

/// The pauses of one service and class.
#[derive(Debug, Clone)]
pub(super) struct Group<'a> {
    pub(super) service: &'a str,
    pub(super) class: Class,
    pub(super) pauses: &'a [Pause],
    pub(super) seen: Vec<Seen<'a>>,
}

/// A ladder as a profile has it.
#[derive(Debug, Clone, Copy)]
struct Drawer<'a> {
    ladder: &'a Ladder,
    fixed_from: Option<u32>,
}

impl<'a> Drawer<'a> {
    fn of(profile: &'a Profile, group: &Group<'_>) -> Self {
        Self { ladder: profile.backoff(group.service).ladder(group.class), fixed_from: profile.fixed_from }
    }

    /// The ends between which a pause is drawn, in seconds: the lower end, the upper one at least, and at most. The same
    /// for all pauses of a rung unless they are decorrelated. `None` where it hangs on what was not seen.
    fn ends(self, pause: &Pause) -> Option<(f64, f64, f64)> {
        let fixed = self.fixed_from.is_some_and(|from| pause.retry >= from);
        let step = if fixed { self.ladder.cap.get() } else { self.ladder.step(pause.retry) }.as_secs_f64();
        Some(match self.ladder.jitter {
            _ if fixed => (step, step, step),
            Jitter::None => (step, step, step),
            Jitter::Full => (0.0, step, step),
            Jitter::Equal => (step / 2.0, step, step),
            Jitter::Additive => (step, step + 1.0, step + 1.0),
            Jitter::Decorrelated => {
                let (base, cap) = (self.ladder.base.get().as_secs_f64(), self.ladder.cap.get().as_secs_f64());
                let (low, high) = match pause.before {
                    Some(before) => before,
                    None => (pause.retry == 0).then_some((base, base))?,
                };
                // After a short pause for another class of error, three times that may be less than the base.
                (base.min(cap), (3.0 * low.max(base)).min(cap), (3.0 * high.max(base)).min(cap))
            }
        })
    }

    fn by_pause(self) -> bool {
        self.ladder.jitter == Jitter::Decorrelated
    }

    /// Whether the cap may have cut the pause, so that its density is not known.
    fn cut(self, pause: &Pause) -> bool {
        let cap = self.ladder.cap.get().as_secs_f64();
        self.by_pause() && self.ends(pause).is_none_or(|(_, _, top)| top >= cap)
    }
}

/// Why a profile's ladders cannot have made the pauses.
pub(super) fn refuted(profile: &Profile, groups: &[Group<'_>], others: &[&Profile]) -> Option<String> {
    let outside = groups.iter().find_map(|group| outside(Drawer::of(profile, group), group));
    if outside.is_some() {
        return outside;
    }
    let published: Vec<f64> =
        others.iter().map(|other| groups.iter().map(|g| against(profile, other, g)).sum::<f64>()).collect();
    let own: f64 = groups.iter().map(|group| narrower(Drawer::of(profile, group), group)).sum();
    if mean(&[mean(&published), own]) > -ERROR.ln() {
        return Some("its pauses would lie otherwise: too many are short, or too many are long".to_owned());
    }
    let bent = groups.iter().any(|group| {
        let of = Drawer::of(profile, group);
        let places = group.pauses.iter().filter(|p| !of.cut(p)).filter_map(|p| place(of, p)).take(SHAPE);
        !uniform(places.collect(), ERROR)
    });
    bent.then(|| "its pauses would be spread evenly".to_owned())
}

/// A pause that the ladder cannot make.
fn outside(of: Drawer<'_>, group: &Group<'_>) -> Option<String> {
    let word = |p: &Pause| {
        let (low, _, high) = of.ends(p)?;
        let beyond = if p.low > high {
            format!("at most {}", super::words::time(high))
        } else if p.high < low {
            format!("at least {}", super::words::time(low))
        } else {
            return None;
        };
        Some(format!(
            "it pauses {beyond} before retry {} after a {} error; {} was seen",
            p.retry + 1,
            super::words::class(group.class),
            super::words::time(f64::midpoint(p.low, p.high))
        ))
    };
    if of.by_pause() {
        return group.pauses.iter().find_map(word);
    }
    // The ends of each rung say it for all between them.
    group.seen.iter().find_map(|seen| {
        let ends = [(seen.longest.0, seen.longest.1), (seen.shortest.0, seen.shortest.1)];
        ends.into_iter().find_map(|(low, high)| word(&Pause { retry: seen.retry, low, high, before: None }))
    })
}

fn place(of: Drawer<'_>, pause: &Pause) -> Option<(f64, f64)> {
    let (low, near, far) = of.ends(pause)?;
    let narrow = near - low;
    (narrow > 0.0).then(|| ((pause.low - low) / (far - low), (pause.high - low) / narrow))
}

/// Logarithm of the likelihood of the pauses under another profile's ladder, to that under this one.
fn against(profile: &Profile, other: &Profile, group: &Group<'_>) -> f64 {
    let (own, other) = (Drawer::of(profile, group), Drawer::of(other, group));
    let ratio = |pause: &Pause, slack: f64| {
        let (Some((low, near, _)), Some((from, _, to))) = (own.ends(pause), other.ends(pause)) else { return 0.0 };
        if near <= low {
            return 0.0;
        }
        // Seen where the other could not have put it.
        if pause.high < from || pause.low > to {
            return f64::NEG_INFINITY;
        }
        (near - low).ln() - (to - from + 2.0 * slack).max(1e-9).ln()
    };
    if own.by_pause() || other.by_pause() {
        return group.pauses.iter().filter(|p| !own.cut(p)).map(|p| ratio(p, p.high - p.low)).sum();
    }
    let of = |seen: &Seen<'_>| {
        let slack = seen.pauses.iter().map(|p| p.high - p.low).fold(0.0, f64::max);
        let end = |low: f64, high: f64| ratio(&Pause { retry: seen.retry, low, high, before: None }, slack);
        let ends = end(seen.longest.0, seen.longest.1).min(end(seen.shortest.0, seen.shortest.1));
        ends * seen.pauses.len() as f64
    };
    group.seen.iter().map(of).sum()
}

/// Parts of an interval that all pauses may lie in.
const PARTS: [(f64, f64); 12] = [
    (0.0, 0.97),
    (0.0, 0.9),
    (0.0, 0.75),
    (0.0, 0.5),
    (0.0, 0.25),
    (0.0, 0.1),
    (0.0, 0.03),
    (0.03, 1.0),
    (0.1, 1.0),
    (0.33, 1.0),
    (0.5, 1.0),
    (0.75, 1.0),
];

/// The same against narrower parts of the ladder's own intervals, rung by rung.
fn narrower(of: Drawer<'_>, group: &Group<'_>) -> f64 {
    let rung = |seen: &Seen<'_>| {
        let usable = || seen.pauses.iter().filter(|p| !of.cut(p)).filter_map(|p| Some((place(of, p)?, p)));
        let part = |(from, to): (f64, f64)| -> f64 {
            let gain = |((low, high), p): ((f64, f64), &Pause)| {
                if high < from || low > to {
                    return f64::NEG_INFINITY;
                }
                let slack = of.ends(p).map_or(0.0, |(low, near, _)| (p.high - p.low) / (near - low).max(1e-9));
                -(to - from + 2.0 * slack).ln()
            };
            usable().map(gain).sum()
        };
        mean(&PARTS.map(part))
    };
    group.seen.iter().map(rung).sum()
}

/// The mean of numbers, all in logarithms.
fn mean(logs: &[f64]) -> f64 {
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if logs.is_empty() || !top.is_finite() {
        return if top == f64::INFINITY { top } else { f64::NEG_INFINITY };
    }
    top + (logs.iter().map(|l| (l - top).exp()).sum::<f64>() / logs.len() as f64).ln()
}
