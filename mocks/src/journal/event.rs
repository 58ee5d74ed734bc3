//! The events of a journal, as they stand in its lines.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::service::Class;

/// Number of an attempt within a trial, from 1, in order of arrival.
pub type Seq = u64;

/// Which of a run's plays a trial is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// The same client with all faults off.
    Control,
    /// The client under test with the faults on: what is judged.
    Run,
    /// The profile's reference client with the faults on.
    Reference,
}

/// The first line of a trial: all that judging needs to know about how it was played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// Version of the journal format: 1.
    pub journal: u32,
    /// Number of the run (scenario × client × time mode) within the command, from 0.
    pub run: u32,
    /// Control, run or reference.
    pub segment: Segment,
    /// Which repetition, from 0.
    pub trial: u64,
    /// The scenario's name.
    pub scenario_name: String,
    /// The scenario's whole text.
    pub scenario_text: String,
    /// The seed.
    pub seed: u64,
    /// Id of the client that played.
    pub client: String,
    /// Version of the client, where known.
    pub client_version: String,
    /// What else is known of the client, or what became of it, in a sentence: its settings, that it died.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_note: Option<String>,
    /// Name of the profile it is judged by, as given (file or command line).
    pub profile: String,
    /// The text of that profile, where it is a file of the user's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_text: Option<String>,
    /// Virtual, warp or wall.
    pub time: Time,
    /// Why this clock and no faster one, or where it could not skip, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_note: Option<String>,
    /// The date at time zero of the clock, RFC 3339; absent in wall time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
    /// Name and version of the tool that wrote the journal.
    pub tool: String,
    /// What the client says it honours beyond its profile, for instance `retry_after`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub honours: Vec<String>,
    /// Whether the client owns its demand: a flow client or an external program.
    #[serde(default)]
    pub owns_demand: bool,
    /// The command line that repeats the run, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<String>,
    /// Whether answer times are estimates (the `wiremock` adapter cannot see them).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Microseconds since time zero.
    pub at_us: u64,
    /// What it was.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// Who ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A fault of the scenario.
    Fault,
    /// The client.
    Client,
    /// The endpoint, for a reason of its own (malformed request, limit, end of the run).
    Endpoint,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// In good order.
    Fin,
    /// With a reset.
    Reset,
}

/// What the caller heard in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An answer.
    Success,
    /// An error.
    Error,
}

