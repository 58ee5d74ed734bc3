//! `brownout fit`

use std::fs::File;
use std::io::BufReader;

use brownout_mocks::journal::{self, Header, Segment, Trial};
use serde_json::{Value, json};

use super::judge::by_run;
use super::{Done, output};
use crate::evidence::Evidence;
use crate::exit::ExitStatus;
use crate::fit::Fit;
use crate::guidance;
use crate::report;

/// Say what retry policy stored journals show: ladder, jitter, attempts, quota, breaker, and which published profiles
/// agree with it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Journals that `run --journal` or `serve --journal` wrote
    #[arg(required = true, value_name = "JOURNAL")]
    journals: Vec<String>,
    /// Write what was found for programs: `json=PATH`, or `json=-` for the standard output
    #[arg(long, value_name = "json=PATH", value_parser = target)]
    report: Vec<String>,
}

fn target(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some(("json", path)) if !path.is_empty() => Ok(path.to_owned()),
        Some(("json", _)) => Err("the path is missing; `-` is the standard output".to_owned()),
        _ => Err("a fit is written as JSON alone: `json=PATH`, or `json=-`".to_owned()),
    }
}

pub(super) fn run(args: &Args) -> Done {
    let (mut runs, mut fitted) = (Vec::new(), 0);
    for path in &args.journals {
        let file = File::open(path).map_err(|e| format!("could not read `{path}`: {e}"))?;
        let trials = journal::read(&mut BufReader::new(file)).map_err(|e| format!("{path}: {e}"))?;
        for trials in by_run(trials).map_err(|e| format!("{path}: {e}"))? {
            let Some((header, evidence)) = evidence(&trials) else { continue };
            let fit = Fit::of(&evidence);
            fitted += usize::from(fit.nearest.is_some());
            let trials = evidence.trials.len();
            let title = format!("{:<26} {} · {trials} {}", header.scenario_name, header.client, count(trials));
            output::people(&report::fit_text(&title, &fit));
            runs.push(value(header, &evidence, &fit)?);
        }
    }
    let whole = json!({ "version": 1, "tool": crate::runner::TOOL, "runs": runs });
    let text = serde_json::to_string_pretty(&whole).map_err(|e| format!("could not write the fit: {e}"))? + "\n";
    for path in &args.report {
        if path == "-" {
            output::programs(&text);
        } else {
            let failed = |e: std::io::Error| format!("could not write the fit to `{path}`: {e}");
            let mut file = output::create(std::path::Path::new(path)).map_err(failed)?;
            std::io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)?;
            std::io::Write::flush(&mut file).map_err(failed)?;
        }
    }
    // A run without a retry shows no policy.
    Ok(if fitted > 0 { ExitStatus::Pass } else { ExitStatus::Unusable })
}

fn count(trials: usize) -> &'static str {
    if trials == 1 { "trial" } else { "trials" }
}

/// What the trials of a run show; `None` without a trial of the client under test.
fn evidence(trials: &[Trial]) -> Option<(&Header, Evidence)> {
    let header = &trials.iter().find(|t| t.header.segment == Segment::Run)?.header;
    // The profile says no more here than how long a client may be waiting still.
    let profile = guidance::find(&header.profile).or_else(|| guidance::find(guidance::DEFAULT))?;
    let mut evidence = Evidence::new(profile.clone(), header);
    for trial in trials {
        match trial.header.segment {
            Segment::Control => {
                let control = evidence.build(trial);
                evidence.use_control(&control);
            }
            Segment::Run => evidence.push(trial),
            Segment::Reference => {}
        }
    }
    Some((header, evidence))
}

fn value(header: &Header, evidence: &Evidence, fit: &Fit) -> Result<Value, String> {
    let fit = serde_json::to_value(fit).map_err(|e| format!("could not write the fit: {e}"))?;
    Ok(json!({
        "scenario": header.scenario_name,
        "client": header.client,
        "client_version": header.client_version,
        "time": header.time,
        "seed": header.seed,
        "trials": evidence.trials.len(),
        "slack": evidence.slack,
        "fit": fit,
    }))
}
