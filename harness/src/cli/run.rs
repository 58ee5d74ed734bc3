//! `brownout run`

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use brownout_mocks::clock::{Stopwatch, Time};
use brownout_mocks::journal::write_trial;
use brownout_mocks::units::Span;

use super::profile::Asked;
use super::{Done, lint, output};
use crate::client::drivers::{self, DRIVERS, Driven};
use crate::client::{self, CLIENTS, Options, Role};
use crate::exit::ExitStatus;
use crate::report::{self, Broken, Entry, Report};
use crate::rule;
use crate::runner::CommandError;
use crate::scenario::{Diagnostics, Scenario, did_you_mean};
use crate::session::{self, Ran, SessionError, Settings, Who};

mod parallel;
mod repeat;

use parallel::in_order;
use repeat::repeat;

/// Play scenarios with a client and judge it.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Args {
    /// Files, folders, or names and families of the library. Default: the whole library
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Client to play; may be given several times: one in process, or an SDK that is installed here (`boto3`,
    /// `aws-cli`, `aws-sdk-js`). Default: by the kind of the scenario
    #[arg(long = "client", value_name = "NAME")]
    clients: Vec<String>,
    /// Setting of the client, for instance `retries.mode=adaptive`; may be given several times. A wrong one is answered
    /// with those that the client knows
    #[arg(long = "client-config", value_name = "KEY=VALUE", value_parser = pair)]
    client_config: Vec<(String, String)>,
    /// How many clients share each story. Default: as the scenario says
    #[arg(long = "clients", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    number: Option<u32>,
    /// Guidance to judge by: a name, `auto` (by the client's User-Agent), or a file (`./ours.yaml`). Default: as the
    /// scenario says
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// Clock. Default: virtual for clients in process; for commands warp, which skips while everybody waits, where the
    /// program can be warped, else wall
    #[arg(long, value_name = "virtual|warp|wall", value_parser = time)]
    time: Option<Time>,
    /// Seed of all randomness: a number, or `random`
    #[arg(long, value_name = "N", default_value = "1", value_parser = seed)]
    seed: u64,
    /// How often each story is played. Default: until every rule is decided, within limits
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    trials: Option<u64>,
    /// Threads that play in virtual time. Default: one per core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Rule whose failure is told and does not fail the run; may be given several times
    #[arg(long, value_name = "RULE")]
    allow: Vec<String>,
    /// Fail if the score lies below
    #[arg(long, value_name = "SCORE", value_parser = output::bar)]
    fail_under: Option<f64>,
    /// Stop a client that has been silent for so long. Default: 10m, or more if the scenario is slow
    #[arg(long, value_name = "DURATION", value_parser = span)]
    client_timeout: Option<Duration>,
    /// Do not play the client with all faults off
    #[arg(long)]
    no_control: bool,
    /// Speak TLS, with a certificate made for the run; not in virtual time
    #[arg(long)]
    tls: bool,
    /// Only scenarios of this service
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
    /// Say for each request of the first trial which step decided, and why the others did not
    #[arg(long)]
    explain: bool,
    /// Show every rule with its verdict
    #[arg(long, short)]
    verbose: bool,
    /// Write a report, for instance `json=report.json` or `junit=-`; may be given several times
    #[arg(long, value_name = "FORMAT=PATH", value_parser = output::target)]
    report: Vec<output::Target>,
    /// Write the journal of every trial
    #[arg(long, value_name = "PATH")]
    journal: Option<PathBuf>,
    /// The command after `--` makes the scenario's calls, one for each line of JSON on its standard input, and tells
    /// their outcomes on its standard output (docs/driver.md)
    #[arg(long, requires = "command")]
    driver: bool,
    /// A command to play, in warp or wall time; it finds the endpoint in `AWS_ENDPOINT_URL`
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write `KEY=VALUE`")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn time(text: &str) -> Result<Time, String> {
    match text {
        "virtual" => Ok(Time::Virtual),
        "wall" => Ok(Time::Wall),
        "warp" => Ok(Time::Warp),
        _ => Err("write `virtual`, `warp` or `wall`".to_owned()),
    }
}

fn span(text: &str) -> Result<Duration, String> {
    text.parse::<Span>().map(Span::get)
}

/// A seed in decimal, in hex after `0x`, or drawn.
fn seed(text: &str) -> Result<u64, String> {
    if text == "random" {
        return Ok(fastrand::u64(..));
    }
    let parsed = text.strip_prefix("0x").map_or_else(|| text.parse(), |hex| u64::from_str_radix(hex, 16));
    parsed.map_err(|_| "write a number, a hex number such as `0x5eed`, or `random`".to_owned())
}

