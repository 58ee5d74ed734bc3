//! House rules that no compiler knows: every file on its list, every file small, the layers kept apart.
//!
//! A failure says which line to write where.

use std::fs;
use std::path::Path;

use brownout::client::drivers::DRIVERS;
use brownout::client::{CLIENTS, Role};
use brownout::guidance::PROFILES;
use brownout::report::FORMATS;
use brownout::rule::RULES;
use brownout::scenario::{Scenario, known_profiles, known_rules, library};
use brownout_mocks::fault::FAULTS;
use brownout_mocks::service::SERVICES;

use crate::tree::{files, relative, root};

/// A Rust file of ours: its path in the repository and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// Its code alone: no comments, and nothing below `#[cfg(test)]`.
    fn code(&self) -> String {
        let text = self.text.split("#[cfg(test)]").next().unwrap_or_default();
        text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    }

    fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    fn stem(&self) -> &str {
        Path::new(&self.path).file_stem().and_then(|s| s.to_str()).unwrap_or_default()
    }
}

fn sources() -> Vec<Source> {
    let paths = ["benches", "harness", "mocks", "tests"].iter().flat_map(|crate_| files(crate_, "rs"));
    let read = |path: std::path::PathBuf| Source { text: fs::read_to_string(&path).unwrap(), path: relative(&path) };
    paths.map(read).collect()
}

/// Fails with all complaints at once.
#[track_caller]
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// The file that has to name a module: `x.rs` for `x/member.rs`, else the root of the crate.
fn parent_of(path: &str) -> Option<String> {
    let path = Path::new(path);
    let roots = ["lib.rs", "main.rs", "build.rs"];
    if roots.iter().any(|r| path.file_name().is_some_and(|n| n == *r)) {
        return None;
    }
    let folder = path.parent()?;
    let beside = folder.with_extension("rs");
    if root().join(&beside).is_file() {
        return Some(beside.display().to_string());
    }
    let tops = ["lib.rs", "main.rs"].map(|top| folder.join(top));
    tops.iter().find(|top| root().join(top).is_file()).map(|top| top.display().to_string())
}

#[test]
fn every_file_is_a_module_of_its_crate() {
    let mut complaints = Vec::new();
    for source in sources() {
        // A bench and a test binary are named in `Cargo.toml`.
        let Some(parent) = parent_of(&source.path) else { continue };
        let text = fs::read_to_string(root().join(&parent)).unwrap();
        let stem = source.stem();
        let named = text.lines().map(str::trim).any(|line| {
            let line = line.strip_prefix("pub(crate) ").or_else(|| line.strip_prefix("pub ")).unwrap_or(line);
            line == format!("mod {stem};") || line.starts_with(&format!("{stem}::"))
        });
        if !named {
            complaints.push(format!("{} is compiled by nobody; add `mod {stem};` to {parent}", source.path));
        }
    }
    none(&complaints);
}

/// A file that keeps a contract stands on the list of its members.
#[test]
fn every_member_is_on_its_list() {
    let faults: Vec<&str> = FAULTS.iter().map(|f| f.name).collect();
    let formats: Vec<&str> = FORMATS.iter().map(|f| f.name).collect();
    let rules: Vec<&str> = RULES.iter().map(|r| r.id).collect();
    let services: Vec<String> = SERVICES.iter().map(|s| s.id().replace('-', "_")).collect();
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    let drivers: Vec<String> = DRIVERS.iter().map(|d| d.id.replace('-', "_")).collect();
    let drivers: Vec<&str> = drivers.iter().map(String::as_str).collect();
    let lists: &[(&str, &str, &[&str], &str)] = &[
        (
            "harness/src/report/",
            "fn render(",
            &formats,
            "`Format { name: \"NAME\", … }` to FORMATS in harness/src/report.rs",
        ),
        (
            "harness/src/client/drivers/",
            "static ENTRY: DriverEntry",
            &drivers,
            "`&NAME::ENTRY,` to DRIVERS in harness/src/client/drivers.rs",
        ),
        ("harness/src/rule/", "impl Rule for", &rules, "`NAME::Type = \"R…\",` to rules! in harness/src/rule.rs"),
        ("mocks/src/fault/", "impl Inject for", &faults, "`NAME::Type,` to faults! in mocks/src/fault.rs"),
        ("mocks/src/service/", "impl Service for", &services, "`&NAME::Type,` to SERVICES in mocks/src/service.rs"),
    ];
    let mut complaints = Vec::new();
    for source in sources().iter().filter(|s| !s.is_test()) {
        for (folder, contract, list, line) in lists {
            let member = source.path.strip_prefix(folder).is_some_and(|rest| !rest.contains('/'));
            if member && source.code().contains(contract) && !list.contains(&source.stem()) {
                let line = line.replace("NAME", source.stem());
                complaints.push(format!("{} is not registered; add {line}", source.path));
            }
        }
    }
    let protocols = fs::read_to_string(root().join("mocks/src/protocol.rs")).unwrap();
    for source in sources().iter().filter(|s| s.path.starts_with("mocks/src/protocol/")) {
        if !protocols.contains(&format!("{}::", source.stem())) {
            complaints.push(format!("{} is used by no protocol of mocks/src/protocol.rs", source.path));
        }
    }
    for path in files("harness/guidance", "yaml") {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if !PROFILES.iter().any(|(known, _)| *known == name) {
            complaints.push(format!(
                "{} is not registered; add `(\"{name}\", include_str!(\"../guidance/{name}.yaml\")),` to PROFILES in \
                 harness/src/guidance.rs",
                relative(&path)
            ));
        }
    }
    none(&complaints);
}

