//! The drivers that brownout brings along: SDKs that the user has installed, played by a small program of ours.
//!
//! A built-in driver is a file here, with the source of its program beside it, and a line in [`DRIVERS`].

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::sync::Arc;

use brownout_mocks::units::Span;

use super::command::Identity;
use super::driver::Hello;
use super::registry::Options;
use crate::scenario::{Kind, did_you_mean};

mod aws_cli;
mod aws_sdk_js;
mod boto3;

pub use aws_cli::{Cli, Obstacle};

/// The id of a driver that the user brings.
pub const ANY: &str = "driver";

/// A built-in driver.
#[derive(Debug)]
pub struct DriverEntry {
    /// Its id, as on the command line.
    pub id: &'static str,
    /// One line for people.
    pub title: &'static str,
    /// The program that it needs.
    pub needs: fn() -> String,
    /// What can be set by `--client-config`.
    pub keys: &'static [Key],
    /// Makes it ready to play; the error is a sentence with what to install.
    prepare: fn(&Options) -> Result<Program, String>,
    /// What to say where its program is not there.
    missing: fn() -> String,
}

/// All of them.
pub static DRIVERS: &[&DriverEntry] = &[&aws_cli::ENTRY, &aws_sdk_js::ENTRY, &boto3::ENTRY];

/// The built-in driver with this id.
pub fn find(id: &str) -> Option<&'static DriverEntry> {
    DRIVERS.iter().copied().find(|d| d.id == id)
}

/// A setting of a driver.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name, as in `retries.mode=adaptive`.
    pub name: &'static str,
    takes: Takes,
}

/// What a setting takes.
#[derive(Debug, Clone, Copy)]
enum Takes {
    OneOf(&'static [&'static str]),
    Number,
    Time,
}