/// The kinds of event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// The caller asked its client for something. Only where the caller is ours.
    CallStarted {
        /// Number of the call within the trial and client, from 1.
        call: u64,
        /// Index of the client, from 0.
        client: u32,
        /// Service asked.
        service: String,
        /// Operation asked for.
        operation: String,
        /// What the call is about: a table, a key, an instance.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
    },
    /// Warp time only: since the event before, the clock was moved ahead by so much while the client slept. What has passed
    /// besides is time in which it was awake, or waited for a processor.
    ClockMoved {
        /// By how much, in microseconds.
        by_us: u64,
    },
    /// A fault closed the port: connecting is refused. In memory it is noted when it first refuses one.
    PortClosed {
        /// Id of the step.
        step: String,
        /// Until when, microseconds since time zero; absent for ever.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until_us: Option<u64>,
    },
    /// A connection was accepted.
    Connected {
        /// Number of the connection within the trial, from 1.
        connection: u64,
    },
    /// A request was read to its end.
    AttemptReceived(Box<Received>),
    /// A request could not be read, or is too large, and was answered with an error of its own.
    Refused {
        /// The connection it came on; 0 if that was refused already.
        connection: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The upstream that was to answer did not, or not wholly: whatever the client then does is not judged.
    UpstreamFailed {
        /// The attempt.
        seq: Seq,
        /// What went wrong.
        why: String,
    },
    /// A step decided about an attempt, or none did.
    StepDecided {
        /// The attempt.
        seq: Seq,
        /// Id of the step that injected; absent if none did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
        /// Names of the faults that were injected.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        faults: Vec<String>,
        /// Ids of the steps that were consulted and admitted the attempt.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        admitted: Vec<String>,
        /// Why each step did or did not decide; only with `--explain`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        why: Vec<String>,
    },
    /// An answer was sent, whole or cut short by a fault.
    Answered(Box<Answered>),
    /// An operation took effect, and no answer tells of it: it was never sent.
    TookEffect {
        /// The attempt.
        seq: Seq,
    },
    /// A connection ended.
    ConnectionClosed {
        /// The connection.
        connection: u64,
        /// The attempt that was in hand, if one was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seq: Option<Seq>,
        /// Id of the step that ended it before any request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
        /// Who ended it.
        by: By,
        /// How.
        how: How,
    },
    /// A fault ended the HTTP/2 stream of an attempt; its connection lives.
    StreamReset {
        /// The connection.
        connection: u64,
        /// The attempt that was in hand.
        seq: Seq,
        /// Error code of the frame (RFC 9113, 7).
        code: u32,
    },
    /// The caller heard the result of a call. Only where the caller is ours.
    CallFinished {
        /// The call.
        call: u64,
        /// Index of the client.
        client: u32,
        /// Answer or error.
        outcome: Outcome,
        /// The error code that the client reported.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
    /// Fresh credentials were handed out.
    CredentialsIssued {
        /// Index of the client.
        client: u32,
        /// Number of the session that they belong to, from 1.
        session: u64,
    },
    /// A request for a real host was caught by the trap.
    Escaped {
        /// Host and port asked for.
        host: String,
        /// Method and path, or `CONNECT`.
        request: String,
    },
    /// The client was still silent when its time was up, and was stopped.
    ClientHung {
        /// Index of the client.
        client: u32,
        /// How long it had been silent, in microseconds.
        silent_us: u64,
    },
    /// The client ended.
    ClientEnded {
        /// Exit status, where it is a command that exited.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<i32>,
        /// Signal, where it is a command that a signal ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
    },
}

/// An attempt, as it was seen on the wire.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Received {
    /// Number of the attempt within the trial, from 1.
    pub seq: Seq,
    /// The connection it came on.
    pub connection: u64,
    /// Index of the client, from 0.
    pub client: u32,
    /// The account it belongs to.
    pub account: String,
    /// The caller's call, where the caller is ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
    /// Number of the invocation (what one SDK call sends) within the trial, from 1.
    pub invocation: u64,
    /// Number of the attempt within its invocation, from 1.
    pub attempt: u32,
    /// Whether an HTTP library sent it again by itself, below the client's retry policy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resend: bool,
    /// Service, as recognised.
    pub service: String,
    /// Operation, as recognised.
    pub operation: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// All that it names: ids of things that the service keeps. Absent where that is the target alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// Wire protocol.
    pub protocol: String,
    /// Length of the body in bytes.
    pub body_bytes: u64,
    /// First 16 hex digits of the body's SHA-256; absent for an empty body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_hash: Option<String>,
    /// First 16 hex digits of the SHA-256 of its idempotency token, where the operation takes one and it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_hash: Option<String>,
    /// `attempt=` of `amz-sdk-request`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk_attempt: Option<u32>,
    /// `max=` of `amz-sdk-request`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk_max: Option<u32>,
    /// The request's own date (`x-amz-date`), which tells whether a repeat was signed anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// `User-Agent`; only on the first attempt of a connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Whether the service does not model the operation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unmodelled: bool,
    /// Number of the session whose credentials signed it, where they are from our credentials endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    /// The entries of a batch, at most 1000: of each the first 16 hex digits of the SHA-256 of what it holds, the
    /// id that it has within the batch left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<String>,
}

/// Entries of a batch that failed inside a good answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartlyFailed {
    /// Which, by index.
    pub entries: Vec<u64>,
    /// Error code of each.
    pub code: String,
}

/// An answer, as it was sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answered {
    /// The attempt that was answered.
    pub seq: Seq,
    /// HTTP status.
    pub status: u16,
    /// Error code; absent for a normal answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Retry class of the error by its code, else by its status; absent for a normal answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// `Retry-After` as sent, in milliseconds from the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// `x-amz-retry-after` as sent, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x_amz_retry_after_ms: Option<u64>,
    /// What stood in `x-amz-retry-after`, or else in `Retry-After`, where it is no time at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid_hint: Option<String>,
    /// How far ahead of the run's clock its `Date` was, in seconds; below zero if behind; absent where it was right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_off_s: Option<i64>,
    /// The entries of a batch that failed, where others did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partly_failed: Option<PartlyFailed>,
    /// Length of the body in bytes, as announced.
    pub body_bytes: u64,
    /// Whether the connection was broken before the announced end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// When the first byte left, microseconds since time zero.
    pub first_byte_us: u64,
    /// When the last byte left, microseconds since time zero.
    pub last_byte_us: u64,
    /// Whether the operation took effect. Absent where an idempotency token only repeated an earlier answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub effect: bool,
    /// Ids of what it says was made, now or when its token was first used; work accepted for later has the path
    /// to ask at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub created: Vec<String>,
    /// Whether what it shows is on its way to another state: pending, creating, shutting down.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsettled: bool,
}
