//! `--profile auto`: the profile that a client's own documentation promises, by its `User-Agent`.
//!
//! The table is data: `harness/agents.yaml`. Where the header leaves several generations of an SDK open, all of them
//! are accepted; a client that the table does not know is judged by `documented`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use brownout_mocks::journal::{EventKind, Segment, Trial};
use serde::Deserialize;

use super::{Cited, DEFAULT, Profile, Published, ServiceNumbers, find};

/// The name that stands for a choice by the client.
pub const NAME: &str = "auto";

/// One kind of client, and what documents it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// The product in the `User-Agent`.
    pub agent: String,
    /// From this version on.
    #[serde(default)]
    pub from: Option<String>,
    /// Before this version.
    #[serde(default)]
    pub below: Option<String>,
    /// In this retry mode.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// The profiles that document it.
    pub profiles: Vec<String>,
    /// Where that is said.
    pub source: String,
}

/// The retry modes of the SDKs (guidance 1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Each SDK's own, the oldest.
    Legacy,
    /// The same for all.
    Standard,
    /// Standard behind a client-side rate limiter.
    Adaptive,
}

/// The table, in order. A test keeps it readable.
pub fn agents() -> &'static [Agent] {
    static PARSED: LazyLock<Vec<Agent>> =
        LazyLock::new(|| serde_yaml::from_str(include_str!("../../agents.yaml")).unwrap_or_default());
    &PARSED
}

/// The profile before anybody was seen.
pub(super) fn open() -> Profile {
    let documented = find(DEFAULT).or_else(|| super::profiles().first());
    documented.map_or_else(|| unreachable!("a test keeps the shipped profiles readable"), |p| named(p.clone(), NAME))
}

fn named(profile: Profile, name: &str) -> Profile {
    Profile { name: name.to_owned(), based_on: Some(profile.family().to_owned()), ..profile }
}

/// Settles what `auto` left open by the first trials of a client; any other profile stays as it is.
pub fn settle<'t>(profile: Profile, trials: impl IntoIterator<Item = &'t Trial>) -> Profile {
    if profile.name != NAME {
        return profile;
    }
    let (mut user_agent, mut declared) = (None, BTreeMap::new());
    for trial in trials.into_iter().filter(|t| t.header.segment != Segment::Reference) {
        for event in &trial.events {
            let EventKind::AttemptReceived(received) = &event.kind else { continue };
            user_agent = user_agent.or(received.user_agent.as_deref().filter(|text| row(text).is_some()));
            if let Some(max) = received.sdk_max.filter(|max| *max > 0) {
                declared.entry(received.service.clone()).or_insert(max);
            }
        }
    }
    let Some(row) = user_agent.and_then(row) else {
        return Profile { name: format!("{NAME}: {}", profile.family()), ..profile };
    };
    let documented: Vec<&Profile> = row.profiles.iter().filter_map(|name| find(name)).collect();
    let mut chosen = match documented.as_slice() {
        [one] => named((*one).clone(), ""),
        several => envelope(several, row),
    };
    chosen.name = format!("{NAME}: {}", row.profiles.join(" or "));
    for (service, max) in declared {
        if chosen.attempts_max(&service).value != max {
            let numbers =
                chosen.services.entry(service).or_insert_with(|| ServiceNumbers { attempts_max: None, backoff: None });
            let source = "what the client itself announces in `amz-sdk-request: max=`".to_owned();
            numbers.attempts_max = Some(Cited { value: max, source });
        }
    }
    chosen
}

/// What at least one of these accepts.
fn envelope(of: &[&Profile], row: &Agent) -> Profile {
    let mut envelope = open();
    let cited = |value| Cited { value, source: row.source.clone() };
    envelope.attempts_max = cited(of.iter().map(|p| p.attempts_max.value).max().unwrap_or(1));
    let services: Vec<&String> = of.iter().flat_map(|p| p.services.keys()).collect();
    envelope.services.clear();
    for service in services {
        let most = of.iter().map(|p| p.attempts_max(service).value).max().unwrap_or(1);
        let numbers = ServiceNumbers { attempts_max: Some(cited(most)), backoff: None };
        envelope.services.insert(service.clone(), numbers);
    }
    if let Some(first) = of.first() {
        envelope.backoff = first.backoff.clone();
        envelope.reference = Some(first.name.clone());
    }
    envelope.published = of.iter().flat_map(|p| published(p)).collect();
    envelope
}

