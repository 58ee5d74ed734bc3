//! A scenario mounted on a `wiremock::MockServer`, for Rust suites that already have one (feature
//! `wiremock`).
//!
//! [`Mounted::mount`] puts the scenario in front of the server's own mocks; only those with priority 1 go
//! before it. Every other request is decided by the scenario's steps and, where none injects, answered as
//! the scenario's service answers. [`Mounted::journal`] is what was seen, [`Mounted::judge`] what is to be
//! said about it.
//!
//! wiremock owns the sockets and the clock, and that sets the limits:
//!
//! - **Wall time only.** Its server runs on a thread of its own, where no paused clock reaches.
//! - **Whole answers only.** `throttle`, `error`, `http`, `latency`, `rate_limit`, `quota`, `instance_limit`,
//!   `not_visible`, `reply`, `stream_error`, `pass` can be played, and `close` through `respond_with_err`,
//!   without a `latency` before it.
//!   A scenario with any other fault is not mounted: [`MountError::Refused`] names each with its line.
//! - **Answer times are estimates.** Nobody sees an answer leave; the journal has the moment at which it
//!   was handed over, plus its delay, and its header says `estimated`. Pauses therefore look longer than
//!   they are, never shorter, and rules that need tighter slack stay inconclusive.
//! - **Connections are not seen.** Requests without an invocation id are told apart by their content.
//!
//! ```no_run
//! # async fn suite() -> Result<(), Box<dyn std::error::Error>> {
//! use brownout::scenario::library;
//! use brownout::wiremock::Mounted;
//!
//! let server = wiremock::MockServer::start().await;
//! let mounted = Mounted::mount(&library::scenario("throttle-burst")?, &server, 1).await?;
//! // … point the client at `server.uri()` and let it work …
//! assert_ne!(mounted.judge().exit_code(), 1);
//! # Ok(()) }
//! ```

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use brownout_mocks::clock::{Clock, Time};
use brownout_mocks::endpoint::{Endpoint, Sent, Served};
use brownout_mocks::fault::{Break, Fault};
use brownout_mocks::journal::{By, EventKind, Header, How, Recorder, Segment, Trial};
use brownout_mocks::plan::OneOrMany;
use brownout_mocks::protocol::Reply;
use brownout_mocks::random::Seed;
use brownout_mocks::request;
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use wiremock::matchers::any;
use wiremock::{Match, Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::guidance::{ChoiceError, Profile};
use crate::judge::{Judge, RunReport};
use crate::runner::TOOL;
use crate::scenario::{Document, Scenario};
use crate::session;

/// The scenario goes before the server's own mocks, whose priority is 5 unless they say otherwise.
const PRIORITY: u8 = 2;

/// A fault that wiremock cannot play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The fault.
    pub fault: &'static str,
    /// Its line in the scenario.
    pub line: usize,
    /// Why it cannot be played.
    pub reason: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` on line {} {}", self.fault, self.line, self.reason)
    }
}

/// Why a scenario was not mounted.
#[derive(Debug, thiserror::Error)]
pub enum MountError {
    /// It has faults that wiremock cannot play.
    #[error("`{scenario}` cannot be mounted on wiremock: {}", list(.faults))]
    Refused {
        /// The scenario.
        scenario: String,
        /// The faults, in the order of the file.
        faults: Vec<Refused>,
    },
    /// Its profile cannot be had.
    #[error(transparent)]
    Profile(#[from] ChoiceError),
}

fn list(faults: &[Refused]) -> String {
    faults.iter().map(Refused::to_string).collect::<Vec<_>>().join("; ")
}

/// A mounted scenario. Dropping it leaves the mocks where they are; the server's `reset` removes them.
#[derive(Debug)]
pub struct Mounted {
    stage: Arc<Stage>,
    document: Document,
    profile: Profile,
    header: Header,
}

impl Mounted {
    /// Mounts a scenario on a server.
    pub async fn mount(scenario: &Scenario, server: &MockServer, seed: u64) -> Result<Self, MountError> {
        let faults = refused(scenario);
        if !faults.is_empty() {
            return Err(MountError::Refused { scenario: scenario.document.name.clone(), faults });
        }
        let profile = session::profile_for(scenario, None)?;
        let seed = Seed { run: seed, trial: 0 };
        let endpoint = Endpoint::new(scenario.plan(seed), Clock::wall(), Recorder::new());
        let stage = Arc::new(Stage { endpoint, now: Mutex::default() });
        let closes = Mock::given(Closes(Arc::clone(&stage))).respond_with_err(|_: &Request| Closed);
        closes.with_priority(PRIORITY).named("brownout: close").mount(server).await;
        let answers = Mock::given(any()).respond_with(Answers(Arc::clone(&stage)));
        answers.with_priority(PRIORITY).named("brownout").mount(server).await;
        let header = header(scenario, seed, &profile);
        Ok(Self { stage, document: scenario.document.clone(), profile, header })
    }

    /// What was seen so far, as a trial that ends now. Ask once the client has ended: a call that is still
    /// between two attempts would look given up.
    pub fn journal(&self) -> Trial {
        let now = self.stage.endpoint.clock().now();
        let end = brownout_mocks::journal::micros(now);
        let mut events = self.stage.endpoint.recorder().view(0, <[_]>::to_vec);
        // Estimated answers were written down before their time.
        events.retain(|e| e.at_us <= end);
        events.sort_by_key(|e| e.at_us);
        let kind = EventKind::ClientEnded { exit: None, signal: None };
        events.push(brownout_mocks::journal::Event { at_us: end, kind });
        Trial { header: self.header.clone(), events }
    }

    /// What is to be said about it. There is no control and no reference to compare with.
    pub fn judge(&self) -> RunReport {
        let mut judge = Judge::new(&self.document, &self.profile, &self.header);
        judge.push(&self.journal());
        judge.last_report()
    }
}

fn header(scenario: &Scenario, seed: Seed, profile: &Profile) -> Header {
    Header {
        journal: 1,
        run: 0,
        segment: Segment::Run,
        trial: seed.trial,
        scenario_name: scenario.document.name.clone(),
        scenario_text: scenario.text.clone(),
        seed: seed.run,
        client: "wiremock".to_owned(),
        client_version: String::new(),
        client_note: None,
        profile: profile.name.clone(),
        profile_text: None,
        time: Time::Wall,
        time_note: None,
        epoch: None,
        tool: TOOL.to_owned(),
        honours: Vec::new(),
        owns_demand: true,
        repeat: None,
        estimated: true,
    }
}

/// The faults of a scenario that wiremock cannot play.
fn refused(scenario: &Scenario) -> Vec<Refused> {
    let mut refused = Vec::new();
    for (index, step) in scenario.document.steps.iter().enumerate() {
        let faults = step.faults();
        let delayed = faults.iter().any(|f| matches!(f, Fault::Latency(_)));
        let many = matches!(step.inject, Some(OneOrMany::Many(_)));
        for (place, fault) in faults.iter().enumerate() {
            let Some(reason) = objection(fault, delayed) else { continue };
            let pointer =
                if many { format!("/steps/{index}/inject/{place}") } else { format!("/steps/{index}/inject") };
            let line = scenario.line_of(&pointer).unwrap_or_else(|| scenario.line_of_step(index));
            refused.push(Refused { fault: fault.name(), line, reason });
        }
    }
    refused
}

/// Why this fault cannot be played, if it cannot.
fn objection(fault: &Fault, delayed: bool) -> Option<&'static str> {
    match fault {
        Fault::Close(_) if delayed => Some("cannot wait for a `latency`: wiremock closes at once"),
        Fault::Close(_)
        | Fault::Throttle(_)
        | Fault::Error(_)
        | Fault::Http(_)
        | Fault::Latency(_)
        | Fault::RateLimit(_)
        | Fault::Quota(_)
        | Fault::InstanceLimit(_)
        | Fault::NotVisible(_)
        | Fault::ScriptedReply(_)
        | Fault::StreamError(_)
        | Fault::Pass(_) => None,
        _ => Some("needs the connection itself, which wiremock does not hand out"),
    }
}

/// The endpoint behind the mocks.
#[derive(Debug)]
struct Stage {
    endpoint: Endpoint,
    now: Mutex<Now>,
}

/// wiremock handles one request at a time: what its matcher decided, its responder carries out.
#[derive(Debug, Default)]
struct Now {
    /// The connection that requests are taken to come on; 0 before the first and after a close.
    connection: u64,
    decided: Option<Served>,
}

impl Stage {
    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides about a request; says whether its connection is to be closed.
    fn decide(&self, request: &Request) -> bool {
        let mut now = self.lock();
        if now.connection == 0 {
            now.connection = self.endpoint.connected().0;
        }
        let served = self.endpoint.receive(now.connection, read(request));
        let close = served.r#break == Some(Break::Close);
        if close {
            if served.effect_after {
                self.endpoint.complete(served.seq);
            }
            self.endpoint.closed(now.connection, Some(served.seq), By::Fault, How::Fin);
            now.connection = 0;
        } else {
            now.decided = Some(served);
        }
        close
    }

    /// The answer to the request just decided about; it is taken to leave at once, or after its delay.
    fn answer(&self) -> ResponseTemplate {
        let Some(mut served) = self.lock().decided.take() else {
            return ResponseTemplate::new(500).set_body_string("brownout: nothing was decided about this request");
        };
        if served.effect_after
            && let Some(normal) = self.endpoint.complete(served.seq)
        {
            served.reply.get_or_insert(normal);
        }
        let reply = served.reply.unwrap_or_else(|| Reply::ok(200, "text/plain", ""));
        let clock = self.endpoint.clock();
        let leaves = clock.now() + served.delay;
        let sent = Sent { first_byte: leaves, ..Sent::of(&reply, clock) };
        self.endpoint.answered_at(served.seq, &sent, leaves);
        let mut template = ResponseTemplate::new(reply.status).set_body_bytes(reply.body.to_vec());
        for (name, value) in &reply.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                template = template.append_header(name, value);
            }
        }
        if served.delay.is_zero() { template } else { template.set_delay(served.delay) }
    }
}

fn read(request: &Request) -> request::Request {
    request::Request {
        method: request.method.clone(),
        path: request.url.path().to_owned(),
        query: request.url.query().unwrap_or_default().to_owned(),
        headers: request.headers.clone(),
        body: Bytes::copy_from_slice(&request.body),
        http2: false,
    }
}

/// Matches the requests whose connection the scenario closes; the first to see any request.
#[derive(Debug)]
struct Closes(Arc<Stage>);

impl Match for Closes {
    fn matches(&self, request: &Request) -> bool {
        self.0.decide(request)
    }
}

/// Answers all others.
#[derive(Debug)]
struct Answers(Arc<Stage>);

impl Respond for Answers {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        self.0.answer()
    }
}

/// What wiremock is told where it is to close the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the scenario closes this connection")]
struct Closed;
