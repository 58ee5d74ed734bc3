//! Plays a scenario with a client and returns the journal: the only step that touches the world.

use std::sync::Arc;
use std::time::Duration;

use brownout_mocks::clock::{Clock, Time};
use brownout_mocks::endpoint::Endpoint;
use brownout_mocks::journal::{EventKind, Header, Recorder, Segment, Trial};
use brownout_mocks::random::Seed;
use brownout_mocks::transport::{Network, TcpTransport, Tls};

use crate::client::{Made, Player, Setting};
use crate::scenario::Scenario;

mod command;
mod driven;
mod ground;
mod workload;

pub use command::{Cast, CommandError, CommandPlay};

/// What one play needs to know.
#[derive(Debug, Clone)]
pub struct Play<'a> {
    /// The story.
    pub scenario: &'a Scenario,
    /// Who plays it.
    pub client: &'a Player,
    /// Virtual or wall.
    pub time: Time,
    /// Seed and trial.
    pub seed: Seed,
    /// Which of the run's plays this is.
    pub segment: Segment,
    /// Number of the run within the command.
    pub run: u32,
    /// Name of the profile it will be judged by.
    pub profile: &'a str,
    /// How many clients share the story; the scenario's own number if none.
    pub clients: Option<u32>,
    /// Whether each decision is explained in the journal.
    pub explain: bool,
    /// How long a client may be silent; by the scenario if none.
    pub client_timeout: Option<Duration>,
    /// Whether the endpoint speaks TLS; only in wall time.
    pub tls: bool,
    /// At most so many events are recorded; then the play is cut off.
    pub events_max: usize,
}

/// Why brownout could not play. Never the client's fault.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The async runtime or a socket could not be had.
    #[error("could not set up the play: {0}")]
    Setup(#[from] std::io::Error),
    /// The upstream could not be told to begin anew.
    #[error("{0}; is it running?")]
    Upstream(String),
    /// The client could not be made.
    #[error("could not make the client `{client}`: {reason}")]
    Client {
        /// Its id.
        client: String,
        /// Why.
        reason: String,
    },
}

/// The most events of one trial in process. A client that never stops is stopped here, in a second or
/// two, and judged by what was seen.
pub const EVENTS_MAX: usize = 200_000;

/// The tool's name and version, as it stands in journals and reports.
pub const TOOL: &str = concat!("brownout ", env!("CARGO_PKG_VERSION"));