/// A profile as members of an envelope: in general, and for each service with numbers of its own.
fn published(profile: &Profile) -> Vec<Published> {
    let mut members = profile.allowed("");
    for service in profile.services.keys() {
        let own = profile.allowed(service).into_iter();
        members.extend(own.map(|p| Published { services: vec![service.clone()], ..p }));
    }
    members
}

/// The row that fits this `User-Agent`.
fn row(user_agent: &str) -> Option<&'static Agent> {
    let mode = mode(user_agent);
    agents().iter().find(|row| {
        version_of(user_agent, &row.agent).is_some_and(|version| {
            row.from.as_deref().is_none_or(|from| parts(version) >= parts(from))
                && row.below.as_deref().is_none_or(|below| parts(version) < parts(below))
                && row.mode.is_none_or(|wanted| mode == Some(wanted))
        })
    })
}

/// The version of a product: `Boto3/1.44.5`, `md/Botocore#1.44.5`.
fn version_of<'a>(user_agent: &'a str, product: &str) -> Option<&'a str> {
    user_agent.split_ascii_whitespace().find_map(|word| {
        let word = word.strip_prefix("md/").unwrap_or(word);
        let (name, version) = word.split_once(['/', '#'])?;
        name.eq_ignore_ascii_case(product).then_some(version)
    })
}

/// The retry mode that a `User-Agent` names: `cfg/retry-mode#adaptive`, or a letter of `m/…`.
pub fn mode(user_agent: &str) -> Option<Mode> {
    let lower = user_agent.to_ascii_lowercase();
    let named = lower.split("retry-mode").nth(1).map(|rest| rest.trim_start_matches(['#', '/']));
    let letters = user_agent.split(' ').find_map(|word| word.strip_prefix("m/")).unwrap_or_default();
    let has = |letter: &str| letters.split(',').any(|l| l == letter);
    [("adaptive", "F", Mode::Adaptive), ("standard", "E", Mode::Standard), ("legacy", "D", Mode::Legacy)]
        .into_iter()
        .find(|(word, letter, _)| named.is_some_and(|n| n.starts_with(word)) || has(letter))
        .map(|(_, _, mode)| mode)
}

