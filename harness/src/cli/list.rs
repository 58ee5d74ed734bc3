//! `brownout list`

use std::fmt::Write as _;

use brownout_mocks::fault::FAULTS;
use brownout_mocks::service::SERVICES;

use super::{Done, output};
use crate::client::{CLIENTS, Role};
use crate::exit::ExitStatus;
use crate::scenario::{Scenario, library};
use crate::{guidance, rule};

/// List what there is.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to list
    #[arg(value_enum)]
    what: What,
    /// Only of this service (scenarios and errors)
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    Scenarios,
    Rules,
    Faults,
    Profiles,
    Clients,
    Services,
    Errors,
}

pub(super) fn run(args: &Args) -> Done {
    let wanted = |service: &str| args.service.as_deref().is_none_or(|s| s == service);
    if let Some(service) = &args.service
        && brownout_mocks::service::find(service).is_none()
    {
        return Err(format!("there is no service `{service}`; `brownout list services` shows them"));
    }
    let mut rows: Vec<[String; 3]> = Vec::new();
    match args.what {
        What::Scenarios => {
            for shipped in library::all() {
                if let Ok(scenario) = Scenario::parse(shipped.name, shipped.text)
                    && wanted(&scenario.document.service)
                {
                    rows.push([shipped.name.to_owned(), shipped.family.to_owned(), scenario.document.title]);
                }
            }
        }
        What::Rules => rows.extend(rule::RULES.iter().map(|r| [r.id.to_owned(), r.code.to_owned(), r.title()])),
        What::Faults => {
            rows.extend(FAULTS.iter().map(|f| [f.name.to_owned(), String::new(), first_line(f.source)]));
        }
        What::Profiles => {
            rows.extend(guidance::profiles().iter().map(|p| [p.name.clone(), String::new(), p.title.clone()]));
        }
        What::Clients => rows.extend(CLIENTS.iter().map(|c| {
            let role = match c.role {
                Role::Real => "real".to_owned(),
                Role::Reference => "reference".to_owned(),
                Role::Mutant(rule) => format!("breaks {rule}"),
            };
            [c.id.to_owned(), role, c.title.to_owned()]
        })),
        What::Services => rows.extend(SERVICES.iter().map(|s| {
            let protocol = s.protocols().first().map_or("", |p| p.name());
            [s.id().to_owned(), protocol.to_owned(), s.title().to_owned()]
        })),
        What::Errors => {
            for service in SERVICES.iter().filter(|s| wanted(s.id())) {
                for row in service.errors() {
                    let class = serde_json::to_value(row.class).unwrap_or_default();
                    let mut told = class.as_str().unwrap_or_default().to_owned();
                    if row.attempts.iter().any(|n| *n > 0) {
                        // botocore standard, botocore legacy, JS; what was not measured is a dash.
                        let attempts = row.attempts.map(|n| if n > 0 { n.to_string() } else { "–".to_owned() });
                        told = format!("{told:<10}  {}", attempts.join(" / "));
                    }
                    rows.push([row.code.to_owned(), format!("{} {}", service.id(), row.status), told]);
                }
            }
        }
    }
    output::programs(&table(&rows));
    Ok(ExitStatus::Pass)
}

/// The first line of a file's `//!` block.
fn first_line(source: &str) -> String {
    crate::docs::block(source).lines().next().unwrap_or_default().to_owned()
}

fn table(rows: &[[String; 3]]) -> String {
    let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or_default();
    let (first, second) = (width(0), width(1));
    let mut out = String::new();
    for [a, b, c] in rows {
        let line = if second == 0 { format!("{a:first$}  {c}") } else { format!("{a:first$}  {b:second$}  {c}") };
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}
