//! Did you mean: the nearest of the known names.

use strsim::damerau_levenshtein;

/// What people call services whose ids are other words, in letters alone, and the id.
const EVERYDAY: &[(&str, &str)] = &[
    ("agent", "bedrock-agent-runtime"),
    ("agents", "bedrock-agent-runtime"),
    ("apigw", "execute-api"),
    ("bedrock", "bedrock-runtime"),
    ("bedrockagent", "bedrock-agent-runtime"),
    ("cloudwatchevents", "events"),
    ("cloudwatchlogs", "logs"),
    ("cloudwatchmetrics", "cloudwatch"),
    ("ddb", "dynamodb"),
    ("eventbridge", "events"),
    ("gateway", "execute-api"),
    ("knowledgebase", "bedrock-agent-runtime"),
    ("knowledgebases", "bedrock-agent-runtime"),
    ("metrics", "cloudwatch"),
    ("monitoring", "cloudwatch"),
];

/// The known name that `word` was probably meant to be: that of a service, by what everybody calls it, or
/// else the one with the fewest letters wrong.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Long words come from garbage, and the distance costs the product of both lengths.
    if word.is_empty() || word.len() > 100 {
        return None;
    }
    let lower = word.to_lowercase();
    let letters: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
    let service = EVERYDAY.iter().find(|(name, _)| *name == letters).map(|(_, id)| *id);
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(id) = known.iter().find(|name| Some(**name) == service) {
        return Some(id);
    }
    known
        .into_iter()
        .map(|name| (damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|&(distance, name)| distance <= 1 + name.len() / 4 && distance < name.len())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

/// Names as a list for people: `a`, `b` or `c`.
pub(super) fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|n| format!("`{n}`")).collect();
    joined(&names, "or")
}

/// Phrases as a list for people, the last two joined by `word`.
pub(super) fn joined(phrases: &[String], word: &str) -> String {
    match phrases {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} {word} {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let known = ["throttle", "latency", "close", "at"];
        assert_eq!(did_you_mean("latncy", known), Some("latency"));
        assert_eq!(did_you_mean("Throttle", known), Some("throttle"));
        assert_eq!(did_you_mean("explode", known), None);
        assert_eq!(did_you_mean("xy", known), None);
        assert_eq!(did_you_mean("", known), None);
    }

    #[test]
    fn services_are_known_by_their_everyday_names() {
        let ids = || brownout_mocks::service::SERVICES.iter().map(|s| s.id());
        for (word, id) in [
            ("eventbridge", "events"),
            ("EventBridge", "events"),
            ("CloudWatch Logs", "logs"),
            ("agent", "bedrock-agent-runtime"),
        ] {
            assert_eq!(did_you_mean(word, ids()), Some(id), "{word}");
        }
        assert!(EVERYDAY.is_sorted_by_key(|(name, _)| *name));
        for (name, id) in EVERYDAY {
            assert!(ids().any(|known| known == *id), "{name} is called {id}, which is no service");
            assert!(ids().all(|known| known != *name), "{name} is a service itself");
        }
        assert_eq!(did_you_mean("eventbridge", ["latency", "close"]), None, "where no service is meant");
    }

    #[test]
    fn lists_read_like_sentences() {
        assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(one_of(["a"]), "`a`");
    }
}
