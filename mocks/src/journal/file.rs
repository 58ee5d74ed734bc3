//! Journals as JSON Lines. A file that was cut anywhere reads up to its last whole line.

use std::io::{self, BufRead, Write};

use super::{Event, Header};

/// One played trial: its header and its events.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// How it was played.
    pub header: Header,
    /// What happened.
    pub events: Vec<Event>,
}

/// Why a journal could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error("could not read the journal: {0}")]
    Io(#[from] io::Error),
    /// A line in the middle is not what it should be.
    #[error("line {line} is no journal line: {reason}")]
    Line {
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A newer format.
    #[error("line {line}: this journal has format version {version}; this brownout reads version 1")]
    Version {
        /// Number of the line, from 1.
        line: usize,
        /// The version it names.
        version: u64,
    },
    /// There is no trial in it.
    #[error("the journal holds no trial; its first line must be a header with `\"journal\":1`")]
    Empty,
}

/// The longest line that is read, in bytes.
const LINE_MAX: u64 = 16 << 20;

/// Writes a trial.
pub fn write_trial(out: &mut dyn Write, header: &Header, events: &[Event]) -> io::Result<()> {
    serde_json::to_writer(&mut *out, header)?;
    out.write_all(b"\n")?;
    write_events(out, events)
}

/// Writes further events of a trial.
pub fn write_events(out: &mut dyn Write, events: &[Event]) -> io::Result<()> {
    for event in events {
        serde_json::to_writer(&mut *out, event)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Reads all trials. A last line without its end is left out, whatever it holds: it was cut.
pub fn read(input: &mut dyn BufRead) -> Result<Vec<Trial>, ReadError> {
    let mut trials: Vec<Trial> = Vec::new();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let length = io::Read::take(&mut *input, LINE_MAX).read_until(b'\n', &mut bytes)?;
        if length == 0 {
            break;
        }
        if bytes.last() != Some(&b'\n') {
            if length as u64 == LINE_MAX {
                return Err(ReadError::Line { line, reason: "longer than 16 MiB".into() });
            }
            break;
        }
        let bad = |e: serde_json::Error| ReadError::Line { line, reason: e.to_string() };
        let text = bytes.trim_ascii();
        if text.is_empty() {
            continue;
        }
        if text.starts_with(b"{\"journal\"") {
            #[derive(serde::Deserialize)]
            struct Version {
                journal: u64,
            }
            let version: Version = serde_json::from_slice(text).map_err(bad)?;
            if version.journal != 1 {
                return Err(ReadError::Version { line, version: version.journal });
            }
            trials.push(Trial { header: serde_json::from_slice(text).map_err(bad)?, events: Vec::new() });
        } else if let Some(trial) = trials.last_mut() {
            trial.events.push(serde_json::from_slice(text).map_err(bad)?);
        } else {
            return Err(ReadError::Empty);
        }
    }
    if trials.is_empty() { Err(ReadError::Empty) } else { Ok(trials) }
}
