//! The ladder of pauses, for each service and class of error: family, jitter, base, growth, cap.

use std::collections::BTreeMap;

use brownout_mocks::service::Class;
use schemars::JsonSchema;
use serde::Serialize;

use super::decorrelated;
use super::jitter::{self, ERROR, Pause, Seen, by_retry, density, plausible};
use super::limiter::Limiter;
use super::number::Number;
use super::region::{self, Range, exceeded};
use crate::evidence::{Evidence, Gap};
use crate::guidance::Jitter;

/// How a client backs off from one class of error of one service.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Backoff {
    /// The service.
    pub service: String,
    /// Class of the errors before the pauses.
    pub class: Class,
    /// How many pauses were usable.
    pub pauses: u64,
    /// How the pauses go on.
    pub family: Family,
    /// The likeliest kind of jitter; null where none fits.
    pub jitter: Option<Jitter>,
    /// All kinds that the pauses do not refute: each is wrongly left out in at most three of a thousand runs.
    pub jitter_possible: Vec<Jitter>,
    /// Bound of the first pause, in seconds.
    pub base: Number,
    /// Growth of the bound per retry.
    pub factor: Number,
    /// Bound of every pause, in seconds.
    pub cap: Number,
    /// What was seen before each retry.
    pub seen: Vec<Rung>,
}

/// The pauses before one retry.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Rung {
    /// Which retry, from 0.
    pub retry: u32,
    /// How many pauses.
    pub pauses: u64,
    /// The shortest, in seconds.
    pub shortest: f64,
    /// The longest, in seconds.
    pub longest: f64,
}

/// How pauses go on from retry to retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// No pause that a clock would show.
    AtOnce,
    /// The bound may stay the same.
    Constant,
    /// The bound grows by a factor, up to a cap if there is one.
    Exponential,
    /// Each pause is drawn between the base and three times the pause before.
    Decorrelated,
    /// One pause a call: growth was not seen.
    Single,
    /// None of the published ones.
    Unknown,
}

/// Both ends of an interval together err with so little less than 5 %: the rest is the kind's.
const OUTSIDE: f64 = 0.045;

/// Range of the logarithm of a number before anything was seen: from a tenth of a millisecond to ten seconds.
const PRIOR: f64 = 11.5;