pub(super) fn run(args: &Args) -> Done {
    let watch = Stopwatch::start();
    let fresh = args.scenarios.is_empty() && args.clients.is_empty() && args.command.is_empty();
    check_names(args)?;
    let (mut scenarios, bad) = if args.scenarios.is_empty() { library() } else { lint::read(&args.scenarios)? };
    if let Some(service) = &args.service {
        let known = brownout_mocks::service::SERVICES.iter().map(|s| s.id());
        if brownout_mocks::service::find(service).is_none() {
            return Err(unknown("service", service, known));
        }
        scenarios.retain(|s| &s.document.service == service);
        if scenarios.is_empty() && bad.is_empty() {
            return Err(format!("none of the scenarios asks the service `{service}`"));
        }
    }
    let (jobs, skipped) = plan(args, &scenarios)?;
    // What can be played is played; what cannot is said, and counts.
    let broken = bad.iter().map(|d| Broken { scenario: d.origin.clone(), client: None, reason: d.summary() }).collect();
    let mut report = Report { skipped, broken, fail_under: args.fail_under, ..Report::default() };
    let played = play(args, &jobs, &mut report);
    report.wall_ms = Some(u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX));
    let exit = output::finish(&report, &args.report);
    if fresh {
        output::people("\nA naive client fails: brownout run throttle-burst --client naive\n");
    }
    Ok(played.map_or_else(
        |message| {
            output::error(&message);
            exit.and(ExitStatus::Unusable)
        },
        |()| exit,
    ))
}

fn library() -> (Vec<Scenario>, Vec<Diagnostics>) {
    let parsed = crate::scenario::library::all().iter().map(|s| Scenario::parse(s.name, s.text));
    let good: Vec<Scenario> = parsed.filter_map(Result::ok).collect();
    // The shipped library has no mistakes; a test sees to it.
    (good, Vec::new())
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let hint = did_you_mean(name, known.clone()).map_or_else(String::new, |n| format!(" Did you mean `{n}`?"));
    format!("there is no {what} `{name}`.{hint} There are: {}", known.collect::<Vec<_>>().join(", "))
}

fn check_names(args: &Args) -> Result<(), String> {
    for name in &args.allow {
        if rule::find(name).is_none() {
            return Err(unknown("rule", name, rule::RULES.iter().map(|r| r.id)));
        }
    }
    if let Some(asked) = &args.profile {
        Asked::of(asked)?;
    }
    for name in &args.clients {
        if client::find(name).is_none() && drivers::find(name).is_none() {
            return Err(unknown("client", name, DRIVERS.iter().map(|d| d.id).chain(CLIENTS.iter().map(|c| c.id))));
        }
    }
    if !args.command.is_empty() && !args.clients.is_empty() {
        return Err("give either `--client` or a command after `--`, not both".to_owned());
    }
    let driven = args.clients.iter().find(|name| drivers::find(name).is_some());
    if (!args.command.is_empty() || driven.is_some()) && args.time == Some(Time::Virtual) {
        let who = driven.map_or_else(|| "a command".to_owned(), |name| format!("`{name}`"));
        return Err(format!("{who} cannot be played in virtual time: its clock is the machine's; leave `--time` away"));
    }
    let in_process =
        args.command.is_empty() && (driven.is_none() || args.clients.iter().any(|c| client::find(c).is_some()));
    if in_process && args.time == Some(Time::Warp) {
        return Err(
            "warp time is for a command after `--` and for the SDKs that are installed here; clients in process have \
             virtual time, which is faster"
                .to_owned(),
        );
    }
    if args.tls && in_process && args.time != Some(Time::Wall) {
        return Err("there is no TLS in virtual time, where nothing goes over TCP; add `--time wall`, or give a \
                    command after `--`"
            .to_owned());
    }
    Ok(())
}

/// One run to play.
struct Job<'a> {
    scenario: &'a Scenario,
    who: Who,
}

/// Who plays what. Clients that cannot play a scenario skip it.
fn plan<'a>(args: &Args, scenarios: &'a [Scenario]) -> Result<(Vec<Job<'a>>, u64), String> {
    let options: Options = args.client_config.clone();
    let mut jobs = Vec::new();
    let mut skipped = 0;
    let outside = outside(args, &options)?;
    for scenario in scenarios {
        let players: Vec<Who> = if !args.command.is_empty() {
            outside.clone()
        } else if args.clients.is_empty() {
            Who::default_for(scenario.kind()).into_iter().map(|w| with_options(w, &options)).collect()
        } else {
            let named = args.clients.iter().filter_map(|c| client::find(c));
            named.map(|entry| Who::Client(entry, options.clone())).chain(outside.iter().cloned()).collect()
        };
        if players.is_empty() {
            skipped += 1;
        }
        for who in players {
            if who.plays(scenario) {
                jobs.push(Job { scenario, who });
            } else {
                skipped += 1;
            }
        }
    }
    if jobs.is_empty() && !scenarios.is_empty() {
        return Err(if args.driver {
            "none of these scenarios has calls for a driver to make: what a flow does next is decided by a program, so \
             leave `--driver` away and let the command do it by itself"
                .to_owned()
        } else if args.clients.is_empty() {
            "none of these scenarios has a workload that a client of ours can play; give a command after `--`"
                .to_owned()
        } else {
            format!("none of these scenarios can be played by `{}`", args.clients.join("`, `"))
        });
    }
    Ok((jobs, skipped))
}

