//! A fit in a sentence.

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
    format!("{factor:.2}")
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
        Number { value: Some(value), at_least: Some(bound), .. } => {
            Some(format!("{} (≥ {})", word(value), word(bound)))
        }
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
        let factor = number(&polling.factor, times).map_or_else(String::new, |f| format!(" ×{f}"));
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
        match names.as_slice() {
            [.., _] if names.len() == 1 => names.remove(0),
            [first @ .., last] => format!("{} or {last}", first.join(", ")),
            [] => String::new(),
        }
    };
    let profiles = &fit.profiles;
    if profiles.possible.len() > NAMES {
        return "too little seen to tell published profiles apart".to_owned();
    }
    if !profiles.possible.is_empty() {
        return format!("looks like {}", names(&profiles.possible));
    }
    if !profiles.but_for_attempts.is_empty() {
        return format!("looks like {} with other attempts", names(&profiles.but_for_attempts));
    }
    match &fit.nearest {
        Some(nearest) => {
            format!("like no published profile (nearest: {}, {} away)", nearest.name, plain(nearest.distance))
        }
        None => "like no published profile".to_owned(),
    }
}

/// The ladders; those that agree are said once, and those that differ by their base alone share what follows.
fn ladders(fit: &Fit) -> Vec<String> {
    let mut different: Vec<&Backoff> = Vec::new();
    for ladder in &fit.backoff {
        if !different.iter().any(|d| agree(d, ladder) && d.base.meets(&ladder.base) && d.cap.meets(&ladder.cap)) {
            different.push(ladder);
        }
    }
    let several = fit.backoff.iter().any(|b| b.service != fit.backoff[0].service);
    let whose = |ladder: &Backoff| match (different.len() > 1, several) {
        (false, _) => String::new(),
        (true, false) => format!(" after {} errors", class(ladder.class)),
        (true, true) => format!(" after {} errors of {}", class(ladder.class), ladder.service),
    };
    let Some(first) = different.first() else { return Vec::new() };
    let open = |l: &Backoff| l.cap.at_least.is_some();
    if different.len() > 1 && first.jitter.is_some() && different.iter().all(|l| agree(first, l) && open(l)) {
        let bases = different.iter().filter_map(|l| Some(format!("{}{}", number(&l.base, time)?, whose(l))));
        let mut out = format!("{}, base {}", kinds(first), bases.collect::<Vec<_>>().join(" and "));
        out.extend(number(&first.factor, times).map(|factor| format!(", ×{factor}")));
        return vec![out + ", cap not reached"];
    }
    different.iter().map(|ladder| words(ladder, &whose(ladder))).collect()
}

/// Whether two ladders may be the same but for their base and cap.
fn agree(a: &Backoff, b: &Backoff) -> bool {
    a.family == b.family && a.jitter_possible == b.jitter_possible && a.jitter == b.jitter && a.factor.meets(&b.factor)
}

fn kinds(ladder: &Backoff) -> String {
    let Some(jitter) = ladder.jitter else { return "no ladder that is known".to_owned() };
    let others: Vec<&str> = ladder.jitter_possible.iter().filter(|j| **j != jitter).map(|j| kind(*j)).collect();
    if others.is_empty() { kind(jitter).to_owned() } else { format!("{} (or {})", kind(jitter), others.join(", ")) }
}

fn words(ladder: &Backoff, whose: &str) -> String {
    if ladder.family == Family::AtOnce {
        return format!("retries at once{whose}");
    }
    let mut out = format!("{}{whose}", kinds(ladder));
    if ladder.jitter.is_none() {
        return out;
    }
    out.extend(number(&ladder.base, time).map(|base| format!(", base {base}")));
    out.extend(number(&ladder.factor, times).map(|factor| format!(", ×{factor}")));
    let reached = if ladder.cap.at_least.is_some() { "cap not reached" } else { "cap" };
    out.extend(number(&ladder.cap, time).map(|cap| match ladder.cap.at_least {
        Some(_) => format!(", {reached} ({cap})"),
        None => format!(", {reached} {cap}"),
    }));
    out
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
    let known = |n: &Number| n.low.zip(n.high).is_some_and(|(low, high)| high <= 1.25 * low + 1.0);
    let mut retries = Vec::new();
    for (count, price, name) in [
        (&quota.throttling_retries, &quota.throttling, "throttling"),
        (&quota.transient_retries, &quota.transient, "transient"),
    ] {
        if known(price) && known(&quota.capacity) {
            retries.extend(number(price, plain).map(|n| format!("{n} a {name} retry")));
        } else if known(count) {
            retries.extend(number(count, plain).map(|n| format!("pays for {n} {name} retries")));
        }
    }
    let capacity = number(&quota.capacity, plain).filter(|_| known(&quota.capacity));
    let size = capacity.map_or_else(|| "a retry quota".to_owned(), |n| format!("a retry quota of {n} tokens"));
    Some(if retries.is_empty() { format!("{size} was felt") } else { format!("{size}: {}", retries.join(", ")) })
}
