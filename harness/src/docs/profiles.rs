//! `docs/profiles.md`: every profile's numbers, each with its citation.

use std::fmt::Write as _;

use super::{code, deeper, head, table};
use crate::guidance::{Backoff, DEFAULT, Honours, Jitter, Ladder, Pacing, Profile, auto, profiles};

pub(super) fn page() -> String {
    let mut out = head("Profiles", "the files in `harness/guidance/`");
    let _ = write!(
        out,
        "\nA profile is one published guidance in numbers. A named profile is exact; `{DEFAULT}`, which judges unless \
         another is\nnamed, accepts whatever at least one guidance accepts and fails what all of them forbid. Attempts \
         count the first one.\nS0, S1 and S2 are the seed documents ([sources](sources.md)).\n\n"
    );
    let rows = profiles().iter().map(|p| [format!("[`{0}`](#{1})", p.name, anchor(&p.name)), p.title.clone()]);
    out.push_str(&table(["profile", "what it is"], rows));
    out.push_str(OWN);
    let rows = auto::agents().iter().map(|row| {
        let versions = match (&row.from, &row.below) {
            (Some(from), _) => format!(" from {from}"),
            (None, Some(below)) => format!(" before {below}"),
            (None, None) => String::new(),
        };
        let mode = row.mode.map_or_else(String::new, |mode| format!(", {mode:?} mode").to_lowercase());
        let profiles: Vec<String> = row.profiles.iter().map(|name| code(name)).collect();
        [format!("{}{versions}{mode}", row.agent), profiles.join(" or "), row.source.clone()]
    });
    out.push_str(&table(["client", "judged by", "source"], rows));
    for one in profiles() {
        let _ = write!(out, "\n{}", deeper(&profile(one)));
    }
    out
}

/// The two ways to a profile that is not in the list.
const OWN: &str = "
## A profile of your own

`--profile ./ours.yaml` takes a file that changes numbers of a shipped profile; what it does not give is the base's.
Its mistakes are reported like those of a scenario, and `brownout schema profile` prints its JSON Schema for editors.
Findings cite its `source`. Rules weigh as much as under the base.

```yaml
profile: 1
name: payments-client
base: std-2026
source: ADR 12, retries of the payments service
attempts_max: 5
backoff: {base: 200ms, cap: 8s, throttling: {base: 2s}}
quota: none
breaker: {threshold: 5, open: 30s, probes: 1, closes_after: 3}
services:
  dynamodb: {attempts_max: 8}
```

## The profile that the client names

`--profile auto` reads SDK, version and retry mode from the client's `User-Agent`, and the attempts from its
`amz-sdk-request` header, where it announces another number. Where the header leaves several generations of an SDK
open, each of them is accepted. A client that is not in this table is judged by `documented`. The first row that fits
holds.

";

/// The anchor that a heading gets: dots fall away.
fn anchor(name: &str) -> String {
    name.replace('.', "")
}

/// One profile.
pub fn profile(profile: &Profile) -> String {
    let mut out = format!("# {}\n\n{}. {}\n\n", profile.name, profile.title, kind(profile));
    let mut rows = Vec::new();
    numbers(&mut rows, "", Some(&profile.attempts_max), Some(&profile.backoff));
    for (service, own) in &profile.services {
        numbers(&mut rows, &format!(", {service}"), own.attempts_max.as_ref(), own.backoff.as_ref());
    }
    if let Some(quota) = &profile.quota {
        let tokens = format!(
            "{} tokens; {} for a retry after a throttle, {} after a transient error",
            quota.capacity, quota.throttling, quota.transient
        );
        rows.push(["retry quota".into(), tokens, quota.source.clone()]);
    }
    if let Some(p) = &profile.polling {
        let polls = match p.pacing {
            Pacing::Growing => {
                format!("first after {}, × {} each time, at most {}, until {}", p.start, p.factor, p.cap, p.deadline)
            }
            Pacing::Drawn => format!(
                "first at once, then between {0} and a bound that begins there, × {1} each time, at most {2}; once more after {3}",
                p.start, p.factor, p.cap, p.deadline
            ),
            Pacing::Fixed => format!("first at once, then every {}, until {}", p.start, p.deadline),
        };
        rows.push(["polling".into(), polls, p.source.clone()]);
    }
    if let Some(wait) = &profile.limiter_wait {
        let text = format!("up to {} more, per call in progress", wait.value);
        rows.push(["client-side rate limiter".into(), text, wait.source.clone()]);
    }
    out.push_str(&table(["number", "value", "source"], rows));
    if !profile.honours.is_empty() {
        let names: Vec<&str> = profile.honours.iter().map(|h| honoured(*h)).collect();
        let _ = write!(out, "\nHonours {}.\n", names.join(" and "));
    }
    if !profile.published.is_empty() {
        out.push_str("\nThe policies that it spans:\n\n");
        let rows = profile.published.iter().map(|p| {
            let mut name = code(&p.name);
            if !p.services.is_empty() {
                let _ = write!(name, " (only {})", p.services.join(", "));
            }
            let mut more = String::new();
            if let Some(from) = p.fixed_from {
                let _ = write!(more, "; the bare cap from retry {} on", from + 1);
            }
            if p.at_once {
                more.push_str("; the first at once");
            }
            let transient = format!("{}{more}", ladder(&p.transient));
            [name, p.attempts_max.to_string(), ladder(&p.throttling), transient, p.source.clone()]
        });
        out.push_str(&table(["policy", "attempts", "after a throttle", "after a transient error", "source"], rows));
    }
    out
}

fn kind(profile: &Profile) -> String {
    match (profile.exact, &profile.reference) {
        (true, _) => "Exact.".into(),
        (false, Some(name)) => format!("An envelope; its reference client plays `{name}`."),
        (false, None) => "An envelope.".into(),
    }
}

fn numbers(
    rows: &mut Vec<[String; 3]>,
    of: &str,
    attempts: Option<&crate::guidance::Cited<u32>>,
    backoff: Option<&Backoff>,
) {
    if let Some(attempts) = attempts {
        rows.push([format!("attempts per call{of}"), attempts.value.to_string(), attempts.source.clone()]);
    }
    if let Some(backoff) = backoff {
        for (class, cited) in [("throttle", &backoff.throttling), ("transient error", &backoff.transient)] {
            rows.push([format!("pause after a {class}{of}"), ladder(&cited.value), cited.source.clone()]);
        }
    }
}

fn ladder(ladder: &Ladder) -> String {
    let Ladder { base, factor, cap, jitter } = ladder;
    let jitter = match jitter {
        Jitter::None => "no jitter",
        Jitter::Full => "full jitter",
        Jitter::Equal => "equal jitter",
        Jitter::Decorrelated => "decorrelated jitter",
        Jitter::Additive => "plus up to 1 s",
    };
    format!("{base} × {factor} each time, at most {cap}, {jitter}")
}

fn honoured(honours: Honours) -> &'static str {
    match honours {
        Honours::RetryAfter => "`Retry-After`",
        Honours::XAmzRetryAfter => "`x-amz-retry-after`",
    }
}