const fn one_of(name: &'static str, values: &'static [&'static str]) -> Key {
    Key { name, takes: Takes::OneOf(values) }
}

const fn number(name: &'static str) -> Key {
    Key { name, takes: Takes::Number }
}

const fn time(name: &'static str) -> Key {
    Key { name, takes: Takes::Time }
}

impl Key {
    /// The value as drivers get it: times in milliseconds.
    fn read(&self, value: &str) -> Option<String> {
        match self.takes {
            Takes::OneOf(values) => values.contains(&value).then(|| value.to_owned()),
            Takes::Number => value.parse::<u32>().ok().filter(|n| *n > 0).map(|n| n.to_string()),
            Takes::Time => {
                let time = value.parse::<Span>().ok()?.get();
                Some(time.as_millis().to_string()).filter(|_| !time.is_zero())
            }
        }
    }

    /// What it takes, in words.
    pub fn words(&self) -> String {
        match self.takes {
            Takes::OneOf(values) => values.join(" or "),
            Takes::Number => "a number from 1".to_owned(),
            Takes::Time => "a duration".to_owned(),
        }
    }
}

/// Reads `KEY=VALUE` settings; the last of a key wins. The error is a sentence for the user.
fn settings(id: &str, keys: &[Key], options: &Options) -> Result<Options, String> {
    let mut read = BTreeMap::new();
    for (name, value) in options {
        let Some(key) = keys.iter().find(|k| k.name == name) else {
            let hint = did_you_mean(name, keys.iter().map(|k| k.name));
            let hint = hint.map_or_else(|| ".".to_owned(), |known| format!("; did you mean `{known}`?"));
            let known: Vec<_> = keys.iter().map(|k| format!("`{}`", k.name)).collect();
            return Err(format!("{id} has no setting `{name}`{hint} It knows {}", known.join(", ")));
        };
        let value =
            key.read(value).ok_or_else(|| format!("`{value}` is no value of `{name}`, which takes {}", key.words()))?;
        read.insert(name.clone(), value);
    }
    Ok(read.into_iter().collect())
}

/// How a driver makes its calls.
#[derive(Debug, Clone)]
pub enum Program {
    /// By a process that speaks the driver protocol.
    Speaks {
        /// The command; the file comes behind it.
        command: Vec<String>,
        /// The name and the text of its program, where brownout brings it.
        file: Option<(&'static str, &'static str)>,
    },
    /// By a process for each call.
    PerCall(Arc<Cli>),
}

/// A driver that is ready to play.
#[derive(Debug, Clone)]
pub struct Driven {
    entry: Option<&'static DriverEntry>,
    /// How it makes its calls.
    pub program: Program,
    options: Options,
}

impl Driven {
    /// A built-in one with these settings.
    pub fn listed(entry: &'static DriverEntry, options: &Options) -> Result<Self, String> {
        let options = settings(entry.id, entry.keys, options)?;
        Ok(Self { entry: Some(entry), program: (entry.prepare)(&options)?, options })
    }

    /// The user's own; its settings are its own affair.
    pub fn own(command: Vec<String>, options: &Options) -> Self {
        Self { entry: None, program: Program::Speaks { command, file: None }, options: options.clone() }
    }

    /// Its id, as in reports.
    pub fn id(&self) -> &'static str {
        self.entry.map_or(ANY, |entry| entry.id)
    }

    /// Whether it can play this kind of workload: SDKs make no calls to an API's data plane, and what a flow does next
    /// is decided by a program, not by a client.
    pub fn plays(&self, kind: Kind) -> bool {
        kind == Kind::Calls || (kind == Kind::Gateway && self.entry.is_none())
    }

    /// The command of the user's own driver.
    pub fn own_command(&self) -> Option<&[String]> {
        match &self.program {
            Program::Speaks { command, file: None } => Some(command),
            _ => None,
        }
    }

    /// The program that is started.
    pub fn name(&self) -> String {
        match &self.program {
            Program::Speaks { command, file: None } => command.first().cloned().unwrap_or_default(),
            _ => self.id().to_owned(),
        }
    }

    /// The program that has to be warped.
    pub fn executable(&self) -> &str {
        match &self.program {
            Program::Speaks { command, .. } => command.first().map_or("", String::as_str),
            Program::PerCall(cli) => cli.executable(),
        }
    }

    /// Its settings, for its first line.
    pub fn config(&self) -> BTreeMap<String, String> {
        self.options.iter().cloned().collect()
    }

    /// Lays its program out in a private folder.
    pub(crate) fn unpack(&self) -> std::io::Result<Unpacked> {
        let private = std::fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("brownout-driver-").permissions(private).tempdir()?;
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(text.as_bytes())?;
            Ok::<_, std::io::Error>(path.display().to_string())
        };
        let mut command = Vec::new();
        match &self.program {
            Program::Speaks { command: words, file } => {
                command.extend_from_slice(words);
                if let Some((name, text)) = file {
                    command.push(write(name, text)?);
                }
            }
            Program::PerCall(_) => {
                for (name, text) in Cli::FILES {
                    write(name, text)?;
                }
            }
        }
        Ok(Unpacked { command, folder, missing: self.entry.map(|entry| entry.missing) })
    }

    /// What there is to say about its client, by its own word.
    pub(crate) fn told(&self, hello: Option<&Hello>) -> Identity {
        match (&self.program, hello) {
            (Program::PerCall(cli), _) => Identity {
                client: self.id().to_owned(),
                version: cli.version().to_owned(),
                note: Some(cli.note(&self.options)),
                ..Identity::default()
            },
            (_, Some(hello)) => Identity {
                client: self.id().to_owned(),
                version: if self.entry.is_some() {
                    super::driver::excerpt(&hello.version)
                } else {
                    super::driver::excerpt(&format!("{} {}", hello.client, hello.version))
                },
                note: Some(hello.note()),
                honours: hello.honours.clone(),
                ..Identity::default()
            },
            (_, None) => Identity { client: self.id().to_owned(), ..Identity::default() },
        }
    }
}

/// A driver's files, for as long as it plays.
#[derive(Debug)]
pub(crate) struct Unpacked {
    command: Vec<String>,
    folder: tempfile::TempDir,
    missing: Option<fn() -> String>,
}

impl Unpacked {
    /// What is started.
    pub(crate) fn command(&self) -> &[String] {
        &self.command
    }

    /// Where its files lie.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// What to say if its program is not there.
    pub(crate) fn missing(&self, error: &std::io::Error) -> Option<String> {
        self.missing.filter(|_| error.kind() == std::io::ErrorKind::NotFound).map(|say| say())
    }
}

/// A program that the user may name by a variable.
fn program(variable: &str, name: &str) -> String {
    std::env::var(variable).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests;
