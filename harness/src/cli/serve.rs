//! `brownout serve`

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use brownout_mocks::clock::{Clock, Time};
use brownout_mocks::endpoint::Endpoint;
use brownout_mocks::journal::{Event, Header, Recorder, Segment, Trial, write_events, write_trial};
use brownout_mocks::random::Seed;
use brownout_mocks::transport::{TcpTransport, Tls};

use super::{Done, lint, output};
use crate::client::command::{Authority, TRUST};
use crate::exit::ExitStatus;
use crate::judge::Judge;
use crate::report::{self, Entry};
use crate::runner::TOOL;
use crate::scenario::Scenario;
use crate::session::profile_for;

/// Serve a scenario on a port, for a client that you start yourself.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File, or name in the library. Default: no faults
    #[arg(value_name = "SCENARIO")]
    scenario: Option<String>,
    /// Port; 0 takes a free one
    #[arg(long, default_value_t = 4566)]
    port: u16,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Speak TLS, with a certificate made on the fly
    #[arg(long)]
    tls: bool,
    /// Seed of all randomness
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write the journal; it is readable up to its last whole line at any time
    #[arg(long, value_name = "PATH")]
    journal: Option<PathBuf>,
}

/// How often the journal is written out.
const WRITE_EVERY: Duration = Duration::from_millis(200);

/// What is served if nothing is named.
const HEALTHY: &str = "brownout: 1\nname: healthy\ntitle: No faults\nservice: dynamodb\n";

pub(super) fn run(args: &Args) -> Done {
    let scenario = match &args.scenario {
        Some(name) => {
            let (mut good, bad) = lint::read(std::slice::from_ref(name))?;
            match (good.pop(), good.is_empty(), bad.is_empty()) {
                (Some(scenario), true, true) => scenario,
                (_, _, false) => return Ok(ExitStatus::Unusable),
                _ => return Err(format!("`{name}` is more than one scenario; name one")),
            }
        }
        None => Scenario::parse("healthy", HEALTHY).map_err(|d| d.one_line_each())?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| format!("could not set up: {e}"))?;
    let events = runtime.block_on(serve(args, &scenario))?;
    verdict(&scenario, args, events)
}

async fn serve(args: &Args, scenario: &Scenario) -> Result<Vec<Event>, String> {
    if !args.host.is_loopback() {
        output::people(&format!(
            "warning: {} can be reached from other machines; brownout checks no signatures\n",
            args.host
        ));
    }
    if let Some(reason) = scenario.why_not(Time::Wall) {
        return Err(reason);
    }
    let (clock, recorder) = (Clock::wall(), Recorder::new());
    let endpoint = Endpoint::new(scenario.plan(Seed { run: args.seed, trial: 0 }), clock.clone(), recorder.clone());
    let address = SocketAddr::new(args.host, args.port);
    let mut tcp = TcpTransport::bind(address).await.map_err(|e| format!("could not listen on {address}: {e}"))?;
    let mut trust = None;
    if args.tls {
        let tls = Tls::new(clock.date(), args.host).map_err(|e| e.to_string())?;
        let kept = Authority::keep(tls.authority()).map_err(|e| format!("could not keep the certificate: {e}"))?;
        trust = Some(kept);
        tcp = tcp.with_tls(tls);
    }
    tcp.ready(&endpoint);
    tcp.reset_upstream(&endpoint).await.map_err(|why| format!("{why}; is it running?"))?;
    output::people(&format!(
        "{} on {url}; end it with Ctrl-C\n\n  export AWS_ENDPOINT_URL={url}\n  \
         export AWS_ACCESS_KEY_ID=AKIABROWNOUT00000000 AWS_SECRET_ACCESS_KEY=brownout AWS_REGION=us-east-1\n{}\n",
        scenario.document.title,
        trust.as_ref().map(trusting).unwrap_or_default(),
        url = tcp.url(),
    ));
    let journal = Journal::create(args, scenario)?;
    tokio::select! {
        () = tcp.serve(endpoint) => {}
        written = journal.keep(&clock, &recorder) => written?,
        _ = tokio::signal::ctrl_c() => {}
        () = recorder.filled() => output::people("the journal is full; serving ends here\n"),
        () = terminated() => {}
    }
    let events = recorder.take();
    Ok(events)
}

