//! `brownout list`

use std::fmt::Write as _;

use brownout_mocks::fault::FAULTS;
use brownout_mocks::service::{SERVICES, Service};
use serde_json::{Value, json};

use super::{Done, output};
use crate::client::drivers::DRIVERS;
use crate::client::{CLIENTS, Role};
use crate::exit::ExitStatus;
use crate::scenario::{Scenario, did_you_mean, library};
use crate::{docs, guidance, rule};

/// List what there is.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to list
    #[arg(value_enum)]
    what: What,
    /// Only of this service (scenarios and errors)
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
    /// As JSON; errors with all that is known of each
    #[arg(long)]
    json: bool,
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
        let meant = did_you_mean(service, SERVICES.iter().map(|s| s.id()));
        let hint = meant.map_or_else(String::new, |id| format!(" Did you mean `{id}`?"));
        return Err(format!("there is no service `{service}`.{hint} `brownout list services` shows them"));
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
        What::Clients => {
            rows.extend(DRIVERS.iter().map(|d| {
                let needs = (d.needs)();
                let found = if on_path(&needs) { "found" } else { "not found" };
                [d.id.to_owned(), format!("real, {needs} {found}"), d.title.to_owned()]
            }));
            rows.extend(CLIENTS.iter().map(|c| {
                let role = match c.role {
                    Role::Real => "real".to_owned(),
                    Role::Reference => "reference".to_owned(),
                    Role::Mutant(rule) => format!("breaks {rule}"),
                };
                [c.id.to_owned(), role, c.title.to_owned()]
            }));
        }
        What::Services => rows.extend(SERVICES.iter().map(|s| {
            let protocol = s.protocols().first().map_or("", |p| p.name());
            [s.id().to_owned(), protocol.to_owned(), s.title().to_owned()]
        })),
        What::Errors => {
            for service in SERVICES.iter().filter(|s| wanted(s.id())) {
                for row in service.errors() {
                    let class = docs::class(row);
                    let told = docs::attempts(row).map_or(class.clone(), |attempts| format!("{class:<10}  {attempts}"));
                    rows.push([row.code.to_owned(), format!("{} {}", service.id(), row.status), told]);
                }
            }
        }
    }
    let text = match (args.json, args.what) {
        (false, _) => table(&rows),
        (true, What::Errors) => json(SERVICES.iter().filter(|s| wanted(s.id())).flat_map(|s| errors(*s))),
        (true, _) => {
            json(rows.iter().map(|[name, detail, title]| json!({"name": name, "detail": detail, "title": title})))
        }
    };
    output::programs(&text);
    Ok(ExitStatus::Pass)
}

/// Whether there is such a program. Whether it has the SDK, too, only starting it would tell.
fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::path::Path::new(program).components().count() > 1 && std::path::Path::new(program).is_file()
        || std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// A list with an entry a line, so that it can be read and searched by line, too.
fn json(entries: impl Iterator<Item = Value>) -> String {
    let lines: Vec<String> = entries.map(|entry| entry.to_string()).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

/// A service's errors. `on_the_wire` has the code of each protocol; attempts that were not measured are 0.
fn errors(service: &'static dyn Service) -> impl Iterator<Item = Value> {
    service.errors().iter().map(move |row| {
        let codes = service.protocols().iter().map(|p| (p.name().to_owned(), service.wire_code(row.code, *p).into()));
        json!({
            "service": service.id(),
            "code": row.code,
            "status": row.status,
            "class": row.is_api_error().then_some(row.class),
            "attempts": row.attempts,
            "message": row.message,
            "source": row.source,
            "on_the_wire": Value::Object(codes.collect()),
        })
    })
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
