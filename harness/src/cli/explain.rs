//! `brownout explain`

use brownout_mocks::fault::FAULTS;
use brownout_mocks::service::SERVICES;

use super::{Done, output};
use crate::client::CLIENTS;
use crate::client::drivers::DRIVERS;
use crate::exit::ExitStatus;
use crate::scenario::{did_you_mean, library};
use crate::{docs, guidance, rule};

/// Explain a rule, fault, profile, service, client, error code or scenario.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Its name
    name: String,
}

pub(super) fn run(args: &Args) -> Done {
    let name = args.name.as_str();
    let parts: Vec<String> =
        [a_rule(name), fault(name), profile(name), client(name), service(name), docs::error(name), scenario(name)]
            .into_iter()
            .flatten()
            .collect();
    if parts.is_empty() {
        let hint = did_you_mean(name, known()).map_or_else(String::new, |n| format!(" Did you mean `{n}`?"));
        return Err(format!(
            "nothing here is called `{name}`.{hint} `brownout list rules` and its like show what there is"
        ));
    }
    output::programs(&parts.join("\n"));
    Ok(ExitStatus::Pass)
}

fn known() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = rule::RULES.iter().map(|r| r.id).collect();
    names.extend(FAULTS.iter().map(|f| f.name));
    names.extend(guidance::PROFILES.iter().map(|(n, _)| *n));
    names.extend(CLIENTS.iter().map(|c| c.id));
    names.extend(DRIVERS.iter().map(|d| d.id));
    names.extend(SERVICES.iter().flat_map(|s| s.errors().iter().map(|e| e.code).chain([s.id()])));
    names.extend(SERVICES.iter().flat_map(|s| s.no_errors()).map(|(name, _)| *name));
    names.extend(library::all().iter().map(|s| s.name));
    names
}

fn a_rule(name: &str) -> Option<String> {
    rule::find(name).map(docs::rule)
}

fn fault(name: &str) -> Option<String> {
    FAULTS.iter().find(|f| f.name == name).map(docs::fault)
}

fn profile(name: &str) -> Option<String> {
    guidance::find(name).map(docs::profile)
}

fn client(name: &str) -> Option<String> {
    if let Some(driver) = crate::client::drivers::find(name) {
        let keys: Vec<String> = driver.keys.iter().map(|k| format!("- `{}`: {}", k.name, k.words())).collect();
        let keys = keys.join("\n");
        return Some(format!("# client {name}\n\n{}\n\nSettings (`--client-config`):\n\n{keys}\n", driver.title));
    }
    let client = crate::client::find(name)?;
    Some(format!("# client {name}\n\n{}; version {}\n", client.title, (client.version)()))
}

fn service(name: &str) -> Option<String> {
    let service = brownout_mocks::service::find(name)?;
    let protocols: Vec<&str> = service.protocols().iter().map(|p| p.name()).collect();
    let operations: Vec<&str> = service.operations().iter().map(|o| o.name).collect();
    let operations = if operations.is_empty() { "every method and path".to_owned() } else { operations.join(", ") };
    Some(format!(
        "# service {name}\n\n{}, {}\n\nOperations: {operations}\n\nIts errors: `brownout list errors --service {name}`\n",
        service.title(),
        protocols.join(", "),
    ))
}

fn scenario(name: &str) -> Option<String> {
    library::find(name).map(|s| format!("# scenario {} ({})\n\n{}", s.name, s.family, s.text))
}
