//! The ladders that the pauses allow: all (base, factor, cap) whose bounds pass a test with an exact distribution.
//!
//! A ladder's bound before retry `i` is `min(cap, base × factor^i)`. In logarithms that is linear below the cap, and
//! what is known of each bound is a range that is certain and a cost that grows with it. A sum of costs has a known
//! distribution whatever the ladder, so that the set of ladders whose sum stays below a quantile holds the true one as
//! often as that quantile says, for every number of pauses (likelihood ratios of uniform draws do not have the limit
//! that a table of chi-squared gives them). The set is convex wherever the cap begins to bite, so its ends are found by
//! search along one axis.

/// What is known of one bound, in logarithms of seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rung {
    /// Which retry, from 0.
    pub(super) retry: u32,
    /// It is certainly no less, …
    pub(super) low: f64,
    /// … and no more.
    pub(super) high: f64,
    /// What it costs to be longer than what was seen.
    pub(super) cost: Cost,
}

/// Minus the logarithm of how probable it is to see no longer pause; in the truth exponential, with mean 1.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cost {
    /// The range says it all.
    Nothing,
    /// Drawn from nothing up to the bound: `pauses` of them, the longest `top`.
    Full { pauses: f64, top: f64 },
    /// Drawn from half of the bound up to it.
    Half { pauses: f64, top: f64 },
}

impl Cost {
    /// The cost of a bound. Finite and convex everywhere, so that a search is never lost.
    fn at(self, bound: f64) -> f64 {
        match self {
            Self::Nothing => 0.0,
            Self::Full { pauses, top } => pauses * (bound - top).max(0.0),
            Self::Half { pauses, top } => {
                let over = (bound - top).max(0.0);
                // P(longest ≤ top) = (2 top / bound − 1)^pauses, followed on by a line where it is next to nothing.
                let edge = 0.69;
                let inside = |x: f64| -(2.0 * (-x).exp() - 1.0).ln();
                pauses * if over < edge { inside(over) } else { inside(edge) + (over - edge) * 1e3 }
            }
        }
    }

    fn counts(self) -> bool {
        !matches!(self, Self::Nothing)
    }
}

/// The least and the most of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Range {
    pub(super) fn hull(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
}

/// All ladders that were not refuted, seen along each axis; in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region {
    pub(super) base: Range,
    /// Not known where one bound alone was seen. Without an upper end where the cap may bite at the second bound.
    pub(super) factor: Option<Range>,
    /// Without an upper end where the cap need not have been reached.
    pub(super) cap: Range,
    /// The likeliest ladder.
    pub(super) best: Point,
}

/// One ladder, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) base: f64,
    pub(super) factor: f64,
    pub(super) cap: Option<f64>,
    /// Logarithm of its likelihood, up to a constant: minus the sum of pauses × logarithm of their bound.
    likelihood: f64,
}

/// Growth per retry is looked for from a half …
const SLOWEST: f64 = -0.7;
/// … to sixty-fold.
const FASTEST: f64 = 4.1;

/// What a search may be off by, so that the ends of a set count as its own.
const NEAR: f64 = 1e-9;

/// One way in which the cap may bite: from `rungs[from]` on.
struct Regime<'a> {
    rungs: &'a [Rung],
    from: usize,
    limit: f64,
}