#[test]
fn the_parser_knows_every_rule_and_profile() {
    let rules: Vec<&str> = RULES.iter().map(|r| r.id).collect();
    let profiles: Vec<&str> = PROFILES.iter().map(|(name, _)| *name).collect();
    assert_eq!(known_rules(), rules, "the list in harness/src/scenario/names.rs");
    assert_eq!(known_profiles(), profiles, "the list in harness/src/scenario/names.rs");
}

/// Longer files, each with the reason why it is not split.
const LONG: &[(&str, &str)] = &[];

#[test]
fn no_file_is_long() {
    let mut complaints = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        let allowed = LONG.iter().any(|(path, _)| *path == source.path);
        if lines > 600 || lines > 400 && !allowed {
            complaints.push(format!("{} has {lines} lines; split it at its next seam", source.path));
        }
        if lines <= 400 && allowed {
            complaints.push(format!("{} is short again; take it off LONG in tests/it/tidy.rs", source.path));
        }
    }
    none(&complaints);
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = sources().into_iter().filter(|s| !s.text.starts_with("//! "));
    let complaints: Vec<String> = silent.map(|s| format!("{} begins without `//! …`", s.path)).collect();
    none(&complaints);
}

/// What may stand nowhere, with the way out. In two parts each, so that this file may stand.
const BANNED: &[(&str, &str, &str)] = &[
    ("Instant::", "now", "ask the run's `Clock`, or a `Stopwatch`; only mocks/src/clock.rs reads real time"),
    ("SystemTime::", "now", "ask the run's `Clock`; only mocks/src/clock.rs reads real time"),
    ("thread::", "sleep", "`Clock::sleep`; a blocked thread holds virtual time"),
    ("thread_", "rng", "draw from the seed: `mocks/src/random.rs`"),
    ("rand::", "random", "draw from the seed: `mocks/src/random.rs`"),
    ("todo", "!(", "finish it, or say in an error that it is not there yet"),
    ("unimplemen", "ted!(", "finish it, or say in an error that it is not there yet"),
    ("FIX", "ME", "mend it, or write an issue"),
    ("TO", "DO", "do it, or write an issue"),
    ("un", "safe ", "there is a safe way; the lint forbids it as well"),
];

/// The one clock, and a program under test that asks the machine for the time as programs do.
const MAY_ALL: &[&str] = &["mocks/src/clock.rs", "tests/src/waits/main.rs"];

/// The one room of what the compiler cannot check.
const SHIM: &str = "harness/shim/";

#[test]
fn nothing_is_banned_or_unfinished() {
    let mut complaints = Vec::new();
    for source in sources().iter().filter(|s| !MAY_ALL.contains(&s.path.as_str())) {
        let shim = source.path.starts_with(SHIM);
        for (number, line) in source.text.lines().enumerate() {
            for (a, b, instead) in BANNED {
                if line.contains(&[*a, *b].concat()) && !(shim && *a == "un") {
                    complaints.push(format!("{}:{}: `{a}{b}`: {instead}", source.path, number + 1));
                }
            }
        }
    }
    none(&complaints);
}

/// The pure steps: from text to plan, and from journal to bytes.
const PURE: &[&str] = &["docs", "evidence", "exit", "fit", "guidance", "judge", "report", "rule", "scenario", "stats"];

