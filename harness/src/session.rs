//! One run from end to end: control, trials until decided, reference, verdict.

use std::sync::Arc;
use std::time::Duration;

use brownout_mocks::clock::{Stopwatch, Time};
use brownout_mocks::journal::{EventKind, Segment, Trial};
use brownout_mocks::random::Seed;

use crate::client::breaker::{BreakerPolicy, Flaw};
use crate::client::drivers::Driven;
use crate::client::reference::ProfilePolicy;
use crate::client::{self, ClientEntry, Options, Player, Role};
use crate::guidance::{self, ChoiceError, OwnProfile, Profile};
use crate::judge::{Judge, RunReport};
use crate::runner::{Cast, CommandError, CommandPlay, EVENTS_MAX, Play, RunError};
use crate::scenario::{Kind, ProfileChoice, Scenario};
use crate::warp;

/// Who plays.
#[derive(Debug, Clone)]
pub enum Who {
    /// A client of the list, in process.
    Client(&'static ClientEntry, Options),
    /// A user's own client, in process.
    Own(Player),
    /// A command.
    Command(Vec<String>),
    /// A driver, which makes the calls that the scenario asks for.
    Driver(Arc<Driven>),
}

impl Who {
    /// Its id, as in reports.
    pub fn id(&self) -> &str {
        match self {
            Self::Client(entry, _) => entry.id,
            Self::Own(player) => player.id(),
            Self::Command(_) => "command",
            Self::Driver(driven) => driven.id(),
        }
    }

    /// Whether it can play this scenario.
    pub fn plays(&self, scenario: &Scenario) -> bool {
        match self {
            Self::Client(entry, _) => (entry.plays)(scenario.kind()),
            Self::Own(player) => player.plays(scenario.kind()),
            Self::Command(_) => true,
            Self::Driver(driven) => driven.plays(scenario.kind()),
        }
    }

    fn ready(&self) -> Ready<'_> {
        match self {
            Self::Client(entry, options) => Ready::Player(Player::listed(entry, options)),
            Self::Own(player) => Ready::Player(player.clone()),
            Self::Command(command) => Ready::Outside(Cast::Command(command)),
            Self::Driver(driven) => Ready::Outside(Cast::Driven(driven)),
        }
    }

    /// Who plays a scenario if nobody is named.
    pub fn default_for(kind: Kind) -> Option<Self> {
        let id = match kind {
            Kind::Calls => "aws-sdk-rust",
            Kind::Gateway => "http",
            Kind::Flow => "ec2-poll",
            Kind::Empty => return None,
        };
        client::find(id).map(|entry| Self::Client(entry, Options::new()))
    }
}

/// How runs are played.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Settings {
    /// Virtual or wall, for clients in process.
    pub time: Time,
    /// Warp or wall, for commands; without it, warp where the program can be warped.
    pub command_time: Option<Time>,
    /// The seed.
    pub seed: u64,
    /// So many trials; without it, as many as decide.
    pub trials: Option<u64>,
    /// The profile that the command line names; it beats the scenario's.
    pub profile: Option<String>,
    /// A profile from a file of the user's own; it beats every name.
    pub own: Option<OwnProfile>,
    /// How many clients share each story; it beats the scenario's.
    pub clients: Option<u32>,
    /// Rules whose failure is forgiven.
    pub allow: Vec<String>,
    /// Whether the client is also played with all faults off.
    pub control: bool,
    /// Whether the endpoint speaks TLS; only in wall time.
    pub tls: bool,
    /// Whether each decision of a step is explained in the journal.
    pub explain: bool,
    /// How long a client may be silent.
    pub client_timeout: Option<Duration>,
    /// Whether the trials are kept, for a journal.
    pub keep: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            time: Time::Virtual,
            command_time: None,
            seed: 1,
            trials: None,
            profile: None,
            own: None,
            clients: None,
            allow: Vec::new(),
            control: true,
            tls: false,
            explain: false,
            client_timeout: None,
            keep: false,
        }
    }
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The verdict.
    pub report: RunReport,
    /// All trials, if they were to be kept.
    pub trials: Vec<Trial>,
    /// The first trial of the run, for `--explain`.
    pub first: Option<Trial>,
}

/// Why a run could not be played or judged.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The client in process could not be played.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The command could not be played.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The profile cannot be had.
    #[error(transparent)]
    Profile(#[from] ChoiceError),
    /// The upstream failed where no step said so: what the client did then shows nothing.
    #[error("the upstream {address} {why}; is it running?")]
    Upstream {
        /// Its address.
        address: String,
        /// What went wrong first.
        why: String,
    },
    /// The scenario cannot be played in this kind of time.
    #[error("{0}")]
    Time(String),
}

