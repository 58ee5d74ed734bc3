//! Decorrelated pauses: uniform between the base and three times the pause before, at most the cap.

use super::jitter::{ERROR, Pause, uniform};
use super::region::Range;

/// What the pauses allow, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decorrelated {
    pub(super) base: Range,
    /// The likeliest base.
    pub(super) best: f64,
    /// Without an upper end where it was not reached.
    pub(super) cap: Range,
    /// Logarithm of the likelihood.
    pub(super) likelihood: f64,
}

/// The most that the pause could be below the cap, at least and at most; for the first pause, and after a shorter one for
/// another class of error, it hangs on the base.
fn tops(pause: &Pause, base: f64) -> Option<(f64, f64)> {
    match pause.before {
        Some((low, high)) => Some((3.0 * low.max(base), 3.0 * high.max(base))),
        None => (pause.retry == 0).then_some((3.0 * base, 3.0 * base)),
    }
}

/// Fits; `None` if no base can have made these pauses. `error` is that of the base's lower end.
pub(super) fn fit(pauses: &[Pause], error: f64) -> Option<Decorrelated> {
    let highest = pauses.iter().map(|p| p.high).fold(f64::INFINITY, f64::min);
    // Longer than three times the pause before, which was for another class of error: at most three times the base.
    let whole = |p: &&Pause| p.before.is_some_and(|(_, before)| p.low > 3.0 * before);
    let firsts = pauses.iter().filter(|p| p.retry == 0).map(|p| p.low / 3.0);
    let certain = firsts.chain(pauses.iter().filter(whole).map(|p| p.low / 3.0)).fold(1e-6, f64::max);
    let known: Vec<&Pause> = pauses.iter().filter(|p| tops(p, highest).is_some()).collect();
    let fits = |p: &&Pause| tops(p, highest).is_some_and(|(_, top)| p.low <= top * (1.0 + 1e-9));
    if certain > highest || known.is_empty() || !known.iter().all(fits) {
        return None;
    }
    let n = known.len() as f64;
    // P(no pause lies nearer to the base than the nearest one does).
    let surprise = |base: f64| {
        let place = |p: &&Pause| {
            let top = tops(p, base).map_or(base, |(_, top)| top);
            ((p.low - base) / (top - base).max(1e-9)).clamp(0.0, 1.0)
        };
        let nearest = known.iter().map(place).fold(1.0, f64::min);
        -n * (1.0 - nearest).max(1e-12).ln()
    };
    let down_to = |error: f64| {
        let (mut inside, mut outside) = (highest, certain);
        if surprise(certain) <= -error.ln() {
            return certain;
        }
        for _ in 0..40 {
            let middle = f64::midpoint(inside, outside);
            if surprise(middle) <= -error.ln() { inside = middle } else { outside = middle }
        }
        inside
    };
    let base = Range { low: down_to(error), high: highest };
    let best = down_to((-1.0f64).exp()).clamp(base.low, base.high);
    let cap = cap(&known, best);
    shape(&known, down_to(ERROR), highest, cap).then(|| Decorrelated {
        base,
        best,
        cap,
        likelihood: known.iter().map(|p| density(p, best, cap)).sum(),
    })
}

/// How far a pause is known.
fn slack(p: &Pause) -> f64 {
    (p.high - p.low).max(1e-6)
}

fn clipped(p: &Pause, cap: Range) -> bool {
    cap.high.is_finite() && p.high >= cap.low
}

/// The cap is where more pauses are the same than chance would make so.
fn cap(known: &[&Pause], base: f64) -> Range {
    let longest = known.iter().map(|p| p.low).fold(0.0, f64::max);
    let ceiling = known.iter().map(|p| p.high).fold(0.0, f64::max);
    let same = known.iter().filter(|p| p.high >= longest).count() as f64;
    // How many may lie so near to the longest by chance, and how improbable more are (Chernoff's bound).
    let chance = |p: &&&Pause| {
        let top = tops(p, base).map_or(0.0, |(top, _)| top);
        if top < longest { 0.0 } else { (2.0 * slack(p) / (top - base).max(1e-6)).min(1.0) }
    };
    let mean: f64 = known.iter().map(|p| chance(&p)).sum::<f64>().max(1e-9);
    let others = same - 1.0;
    let improbable = others > mean && others * (others / mean).ln() - others + mean > (known.len() as f64 / ERROR).ln();
    Range { low: longest, high: if improbable { ceiling } else { f64::INFINITY } }
}

fn shape(known: &[&Pause], least: f64, most: f64, cap: Range) -> bool {
    let place = |p: &&Pause| {
        let (near, far) = (tops(p, least)?, tops(p, most)?);
        let (lowest, highest) = (near.0.min(far.0), near.1.max(far.1));
        let low = (p.low - most) / (highest - most).max(1e-9);
        let high = (p.high - least) / (lowest - least).max(1e-9);
        // What the cap cut may have been any longer pause.
        Some((low, if clipped(p, cap) { 1.0 } else { high }))
    };
    uniform(known.iter().filter_map(place).collect(), ERROR)
}

fn density(p: &Pause, base: f64, cap: Range) -> f64 {
    let top = tops(p, base).map_or(base, |(low, high)| f64::midpoint(low, high));
    let width = (top - base).max(0.0) + slack(p);
    if clipped(p, cap) {
        (((top - cap.low) + slack(p)).max(slack(p)) / width).ln() - slack(p).ln()
    } else {
        -width.ln()
    }
}
