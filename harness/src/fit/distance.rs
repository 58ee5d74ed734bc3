//! How far what was seen lies from a profile.

use brownout_mocks::service::Class;

use super::Fit;
use super::number::Number;
use crate::guidance::{Jitter, Profile};

/// For another kind of jitter.
const OTHER_JITTER: f64 = 1.0;

/// The sum over all numbers that have a value; 0 where nothing was seen.
pub(super) fn to(fit: &Fit, profile: &Profile) -> f64 {
    let mut sum = 0.0;
    for seen in &fit.backoff {
        let class = if seen.class == Class::Transient { Class::Transient } else { Class::Throttling };
        let ladder = profile.backoff(&seen.service).ladder(class);
        sum += if seen.jitter.is_some_and(|j| j != ladder.jitter) { OTHER_JITTER } else { 0.0 };
        sum += apart(&seen.base, ladder.base.get().as_secs_f64());
        sum += apart(&seen.cap, ladder.cap.get().as_secs_f64());
        if ladder.jitter != Jitter::Decorrelated {
            sum += apart(&seen.factor, ladder.factor);
        }
    }
    for seen in &fit.attempts {
        sum += apart(&seen.max, profile.attempts_max(&seen.service).value.into());
    }
    if let (Some(seen), Some(own)) = (&fit.breaker, &profile.breaker) {
        sum += apart(&seen.threshold, own.threshold.into()) + apart(&seen.open, own.open.get().as_secs_f64());
    }
    (sum * 1e3).round() / 1e3
}

/// Logarithm of the ratio of a number and another; where there is but a bound, to that, if the other lies beyond it.
fn apart(seen: &Number, own: f64) -> f64 {
    let nearest =
        seen.value.or(seen.at_least.filter(|bound| own < *bound)).or(seen.at_most.filter(|bound| own > *bound));
    nearest.map_or(0.0, |n| (n.max(1e-6) / own.max(1e-6)).ln().abs())
}
