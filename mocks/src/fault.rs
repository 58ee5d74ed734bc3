//! What the endpoint can do wrong: the contract and the list.
//!
//! A fault is one file under `fault/` (its keys, their meaning, its behaviour) plus one line in the
//! `faults!` list below. In YAML a fault is a map of one key, `throttle: {retry_after: 1s}`; a fault
//! without parameters may stand as a bare word, `inject: close`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::endpoint::{Behind, World};
use crate::journal::Seq;
use crate::protocol::Reply;
use crate::random::{Seed, Stream};
use crate::request::Attempt;
use crate::service::Service;

mod bucket;
mod preset;
mod scope;

pub use self::error::{http_date, read_http_date};
pub use self::garbage::Part;
pub use bucket::{Counter, TokenBucket};
pub use scope::Scope;

/// What a fault sees when it decides.
#[derive(Debug)]
pub struct At<'a> {
    /// The attempt.
    pub attempt: &'a Attempt,
    /// Now, since time zero.
    pub now: Duration,
    /// What this fault of this step remembers between attempts.
    pub memory: &'a mut Memory,
    /// What exists.
    pub world: &'a mut World,
    /// How far the clock that dates the answer is off, whoever answers.
    pub shift: &'a mut Option<Shift>,
    /// The stream of this decision.
    pub stream: &'a mut Stream,
    /// Seed of the play.
    pub seed: Seed,
    /// Id of the step.
    pub step: &'a str,
}

/// What a stateful fault remembers, by scope key.
#[derive(Debug, Default)]
pub struct Memory {
    /// Token buckets.
    pub buckets: BTreeMap<String, TokenBucket>,
    /// Counters with a period.
    pub counters: BTreeMap<String, Counter>,
    /// Attempts that were admitted and are still in hand.
    pub in_hand: BTreeMap<String, BTreeSet<Seq>>,
    /// Sessions up to this number have expired.
    pub expired: Option<u64>,
}

/// What a fault decides about one attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Nothing to do to this one: the step falls through.
    Admit,
    /// Wait so long before the answer.
    Delay(Duration),
    /// Let the body of the answer leave slowly.
    Pace(Pace),
    /// Answer this instead of the normal answer.
    Answer(Box<Reply>),
    /// Answer normally, with a checksum that does not fit.
    Corrupt,
    /// These entries of a batch, by index, fail with this code; the others happen.
    Partial {
        /// Indices of the entries that fail.
        failed: BTreeSet<usize>,
        /// Error code of each.
        code: String,
    },
    /// Break the connection.
    Break(Break),
    /// Answer normally, as a reader that is behind.
    Behind(Behind),
    /// Answer normally, and look at no further step.
    Pass,
}

/// How far the clock that answers are dated by is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// How far.
    pub by: Duration,
    /// Whether it shows a later time.
    pub ahead: bool,
}

impl Shift {
    /// How far ahead it is, in seconds.
    pub fn seconds(self) -> i64 {
        let by = i64::try_from(self.by.as_secs()).unwrap_or(i64::MAX);
        if self.ahead { by } else { -by }
    }

    /// What the clock shows at `date`.
    pub fn apply(self, date: SystemTime) -> SystemTime {
        let shifted = if self.ahead { date.checked_add(self.by) } else { date.checked_sub(self.by) };
        shifted.unwrap_or(date)
    }
}

/// How the body of an answer leaves, if not at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// So many bytes a second.
    Drip(f64),
    /// Nothing for `pause` once `after` bytes have left.
    Stall {
        /// Bytes of the body before the pause.
        after: u64,
        /// How long nothing comes.
        pause: Duration,
    },
}

/// Ways to break a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// End it in good order, without an answer.
    Close,
    /// Reset it before the request is read. Only on acceptance.
    ResetAtConnect,
    /// Reset it after the request was read.
    ResetAtRequest,
    /// Reset it after the head of the answer.
    ResetAtHeaders,
    /// Reset it after so many bytes of the answer's body.
    ResetInBody(u64),
    /// End it in good order after so many bytes of the answer's body, fewer than announced.
    Truncate(u64),
    /// Never answer.
    BlackHole,
    /// Send bytes that are no HTTP in place of the answer, then end it.
    Garbage(Part),
    /// HTTP/2: say with this error code that the request was not looked at, then end the connection.
    GoAway(u32),
    /// HTTP/2: end the stream with this error code, before the answer or after so many bytes of its body.
    ResetStream(u32, Option<u64>),
}

impl Break {
    /// Whether the client sees at least the head of an answer.
    pub fn answers(self) -> bool {
        matches!(self, Self::ResetAtHeaders | Self::ResetInBody(_) | Self::Truncate(_) | Self::ResetStream(_, Some(_)))
    }
}

/// When the operation takes effect, relative to the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It does not happen.
    None,
    /// It happens, then the fault.
    Before,
    /// The fault, then it happens.
    After,
}

/// What every fault does.
pub trait Inject {
    /// When the operation takes effect if the step does not say.
    fn effect(&self) -> Effect {
        Effect::None
    }

    /// Whether it answers or breaks the connection itself; at most one fault of a list may.
    fn answers(&self) -> bool {
        true
    }

    /// Whether it may admit an attempt, which then falls through to the next step.
    fn admits(&self) -> bool {
        false
    }

    /// Whether it acts when a connection is accepted, before any request is known.
    fn at_connect(&self) -> bool {
        false
    }