#[test]
fn the_pure_steps_are_pure() {
    let mut complaints = Vec::new();
    for source in sources().iter().filter(|s| !s.is_test()) {
        let Some(module) = source.path.strip_prefix("harness/src/") else { continue };
        let module = module.split(['/', '.']).next().unwrap_or_default();
        if !PURE.contains(&module) {
            continue;
        }
        let code = source.code();
        for effect in ["async ", ".await", "tokio::", "std::fs", "std::net", "std::env", "std::process", "fastrand"] {
            if code.contains(effect) {
                complaints.push(format!("{} has `{effect}`; {module} has no effects (ARCHITECTURE.md)", source.path));
            }
        }
    }
    none(&complaints);
}

/// The lines of a manifest below a heading.
fn dependencies(manifest: &str, heading: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(manifest)).unwrap();
    let below = text.lines().skip_while(|l| l.trim() != heading).skip(1).take_while(|l| !l.starts_with('['));
    below.map(str::to_owned).filter(|l| !l.trim().is_empty() && !l.starts_with('#')).collect()
}

#[test]
fn crates_depend_downwards() {
    let ours = |manifest: &str| -> Vec<String> {
        let lines = dependencies(manifest, "[dependencies]");
        lines.into_iter().filter(|l| l.starts_with("brownout") || l.contains("path")).collect()
    };
    assert!(ours("mocks/Cargo.toml").is_empty(), "mocks stands on nothing of ours");
    let below = ["brownout-mocks.workspace = true", "brownout-shim.workspace = true"];
    assert_eq!(ours("harness/Cargo.toml"), below, "harness stands on mocks and the shim alone");
    assert!(ours("harness/shim/Cargo.toml").is_empty(), "the shim stands on nothing of ours");
    let paths = dependencies("Cargo.toml", "[workspace.dependencies]").into_iter().filter(|l| l.contains("path ="));
    assert_eq!(paths.count(), 3, "only harness, shim and mocks can be depended on");
    let sdk = dependencies("harness/Cargo.toml", "[dependencies]").into_iter().filter(|l| l.starts_with("aws-sdk-"));
    let heavy: Vec<String> = sdk.filter(|l| !l.contains("optional = true")).collect();
    assert!(heavy.is_empty(), "the default build holds no service crate: {heavy:?}");
}

#[test]
fn every_rule_is_documented_and_broken_by_a_mutant() {
    /// Rules that no client of ours can break.
    const WITHOUT: &[(&str, &str)] = &[("escaped_endpoint", "only a command has a way out of the mock")];
    let broken: Vec<&str> =
        CLIENTS.iter().filter_map(|c| if let Role::Mutant(r) = c.role { Some(r) } else { None }).collect();
    let mut complaints = Vec::new();
    for rule in RULES {
        let text = rule.documentation();
        for heading in ["## Why it matters", "## Source", "## Error probability"] {
            if !text.contains(heading) {
                complaints.push(format!("harness/src/rule/{}.rs lacks the heading `{heading}`", rule.id));
            }
        }
        let excepted = WITHOUT.iter().any(|(id, _)| *id == rule.id);
        if broken.contains(&rule.id) == excepted {
            let id = rule.id;
            complaints
                .push(format!("{id} has no mutant; add one to harness/src/client/registry.rs, or a reason to WITHOUT"));
        }
    }
    for rule in broken {
        if !RULES.iter().any(|r| r.id == rule) {
            complaints.push(format!("a mutant breaks `{rule}`, which is no rule"));
        }
    }
    none(&complaints);
}

#[test]
fn every_fault_is_documented_and_played() {
    let scenarios = library::all().iter().map(|s| Scenario::parse(s.name, s.text).unwrap());
    let played: Vec<String> = scenarios
        .flat_map(|s| s.document.steps)
        .flat_map(|s| s.faults().iter().map(|f| f.name().to_owned()).collect::<Vec<_>>())
        .collect();
    let mut complaints = Vec::new();
    for fault in FAULTS {
        if !played.iter().any(|p| p == fault.name) {
            complaints.push(format!("no scenario plays `{}`; write a small one below scenarios/", fault.name));
        }
        if !brownout::docs::block(fault.source).contains("## Source") {
            complaints.push(format!("mocks/src/fault/{}.rs lacks the heading `## Source`", fault.name));
        }
    }
    none(&complaints);
}
