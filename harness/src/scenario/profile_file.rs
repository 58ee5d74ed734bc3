//! A profile in a file of the user's own: read as strictly as a scenario, and its mistakes shown alike.

use serde_json::Value;

use super::diagnostic::{Diagnostics, Findings};
use super::text::Lines;
use super::{check, validate, yaml};

/// A profile's file without a mistake.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileFile {
    /// What it says.
    pub value: Value,
    /// Its YAML.
    pub text: String,
    origin: String,
}

impl ProfileFile {
    /// Reads a file against its schema, or reports all mistakes in it.
    pub fn read(origin: &str, text: &str, schema: &Value) -> Result<Self, Diagnostics> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = Lines::of(text);
        let mut findings = Findings::new(text, &lines);
        let Some(tree) = yaml::read(&mut findings) else { return Err(findings.finish(origin)) };
        validate::validate(schema, "the profile", &tree, &mut findings);
        check::check_profile(&tree, &mut findings);
        if !findings.is_empty() {
            return Err(findings.finish(origin));
        }
        Ok(Self { value: tree.json(), text: text.to_owned(), origin: origin.to_owned() })
    }

    /// A mistake of the file as a whole.
    pub fn refused(&self, message: &str) -> Diagnostics {
        let lines = Lines::of(&self.text);
        let mut findings = Findings::new(&self.text, &lines);
        findings.add(&(0..0), message);
        findings.finish(&self.origin)
    }
}