impl Play<'_> {
    /// Plays one trial in a runtime of its own, so that trials share nothing.
    pub fn play(&self) -> Result<Trial, RunError> {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        match self.time {
            Time::Virtual => builder.enable_time().start_paused(true),
            Time::Warp | Time::Wall => builder.enable_all(),
        };
        builder.build()?.block_on(self.play_here())
    }

    async fn play_here(&self) -> Result<Trial, RunError> {
        let clock = match self.time {
            Time::Virtual => Clock::simulated(self.scenario.epoch()),
            // Warp is for programs that brownout did not write.
            Time::Warp | Time::Wall => Clock::wall(),
        };
        let recorder = Recorder::with_limit(self.events_max);
        let mut plan = match self.segment {
            Segment::Control => self.scenario.control_plan(self.seed),
            Segment::Run => self.scenario.plan(self.seed),
            Segment::Reference => self.scenario.reference_plan(self.seed),
        };
        plan.explain = self.explain;
        let endpoint = Endpoint::new(plan, clock.clone(), recorder.clone());
        match self.time {
            Time::Virtual => {
                let network = Network::Memory(endpoint.clone());
                self.drive(network, &clock, &recorder).await?;
            }
            Time::Warp | Time::Wall => {
                let mut tcp = TcpTransport::bind(([127, 0, 0, 1], 0).into()).await?;
                tcp.ready(&endpoint);
                tcp.reset_upstream(&endpoint).await.map_err(RunError::Upstream)?;
                let address = tcp.address();
                let http2 = self.scenario.document.http2;
                let network = if self.tls {
                    let tls = Tls::new(clock.date(), address.ip())?;
                    tcp = tcp.with_tls(tls.clone());
                    Network::Tls(address, tls, http2)
                } else if http2 {
                    Network::TcpHttp2(address)
                } else {
                    Network::Tcp(address)
                };
                tokio::select! {
                    biased;
                    driven = self.drive(network, &clock, &recorder) => driven?,
                    () = tcp.serve(endpoint.clone()) => {}
                }
            }
        }
        Ok(Trial { header: self.header(&clock), events: recorder.take() })
    }

    /// Lets every client play its part, and stops them when they have been silent too long.
    async fn drive(&self, network: Network, clock: &Clock, recorder: &Recorder) -> Result<(), RunError> {
        let clients = self.clients.unwrap_or(self.scenario.document.clients);
        let mut tasks = tokio::task::JoinSet::new();
        for client in 0..clients {
            let setting = Setting { network: network.clone(), clock: clock.clone(), seed: self.seed, client };
            let made = self
                .client
                .make(&setting)
                .map_err(|reason| RunError::Client { client: self.client.id().to_owned(), reason })?;
            let part = workload::Part::new(self.scenario, setting, recorder.clone());
            let flows = self.scenario.kind() == crate::scenario::Kind::Flow;
            tasks.spawn(async move {
                match made {
                    Made::Flow(flow, calls) if flows => part.flows(*flow, Arc::from(calls)).await,
                    Made::Flow(_, calls) | Made::Calls(calls) => part.calls(Arc::from(calls)).await,
                }
            });
        }
        let all = workload::all(tasks);
        let began = clock.since_start();
        let patience = self.client_timeout.unwrap_or_else(|| patience(self.scenario));
        let hung = tokio::select! {
            biased;
            () = all => false,
            () = recorder.filled() => false,
            () = silent(clock, recorder, began, patience) => true,
        };
        if hung {
            let silent_us = brownout_mocks::journal::micros(silence(clock, recorder, began));
            recorder.push(clock.now(), EventKind::ClientHung { client: 0, silent_us });
        }
        recorder.push(clock.now(), EventKind::ClientEnded { exit: None, signal: None });
        Ok(())
    }

    fn header(&self, clock: &Clock) -> Header {
        Header {
            journal: 1,
            run: self.run,
            segment: self.segment,
            trial: self.seed.trial,
            scenario_name: self.scenario.document.name.clone(),
            scenario_text: self.scenario.text.clone(),
            seed: self.seed.run,
            client: self.client.id().to_owned(),
            client_version: self.client.version().to_owned(),
            client_note: None,
            profile: self.profile.to_owned(),
            profile_text: None,
            time: self.time,
            time_note: None,
            epoch: (self.time == Time::Virtual).then(|| clock.epoch_text()),
            tool: TOOL.to_owned(),
            honours: self.client.honours().to_vec(),
            owns_demand: self.scenario.kind() == crate::scenario::Kind::Flow,
            repeat: None,
            estimated: false,
        }
    }
}

/// How long ago something happened, or else the play began, which was at `began` since the clock was made.
/// Before the first connection the run's own time stands still; silence does not.
pub(crate) fn silence(clock: &Clock, recorder: &Recorder, began: Duration) -> Duration {
    let last = clock.zero().and_then(|zero| Some(zero + recorder.last_at()?)).unwrap_or(began);
    clock.since_start().saturating_sub(last.max(began))
}

/// Ends when nothing has happened for `patience`.
pub(crate) async fn silent(clock: &Clock, recorder: &Recorder, began: Duration, patience: Duration) {
    loop {
        let quiet = silence(clock, recorder, began);
        if quiet >= patience {
            return;
        }
        clock.sleep(patience.saturating_sub(quiet)).await;
    }
}

/// How long a client may be silent by default: ten minutes, or half as long again as the longest silence
/// that the scenario itself makes.
pub fn patience(scenario: &Scenario) -> Duration {
    let longest = scenario.longest_silence();
    Duration::from_mins(10).max(longest.mul_f64(1.5))
}
