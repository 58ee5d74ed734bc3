//! What a client in processes of its own stands on: the endpoint over TCP, the trap, the clock, and what of it all was
//! seen.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use brownout_mocks::clock::{Clock, Time, Warp};
use brownout_mocks::endpoint::Endpoint;
use brownout_mocks::journal::{EventKind, Header, Recorder, Segment, Trial};
use brownout_mocks::transport::{TcpTransport, Tls};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::command::{CommandError, CommandPlay};
use super::{TOOL, patience};
use crate::client::command::{Authority, Identity, Seal};
use crate::client::trap::Trap;
use crate::warp::{Company, Coordinator, Stage};

/// What a play of such clients needs, laid out before they are started.
pub(super) struct Ground {
    pub(super) clock: Clock,
    pub(super) recorder: Recorder,
    pub(super) endpoint: Endpoint,
    pub(super) tcp: TcpTransport,
    pub(super) trap: Trap,
    pub(super) company: Company,
    authority: Option<Authority>,
    warped: Option<(Stage, Warp)>,
    session: bool,
}

impl Ground {
    /// Lays it out.
    pub(super) async fn lay(play: &CommandPlay<'_>) -> Result<Self, CommandError> {
        let warp = (play.time == Time::Warp).then(Warp::new);
        let clock = warp.clone().map_or_else(Clock::wall, Clock::warped);
        let recorder = Recorder::new();
        let recorder = match &warp {
            Some(warp) => recorder.with_moves(warp.clone()),
            None => recorder,
        };
        let mut story = match play.segment {
            Segment::Control => play.scenario.control_plan(play.seed),
            Segment::Run | Segment::Reference => play.scenario.plan(play.seed),
        };
        story.explain = play.explain;
        let endpoint = Endpoint::new(story, clock.clone(), recorder.clone());
        let mut tcp = TcpTransport::bind(([127, 0, 0, 1], 0).into()).await?;
        let mut authority = None;
        if play.tls {
            let tls = Tls::new(clock.date(), tcp.address().ip())?;
            authority = Some(Authority::keep(tls.authority())?);
            tcp = tcp.with_tls(tls);
        }
        let trap = Trap::bind().await?;
        let warped = match warp {
            Some(warp) => Some((Stage::make([tcp.address().port(), trap.address().port()])?, warp)),
            None => None,
        };
        let session = play.scenario.hands_out_credentials();
        Ok(Self { clock, recorder, endpoint, tcp, trap, company: Company::default(), authority, warped, session })
    }

    /// Whether clients fetch their credentials from the endpoint.
    pub(super) fn hands_out_credentials(&self) -> bool {
        self.session
    }

    /// The environment of a client.
    pub(super) fn seal(&self, client: u32) -> Seal {
        Seal {
            endpoint: self.tcp.url(),
            trap: self.trap.address(),
            client,
            session: self.session,
            authority: self.authority.as_ref().map(|a| a.path().to_owned()),
            warp: self.warped.as_ref().map(|(stage, _)| stage.clone()),
        }
    }

    /// In warp time, begins to move the clock.
    pub(super) fn coordinate(&self) -> std::io::Result<Option<Coordinator>> {
        let start =
            |(stage, warp): &(Stage, Warp)| Coordinator::start(stage, &self.company, &self.clock, warp, &self.recorder);
        self.warped.as_ref().map(start).transpose()
    }

    /// Opens the port, or keeps it closed where the story begins so.
    pub(super) async fn open(&self) -> Result<(), CommandError> {
        self.tcp.ready(&self.endpoint);
        self.tcp.reset_upstream(&self.endpoint).await.map_err(CommandError::Upstream)
    }

    /// Serves, and never ends.
    pub(super) async fn serve(&self) {
        tokio::select! {
            () = self.tcp.serve(self.endpoint.clone()) => {}
            () = self.trap.serve(self.tcp.address(), self.clock.clone(), self.recorder.clone()) => {}
        }
    }

    fn any(&self, is: fn(&EventKind) -> bool) -> bool {
        self.recorder.view(0, |events| events.iter().any(|e| is(&e.kind)))
    }

    /// Whether a client was seen to try. A connection that a step has reset shows that, too.
    pub(super) fn arrived(&self) -> bool {
        self.any(|kind| match kind {
            EventKind::AttemptReceived(_) | EventKind::Escaped { .. } => true,
            EventKind::ConnectionClosed { step, .. } => step.is_some(),
            _ => false,
        })
    }

    /// Whether a step has closed the port: nobody can see what the kernel refuses then.
    pub(super) fn port_closed(&self) -> bool {
        self.any(|kind| matches!(kind, EventKind::PortClosed { .. }))
    }

    /// Why nothing was seen of a client that ended, or was stopped, before it had tried.
    pub(super) fn nothing(&self, program: String, ended: String) -> CommandError {
        let refused = self.recorder.view(0, |events| {
            events
                .iter()
                .find_map(|e| if let EventKind::Refused { why, .. } = &e.kind { Some(why.clone()) } else { None })
        });
        if let Some(why) = refused {
            CommandError::Refused { program, why }
        } else if self.port_closed() {
            CommandError::PortClosed { program, ended }
        } else {
            CommandError::NoRequest { program, ended }
        }
    }

    /// What was seen, with what there is to say about it.
    pub(super) fn trial(&self, play: &CommandPlay<'_>, told: Identity) -> Trial {
        let header = Header {
            journal: 1,
            run: play.run,
            segment: play.segment,
            trial: play.seed.trial,
            scenario_name: play.scenario.document.name.clone(),
            scenario_text: play.scenario.text.clone(),
            seed: play.seed.run,
            client: told.client,
            client_version: told.version,
            client_note: told.note,
            profile: play.profile.to_owned(),
            profile_text: None,
            time: play.time,
            time_note: play.time_note.map(str::to_owned).or(told.time_note),
            epoch: None,
            tool: TOOL.to_owned(),
            honours: told.honours,
            owns_demand: told.owns_demand,
            repeat: None,
            estimated: false,
        };
        Trial { header, events: self.recorder.take() }
    }
}

/// How a process ended, in words.
pub(super) fn words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it exited with status {code}"),
        (None, Some(signal)) => format!("signal {signal} ended it"),
        (None, None) => "it ended".to_owned(),
    }
}

/// The same of one that had to be stopped.
pub(super) fn stopped(play: &CommandPlay<'_>) -> String {
    let patience = play.client_timeout.unwrap_or_else(|| patience(play.scenario));
    format!("it was stopped after {} of silence", brownout_mocks::units::short(patience))
}

/// The signals that ask brownout to end. To be listened to before a client is started, which would else
/// outlive a brownout that is ended at once.
pub(super) struct Interrupts([(SignalKind, Signal); 3]);

impl Interrupts {
    pub(super) fn listen() -> std::io::Result<Self> {
        let listen = |kind| Ok::<_, std::io::Error>((kind, signal(kind)?));
        Ok(Self([listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?, listen(SignalKind::hangup())?]))
    }

    /// Ends when one of them comes, with its number.
    pub(super) async fn come(&mut self) -> i32 {
        let [(interrupt, a), (terminate, b), (hangup, c)] = &mut self.0;
        let kind = tokio::select! {
            _ = a.recv() => interrupt,
            _ = b.recv() => terminate,
            _ = c.recv() => hangup,
        };
        kind.as_raw_value()
    }
}
