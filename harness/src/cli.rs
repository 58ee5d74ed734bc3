//! The command line: arguments, dispatch, exit code. Only this folder prints.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::exit::ExitStatus;

mod explain;
mod fit;
mod judge;
mod lint;
mod list;
mod output;
mod profile;
mod run;
mod schema;
mod serve;

/// Plays a scripted AWS brownout against a real client and judges its retries.
#[derive(Debug, Parser)]
#[command(name = "brownout", bin_name = "brownout", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play scenarios with a client and judge it
    Run(run::Args),
    /// Serve a scenario on a port, for a client that you start yourself
    Serve(serve::Args),
    /// Judge stored journals again, without the client
    Judge(judge::Args),
    /// Say what retry policy stored journals show
    Fit(fit::Args),
    /// Check scenario files and report every mistake
    Lint(lint::Args),
    /// List what there is
    List(list::Args),
    /// Explain a rule, fault, profile, service, error code or scenario
    Explain(explain::Args),
    /// Print the JSON Schema of scenario files, or of profile files
    Schema(schema::Args),
}

/// Runs the command line and returns its exit code.
pub fn main() -> ExitCode {
    let status = match Cli::try_parse() {
        Ok(cli) => dispatch(cli.command),
        Err(error) => {
            let help = !error.use_stderr();
            let _ = error.print();
            if help { ExitStatus::Pass } else { ExitStatus::Unusable }
        }
    };
    let _ = std::io::stdout().flush();
    ExitCode::from(status.code())
}

fn dispatch(command: Command) -> ExitStatus {
    let result = match command {
        Command::Run(args) => run::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Judge(args) => judge::run(&args),
        Command::Fit(args) => fit::run(&args),
        Command::Lint(args) => lint::run(&args),
        Command::List(args) => list::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Schema(args) => schema::run(&args),
    };
    result.unwrap_or_else(|message| {
        output::error(&message);
        ExitStatus::Unusable
    })
}

/// What a command returns: its exit status, or a sentence that says why it could not do its work.
type Done = Result<ExitStatus, String>;
