//! `brownout lint`

use super::{Done, output};
use crate::exit::ExitStatus;
use crate::load;
use crate::scenario::{Diagnostics, Scenario};

/// Check scenario files and report every mistake.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files, folders, or names in the library
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
}

pub(super) fn run(args: &Args) -> Done {
    let (good, bad) = read(&args.paths)?;
    if !bad.is_empty() {
        return Ok(ExitStatus::Unusable);
    }
    let noun = if good.len() == 1 { "scenario" } else { "scenarios" };
    output::people(&format!("{} {noun}, no mistakes\n", good.len()));
    Ok(ExitStatus::Pass)
}

/// Reads and parses what the arguments stand for; prints the mistakes of those that have any.
pub(super) fn read(arguments: &[String]) -> Result<(Vec<Scenario>, Vec<Diagnostics>), String> {
    let mut loaded = Vec::new();
    for argument in arguments {
        loaded.extend(load::load(argument).map_err(|e| e.to_string())?);
    }
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for text in loaded {
        match Scenario::parse(&text.origin, &text.text) {
            Ok(scenario) => good.push(scenario),
            Err(diagnostics) => {
                output::people(&diagnostics.render(output::coloured()));
                bad.push(diagnostics);
            }
        }
    }
    Ok((good, bad))
}
