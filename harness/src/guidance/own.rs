//! A profile in a file of the user's own: `--profile ./ours.yaml`.
//!
//! It starts from a shipped profile and changes numbers; what it does not give is the base's. Its mistakes are shown
//! like those of a scenario, each with line, column and excerpt.

use std::sync::OnceLock;

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::custom::CustomProfile;
use super::{Profile, find};
use crate::scenario::{Diagnostics, ProfileFile};

/// A profile of the user's own, with the text that it was read from: a journal carries it.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnProfile {
    /// What it says.
    pub profile: Profile,
    /// Its YAML.
    pub text: String,
}

impl OwnProfile {
    /// Reads a profile's file, or reports all mistakes in it.
    pub fn parse(origin: &str, text: &str) -> Result<Self, Diagnostics> {
        let file = ProfileFile::read(origin, text, schema())?;
        let head = |key: &str| file.value.get(key).and_then(Value::as_str).map(str::to_owned);
        let mut changes = file.value.clone();
        if let Some(map) = changes.as_object_mut() {
            for key in HEAD {
                map.remove(key);
            }
        }
        let custom: CustomProfile = serde_json::from_value(changes).map_err(|e| file.refused(&e.to_string()))?;
        let base = find(&custom.base).ok_or_else(|| file.refused(&format!("there is no profile `{}`", custom.base)))?;
        let name = head("name").unwrap_or_default();
        let source = head("source").unwrap_or_else(|| format!("the profile `{name}`"));
        let mut profile = custom.apply(base, name, &source);
        profile.title = head("title").unwrap_or_else(|| format!("{}, with numbers of its own", base.title));
        Ok(Self { profile, text: file.text })
    }
}

/// The keys of the file that are no changes.
const HEAD: [&str; 4] = ["profile", "name", "title", "source"];

/// The JSON Schema (draft 2020-12) of a profile's file.
pub fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let generator = SchemaSettings::draft2020_12().into_generator();
        let mut schema = generator.into_root_schema_for::<CustomProfile>().to_value();
        crate::scenario::tidy_schema(&mut schema);
        if let Some(root) = schema.as_object_mut() {
            root.insert("$id".into(), json!("https://brownout-rs.github.io/brownout/profile.schema.json"));
            root.insert("title".into(), json!("brownout profile, version 1"));
            root.insert("description".into(), json!("A profile that changes some numbers of a shipped one."));
            root.insert("required".into(), json!(["profile", "name", "base"]));
        }
        if let Some(keys) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            keys.extend(head());
        }
        schema
    })
}