/// Where automatic trials stop, decided or not (docs/decisions/0005).
struct Limit {
    trials: u64,
    /// Events of all trials. What is repeatable must not hang on how fast the machine is.
    events: usize,
    /// On the machine's clock.
    time: Duration,
}

const VIRTUAL: Limit = Limit { trials: 200, events: 100_000, time: Duration::MAX };
const WALL: Limit = Limit { trials: 3, events: usize::MAX, time: Duration::from_mins(1) };
/// A program takes as long as it takes to start.
const WARP: Limit = Limit { trials: 20, events: usize::MAX, time: Duration::from_secs(30) };
/// From so many trials on, a guess of how many are needed is worth something.
const GUESSED: u64 = 16;

impl Limit {
    fn of(time: Time) -> Self {
        match time {
            Time::Virtual => VIRTUAL,
            Time::Warp => WARP,
            Time::Wall => WALL,
        }
    }

    /// Whether one more trial is worth its time: some rule can be decided by more, and within the limit by what was
    /// seen so far, give or take a factor of two.
    fn asks_for_more(&self, report: &RunReport, played: u64) -> bool {
        let needed = report.rules.iter().filter_map(|r| r.trials_needed).min();
        !report.unfired.is_empty() || needed.is_some_and(|n| played < GUESSED || n <= self.trials.saturating_mul(2))
    }
}

/// The profile that a run is judged by: the command line's, else the scenario's, else the default.
pub fn profile_for(scenario: &Scenario, named: Option<&str>) -> Result<Profile, ChoiceError> {
    match (named, &scenario.document.expect.profile) {
        (Some(name), _) => guidance::choose(&ProfileChoice::Name(name.to_owned())),
        (None, Some(choice)) => guidance::choose(choice),
        (None, None) => guidance::choose(&ProfileChoice::Name(guidance::DEFAULT.to_owned())),
    }
}

/// The reference client of a scenario under a profile.
pub fn reference_for(kind: Kind, profile: &Profile) -> Option<&'static ClientEntry> {
    let by_profile = client::find(&profile.reference().name).filter(|c| c.role == Role::Reference && (c.plays)(kind));
    let by_kind = match kind {
        Kind::Calls => "std-2026",
        Kind::Gateway => "http-retry-after",
        Kind::Flow => "ec2-poll",
        Kind::Empty => return None,
    };
    by_profile.or_else(|| client::find(by_kind))
}

/// The reference client of a scenario under a profile, ready to play. A profile with numbers of its own has a client
/// of its own.
fn reference_player(kind: Kind, profile: &Profile) -> Option<Player> {
    if profile.based_on.is_some() && profile.exact && matches!(kind, Kind::Calls | Kind::Gateway) {
        let own = profile.clone();
        return Some(if profile.breaker.is_some() {
            Player::of_boxed(&profile.name, move || match BreakerPolicy::new(&own, Flaw::None) {
                Some(policy) => Box::new(policy),
                None => Box::new(ProfilePolicy::new(&own)),
            })
        } else {
            Player::of_policy(&profile.name, move || ProfilePolicy::new(&own))
        });
    }
    reference_for(kind, profile).map(|entry| Player::listed(entry, &Options::new()))
}

/// Plays and judges one scenario with one client.
pub fn run(scenario: &Scenario, who: &Who, settings: &Settings, run: u32) -> Result<Ran, SessionError> {
    let asked = match &settings.own {
        Some(own) => own.profile.clone(),
        None => profile_for(scenario, settings.profile.as_deref())?,
    };
    let (time, note) = clock_for(who, settings)?;
    let stage = Stage { scenario, who: who.ready(), settings, run, asked: &asked.name, time, note };
    let watch = Stopwatch::start();
    if let Some(reason) = scenario.why_not(stage.time) {
        return Err(SessionError::Time(reason));
    }

    let control = if settings.control { Some(stage.play(0, Segment::Control)?) } else { None };
    let first = stage.play(0, Segment::Run)?;
    let profile = guidance::auto::settle(asked.clone(), control.iter().chain([&first]));
    let reference = stage.reference(&profile)?;
    let mut judge = Judge::new(&scenario.document, &profile, &first.header);
    judge.allow(&settings.allow);
    let mut kept = Vec::new();
    for trial in [control, reference].into_iter().flatten() {
        judge.push(&trial);
        kept.extend(settings.keep.then_some(trial));
    }
    judge.push(&first);
    kept.extend(settings.keep.then(|| first.clone()));

    let limit = Limit::of(stage.time);
    let (mut played, mut look, mut events) = (1, 1, first.events.len());
    loop {
        let enough = match settings.trials {
            Some(trials) => played >= trials,
            None => {
                played >= limit.trials
                    || events >= limit.events
                    || watch.elapsed() >= limit.time
                    || (played >= look && !limit.asks_for_more(&judge.report(), played))
            }
        };
        if enough {
            break;
        }
        // Looks grow further apart, so that judging never costs more than playing.
        if played >= look {
            look = played + 1 + played / 4;
        }
        let trial = stage.play(played, Segment::Run)?;
        judge.push(&trial);
        (played, events) = (played + 1, events + trial.events.len());
        kept.extend(settings.keep.then_some(trial));
    }
    Ok(Ran { report: judge.last_report(), trials: kept, first: Some(first) })
}

