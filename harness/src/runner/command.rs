//! Plays a scenario with a command, in warp or wall time.

use std::os::unix::process::ExitStatusExt as _;
use std::sync::Arc;
use std::time::Duration;

use brownout_mocks::clock::{Clock, Time, Warp};
use brownout_mocks::endpoint::Endpoint;
use brownout_mocks::journal::{EventKind, Header, Recorder, Segment, Trial};
use brownout_mocks::random::Seed;
use brownout_mocks::transport::{TcpTransport, Tls};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{TOOL, patience, silence, silent};
use crate::client::command::{Authority, Seal, start};
use crate::client::trap::Trap;
use crate::scenario::Scenario;
use crate::warp::{Coordinator, Stage};

/// What one start of a command needs to know.
#[derive(Debug, Clone)]
pub struct CommandPlay<'a> {
    /// The story.
    pub scenario: &'a Scenario,
    /// The command and its arguments.
    pub command: &'a [String],
    /// Seed and trial.
    pub seed: Seed,
    /// Run or control.
    pub segment: Segment,
    /// Number of the run within the command line.
    pub run: u32,
    /// Name of the profile it will be judged by.
    pub profile: &'a str,
    /// Whether each decision is explained in the journal.
    pub explain: bool,
    /// Whether the endpoint speaks TLS.
    pub tls: bool,
    /// How long the command may be silent; by the scenario if none.
    pub client_timeout: Option<Duration>,
    /// Warp or wall.
    pub time: Time,
    /// Why it is wall time, where nobody asked for that.
    pub time_note: Option<&'a str>,
}

/// Why a command could not be played.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A socket or the runtime could not be had.
    #[error("could not set up the play: {0}")]
    Setup(#[from] std::io::Error),
    /// The upstream could not be told to begin anew.
    #[error("{0}; is it running?")]
    Upstream(String),
    /// It did not start.
    #[error("could not start `{program}`: {reason}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        reason: String,
    },
    /// It ended, or had to be stopped, and no request had arrived.
    #[error("no request arrived from `{program}` ({ended}); is it an AWS client that reads AWS_ENDPOINT_URL?")]
    NoRequest {
        /// The program.
        program: String,
        /// How it ended.
        ended: String,
    },
    /// It ended while the port was closed, where nobody can see whether it tried.
    #[error(
        "no request arrived from `{program}` ({ended}) while a `refuse` step kept the port closed, and nobody can see \
         what the kernel refuses; let the step end before the program does"
    )]
    PortClosed {
        /// The program.
        program: String,
        /// How it ended.
        ended: String,
    },
    /// All that came from it were requests that no service can be asked.
    #[error("no request of `{program}` could be read: {why}")]
    Refused {
        /// The program.
        program: String,
        /// Why.
        why: String,
    },
    /// Somebody asked brownout to end; the command was ended with it.
    #[error("stopped by signal {signal}, and the command with it")]
    Interrupted {
        /// The signal.
        signal: i32,
    },
}

/// The signals that ask brownout to end. To be listened to before a client is started, which would else
/// outlive a brownout that is ended at once.
struct Interrupts([(SignalKind, Signal); 3]);

impl Interrupts {
    fn listen() -> std::io::Result<Self> {
        let listen = |kind| Ok::<_, std::io::Error>((kind, signal(kind)?));
        Ok(Self([listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?, listen(SignalKind::hangup())?]))
    }

    /// Ends when one of them comes, with its number.
    async fn come(&mut self) -> i32 {
        let [(interrupt, a), (terminate, b), (hangup, c)] = &mut self.0;
        let kind = tokio::select! {
            _ = a.recv() => interrupt,
            _ = b.recv() => terminate,
            _ = c.recv() => hangup,
        };
        kind.as_raw_value()
    }
}

/// What a command in warp time is played with.
struct Warped {
    stage: Stage,
    warp: Warp,
}

/// How long connections may take to end after the command has, so that the journal has their ends.
const GRACE: Duration = Duration::from_millis(50);