/// How a shell's programs are told to trust the certificate.
fn trusting(authority: &Authority) -> String {
    let path = authority.path().display();
    format!("  export {}\n", TRUST.iter().map(|name| format!("{name}={path}")).collect::<Vec<_>>().join(" "))
}

/// Ends when the process is asked to end, so that its journal is whole.
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

fn header(scenario: &Scenario, seed: u64) -> Header {
    let profile = profile_for(scenario, None).map_or_else(|_| crate::guidance::DEFAULT.to_owned(), |p| p.name);
    Header {
        journal: 1,
        run: 0,
        segment: Segment::Run,
        trial: 0,
        scenario_name: scenario.document.name.clone(),
        scenario_text: scenario.text.clone(),
        seed,
        client: "served".to_owned(),
        client_version: String::new(),
        client_note: None,
        profile,
        profile_text: None,
        time: Time::Wall,
        time_note: None,
        epoch: None,
        tool: TOOL.to_owned(),
        honours: Vec::new(),
        owns_demand: true,
        repeat: None,
        estimated: false,
    }
}

/// The journal file while the endpoint is served.
struct Journal {
    file: Option<std::io::BufWriter<std::fs::File>>,
    path: PathBuf,
}

impl Journal {
    fn create(args: &Args, scenario: &Scenario) -> Result<Self, String> {
        let path = args.journal.clone().unwrap_or_default();
        let mut file = None;
        if args.journal.is_some() {
            let failed = |e: std::io::Error| format!("could not write `{}`: {e}", path.display());
            let mut created = output::create(&path).map_err(failed)?;
            write_trial(&mut created, &header(scenario, args.seed), &[]).map_err(failed)?;
            file = Some(created);
        }
        Ok(Self { file, path })
    }

    /// Writes out what is new, again and again. Never returns without a journal.
    async fn keep(mut self, clock: &Clock, recorder: &Recorder) -> Result<(), String> {
        let Some(file) = &mut self.file else { return std::future::pending().await };
        let mut written = 0;
        loop {
            clock.sleep(WRITE_EVERY).await;
            let new = recorder.view(written, |events| write_events(file, events).map(|()| events.len()));
            let flushed = new.and_then(|n| std::io::Write::flush(file).map(|()| n));
            written += flushed.map_err(|e| format!("could not write `{}`: {e}", self.path.display()))?;
        }
    }
}

/// What can be said of what was seen. Without a control the slack is wide; rules that need less stay open.
fn verdict(scenario: &Scenario, args: &Args, events: Vec<Event>) -> Done {
    let trial = Trial { header: header(scenario, args.seed), events };
    if let Some(path) = &args.journal {
        let mut file = output::create(path).map_err(|e| format!("could not write `{}`: {e}", path.display()))?;
        let written = write_trial(&mut file, &trial.header, &trial.events);
        written
            .and_then(|()| std::io::Write::flush(&mut file))
            .map_err(|e| format!("could not write `{}`: {e}", path.display()))?;
    }
    if trial.events.is_empty() {
        return Err("no request arrived".to_owned());
    }
    let profile = profile_for(scenario, None).map_err(|e| e.to_string())?;
    let mut judge = Judge::new(&scenario.document, &profile, &trial.header);
    judge.push(&trial);
    let repeat = format!("brownout serve {} --seed {:#x}", scenario.origin, args.seed);
    let entry = Entry::new(scenario, judge.last_report(), repeat);
    output::people(&report::run_text(&entry, true));
    let report = report::Report { runs: vec![entry], ..report::Report::default() };
    output::people(&format!("{}\n", report::summary(&report)));
    Ok(report.exit())
}
