//! Kinds of jitter: what each says of a rung, and the tests that refute it.
//!
//! Three tests, each free of the ladder's own numbers. **Range**: the certain ranges of all bounds must leave some
//! ladder. **Shape**: given the longest pause of a rung (full jitter) or its two ends (equal, additive), the others are
//! uniform below it or between them; their distance from that has the bound of Dvoretzky, Kiefer, Wolfowitz and Massart,
//! valid for every number of pauses. **Spread**: the two ends of a rung must not lie closer together than the kind makes
//! likely. Pauses count as anywhere in what the slack allows, always in favour of the kind.

use crate::guidance::Jitter;

use super::region::{Cost, Rung, exceeded};

/// One measured pause, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pause {
    /// Before which retry, from 0.
    pub(super) retry: u32,
    /// It was at least so long, …
    pub(super) low: f64,
    /// … and at most.
    pub(super) high: f64,
    /// The pause before it in the same call, as it was seen: at least, at most.
    pub(super) before: Option<(f64, f64)>,
}

/// Each test errs with this probability for the true kind.
pub(super) const ERROR: f64 = 1e-3;

/// Pauses shorter than a microsecond are none.
const LEAST: f64 = 1e-6;

/// The pauses before one retry, in short.
#[derive(Debug, Clone)]
pub(super) struct Seen<'a> {
    pub(super) retry: u32,
    pub(super) pauses: &'a [Pause],
    /// The shortest is at least, and at most so long.
    pub(super) shortest: (f64, f64),
    /// The longest is at least, and at most so long.
    pub(super) longest: (f64, f64),
}

/// The pauses by retry; they must be sorted by it.
pub(super) fn by_retry(pauses: &[Pause]) -> Vec<Seen<'_>> {
    let least = |of: &[Pause], f: fn(&Pause) -> f64| of.iter().map(f).fold(f64::INFINITY, f64::min);
    let most = |of: &[Pause], f: fn(&Pause) -> f64| of.iter().map(f).fold(0.0, f64::max);
    let chunks = pauses.chunk_by(|a, b| a.retry == b.retry).filter_map(|of| Some((of.first()?.retry, of)));
    let seen = chunks.map(|(retry, of)| Seen {
        retry,
        pauses: of,
        shortest: (least(of, |p| p.low), least(of, |p| p.high)),
        longest: (most(of, |p| p.low), most(of, |p| p.high)),
    });
    seen.collect()
}

/// What a kind says of the bound of a rung, in logarithms of seconds.
pub(super) fn rung(jitter: Jitter, seen: &Seen<'_>) -> Rung {
    let (pauses, top) = (seen.pauses.len() as f64, seen.longest.1.max(LEAST).ln());
    let log = |seconds: f64| seconds.max(LEAST).ln();
    let (low, high, cost) = match jitter {
        Jitter::None | Jitter::Decorrelated => (seen.longest.0, seen.shortest.1, Cost::Nothing),
        Jitter::Full => (seen.longest.0, f64::INFINITY, Cost::Full { pauses, top }),
        Jitter::Equal => (seen.longest.0, 2.0 * seen.shortest.1, Cost::Half { pauses, top }),
        Jitter::Additive => (seen.longest.0 - 1.0, seen.shortest.1, Cost::Nothing),
    };
    Rung { retry: seen.retry, low: log(low), high: if high.is_finite() { log(high) } else { high }, cost }
}

/// Logarithm of the density of a pause below its bound, and the slack's share of it.
pub(super) fn density(jitter: Jitter, bound: f64, slack: f64) -> f64 {
    let width = match jitter {
        Jitter::None | Jitter::Decorrelated => 0.0,
        Jitter::Full => bound,
        Jitter::Equal => bound / 2.0,
        Jitter::Additive => 1.0,
    };
    -(width + slack).max(LEAST).ln()
}

