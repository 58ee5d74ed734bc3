//! The retry quota: tokens that a retry costs and a success gives back (guidance 1.4).
//!
//! What a client has spent is known but for the prices: each retry adds its cost to the deficit, a success after a retry
//! takes that retry's cost off again, one at first try takes 1 off. A retry that was made proves that its cost was there,
//! one that was left alone, with attempts in hand, that it was not. So each pair of costs gives the capacities that fit
//! all of it, and most pairs give none.

use brownout_mocks::service::Class;
use schemars::JsonSchema;
use serde::Serialize;

use super::attempts::Attempts;
use super::history::{Event, History, Then, What};
use super::number::Number;
use super::region::Range;

/// A client-side token bucket for retries.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Quota {
    /// Whether it was felt, and what that says.
    pub state: QuotaState,
    /// Retries that a full bucket pays for while nothing succeeds, all of them after throttling errors.
    pub throttling_retries: Number,
    /// The same after transient errors.
    pub transient_retries: Number,
    /// Cost of a retry after a throttling error, where a success at first try gives 1 back. Known only where successes
    /// between spent tokens set the scale.
    pub throttling: Number,
    /// Cost of a retry after a transient error, on the same scale.
    pub transient: Number,
    /// Tokens at the start, and at most, on the same scale.
    pub capacity: Number,
}

/// What was seen of a retry quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuotaState {
    /// No retry was left alone with attempts in hand: there is none, or it was never spent.
    NotFelt,
    /// It stopped retries.
    Felt,
    /// Retries were left alone, and no quota explains which.
    Unclear,
}

/// The dearest retry that is thought of; the dearest published is 14.
const DEAREST: i64 = 32;
/// So many clients' histories tell it; more would only cost time.
const HISTORIES: usize = 12;

#[derive(Debug, Clone, Copy)]
struct Prices {
    throttling: i64,
    transient: i64,
}

impl Prices {
    fn of(self, class: Class) -> i64 {
        if class == Class::Transient { self.transient } else { self.throttling }
    }
}

/// Capacities that fit: at least, and less than.
#[derive(Debug, Clone, Copy)]
struct Fits {
    least: i64,
    below: i64,
}

/// Fits, with what is known of the attempts.
pub(super) fn fit(histories: &[History<'_>], attempts: &[Attempts]) -> Quota {
    let most = |service: &str| attempts.iter().find(|a| a.service == service).and_then(|a| a.max.value);
    let in_hand = |event: &Event<'_>| match event.what {
        What::Failure { attempt, then: Then::GaveUp, .. } => {
            most(event.service).is_some_and(|most| f64::from(attempt.row) < most)
        }
        _ => false,
    };
    let clear: Vec<&History<'_>> = histories.iter().filter(|h| readable(h)).collect();
    let mut quota = Quota {
        state: QuotaState::NotFelt,
        throttling_retries: Number::default(),
        transient_retries: Number::default(),
        throttling: Number::default(),
        transient: Number::default(),
        capacity: Number::default(),
    };
    let stopped: Vec<&History<'_>> =
        clear.iter().copied().filter(|h| h.events.iter().any(&in_hand)).take(HISTORIES).collect();
    if stopped.is_empty() {
        // Nothing was refused: what was spent at one time is a bound, in retries of one kind.
        for (class, number) in
            [(Class::Throttling, &mut quota.throttling_retries), (Class::Transient, &mut quota.transient_retries)]
        {
            let alone = clear.iter().map(|h| spent_alone(h, class)).max().unwrap_or(0);
            if alone > 0 {
                *number = Number::at_least(alone as f64);
            }
        }
        return quota;
    }
    quota.state = QuotaState::Felt;
    let seen = |class| {
        let of = |e: &Event<'_>| matches!(e.what, What::Failure { class: c, .. } if c == class);
        stopped.iter().any(|h| h.events.iter().any(of))
    };
    let range = |class| if seen(class) { 0..=DEAREST } else { 0..=0 };
    let mut found: Vec<(Prices, Fits)> = Vec::new();
    for throttling in range(Class::Throttling) {
        for transient in range(Class::Transient) {
            let prices = Prices { throttling, transient };
            let fits = stopped.iter().try_fold(Fits { least: 0, below: i64::MAX }, |fits, history| {
                capacities(history, prices, fits, in_hand)
            });
            found.extend(fits.map(|fits| (prices, fits)));
        }
    }
    if found.is_empty() {
        quota.state = QuotaState::Unclear;
        return quota;
    }
    let retries = |class: Class| {
        hull(found.iter().map(|(prices, fits)| match prices.of(class) {
            0 => (i64::MAX, i64::MAX),
            price => (fits.least / price, (fits.below - 1) / price),
        }))
    };
    for (class, count, price) in [
        (Class::Throttling, &mut quota.throttling_retries, &mut quota.throttling),
        (Class::Transient, &mut quota.transient_retries, &mut quota.transient),
    ] {
        if seen(class) {
            *count = retries(class);
            *price = bounded(hull(found.iter().map(|(prices, _)| (prices.of(class), prices.of(class)))));
        }
    }
    let capacity = hull(found.iter().map(|(_, fits)| (fits.least, fits.below - 1)));
    let scaled = quota.throttling.at_least.is_none() && quota.transient.at_least.is_none();
    quota.capacity =
        if scaled { capacity } else { Number::at_least(capacity.low.or(capacity.at_least).unwrap_or(0.0)) };
    quota
}