/// Who plays, ready to be started again for each trial.
enum Ready<'a> {
    Player(Player),
    Outside(Cast<'a>),
}

/// What the plays of one run have in common.
struct Stage<'a> {
    scenario: &'a Scenario,
    who: Ready<'a>,
    settings: &'a Settings,
    run: u32,
    /// Name of the profile that was asked for.
    asked: &'a str,
    time: Time,
    /// Why it is wall time, where nobody asked for that.
    note: Option<String>,
}

/// The clock of a run; for a command that cannot be warped, with the reason.
fn clock_for(who: &Who, settings: &Settings) -> Result<(Time, Option<String>), SessionError> {
    let program = match who {
        Who::Command(command) => command.first().map_or("", String::as_str),
        Who::Driver(driven) => driven.executable(),
        Who::Client(..) | Who::Own(_) => return Ok((settings.time, None)),
    };
    if settings.command_time == Some(Time::Wall) {
        return Ok((Time::Wall, None));
    }
    match warp::suits(program) {
        Ok(()) => Ok((Time::Warp, None)),
        Err(why) if settings.command_time.is_some() => {
            Err(SessionError::Time(format!("it cannot be played in warp time: {why}; leave `--time warp` away")))
        }
        Err(why) => Ok((Time::Wall, Some(format!("wall time, because {why}")))),
    }
}

impl Stage<'_> {
    fn play(&self, trial: u64, segment: Segment) -> Result<Trial, SessionError> {
        let mut trial = self.play_whatever(trial, segment)?;
        trial.header.profile_text = self.settings.own.as_ref().map(|own| own.text.clone());
        let failed = trial.events.iter().find_map(|e| match &e.kind {
            EventKind::UpstreamFailed { why, .. } => Some(why.clone()),
            _ => None,
        });
        match (failed, &self.scenario.document.upstream) {
            (Some(why), Some(upstream)) => Err(SessionError::Upstream { address: upstream.address().to_string(), why }),
            _ => Ok(trial),
        }
    }

    fn play_whatever(&self, trial: u64, segment: Segment) -> Result<Trial, SessionError> {
        match &self.who {
            Ready::Player(player) => self.in_process(player, self.settings.time, trial, segment),
            Ready::Outside(cast) => {
                let play = CommandPlay {
                    scenario: self.scenario,
                    cast: *cast,
                    clients: self.settings.clients,
                    seed: Seed { run: self.settings.seed, trial },
                    segment,
                    run: self.run,
                    profile: self.asked,
                    explain: self.settings.explain,
                    client_timeout: self.settings.client_timeout,
                    tls: self.settings.tls,
                    time: self.time,
                    time_note: self.note.as_deref(),
                };
                Ok(play.play()?)
            }
        }
    }

    /// The reference client plays the scenario's workload, always in virtual time.
    fn reference(&self, profile: &Profile) -> Result<Option<Trial>, SessionError> {
        let Some(reference) = reference_player(self.scenario.kind(), profile) else { return Ok(None) };
        let mut trial = self.in_process(&reference, Time::Virtual, 0, Segment::Reference)?;
        trial.header.profile_text = self.settings.own.as_ref().map(|own| own.text.clone());
        Ok(Some(trial))
    }

    fn in_process(&self, client: &Player, time: Time, trial: u64, segment: Segment) -> Result<Trial, SessionError> {
        let play = Play {
            scenario: self.scenario,
            client,
            time,
            seed: Seed { run: self.settings.seed, trial },
            segment,
            run: self.run,
            profile: self.asked,
            clients: self.settings.clients,
            explain: self.settings.explain,
            client_timeout: self.settings.client_timeout,
            tls: self.settings.tls && time == Time::Wall,
            events_max: EVENTS_MAX,
        };
        Ok(play.play()?)
    }
}