/// The schemas of the keys that are no changes.
fn head() -> [(String, Value); 4] {
    let text = |says: &str| json!({"type": "string", "description": says});
    [
        (
            "profile".into(),
            json!({"type": "integer", "minimum": 1, "maximum": 1, "description": "Version of the format: 1."}),
        ),
        (
            "name".into(),
            json!({
                "type": "string", "pattern": r"^[a-z0-9]+(-[a-z0-9]+)*$",
                "description": "Its name in kebab-case, as in reports.",
            }),
        ),
        ("title".into(), text("One line for people.")),
        ("source".into(), text("Where its numbers are documented: findings cite it.")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guidance::Jitter;

    fn mistakes(text: &str) -> String {
        OwnProfile::parse("ours.yaml", text).map_or_else(|d| d.one_line_each(), |_| String::new())
    }

    #[test]
    fn what_is_not_given_is_the_bases() {
        let text = "profile: 1\nname: ours\nbase: std-2026\nsource: ADR 12\nattempts_max: 5\n\
                    backoff: {cap: 8s, throttling: {base: 2s, jitter: equal}}\nquota: none\n\
                    services: {s3: {attempts_max: 7, backoff: {factor: 3}}}\n";
        let ours = OwnProfile::parse("ours.yaml", text).unwrap().profile;
        let base = find("std-2026").unwrap();
        assert_eq!((ours.name.as_str(), ours.family(), ours.exact), ("ours", "std-2026", true));
        assert_eq!((ours.attempts_max("dynamodb").value, ours.attempts_max("s3").value), (5, 7));
        assert_eq!(ours.attempts_max.source, "ADR 12");
        let (throttling, transient) = (&ours.backoff("dynamodb").throttling, &ours.backoff("dynamodb").transient);
        assert_eq!((throttling.value.base.to_string().as_str(), throttling.value.jitter), ("2s", Jitter::Equal));
        assert_eq!((transient.value.base, transient.value.jitter), (base.backoff.transient.value.base, Jitter::Full));
        assert_eq!(transient.value.cap.to_string(), "8s");
        assert_eq!(ours.backoff("s3").transient.value.factor.to_string(), "3");
        assert!(ours.quota.is_none() && base.quota.is_some());
        assert_eq!(ours.honours, base.honours);
    }

    #[test]
    fn an_envelope_with_a_ladder_of_its_own_is_exact() {
        let text = "profile: 1\nname: ours\nbase: documented\nbackoff: {base: 1s, cap: 4s}\n";
        let ours = OwnProfile::parse("ours.yaml", text).unwrap().profile;
        assert!(ours.exact && ours.published.is_empty());
        let text = "profile: 1\nname: ours\nbase: documented\nbreaker: {threshold: 3, open: 10s}\n";
        let ours = OwnProfile::parse("ours.yaml", text).unwrap().profile;
        assert!(!ours.exact && ours.breaker.is_some_and(|b| b.threshold == 3 && b.probes == 1));
    }

    #[test]
    fn every_mistake_has_its_place() {
        for (text, wanted) in [
            ("", "empty"),
            ("profile: 1\nname: ours\n", "1:1 the profile lacks `base`"),
            ("profile: 2\nname: ours\nbase: std-2026\n", "1:10 "),
            ("profile: 1\nname: ours\nbase: std-2027\n", "3:7 there is no profile `std-2027`"),
            ("profile: 1\nname: Ours!\nbase: std-2026\n", "2:7 "),
            ("profile: 1\nname: ours\nbase: std-2026\natempts_max: 3\n", "4:1 "),
            ("profile: 1\nname: ours\nbase: std-2026\nattempts_max: 0\n", "4:15 "),
            ("profile: 1\nname: ours\nbase: std-2026\nbackoff: {base: 9s, cap: 1s}\n", "4:26 the longest pause, 1s,"),
            (
                "profile: 1\nname: ours\nbase: std-2026\nbackoff: {throttling: {base: 9s, cap: 1s}}\n",
                "4:39 the longest pause, 1s,",
            ),
            ("profile: 1\nname: ours\nbase: std-2026\nbackoff: {jitter: half}\n", "4:19 "),
            ("profile: 1\nname: ours\nbase: std-2026\nquota: off\n", "4:8 "),
            (
                "profile: 1\nname: ours\nbase: std-2026\nservices: {s4: {attempts_max: 3}}\n",
                "4:12 there is no service `s4`",
            ),
            ("profile: 1\nname: ours\nbase: std-2026\nhonours: [retry_later]\n", "4:11 there is no header"),
            ("profile: 1\nname: documented\nbase: std-2026\n", "2:7 `documented` is a shipped profile"),
            ("profile: 1\nname: ours\nbase: auto\n", "3:7 there is no profile `auto`"),
        ] {
            let found = mistakes(text);
            assert!(found.replacen("ours.yaml:", "", 1).replacen(": ", " ", 1).contains(wanted), "{text}\n{found}");
        }
    }

    #[test]
    fn the_example_in_the_documentation_is_read() {
        let page = crate::docs::PAGES.iter().find(|p| p.file == "profiles.md").map(|p| (p.text)()).unwrap();
        let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let ours = OwnProfile::parse("docs/profiles.md", example).unwrap_or_else(|d| panic!("{d}")).profile;
        assert_eq!((ours.name.as_str(), ours.attempts_max("dynamodb").value), ("payments-client", 8));
    }

    #[test]
    fn the_schema_for_editors_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/profile.schema.json");
        let wanted = serde_json::to_string_pretty(schema()).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &wanted).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(found == wanted, "docs/profile.schema.json is stale; run this test with UPDATE=1");
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in ["\0", "profile: [", "- 1", "{", "profile: 1\nbackoff: 1\nservices: []\nquota: {}", "&a [*a]"] {
            assert!(OwnProfile::parse("x.yaml", text).is_err(), "{text}");
        }
    }
}