/// Whether the pauses look drawn as this kind draws them, whatever the ladder.
pub(super) fn plausible(jitter: Jitter, seen: &[Seen<'_>]) -> bool {
    let shape: Vec<(f64, f64)> = match jitter {
        Jitter::None | Jitter::Decorrelated => return true,
        Jitter::Full => seen.iter().flat_map(below_the_longest).collect(),
        Jitter::Equal | Jitter::Additive => seen.iter().flat_map(between_the_ends).collect(),
    };
    uniform(shape, ERROR) && spread(jitter, seen)
}

/// Where each pause but the longest lies between nothing and the longest.
fn below_the_longest(seen: &Seen<'_>) -> Vec<(f64, f64)> {
    let longest = place_of(seen.pauses, |p| p.high);
    let others = seen.pauses.iter().enumerate().filter(|(i, _)| Some(*i) != longest);
    others.map(|(_, p)| (p.low / seen.longest.1.max(LEAST), p.high / seen.longest.0.max(LEAST))).collect()
}

/// Where each pause but the two ends lies between these.
fn between_the_ends(seen: &Seen<'_>) -> Vec<(f64, f64)> {
    let (longest, shortest) = (place_of(seen.pauses, |p| p.high), place_of(seen.pauses, |p| -p.high));
    let others = seen.pauses.iter().enumerate().filter(|(i, _)| Some(*i) != longest && Some(*i) != shortest);
    let narrow = (seen.longest.0 - seen.shortest.1).max(LEAST);
    let wide = (seen.longest.1 - seen.shortest.0).max(LEAST);
    let place = |p: &Pause| {
        (
            (p.low - seen.shortest.1) / if p.low > seen.shortest.1 { wide } else { narrow },
            (p.high - seen.shortest.0) / narrow,
        )
    };
    others.map(|(_, p)| place(p)).collect()
}

fn place_of(pauses: &[Pause], by: impl Fn(&Pause) -> f64) -> Option<usize> {
    (0..pauses.len()).max_by(|a, b| by(&pauses[*a]).total_cmp(&by(&pauses[*b])))
}

/// Whether places, each known to lie in a range, may be uniform between 0 and 1.
pub(super) fn uniform(places: Vec<(f64, f64)>, error: f64) -> bool {
    if places.is_empty() {
        return true;
    }
    let n = places.len() as f64;
    let (mut lows, mut highs): (Vec<f64>, Vec<f64>) = places.into_iter().unzip();
    lows.sort_by(f64::total_cmp);
    highs.sort_by(f64::total_cmp);
    let above = highs.iter().enumerate().map(|(i, u)| (i + 1) as f64 / n - u.clamp(0.0, 1.0));
    let below = lows.iter().enumerate().map(|(i, u)| u.clamp(0.0, 1.0) - i as f64 / n);
    let distance = above.chain(below).fold(0.0, f64::max);
    2.0 * (-2.0 * n * distance * distance).exp() >= error
}

/// Whether the ends of the rungs lie as far apart as the kind makes likely: each surprise is at most exponential.
fn spread(jitter: Jitter, seen: &[Seen<'_>]) -> bool {
    let surprise = |seen: &Seen<'_>| {
        let n = seen.pauses.len() as f64;
        let width = match jitter {
            Jitter::Additive => 1.0,
            // Below the longest there is nothing to keep the shortest away from zero.
            Jitter::Full => {
                let nearest = (seen.shortest.0 / seen.longest.1.max(LEAST)).clamp(0.0, 1.0 - 1e-12);
                return -(n - 1.0) * (1.0 - nearest).ln();
            }
            _ => seen.longest.0.max(LEAST) / 2.0,
        };
        let x = ((seen.longest.1 - seen.shortest.0) / width).clamp(1e-12, 1.0);
        // P(all of n within a share x of the interval).
        -(n * x.powf(n - 1.0) - (n - 1.0) * x.powf(n)).clamp(1e-300, 1.0).ln()
    };
    let several = || seen.iter().filter(|s| s.pauses.len() > 1);
    several().map(surprise).sum::<f64>() <= exceeded(several().count(), ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_places_are_uniform_and_lumps_are_not() {
        let even = |n: usize| (0..n).map(|i| ((i as f64 + 0.5) / n as f64, (i as f64 + 0.5) / n as f64)).collect();
        assert!(uniform(even(100), ERROR) && uniform(Vec::new(), ERROR));
        assert!(!uniform((0..40).map(|i| (0.5 + f64::from(i) / 80.0, 0.5 + f64::from(i) / 80.0)).collect(), ERROR));
        assert!(uniform((0..40).map(|_| (0.0, 1.0)).collect(), ERROR), "what may lie anywhere refutes nothing");
    }
}
