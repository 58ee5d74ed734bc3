//! What policy was seen, for people: a line, or a part a line.

use std::fmt::Write as _;

use super::DIM;
use crate::fit::{Fit, Number, QuotaState};
use crate::report::Entry;

/// The line below a run; none where no retry was seen.
pub fn seen(entry: &Entry) -> String {
    let fit = entry.report.fit.as_ref().filter(|fit| !fit.backoff.is_empty() || !fit.attempts.is_empty());
    fit.map_or_else(String::new, |fit| format!("  {DIM}seen{DIM:#}: {}\n", fit.summary))
}

/// A fit as a whole: its sentence, then a part a line.
pub fn fit(title: &str, fit: &Fit) -> String {
    let mut out = format!("fit   {title}\n      {}\n", fit.summary);
    let mut line = |part: &str, text: &str| {
        let _ = writeln!(out, "      {part:<11} {text}");
    };
    for ladder in &fit.backoff {
        let rungs = ladder.seen.iter().map(|r| format!("{:.3}–{:.3} s", r.shortest, r.longest));
        let of = format!("{} {}", ladder.service, class(ladder.class));
        line("pauses", &format!("{of}: {} in all; by retry {}", ladder.pauses, rungs.collect::<Vec<_>>().join(", ")));
    }
    for attempts in &fit.attempts {
        let declared = attempts.declared.map_or_else(String::new, |d| format!("; the client announces {d}"));
        let text =
            format!("{}: {}, {} calls given up{declared}", attempts.service, bare(&attempts.max), attempts.given_up);
        line("attempts", &text);
    }
    if fit.quota.state != QuotaState::NotFelt {
        let quota = &fit.quota;
        let text = match quota.state {
            QuotaState::Unclear => "retries were left out that no token bucket explains".to_owned(),
            _ => format!(
                "capacity {}, a throttling retry costs {}, a transient one {}",
                bare(&quota.capacity),
                bare(&quota.throttling),
                bare(&quota.transient)
            ),
        };
        line("quota", &text);
    }
    if let Some(seen) = fit.limiter.seen {
        let held = bare(&fit.limiter.held_back);
        line(
            "limiter",
            &if seen { format!("held back this share of calls: {held}") } else { "none was seen".to_owned() },
        );
    }
    if let Some(polling) = &fit.polling {
        let (start, factor, cap) = (bare(&polling.start), bare(&polling.factor), bare(&polling.cap));
        line("polls", &format!("{} pauses, from {start} s, × {factor}, up to {cap} s", polling.pauses));
    }
    if let Some(breaker) = fit.breaker.as_ref().filter(|b| b.seen) {
        let text = format!(
            "opens after {}, for {} s, probes with {}, closes after {}",
            bare(&breaker.threshold),
            bare(&breaker.open),
            bare(&breaker.probes),
            bare(&breaker.closes_after)
        );
        line("breaker", &text);
    }
    for (part, candidates) in [("possible", &fit.profiles.possible), ("attempts?", &fit.profiles.but_for_attempts)] {
        for candidate in candidates.iter().filter(|_| fit.nearest.is_some()) {
            line(part, &format!("{} (distance {})", candidate.name, candidate.distance));
        }
    }
    for excluded in &fit.profiles.excluded {
        line("not", &format!("{DIM}{}: {}{DIM:#}", excluded.name, excluded.why));
    }
    for missing in &fit.missing {
        line("not seen", &format!("{DIM}{}: {}; `{}` shows it{DIM:#}", missing.part, missing.why, missing.play));
    }
    out
}

fn class(class: brownout_mocks::service::Class) -> &'static str {
    if class == brownout_mocks::service::Class::Transient { "transient" } else { "throttling" }
}

/// A number without its unit.
fn bare(number: &Number) -> String {
    match *number {
        Number { value: Some(value), low: Some(low), high: Some(high), .. } if low < high => {
            format!("{value} ({low}–{high})")
        }
        Number { value: Some(value), low: Some(_), .. } => value.to_string(),
        Number { at_least: Some(bound), .. } => format!("at least {bound}"),
        Number { at_most: Some(bound), .. } => format!("at most {bound}"),
        _ => "unknown".to_owned(),
    }
}