/// Who plays in processes of its own: the command, or the SDKs that are named.
fn outside(args: &Args, options: &Options) -> Result<Vec<Who>, String> {
    if args.driver {
        return Ok(vec![Who::Driver(Arc::new(Driven::own(args.command.clone(), options)))]);
    }
    if !args.command.is_empty() {
        return Ok(vec![Who::Command(args.command.clone())]);
    }
    let named = args.clients.iter().filter_map(|name| drivers::find(name));
    named.map(|entry| Ok(Who::Driver(Arc::new(Driven::listed(entry, options)?)))).collect()
}

/// The settings go to the clients that know them: where nobody is named, the real SDK.
fn with_options(who: Who, options: &Options) -> Who {
    match who {
        Who::Client(entry, _) if entry.role == Role::Real && entry.id != "http" => Who::Client(entry, options.clone()),
        who => who,
    }
}

type Outcome = Result<Ran, SessionError>;

fn play(args: &Args, jobs: &[Job<'_>], report: &mut Report) -> Result<(), String> {
    let (profile, own) = match args.profile.as_deref().map(Asked::of).transpose()? {
        Some(Asked::Own(own)) => (None, Some(*own)),
        Some(Asked::Name(name)) => (Some(name), None),
        None => (None, None),
    };
    let settings = Settings {
        // What is no clock for clients in process is one for others, and was refused where there are both.
        time: args.time.filter(|_| args.command.is_empty()).unwrap_or(Time::Virtual),
        command_time: args.time,
        seed: args.seed,
        trials: args.trials,
        profile,
        own,
        clients: args.number,
        allow: args.allow.clone(),
        control: !args.no_control,
        tls: args.tls,
        explain: args.explain,
        client_timeout: args.client_timeout,
        keep: args.journal.is_some(),
    };
    let mut journal = match &args.journal {
        Some(path) => {
            Some((output::create(path).map_err(|e| format!("could not write `{}`: {e}", path.display()))?, path))
        }
        None => None,
    };
    let mut failed: Option<String> = None;
    let ended = AtomicBool::new(false);
    in_order(
        jobs.len(),
        threads(args, jobs.len()),
        |index| {
            let job = &jobs[index];
            if ended.load(Ordering::Relaxed) {
                return None;
            }
            let outcome = session::run(job.scenario, &job.who, &settings, u32::try_from(index).unwrap_or(u32::MAX));
            let interrupted = matches!(outcome, Err(SessionError::Command(CommandError::Interrupted { .. })));
            ended.fetch_or(interrupted, Ordering::Relaxed);
            Some(outcome)
        },
        |index, outcome: Option<Outcome>| {
            let (job, Some(outcome)) = (&jobs[index], outcome) else { return };
            match outcome {
                Ok(mut ran) => {
                    let repeat = repeat(args, job);
                    ran.trials.iter_mut().for_each(|t| t.header.repeat = Some(repeat.clone()));
                    if let Some((file, path)) = &mut journal {
                        let written = ran.trials.iter().try_for_each(|t| write_trial(file, &t.header, &t.events));
                        if let Err(e) = written.and_then(|()| file.flush()) {
                            failed.get_or_insert(format!("could not write `{}`: {e}", path.display()));
                        }
                    }
                    let entry = Entry::new(job.scenario, ran.report, repeat);
                    output::people(&report::run_text(&entry, args.verbose));
                    if let (true, Some(first)) = (args.explain, &ran.first) {
                        if !args.verbose && entry.report.exit_code() != 1 {
                            output::people(&report::seen(&entry));
                        }
                        output::people(&report::explain(first));
                    }
                    report.runs.push(entry);
                }
                Err(error) => {
                    let (scenario, client) = (job.scenario.document.name.clone(), job.who.id().to_owned());
                    output::error(&format!("{scenario}: {error}"));
                    report.broken.push(Broken { scenario, client: Some(client), reason: error.to_string() });
                }
            }
        },
    );
    failed.map_or(Ok(()), Err)
}

/// How many runs are played at a time: one where the machine's clock counts.
fn threads(args: &Args, jobs: usize) -> usize {
    let outside = !args.command.is_empty() || args.clients.iter().any(|name| drivers::find(name).is_some());
    if outside || args.time == Some(Time::Wall) {
        return 1;
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    args.jobs.map_or(cores, usize::from).clamp(1, jobs.max(1))
}