/// Opens the upper end where every call that was given up after the most attempts may have been stopped by a quota just
/// there. A quota that one call can empty is a limit of attempts by another name, and is not thought of.
pub(super) fn doubt(histories: &[History<'_>], attempts: &mut [Attempts]) {
    for of in attempts.iter_mut().filter(|of| of.max.high.is_some()) {
        let Some(most) = of.max.value else { continue };
        let refused =
            |e: &Event<'_>| e.service == of.service && matches!(e.what, What::Failure { then: Then::GaveUp, .. });
        let concerned: Vec<&History<'_>> = histories.iter().filter(|h| h.events.iter().any(refused)).collect();
        if !concerned.iter().all(|h| readable(h)) {
            continue;
        }
        let explains = |prices: Prices| {
            let fits = concerned.iter().try_fold(Fits { least: 0, below: i64::MAX }, |fits, history| {
                capacities(history, prices, fits, refused)
            });
            fits.is_some_and(|fits| fits.below > most as i64 * prices.throttling.max(prices.transient))
        };
        let prices = |throttling| (1..=DEAREST).map(move |transient| Prices { throttling, transient });
        if (1..=DEAREST).flat_map(prices).any(explains) {
            of.max = Number::of(Some(most), Range { low: most, high: f64::INFINITY });
        }
    }
}

/// A price that may be the dearest thought of may be dearer still.
fn bounded(price: Number) -> Number {
    match (price.low, price.high) {
        (Some(low), Some(high)) if high >= DEAREST as f64 => Number::at_least(low),
        _ => price,
    }
}

fn hull(ranges: impl Iterator<Item = (i64, i64)>) -> Number {
    let (low, high) = ranges.fold((i64::MAX, i64::MIN), |(low, high), (a, b)| (low.min(a), high.max(b)));
    if high == i64::MAX {
        Number::at_least(low as f64)
    } else {
        Number::between(f64::midpoint(low as f64, high as f64).round(), low as f64, high as f64)
    }
}

/// Whether the order of what it did is known: one call at a time, or nothing but failures of one class; and no answer was
/// cut, whose price is not known.
fn readable(history: &History<'_>) -> bool {
    let whole = |e: &Event<'_>| match e.what {
        What::Failure { attempt, .. } => !attempt.either_way(),
        What::Success(_) => true,
    };
    let first = history.events.iter().find_map(|e| match e.what {
        What::Failure { class, .. } => Some(class),
        What::Success(_) => None,
    });
    let plain = |e: &Event<'_>| matches!(e.what, What::Failure { class, .. } if Some(class) == first);
    history.events.iter().all(whole) && (history.client.peak <= 1 || history.events.iter().all(plain))
}

/// Retries of one class in a row that nothing gave tokens back for, at the dearest moment.
fn spent_alone(history: &History<'_>, class: Class) -> i64 {
    let (mut spent, mut most) = (0i64, 0);
    for event in &history.events {
        match event.what {
            What::Failure { class: c, then: Then::Retried, .. } if c == class => spent += 1,
            // What a retry of another price gave back may be worth all of them.
            What::Success(Some(a)) if (a.class == Some(Class::Transient)) != (class == Class::Transient) => spent = 0,
            What::Success(Some(_)) => spent -= 1,
            // One token of one or more.
            What::Success(None) => spent = (spent - 1).max(0),
            What::Failure { .. } => {}
        }
        most = most.max(spent);
    }
    most
}

/// Narrows the capacities by one client's history; `None` if none is left.
fn capacities(
    history: &History<'_>,
    prices: Prices,
    mut fits: Fits,
    in_hand: impl Fn(&Event<'_>) -> bool,
) -> Option<Fits> {
    let mut deficit = 0i64;
    for event in &history.events {
        match event.what {
            What::Success(after) => {
                let back = after.map_or(1, |a| {
                    prices.of(if a.class == Some(Class::Transient) { Class::Transient } else { Class::Throttling })
                });
                deficit = (deficit - back).max(0);
            }
            What::Failure { class, then: Then::Retried, .. } => {
                deficit += prices.of(class);
                fits.least = fits.least.max(deficit);
            }
            What::Failure { class, then: Then::GaveUp, .. } if in_hand(event) => {
                fits.below = fits.below.min(deficit + prices.of(class));
            }
            What::Failure { .. } => {}
        }
        if fits.least >= fits.below {
            return None;
        }
    }
    Some(fits)
}
