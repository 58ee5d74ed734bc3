//! The driver protocol: lines of JSON between brownout and a program that makes its calls with a client of its own.
//!
//! Here are the lines and what may be wrong with them; `process` carries them to and fro. For whoever writes a driver
//! there is `docs/driver.md`. Each call is sent when it is due, so that the driver owes no timing: brownout alone
//! measures when a call was asked for and when its outcome was told, on the run's clock. A driver's own clock may have
//! another zero, and what a driver says of its times could not be held against the journal.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use brownout_mocks::journal::Outcome;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::guidance::choose_honours;

mod lines;
mod process;

pub use lines::{LINE_MAX, Lines};
pub use process::{Driver, Ended};

/// The version of the protocol that this brownout speaks.
pub const VERSION: u32 = 1;

/// The most calls that a driver may say it makes at a time.
pub const CONCURRENCY_MAX: u32 = 10_000;

/// The first line to a driver.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Start {
    /// Version of the protocol.
    pub brownout: u32,
    /// Index of this client among those that share the story, from 0.
    pub client: u32,
    /// Seed for the client's random generator, below 2 to the power of 53.
    pub seed: u64,
    /// The services that it will be asked for, so that their clients can be made beforehand.
    pub services: Vec<String>,
    /// Settings from `--client-config`.
    pub config: BTreeMap<String, String>,
}

/// A call that is due now.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Asked<'a> {
    /// Its number, from 1.
    pub call: u64,
    /// The service, by its endpoint's name.
    pub service: &'a str,
    /// The operation; for `execute-api`, method and path.
    pub operation: &'a str,
    /// Input members, named as in the service's model.
    pub params: &'a Value,
    /// When it was due, in milliseconds of the run's clock.
    pub at_ms: u64,
    /// Value for the header `brownout-call` of each request that is made for it.
    pub tag: String,
}

/// The first line of a driver.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// Version of the protocol that it speaks: 1.
    pub hello: u32,
    /// The client's name.
    pub client: String,
    /// The client's version.
    #[serde(default)]
    pub version: String,
    /// Language, with its version.
    #[serde(default)]
    pub language: String,
    /// How it retries, by its own name for that.
    #[serde(default)]
    pub retry_mode: Option<String>,
    /// How many attempts a call has, the first included.
    #[serde(default)]
    pub max_attempts: Option<u32>,
    /// How many calls it makes at a time; more wait until one has ended. Default: 1.
    #[serde(default = "one")]
    pub concurrency: u32,
    /// Hints that it honours beyond its profile: `retry_after`, `x_amz_retry_after`.
    #[serde(default)]
    pub honours: Vec<String>,
    /// Any other settings, for the report.
    #[serde(default)]
    pub settings: BTreeMap<String, Value>,
}

fn one() -> u32 {
    1
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// With an answer.
    Ok,
    /// With an error, after whatever the client tried.
    Error,
    /// With an error of the client's own, before anything was sent: an open breaker, a spent budget.
    Unsent,
}

/// A driver's line about a call.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// The call's number.
    pub call: u64,
    /// How it ended.
    pub outcome: How,
    /// The error's code, as the client names it.
    #[serde(default)]
    pub code: Option<String>,
    /// The error's message. Not kept.
    #[serde(default)]
    pub message: Option<String>,
    /// HTTP status of the last answer.
    #[serde(default)]
    pub status: Option<u16>,
    /// Whether the client takes the error for one that may go away. Not kept.
    #[serde(default)]
    pub retryable: Option<bool>,
}

impl Told {
    /// As it stands in a journal.
    pub fn outcome(&self) -> Outcome {
        if self.outcome == How::Ok { Outcome::Success } else { Outcome::Error }
    }
}

/// A driver's line when it cannot go on, for a reason that is no fault of its client: nothing is judged.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cannot {
    /// Why, in a sentence: what is missing, and how it is installed.
    pub cannot: String,
    /// The call that it cannot make, if it is about one.
    #[serde(default)]
    pub call: Option<u64>,
}

/// A line of a driver.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// Who it is.
    Hello(Box<Hello>),
    /// How a call ended.
    Told(Box<Told>),
    /// That it cannot go on.
    Cannot(Cannot),
}

/// Any of a driver's lines, for its schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is there for its schema")]
enum Line {
    Hello(Hello),
    Told(Told),
    Cannot(Cannot),
}

