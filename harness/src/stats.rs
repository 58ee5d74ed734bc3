//! Tests that are valid at any stopping time: bets against a hypothesis.
//!
//! Trials are added until a rule is decided, so a test must not err more often because it is looked at
//! after every trial. A **bet** starts with one unit of wealth and stakes it, sample by sample, against
//! the hypothesis that a hit is at most as probable as `q`, whatever happened before. Under the
//! hypothesis wealth is a supermartingale: it ever reaches `1/α` with probability at most `α` (Ville).
//! `q` may differ from sample to sample, as long as it is fixed before the sample is seen.
//!
//! The stake is spread evenly over several alternatives `p > q`; a hit multiplies a part's wealth by
//! `p/q`, a miss by `(1−p)/(1−q)`.

use std::sync::LazyLock;

/// Probability that one rule wrongly blames a right client, per scenario × client: 10⁻⁸.
pub const BLAME_ERROR: f64 = 1e-8;

/// Probability that a client that breaks a rule is passed by chance, per rule × scenario × client: 10⁻³.
/// A pass that should have been a failure costs a finding, not a red build, so it is judged less hard.
pub const PASS_ERROR: f64 = 1e-3;

/// The alternatives that the stake is spread over: so probable is a hit, …
const ALTERNATIVES: [f64; 8] = [0.999, 0.99, 0.95, 0.85, 0.7, 0.5, 0.3, 0.1];

/// … or so many times better are its odds than the hypothesis allows.
const ODDS: [f64; 4] = [1.5, 2.5, 5.0, 20.0];

const PARTS: usize = ALTERNATIVES.len() + ODDS.len();

/// Logarithms of what does not change: of each alternative and of its complement, and of the odds.
static LOGARITHMS: LazyLock<Logarithms> = LazyLock::new(|| Logarithms {
    alternatives: ALTERNATIVES.map(|p| (p.ln(), (1.0 - p).ln())),
    odds: ODDS.map(f64::ln),
});

struct Logarithms {
    alternatives: [(f64, f64); ALTERNATIVES.len()],
    odds: [f64; ODDS.len()],
}

/// The logarithms by which a hit and a miss multiply each part's wealth.
fn gains(q: f64) -> [Option<(f64, f64)>; PARTS] {
    let Logarithms { alternatives, odds } = &*LOGARITHMS;
    let (hit, miss) = (q.ln(), (1.0 - q).ln());
    let own = q / (1.0 - q);
    let mut gains = [None; PARTS];
    let (first, rest) = gains.split_at_mut(ALTERNATIVES.len());
    for ((gain, p), (ln_p, ln_rest)) in first.iter_mut().zip(ALTERNATIVES).zip(alternatives) {
        *gain = (p > q).then_some((ln_p - hit, ln_rest - miss));
    }
    for ((gain, times), ln_times) in rest.iter_mut().zip(ODDS).zip(odds) {
        // p = o / (1 + o), where the odds o are so many times those of q.
        let ln_rest = -(times * own).ln_1p();
        *gain = Some((ln_times + ln_rest - miss, ln_rest - miss));
    }
    gains
}

/// A bet against "a hit is at most as probable as `q`".
#[derive(Debug, Clone)]
pub struct Bet {
    /// Natural logarithm of each part's wealth.
    parts: [f64; PARTS],
    /// Largest logarithm of the whole wealth so far: what was once proven stays proven.
    best: f64,
    /// Logarithm of the wealth that decides.
    goal: f64,
    samples: u64,
    hits: u64,
    /// Mean logarithm of what a hit is worth at most, for forecasts.
    worth: f64,
}

impl Bet {
    /// A bet that decides with error probability `error`.
    pub fn new(error: f64) -> Self {
        Self { parts: [0.0; PARTS], best: 0.0, goal: -error.ln(), samples: 0, hits: 0, worth: 0.0 }
    }

    /// One more sample. A sample with `q` of 1 or more says nothing and is left out; `q` is never taken
    /// below 10⁻⁶, so that no single sample decides.
    pub fn see(&mut self, hit: bool, q: f64) {
        if q.is_nan() || q >= 1.0 {
            return;
        }
        let q = q.max(1e-6);
        self.samples += 1;
        self.hits += u64::from(hit);
        if self.decided() {
            // What was once proven stays proven.
            return;
        }
        let (mut most, mut top) = (0.0f64, f64::NEG_INFINITY);
        for (part, gain) in self.parts.iter_mut().zip(gains(q)) {
            if let Some((gain, loss)) = gain {
                most = most.max(gain);
                *part += if hit { gain } else { loss };
            }
            top = top.max(*part);
        }
        self.worth += most;
        // The whole is never worth more than its best part, so that is rarely reckoned.
        if top > self.best {
            self.best = self.best.max(self.wealth());
        }
    }

    /// Logarithm of the wealth now.
    fn wealth(&self) -> f64 {
        let top = self.parts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = self.parts.iter().map(|p| (p - top).exp()).sum();
        top + (sum / self.parts.len() as f64).ln()
    }

    /// Whether the hypothesis is refuted.
    pub fn decided(&self) -> bool {
        self.best >= self.goal
    }

    /// How many samples it has seen.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// How many of them were hits.
    pub fn hits(&self) -> u64 {
        self.hits
    }