/// The usable pauses, by service and class.
pub(super) fn pauses<'a>(evidence: &'a Evidence, limiter: &Limiter) -> BTreeMap<(&'a str, Class), Vec<Pause>> {
    let mut groups: BTreeMap<(&'a str, Class), Vec<Pause>> = BTreeMap::new();
    let slack = |us: u64| {
        let below = us.saturating_sub(evidence.slack.over(us));
        (below as f64 / 1e6, us.saturating_add(evidence.slack.below_us) as f64 / 1e6)
    };
    for gap in evidence.gaps().filter(|g| own(limiter, g)) {
        let high = gap.us.saturating_add(evidence.slack.below_us) as f64 / 1e6;
        let low = gap.us.saturating_sub(evidence.late(gap.us, gap.ran_us)) as f64 / 1e6;
        groups.entry((&gap.invocation.service, gap.class)).or_default().push(Pause {
            retry: u32::try_from(gap.retry).unwrap_or(u32::MAX),
            low,
            high,
            before: gap.before.gap_us.filter(|_| gap.before.row > 1).map(slack),
        });
    }
    for pauses in groups.values_mut() {
        pauses.sort_by_key(|p| p.retry);
    }
    groups
}

/// Whether a pause is the client's own: after an answer that all read alike, without a hint, and no limiter's. A client that
/// does not name its mode is taken to have no limiter, which is nobody's default, until calls are seen that were held back.
fn own(limiter: &Limiter, gap: &Gap<'_>) -> bool {
    let before = gap.before;
    let throttled = gap.client.throttled_us.is_some_and(|t| before.end_us.is_some_and(|end| end >= t));
    let held_back = throttled && limiter.limits(gap.client);
    !before.either_way() && !before.hinted() && !held_back
}

/// What fits one service and class.
pub(super) fn fit(evidence: &Evidence, service: &str, class: Class, pauses: &[Pause]) -> Backoff {
    let seen = by_retry(pauses);
    // What was measured: the slack allows for a millisecond more, but that is no news to a reader.
    let measured = |seconds: f64| ((seconds - evidence.slack.below_us as f64 / 1e6).max(0.0) * 1e6).round() / 1e6;
    let mut backoff = Backoff {
        service: service.to_owned(),
        class,
        pauses: pauses.len() as u64,
        family: Family::Unknown,
        jitter: None,
        jitter_possible: Vec::new(),
        base: Number::default(),
        factor: Number::default(),
        cap: Number::default(),
        seen: seen
            .iter()
            .map(|s| Rung {
                retry: s.retry,
                pauses: s.pauses.len() as u64,
                shortest: measured(s.shortest.1),
                longest: measured(s.longest.1),
            })
            .collect(),
    };
    let nothing = evidence.slack.nothing() as f64 / 1e6;
    if backoff.seen.iter().all(|s| s.longest <= nothing) {
        backoff.family = Family::AtOnce;
        let longest = seen.iter().map(|s| s.longest.1).fold(0.0, f64::max);
        (backoff.base, backoff.cap) = (Number::at_most(longest), Number::at_most(longest));
        return backoff;
    }
    let mut possible = possible(pauses, &seen);
    possible.sort_by(|a, b| b.score.total_cmp(&a.score));
    let Some(best) = possible.first() else { return backoff };
    backoff.jitter = Some(best.jitter);
    let (mut base, mut cap, mut factor) = (best.base, best.cap, best.factor);
    for other in &possible[1..] {
        (base, cap) = (base.hull(other.base), cap.hull(other.cap));
        factor = factor.zip(other.factor).map(|(a, b)| a.hull(b)).or(factor).or(other.factor);
    }
    backoff.base = if base.low > 1e-5 { Number::of(best.best_base, base) } else { Number::at_most(base.high) };
    backoff.cap = Number::of(best.best_cap.filter(|_| cap.high.is_finite()), cap);
    backoff.factor = factor.map_or_else(Number::default, |f| Number::of(best.best_factor, f));
    backoff.family = match (best.jitter, factor) {
        (Jitter::Decorrelated, _) => Family::Decorrelated,
        (_, None) => Family::Single,
        (_, Some(factor)) if factor.low <= 1.0 && factor.high >= 1.0 => Family::Constant,
        (_, Some(factor)) if factor.low > 1.0 => Family::Exponential,
        _ => Family::Unknown,
    };
    possible.sort_by_key(|k| k.jitter as u8);
    backoff.jitter_possible = possible.iter().map(|k| k.jitter).collect();
    backoff
}

/// What one kind of jitter makes of the pauses.
struct Kind {
    jitter: Jitter,
    base: Range,
    factor: Option<Range>,
    cap: Range,
    best_base: Option<f64>,
    best_factor: Option<f64>,
    best_cap: Option<f64>,
    /// Logarithm of its likelihood, less what its numbers could have been chosen for.
    score: f64,
}

/// The kinds that are not refuted.
fn possible(pauses: &[Pause], seen: &[Seen<'_>]) -> Vec<Kind> {
    let ladders = [Jitter::None, Jitter::Full, Jitter::Equal, Jitter::Additive];
    let mut kinds: Vec<Kind> = ladders.into_iter().filter_map(|jitter| ladder(jitter, pauses, seen)).collect();
    kinds.extend(drawn_from_the_last(pauses));
    kinds
}

fn ladder(jitter: Jitter, pauses: &[Pause], seen: &[Seen<'_>]) -> Option<Kind> {
    if !plausible(jitter, seen) {
        return None;
    }
    let rungs: Vec<region::Rung> = seen.iter().map(|s| jitter::rung(jitter, s)).collect();
    if rungs.iter().any(|r| r.low > r.high) {
        return None;
    }
    let counts: Vec<f64> = seen.iter().map(|s| s.pauses.len() as f64).collect();
    let costly = if matches!(jitter, Jitter::Full | Jitter::Equal) { rungs.len() } else { 0 };
    let region = region::region(&rungs, &counts, exceeded(costly, OUTSIDE))
        .or_else(|| region::region(&rungs, &counts, exceeded(costly, ERROR)))?;
    let best = region.best;
    let bound = |retry: u32| {
        let bound = best.base * best.factor.powi(i32::try_from(retry).unwrap_or(i32::MAX));
        best.cap.map_or(bound, |cap| bound.min(cap))
    };
    let likelihood: f64 = pauses.iter().map(|p| density(jitter, bound(p.retry), p.high - p.low)).sum();
    let capped = region.cap.high.is_finite();
    let numbers = [Some(region.base), region.factor, capped.then_some(region.cap)];
    Some(Kind {
        jitter,
        base: region.base,
        factor: region.factor,
        cap: region.cap,
        best_base: Some(best.base),
        best_factor: Some(best.factor),
        best_cap: best.cap,
        score: likelihood - numbers.into_iter().flatten().map(chosen).sum::<f64>(),
    })
}

fn drawn_from_the_last(pauses: &[Pause]) -> Option<Kind> {
    let fit = decorrelated::fit(pauses, OUTSIDE)?;
    let capped = fit.cap.high.is_finite();
    let numbers = [Some(fit.base), capped.then_some(fit.cap)];
    Some(Kind {
        jitter: Jitter::Decorrelated,
        base: fit.base,
        factor: None,
        cap: fit.cap,
        best_base: Some(fit.best),
        best_factor: None,
        best_cap: capped.then(|| f64::midpoint(fit.cap.low, fit.cap.high)),
        score: fit.likelihood - numbers.into_iter().flatten().map(chosen).sum::<f64>(),
    })
}

/// How much a number was chosen for the pauses, in logarithms: all that it might have been, to what it may still be.
fn chosen(range: Range) -> f64 {
    let width = (range.high / range.low.max(1e-9)).ln();
    (PRIOR / width.clamp(1e-6, PRIOR)).ln()
}
