//! The scenarios that brownout ships, embedded so that their names work anywhere.
//!
//! A folder below `scenarios/` is a family, a file in it a scenario whose file name is its name.

use std::sync::OnceLock;

use include_dir::{Dir, include_dir};

use super::Scenario;
use super::suggest::did_you_mean;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../scenarios");

/// A scenario of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shipped {
    /// Its family: the folder that it lies in.
    pub family: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its YAML.
    pub text: &'static str,
}

/// All scenarios, by family and name.
pub fn all() -> &'static [Shipped] {
    static ALL: OnceLock<Vec<Shipped>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all: Vec<Shipped> = FILES.dirs().flat_map(family).collect();
        all.sort_unstable();
        all
    })
}

fn family(dir: &'static Dir<'static>) -> impl Iterator<Item = Shipped> {
    dir.files().filter(|f| f.path().extension().is_some_and(|e| e == "yaml")).filter_map(|file| {
        let family = dir.path().file_name()?.to_str()?;
        Some(Shipped { family, name: file.path().file_stem()?.to_str()?, text: file.contents_utf8()? })
    })
}

/// The scenario with this name.
pub fn find(name: &str) -> Option<Shipped> {
    all().iter().copied().find(|s| s.name == name)
}

/// The scenario with this name, read; else a sentence for people.
pub fn scenario(name: &str) -> Result<Scenario, String> {
    let [shipped] = named(name)?[..] else { return Err(format!("`{name}` is a family, not one scenario")) };
    Scenario::parse(shipped.name, shipped.text).map_err(|d| d.to_string())
}

/// The scenario with this name, or all of the family with this name; else a sentence for people.
pub fn named(name: &str) -> Result<Vec<Shipped>, String> {
    if let Some(one) = find(name) {
        return Ok(vec![one]);
    }
    let family: Vec<Shipped> = all().iter().copied().filter(|s| s.family == name).collect();
    if !family.is_empty() {
        return Ok(family);
    }
    let hint = match did_you_mean(name, all().iter().flat_map(|s| [s.name, s.family])) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "`brownout list scenarios` names them all; a path contains a `/` or ends in `.yaml`".into(),
    };
    Err(format!("the library has no scenario or family `{name}`; {hint}"))
}

/// Whether an argument of the command line is a path; otherwise it is a name in the library.
pub fn is_path(argument: &str) -> bool {
    let yaml = std::path::Path::new(argument).extension().is_some_and(|e| e.eq_ignore_ascii_case("yaml"));
    argument.contains(['/', std::path::MAIN_SEPARATOR]) || yaml || argument == "." || argument == ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_families_are_found() {
        assert_eq!(find("throttle-burst").unwrap().family, "throttling");
        assert!(named("throttling").unwrap().len() >= 2);
        assert_eq!(named("throttle-burst").unwrap().len(), 1);
        assert!(named("throttle-brust").unwrap_err().ends_with("did you mean `throttle-burst`?"));
        assert!(named("xyz").unwrap_err().contains("list scenarios"));
        assert!(all().is_sorted());
    }

    #[test]
    fn paths_are_told_from_names() {
        assert!(is_path("a/b") && is_path("x.yaml") && is_path("./x") && is_path("."));
        assert!(!is_path("throttle-burst") && !is_path("throttling"));
    }
}
