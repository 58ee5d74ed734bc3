//! `brownout schema`

use super::{Done, output};
use crate::exit::ExitStatus;

/// Print the JSON Schema of scenario files, of profile files, or of a driver's lines.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Whose
    #[arg(value_enum, default_value = "scenario")]
    of: Of,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Of {
    /// Scenario files
    Scenario,
    /// Profile files (`--profile ./ours.yaml`)
    Profile,
    /// Lines that a driver writes (`--driver`)
    Driver,
}

pub(super) fn run(args: &Args) -> Done {
    let schema = match args.of {
        Of::Scenario => crate::scenario::schema(),
        Of::Profile => crate::guidance::own_schema(),
        Of::Driver => crate::client::driver::schema(),
    };
    let text = serde_json::to_string_pretty(schema).map_err(|e| e.to_string())?;
    output::programs(&format!("{text}\n"));
    Ok(ExitStatus::Pass)
}
