//! Reads scenario files: what stands on the command line becomes texts with their origins.
//!
//! An argument with a `/`, or one that ends in `.yaml`, is a path; a folder stands for every `.yaml` file
//! below it, sorted. Anything else is a scenario or a family of the library. Nothing is parsed here.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::scenario::{FILE_MAX, library};

/// So deep is a folder searched; a guard against links that lead back.
const DEPTH_MAX: usize = 16;

/// A scenario's text and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// Path, or the name in the library.
    pub origin: String,
    /// The YAML.
    pub text: String,
}

/// Why an argument stands for no scenario.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not in the library.
    #[error("{0}")]
    Unknown(String),
    /// The file or folder cannot be read.
    #[error("could not read `{path}`: {cause}")]
    Unreadable {
        /// The path.
        path: String,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The file is not a text.
    #[error("`{0}` is no text in UTF-8")]
    NotText(String),
    /// A folder without scenarios.
    #[error("no `.yaml` file lies in `{0}` or below it")]
    Empty(String),
}

/// The scenarios that an argument of the command line stands for. Never empty.
pub fn load(argument: &str) -> Result<Vec<Loaded>, LoadError> {
    if !library::is_path(argument) {
        let shipped = library::named(argument).map_err(|unknown| {
            let here = if Path::new(argument).exists() {
                format!("; for what lies here, write `./{argument}`")
            } else {
                String::new()
            };
            LoadError::Unknown(unknown + &here)
        })?;
        return Ok(shipped.iter().map(|s| Loaded { origin: s.name.into(), text: s.text.into() }).collect());
    }
    let path = Path::new(argument);
    if !path.is_dir() {
        return Ok(vec![text(path)?]);
    }
    let mut paths = Vec::new();
    collect(path, 0, &mut paths)?;
    paths.sort();
    if paths.is_empty() {
        return Err(LoadError::Empty(argument.into()));
    }
    paths.iter().map(|path| text(path)).collect()
}

fn collect(folder: &Path, depth: usize, out: &mut Vec<PathBuf>) -> Result<(), LoadError> {
    let unreadable = |cause| LoadError::Unreadable { path: folder.display().to_string(), cause };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() && depth < DEPTH_MAX {
            collect(&path, depth + 1, out)?;
        } else if path.is_file() && path.extension().is_some_and(|e| e.eq_ignore_ascii_case("yaml")) {
            out.push(path);
        }
    }
    Ok(())
}

/// The text of one file.
pub fn text(path: &Path) -> Result<Loaded, LoadError> {
    let origin = path.display().to_string();
    let unreadable = |cause| LoadError::Unreadable { path: origin.clone(), cause };
    // One byte more than is allowed: the parser then says that the file is too long.
    let mut bytes = Vec::new();
    File::open(path).map_err(unreadable)?.take(FILE_MAX as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > FILE_MAX {
        return Ok(Loaded { origin, text: String::from_utf8_lossy(&bytes).into_owned() });
    }
    let text = String::from_utf8(bytes).map_err(|_| LoadError::NotText(origin.clone()))?;
    Ok(Loaded { origin, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCENARIOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");

    #[test]
    fn an_argument_is_a_name_a_file_or_a_folder() {
        assert_eq!(load("throttle-burst").unwrap()[0].origin, "throttle-burst");
        let folder = load(SCENARIOS).unwrap();
        assert_eq!(folder.len(), library::all().len());
        assert!(folder.iter().map(|l| &l.origin).is_sorted());
        let file = load(&format!("{SCENARIOS}/throttling/throttle-burst.yaml")).unwrap();
        assert_eq!(file[0].text, library::find("throttle-burst").unwrap().text);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert!(load("nowhere/x.yaml").unwrap_err().to_string().starts_with("could not read `nowhere/x.yaml`"));
        assert!(matches!(load("no-such-scenario-at-all"), Err(LoadError::Unknown(_))));
        assert!(matches!(load(concat!(env!("CARGO_MANIFEST_DIR"), "/src/scenario")), Err(LoadError::Empty(_))));
    }
}