/// The JSON Schema of a driver's lines.
pub fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let mut schema = schemars::schema_for!(Line).to_value();
        if let Some(root) = schema.as_object_mut() {
            root.insert("title".into(), "brownout: a line of a driver".into());
            root.insert("$id".into(), "https://brownout-rs.github.io/brownout/driver.schema.json".into());
        }
        schema
    });
    &SCHEMA
}

/// What the lines of a driver look like, for errors.
const HELLO: &str = r#"{"hello":1,"client":"my-client","version":"1.0"}"#;
const TOLD: &str = r#"{"call":1,"outcome":"ok"} or {"call":1,"outcome":"error","code":"ThrottlingException"}"#;

/// Reads a line; `greeted` says whether the driver's hello has been. The error is a sentence that lacks only which
/// line it is about.
pub fn read(line: &str, greeted: bool) -> Result<Said, String> {
    let meant = if greeted { TOLD } else { HELLO };
    if line.trim().is_empty() {
        return Err(format!("is empty; one line is wanted for each call, and nothing else: {meant}"));
    }
    let Ok(value) = serde_json::from_str::<Value>(line) else {
        return Err(format!(
            "is no JSON: `{}`; standard output belongs to the protocol, so print whatever else there is to standard \
             error; wanted was {meant}",
            excerpt(line)
        ));
    };
    let Value::Object(members) = &value else {
        return Err(format!("is no JSON object: `{}`; wanted was {meant}", excerpt(line)));
    };
    let has = |key: &str| members.contains_key(key);
    let said = if has("cannot") {
        serde_json::from_value(value).map(Said::Cannot)
    } else if has("hello") || !greeted && !has("call") {
        serde_json::from_value(value).map(|hello| Said::Hello(Box::new(hello)))
    } else {
        serde_json::from_value(value).map(|told| Said::Told(Box::new(told)))
    };
    let said = said.map_err(|e| format!("is not understood: {e} in `{}`; wanted was {meant}", excerpt(line)))?;
    match (&said, greeted) {
        (Said::Hello(hello), false) => hello.check().map(|()| said),
        (Said::Hello(_), true) => Err("is a second hello; one is enough".to_owned()),
        (Said::Told(_), false) => Err(format!("tells of a call before the driver has said hello: {HELLO}")),
        _ => Ok(said),
    }
}

impl Hello {
    fn check(&self) -> Result<(), String> {
        if self.hello != VERSION {
            return Err(format!(
                "speaks version {} of the driver protocol, and this brownout speaks version {VERSION}: write \
                 `\"hello\":{VERSION}`",
                self.hello
            ));
        }
        if self.concurrency == 0 || self.concurrency > CONCURRENCY_MAX {
            return Err(format!(
                "says that the driver makes {} calls at a time; `concurrency` is a number from 1 to {CONCURRENCY_MAX}",
                self.concurrency
            ));
        }
        match self.honours.iter().find(|hint| choose_honours(hint).is_none()) {
            Some(hint) => Err(format!(
                "says that the client honours `{}`, which is no hint that brownout knows: `retry_after` or \
                 `x_amz_retry_after`",
                excerpt(hint)
            )),
            None => Ok(()),
        }
    }

    /// Its settings in a line, for the report.
    pub fn note(&self) -> String {
        let mut parts = Vec::new();
        if !self.language.is_empty() {
            parts.push(excerpt(&self.language));
        }
        if let Some(mode) = &self.retry_mode {
            parts.push(format!("retry mode {}", excerpt(mode)));
        }
        if let Some(attempts) = self.max_attempts {
            parts.push(format!("attempts {attempts}"));
        }
        parts.extend(self.settings.iter().take(8).map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{} {}", excerpt(name), excerpt(&value))
        }));
        if parts.is_empty() { "a driver that says nothing of its settings".to_owned() } else { parts.join(", ") }
    }
}

/// The longest part of a driver's text that is shown or kept.
const SHOWN: usize = 120;

/// A text of somebody else's, short and without what a terminal would obey.
pub fn excerpt(text: &str) -> String {
    clean(text, SHOWN)
}

/// The same for a whole sentence.
fn sentence(text: &str) -> String {
    clean(text, 4 * SHOWN)
}

fn clean(text: &str, most: usize) -> String {
    let clean: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(most + 1).collect();
    if clean.chars().count() > most {
        let mut cut: String = clean.chars().take(most - 1).collect();
        cut.push('…');
        return cut;
    }
    clean
}

#[cfg(test)]
mod tests;
