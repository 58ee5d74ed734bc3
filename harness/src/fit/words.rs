//! A fit in a sentence.

use std::fmt::Write as _;

use brownout_mocks::service::Class;

use super::{Backoff, Family, Fit, Number, QuotaState};
use crate::guidance::Jitter;

/// `throttling` or `transient`.
pub(super) fn class(class: Class) -> &'static str {
    if class == Class::Transient { "transient" } else { "throttling" }
}

/// Seconds as people say them: `50 ms`, `1.00 s`, `31.5 s`, `5.0 min`.
pub(super) fn time(seconds: f64) -> String {
    if seconds < 0.995 {
        format!("{:.0} ms", seconds * 1e3)
    } else if seconds < 9.995 {
        format!("{seconds:.2} s")
    } else if seconds < 120.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{:.1} min", seconds / 60.0)
    }
}

fn times(factor: f64) -> String {
    format!("×{factor:.2}")
}

fn plain(number: f64) -> String {
    format!("{}", (number * 100.0).round() / 100.0)
}

/// `1.00 s (980 ms–1.05 s)`, `≥ 3.90 s`.
fn number(number: &Number, word: fn(f64) -> String) -> Option<String> {
    match *number {
        Number { value: Some(value), low: Some(low), high: Some(high), .. } if word(low) == word(high) => {
            Some(word(value))
        }
        Number { value: Some(value), low: Some(low), high: Some(high), .. } => {
            Some(format!("{} ({}–{})", word(value), word(low), word(high)))
        }
        Number { value: Some(value), at_least: Some(bound), .. } => Some(format!("{} (≥ {})", word(value), word(bound))),
        Number { at_least: Some(bound), .. } => Some(format!("≥ {}", word(bound))),
        Number { at_most: Some(bound), .. } => Some(format!("≤ {}", word(bound))),
        _ => None,
    }
}

pub(super) fn summary(fit: &Fit) -> String {
    let mut parts = ladders(fit);
    parts.extend(attempts(fit));
    parts.extend(quota(fit));
    if fit.limiter.seen == Some(true) {
        parts.push("a rate limiter holds calls back".to_owned());
    }
    if let Some(polling) = &fit.polling {
        let start = number(&polling.start, time).map_or_else(String::new, |s| format!(" from {s}"));
        let factor = number(&polling.factor, times).map_or_else(String::new, |f| format!(" {f}"));
        parts.push(format!("polls{start}{factor}"));
    }
    if let Some(breaker) = fit.breaker.as_ref().filter(|b| b.seen) {
        let word = |n: &Number, w| number(n, w).unwrap_or_else(|| "?".to_owned());
        parts.push(format!(
            "a breaker opens after {} failures for {}",
            word(&breaker.threshold, plain),
            word(&breaker.open, time)
        ));
    }
    if parts.is_empty() {
        return "no retry was seen, and nothing else that tells one policy from another".to_owned();
    }
    format!("{}: {}", like(fit), parts.join(", "))
}

/// So many names are said in a sentence.
const NAMES: usize = 4;

fn like(fit: &Fit) -> String {
    let names = |of: &[super::Candidate]| {
        let mut names: Vec<String> = of.iter().take(NAMES).map(|c| c.name.clone()).collect();
        if of.len() > NAMES {
            names.push(format!("{} more", of.len() - NAMES));
        }
        match names.as_slice() {
            [.., _] if names.len() == 1 => names.remove(0),
            [first @ .., last] => format!("{} or {last}", first.join(", ")),
            [] => String::new(),
        }
    };
    let profiles = &fit.profiles;
    if !profiles.possible.is_empty() {
        return format!("looks like {}", names(&profiles.possible));
    }
    if !profiles.but_for_attempts.is_empty() {
        return format!("looks like {} with other attempts", names(&profiles.but_for_attempts));
    }
    match &fit.nearest {
        Some(nearest) => format!("like no published profile (nearest: {}, {} away)", nearest.name, plain(nearest.distance)),
        None => "like no published profile".to_owned(),
    }
}

