//! `brownout judge`

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;

use brownout_mocks::journal::{self, Header, Segment, Trial};

use super::profile::Asked;
use super::{Done, output};
use crate::guidance::{self, OwnProfile, Profile};
use crate::judge::Judge;
use crate::report::{self, Entry, Report};
use crate::scenario::Scenario;
use crate::session::profile_for;

/// Judge stored journals again, without the client.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Journals that `run --journal` or `serve --journal` wrote
    #[arg(required = true, value_name = "JOURNAL")]
    journals: Vec<String>,
    /// Guidance to judge by: a name, `auto`, or a file (`./ours.yaml`). Default: the one that the journal was played
    /// under
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// Rule whose failure is told and does not fail the run; may be given several times
    #[arg(long, value_name = "RULE")]
    allow: Vec<String>,
    /// Fail if the score lies below
    #[arg(long, value_name = "SCORE", value_parser = output::bar)]
    fail_under: Option<f64>,
    /// Show every rule with its verdict
    #[arg(long, short)]
    verbose: bool,
    /// Write a report, for instance `json=report.json` or `junit=-`; may be given several times
    #[arg(long, value_name = "FORMAT=PATH", value_parser = output::target)]
    report: Vec<output::Target>,
}

pub(super) fn run(args: &Args) -> Done {
    let mut report = Report { fail_under: args.fail_under, ..Report::default() };
    for path in &args.journals {
        let file = File::open(path).map_err(|e| format!("could not read `{path}`: {e}"))?;
        let trials = journal::read(&mut BufReader::new(file)).map_err(|e| format!("{path}: {e}"))?;
        for trials in by_run(trials).map_err(|e| format!("{path}: {e}"))? {
            let entry = judge(&trials, args).map_err(|e| format!("{path}: {e}"))?;
            output::people(&report::run_text(&entry, args.verbose));
            report.runs.push(entry);
        }
    }
    Ok(output::finish(&report, &args.report))
}

/// The trials of each run, in order of the runs. Trials that are no part of one run are not judged as if they were.
pub(super) fn by_run(trials: Vec<Trial>) -> Result<Vec<Vec<Trial>>, String> {
    let mut runs: BTreeMap<u32, Vec<Trial>> = BTreeMap::new();
    for trial in trials {
        let (own, run) = (&trial.header, runs.entry(trial.header.run).or_default());
        let of = |h: &Header| (h.scenario_name.clone(), h.client.clone(), h.profile.clone(), h.seed);
        if let Some(first) = run.iter().map(|t| &t.header).find(|h| h.segment == own.segment)
            && (of(first) != of(own) || first.scenario_text != own.scenario_text)
        {
            return Err(format!(
                "run {} is `{}` with `{}` and seed {:#x} in one place, and `{}` with `{}` and seed {:#x} in another; give \
                 journals of different runs as files of their own",
                own.run, first.scenario_name, first.client, first.seed, own.scenario_name, own.client, own.seed
            ));
        }
        if run.iter().any(|t| t.header.segment == own.segment && t.header.trial == own.trial) {
            return Err(format!("trial {} of run {} is in it twice, and counts once only", own.trial, own.run));
        }
        run.push(trial);
    }
    Ok(runs.into_values().collect())
}

fn judge(trials: &[Trial], args: &Args) -> Result<Entry, String> {
    let first = trials.iter().find(|t| t.header.segment == Segment::Run).or_else(|| trials.first());
    let header = &first.ok_or("a run without a trial")?.header;
    let scenario = Scenario::parse(&header.scenario_name, &header.scenario_text)
        .map_err(|d| format!("the scenario in the journal cannot be read by this version:\n{}", d.one_line_each()))?;
    let profile = profile(&scenario, header, args)?;
    let profile = guidance::auto::settle(profile, trials);
    let mut judge = Judge::new(&scenario.document, &profile, header);
    judge.allow(&args.allow);
    for trial in trials {
        judge.push(trial);
    }
    let repeat = header.repeat.clone().unwrap_or_else(|| {
        let who =
            if header.client == "command" { "-- COMMAND".to_owned() } else { format!("--client {}", header.client) };
        format!("brownout run {} --seed {:#x} {who}", header.scenario_name, header.seed)
    });
    Ok(Entry::new(&scenario, judge.last_report(), repeat))
}

/// The profile of the command line, else the one in the journal, else the scenario's.
fn profile(scenario: &Scenario, header: &Header, args: &Args) -> Result<Profile, String> {
    if let Some(asked) = &args.profile {
        return Asked::of(asked)?.profile();
    }
    if let Some(text) = &header.profile_text {
        let own = OwnProfile::parse(&header.profile, text);
        return own
            .map(|own| own.profile)
            .map_err(|d| format!("the profile in the journal cannot be read by this version:\n{}", d.one_line_each()));
    }
    let own = profile_for(scenario, None).map_err(|e| e.to_string())?;
    let named = (own.name != header.profile).then_some(header.profile.as_str());
    profile_for(scenario, named).map_err(|e| e.to_string())
}