impl Regime<'_> {
    fn capped(&self) -> &[Rung] {
        &self.rungs[self.from..]
    }

    fn free(&self) -> &[Rung] {
        &self.rungs[..self.from]
    }

    fn is_capped(&self) -> bool {
        self.from < self.rungs.len()
    }

    /// The lowest base for this growth.
    fn lowest(&self, growth: f64) -> f64 {
        let base = self.free().iter().map(|r| r.low - f64::from(r.retry) * growth).fold(f64::NEG_INFINITY, f64::max);
        match self.capped().first() {
            Some(first) => base.max(self.cap_floor() - f64::from(first.retry) * growth),
            None => base,
        }
    }

    fn cap_floor(&self) -> f64 {
        self.capped().iter().map(|r| r.low).fold(f64::NEG_INFINITY, f64::max)
    }

    fn cap_ceiling(&self) -> f64 {
        self.capped().iter().map(|r| r.high).fold(f64::INFINITY, f64::min)
    }

    /// The highest base that the certain ranges allow.
    fn highest(&self, growth: f64) -> f64 {
        let fits = |r: &Rung| r.high - f64::from(r.retry) * growth;
        self.free().iter().map(fits).fold(f64::INFINITY, f64::min)
    }

    /// The lowest cap for this base and growth.
    fn lowest_cap(&self, base: f64, growth: f64) -> f64 {
        let last = self.free().last().map_or(f64::NEG_INFINITY, |r| base + f64::from(r.retry) * growth);
        self.cap_floor().max(last)
    }

    fn cost(&self, base: f64, growth: f64, cap: f64) -> f64 {
        let free: f64 = self.free().iter().map(|r| r.cost.at(base + f64::from(r.retry) * growth)).sum();
        free + self.capped().iter().map(|r| r.cost.at(cap)).sum::<f64>()
    }

    /// How far the best ladder with this growth is from being allowed; at most 0 if one is. Convex.
    fn violation(&self, growth: f64) -> f64 {
        let base = self.lowest(growth);
        let mut worst = base - self.highest(growth);
        let mut cap = 0.0;
        if self.is_capped() {
            cap = self.lowest_cap(base, growth);
            worst = worst.max(cap - self.cap_ceiling());
        }
        worst.max(self.cost(base, growth, cap) - self.limit)
    }

    /// The growths for which some ladder is allowed.
    fn growths(&self) -> Option<Range> {
        let (least, most) = (if self.is_capped() { 0.0 } else { SLOWEST }, FASTEST);
        let best = lowest_of(least, most, |g| self.violation(g));
        if self.violation(best) > NEAR {
            return None;
        }
        let allowed = |g: f64| self.violation(g) <= NEAR;
        let low = if allowed(least) { least } else { edge(best, least, allowed) };
        let high = if allowed(most) { f64::INFINITY } else { edge(best, most, allowed) };
        Some(Range { low, high })
    }

    /// The highest base for this growth whose ladder is allowed with `limit`.
    fn highest_allowed(&self, growth: f64, limit: f64) -> f64 {
        let (low, high) = (self.lowest(growth), self.highest(growth));
        let fits = |base: f64| {
            let cap = if self.is_capped() { self.lowest_cap(base, growth) } else { 0.0 };
            base <= high + NEAR && cap <= self.cap_ceiling() + NEAR && self.cost(base, growth, cap) <= limit + NEAR
        };
        let top = high.min(low + 20.0);
        if fits(top) { top } else { edge(low, top, fits) }
    }

    /// The highest cap for this growth.
    fn highest_cap(&self, growth: f64) -> f64 {
        let lowest = self.lowest(growth);
        let first = self.capped().first().map_or(0.0, |r| f64::from(r.retry));
        let fits = |cap: f64| {
            let base = lowest.max(cap - first * growth);
            let least = self.lowest_cap(base, growth);
            base <= self.highest(growth) + NEAR
                && cap <= self.cap_ceiling() + NEAR
                && cap >= least - NEAR
                && self.cost(base, growth, cap) <= self.limit + NEAR
        };
        let low = self.lowest_cap(lowest, growth);
        let top = self.cap_ceiling().min(low + 20.0);
        if fits(top) { top } else { edge(low, top, fits) }
    }

    /// The growth of the likeliest ladder: the middle of those that cost least.
    fn likeliest(&self, growths: Range) -> f64 {
        let (low, high) = (growths.low, growths.high.min(FASTEST));
        let cost = |g: f64| {
            let base = self.lowest(g);
            self.cost(base, g, if self.is_capped() { self.lowest_cap(base, g) } else { 0.0 })
        };
        if !self.rungs.iter().any(|r| r.cost.counts()) {
            return f64::midpoint(low, high);
        }
        let best = lowest_of(low, high, cost);
        let as_cheap = |g: f64| cost(g) <= cost(best) + 1e-6;
        let from = if as_cheap(low) { low } else { edge(best, low, as_cheap) };
        let to = if as_cheap(high) { high } else { edge(best, high, as_cheap) };
        // Where the cap bites at once, ever faster growth costs nothing; the slowest is then the likeliest.
        if growths.high.is_infinite() { from } else { f64::midpoint(from, to) }
    }

    fn best(&self, growths: Range, pauses: &[f64]) -> Point {
        let growth = self.likeliest(growths);
        let least = self.lowest(growth);
        let mean = self.rungs.iter().filter(|r| r.cost.counts()).count() as f64;
        // As much above the longest pauses as is expected of a right ladder.
        let cap_of = |base: f64| if self.is_capped() { self.lowest_cap(base, growth) } else { 0.0 };
        let cheapest = self.cost(least, growth, cap_of(least));
        let base = if mean > 0.0 {
            self.highest_allowed(growth, mean.max(cheapest).min(self.limit)).max(least)
        } else {
            f64::midpoint(least, self.highest_allowed(growth, self.limit))
        };
        let bounds = |base: f64| {
            let cap = if self.is_capped() { self.lowest_cap(base, growth) } else { f64::INFINITY };
            self.rungs.iter().map(move |r| (base + f64::from(r.retry) * growth).min(cap)).zip(pauses)
        };
        Point {
            base: base.exp(),
            factor: growth.exp(),
            cap: self.is_capped().then(|| {
                if mean > 0.0 {
                    cap_of(base).exp()
                } else {
                    f64::midpoint(cap_of(base), self.highest_cap(growth)).exp()
                }
            }),
            likelihood: -bounds(least).map(|(bound, n)| bound * n).sum::<f64>(),
        }
    }

    fn region(&self, pauses: &[f64]) -> Option<Region> {
        let growths = self.growths()?;
        let (low, high) = (growths.low, growths.high.min(FASTEST));
        let least = lowest_of(low, high, |g| self.lowest(g));
        let most = lowest_of(low, high, |g| -self.highest_allowed(g, self.limit));
        let base = Range { low: self.lowest(least), high: self.highest_allowed(most, self.limit) };
        let cap = if self.is_capped() {
            let lowest = |g: f64| self.lowest_cap(self.lowest(g), g);
            let least = lowest_of(low, high, lowest);
            let most = lowest_of(low, high, |g| -self.highest_cap(g));
            Range { low: lowest(least), high: self.highest_cap(most) }
        } else {
            let retry = self.rungs.last().map_or(0.0, |r| f64::from(r.retry));
            let lowest = |g: f64| self.lowest(g) + retry * g;
            Range { low: lowest(lowest_of(low, high, lowest)), high: f64::INFINITY }
        };
        let out = |range: Range| Range { low: range.low.exp(), high: range.high.exp() };
        Some(Region { base: out(base), factor: Some(out(growths)), cap: out(cap), best: self.best(growths, pauses) })
    }
}