/// One ladder; throttling and transient ones are merged where they agree.
fn ladders(fit: &Fit) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut said: Vec<&Backoff> = Vec::new();
    let several = fit.backoff.iter().any(|b| b.service != fit.backoff[0].service);
    for ladder in &fit.backoff {
        if said.iter().any(|s| agree(s, ladder)) {
            continue;
        }
        let same = fit.backoff.iter().filter(|other| agree(ladder, other)).count();
        said.push(ladder);
        let whose = match (fit.backoff.len() > 1, same > 1, several) {
            (false, ..) | (_, true, false) => String::new(),
            (_, true, true) => format!(" ({} and others)", ladder.service),
            (_, false, true) => format!(" after {} errors of {}", class(ladder.class), ladder.service),
            (_, false, false) => format!(" after {} errors", class(ladder.class)),
        };
        parts.push(words(ladder, &whose));
    }
    parts
}

fn agree(a: &Backoff, b: &Backoff) -> bool {
    a.family == b.family
        && a.jitter == b.jitter
        && a.base.meets(&b.base)
        && a.factor.meets(&b.factor)
        && a.cap.meets(&b.cap)
}

fn words(ladder: &Backoff, whose: &str) -> String {
    if ladder.family == Family::AtOnce {
        return format!("retries at once{whose}");
    }
    let kinds: Vec<&str> = ladder.jitter_possible.iter().map(|j| kind(*j)).collect();
    let Some(jitter) = ladder.jitter else { return format!("no ladder that is known{whose}") };
    let kinds = if kinds.len() > 1 { format!("{} (or {})", kind(jitter), others(&kinds, kind(jitter))) } else { kind(jitter).to_owned() };
    let mut out = format!("{kinds}{whose}");
    if let Some(base) = number(&ladder.base, time) {
        let _ = write!(out, ", base {base}");
    }
    if let Some(factor) = number(&ladder.factor, times) {
        let _ = write!(out, ", {factor}");
    }
    match (&ladder.cap, number(&ladder.cap, time)) {
        (Number { at_least: Some(_), .. }, Some(cap)) => {
            let _ = write!(out, ", cap not reached ({cap})");
        }
        (_, Some(cap)) => {
            let _ = write!(out, ", cap {cap}");
        }
        _ => {}
    }
    out
}

fn others(kinds: &[&str], best: &str) -> String {
    kinds.iter().filter(|k| **k != best).copied().collect::<Vec<_>>().join(", ")
}

fn kind(jitter: Jitter) -> &'static str {
    match jitter {
        Jitter::None => "no jitter",
        Jitter::Full => "full jitter",
        Jitter::Equal => "equal jitter",
        Jitter::Decorrelated => "decorrelated jitter",
        Jitter::Additive => "up to a second added",
    }
}

fn attempts(fit: &Fit) -> Option<String> {
    let first = fit.attempts.first()?;
    let most = |a: &super::Attempts| number(&a.max, plain).map(|n| format!("{n} attempts"));
    if fit.attempts.iter().all(|a| a.max == first.max) {
        return most(first);
    }
    let each = fit.attempts.iter().filter_map(|a| Some(format!("{} ({})", most(a)?, a.service)));
    Some(each.collect::<Vec<_>>().join(", "))
}

fn quota(fit: &Fit) -> Option<String> {
    let quota = &fit.quota;
    if quota.state != QuotaState::Felt {
        return None;
    }
    let of = |retries: &Number, class| number(retries, plain).map(|n| format!("{n} retries after {class} errors"));
    let pays: Vec<String> =
        [of(&quota.throttling_retries, "throttling"), of(&quota.transient_retries, "transient")].into_iter().flatten().collect();
    (!pays.is_empty()).then(|| format!("a quota that pays for {}", pays.join(" or ")))
}
