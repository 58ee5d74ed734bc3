//! A profile's ladders against one service and class, tabulated for the rules.

use super::{Jitter, Ladder, Profile};

/// How many retries are tabulated; later ones read the last column. Every cap has bitten by then.
pub const RETRIES: usize = 24;

/// What the allowed policies do before each retry.
#[derive(Debug, Clone)]
pub struct Numbers {
    rows: Vec<Row>,
    /// Longest pause that any allowed policy makes before retry `i`, in seconds.
    pub bound: [f64; RETRIES],
    /// Narrowest interval that the pause before retry `i` is uniform in, over the allowed additive and
    /// decorrelated policies, in seconds; 0 where some policy need not draw at all. Full and equal jitter
    /// do not narrow it: there the interval is at least half of any pause that is seen.
    pub width: [f64; RETRIES],
    /// Largest cap of any allowed policy, in seconds.
    pub cap: f64,
    /// Smallest bound over all allowed policies, in seconds: the pause is at most this with the least
    /// patient policy; 0 where one of them may repeat at once.
    pub least: [f64; RETRIES],
}

#[derive(Debug, Clone)]
struct Row {
    ladder: Ladder,
    bounds: [f64; RETRIES],
    fixed_from: Option<usize>,
}

impl Numbers {
    /// The table for `service`; `throttling` chooses the ladder.
    pub fn new(profile: &Profile, service: &str, throttling: bool) -> Self {
        let mut numbers = Self {
            rows: Vec::new(),
            bound: [0.0; RETRIES],
            width: [f64::MAX; RETRIES],
            cap: 0.0,
            least: [f64::MAX; RETRIES],
        };
        for policy in profile.allowed(service) {
            let ladder = if throttling { policy.throttling } else { policy.transient };
            numbers.cap = numbers
                .cap
                .max(ladder.cap.get().as_secs_f64() + if ladder.jitter == Jitter::Additive { 1.0 } else { 0.0 });
            let mut bounds = [0.0; RETRIES];
            for (i, bound) in bounds.iter_mut().enumerate() {
                let retry = u32::try_from(i).unwrap_or(u32::MAX);
                let fixed = policy.fixed_from.is_some_and(|from| retry >= from);
                *bound = if fixed { ladder.cap.get() } else { ladder.bound(retry) }.as_secs_f64();
                let at_once = policy.at_once && !throttling && retry == 0;
                numbers.bound[i] = numbers.bound[i].max(*bound);
                numbers.width[i] = numbers.width[i].min(if fixed { 0.0 } else { width(&ladder, retry) });
                numbers.least[i] = numbers.least[i].min(if at_once { 0.0 } else { *bound });
            }
            let fixed_from = policy.fixed_from.map(|from| from as usize);
            numbers.rows.push(Row { ladder, bounds, fixed_from });
        }
        numbers
    }

    /// The longest pause that any allowed policy makes before retry `retry` from 0, in seconds.
    pub fn bound(&self, retry: usize) -> f64 {
        self.bound[retry.min(RETRIES - 1)]
    }

    /// The most probable that the pause before retry `late` is at most `pause + slack` (in seconds),
    /// given that the one before retry `early` was `pause`: over the allowed policies that can have made
    /// that pause. 1 if none can, or if one of them stands still.
    ///
    /// Decorrelated pauses satisfy P(sₙ₊₁ ≤ sₙ | sₙ) = (sₙ − base) / (3sₙ − base) < 1/3, and less than 0.36
    /// further on, as long as the cap is out of reach.
    pub fn no_growth(&self, early: usize, late: usize, pause: f64, slack: f64) -> f64 {
        let (early, late) = (early.min(RETRIES - 1), late.min(RETRIES - 1));
        let (mut worst, mut possible) = (0.0f64, false);
        for row in &self.rows {
            let (a, b, top) = (row.bounds[early], row.bounds[late], pause + slack);
            let is = |index| row.fixed_from.is_some_and(|from| index >= from);
            let lowest = match row.ladder.jitter {
                _ if is(early) => a,
                Jitter::None => a,
                Jitter::Full => 0.0,
                Jitter::Equal => a / 2.0,
                Jitter::Additive => a - 1.0,
                Jitter::Decorrelated => row.ladder.base.get().as_secs_f64(),
            };
            if pause > a + slack || pause < lowest - slack {
                continue;
            }
            possible = true;
            let p = match row.ladder.jitter {
                _ if is(late) => f64::from(u8::from(b <= top)),
                Jitter::None => f64::from(u8::from(b <= top)),
                Jitter::Full => top / b,
                Jitter::Equal => (top - b / 2.0) / (b / 2.0),
                Jitter::Additive => top - (b - 1.0),
                Jitter::Decorrelated if a >= row.ladder.cap.get().as_secs_f64() => 1.0,
                Jitter::Decorrelated => 0.36 + slack / (2.0 * row.ladder.base.get().as_secs_f64()),
            };
            worst = worst.max(if p.is_finite() { p } else { 1.0 });
        }
        if possible { worst.clamp(0.0, 1.0) } else { 1.0 }
    }

    /// Whether an allowed policy without jitter waits exactly so long (in seconds) before retry `retry`.
    pub fn unjittered(&self, retry: usize, pause: f64, slack: f64) -> bool {
        self.rows.iter().any(|row| {
            row.ladder.jitter == Jitter::None && {
                let exact = row.bounds[retry.min(RETRIES - 1)];
                pause >= exact - slack && pause <= exact + slack
            }
        })
    }

    /// Whether some allowed policy is without jitter.
    pub fn sometimes_unjittered(&self) -> bool {
        self.rows.iter().any(|row| row.ladder.jitter == Jitter::None)
    }

    /// Whether every allowed policy is without jitter.
    pub fn never_jitters(&self) -> bool {
        self.rows.iter().all(|row| row.ladder.jitter == Jitter::None)
    }
}

/// The narrowest interval that the pause is uniform in, whatever the pauses before; 0 if it may be an atom.
fn width(ladder: &Ladder, retry: u32) -> f64 {
    let (base, cap) = (ladder.base.get().as_secs_f64(), ladder.cap.get().as_secs_f64());
    match ladder.jitter {
        // Gaps of an unjittered ladder are recognised by their value instead: see `Numbers::unjittered`.
        Jitter::None | Jitter::Full | Jitter::Equal => f64::MAX,
        Jitter::Additive => 1.0,
        // Where three times the pause before may pass the cap, the cap itself is likely.
        Jitter::Decorrelated if base * 3f64.powi(i32::try_from(retry).unwrap_or(i32::MAX).saturating_add(1)) > cap => {
            0.0
        }
        Jitter::Decorrelated => 2.0 * base,
    }
}