/// All ladders whose costs sum up to at most `limit`; `None` if there is none. `pauses` says how many there are a rung.
pub(super) fn region(rungs: &[Rung], pauses: &[f64], limit: f64) -> Option<Region> {
    let regime = |from| Regime { rungs, from, limit };
    if let [rung] = rungs {
        return alone(*rung, &regime(1), pauses);
    }
    // The cap need not have been reached; where that fits as well as what else fits, it is the likeliest.
    let mut found: Option<Region> = regime(rungs.len()).region(pauses);
    for from in 1..rungs.len() {
        let Some(capped) = regime(from).region(pauses) else { continue };
        found = Some(match found {
            None => capped,
            Some(before) => Region {
                base: before.base.hull(capped.base),
                factor: before.factor.zip(capped.factor).map(|(a, b)| a.hull(b)),
                cap: before.cap.hull(capped.cap),
                best: if capped.best.likelihood > before.best.likelihood + 2.0 { capped.best } else { before.best },
            },
        });
    }
    found
}

/// One bound says nothing of growth.
fn alone(rung: Rung, regime: &Regime<'_>, pauses: &[f64]) -> Option<Region> {
    if regime.violation(0.0) > NEAR {
        return None;
    }
    let bound = Range { low: regime.lowest(0.0).exp(), high: regime.highest_allowed(0.0, regime.limit).exp() };
    let best = regime.best(Range { low: 0.0, high: 0.0 }, pauses);
    // The first bound, where it was a later one that was seen, is no higher.
    let base = if rung.retry > 0 { Range { low: 0.0, high: bound.high } } else { bound };
    Some(Region { base, factor: None, cap: Range { low: bound.low, high: f64::INFINITY }, best })
}

