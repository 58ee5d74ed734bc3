//! Plays a scenario with a command, in warp or wall time.

use std::os::unix::process::ExitStatusExt as _;
use std::sync::Arc;
use std::time::Duration;

use brownout_mocks::clock::Time;
use brownout_mocks::journal::{EventKind, Segment, Trial};
use brownout_mocks::random::Seed;

use super::ground::{Ground, Interrupts, stopped, words};
use super::{patience, silence, silent};
use crate::client::command::{Identity, start};
use crate::client::drivers::Driven;
use crate::scenario::Scenario;

/// What one start of a command needs to know.
#[derive(Debug, Clone)]
pub struct CommandPlay<'a> {
    /// The story.
    pub scenario: &'a Scenario,
    /// Who plays.
    pub cast: Cast<'a>,
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
    /// How many clients share the story, where the demand is ours; the scenario's own number if none.
    pub clients: Option<u32>,
    /// Warp or wall.
    pub time: Time,
    /// Why it is wall time, where nobody asked for that.
    pub time_note: Option<&'a str>,
}

/// Who plays in processes of its own.
#[derive(Debug, Clone, Copy)]
pub enum Cast<'a> {
    /// A command with a demand of its own, and its arguments.
    Command(&'a [String]),
    /// A driver, which makes the calls that the scenario asks for.
    Driven(&'a Driven),
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
    /// A driver broke the protocol, or cannot go on.
    #[error("{0}")]
    Driver(String),
    /// Somebody asked brownout to end; the command was ended with it.
    #[error("stopped by signal {signal}, and the command with it")]
    Interrupted {
        /// The signal.
        signal: i32,
    },
}

/// How long connections may take to end after the command has, so that the journal has their ends.
pub(super) const GRACE: Duration = Duration::from_millis(50);

impl CommandPlay<'_> {
    /// Starts the command once and serves it to its end.
    pub fn play(&self) -> Result<Trial, CommandError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.play_here())
    }

    async fn play_here(&self) -> Result<Trial, CommandError> {
        let ground = Ground::lay(self).await?;
        match self.cast {
            Cast::Command(command) => {
                ground.open().await?;
                let mut time_note = None;
                tokio::select! {
                    biased;
                    lived = self.live(command, &ground) => time_note = lived?,
                    () = ground.serve() => {}
                }
                let client = "command".to_owned();
                Ok(ground.trial(self, Identity { client, time_note, owns_demand: true, ..Identity::default() }))
            }
            Cast::Driven(driven) => {
                let told = super::driven::play(self, driven, &ground).await?;
                Ok(ground.trial(self, told))
            }
        }
    }

    /// From the start of the command to its end. Says where its clock could not skip.
    async fn live(&self, command: &[String], ground: &Ground) -> Result<Option<String>, CommandError> {
        let (clock, recorder) = (&ground.clock, &ground.recorder);
        let program = command.first().cloned().unwrap_or_default();
        let mut interrupts = Interrupts::listen()?;
        let mut started = start(command, &ground.seal(0)).map_err(|e| CommandError::start(&program, &e))?;
        let _member = started.id().map(|id| ground.company.joins(id));
        let coordinator = ground.coordinate()?;
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
        if let Some(status) = status {
            clock.sleep(GRACE).await;
            if !ground.arrived() {
                return Err(ground.nothing(program, words(status)));
            }
            recorder.push(clock.now(), EventKind::ClientEnded { exit: status.code(), signal: status.signal() });
            return Ok(note());
        }
        let full = recorder.is_full();
        started.stop().await;
        if !ground.arrived() {
            return Err(ground.nothing(program, stopped(self)));
        }
        if !full {
            recorder.push(clock.now(), EventKind::ClientHung { client: 0, silent_us });
        }
        recorder.push(clock.now(), EventKind::ClientEnded { exit: None, signal: None });
        Ok(note())
    }
}

impl CommandError {
    /// A program did not start.
    pub(super) fn start(program: &str, error: &std::io::Error) -> Self {
        Self::Start {
            program: program.to_owned(),
            reason: match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such program".to_owned(),
                std::io::ErrorKind::PermissionDenied => "it may not be executed".to_owned(),
                _ => error.to_string(),
            },
        }
    }
}