/// The numbers of a version.
fn parts(version: &str) -> Vec<u64> {
    let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
    version.split('.').map(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(user_agent: &str) -> String {
        row(user_agent).map_or_else(|| DEFAULT.to_owned(), |row| row.profiles.join(" or "))
    }

    #[test]
    fn the_table_is_readable_and_names_shipped_profiles() {
        assert!(agents().len() > 10);
        for row in agents() {
            assert!(!row.profiles.is_empty() && !row.source.is_empty());
            row.profiles.iter().for_each(|p| assert!(find(p).is_some(), "{p}"));
        }
    }

    /// What the SDKs send, as seen by our endpoint; those of Go, Java and Kotlin by their documentation.
    #[test]
    fn user_agents_are_read() {
        const TAIL: &str = "ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.11.7 md/pyimpl#CPython";
        for (text, wanted) in [
            (
                format!("Boto3/1.44.5 md/Botocore#1.44.5 {TAIL} m/D,b cfg/retry-mode#legacy Botocore/1.44.5"),
                "botocore-legacy",
            ),
            (format!("Boto3/1.44.5 md/Botocore#1.44.5 {TAIL} m/Z,E cfg/retry-mode#standard"), "std-2026"),
            (format!("Boto3/1.44.5 md/Botocore#1.44.5 {TAIL} m/b,F cfg/retry-mode#adaptive"), "adaptive"),
            (format!("Boto3/1.43.9 md/Botocore#1.43.9 {TAIL} cfg/retry-mode#standard"), "std-2.0-1s or std-2026"),
            ("Boto3/1.26.1 Python/3.8 Linux/5 Botocore/1.29.1 cfg/retry-mode#standard".into(), "std-2.0-1s"),
            (format!("aws-cli/1.46.2 md/Botocore#1.44.5 {TAIL} cfg/retry-mode#legacy"), "botocore-legacy"),
            ("aws-cli/2.31.0 md/awscrt#0.27 ua/2.1 m/E cfg/retry-mode#standard".into(), "std-2.0-1s or std-2026"),
            ("aws-sdk-js/3.1168.0 ua/2.1 os/linux lang/js md/nodejs#20 api/sqs#3.1168.0 m/E,P".into(), "std-2026"),
            ("aws-sdk-js/3.1168.0 ua/2.1 lang/js md/nodejs#20 m/F,P,g".into(), "adaptive"),
            // Its package.json asks for @smithy/core ^3.38, in which the behaviour of 2026 had to be asked for.
            ("aws-sdk-js/3.1163.0 ua/2.1 lang/js md/nodejs#20 m/E,P".into(), "js-pre2026 or std-2026"),
            ("aws-sdk-js/3.1161.0 ua/2.1 lang/js md/nodejs#20 m/F,P,g".into(), "js-pre2026 or std-2026"),
            ("aws-sdk-js/3.700.0 ua/2.1 lang/js md/nodejs#20 m/E".into(), "js-pre2026 or std-2026"),
            (
                "aws-sdk-rust/1.7.0 ua/2.1 api/dynamodb/0.1.0 os/linux lang/rust/1.95.0 m/E".into(),
                "std-2.0-1s or std-2026",
            ),
            ("aws-sdk-go-v2/1.41.0 ua/2.1 os/linux lang/go#1.25 m/E".into(), "go-pre2026 or std-2026"),
            ("aws-sdk-java/2.31.0 md/io#sync ua/2.1 lang/java#21 cfg/retry-mode#legacy m/D".into(), "java-legacy"),
            ("aws-sdk-java/2.31.0 md/io#sync ua/2.1 lang/java#21 m/E".into(), "java-std-2.0 or std-2026"),
            ("aws-sdk-kotlin/1.5.0 ua/2.1 lang/kotlin#2.2".into(), "kotlin-pre2026 or std-2026"),
            ("curl/8.5.0".into(), DEFAULT),
            (String::new(), DEFAULT),
            ("Botocore/ / md/ # m/ cfg/retry-mode#".into(), "botocore-legacy or std-2.0-1s"),
            ("Boto3/1.26.1 Python/3.8.10 Linux/5.4 Botocore/1.29.1".into(), "botocore-legacy or std-2.0-1s"),
            ("aws-cli/1.20.0 Python/3.8.10 Linux/5.4 botocore/1.21.0".into(), "botocore-legacy or std-2.0-1s"),
            ("aws-sdk-java/1.12.500 Linux/5.4".into(), DEFAULT),
        ] {
            assert_eq!(chosen(&text), wanted, "{text}");
        }
    }

    #[test]
    fn an_envelope_spans_what_it_is_made_of() {
        let of: Vec<&Profile> = ["go-pre2026", "std-2026"].into_iter().filter_map(find).collect();
        let row = agents().iter().find(|row| row.agent == "aws-sdk-go-v2").unwrap();
        let envelope = envelope(&of, row);
        assert!(!envelope.exact && envelope.family() == DEFAULT);
        assert_eq!((envelope.attempts_max("s3").value, envelope.attempts_max("dynamodb").value), (3, 4));
        let names: Vec<String> = envelope.allowed("dynamodb").into_iter().map(|p| p.name).collect();
        assert_eq!(names, ["go-pre2026", "std-2026", "std-2026"]);
        assert_eq!(envelope.allowed("s3").len(), 2);
        assert_eq!(envelope.allowed("s3")[0].fixed_from, Some(4));
    }
}