    /// Why it cannot meet this attempt, if it cannot: then the step is not about it.
    fn unfit(&self, _attempt: &Attempt) -> Option<&'static str> {
        None
    }

    /// Why it can never act on requests to this service, if so.
    fn foreign_to(&self, _service: &dyn Service) -> Option<&'static str> {
        None
    }

    /// Whether it slows the answer's body; at most one fault of a list may.
    fn paces(&self) -> bool {
        false
    }

    /// Whether it breaks the connection before any byte of an answer's body has left.
    fn mute(&self) -> bool {
        false
    }

    /// Why it cannot stand before an upstream, if it cannot.
    fn needs_own_service(&self) -> Option<&'static str> {
        None
    }

    /// The longest time for which it may keep a client waiting, as far as it says.
    fn longest(&self) -> Duration {
        Duration::ZERO
    }

    /// Mistakes that the schema cannot express, for instance an error code that a scenario misspelt:
    /// the key they are about and a sentence.
    fn mistakes(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Decides about one attempt.
    fn decide(&self, at: &mut At<'_>) -> Decision;
}

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $module:ident :: $type:ident,)*) => {
        $(mod $module; pub use $module::$type;)*

        /// A fault with its parameters.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs)] // each is documented by its own file
        pub enum Fault { $($type($type),)* }

        impl Fault {
            /// Its name, as in YAML.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$type(_) => stringify!($module),)* }
            }

            /// The fault as the contract sees it.
            pub fn inject(&self) -> &dyn Inject {
                match self { $(Self::$type(fault) => fault,)* }
            }

            fn parameters(&self) -> Result<Value, serde_json::Error> {
                match self { $(Self::$type(fault) => serde_json::to_value(fault),)* }
            }

            fn from_parts(name: &str, parameters: Value) -> Result<Self, String> {
                match name {
                    $(stringify!($module) => read::<$type>(parameters).map(Self::$type),)*
                    other => Err(format!("there is no fault `{other}`")),
                }
            }
        }

        /// Name and documentation file of every fault, in alphabetical order.
        pub const FAULTS: &[FaultDoc] = &[$(FaultDoc {
            name: stringify!($module),
            source: include_str!(concat!("fault/", stringify!($module), ".rs")),
        },)*];

        fn schemas(generator: &mut SchemaGenerator) -> Vec<(&'static str, Schema)> {
            vec![$((stringify!($module), generator.subschema_for::<$type>()),)*]
        }
    };
}

faults! {
    accepted::Accepted,
    bad_checksum::BadChecksum,
    black_hole::BlackHole,
    close::Close,
    concurrency::Concurrency,
    drip::Drip,
    error::Error,
    error_in_200::ErrorIn200,
    expired_credentials::ExpiredCredentials,
    garbage::Garbage,
    goaway::GoAway,
    http::Http,
    instance_limit::InstanceLimit,
    latency::Latency,
    masked::Masked,
    not_visible::NotVisible,
    partial::Partial,
    pass::Pass,
    quota::Quota,
    rate_limit::RateLimit,
    refuse::Refuse,
    reply::ScriptedReply,
    reset::Reset,
    rst_stream::RstStream,
    skew::Skew,
    stall::Stall,
    stream_error::StreamError,
    throttle::Throttle,
    truncate::Truncate,
}

/// A fault's entry in the list.
#[derive(Debug, Clone, Copy)]
pub struct FaultDoc {
    /// Its name, as in YAML.
    pub name: &'static str,
    /// Its source, whose `//!` block is its documentation.
    pub source: &'static str,
}

/// Reads parameters; a fault written as a bare word has none.
fn read<T: DeserializeOwned>(parameters: Value) -> Result<T, String> {
    serde_json::from_value(parameters).map_err(|e| e.to_string())
}

/// Faults that may stand as a bare word, since they need no parameter.
pub const BARE: &[&str] = &[
    "bad_checksum",
    "black_hole",
    "close",
    "expired_credentials",
    "goaway",
    "pass",
    "refuse",
    "rst_stream",
    "stream_error",
    "throttle",
];

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let (name, parameters) = match Value::deserialize(d)? {
            Value::String(name) if BARE.contains(&name.as_str()) => (name, Value::Object(serde_json::Map::new())),
            Value::Object(map) if map.len() == 1 => map.into_iter().next().unwrap_or_default(),
            _ => return Err(D::Error::custom("a fault is one key with its parameters, such as `throttle: {}`")),
        };
        let parameters = if parameters.is_null() { Value::Object(serde_json::Map::new()) } else { parameters };
        Self::from_parts(&name, parameters).map_err(D::Error::custom)
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(1))?;
        map.serialize_entry(self.name(), &self.parameters().map_err(serde::ser::Error::custom)?)?;
        map.end()
    }
}

impl JsonSchema for Fault {
    fn schema_name() -> Cow<'static, str> {
        "Fault".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let properties: serde_json::Map<String, Value> =
            schemas(generator).into_iter().map(|(name, schema)| (name.to_owned(), schema.to_value())).collect();
        json_schema!({
            "description": "a fault: one key with its parameters",
            "anyOf": [
                { "type": "string", "enum": BARE },
                { "type": "object", "properties": properties, "additionalProperties": false,
                  "minProperties": 1, "maxProperties": 1 },
            ]
        })
    }
}