    /// How many more samples would decide if they went on as so far; `None` if they never would.
    pub fn needs(&self) -> Option<u64> {
        if self.decided() {
            return Some(0);
        }
        if self.samples == 0 {
            return None;
        }
        // The best part's mean gain per sample, or, early on, what hits alone would be worth.
        let n = self.samples as f64;
        let mean = self.parts.iter().copied().fold(f64::NEG_INFINITY, f64::max) / n;
        let mean = if self.samples < 8 { mean.max(self.worth / n * self.hits as f64 / n) } else { mean };
        (mean > 1e-3).then(|| ((self.goal - self.wealth()).max(0.0) / mean).ceil() as u64 + 1)
    }
}

/// Two bets on the same samples: one to blame, one to clear.
#[derive(Debug, Clone)]
pub struct Duel {
    blame: Bet,
    clear: Bet,
}

impl Duel {
    /// Blames with error probability [`BLAME_ERROR`] ÷ `groups`, clears with [`PASS_ERROR`].
    pub fn new(groups: u32) -> Self {
        Self { blame: Bet::new(BLAME_ERROR / f64::from(groups.max(1))), clear: Bet::new(PASS_ERROR) }
    }

    /// One more sample. A right client hits at most with probability `right`; a wrong one misses at most
    /// with probability `wrong`.
    pub fn see(&mut self, hit: bool, right: f64, wrong: f64) {
        if right < 1.0 {
            self.blame(hit, right);
            self.clear(!hit, wrong);
        }
    }

    /// One more sample for blame alone.
    pub fn blame(&mut self, hit: bool, right: f64) {
        self.blame.see(hit, right);
    }

    /// One more sample for clearance alone. Where `right` depends on the sample's first half, choosing
    /// samples by it would bend this side.
    pub fn clear(&mut self, good: bool, wrong: f64) {
        self.clear.see(good, wrong);
    }

    /// How strongly the samples speak against the client: an e-value, valid at any stopping time. A right client
    /// reaches `1/α` with probability at most `α`, however many duels share the error; `1/`[`BLAME_ERROR`] blames.
    pub fn e_value(&self) -> f64 {
        // More would say nothing more, and no number is beyond what JSON can hold.
        ((self.blame.best - self.blame.goal).exp() / BLAME_ERROR).min(1e300)
    }

    /// Whether the client is to blame (`Some(true)`), cleared (`Some(false)`), or neither yet.
    pub fn decision(&self) -> Option<bool> {
        if self.blame.decided() {
            Some(true)
        } else if self.clear.decided() {
            Some(false)
        } else {
            None
        }
    }

    /// How many samples it has seen.
    pub fn samples(&self) -> u64 {
        self.clear.samples()
    }

    /// How many of them were hits.
    pub fn hits(&self) -> u64 {
        self.clear.samples() - self.clear.hits()
    }

    /// How many more samples would decide, one way or the other. Where the samples so far lean neither
    /// way, as many again are worth a look.
    pub fn needs(&self) -> Option<u64> {
        match (self.blame.needs(), self.clear.needs()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b).or_else(|| (self.samples() > 0).then(|| self.samples().max(8))),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// A small generator of its own, so that the test depends on nothing.
    struct Lcg(u64);

    impl Lcg {
        fn unit(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 11) as f64 / (1u64 << 53) as f64
        }
    }

    #[test]
    fn a_true_hypothesis_is_refuted_no_more_often_than_stated() {
        for (seed, q) in [(1, 0.02), (2, 0.25), (3, 0.5), (4, 0.9)] {
            let (mut lcg, runs, error) = (Lcg(seed), 20_000, 0.01);
            let wrong = (0..runs)
                .filter(|_| {
                    let mut bet = Bet::new(error);
                    (0..100).any(|_| {
                        bet.see(lcg.unit() < q, q);
                        bet.decided()
                    })
                })
                .count();
            assert!(wrong as f64 <= error * f64::from(runs), "q = {q}: {wrong} of {runs}");
        }
    }

    #[test]
    fn a_changing_hypothesis_keeps_its_error() {
        let (mut lcg, runs) = (Lcg(9), 20_000);
        let wrong = (0..runs)
            .filter(|_| {
                let mut bet = Bet::new(0.01);
                (0..100).any(|i| {
                    let q = [0.01, 0.4, 0.75][i % 3];
                    bet.see(lcg.unit() < q, q);
                    bet.decided()
                })
            })
            .count();
        assert!(wrong <= 200, "{wrong}");
    }

    #[test]
    fn a_false_hypothesis_is_refuted_soon_and_foreseen() {
        let mut bet = Bet::new(BLAME_ERROR);
        bet.see(true, 0.1);
        let foreseen = bet.needs().unwrap();
        let mut seen = 1;
        while !bet.decided() {
            bet.see(true, 0.1);
            seen += 1;
        }
        assert!((8..14).contains(&seen), "{seen}");
        assert!(foreseen + 1 >= seen - 2 && foreseen < 30, "{foreseen} against {seen}");
        let mut coin = Bet::new(BLAME_ERROR);
        let mut lcg = Lcg(5);
        let needed = (0..2_000).take_while(|_| {
            coin.see(lcg.unit() < 0.5, 0.25);
            !coin.decided()
        });
        assert!(needed.count() < 400);
    }

    #[test]
    fn no_single_sample_decides_and_nonsense_is_left_out() {
        let mut bet = Bet::new(BLAME_ERROR);
        bet.see(true, 0.0);
        assert!(!bet.decided());
        for q in [1.0, 2.0, f64::NAN, f64::INFINITY] {
            bet.see(true, q);
        }
        assert_eq!((bet.samples(), bet.hits()), (1, 1));
        assert_eq!(Bet::new(0.1).needs(), None);
    }
}