impl CommandPlay<'_> {
    /// Starts the command once and serves it to its end.
    pub fn play(&self) -> Result<Trial, CommandError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.play_here())
    }

    async fn play_here(&self) -> Result<Trial, CommandError> {
        let warp = (self.time == Time::Warp).then(Warp::new);
        let clock = warp.clone().map_or_else(Clock::wall, Clock::warped);
        let recorder = Recorder::new();
        let recorder = match &warp {
            Some(warp) => recorder.with_moves(warp.clone()),
            None => recorder,
        };
        let mut plan = match self.segment {
            Segment::Control => self.scenario.control_plan(self.seed),
            Segment::Run | Segment::Reference => self.scenario.plan(self.seed),
        };
        plan.explain = self.explain;
        let endpoint = Endpoint::new(plan, clock.clone(), recorder.clone());
        let mut tcp = TcpTransport::bind(([127, 0, 0, 1], 0).into()).await?;
        let mut authority = None;
        if self.tls {
            let tls = Tls::new(clock.date(), tcp.address().ip())?;
            authority = Some(Authority::keep(tls.authority())?);
            tcp = tcp.with_tls(tls);
        }
        let trap = Trap::bind().await?;
        tcp.ready(&endpoint);
        tcp.reset_upstream(&endpoint).await.map_err(CommandError::Upstream)?;
        let address = tcp.address();
        let warped = match warp {
            Some(warp) => Some(Warped { stage: Stage::make([address.port(), trap.address().port()])?, warp }),
            None => None,
        };
        let seal = Seal {
            endpoint: tcp.url(),
            trap: trap.address(),
            client: 0,
            session: self.scenario.hands_out_credentials(),
            authority: authority.as_ref().map(|a| a.path().to_owned()),
            warp: warped.as_ref().map(|w| w.stage.clone()),
        };
        let mut note = self.time_note.map(str::to_owned);
        tokio::select! {
            biased;
            lived = self.live(&seal, &clock, &recorder, warped.as_ref()) => note = note.or(lived?),
            () = tcp.serve(endpoint) => {}
            () = trap.serve(address, clock.clone(), recorder.clone()) => {}
        }
        Ok(Trial { header: self.header(note), events: recorder.take() })
    }

    /// From the start of the command to its end. Says where its clock could not skip.
    async fn live(
        &self,
        seal: &Seal,
        clock: &Clock,
        recorder: &Recorder,
        warped: Option<&Warped>,
    ) -> Result<Option<String>, CommandError> {
        let program = self.command.first().cloned().unwrap_or_default();
        let mut interrupts = Interrupts::listen()?;
        let mut started = start(self.command, seal).map_err(|e| CommandError::Start {
            program: program.clone(),
            reason: match e.kind() {
                std::io::ErrorKind::NotFound => "there is no such program".to_owned(),
                std::io::ErrorKind::PermissionDenied => "it may not be executed".to_owned(),
                _ => e.to_string(),
            },
        })?;
        let coordinator = match (warped, started.id()) {
            (Some(Warped { stage, warp }), Some(id)) => Some(Coordinator::start(stage, id, clock, warp, recorder)?),
            _ => None,
        };
        let watched = coordinator.as_ref().map(|c| Arc::clone(c.watched()));
        let stuck = async {
            match &watched {
                Some(watched) => watched.stuck().await,
                None => std::future::pending().await,
            }
        };
        let note = || watched.as_ref().and_then(|w| w.note());
        let patience = self.client_timeout.unwrap_or_else(|| patience(self.scenario));
        let began = clock.since_start();
        let status = tokio::select! {
            biased;
            signal = interrupts.come() => {
                // The client is in a group of its own, which a terminal's Ctrl-C does not reach.
                started.stop().await;
                return Err(CommandError::Interrupted { signal });
            }
            status = started.wait() => Some(status?),
            () = recorder.filled() => None,
            () = silent(clock, recorder, began, patience) => None,
            () = stuck => None,
        };
        let silent_us = brownout_mocks::journal::micros(silence(clock, recorder, began));
        let any = |is: fn(&EventKind) -> bool| recorder.view(0, |events| events.iter().any(|e| is(&e.kind)));
        // A connection that a step has reset shows, too, that the command is a client that tried.
        let arrived = any(|kind| match kind {
            EventKind::AttemptReceived(_) | EventKind::Escaped { .. } => true,
            EventKind::ConnectionClosed { step, .. } => step.is_some(),
            _ => false,
        });
        let closed = any(|kind| matches!(kind, EventKind::PortClosed { .. }));
        let nothing = |program: String, ended: String| {
            if closed {
                CommandError::PortClosed { program, ended }
            } else {
                CommandError::NoRequest { program, ended }
            }
        };
        let refused = recorder.view(0, |events| {
            events
                .iter()
                .find_map(|e| if let EventKind::Refused { why, .. } = &e.kind { Some(why.clone()) } else { None })
        });
        if let (false, Some(why)) = (arrived, refused) {
            started.stop().await;
            return Err(CommandError::Refused { program, why });
        }
        if let Some(status) = status {
            clock.sleep(GRACE).await;
            if !arrived {
                let ended = match (status.code(), status.signal()) {
                    (Some(code), _) => format!("it exited with status {code}"),
                    (None, Some(signal)) => format!("signal {signal} ended it"),
                    (None, None) => "it ended".to_owned(),
                };
                return Err(nothing(program, ended));
            }
            recorder.push(clock.now(), EventKind::ClientEnded { exit: status.code(), signal: status.signal() });
            return Ok(note());
        }
        let full = recorder.is_full();
        started.stop().await;
        if !arrived {
            let ended = format!("it was stopped after {} of silence", brownout_mocks::units::short(patience));
            return Err(nothing(program, ended));
        }
        if !full {
            recorder.push(clock.now(), EventKind::ClientHung { client: 0, silent_us });
        }
        recorder.push(clock.now(), EventKind::ClientEnded { exit: None, signal: None });
        Ok(note())
    }

    fn header(&self, time_note: Option<String>) -> Header {
        Header {
            journal: 1,
            run: self.run,
            segment: self.segment,
            trial: self.seed.trial,
            scenario_name: self.scenario.document.name.clone(),
            scenario_text: self.scenario.text.clone(),
            seed: self.seed.run,
            client: "command".to_owned(),
            client_version: String::new(),
            profile: self.profile.to_owned(),
            profile_text: None,
            time: self.time,
            time_note,
            epoch: None,
            tool: TOOL.to_owned(),
            honours: Vec::new(),
            owns_demand: true,
            repeat: None,
            estimated: false,
        }
    }
}
