//! `--profile`: the name of a shipped profile, `auto`, or a file of the user's own.

use std::path::Path;

use crate::guidance::{self, OwnProfile, Profile, ProfileChoice, auto};
use crate::load;
use crate::scenario::{did_you_mean, library};

/// What was asked for.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    /// A shipped one, or `auto`.
    Name(String),
    /// A file.
    Own(Box<OwnProfile>),
}

impl Asked {
    /// Reads what stands on the command line.
    pub(super) fn of(text: &str) -> Result<Self, String> {
        if library::is_path(text) {
            let loaded = load::text(Path::new(text)).map_err(|e| e.to_string())?;
            return match OwnProfile::parse(&loaded.origin, &loaded.text) {
                Ok(own) => Ok(Self::Own(Box::new(own))),
                Err(mistakes) => Err(format!("`{text}` has mistakes\n{mistakes}")),
            };
        }
        let known: Vec<&str> = guidance::PROFILES.iter().map(|(name, _)| *name).chain([auto::NAME]).collect();
        if known.contains(&text) {
            return Ok(Self::Name(text.to_owned()));
        }
        let hint =
            did_you_mean(text, known.iter().copied()).map_or_else(String::new, |n| format!(" Did you mean `{n}`?"));
        let file = if Path::new(text).exists() { format!("; for the file, write `./{text}`") } else { String::new() };
        Err(format!("there is no profile `{text}`{file}.{hint} There are: {}", known.join(", ")))
    }

    /// The profile itself.
    pub(super) fn profile(self) -> Result<Profile, String> {
        match self {
            Self::Name(name) => guidance::choose(&ProfileChoice::Name(name)).map_err(|e| e.to_string()),
            Self::Own(own) => Ok(own.profile),
        }
    }
}