/// Where a convex function is least, by golden section.
fn lowest_of(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    const SHORTER: f64 = 0.618_033_988_749_895;
    let (from, to) = (low, high);
    let (mut a, mut b) = (high - SHORTER * (high - low), low + SHORTER * (high - low));
    let (mut at_a, mut at_b) = (f(a), f(b));
    for _ in 0..48 {
        if at_a <= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - SHORTER * (high - low);
            at_a = f(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + SHORTER * (high - low);
            at_b = f(b);
        }
    }
    let middle = f64::midpoint(low, high);
    // A least value at an end is not passed over.
    [from, to].into_iter().fold(middle, |best, end| if f(end) < f(best) { end } else { best })
}

/// The last point from `inside` towards `outside` that is allowed.
fn edge(inside: f64, outside: f64, allowed: impl Fn(f64) -> bool) -> f64 {
    let (mut inside, mut outside) = (inside, outside);
    for _ in 0..40 {
        let middle = f64::midpoint(inside, outside);
        if allowed(middle) { inside = middle } else { outside = middle }
    }
    inside
}

/// The quantile of a sum of `count` exponential variables with mean 1: it is exceeded with probability `error`.
pub(super) fn exceeded(count: usize, error: f64) -> f64 {
    let tail = |x: f64| {
        let (mut term, mut sum) = (1.0, 1.0);
        for k in 1..count {
            term *= x / k as f64;
            sum += term;
        }
        sum * (-x).exp()
    };
    if count == 0 { 0.0 } else { edge(2_000.0, 0.0, |x| tail(x) <= error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_sums_of_exponentials() {
        for (count, error, wanted) in [(1, 0.05, 2.9957), (2, 0.05, 4.7439), (3, 0.05, 6.2958), (5, 0.01, 11.6046)] {
            assert!((exceeded(count, error) - wanted).abs() < 1e-3, "{count}: {}", exceeded(count, error));
        }
    }

    fn exact(bounds: &[f64]) -> Vec<Rung> {
        let rung = |(i, b): (usize, &f64)| Rung {
            retry: i as u32,
            low: (b * 0.999).ln(),
            high: (b * 1.001).ln(),
            cost: Cost::Nothing,
        };
        bounds.iter().enumerate().map(rung).collect()
    }

    #[test]
    fn exact_bounds_give_their_ladder_back() {
        let region = region(&exact(&[1.0, 2.0, 4.0, 5.0, 5.0]), &[1.0; 5], 0.0).unwrap();
        assert!(region.base.low < 1.0 && region.base.high > 1.0 && region.base.high / region.base.low < 1.01);
        let factor = region.factor.unwrap();
        assert!(factor.low < 2.0 && factor.high > 2.0 && factor.high - factor.low < 0.01, "{factor:?}");
        assert!(region.cap.low < 5.0 && region.cap.high > 5.0 && region.cap.high < 5.1, "{:?}", region.cap);
        assert!(super::region(&exact(&[1.0, 3.0, 4.0, 9.0]), &[1.0; 4], 0.0).is_none(), "no ladder at all");
    }

    #[test]
    fn a_cap_that_was_not_reached_has_no_upper_end() {
        let region = region(&exact(&[1.0, 2.0, 4.0]), &[1.0; 3], 0.0).unwrap();
        assert!(region.cap.high.is_infinite() && (3.9..4.0).contains(&region.cap.low), "{:?}", region.cap);
        let two = super::region(&exact(&[1.0, 2.0]), &[1.0; 2], 0.0).unwrap();
        assert!(two.factor.unwrap().high.is_infinite(), "the cap may bite at the second pause");
        assert!((two.best.factor - 2.0).abs() < 0.01);
    }
}
